"""What lets browsers call the API from pages of other origins (CORS)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask
from flask_cors.core import get_cors_headers, get_cors_options
from werkzeug.datastructures import Headers

EXPOSED = ("Allow", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate")
ASKS = {
    "HTTP_ORIGIN": "Origin",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "Access-Control-Request-Method",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "Access-Control-Request-Headers",
    "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK": "Access-Control-Request-Private-Network",
}
"""All that the headers of an answer depend on, beside the method."""

Pairs = tuple[tuple[str, str], ...]


class CrossOrigin:
    """The headers for requests of other origins, as flask-cors decides them."""

    def __init__(self, app: Flask, origin: str) -> None:
        options = {"origins": origin, "expose_headers": list(EXPOSED), "max_age": 86_400}
        self._options = get_cors_options(app, options)
        # Decided once for each origin that asks, not for each request.
        self._decided = lru_cache(maxsize=256)(self._decide)

    def headers(self, environ: Mapping[str, Any]) -> Pairs:
        """Return the headers for the answer to a request, a preflight's too."""
        method = "OPTIONS" if environ["REQUEST_METHOD"] == "OPTIONS" else "GET"
        return self._decided(method, *map(environ.get, ASKS))

    def _decide(self, method: str, *asked: str | None) -> Pairs:
        sent = zip(ASKS.values(), asked, strict=True)
        headers = Headers([(name, value) for name, value in sent if value is not None])
        decided = get_cors_headers(self._options, headers, method)
        return tuple(Headers(decided).to_wsgi_list())


def is_preflight(environ: Mapping[str, Any]) -> bool:
    """Tell whether a browser asks what it may send; such a question has no key."""
    return (
        environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )
