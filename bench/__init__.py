"""What is fast: measurements side by side, so that one machine's figures need no other's."""
