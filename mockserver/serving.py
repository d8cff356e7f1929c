"""The real server: granian, one worker process, so that there is one world."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from mockserver.app import create_app
from mockserver.config import Config
from mockserver.errors import StartError
from mockserver.files import CONTRACT, WORLD
from mockserver.service import MOST_STREAMS, Service

THREADS = 16 + MOST_STREAMS
"""Requests that may wait at the same time (a slow client, a forced delay, a stream)."""

STOP_TIMEOUT = 3
"""Seconds for open requests at the end; then the worker is killed.

A worker that is told to stop while it starts has no signal handler yet, and would never stop.
"""


class ApplicationLoader:
    """Hands the application to the worker: as it is after a fork, made anew after a spawn.

    With `anew` each worker makes its own, which is what reloads the files.
    """

    def __init__(self, config: Config, *, anew: bool = False) -> None:
        self._config = config
        self._anew = anew
        self.app: Flask = create_app(config)

    def __reduce__(self) -> tuple[type["ApplicationLoader"], tuple[Config]]:
        return (ApplicationLoader, (self._config,))

    def __call__(self, *_: Any) -> Flask:
        """Return the application that this worker serves; the worker never outlives its parent."""
        app = create_app(self._config) if self._anew else self.app
        service: Service = app.extensions["mockserver"]
        if service.state_file:
            service.state_file.keep(service.stopping)
        _when_told_to_stop(service.stopping.set)
        threading.Thread(target=_end_with_parent, args=(service,), daemon=True).start()
        return app


def _when_told_to_stop(act: Callable[[], None]) -> None:
    """Call back as soon as this process gets a signal: the server itself first waits for streams.

    Its own handlers stay; Python writes a byte for each signal, whoever handles it.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno())

    def wait() -> None:
        with sender, receiver:
            receiver.recv(1)
            act()

    threading.Thread(target=wait, daemon=True).start()


def _end_with_parent(service: Service) -> None:
    """End this process when its parent is gone (killed, say), so that the port is free again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        service.stopping.set()
        if service.state_file:
            service.state_file.wait()
        os._exit(1)


def check_free(host: str, port: int) -> None:
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
    config: Config, host: str, port: int, announce: Callable[[Flask], None], *, reload: bool
) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is called once the server listens."""
    check_free(host, port)
    loader = ApplicationLoader(config, anew=reload)
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

    def when_it_listens() -> None:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
                announce(loader.app)
                return
            time.sleep(0.01)

    threading.Thread(target=when_it_listens, daemon=True).start()
    server.serve(target_loader=loader, wrap_loader=False)
