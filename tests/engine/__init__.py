"""Tests of engine and wire."""
