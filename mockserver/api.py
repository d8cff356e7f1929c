"""The API as a WSGI application: Werkzeug at the door, the service behind it.

It stands beside Flask and not inside of it: what Flask does for each request costs more than the
whole service.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wsgi import get_content_length, get_host, get_input_stream

from mockserver.cross_origin import CrossOrigin, is_preflight
from mockserver.errors import (
    APIError,
    BodyTooLarge,
    ContractBreach,
    NoSuchRoute,
    ServerError,
    SuspiciousRequest,
)
from mockserver.faults import answer
from mockserver.messages import HTML, MAXIMUM_FIELDS, Call, Form, InMemoryUploadedFile, Reply
from mockserver.operation import Operation
from mockserver.routes import Routes
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import named_in
from mockserver.service import Service
from mockserver.strict import Judge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logging.getLogger("mockserver")
# What Django leaves unquoted in a path (`django.utils.encoding.escape_uri_path`).
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
LogLine = Callable[[str, str, int, float], None]
"""Writes a line about a request: method, target, status, milliseconds."""


class SentHeaders:
    """The headers of a request, found by name in any case."""

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def get(self, key: str) -> str | None:
        """Return a header's value."""
        return self._environ.get(_environ_key(key))

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield all of them, with the usual spelling of their names."""
        for key, value in self._environ.items():
            if key.startswith("HTTP_") or key in WITHOUT_PREFIX:
                yield _header_name(key), value


WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
"""Headers that WSGI keeps under their own names."""


@lru_cache(maxsize=1024)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in WITHOUT_PREFIX else f"HTTP_{key}"


@lru_cache(maxsize=1024)
def _header_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").title()


class Incoming:
    """One request: what Werkzeug's helpers read from its environ, and what came of it."""

    __slots__ = (
        *("_body", "_maximum", "environ", "headers", "method", "operation"),
        *("origin", "path", "root"),
    )

    def __init__(self, environ: "WSGIEnvironment", maximum_body: int) -> None:
        self.environ = environ
        self.headers = SentHeaders(environ)
        self.method: str = environ["REQUEST_METHOD"]
        self.origin = f"{environ['wsgi.url_scheme']}://{get_host(environ)}"
        root = environ.get("SCRIPT_NAME")
        self.root = quote(root.encode("latin-1"), safe=SAFE_IN_PATH) if root else ""
        self.path = quote(environ["PATH_INFO"].encode("latin-1"), safe=SAFE_IN_PATH)
        self.operation: Operation | None = None
        self._maximum = maximum_body
        self._body: bytes | None = None

    @property
    def target(self) -> str:
        """The path without what stands before the API, with the query."""
        query = self.environ.get("QUERY_STRING")
        return f"{self.path}?{quote(query, safe=SAFE_IN_PATH + '?=%')}" if query else self.path

    @property
    def body_that_was_read(self) -> bytes:
        """The body, if anybody asked for it."""
        return self._body or b""

    def read_body(self) -> bytes:
        """Return the body; raises BodyTooLarge."""
        if self._body is None:
            length = get_content_length(self.environ)
            if length is not None and length > self._maximum:
                raise BodyTooLarge
            # What tells its length is as long as that; else the stream itself must end.
            most = self._maximum if length is None else None
            try:
                self._body = get_input_stream(self.environ, max_content_length=most).read()
            except RequestEntityTooLarge:
                raise BodyTooLarge from None
        return self._body

    def call(self) -> Call:
        """Return the plain call that the behaviour sees; raises SuspiciousRequest."""
        query = self.environ.get("QUERY_STRING", "")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS)
        except ValueError:
            raise SuspiciousRequest from None
        return Call(
            self.method,
            self.origin,
            self.root,
            self.root + self.path,
            query,
            dict(pairs),
            self.headers,
            self.read_body,
            _parse_multipart,
        )


