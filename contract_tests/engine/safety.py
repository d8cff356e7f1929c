"""The safety of a run: what may be sent, and when."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from contract_tests.engine.journal import lock
from contract_tests.errors import RequestFailed
from contract_tests.settings.settings import Settings

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_USER = r"/api/credentials/orgs/[^/]+/users/[^/]+/"
_ID = r"(?P<entity_id>[^/?]+)"
_QUERY = r"(?:\?.*)?"
ITEM = re.compile(_USER + _ID + _QUERY)
COLLECTION = re.compile(_USER + r"?" + _QUERY)
ISSUERS = re.compile(_USER + "issuers/" + _QUERY)
CREATIONS = (
    *(COLLECTION, ISSUERS),
    re.compile(_USER + "assignments/(?:users|groups)/" + _QUERY),
    re.compile(r"/api/credentials/exim/credentials/course/[^/]+/import/" + _QUERY),
)
AUTHORITY = re.compile(_USER + "issuers/authority/" + _QUERY)
SINGLE_ITEM = (
    ITEM,
    re.compile(_USER + "issuers/" + _ID + _QUERY),
    re.compile(_USER + "assertions/" + _ID + _QUERY),
    re.compile(_USER + _ID + "/assertions/(?:bulk/)?" + _QUERY),
    re.compile(_USER + "assignments/" + _ID + _QUERY),
)
"""Paths with the id of one item, such as a credential, which this run must have created."""


@dataclass
class Guard:
    """Decides which requests may be sent; `Target.send` checks each, so no test can bypass it.

    Read-only means GET, HEAD and OPTIONS. With writes, POST may be sent to the collections of
    credentials and of issuers, and every other method only to an item that this run created or to
    an id that it made up; this includes issuing and revoking. Requests that could change a whole
    collection, or cannot be undone, need a disposable target. `own` holds the ids of what this run
    created, `unknown` the ids that it made up.
    """

    settings: Settings
    own: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def is_own(self, entity_id: str) -> bool:
        """Tell whether this run created an item and did not delete it."""
        return entity_id in self.own and entity_id not in self.deleted

    def check(self, method: str, path: str, body: bytes | None = None) -> None:
        """Raise RequestFailed for a request that may not be sent."""
        if method in READS:
            return
        if not self.settings.allow_writes:
            raise RequestFailed(f"{method} is not sent: the run is read-only")
        if method == "POST" and (COLLECTION.fullmatch(path) or ISSUERS.fullmatch(path)):
            return
        matches = [pattern.fullmatch(path) for pattern in SINGLE_ITEM]
        ids = [match["entity_id"] for match in matches if match]
        if any(entity_id in self.own | self.unknown for entity_id in ids):
            return
        if method == "POST" and AUTHORITY.fullmatch(path) and self._belongs_to_own(body):
            return
        if self.settings.disposable and not ids:
            return
        raise RequestFailed(f"{method} {path} is not sent: this run did not create that item")

    def _belongs_to_own(self, body: bytes | None) -> bool:
        """Tell whether a new signatory belongs to what this run created, and goes with it."""
        try:
            fields = json.loads(body or b"")
        except ValueError:
            return False
        if not isinstance(fields, dict):
            return False
        owner = fields.get("credential") or fields.get("entityId")
        return isinstance(owner, str) and owner in self.own


def is_creation(method: str, path: str) -> bool:
    """Tell whether a request creates something that has to be deleted again."""
    return method == "POST" and any(pattern.fullmatch(path) for pattern in CREATIONS)


class WorkerLock:
    """Keeps the workers of one run apart: writes run together, reads that must agree run alone.

    With one worker nothing is locked. The lock is a file beside the journals, which is released
    when its process ends.
    """

    def __init__(self, settings: Settings, run_id: str, workers: int) -> None:
        self._path = Path(settings.journal) / f"{run_id}.lock"
        self._is_needed = workers > 1 and not settings.application
        self._file: IO[str] | None = None

    @contextmanager
    def hold(self, *, exclusive: bool) -> Iterator[None]:
        """Hold the lock, exclusively or together with other workers.

        A worker that holds it with others, and wants it exclusively for a while, releases it and
        waits.
        """
        if not self._is_needed or (self._file and not exclusive):
            yield
        elif self._file:
            lock(self._file)
            try:
                yield
            finally:
                lock(self._file, shared=True)
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("w") as self._file:
                lock(self._file, shared=not exclusive)
                try:
                    yield
                finally:
                    self._file = None

    def remove(self) -> None:
        """Remove the file."""
        with suppress(FileNotFoundError, NotADirectoryError):  # a run of one process has none
            self._path.unlink()


class RateLimiter:
    """Limits the requests per second; workers share the rate in equal parts."""

    def __init__(self, rate: float | None, workers: int) -> None:
        self._interval = workers / rate if rate else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until this process may send its next request."""
        if not self._interval:
            return
        with self._lock:  # threads queue here
            while (left := self._next - time.monotonic()) > 0:
                time.sleep(left)
            # From when it is sent, and not when it might have been: no second has one too many.
            self._next = time.monotonic() + self._interval
