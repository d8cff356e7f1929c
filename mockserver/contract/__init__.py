"""The contract: read, compiled, and what the mock is judged by."""
