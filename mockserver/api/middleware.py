"""What stands in front of the application: the paths below which a mock also serves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.api.exchange import UNROUTED
from mockserver.sandbox.registry import strip_prefix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL_PLANE = "/__mock__/"
NOWHERE = "/"
"""A path that no rule has."""


class PathPrefix:
    """Moves `/__sandbox__/NAME` and a path prefix from `PATH_INFO` to `SCRIPT_NAME`.

    So the application serves below any prefix, and its links lead back there. The control plane
    stays at the root as well; anything else outside of the prefix, or below an invalid name, has no
    rule. Its path is kept under `UNROUTED`.
    """

    def __init__(self, app: "WSGIApplication", prefix: str = "") -> None:
        self.app = app
        self.prefix = "/" + prefix.strip("/") if prefix else ""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Call the application with what is left of the path."""
        is_valid = strip_prefix(environ)
        prefix, path = self.prefix, environ.get("PATH_INFO", "")
        if is_valid and prefix and (path == prefix or path.startswith(prefix + "/")):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
        elif not is_valid or (prefix and not (path + "/").startswith(CONTROL_PLANE)):
            environ[UNROUTED] = path
            environ["PATH_INFO"] = NOWHERE
        return self.app(environ, start_response)
