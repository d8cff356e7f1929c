"""What stands in front of the application: the paths below which a mock also serves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.sandbox.registry import take_off

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL_PLANE = "/__mock__/"
NOWHERE = "/"
"""A path that no rule has."""


class PathPrefix:
    """Moves `/__sandbox__/NAME` and a path prefix from `PATH_INFO` to `SCRIPT_NAME`.

    So the application serves below any prefix, and its links lead back there. The control plane
    stays at the root as well; anything else outside of the prefix is not found.
    """

    def __init__(self, app: "WSGIApplication", prefix: str = "") -> None:
        self.app = app
        self.prefix = "/" + prefix.strip("/") if prefix else ""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Call the application with what is left of the path."""
        take_off(environ)
        prefix, path = self.prefix, environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
        elif prefix and not (path + "/").startswith(CONTROL_PLANE):
            environ["PATH_INFO"] = NOWHERE
        return self.app(environ, start_response)
