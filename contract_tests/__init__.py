"""The harness: tests whether a deployment of the credentials API conforms to the contract."""

DISTRIBUTION = "credmock"
"""The package that installed this one; another may overwrite it."""
