"""The mock without a server: its WSGI application, called in a process of its own."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import create_environ

from bench.requests import Request
from mockserver import create_app
from mockserver.cli.server import tune_garbage_collector
from mockserver.config import Config

BLOCK_SECONDS = 0.25
"""A block of calls ends after this time, so that slow calls do not delay the others."""


class InProcess:
    """One application and the way to call it."""

    def __init__(self, config: Config) -> None:
        self.app = create_app(config)
        tune_garbage_collector()  # as the server does

    def environ(self, request: Request) -> dict[str, Any]:
        """Return a request as the server would hand it to the application."""
        parts = urlsplit(request.path)
        headers = dict(request.headers)
        environ = create_environ(
            parts.path,
            "http://127.0.0.1:8765",
            query_string=parts.query,
            method=request.method,
            headers=headers,
            data=request.body,
        )
        environ["bench.body"] = (request.body or "").encode()
        return environ

    def call(self, environ: dict[str, Any]) -> bytes:
        """Call the application once and return the body; anything but a success ends all."""
        seen = []
        fresh = {**environ, "wsgi.input": BytesIO(environ["bench.body"])}
        chunks = self.app(fresh, lambda status, headers, _=None: seen.append(status))  # type: ignore[arg-type]
        body = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        if not seen[0].startswith("2"):
            what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
            raise SystemExit(f"bench: {seen[0]} instead of a success: {what}: {body[:200]!r}")
        return body

    def read(self, request: Request) -> Any:
        """Send a request and return the document of its response."""
        return json.loads(self.call(self.environ(request)))

    def cpu_microseconds(self, requests: Iterable[Request]) -> list[float]:
        """Return the processor time of each call, some calls one after the other."""
        environs = [self.environ(request) for request in requests]
        started, seen = time.perf_counter(), []
        for environ in environs:
            before = time.process_time()
            self.call(environ)
            seen.append((time.process_time() - before) * 1e6)
            if time.perf_counter() - started > BLOCK_SECONDS:
                break
        return seen


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Worker:
    """An object in a fresh process, on one core; `ask` calls a method of it and waits."""

    def __init__(self, core: int, make: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(
            target=_work, args=(end, core, make, arguments), daemon=True
        )
        self._process.start()
        end.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the object returns."""
        try:
            self._pipe.send((method, arguments))
            return self._pipe.recv()
        except (EOFError, ConnectionError):  # it has said why
            raise SystemExit(1) from None


def _work(pipe: Any, core: int, make: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.sched_setaffinity(0, {core})
    thing = make(*arguments)
    while True:
        method, words = pipe.recv()
        pipe.send(getattr(thing, method)(*words))
