"""The file that keeps the records of the default sandbox over restarts (`serve --state FILE`)."""

import contextlib
import logging
import threading
import time
from pathlib import Path

from mockserver.contract.contract import Contract
from mockserver.errors import StartError
from mockserver.files import FileLock, check_replaceable, is_blank, replace_file, resolve
from mockserver.messages import encode
from mockserver.rendering.check import check_world
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.document import read_world
from mockserver.world.export import export_world
from mockserver.world.loader import load_world

LOG = logging.getLogger("mockserver")
EVERY = 0.1
"""Seconds between two looks for changes: what a process loses that is killed."""
SHARED = "another mock keeps its changes in this file"
SHARE = 20
"""The file of a big world is written in at most one of so many parts of the time."""


class StateFile:
    """Keeps the records of a sandbox in a file, which is a world document.

    It is replaced in one step, so that it is whole at any time. Clock, faults and journal are not
    kept, nor are other sandboxes.
    """

    def __init__(self, path: Path, sandbox: Sandbox, contract: Contract) -> None:
        self._path, self._sandbox = path, sandbox
        self._saver: threading.Thread | None = None
        self._lock = FileLock(path)
        self._failure = ""
        self._is_new = False
        try:
            if not path.parent.is_dir():
                raise StartError(f"--state {path}: there is no folder {path.parent}")
            check_replaceable(path)
        except OSError as error:
            raise StartError(
                f"--state {path}: {error.strerror}; name a file in a folder that can be written"
            ) from error
        try:
            if path.exists() and not is_blank(path):
                store = load_world(read_world(path), str(path), keep=False)
                check_world(store, contract, str(path))
                sandbox.replace_store(store)
        except StartError as error:
            hint = "fix it, or move it away to start with default data"
            raise StartError(f"--state {error}; {hint}") from error
        self._saved = sandbox.version

    def keep(self, stopping: threading.Event) -> None:
        """Save in the background what changed; raises StartError if another server does so."""
        self._is_new = not self._path.exists()
        try:
            self._acquire_lock()
        except BlockingIOError as error:
            raise StartError(
                f"--state {self._path}: {error.strerror}; stop it, or name another file"
            ) from error
        self._saver = threading.Thread(target=self._keep, args=(stopping,), daemon=True)
        self._saver.start()

    def _acquire_lock(self) -> None:
        """Lock the file where there are locks; raises BlockingIOError if another mock has it."""
        try:
            self._lock.acquire()
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, SHARED) from error
        except OSError as error:
            LOG.debug("--state %s: not locked: %s", self._path, error)

    def finish(self) -> bool:
        """Save at the end what changed since, and tell whether all is saved."""
        if self._saver:
            self._saver.join()
        is_saved = self._try_to_save()
        with contextlib.suppress(OSError):
            if self._is_new and is_blank(self._path) and not self._lock.is_lost():
                resolve(self._path).unlink()  # it was made to be locked, and nothing was written
        self._lock.release()
        return is_saved

    def _keep(self, stopping: threading.Event) -> None:
        pause = EVERY
        while not stopping.wait(pause):
            started = time.monotonic()
            self._try_to_save()
            pause = max(EVERY, SHARE * (time.monotonic() - started))

    def _try_to_save(self) -> bool:
        """Save, and tell whether that succeeded; a failure is logged when it is another one."""
        try:
            self.save()
        except Exception as error:  # noqa: BLE001  (the next try may succeed, with no thread none)
            failure = (error.strerror if isinstance(error, OSError) else "") or repr(error)
            if failure != self._failure:
                LOG.error("--state %s: %s; nothing was saved", self._path, failure)
            self._failure = failure
            return False
        if self._failure:
            LOG.warning("--state %s: saved again", self._path)
        self._failure = ""
        return True

    def save(self) -> None:
        """Write the records if they changed since they were written; raises OSError."""
        with self._sandbox.lock:  # so that the version is that of the store
            version, store = self._sandbox.version, self._sandbox.store
        if version == self._saved:
            return
        content = encode(export_world(store)) + b"\n"
        if self._saver is None:
            replace_file(self._path, content)
        else:
            self._acquire_lock()  # the file may have been moved away, and another mock begun one
            replace_file(self._path, content, self._lock)
        self._saved = version
