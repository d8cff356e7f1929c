"""A published description held against the contract."""
