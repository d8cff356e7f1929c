"""Tests of `contract_tests/compare`."""
