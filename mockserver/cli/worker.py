"""Granian's worker, in this process and on a socket that listens already.

Granian's own command makes worker processes, each of which binds for itself: several servers could
share a port, and a worker that is made anew has lost what was written. What is used here is not
part of its documented interface, and the types that it declares for it are out of date, so
`pyproject.toml` bounds its version tightly.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import granian._futures
import granian._granian
from granian._loops import loops
from granian.wsgi import _callback_wrapper

from mockserver.cli.listening import BACKLOG
from mockserver.config import MOST_STREAMS

native: Any = granian._granian
futures: Any = granian._futures

THREADS = 16 + MOST_STREAMS
"""Requests that may wait at the same time (a slow client, a forced delay, a stream)."""

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Worker:
    """Serves an application on one socket that listens, in threads of this process."""

    def __init__(self, listener: socket.socket, application: Application) -> None:
        self._listener = listener
        self._ended = threading.Event()
        self._signal = native.WorkerSignal()
        self._signal.add_cb(self._end)
        with _empty_environment():
            callback = _callback_wrapper(application, {})
        loop = loops.get("asyncio")
        worker = native.WSGIWorker(
            1,
            (None, native.SocketHolder(listener.fileno(), False, BACKLOG)),
            None,  # no pipe to another process
            1,  # thread for connections
            512,  # at most, for what blocks in them
            THREADS,
            30,  # seconds until a thread without work ends
            BACKLOG,
            "1",
            None,
            None,
            None,
            *(False, None, None, None, "tls1.3", None, [], False),  # no TLS
            (None, None),  # no metrics
        )
        scheduler = futures._new_cbscheduler(loop, callback, impl_asyncio=True)
        worker.serve_mtr(scheduler, loop, self._signal)

    def stop(self) -> None:
        """Accept no more connections, and end when the open requests have ended."""
        self._signal.set()

    def join(self, seconds: float) -> None:
        """Return when it has ended, or after so long."""
        self._ended.wait(max(seconds, 0.0))

    def _end(self) -> None:
        """Note the end in a thread of the server, which then stays here until the process ends.

        It would go on to free its threads with the interpreter's lock held, and wait for one that
        may wait for this lock: then nothing here could run again, and no signal end the process.
        """
        self._ended.set()
        threading.Event().wait()


@contextlib.contextmanager
def _empty_environment() -> Iterator[None]:
    """Hide the variables of this process for a while.

    The server puts them all into what WSGI knows of each request, where one that is named
    `HTTP_AUTHORIZATION` would be everybody's header.
    """
    variables = dict(os.environ)
    try:
        os.environ.clear()
        yield
    finally:
        os.environ.update(variables)
