"""The safety of a run: what may be sent, what was created, and what is never shown."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from contract_tests.outcome import CouldNotAsk
from contract_tests.settings import Settings

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_USER = r"/api/credentials/orgs/[^/]+/users/[^/]+/"
_ID = r"(?P<entity_id>[^/?]+)"
_QUERY = r"(?:\?.*)?"
ITEM = re.compile(_USER + _ID + _QUERY)
COLLECTION = re.compile(_USER + r"?" + _QUERY)
ISSUERS = re.compile(_USER + "issuers/" + _QUERY)
AUTHORITY = re.compile(_USER + "issuers/authority/" + _QUERY)
ABOUT_ONE = (
    ITEM,
    re.compile(_USER + "issuers/" + _ID + _QUERY),
    re.compile(_USER + "assertions/" + _ID + _QUERY),
    re.compile(_USER + _ID + "/assertions/(?:bulk/)?" + _QUERY),
)
"""Paths that name one thing, a credential, an issuer or an assertion, which must be our own."""


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

    def check(self, method: str, path: str, body: bytes | None = None) -> None:
        """Raise CouldNotAsk for what may not be sent."""
        if method in READS:
            return
        if not self.settings.allow_writes:
            raise CouldNotAsk(f"{method} is not sent: the run is read-only")
        if creates(method, path):
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
        return next((each in self.own for each in joined if each), False)


def creates(method: str, path: str) -> bool:
    """Tell whether a request creates what has to be deleted again."""
    return method == "POST" and bool(COLLECTION.fullmatch(path) or ISSUERS.fullmatch(path))


class Journal:
    """What this run created, written down before a request is sent: a crash loses nothing.

    One file for each process of a run: the first line says what target and run this is, `intent`
    precedes a POST, `created` and `deleted` name an id with the path of its collection. The file of
    a run that left nothing is removed.
    """

    def __init__(self, settings: Settings, run_id: str, worker: str) -> None:
        self.path = Path(settings.journal) / f"{run_id}-{worker}.jsonl"
        self._head = {
            "target": settings.base_url,
            "run": run_id,
            "application": settings.application,
        }
        self._file: TextIO | None = None

    def write(self, **entry: str) -> None:
        """Append an entry and see it to the disk."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps(self._head) + "\n")
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def close(self, *, clean: bool) -> None:
        """Close the file, and remove it when nothing is left to clean up."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if clean:
            self.path.unlink(missing_ok=True)


@dataclass
class Unfinished:
    """A run that did not clean up: what it may have left, by the path of the collection."""

    path: Path
    run_id: str
    created: dict[str, str] = field(default_factory=dict)
    intents: set[str] = field(default_factory=set)


def unfinished_runs(settings: Settings) -> Iterator[Unfinished]:
    """Yield the runs against this target whose journals are still there."""
    for path in sorted(Path(settings.journal).glob("*.jsonl")):
        entries = list(_entries(path))
        if not entries or entries[0].get("target") != settings.base_url:
            continue
        found = Unfinished(path, entries[0].get("run", ""))
        for entry in entries[1:]:
            if "created" in entry:
                found.created[entry["created"]] = entry["at"]
            elif "deleted" in entry:
                found.created.pop(entry["deleted"], None)
            elif "intent" in entry:
                found.intents.add(entry["at"])
        yield found


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # the line that a crash cut off
            continue
        if isinstance(entry, dict):
            yield entry


class Turnstile:
    """Keeps workers of one run apart: who writes goes together, reads that must agree go alone.

    With one worker nothing is locked. A lock is a file beside the journals, which dies with its
    process.
    """

    def __init__(self, settings: Settings, run_id: str, workers: int) -> None:
        self._path = Path(settings.journal) / f"{run_id}.lock"
        self._apart = workers > 1 and not settings.application

    @contextmanager
    def passed(self, *, alone: bool) -> Iterator[None]:
        """Hold a place with others of the same kind, or the only one."""
        if not self._apart:
            yield
            return
        import fcntl

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

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
    """Replaces keys, in any encoding that shows up, by the names of variables."""

    def __init__(self, keys: Mapping[str, str], headers: Mapping[str, str]) -> None:
        secrets = {f"$CREDCHECK_KEY_{role.upper()}": key for role, key in keys.items()}
        secrets |= {f"$CREDCHECK_HEADER_{name.upper().replace('-', '_')}": value
                    for name, value in headers.items() if _looks_secret(name)}  # fmt: skip
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


def _looks_secret(name: str) -> bool:
    return bool(re.search("auth|cookie|token|key|secret|password", name, re.IGNORECASE))
