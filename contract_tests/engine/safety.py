"""The safety of a run: what may be sent, when, and what is never shown."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

from contract_tests.engine.journal import lock
from contract_tests.engine.outcome import CouldNotAsk
from contract_tests.engine.settings import Settings

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
ABOUT_ONE = (
    ITEM,
    re.compile(_USER + "issuers/" + _ID + _QUERY),
    re.compile(_USER + "assertions/" + _ID + _QUERY),
    re.compile(_USER + _ID + "/assertions/(?:bulk/)?" + _QUERY),
    re.compile(_USER + "assignments/" + _ID + _QUERY),
)
"""Paths that name one thing, such as a credential or an assertion, which must be our own."""


@dataclass
class Guard:
    """Decides what may leave; `Target.send` asks it, so nothing goes round it.

    Read-only means GET, HEAD and OPTIONS. With writes on, POST may go to the collections of
    credentials and of issuers, and any other method only to what this run created or to an id that
    it made up: to issue a credential, too, and to revoke. What could change a collection as a
    whole, or cannot be deleted again, is for targets that are thrown away. `own` is what this run
    may write to, `places` what it has to delete and in which collection.
    """

    settings: Settings
    own: set[str] = field(default_factory=set)
    places: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    made_up: set[str] = field(default_factory=set)

    def is_own(self, entity_id: str) -> bool:
        """Tell whether an item is one that this run created and did not delete."""
        return entity_id in self.own and entity_id not in self.deleted

    def check(self, method: str, path: str, body: bytes | None = None) -> None:
        """Raise CouldNotAsk for what may not be sent."""
        if method in READS:
            return
        if not self.settings.allow_writes:
            raise CouldNotAsk(f"{method} is not sent: the run is read-only")
        if method == "POST" and (COLLECTION.fullmatch(path) or ISSUERS.fullmatch(path)):
            return
        named = [found["entity_id"] for each in ABOUT_ONE if (found := each.fullmatch(path))]
        if any(each in self.own | self.made_up for each in named):
            return
        if method == "POST" and AUTHORITY.fullmatch(path) and self._is_joined_to_own(body):
            return
        if self.settings.disposable and not named:
            return
        raise CouldNotAsk(f"{method} {path} is not sent: this run did not create what it names")

    def _is_joined_to_own(self, body: bytes | None) -> bool:
        """Tell whether a new signatory joins what this run created, and goes with it."""
        try:
            sent = json.loads(body or b"")
        except ValueError:
            return False
        joined = (
            [sent.get(name) for name in ("credential", "entityId")]
            if isinstance(sent, dict)
            else []
        )
        first = next((each for each in joined if each), None)
        return isinstance(first, str) and first in self.own


def creates(method: str, path: str) -> bool:
    """Tell whether a request creates what has to be deleted again."""
    return method == "POST" and any(each.fullmatch(path) for each in CREATIONS)


class Turnstile:
    """Keeps workers of one run apart: who writes goes together, reads that must agree go alone.

    With one worker nothing is locked. A lock is a file beside the journals, which dies with its
    process.
    """

    def __init__(self, settings: Settings, run_id: str, workers: int) -> None:
        self._path = Path(settings.journal) / f"{run_id}.lock"
        self._apart = workers > 1 and not settings.application
        self._held: IO[str] | None = None

    @contextmanager
    def passed(self, *, alone: bool) -> Iterator[None]:
        """Hold a place with others of the same kind, or the only one.

        Who holds a place with others and wants to be alone for a while gives it up and waits.
        """
        if not self._apart or (self._held and not alone):
            yield
        elif self._held:
            lock(self._held)
            try:
                yield
            finally:
                lock(self._held, shared=True)
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("w") as self._held:
                lock(self._held, shared=not alone)
                try:
                    yield
                finally:
                    self._held = None

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


class Limiter:
    """Lets a number of requests through in a second; workers share the rate in equal parts."""

    def __init__(self, rate: float | None, workers: int) -> None:
        self._interval = workers / rate if rate else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for this process's turn."""
        if not self._interval:
            return
        with self._lock:  # threads queue here
            now = time.monotonic()
            if self._next > now:
                time.sleep(self._next - now)
            self._next = max(now, self._next) + self._interval


class Redactor:
    """Replaces secrets, in any encoding that shows up, by the names of variables.

    `headers` are the ones whose values are secret.
    """

    def __init__(self, keys: Mapping[str, str], headers: Mapping[str, str]) -> None:
        secrets = {f"$CREDCHECK_KEY_{role.upper()}": key for role, key in keys.items()}
        secrets |= {f"$CREDCHECK_HEADER_{name.upper().replace('-', '_')}": value
                    for name, value in headers.items()}  # fmt: skip
        self._forms: list[tuple[str, str]] = []
        for shown, secret in secrets.items():
            forms = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
            for shift in range(3):  # a key inside something that was encoded as a whole
                encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
                start, end = (shift * 8 + 5) // 6, (shift + len(secret)) * 8 // 6
                forms |= {encoded[start:end], encoded[start:end].translate(_URL_SAFE)}
            self._forms += [(form, shown) for form in forms if len(form) > 3]
        self._forms.sort(key=lambda pair: -len(pair[0]))

    def __call__(self, text: str) -> str:
        """Return the text without any secret."""
        for form, shown in self._forms:
            if form in text:
                text = text.replace(form, shown)
        return text


_URL_SAFE = str.maketrans("+/", "-_")
