"""From Flask's request to a plain one, and from a plain response to Flask's."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Request as FlaskRequest
from flask import Response as FlaskResponse
from flask import request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, SecurityError
from werkzeug.sansio.utils import get_host

from mockserver.api.addresses import quote_path, quote_query
from mockserver.api.bodies import measure_body, read_rest
from mockserver.api.forms import parse_multipart
from mockserver.api.service import Service
from mockserver.contract.operation import Operation
from mockserver.errors import (
    APIError,
    BodyTooLarge,
    DisallowedHost,
    SuspiciousRequest,
)
from mockserver.framework.hosts import is_valid_host
from mockserver.hints.served import ServedRequest
from mockserver.messages import (
    HTML,
    MAXIMUM_FIELDS,
    Form,
    Request,
    Response,
)
from mockserver.sandbox.faults import LENGTH
from mockserver.sandbox.journal import KEY, hide_key, is_secret_header
from mockserver.sandbox.registry import IN_PATH, read_sandbox_name, read_stray_sandbox_name
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Exchange:
    """A request that is being served, with what is known of it.

    `origin` is scheme and host as the client used them, `root` what stands before the API in the
    path, `path` the rest, both quoted. `is_outside` tells that the path is not below the mock's
    prefix, and `is_unrouted` that no rule has it. `sandbox` is None where the request is not kept
    in a journal; `refusal` is what is wrong with the sandbox's name; `body` and `form` are what was
    read of the request.
    """

    __slots__ = (
        *("_started", "body", "form", "has_valid_host", "is_api", "is_outside", "is_passed_on"),
        *("is_unrouted", "operation"),
        *("origin", "path", "query", "received", "refusal", "root", "sandbox"),
    )

    def __init__(self, received: FlaskRequest, public_origin: str, public_path: str) -> None:
        environ = received.environ
        self._started = time.perf_counter()
        self.received = received
        host = environ.get("HTTP_HOST")
        if not host and environ.get("SERVER_PROTOCOL") in HTTP_1_0:
            host = None  # which has no such header; a load balancer may ask so for its health
        self.has_valid_host = host is None or is_known_host(host)
        self.origin = public_origin or read_origin(received.scheme, host, received.server)
        self.root = public_path + quote_path(environ["SCRIPT_NAME"])
        self.path = quote_path(environ.get(UNROUTED, environ["PATH_INFO"]))
        self.is_outside = UNROUTED in environ
        self.is_api = self.path.startswith(API) and not self.is_outside
        self.is_unrouted = self._is_unrouted()
        self.is_passed_on = False
        self.query: str = environ["QUERY_STRING"]
        self.sandbox: Sandbox | None = None
        self.refusal: APIError | None = None
        self.operation: Operation | None = None
        self.body = b""
        self.form: Form | None = None

    def _is_unrouted(self) -> bool:
        """Tell whether no rule has the path; Werkzeug takes `//api/` for `/api/`, Django not."""
        bare = f"/{self.path.lstrip('/')}"
        if bare.startswith(CONTROL_PLANE):
            return False
        is_doubled = bare != self.path and bare.startswith(API)
        return is_doubled or isinstance(self.received.routing_exception, NotFound)

    def milliseconds(self) -> float:
        """Return how long ago the mock began to serve the request."""
        return (time.perf_counter() - self._started) * 1000

    @property
    def is_front_door(self) -> bool:
        """Whether somebody looks at the root of the mock or of a sandbox."""
        is_root = self.path in ("", "/") and self.received.method in ("GET", "HEAD")
        return is_root and self.is_unrouted

    @property
    def is_stray(self) -> bool:
        """Whether an application asks for what is not there; browsers ask for some things too."""
        if not self.is_unrouted or self.is_front_door:
            return False
        return self.path not in ASKED_BY_BROWSERS and not self.path.startswith("/.well-known/")

    @property
    def is_open(self) -> bool:
        """Whether pages of other origins may ask: all but the control plane, also in vain."""
        return self.is_api or self.is_unrouted

    @property
    def is_cross_origin(self) -> bool:
        """Whether a page asks from an origin that it names, for what other origins may read."""
        return (self.is_open or self.is_picture) and "HTTP_ORIGIN" in self.received.environ

    @property
    def is_picture(self) -> bool:
        """Whether somebody reads a picture."""
        folder, _, _ = self.path.rpartition("/")
        return folder == PICTURES and self.received.method in ("GET", "HEAD")

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks what it may send; such a request has no key."""
        return (
            self.is_open
            and self.received.method == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in self.received.environ
        )

    @property
    def target(self) -> str:
        """Path and query as a client may send them, without what stands before the API."""
        return self.path + quote_query(self.query)

    def describe(self, response: FlaskResponse, store: Store) -> ServedRequest:
        """Return the request and its response as the hints look at them."""
        return ServedRequest(
            self.received.method,
            self.root,
            self.path,
            self.query,
            RequestHeaders(self.received.environ),
            self.body,
            self.form,
            response.status_code,
            partial(_body_of, response),
            self.operation,
            store,
            self.is_unrouted,
            self.is_outside,
        )

    def record(
        self,
        sandbox: Sandbox,
        response: FlaskResponse,
        milliseconds: float,
        hints: tuple[str, ...],
    ) -> None:
        """Write this exchange into the journal of its sandbox."""
        words = self.received.environ.get("HTTP_AUTHORIZATION", "").split()
        own = sandbox.store.api_keys.get(words[-1]) if words else None
        body = b"" if self.is_passed_on else self.body or read_rest(self.received)
        sandbox.journal.add(
            time.time(),
            self.origin + self.root,
            self.received.method,
            self.target,
            read_headers(self.received.environ),
            body,
            response.status_code,
            tuple(
                (name, KEY if is_secret_header(name) else value) for name, value in response.headers
            ),
            _body_of(response),
            milliseconds,
            self.operation,
            hints,
            own.key if own else "",
            own.user_id if own else None,
            measure_body(self.received, body, is_passed_on=self.is_passed_on),
        )


