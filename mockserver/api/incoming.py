"""One request as WSGI hands it over: its address, its headers and its body."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.formparser import MultiPartParser
from werkzeug.wsgi import get_content_length, get_host, get_input_stream

from mockserver.contract.operation import Operation
from mockserver.errors import BodyTooLarge, SuspiciousRequest
from mockserver.messages import MAXIMUM_FIELDS, Form, Request, UploadedFile

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# What Django leaves unquoted: in a path (`django.utils.encoding.escape_uri_path`), in a query
# (`iri_to_uri`).
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
SAFE_IN_QUERY = "/#%[]=:;$&()+,!?*@'~"


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
            if key.startswith("HTTP_") or (key in WITHOUT_PREFIX and value):
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


def _host(environ: "WSGIEnvironment") -> str:
    try:
        return get_host(environ)
    except SecurityError:  # with some releases for a host that cannot be one, with others it is ""
        return ""


class Incoming:
    """One request: what Werkzeug's helpers read from its environ, and what came of it."""

    __slots__ = (
        *("_body", "_maximum", "environ", "headers", "method", "operation"),
        *("origin", "path", "root"),
    )

    def __init__(self, environ: "WSGIEnvironment", maximum_body: int) -> None:
        self.environ = environ
        self.headers = SentHeaders(environ)
        self.method: str = environ["REQUEST_METHOD"].upper()
        self.origin = f"{environ['wsgi.url_scheme']}://{_host(environ)}"
        self.root = _quoted_path(environ.get("SCRIPT_NAME", ""))
        self.path = _quoted_path(environ["PATH_INFO"])
        self.operation: Operation | None = None
        self._maximum = maximum_body
        self._body: bytes | None = None

    @property
    def target(self) -> str:
        """The path without what stands before the API, with the query."""
        return self.path + quoted_query(self.environ)

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
            stream = get_input_stream(self.environ)
            # Without a length it may be endless.
            body = stream.read() if length is not None else stream.read(self._maximum + 1)
            if len(body) > self._maximum:
                raise BodyTooLarge
            self._body = body
        return self._body

    def call(self) -> Request:
        """Return the plain call that the behaviour sees; raises SuspiciousRequest."""
        query = self.environ.get("QUERY_STRING", "")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS)
        except ValueError:
            raise SuspiciousRequest from None
        return Request(
            self.method,
            self.origin,
            self.root,
            self.root + self.path,
            query,
            dict(pairs),
            self.headers,
            self.read_body,
            parse_multipart,
        )


def target_of(environ: Mapping[str, Any]) -> str:
    """Return path and query as a client may send them, without what stands before the API."""
    return _quoted_path(environ.get("PATH_INFO", "")) + quoted_query(environ)


def _quoted_path(path: str) -> str:
    return quote(path.encode("latin-1"), safe=SAFE_IN_PATH) if path else ""


def quoted_query(environ: Mapping[str, Any]) -> str:
    """Return the query with its question mark, as Django writes it into an address; or nothing."""
    query = environ.get("QUERY_STRING")
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
        named = [each for each in map(_uploaded, uploads) if each.name]
        if named:
            form[name] = list(named)
    return form


def _uploaded(upload: FileStorage) -> UploadedFile:
    with upload.stream:
        return UploadedFile(upload.filename or "", upload.mimetype, upload.read())
