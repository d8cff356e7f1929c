"""What runs in the CI systems of others: the action and the template."""
