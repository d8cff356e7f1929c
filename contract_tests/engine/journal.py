"""The journal: what a run creates, written down before a request is sent; no crash loses it.

One file for each process of a run, which holds a lock on it while it lives. The first line says
what target, run and mark this is; then a line for each step:

- `intent` (a number) precedes a POST, with the path of the collection, the name that is sent, and
  whether it is `hidden` (not public, so that no list shows it);
- `created` names the id that the answer gave, `refused` a 4xx: both settle their `intent`;
- `deleted` names an id that is gone.

The file of a run that left nothing is removed.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import IO, Any

from contract_tests.engine.settings import Settings


def lock(file: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file until it is closed, and tell whether that went well.

    Where the system has no such locks (Windows) one run at a time is what is safe.
    """
    try:
        import fcntl
    except ImportError:
        return True
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def new_run_id() -> str:
    """Return what tells one run from all others; it does not depend on the seed."""
    return f"{SystemRandom().getrandbits(32):08x}"


class Journal:
    """The file of this process, made when the first line is written."""

    def __init__(self, settings: Settings, run_id: str, worker: str, mark: str) -> None:
        self.path = Path(settings.journal) / f"{run_id}-{worker}.jsonl"
        self._head = {
            "target": settings.base_url,
            "application": settings.application,
            "org": settings.org,
            "user_id": settings.user_id,
            "run": run_id,
            "mark": mark,
        }
        self._file: IO[str] | None = None
        self._intents = 0
        self._lock = threading.RLock()
        # What happens to this machine matters only when the target is another one.
        self._to_disk = not settings.is_local

    def write(self, **entry: str | int | bool) -> None:
        """Append an entry and see it out of this process; for a remote target, to the disk."""
        with self._lock:
            if self._file is None:
                self._file = self._opened()
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
            if self._to_disk:
                os.fsync(self._file.fileno())

    def _opened(self) -> IO[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a", encoding="utf-8")
        lock(file)
        file.write(json.dumps(self._head) + "\n")
        return file

    def intend(self, at: str, name: str, *, hidden: bool) -> int:
        """Note that something is about to be created, and return the number of the intent."""
        with self._lock:
            self._intents += 1
            self.write(intent=self._intents, at=at, name=name, hidden=hidden)
            return self._intents

    def forget(self, entity_id: str) -> None:
        """Note that an id is gone; what others created is in their journals."""
        if self._file is not None:
            self.write(deleted=entity_id)

    def close(self, *, clean: bool) -> None:
        """Remove the file when nothing is left to clean up, and close it."""
        if clean:
            self.path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class Unfinished:
    """What a run may have left: ids and lost intents, each with the path of its collection."""

    path: Path
    head: dict[str, Any]
    created: dict[str, str] = field(default_factory=dict)
    intents: dict[int, dict[str, Any]] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)

    @property
    def run_id(self) -> str:
        """The run that this is the journal of."""
        return str(self.head.get("run", ""))

    @property
    def mark(self) -> str:
        """What every name that the run gave contains."""
        return str(self.head.get("mark", ""))


def read_journal(path: Path) -> Unfinished | None:
    """Return what a journal says is not finished; None for a file that has no first line."""
    entries = _entries(path)
    head = next(entries, None)
    if head is None or "run" not in head:
        return None
    found = Unfinished(path, head)
    for entry in entries:
        if "created" in entry:
            found.created[entry["created"]] = entry["at"]
            found.intents.pop(entry.get("settles", 0), None)
        elif "refused" in entry:
            found.intents.pop(entry["refused"], None)
        elif "deleted" in entry:
            found.created.pop(entry["deleted"], None)
        elif "intent" in entry:
            found.intents[entry["intent"]] = entry
            found.places.add(entry["at"])
    return found


@contextmanager
def taken_over(path: Path) -> Iterator[Unfinished | None]:
    """Hold a journal and yield what it says; None while its run still lives."""
    try:
        with path.open("r+", encoding="utf-8") as file:
            yield read_journal(path) if lock(file, wait=False) else None
    except FileNotFoundError:  # its run has just ended well
        yield None


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # the line that a crash cut off
            continue
        if isinstance(entry, dict):
            yield entry
