"""The journal: what a run creates, recorded before a request is sent, so that no crash loses it.

There is one file for each process of a run, which holds a lock on it while it lives. The first line
describes target, run and mark; then follows a line for each step:

- `intent` (a number) precedes a POST, with the path of the collection, the name that is sent, and
  whether it is `private` (so that no list shows it);
- `created` holds the id in the response, `refused` a 4xx: both settle their `intent`;
- `stored` says that a response confirmed an `intent` that is `other`: a record without a path of
  its own, such as an image;
- `deleted` holds an id that a response called deleted, `absent` one that a read did not find.

What was sent and not refused is there until a read has shown its absence, whatever a response said.
The file of a run is removed only when nothing is left.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import IO, Any

from contract_tests.settings.settings import Settings


class DamagedJournal(Exception):
    """The first line of a journal cannot be read; the text is its path."""


class ActiveRun(Exception):
    """The run of a journal is still active; the text is the path of the journal."""


def lock(file: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file until it is closed, and tell whether that succeeded.

    Where the system has no such locks (Windows), only one run at a time is safe.
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


def make_run_id() -> str:
    """Return an id that no other run has; it does not depend on the seed."""
    return f"{SystemRandom().getrandbits(32):08x}"


def build_file_name(run_id: str, worker: str) -> str:
    """Return the name of the journal of a process of a run."""
    return f"{run_id}-{worker}.jsonl"


class Journal:
    """The journal file of this process, created when the first line is written."""

    def __init__(self, settings: Settings, run_id: str, worker: str, mark: str) -> None:
        self.path = Path(settings.journal) / build_file_name(run_id, worker)
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
        # A crash of this machine also ends a target on it, with all that was created there.
        self._to_disk = not settings.is_local

    def write(self, **entry: str | int | bool) -> None:
        """Append an entry and flush it; for a remote target, to the disk."""
        with self._lock:
            if self._file is None:
                self._file = self._open()
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
            if self._to_disk:
                os.fsync(self._file.fileno())

    def _open(self) -> IO[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+", encoding="utf-8")
        lock(file)
        file.write(json.dumps(self._head) + "\n")
        return file

    def announce(self, at: str, name: str, **details: str | bool) -> int:
        """Record that something is about to be created, and return the number of the intent."""
        with self._lock:
            self._intents += 1
            self.write(intent=self._intents, at=at, name=name, **details)
            return self._intents

    def record_deletion(self, entity_id: str) -> None:
        """Record that a response called an id deleted; other processes have their own journals."""
        if self._file is not None:
            self.write(deleted=entity_id)

    def record_absence(self, entity_id: str) -> None:
        """Record that a read did not find an id any more."""
        if self._file is not None:
            self.write(absent=entity_id)

    def read(self) -> "UnfinishedRun | None":
        """Return what this process has written, also if somebody has removed the file."""
        text = self._read_text()
        return read_entries(self.path, text) if text else None

    def _read_text(self) -> str:
        with self._lock:
            if self._file is None:
                return ""
            self._file.seek(0)  # it is written at its end wherever it is read
            return self._file.read()

    def close(self, *, clean: bool) -> None:
        """Close the file, and remove it when nothing is left to clean up."""
        if clean:
            with suppress(FileNotFoundError, NotADirectoryError):  # a run that only read has none
                self.path.unlink()
        elif self._file is not None and not self.path.exists():
            with suppress(OSError):  # somebody has removed it, or its folder
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.write_text(self._read_text(), encoding="utf-8")
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class UnfinishedRun:
    """What a run may have left behind: ids and intents, each with the path of its collection.

    `created` holds the ids whose absence no read has shown, `claimed` those that a response called
    deleted, `private` those that no list shows; `intents` are requests whose result is not known,
    `others` those for records without a path of their own.
    """

    path: Path
    head: dict[str, Any]
    created: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    intents: dict[int, dict[str, Any]] = field(default_factory=dict)
    others: dict[int, dict[str, Any]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    reported: list[str] = field(default_factory=list)
    """The collection of each record that a response reported as created."""
    damaged: list[int] = field(default_factory=list)
    """The numbers of lines that cannot be read, from 1; a last line that was cut is none."""

    def list_creations(self) -> list[str]:
        """Return the path of the collection of each record that a response reported as created."""
        return [*self.reported, *(each["at"] for each in self.others.values() if "stored" in each)]

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self.head.get("run", ""))

    @property
    def mark(self) -> str:
        """The text that every name given by the run contains."""
        return str(self.head.get("mark", ""))


def read_journal(path: Path) -> UnfinishedRun | None:
    """Return the unfinished run of a journal, None for a file that is not there or is empty.

    Raises DamagedJournal for a file whose first line does not say what it is about.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return read_entries(path, text)


