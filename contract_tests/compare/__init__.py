"""Two deployments compared: the same requests to both, and where the responses differ."""
