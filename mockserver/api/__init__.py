"""The credentials API over HTTP: blueprint, pipeline, access, and its operations."""
