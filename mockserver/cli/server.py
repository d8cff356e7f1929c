"""The server: one process, so that there is one world, and one way to end."""

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from mockserver.cli.listening import get_port
from mockserver.cli.output import open_log_output
from mockserver.cli.tls import Certificate
from mockserver.cli.worker import Application, Worker
from mockserver.config import Config
from mockserver.errors import StartError
from mockserver.files import check_replaceable, replace_file, resolve

if TYPE_CHECKING:
    from flask import Flask

STOP_TIMEOUT = 3.0
"""Seconds for open requests at the end; then they are cut."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

Describe = Callable[["Flask", int], str]


class StopSignals:
    """Turns every signal that ends a server into one way to end; before it serves, into an exit.

    SIGHUP is what a terminal sends when it closes; `nohup` ignores it, and so it stays. All are
    handled explicitly, because the system discards what process 1 does not handle, and a caller
    may have blocked them for itself.
    """

    def __init__(self) -> None:
        # Not an Event: its lock may be held by the very code that a signal interrupts.
        self._received, self._sent = os.pipe()
        os.set_blocking(self._sent, False)
        self._serves = False
        for number in ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._serves:
            sys.exit(0)

    def defer(self) -> None:
        """Only note signals from now on: what is written by requests must be saved first."""
        # The system's own handler writes: a signal just before `wait` reads is not overlooked.
        signal.set_wakeup_fd(self._sent, warn_on_full_buffer=False)
        self._serves = True

    def wait(self) -> None:
        """Return once a signal has come since `defer`."""
        os.read(self._received, 1)


def serve(
    config: Config,
    listeners: list[socket.socket],
    describe: Describe,
    announce: Callable[[str], None],
    *,
    reload: bool = False,
    port_file: Path | None = None,
    certificate: Certificate | None = None,
) -> None:
    """Serve until a signal ends the process; raises StartError.

    `describe` makes of the application and its port what is announced once it responds. With a
    certificate it serves HTTPS.
    """
    signals = StopSignals()
    sys.stdout = open_log_output(sys.stdout)
    if port_file:
        check_port_file(port_file, config)
    gc.disable()  # until the world is there; it would look at what stays again and again
    from mockserver.app import create_app  # after the handlers: it takes a while to load

    app = create_app(config)
    tune_garbage_collector()
    service = app.extensions["mockserver"]
    signals.defer()
    if service.state_file:
        service.state_file.keep(service.stopping)
    application: Application = app
    if reload:
        from mockserver.cli.reloading import ReloadableApplication

        application = reloadable = ReloadableApplication(app, config, announce)
        reloadable.watch(service.stopping)
    workers = [Worker(listener, application, certificate) for listener in listeners]
    port = get_port(listeners)
    if port_file:
        replace_file(port_file, b"%d\n" % port)
    announce(describe(app, port))
    signals.wait()
    service.stopping.set()
    end_workers(workers)
    is_saved = service.state_file is None or service.state_file.finish()
    with contextlib.suppress(OSError):
        if port_file:
            port_file.unlink(missing_ok=True)
        sys.stdout.flush()
    # Requests that were cut hold threads, which the interpreter would wait for.
    os._exit(0 if is_saved else 1)


def end_workers(workers: list[Worker]) -> None:
    """Accept no more connections, and return when no request is open, or after some seconds."""
    deadline = time.monotonic() + STOP_TIMEOUT
    for worker in workers:
        worker.stop()
    for worker in workers:
        worker.join(deadline - time.monotonic())


def tune_garbage_collector() -> None:
    """Let the garbage collector pass over what is there, and look seldom at what comes.

    The world stays as long as the process, and there is next to no garbage in it. What requests
    leave behind are records, of which few are in a cycle.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def check_port_file(path: Path, config: Config) -> None:
    """Raise StartError unless the file can be written; one of an earlier server is removed."""
    try:
        for option, other in (("--state", config.state), ("--world", config.world)):
            if other and resolve(path) == resolve(other):
                raise StartError(
                    f"--port-file {path}: this is the file of {option}; name another file"
                )
        check_replaceable(path)
        path.unlink(missing_ok=True)
        replace_file(path, b"")
        path.unlink()
    except OSError as error:
        raise StartError(f"--port-file {path}: {error.strerror}; name another file") from error
