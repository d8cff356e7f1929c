"""Serving a changed world or contract without a restart (`serve --reload`)."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchfiles import watch

from mockserver.app import create_app
from mockserver.config import Config
from mockserver.errors import StartError
from mockserver.files import CONTRACT, WORLD
from mockserver.sandbox.scenarios import SUFFIX

if TYPE_CHECKING:
    from flask import Flask

LONGEST_WAIT = 1000
"""Milliseconds without an event, after which the files are looked at."""
SHORTEST_AGE = 2_000_000_000
"""Nanoseconds after which the time of a file tells whether it has changed."""
Stamp = tuple[int, int, int]


class ReloadableApplication:
    """A WSGI application that is replaced when one of the files that it was made of changes.

    Sandboxes stay, with their clocks, faults and journals, and with what was written where it fits
    the new world. A file that cannot be loaded changes nothing.
    """

    def __init__(self, app: "Flask", config: Config, announce: Callable[[str], None]) -> None:
        self._app = app
        self._config = replace(config, state=None)  # the records are here already
        self._announce = announce
        self._files = WatchedFiles(config)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        return self._app(environ, start_response)

    def watch(self, stopping: threading.Event) -> None:
        """Look for changes in the background."""
        thread = threading.Thread(target=self._watch, args=(stopping,), daemon=True)
        thread.start()

    def _watch(self, stopping: threading.Event) -> None:
        # It looks again after a while without an event: a file may have changed before the first.
        for _ in watch(
            *self._files.list_folders(),
            recursive=False,
            stop_event=stopping,
            rust_timeout=LONGEST_WAIT,
            yield_on_timeout=True,
        ):
            changed = self._files.find_changed()
            for path in changed:
                if path.suffix == SUFFIX and path != CONTRACT:
                    self._announce(f"changed {path}: entering the scenario reads it again")
            made_of = [path for path in changed if path in self._files.of_application]
            if made_of:
                self._reload(", ".join(map(str, made_of)))

    def _reload(self, names: str) -> None:
        try:
            app = create_app(self._config)
        except StartError as error:
            self._announce(f"not reloaded: {error}")
            return
        before, after = (each.extensions["mockserver"] for each in (self._app, app))
        results = before.sandboxes.replace_base(after.sandboxes)
        after.sandboxes, after.state_file = before.sandboxes, before.state_file
        after.stopping, after.streams = before.stopping, before.streams
        self._app = app
        self._announce(f"reloaded {names}")
        for name, result in results.items():
            lost = f", {len(result.lost)} lost:" if result.lost else ""
            self._announce(f"  sandbox {name}: {result.kept} of its changes kept{lost}")
            for line in result.lost:
                self._announce(f"    {line}")


class WatchedFiles:
    """The files that an application was made of, and those that it will read."""

    def __init__(self, config: Config) -> None:
        self.of_application = ((config.world or WORLD).absolute(), CONTRACT)
        self._scenarios = config.scenarios.absolute() if config.scenarios else None
        self._known = {path: (_stamp(path), _digest(path)) for path in self._list()}

    def list_folders(self) -> set[Path]:
        """Return the folders to watch: those of the files, and of what links lead to.

        Editors replace a file, so that watching the file itself would end with the first change.
        """
        folders = {folder for path in self.of_application for folder in _folders(path)}
        return folders | ({self._scenarios} if self._scenarios else set())

    def find_changed(self) -> list[Path]:
        """Return the files whose content is another one since the last call."""
        changed = []
        for path in dict.fromkeys([*self._known, *self._list()]):
            stamp = _stamp(path)
            known_stamp, known_digest = self._known.get(path, (None, b""))
            if stamp == known_stamp and not _is_recent(stamp):
                continue
            digest = _digest(path)
            self._known[path] = stamp, digest
            if digest != known_digest:
                changed.append(path)
        return changed

    def _list(self) -> Iterator[Path]:
        yield from self.of_application
        if self._scenarios:
            yield from self._scenarios.glob(f"*{SUFFIX}")


def _folders(path: Path) -> tuple[Path, Path]:
    return path.parent, path.resolve().parent


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ctime_ns, found.st_size, found.st_ino  # `cp -p` keeps the other time


def _is_recent(stamp: Stamp | None) -> bool:
    """Tell whether a file may have changed once more within the precision of its time."""
    return stamp is not None and time.time_ns() - stamp[0] < SHORTEST_AGE


def _digest(path: Path) -> bytes:
    """Return a digest of a file's content, or nothing where it cannot be read.

    A pipe of the shell is read once.
    """
    try:
        if not path.is_file():
            return b""
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b""
