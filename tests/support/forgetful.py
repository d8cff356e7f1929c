"""A deployment behind a gateway that loses answers: what is created is there, and nobody told."""

from collections.abc import Callable, Iterable
from typing import Any

from mockserver import Config, create_app

mock = create_app(Config())


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Let the mock answer, but to a POST answer 504."""
    if environ["REQUEST_METHOD"] != "POST":
        return mock(environ, start_response)
    list(mock(environ, lambda *_: lambda _: None))
    start_response("504 Gateway Timeout", [("Content-Type", "text/html")])
    return [b"<h1>504 Gateway Timeout</h1>"]
