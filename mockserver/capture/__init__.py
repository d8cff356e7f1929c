"""Makes a world of what a service or a recording shows, with other people in it."""
