"""All sandboxes of one mock, by name: made when they are first used, bounded in number."""

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from mockserver.errors import APIError
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.carry import Carried

LOG = logging.getLogger("mockserver")
DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
PREFIX = "/__sandbox__/"
SANDBOX_IN_PATH = re.compile(f"{PREFIX}([^/]+)")
IN_PATH = "mockserver.sandbox"
"""Where the environment of a request says which sandbox its path began with."""


class InvalidSandboxName(APIError):
    """A text that cannot be the name of a sandbox or of a snapshot."""

    status = 400


def check_name(name: str, kind: str = "sandbox") -> str:
    """Return a name that a sandbox or a snapshot can have; raises InvalidSandboxName."""
    if not NAME.fullmatch(name):
        rule = "use 1 to 64 letters, digits, `_`, `.` or `-`, and no `.` in front"
        raise InvalidSandboxName(f"invalid {kind} name {name!r}: {rule}")
    return name


def read_sandbox_name(environ: Mapping[str, Any]) -> str:
    """Return the sandbox that a request names, by path or else by header, or the default one.

    Raises InvalidSandboxName.
    """
    name: str = environ.get(IN_PATH, environ.get("HTTP_X_MOCK_SANDBOX", DEFAULT))
    return name if name is DEFAULT else check_name(name)


def read_stray_sandbox_name(environ: Mapping[str, Any], path: str) -> str:
    """Return the sandbox that a request to no path of the mock is about.

    Its path may have the name at the wrong place; what is not a valid name counts as not sent.
    """
    misplaced = SANDBOX_IN_PATH.search(path)
    name: str = misplaced[1] if misplaced else environ.get("HTTP_X_MOCK_SANDBOX", DEFAULT)
    return name if NAME.fullmatch(name) else DEFAULT


def strip_prefix(environ: dict[str, Any]) -> bool:
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


class SandboxRegistry:
    """Sandboxes by name; of more than `maximum` the least recently used one is evicted.

    The default one stays. A sandbox is not a tenant of the product: each has all tenants.
    """

    def __init__(self, make: Callable[[], Sandbox], maximum: int) -> None:
        self._make = make
        self._maximum = maximum
        self._lock = threading.Lock()
        self.default = make()
        self._others: OrderedDict[str, Sandbox] = OrderedDict()

    def get(self, name: str) -> Sandbox:
        """Return the sandbox of a valid name, which is made when the name is new."""
        if name == DEFAULT:
            return self.default
        with self._lock:
            sandbox = self._others.get(name)
            if sandbox is None:
                sandbox = self._others[name] = self._make()
                if len(self._others) > self._maximum:
                    evicted, old = self._others.popitem(last=False)
                    old.journal.clear()
                    LOG.warning("evicted sandbox %s, the least recently used one", evicted)
            else:
                self._others.move_to_end(name)
            return sandbox

    def has(self, sandbox: Sandbox) -> bool:
        """Tell whether a sandbox is still one of these."""
        with self._lock:
            return sandbox is self.default or sandbox in self._others.values()

    def replace_base(self, other: "SandboxRegistry") -> dict[str, Carried]:
        """Begin in every sandbox with the world of another mock; return what became of its changes.

        Only sandboxes with changes are returned, by name.
        """
        with self._lock:
            self._make = other._make
            everything = {DEFAULT: self.default, **self._others}
        base = other.default.base
        results = {name: sandbox.replace_base(base) for name, sandbox in everything.items()}
        return {name: result for name, result in results.items() if result.kept or result.lost}

    def names(self) -> list[str]:
        """Return the names of all, the default one first, then by last use."""
        with self._lock:
            return [DEFAULT, *self._others]

    def remove(self, name: str) -> bool:
        """Remove a sandbox, and tell whether there was one; the default one is only reset."""
        if name == DEFAULT:
            self.default.reset()
            return True
        with self._lock:
            removed = self._others.pop(name, None)
        if removed:
            removed.journal.clear()
        return removed is not None

    def trim_journals(self) -> None:
        """Remove exchanges until few enough are kept, of the least recently used sandbox first."""
        with self._lock:
            for sandbox in self._others.values():
                if not sandbox.journal.budget.is_exceeded:
                    return
                sandbox.journal.drop_all()
