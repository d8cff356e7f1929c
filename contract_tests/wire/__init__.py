"""The way to the target: connections, keys, waiting, and what stands in front of the service."""
