"""Deployments that are none: one keeps asking to come back later, one is a page."""

from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 429 to everything."""
    headers = [("Content-Type", "application/json"), ("Retry-After", "0")]
    start_response("429 Too Many Requests", headers)
    return [b'{"detail": "Request was throttled."}']


def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer everything with the page of a front end, as a wrong address does."""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<!doctype html><title>Welcome</title>"]
