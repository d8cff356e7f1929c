"""Recorded traffic: an HTTP Archive is read, and its exchanges are judged without a request."""
