"""One client's world: records, clock, faults, journal, scenarios."""