API = "/api/"
HTTP_1_0 = ("HTTP/1.0", "HTTP/1")
"""The oldest version, as WSGI and as Granian write it."""
CONTROL_PLANE = "/__mock__/"
PICTURES = f"{CONTROL_PLANE}images"
"""What a page of another origin may draw on a canvas and export."""
MAXIMUM_FILES = 64_000_000
"""Bytes of a form beyond the maximum of a body: Django's own bound leaves files out."""
ASKED_BY_BROWSERS = frozenset(
    {"/favicon.ico", "/robots.txt", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png"}
)
EXCHANGE = "mockserver.exchange"
"""Where the environment of a request keeps what is known of it."""
UNROUTED = "mockserver.unrouted"
"""Where the environment of a request keeps a path that was taken away for having no rule."""


class APIResponse(FlaskResponse):
    """A response that has a content type only if the API gives it one."""

    default_mimetype = None

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        """Return a body that is complete as a list, which the server sends as one piece.

        Flask's iterator makes it wait for more, which takes a twelfth of a request.
        """
        if not self.is_sequence or environ["REQUEST_METHOD"] == "HEAD" or self.status_code != 200:
            return super().get_app_iter(environ)
        body = list(self.iter_encoded())
        self.close()
        return body


class RequestHeaders:
    """The headers of a request by name, in any case.

    Those of Werkzeug raise an exception inside for each header that was not sent.
    """

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def get(self, key: str) -> str | None:
        """Return the value of a header, or None."""
        return self._environ.get(_environ_key(key))


@lru_cache(maxsize=1024)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


class CutBody:
    """A body that ends before its announced length.

    The server sends a list as one piece; only an iterator may end early, and then the server closes
    the connection.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.body])


def _body_of(response: FlaskResponse) -> bytes:
    """Return the body of a response, unless it is streamed."""
    if isinstance(response.response, CutBody):
        return response.response.body
    return response.get_data() if response.is_sequence else b""


@lru_cache(maxsize=256)
def read_origin(scheme: str, host: str | None, server: tuple[str, int | None] | None) -> str:
    """Return scheme and host as the client used them, of which a mock sees few.

    A host that cannot be one is empty; with some releases Werkzeug raises instead.
    """
    if host is not None:
        return f"{scheme}://{host}"
    try:
        return f"{scheme}://{get_host(scheme, host, server)}"
    except SecurityError:
        return f"{scheme}://"


is_known_host = lru_cache(maxsize=256)(is_valid_host)
"""The same of the hosts that were seen lately, of which there are few."""


def read_headers(environ: "WSGIEnvironment") -> tuple[tuple[str, str], ...]:
    """Return the headers of a request by their usual names, with no key among their values.

    Werkzeug's own reader works each name out anew; there are a dozen in a request of a browser.
    """
    return tuple(
        [
            (name, hide_key(value) if is_secret_header(name) else value)
            for key, value in environ.items()
            if (name := _header_name(key)) and (value or key[:5] == "HTTP_")
        ]
    )


@lru_cache(maxsize=1024)
def _header_name(key: str) -> str:
    """Return the name of the header that WSGI keeps under a key, or an empty text."""
    if key.startswith("HTTP_"):
        return key.removeprefix("HTTP_").replace("_", "-").title()
    return {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}.get(key, "")


def current_exchange(service: Service) -> Exchange:
    """Return the exchange of the current request, which begins when somebody first asks."""
    received: FlaskRequest = request._get_current_object()  # type: ignore[attr-defined]
    environ = received.environ
    exchange: Exchange | None = environ.get(EXCHANGE)
    if exchange is None:
        public = (service.public_origin, service.public_path)
        exchange = environ[EXCHANGE] = Exchange(received, *public)
        try:
            if exchange.is_api or IN_PATH in environ:  # a path is refused however it goes on
                name = read_sandbox_name(environ)
            else:
                name = read_stray_sandbox_name(environ, exchange.path)
            if exchange.is_api or exchange.is_stray:
                exchange.sandbox = service.sandboxes.get(name)
            if not exchange.has_valid_host:
                exchange.refusal = DisallowedHost()
        except APIError as invalid_name:
            exchange.refusal = invalid_name
            exchange.is_api = exchange.path.startswith(API)
    return exchange


def read_request(exchange: Exchange) -> Request:
    """Return a request as the behaviour sees it; raises SuspiciousRequest."""
    received, query = exchange.received, exchange.query
    maximum = received.max_content_length

    def read_body() -> bytes:
        """Return the body; raises BodyTooLarge over the application's MAX_CONTENT_LENGTH.

        That of a form bounds its fields, when they are known, and not its files.
        """
        if received.mimetype == "multipart/form-data" and maximum is not None:
            received.max_content_length = maximum + MAXIMUM_FILES
        try:
            exchange.body = body = received.get_data()
        except RequestEntityTooLarge:
            raise BodyTooLarge from None
        # Werkzeug cuts a body of unknown length at the maximum and says nothing.
        is_cut = received.content_length is None and len(body) == received.max_content_length
        if is_cut and received.environ["wsgi.input"].read(1):
            raise BodyTooLarge
        return body

    def read_form(body: bytes, boundary: bytes, encoding: str) -> Form:
        exchange.form = form = parse_multipart(body, boundary, maximum, encoding)
        return form

    return Request(
        received.method,
        exchange.origin,
        exchange.root,
        exchange.root + exchange.path,
        query,
        read_query(query) if query else {},
        RequestHeaders(received.environ),
        read_body,
        read_form,
    )


@lru_cache(maxsize=256)
def read_query(query: str) -> Mapping[str, str]:
    """Return the parameters of a query, the last value of each; raises SuspiciousRequest."""
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS))
    except ValueError:
        raise SuspiciousRequest from None


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
    return APIResponse(response.body, response.status, headers)


def answer_preflight(service: Service) -> APIResponse | None:
    """Return the response to a preflight, which Flask-CORS adds its headers to, or None."""
    if service.config.cors and current_exchange(service).is_preflight:
        return APIResponse(b"", 200, content_type=HTML)
    return None
