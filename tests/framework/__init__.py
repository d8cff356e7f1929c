"""Tests of framework."""
