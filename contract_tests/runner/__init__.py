"""One run under pytest: options, the choice of rules, results, cleanup and verdict."""
