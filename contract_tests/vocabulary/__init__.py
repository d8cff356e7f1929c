"""What rules are written with: requests, checks, forms and generated input."""
