"""Tests of differential."""
