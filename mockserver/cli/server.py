"""The real server: granian, one worker process, so that there is one world."""

import contextlib
import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from mockserver.config import MOST_STREAMS, Config
from mockserver.errors import StartError
from mockserver.files import CONTRACT, WORLD

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from flask import Flask

    from mockserver.api.service import Service

THREADS = 16 + MOST_STREAMS
"""Requests that may wait at the same time (a slow client, a forced delay, a stream)."""

STOP_TIMEOUT = 3
"""Seconds for open requests at the end; then the worker is killed.

A worker that gets a signal while it starts has no handler for it yet, and would never stop.
"""


class ApplicationLoader:
    """Makes the application in the worker, so that the world is in memory once, and reports it.

    `reports` receives what `describe` returns for the application, or the StartError instead.
    """

    def __init__(
        self, config: Config, describe: Callable[["Flask"], str], reports: "Connection[Any, Any]"
    ) -> None:
        self._config = config
        self._describe = describe
        self._reports = reports
        self._service: Service | None = None

    def __call__(self, *_: Any) -> "Flask":
        """Return the application that this worker serves; the worker never outlives its parent."""
        gc.disable()  # until the world is there; it would look at what stays again and again
        from mockserver.app import create_app  # the parent needs none of it

        watch = threading.Thread(target=self._end_with_parent, daemon=True)
        watch.start()
        try:
            app = create_app(self._config)
        except StartError as error:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._reports.send(error)
            watch.join()  # or until the parent says stop: to end sooner would be a crash
        tune_garbage_collector()
        service: Service = app.extensions["mockserver"]
        if service.state_file:
            service.state_file.keep(service.stopping)
        _call_on_signal(service.stopping.set)
        self._service = service
        self._reports.send(self._describe(app))
        _clear_environment()
        return app

    def _end_with_parent(self) -> None:
        """End this process when its parent is gone (killed, say), so that the port is free."""
        parent = multiprocessing.parent_process()
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            if self._service:
                self._service.stopping.set()
                if self._service.state_file:
                    self._service.state_file.wait()
            os._exit(1)


def tune_garbage_collector() -> None:
    """Let the garbage collector pass over what is there, and look seldom at what comes.

    The world stays as long as the worker, and there is next to no garbage in it. What requests
    leave behind are records, of which few are in a cycle.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def _clear_environment() -> None:
    """Leave of the variables of this process the time zone only.

    The server puts them all into what WSGI knows of each request, where one that is named
    `HTTP_AUTHORIZATION` would be everybody's header.
    """
    for name in os.environ.keys() - {"TZ"}:
        del os.environ[name]


def _call_on_signal(act: Callable[[], None]) -> None:
    """Call back as soon as this process gets a signal: the server itself first waits for streams.

    Its own handlers stay; Python writes a byte for each signal, whatever handles it.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno())

    def wait() -> None:
        with sender, receiver:
            receiver.recv(1)
            act()

    threading.Thread(target=wait, daemon=True).start()


def check_address_is_free(host: str, port: int) -> None:
    """Raise StartError unless this address can be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise StartError(f"--bind {host}:{port}: {reason}; choose another address") from error


def serve(
    config: Config,
    host: str,
    port: int,
    describe: Callable[["Flask"], str],
    announce: Callable[[str], None],
    *,
    reload: bool,
) -> None:
    """Serve until SIGINT or SIGTERM; raises StartError.

    `describe` is called in the worker; what it says is announced once the server listens. With
    `reload`, a later failure to start is only announced: the next change may fix it.
    """
    check_address_is_free(host, port)
    received, reports = multiprocessing.Pipe(duplex=False)
    server = Granian(
        "mockserver",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        workers_kill_timeout=STOP_TIMEOUT,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        reload=reload,
        reload_paths=[CONTRACT.parent, (config.world or WORLD).resolve().parent],
        reload_ignore_worker_failure=True,
    )
    failures: list[StartError] = []

    def listen() -> None:
        message = received.recv()
        if isinstance(message, StartError):
            failures.append(message)
            os.kill(os.getpid(), signal.SIGTERM)
        elif _wait_until_listening(host, port):
            announce(message)
            with contextlib.suppress(EOFError, OSError):  # the server ends, and its pipe with it
                while True:
                    message = received.recv()
                    if isinstance(message, StartError):
                        announce(f"not restarted: {message}")

    threading.Thread(target=listen, daemon=True).start()
    server.serve(target_loader=ApplicationLoader(config, describe, reports), wrap_loader=False)
    if failures:
        raise failures[0]


def _wait_until_listening(host: str, port: int) -> bool:
    """Wait up to five seconds for the port to accept connections, and tell whether it does."""
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return True
        time.sleep(0.01)
    return False
