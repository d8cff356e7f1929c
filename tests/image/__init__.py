"""The image and the Compose files."""
