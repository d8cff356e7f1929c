"""A deployment whose list fails once, the third time that it is asked for with a search."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from mockserver import Config, create_app

THIRD = 3
mock = create_app(Config())
searches = count(1)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Let the mock answer, but once with an error in JSON."""
    if "search=" in environ.get("QUERY_STRING", "") and next(searches) == THIRD:
        start_response("500 Internal Server Error", [("Content-Type", "application/json")])
        return [b'{"detail": "A server error occurred."}']
    return mock(environ, start_response)
