"""The mock behind something that fails: a real server whose faults are written as functions."""

import json
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from werkzeug.test import Client

from mockserver import Config, create_app
from mockserver.config import RELEASES

RESET, CLOSE = "reset", "close"
"""Instead of a response: the connection is reset, or closed without a byte."""


@dataclass
class Answer:
    """A response as it goes over the wire; with `cut` the connection ends in the middle of it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False

    @classmethod
    def page(cls, status: int, text: str, **headers: str) -> "Answer":
        """Return an HTML page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, {"Content-Type": "text/html", **named}, text.encode())

    @classmethod
    def json(cls, status: int, value: Any) -> "Answer":
        """Return a value as JSON."""
        return cls(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


@dataclass(frozen=True)
class Call:
    """A request, and how often this method was sent so far, this one included.

    `on_connection` counts the requests of its connection. `forward` lets the mock answer it, with
    other headers where they are given.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    number: int
    on_connection: int
    forward: Callable[..., Answer]


Fault = Callable[[Call], Answer | str | None]
"""Returns what is sent instead of the mock's response, None for that response."""


class FaultyServer(ThreadingHTTPServer):
    """The mock with a fault; `calls` holds what was sent to it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, fault: Fault, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.fault = fault
        self.calls: list[Call] = []
        self.mock = create_app(Config(api_version=RELEASES[-1]))
        self.lock = threading.RLock()
        self._numbers: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def count(self, method: str) -> int:
        """Return how often a method was sent before, and count it."""
        self._numbers[method] += 1
        return self._numbers[method]

    def handle_error(self, *_: object) -> None:
        """Be silent about connections that end."""

    def names(self) -> list[str]:
        """Return the names of what the mock lists of runs of the command."""
        path = "/api/credentials/orgs/main/users/1/?page_size=100&search=credcheck"
        headers = {"Authorization": "Api-Key main-admin-key"}
        with self.lock:
            value = Client(self.mock).get(path, headers=headers).get_json()
        return [item["name"] for item in value["result"]["data"]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer
    requests = 0

    def handle_one_request(self) -> None:
        """Serve a request of any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests += 1
        with self.server.lock:
            number = self.server.count(self.command)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(
                self.command,
                self.path,
                headers,
                body,
                number,
                self.requests,
                lambda more=None: self._forward(body, more or {}),
            )
            self.server.calls.append(call)
        answer = self.server.fault(call)  # may wait, and others go on
        self._write(call.forward() if answer is None else answer)

    def _forward(self, body: bytes, more: dict[str, str]) -> Answer:
        headers = [*((n, v) for n, v in self.headers.items() if n not in more), *more.items()]
        with self.server.lock:
            response = Client(self.server.mock).open(
                self.path,
                base_url=self.server.url,
                method=self.command,
                headers=headers,
                data=body,
            )
        return Answer(response.status_code, dict(response.headers), response.data)

    def _write(self, answer: Answer | str) -> None:
        if isinstance(answer, str):
            if answer == RESET:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        lines = [f"HTTP/1.1 {answer.status} X"]
        headers = {name: value for name, value in answer.headers.items()
                   if name.lower() not in ("content-length", "connection")}  # fmt: skip
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if answer.status not in (204, 304):
            lines.append(f"Content-Length: {len(answer.body)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write(body[: len(body) // 2] if answer.cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or answer.cut


@contextmanager
def serve_faulty(fault: Fault, tls: ssl.SSLContext | None = None) -> Iterator[FaultyServer]:
    """Serve the mock with a fault on a free port, over TLS if that is given."""
    server = FaultyServer(fault, tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
