"""A small forward proxy: plain requests by their full address, TLS by CONNECT."""

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class ForwardProxy(ThreadingHTTPServer):
    """A proxy that may ask for a password; `asked` holds what it was asked to reach."""

    daemon_threads = True

    def __init__(self, user_and_password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        encoded = base64.b64encode(user_and_password.encode()).decode()
        self.expected = f"Basic {encoded}" if user_and_password else ""

    def handle_error(self, *_: object) -> None:
        """Be silent about connections that end."""


class _Handler(BaseHTTPRequestHandler):
    server: ForwardProxy

    def handle_one_request(self) -> None:
        """Pass on one request, then close the connection."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.expected and self.headers["Proxy-Authorization"] != self.server.expected:
            lines = "HTTP/1.1 407 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self.wfile.write(lines.encode())
        elif self.command == "CONNECT":
            self._tunnel()
        else:
            self._pass_on()

    def _tunnel(self) -> None:
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as other:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            pair = {self.connection: other, other: self.connection}
            while True:
                for ready in select.select([*pair], [], [], 30)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    pair[ready].sendall(data)

    def _pass_on(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = HTTPConnection(str(address.hostname), address.port)
        path = address.path + (f"?{address.query}" if address.query else "")
        headers = {n: v for n, v in self.headers.items() if not n.lower().startswith("proxy-")}
        connection.request(self.command, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        lines = [f"HTTP/1.1 {response.status} X", f"Content-Length: {len(data)}"]
        lines += [f"{n}: {v}" for n, v in response.getheaders()
                  if n.lower() not in ("content-length", "connection")]  # fmt: skip
        lines += ["Connection: close", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + data)
        connection.close()


@contextmanager
def forward_proxy(user_and_password: str = "") -> Iterator[ForwardProxy]:
    """Run a proxy on a free port."""
    proxy = ForwardProxy(user_and_password)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