class Api:
    """The WSGI application of everything below `/api/`."""

    def __init__(
        self,
        service: Service,
        judge: Judge | None,
        cross_origin: CrossOrigin | None,
        log: LogLine | None,
    ) -> None:
        self._service = service
        self._judge = judge
        self._cross_origin = cross_origin
        self._log = log
        self._maximum_body = service.config.maximum_body
        self._routes = Routes(service.contract.resources)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request, and write it into the journal of its sandbox."""
        started = time.perf_counter()
        incoming = Incoming(environ, self._maximum_body)
        sandbox = None
        try:
            sandbox = self._service.sandboxes.get(named_in(environ))
            reply = self._reply(incoming, sandbox)
        except Exception as error:  # noqa: BLE001  (whatever it is becomes an answer)
            reply = refusal(error, incoming.method, incoming.path)
        headers = [*reply.headers.items()]
        if reply.content_type is not None:
            headers.append(("Content-Type", reply.content_type))
        has_no_body = reply.status in (204, 304)
        # Of a connection that is to be cut, the length is told already.
        is_cut = "Content-Length" in reply.headers
        if not has_no_body and not is_cut:
            headers.append(("Content-Length", str(len(reply.body))))
        if self._cross_origin:
            headers += self._cross_origin.headers(environ)
        milliseconds = (time.perf_counter() - started) * 1000
        if sandbox:
            self._keep(sandbox, incoming, reply, headers, milliseconds)
        if self._log:
            self._log(incoming.method, incoming.target, reply.status, milliseconds)
        start_response(_status_line(reply.status), headers)
        body = [] if has_no_body or incoming.method == "HEAD" else [reply.body]
        # The server sends a list as one piece; only an iterator may end before its length.
        return iter(body) if is_cut else body

    def _reply(self, incoming: Incoming, sandbox: Sandbox) -> Reply:
        environ = incoming.environ
        if self._cross_origin and is_preflight(environ):
            return Reply(200, b"", HTML)
        path = _decoded(environ["PATH_INFO"])
        found = self._routes.find(path)
        if found is None:
            if self._routes.find(f"{path}/"):
                return _redirect(incoming)
            raise NoSuchRoute
        resource, values = found
        call = incoming.call()

        def serve() -> Reply:
            reply = self._service.answer(call, resource, values, sandbox)
            if self._judge:
                self._judge.check(call, resource, values, reply)
            return reply

        name = "GET" if incoming.method == "HEAD" else incoming.method
        incoming.operation = resource.operations.get(name)
        return answer(call, incoming.operation, sandbox.faults, serve)

    def _keep(
        self,
        sandbox: Sandbox,
        incoming: Incoming,
        reply: Reply,
        headers: list[tuple[str, str]],
        milliseconds: float,
    ) -> None:
        """Write an exchange into the journal, errors too."""
        sandbox.journal.add(
            incoming.operation,
            tuple(incoming.headers.items()),
            incoming.body_that_was_read,
            reply.body,
            moment=time.time(),
            origin=incoming.origin + incoming.root,
            method=incoming.method,
            target=incoming.target,
            status=reply.status,
            response_headers=tuple(headers),
            milliseconds=milliseconds,
        )
        if sandbox.journal.budget.is_exceeded:
            self._service.sandboxes.spare_journals()


def refusal(error: Exception, method: str, path: str) -> Reply:
    """Answer what was raised outside the pipeline: no route, a refused request, a fault of ours."""
    if isinstance(error, APIError):
        return error.reply()
    if isinstance(error, HTTPException):
        if error.code == 404:
            return NoSuchRoute().reply()
        return Reply(error.code or 500, (error.description or "").encode(), "text/plain")
    LOG.error("%s %s", method, path, exc_info=error)
    if isinstance(error, ContractBreach):
        text = f"the mock broke the contract: {error}\n"
        return Reply(500, text.encode(), "text/plain; charset=utf-8")
    return ServerError().reply()


@lru_cache(maxsize=600)
def _status_line(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES.get(status, 'Unknown').upper()}"


def _decoded(path: str) -> str:
    """Return a path as text; WSGI hands over its bytes as Latin-1."""
    return path if path.isascii() else path.encode("latin-1").decode(errors="replace")


def _parse_multipart(body: bytes, boundary: bytes) -> Form:
    parser = MultiPartParser(max_form_memory_size=None, max_form_parts=MAXIMUM_FIELDS)
    # Django's parser takes the end of the body for the end of the last part, and what is no part
    # for nothing at all.
    body += b"\r\n--" + boundary + b"--\r\n"
    try:
        fields, files = parser.parse(BytesIO(body), boundary, len(body))
    except HTTPException:
        raise SuspiciousRequest from None
    except ValueError:
        return Form()
    form = Form({name: list(values) for name, values in fields.lists() if name})
    for name, uploads in files.lists():
        # A file without a name was not chosen; Django leaves it out.
        named = [each for each in map(_uploaded, uploads) if each.name]
        if named:
            form[name] = list(named)
    return form


def _uploaded(upload: FileStorage) -> InMemoryUploadedFile:
    with upload.stream:
        return InMemoryUploadedFile(upload.filename or "", upload.mimetype, upload.read())


def _redirect(incoming: Incoming) -> Reply:
    """Answer as Django's APPEND_SLASH does: 301, no body, path and query only."""
    query = incoming.environ.get("QUERY_STRING")
    location = f"{incoming.root}{incoming.path}/" + (f"?{query}" if query else "")
    return Reply(301, b"", HTML, {"Location": location})
