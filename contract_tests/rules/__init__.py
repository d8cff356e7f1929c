"""The tests of the rules in the catalogue."""
