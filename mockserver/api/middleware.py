"""What stands in front of the application: the paths below which a mock also serves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.api.exchange import CONTROL_PLANE, UNROUTED
from mockserver.sandbox.registry import strip_prefix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOWHERE = "/__unrouted__"
"""A path that no rule has."""
MAXIMUM_LEFT = 256_000_000
"""Bytes of a body that are read though nobody wants them."""
PIECE = 262_144


def clean_prefix(prefix: str) -> str:
    """Return a path prefix with a slash in front and none behind, or an empty one."""
    bare = prefix.strip("/")
    return f"/{bare}" if bare else ""


def read_on(environ: "WSGIEnvironment") -> None:
    """Read what is left of a body, up to a bound, so that the client can read the response.

    A server that closes a connection while the client still sends resets it: EPIPE there. Where a
    client waits before it sends (`Expect`), nothing is left.
    """
    if environ.get("CONTENT_LENGTH", "0") in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
        return
    left, stream = MAXIMUM_LEFT, environ["wsgi.input"]
    try:
        while left > 0 and (chunk := stream.read(PIECE)):
            left -= len(chunk)
    except (OSError, ValueError):
        return  # the client is gone


class ForwardedAddress:
    """Brings what a proxy says of the address into the form that links are built from.

    Proxies write a prefix with and without its slashes. A scheme that is not `https` is `http`, as
    with Django's SECURE_PROXY_SSL_HEADER.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Call the application with a prefix and a scheme that can be used."""
        environ["SCRIPT_NAME"] = clean_prefix(environ.get("SCRIPT_NAME", ""))
        is_secure = environ["wsgi.url_scheme"].lower() == "https"
        environ["wsgi.url_scheme"] = "https" if is_secure else "http"
        return self.app(environ, start_response)


class PathPrefix:
    """Moves `/__sandbox__/NAME` and a path prefix from `PATH_INFO` to `SCRIPT_NAME`.

    So the application serves below any prefix, and its links lead back there. Sandbox and prefix
    may stand in either order, and links keep the one that the client used. The control plane stays
    at the root as well; anything else outside of the prefix, or below an invalid name, has no rule.
    Its path is kept under `UNROUTED`.
    """

    def __init__(self, app: "WSGIApplication", prefix: str = "") -> None:
        self.app = app
        self.prefix = clean_prefix(prefix)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Call the application with what is left of the path."""
        is_inside = self._strip(environ)
        is_valid = strip_prefix(environ)
        is_inside = is_inside or self._strip(environ)
        path = environ.get("PATH_INFO", "")
        if not (is_valid and (is_inside or f"{path}/".startswith(CONTROL_PLANE))):
            environ[UNROUTED] = path
            environ["PATH_INFO"] = NOWHERE
        result = self.app(environ, start_response)
        if environ.get("wsgi.input_terminated") and "HTTP_EXPECT" not in environ:
            read_on(environ)
        return result

    def _strip(self, environ: "WSGIEnvironment") -> bool:
        """Strip the prefix, and tell whether the path began with it; any path has an empty one."""
        prefix, path = self.prefix, environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
            return True
        return not prefix
