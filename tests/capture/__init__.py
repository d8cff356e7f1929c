"""Tests of capturing a world."""
