"""What a deployment is compared with: models and state machines."""
