"""Records as the API writes them, encoded once."""
