"""What is done before and after every request: its sandbox, the journal, the log, the errors."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask, Response, g, request
from werkzeug.exceptions import InternalServerError, NotFound

from mockserver.api.exchange import APIResponse, CutBody, Exchange, write_response
from mockserver.api.service import Service
from mockserver.errors import APIError, ContractBreach, NoSuchRoute, ServerError
from mockserver.messages import HTML
from mockserver.sandbox.journal import Journal
from mockserver.sandbox.registry import IN_PATH, named_in

LOG = logging.getLogger("mockserver")
API = "/api/"
LogLine = Callable[[str, str, int, float], None]
"""Writes a line about a request: method, target, status, milliseconds."""


def register_hooks(app: Flask, service: Service) -> None:
    """Register the hooks and the error handlers of a mock on its application.

    Flask calls the last hook after a request first, so the journal, which is registered first, sees
    the response as it leaves.
    """
    app.before_request(partial(_begin, service))
    app.after_request(partial(_end, service, LOG_LINES[service.config.log_requests]))
    app.register_error_handler(APIError, _refuse)
    app.register_error_handler(ContractBreach, _report_breach)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(InternalServerError, _server_error)


def _begin(service: Service) -> Response | None:
    """Pick the sandbox of a request to the API; answer a preflight, which has no key."""
    exchange = g.exchange = Exchange(request, time.perf_counter())
    environ = request.environ
    if exchange.path.startswith(API):
        exchange.sandbox = service.sandboxes.get(named_in(environ))
        if service.config.cors and _is_preflight():
            return APIResponse(b"", 200, content_type=HTML)
    elif IN_PATH in environ:  # refused however the path goes on
        named_in(environ)
    return None


def _is_preflight() -> bool:
    """Tell whether a browser asks what it may send."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _end(service: Service, write_line: LogLine | None, response: Response) -> Response:
    """Write the exchange into the journal of its sandbox, errors too, and into the log."""
    exchange: Exchange = g.exchange
    milliseconds = (time.perf_counter() - exchange.started) * 1000
    if exchange.sandbox:
        _record(exchange, exchange.sandbox.journal, response, milliseconds)
        if exchange.sandbox.journal.budget.is_exceeded:
            service.sandboxes.spare_journals()
    if write_line:
        write_line(request.method, exchange.target, response.status_code, milliseconds)
    return response


def _record(exchange: Exchange, journal: Journal, response: Response, milliseconds: float) -> None:
    journal.add(
        exchange.operation,
        tuple(request.headers.items()),
        exchange.body,
        _body_of(response),
        moment=time.time(),
        origin=exchange.origin + exchange.root,
        method=request.method,
        target=exchange.target,
        status=response.status_code,
        response_headers=tuple(response.headers),
        milliseconds=milliseconds,
    )


def _body_of(response: Response) -> bytes:
    """Return the body of a response, unless it is streamed."""
    if isinstance(response.response, CutBody):
        return response.response.body
    return response.get_data() if response.is_sequence else b""


def _refuse(error: APIError) -> Response:
    return write_response(error.response())


def _not_found(error: NotFound) -> Response:
    return write_response(NoSuchRoute().response())


def _server_error(error: InternalServerError) -> Response:
    return write_response(ServerError().response())


def _report_breach(error: ContractBreach) -> Response:
    """Answer loudly what a strict mock did wrong itself."""
    LOG.error("%s %s: %s", request.method, request.path, error)
    return Response(f"the mock broke the contract: {error}\n", 500, content_type="text/plain")


def _write_text(method: str, target: str, status: int, milliseconds: float) -> None:
    moment = time.strftime("%H:%M:%S")
    print(f"{moment} {status} {method} {target} {milliseconds:.1f} ms", flush=True)


def _write_json(method: str, target: str, status: int, milliseconds: float) -> None:
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "method": method,
        "path": target,
        "status": status,
        "milliseconds": round(milliseconds, 1),
    }
    print(json.dumps(line), flush=True)


LOG_LINES: Mapping[str, LogLine | None] = {"off": None, "text": _write_text, "json": _write_json}
"""How a request is logged, by the setting: time, method, path, status, duration; never a header."""
