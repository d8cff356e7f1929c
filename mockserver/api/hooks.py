"""What is done after every request: CORS, the journal, the log; and the error handlers."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from flask_cors import cross_origin
from werkzeug.exceptions import InternalServerError, NotFound, RequestEntityTooLarge

from mockserver.api.exchange import (
    EXCHANGE,
    APIResponse,
    Exchange,
    answer_preflight,
    current_exchange,
    write_response,
)
from mockserver.api.front_door import open_front_door
from mockserver.api.middleware import clean_prefix
from mockserver.api.service import Service
from mockserver.contract.compiler import load_contract
from mockserver.errors import APIError, BodyTooLarge, ContractViolation, NoSuchRoute, ServerError
from mockserver.hints.finder import HintFinder
from mockserver.hints.wording import HEADER, write_header
from mockserver.messages import ReceivedRequest
from mockserver.sandbox.faults import FAULT

if TYPE_CHECKING:
    from mockserver.upstream import Upstream

LOG = logging.getLogger("mockserver")
CHUNK = 65_536
"""Bytes of a body that are passed on at once."""
READABLE_HEADERS = (
    *("Allow", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate"),
    *(HEADER, FAULT, "X-Mock-Upstream"),
)
"""Response headers that a page of another origin may read."""
View = Callable[[Response], Response]
LogLine = Callable[[str, str, int, float], None]
"""Writes a line about a request: method, target, status, milliseconds."""


def register_hooks(app: Flask, service: Service, upstream: "Upstream | None" = None) -> None:
    """Register the hook and the error handlers of a mock on its application.

    There is one hook, since each costs something on every request. Flask calls the last one that
    was registered first, so this one sees the response as it leaves.
    """
    prefix = clean_prefix(service.config.prefix)
    hint_finder = HintFinder(service.contract, load_contract(), service.config, prefix)
    write_line = LOG_LINES[service.config.log_requests]
    add_cors_headers = _cors(service.config.cors) if service.config.cors else None

    def end(response: Response) -> Response:
        """Write the exchange into the journal of its sandbox, errors too, and into the log."""
        exchange = current_exchange(service)
        del exchange.received.environ[EXCHANGE]  # a cycle, for the garbage collector alone
        if add_cors_headers and exchange.is_cross_origin:
            response = add_cors_headers(response)
        milliseconds = exchange.milliseconds()
        if exchange.sandbox:
            hints: tuple[str, ...] = ()
            if not exchange.is_preflight and not exchange.is_passed_on:
                hints = hint_finder.find(exchange.describe(response, exchange.sandbox.store))
            if hints:
                response.headers[HEADER] = write_header(hints)
            exchange.record(exchange.sandbox, response, milliseconds, hints)
            if exchange.sandbox.journal.budget.is_exceeded:
                service.sandboxes.trim_journals()
        if write_line:
            method = exchange.received.method
            target = exchange.root + exchange.target
            write_line(method, target, response.status_code, milliseconds)
        return response

    def not_found(error: NotFound) -> Response:
        """Answer a path that has no rule, as Django does; a preflight is answered on any path."""
        exchange = current_exchange(service)
        if exchange.refusal:
            return write_response(exchange.refusal.response())
        if upstream and upstream.takes(exchange.path):
            return answer_preflight(service) or pass_on(service, exchange, upstream)
        if exchange.is_front_door:
            return write_response(open_front_door(exchange, prefix))
        return answer_preflight(service) or write_response(NoSuchRoute().response())

    app.after_request(end)
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(APIError, _refuse)
    app.register_error_handler(ContractViolation, _report_violation)
    app.register_error_handler(InternalServerError, _server_error)


def _cors(origin: str) -> View:
    """Return what lets pages of an origin read a response, as Flask-CORS decides it.

    Its decorator is used on the response, and only where a request names its origin: as a hook of
    its own it would cost every request a tenth more.
    """
    decorate: Callable[[View], View] = cross_origin(
        origins=origin,
        expose_headers=list(READABLE_HEADERS),
        max_age=86_400,
        supports_credentials=True,
        allow_private_network=True,
        automatic_options=False,
    )

    return decorate(lambda response: response)


def _refuse(error: APIError) -> Response:
    return write_response(error.response())


def pass_on(service: Service, exchange: Exchange, upstream: "Upstream") -> Response:
    """Return the response of the real service, which is streamed."""
    exchange.is_passed_on = True
    received = exchange.received
    stores = [service.sandboxes.default.store]
    if exchange.sandbox is None:  # what browsers ask for by themselves is in the journal, too
        exchange.sandbox = service.sandboxes.default
    stores.append(exchange.sandbox.store)
    own_keys = {key for store in stores for key in store.api_keys}
    try:
        sent = ReceivedRequest(
            received.method,
            exchange.path,
            exchange.query,
            list(received.headers.items()),
            iter(partial(received.stream.read, CHUNK), b""),
            received.content_length,
            exchange.is_outside,
        )
        passed = upstream.pass_on(sent, own_keys)
    except RequestEntityTooLarge:
        return write_response(BodyTooLarge().response())
    except APIError as error:  # Flask handles none that an error handler raises
        return write_response(error.response())
    own = "access-control-" if service.config.cors else " "
    headers = [pair for pair in passed.headers if not pair[0].lower().startswith(own)]
    response = APIResponse(passed.body, passed.status, headers)
    response.call_on_close(passed.close)
    return response


def _server_error(error: InternalServerError) -> Response:
    return write_response(ServerError().response())


def _report_violation(error: ContractViolation) -> Response:
    """Answer loudly what a strict mock did wrong itself."""
    LOG.error("%s %s%s: %s", request.method, request.root_path, request.path, error)
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
