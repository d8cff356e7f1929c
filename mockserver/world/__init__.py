"""The records of one world: how they are stored, searched, generated, loaded and exported."""
