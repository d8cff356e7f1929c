"""The file that keeps the records of the default sandbox over restarts (`serve --state FILE`)."""

import contextlib
import logging
import os
import tempfile
import threading
from pathlib import Path

from mockserver.contract.contract import Contract
from mockserver.errors import StartError
from mockserver.messages import encode
from mockserver.rendering.check import check_world
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.document import read_world
from mockserver.world.export import export_world
from mockserver.world.loader import load_world

LOG = logging.getLogger("mockserver")
EVERY = 2.0
"""Seconds between two checks for changes."""


class StateFile:
    """Keeps the records of a sandbox in a file, which is a world document.

    It is replaced in one step, so that it is whole at any time. Clock, faults and journal are not
    kept, nor are other sandboxes.
    """

    def __init__(self, path: Path, sandbox: Sandbox, contract: Contract) -> None:
        self._path, self._sandbox = path, sandbox
        self._saver: threading.Thread | None = None
        if not path.parent.is_dir():
            raise StartError(f"--state {path}: there is no folder {path.parent}")
        try:
            if path.exists():
                store = load_world(read_world(path), str(path), keep=False)
                check_world(store, contract, str(path))
                sandbox.replace_store(store)
        except StartError as error:
            hint = "fix it, or move it away to start with default data"
            raise StartError(f"--state {error}; {hint}") from error
        self._saved = sandbox.version

    def keep(self, stopping: threading.Event) -> None:
        """Save in the background what changed, and at the end."""
        # Not a daemon: the process waits for what is being written.
        self._saver = threading.Thread(target=self._keep, args=(stopping,))
        self._saver.start()

    def wait(self) -> None:
        """Return when all is saved that will be, after `stopping` was set."""
        if self._saver:
            self._saver.join()

    def _keep(self, stopping: threading.Event) -> None:
        is_last = False
        while not is_last:
            is_last = stopping.wait(EVERY)
            try:
                self.save()
            except OSError as error:
                LOG.error("--state %s: %s; nothing was saved", self._path, error.strerror)

    def save(self) -> None:
        """Write the records if they changed since they were written; raises OSError."""
        with self._sandbox.lock:  # so that the version is that of the store
            version, store = self._sandbox.version, self._sandbox.store
        if version == self._saved:
            return
        _replace_file(self._path, encode(export_world(store)) + b"\n")
        self._saved = version


def _replace_file(path: Path, content: bytes) -> None:
    """Write a file so that there is the old one or the new one, and never a part."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
