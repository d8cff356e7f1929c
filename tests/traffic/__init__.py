"""Tests of recorded traffic."""
