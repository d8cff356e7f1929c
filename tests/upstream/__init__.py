"""Tests of passing requests on to a real service."""
