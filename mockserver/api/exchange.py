"""From Flask's request to a plain one, and from a plain response to Flask's.

Addresses are written as Django writes them, which is not always as Werkzeug does.
"""

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import parse_qsl, quote

from flask import Request as FlaskRequest
from flask import Response as FlaskResponse
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from mockserver.contract.operation import Operation
from mockserver.errors import BodyTooLarge, SuspiciousRequest
from mockserver.messages import (
    HTML,
    MAXIMUM_FIELDS,
    Form,
    InMemoryUploadedFile,
    Request,
    Response,
)
from mockserver.sandbox.faults import LENGTH
from mockserver.sandbox.sandbox import Sandbox

# What Django leaves unquoted: in a path (`django.utils.encoding.escape_uri_path`), in a query
# (`iri_to_uri`).
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
SAFE_IN_QUERY = "/#%[]=:;$&()+,!?*@'~"


class Exchange:
    """A request that is being served, with what is known of it; kept in Flask's `g`.

    `started` is a reading of `time.perf_counter()`. `origin` is scheme and host as the client used
    them, `root` what stands before the API in the path, `path` the rest, both quoted. `sandbox` is
    None where the request is none to the API; `body` is what was read of the request.
    """

    __slots__ = ("body", "operation", "origin", "path", "query", "root", "sandbox", "started")

    def __init__(self, received: FlaskRequest, started: float) -> None:
        environ = received.environ
        self.started = started
        self.origin = f"{received.scheme}://{received.host}"
        self.root = quote_path(environ["SCRIPT_NAME"])
        self.path = quote_path(environ["PATH_INFO"])
        self.query: str = environ["QUERY_STRING"]
        self.sandbox: Sandbox | None = None
        self.operation: Operation | None = None
        self.body = b""

    @property
    def target(self) -> str:
        """Path and query as a client may send them, without what stands before the API."""
        return self.path + quote_query(self.query)


class APIResponse(FlaskResponse):
    """A response that has a content type only if the API gives it one."""

    default_mimetype = None


class CutBody:
    """A body that ends before its announced length.

    The server sends a list as one piece; only an iterator may end early, and then the server closes
    the connection.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.body])


def read_request(received: FlaskRequest, exchange: Exchange) -> Request:
    """Return a request as the behaviour sees it; raises SuspiciousRequest."""
    query = exchange.query
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS)
    except ValueError:
        raise SuspiciousRequest from None

    def read_body() -> bytes:
        """Return the body; raises BodyTooLarge over the application's MAX_CONTENT_LENGTH."""
        try:
            exchange.body = body = received.get_data()
        except RequestEntityTooLarge:
            raise BodyTooLarge from None
        # Werkzeug cuts a body of unknown length at the maximum and says nothing.
        is_cut = received.content_length is None and len(body) == received.max_content_length
        if is_cut and received.environ["wsgi.input"].read(1):
            raise BodyTooLarge
        return body

    return Request(
        received.method,
        exchange.origin,
        exchange.root,
        exchange.root + exchange.path,
        query,
        dict(pairs),
        received.headers,
        read_body,
        parse_multipart,
    )


def write_response(response: Response) -> APIResponse:
    """Return a response as Flask sends it; one whose length is given ends before it."""
    headers = list(response.headers.items())
    if response.status in (204, 304):
        headers = [(name, value) for name, value in headers if name != LENGTH]
        return APIResponse(b"", response.status, headers)
    if response.content_type is not None:
        headers.append(("Content-Type", response.content_type))
    if LENGTH in response.headers:
        return APIResponse(CutBody(response.body), response.status, headers)
    headers.append((LENGTH, str(len(response.body))))
    return APIResponse(response.body, response.status, headers)


def append_slash(exchange: Exchange) -> APIResponse:
    """Redirect as Django's APPEND_SLASH does: 301, no body, path and query only."""
    location = f"{exchange.root}{exchange.path}/{quote_query(exchange.query)}"
    return APIResponse(b"", 301, {"Location": location}, content_type=HTML)


def quote_path(path: str) -> str:
    """Return a path of WSGI, which is bytes as Latin-1, as Django writes it into an address."""
    return quote(path.encode("latin-1"), safe=SAFE_IN_PATH) if path else ""


def quote_query(query: str) -> str:
    """Return a query with its question mark as Django writes it into an address; or nothing."""
    return f"?{quote(query.encode('latin-1'), safe=SAFE_IN_QUERY)}" if query else ""


def parse_multipart(body: bytes, boundary: bytes) -> Form:
    """Return the fields and files of a multipart body; raises SuspiciousRequest."""
    parser = MultiPartParser(
        # In memory, as the whole body is, which is bounded.
        stream_factory=lambda *arguments, **options: BytesIO(),
        max_form_memory_size=None,
        max_form_parts=MAXIMUM_FIELDS,
    )
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
        named = [upload for upload in map(_read_upload, uploads) if upload.name]
        if named:
            form[name] = list(named)
    return form


def _read_upload(upload: FileStorage) -> InMemoryUploadedFile:
    with upload.stream:
        return InMemoryUploadedFile(upload.filename or "", upload.mimetype, upload.read())
