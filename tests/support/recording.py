"""A server that keeps what it receives, to the byte."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Sent = tuple[str, str, dict[str, str], bytes]
"""Method, path with query, headers by name in lower case, body."""


class Recorder(BaseHTTPRequestHandler):
    """Keeps each request as it came."""

    received: list[Sent]

    def handle_any(self) -> None:
        """Keep the request, and answer without a body."""
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received.append((self.command, self.path, headers, self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def recording() -> Iterator[tuple[str, list[Sent]]]:
    """Serve on a free port; yield the address and the list of what was received."""
    handler = type("Handler", (Recorder,), {"received": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
