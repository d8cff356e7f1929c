"""How rules are run: options, scheduling, the wire, safety, cleanup."""
