"""A request that was answered, as the hints look at it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mockserver.contract.operation import Operation
from mockserver.messages import Form, Headers
from mockserver.world.store import Store

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)  # made for each request, and not frozen: that takes three times as long
class ServedRequest:
    """A request, its response, and the records as they are now.

    `root` is what stands before the API in the path, `path` the rest, both quoted. `body` and
    `form` are what was read of the request: nothing where it was refused before. `operation` is
    None where path or method have none, `is_unrouted` tells that the path has none at all, and
    `is_outside` that it is not below the prefix of the mock.
    """

    method: str
    root: str
    path: str
    query: str
    headers: Headers
    body: bytes
    form: Form | None
    status: int
    read_response: Callable[[], bytes]
    operation: Operation | None
    store: Store
    is_unrouted: bool
    is_outside: bool

    @property
    def is_safe(self) -> bool:
        """Whether the method changes nothing."""
        return self.method in SAFE_METHODS

    @property
    def has_body(self) -> bool:
        """Whether the request announced a body, read or not."""
        length = self.headers.get("Content-Length")
        return length not in (None, "", "0") or self.headers.get("Transfer-Encoding") is not None

    def read_answer(self) -> Any:
        """Return the JSON of the response, or None."""
        try:
            return json.loads(self.read_response())
        except (ValueError, RecursionError):
            return None
