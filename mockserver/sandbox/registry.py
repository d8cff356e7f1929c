"""All sandboxes of one mock, by name: made when they are first asked for, bounded in number."""

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from mockserver.errors import APIError
from mockserver.sandbox.sandbox import Sandbox

LOG = logging.getLogger("mockserver")
DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
PREFIX = "/__sandbox__/"
IN_PATH = "mockserver.sandbox"
"""Where the environment of a request says which sandbox its path began with."""


class UnusableName(APIError):
    """A name that is none for a sandbox or a snapshot."""

    status = 400


def checked(name: str, what: str = "sandbox") -> str:
    """Return a name that can be one; raises UnusableName."""
    if not NAME.fullmatch(name):
        text = "letters, digits, `_`, `.` and `-`, 64 of them at most"
        raise UnusableName(f"{name!r} is no name of a {what}: it takes {text}")
    return name


def named_in(environ: Mapping[str, Any]) -> str:
    """Return the sandbox that a request names, by path or else by header; raises UnusableName."""
    name: str = environ.get(IN_PATH, environ.get("HTTP_X_MOCK_SANDBOX", DEFAULT))
    return name if name is DEFAULT else checked(name)


def take_off(environ: dict[str, Any]) -> bool:
    """Move `/__sandbox__/NAME` from a request's path to what stands before it, so links keep it.

    Return whether the name is a valid one.
    """
    path = environ.get("PATH_INFO", "")
    if not path.startswith(PREFIX):
        return True
    name, slash, rest = path.removeprefix(PREFIX).partition("/")
    environ[IN_PATH] = name
    environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{name}"
    environ["PATH_INFO"] = slash + rest
    return NAME.fullmatch(name) is not None


class Sandboxes:
    """Sandboxes by name; of more than `maximum` the one that was used longest ago goes.

    The default one stays. Which sandbox a request is for is not the product's idea of a tenant.
    """

    def __init__(self, make: Callable[[], Sandbox], maximum: int) -> None:
        self._make = make
        self._maximum = maximum
        self._lock = threading.Lock()
        self.default = make()
        self._others: OrderedDict[str, Sandbox] = OrderedDict()

    def get(self, name: str) -> Sandbox:
        """Return the sandbox of a valid name, which is new if nobody has used it yet."""
        if name == DEFAULT:
            return self.default
        with self._lock:
            sandbox = self._others.get(name)
            if sandbox is None:
                sandbox = self._others[name] = self._make()
                if len(self._others) > self._maximum:
                    gone, old = self._others.popitem(last=False)
                    old.journal.clear()
                    LOG.warning("sandbox %s was used longest ago and is gone", gone)
            else:
                self._others.move_to_end(name)
            return sandbox

    def names(self) -> list[str]:
        """Return the names of all, the default one first, then by last use."""
        with self._lock:
            return [DEFAULT, *self._others]

    def remove(self, name: str) -> bool:
        """Forget a sandbox, and tell whether there was one; the default one is only reset."""
        if name == DEFAULT:
            with self.default.lock:
                self.default.reset()
            return True
        with self._lock:
            gone = self._others.pop(name, None)
        if gone:
            gone.journal.clear()
        return gone is not None

    def spare_journals(self) -> None:
        """Forget exchanges until few enough are kept, of the least recently used sandbox first."""
        with self._lock:
            for sandbox in self._others.values():
                if not sandbox.journal.budget.is_exceeded:
                    return
                sandbox.journal.clear()
