"""The API as a WSGI application: Werkzeug at the door, the service behind it.

It stands beside Flask and not inside of it: what Flask does for each request costs more than the
whole service.
"""

import logging
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from mockserver.api.cross_origin import CrossOrigin, is_preflight
from mockserver.api.incoming import Incoming, quoted_query
from mockserver.api.routes import Routes
from mockserver.api.service import Service
from mockserver.contract.strict import Judge
from mockserver.errors import APIError, ContractBreach, NoSuchRoute, ServerError
from mockserver.messages import HTML, Response
from mockserver.sandbox.faults import LENGTH, answer
from mockserver.sandbox.registry import read_sandbox_name
from mockserver.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logging.getLogger("mockserver")
LogLine = Callable[[str, str, int, float], None]
"""Writes a line about a request: method, target, status, milliseconds."""


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
            sandbox = self._service.sandboxes.get(read_sandbox_name(environ))
            response = self._reply(incoming, sandbox)
        except Exception as error:  # noqa: BLE001  (whatever it is becomes an answer)
            response = refusal(error, incoming.method, incoming.path)
        is_cut, has_no_body = LENGTH in response.headers, response.status in (204, 304)
        headers = _headers_of(response, has_no_body=has_no_body)
        if self._cross_origin:
            headers += self._cross_origin.headers(environ)
        milliseconds = (time.perf_counter() - started) * 1000
        if sandbox:
            self._keep(sandbox, incoming, response, headers, milliseconds)
        if self._log:
            self._log(incoming.method, incoming.target, response.status, milliseconds)
        start_response(_status_line(response.status), headers)
        body = [] if has_no_body or incoming.method == "HEAD" else [response.body]
        # The server sends a list as one piece; only an iterator may end before its length.
        return iter(body) if is_cut else body

    def _reply(self, incoming: Incoming, sandbox: Sandbox) -> Response:
        environ = incoming.environ
        if self._cross_origin and is_preflight(environ):
            return Response(200, b"", HTML)
        path = _decoded(environ["PATH_INFO"])
        found = self._routes.find(path)
        if found is None:
            if self._routes.find(f"{path}/"):
                return _redirect(incoming)
            raise NoSuchRoute
        resource, values = found
        request = incoming.call()

        def serve() -> Response:
            response = self._service.answer(request, resource, values, sandbox)
            if self._judge:
                self._judge.check(request, resource, values, response)
            return response

        name = "GET" if incoming.method == "HEAD" else incoming.method
        incoming.operation = resource.operations.get(name)
        return answer(request, incoming.operation, sandbox.faults, serve)

    def _keep(
        self,
        sandbox: Sandbox,
        incoming: Incoming,
        response: Response,
        headers: list[tuple[str, str]],
        milliseconds: float,
    ) -> None:
        """Write an exchange into the journal, errors too."""
        sandbox.journal.add(
            incoming.operation,
            tuple(incoming.headers.items()),
            incoming.body_that_was_read,
            response.body,
            moment=time.time(),
            origin=incoming.origin + incoming.root,
            method=incoming.method,
            target=incoming.target,
            status=response.status,
            response_headers=tuple(headers),
            milliseconds=milliseconds,
        )
        if sandbox.journal.budget.is_exceeded:
            self._service.sandboxes.trim_journals()


def refusal(error: Exception, method: str, path: str) -> Response:
    """Answer what was raised outside the pipeline: no route, a refused request, a fault of ours."""
    if isinstance(error, APIError):
        return error.response()
    if isinstance(error, HTTPException):
        if error.code == 404:
            return NoSuchRoute().response()
        return Response(error.code or 500, (error.description or "").encode(), "text/plain")
    LOG.error("%s %s", method, path, exc_info=error)
    if isinstance(error, ContractBreach):
        text = f"the mock broke the contract: {error}\n"
        return Response(500, text.encode(), "text/plain; charset=utf-8")
    return ServerError().response()


def _headers_of(response: Response, *, has_no_body: bool) -> list[tuple[str, str]]:
    """Return the headers of an answer, with the length of a body that there may be."""
    if has_no_body:
        return [(name, value) for name, value in response.headers.items() if name != LENGTH]
    headers = [*response.headers.items()]
    if response.content_type is not None:
        headers.append(("Content-Type", response.content_type))
    if LENGTH not in response.headers:
        headers.append((LENGTH, str(len(response.body))))
    return headers


@lru_cache(maxsize=600)
def _status_line(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES.get(status, 'Unknown').upper()}"


def _decoded(path: str) -> str:
    """Return a path as text; WSGI hands over its bytes as Latin-1."""
    return path if path.isascii() else path.encode("latin-1").decode(errors="replace")


def _redirect(incoming: Incoming) -> Response:
    """Answer as Django's APPEND_SLASH does: 301, no body, path and query only."""
    location = f"{incoming.root}{incoming.path}/{quoted_query(incoming.environ)}"
    return Response(301, b"", HTML, {"Location": location})
