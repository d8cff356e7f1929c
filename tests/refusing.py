"""A deployment that keeps asking to come back later."""

from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 429 to everything."""
    headers = [("Content-Type", "application/json"), ("Retry-After", "0")]
    start_response("429 Too Many Requests", headers)
    return [b'{"detail": "Request was throttled."}']
