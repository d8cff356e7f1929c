"""Hints: what a developer may want to know of a request and production would not say."""