def read_entries(path: Path, text: str) -> UnfinishedRun | None:
    """Return the unfinished run that the text of a journal describes, see `read_journal`."""
    first, _, rest = text.partition("\n")
    if not text.strip():
        return None
    head = _read_entry(first)
    if head is None or "run" not in head or not isinstance(head.get("mark"), str):
        raise DamagedJournal(str(path))
    run = UnfinishedRun(path, head)
    settled: dict[int, dict[str, Any]] = {}
    lines = rest.split("\n")
    for number, line in enumerate(lines, 2):
        entry = _read_entry(line)
        is_last = number > len(lines)  # without the end of a line: a crash may have cut it off
        if not line.strip() or (is_last and entry is None):
            continue
        try:
            if entry is None:
                raise TypeError("not an object")
            _add_entry(run, settled, entry)
        except (KeyError, TypeError, AttributeError):
            run.damaged.append(number)
    return run


def _read_entry(line: str) -> dict[str, Any] | None:
    """Return the object of a line, None for a line that is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _add_entry(
    run: UnfinishedRun, settled: dict[int, dict[str, Any]], entry: dict[str, Any]
) -> None:
    """Add a line to what is known of a run; `settled` holds the intents whose results are known."""
    if "created" in entry:
        entity_id, number = entry["created"], entry.get("settles", 0)
        if number in run.intents:
            settled[number] = run.intents.pop(number)
        run.created[entity_id] = entry["at"]
        run.folders.add(entry["at"])
        run.reported += [entry["at"]] * bool(number)
        run.claimed.discard(entity_id)
        intent = settled.get(number)
        if intent:
            run.names[entity_id] = intent.get("name", "")
            if is_private_intent(intent):
                run.private.add(entity_id)
    elif "refused" in entry:
        run.intents.pop(entry["refused"], None)
        run.others.pop(entry["refused"], None)
    elif "stored" in entry:
        run.others.get(entry["stored"], {})["stored"] = True
    elif "deleted" in entry:
        run.claimed.add(entry["deleted"])
    elif "absent" in entry:
        run.created.pop(entry["absent"], None)
    elif "intent" in entry and entry.get("other"):
        run.others[entry["intent"]] = entry
    elif "intent" in entry:
        run.intents[entry["intent"]] = entry
        run.folders.add(entry["at"])


def is_private_intent(intent: Mapping[str, Any]) -> bool:
    """Tell whether an intent is about what no list shows."""
    return bool(intent.get("private", intent.get("hidden")))  # hidden: in earlier versions


def is_active(path: Path) -> bool:
    """Tell whether the process that writes a journal still lives."""
    try:
        with take_over(path):
            return False
    except ActiveRun:
        return True
    except DamagedJournal:
        return False


@contextmanager
def take_over(path: Path) -> Iterator[UnfinishedRun | None]:
    """Lock a journal and yield what is unfinished, None if its run has just ended.

    Raises ActiveRun while its run is still active, and DamagedJournal.
    """
    try:
        file = path.open("r+", encoding="utf-8")
    except FileNotFoundError:  # its run has just ended and left nothing
        yield None
        return
    with file:
        if not lock(file, wait=False):
            raise ActiveRun(str(path))
        yield read_journal(path)
