"""Models and state machines that a deployment is compared with."""
