"""The web application: Flask at the door, the service behind it."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from flask import Flask, Request, Response, g, request
from flask_cors import CORS
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser

from mockserver import control_of_state, control_of_traffic, page
from mockserver.config import Config
from mockserver.contract import Contract, load_contract
from mockserver.control import control_plane
from mockserver.errors import (
    APIError,
    BodyTooLarge,
    ContractBreach,
    NoSuchRoute,
    ServerError,
    SuspiciousRequest,
)
from mockserver.faults import answer
from mockserver.files import WORLD
from mockserver.journal import Budget
from mockserver.messages import MAXIMUM_FIELDS, Call, Form, InMemoryUploadedFile, Reply
from mockserver.operation import Resource
from mockserver.representation import check_world
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import Sandboxes, named_in, take_off
from mockserver.scenarios import Scenarios
from mockserver.seed import grow
from mockserver.seed_assignments import with_assignments
from mockserver.service import Service
from mockserver.state_file import StateFile
from mockserver.strict import Judge, judge_by
from mockserver.throttle import NO_LIMIT, read_rate
from mockserver.world import load_world, read_world

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logging.getLogger("mockserver")
# What Django leaves unquoted in a path (`django.utils.encoding.escape_uri_path`).
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"


def create_app(config: Config | None = None) -> Flask:
    """Return a web application with a world of its own; raises StartError."""
    config = config or Config()
    everything = load_contract()
    sandboxes = Sandboxes(sandbox_maker(config, everything), config.maximum_sandboxes)
    base = sandboxes.default.base
    scenarios = Scenarios(base, everything, config.seed, config.scenarios)
    service = Service(config, everything, sandboxes, scenarios)
    if config.state:
        service.state_file = StateFile(config.state, sandboxes.default, everything)
    contract = service.contract
    app = Flask("mockserver", static_folder=None)
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False
    app.register_blueprint(control_plane(service))
    app.register_blueprint(control_of_state.plane)
    app.register_blueprint(control_of_traffic.plane)
    app.register_blueprint(page.plane)
    judge = judge_by(contract) if config.strict else None
    for resource in contract.resources:
        _route(app, resource, _view(service, resource, _without_slash(resource, contract), judge))
    app.register_error_handler(Exception, _on_error)
    _keep_journal(app, service)
    if config.cors:
        _allow_origins(app, config.cors)
    if config.log_requests != "off":
        _log_requests(app, as_json=config.log_requests == "json")
    app.wsgi_app = _below(config.prefix, app.wsgi_app)  # type: ignore[method-assign]
    return app


def sandbox_maker(config: Config, contract: Contract) -> Callable[[], Sandbox]:
    """Return what makes a sandbox of the world that a configuration describes."""
    path = config.world or WORLD
    document = read_world(path)
    if config.credentials or config.assertions:
        numbers = (config.credentials, config.assertions)
        document = grow(document, contract, config.seed, *numbers)
    document = with_assignments(document, contract, config.seed, config.assignments)
    store = load_world(document, str(path))
    if config.world:
        check_world(store, contract, str(path))
    delay = timedelta(seconds=config.group_delay)
    rate = read_rate(config.rate_limit) if config.rate_limit else NO_LIMIT
    return partial(Sandbox, store, config.now, config.seed, delay, rate, Budget())


def _route(app: Flask, resource: Resource, view: Callable[..., Response]) -> None:
    """Register one rule for a path: all methods, since permission is checked before the method."""
    rule = resource.path.replace("{", "<").replace("}", ">")
    app.url_map.add(
        # Not strict, so that the view itself answers a collection's path without its slash.
        app.url_rule_class(
            rule, endpoint=resource.path, methods=None, strict_slashes=not rule.endswith("/")
        )
    )
    app.view_functions[resource.path] = view


def _without_slash(
    resource: Resource, contract: Contract
) -> tuple[Resource, Mapping[str, str]] | None:
    """Return what Django finds under a collection's path without its slash, if anything.

    `…/users/7/issuers` is no misspelt collection: it matches `…/users/{user_id}/{entity_id}`.
    """
    steps = resource.path.removesuffix("/").split("/")
    for other in contract.resources:
        pattern = other.path.split("/")
        if len(pattern) == len(steps) and other is not resource:
            pairs = list(zip(pattern, steps, strict=True))
            if all(each == step or each.startswith("{") for each, step in pairs):
                return other, {e.strip("{}"): s for e, s in pairs if e != s}
    return None


def _view(
    service: Service,
    resource: Resource,
    without_slash: tuple[Resource, Mapping[str, str]] | None,
    judge: Judge | None,
) -> Callable[..., Response]:
    """Return the view of a path."""
    is_collection = resource.path.endswith("/")

    def view(**values: str) -> Response:
        found, path_values = resource, values
        call = _call(request, service.config.maximum_body)
        if call.path.endswith("//"):  # which a rule that is not strict about slashes takes as well
            raise NoSuchRoute
        if is_collection and not call.path.endswith("/"):
            if without_slash is None:
                return _redirect(call)
            found, more = without_slash
            path_values = {**values, **more}
        sandbox = service.sandboxes.get(named_in(request.environ))

        def serve() -> Reply:
            reply = service.answer(call, found, path_values, sandbox)
            if judge:
                judge.check(call, found, path_values, reply)
            return reply

        operation = found.operations.get("GET" if call.method == "HEAD" else call.method)
        g.operation = operation
        return _response(answer(call, operation, sandbox.faults, serve))

    return view


def _call(incoming: Request, maximum_body: int) -> Call:
    """Return the plain call that a Flask request carries."""
    environ = incoming.environ
    root = environ.get("SCRIPT_NAME", "")
    path = (root + environ["PATH_INFO"]).encode("latin-1")
    query_string = environ.get("QUERY_STRING", "")
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS)
    except ValueError:
        raise SuspiciousRequest from None
    return Call(
        incoming.method,
        f"{incoming.scheme}://{incoming.host}",
        quote(root.encode("latin-1"), safe=SAFE_IN_PATH),
        quote(path, safe=SAFE_IN_PATH),
        query_string,
        dict(pairs),
        incoming.headers,
        cache(lambda: _read_body(incoming, maximum_body)),
        _parse_multipart,
    )


def _read_body(incoming: Request, maximum: int) -> bytes:
    if (incoming.content_length or 0) > maximum:
        raise BodyTooLarge
    body = incoming.stream.read(maximum + 1)
    if len(body) > maximum:
        raise BodyTooLarge
    g.body = body
    return body


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


def _redirect(call: Call) -> Response:
    """Answer as Django's APPEND_SLASH does: 301, no body, path and query only."""
    query = f"?{call.query_string}" if call.query_string else ""
    location = f"{call.path}/{query}"
    response = Response(b"", 301, content_type="text/html; charset=utf-8")
    response.autocorrect_location_header = False
    response.headers["Location"] = location
    return response


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)
    if reply.content_type is None:  # where Flask puts its own default
        del response.headers["Content-Type"]
    if "Content-Length" in reply.headers:  # a connection that is to be cut; Flask counts for itself
        response.headers["Content-Length"] = reply.headers["Content-Length"]
    return response


def _on_error(error: Exception) -> Response:
    """Answer what was raised outside the pipeline: no route, a refused request, a fault of ours."""
    if isinstance(error, APIError):
        return _response(error.reply())
    if isinstance(error, HTTPException):
        if error.code == 404:
            return _response(NoSuchRoute().reply())
        return Response(error.description, error.code, content_type="text/plain")
    LOG.error("%s %s", request.method, request.path, exc_info=error)
    if isinstance(error, ContractBreach):
        text = f"the mock broke the contract: {error}\n"
        return Response(text, 500, content_type="text/plain; charset=utf-8")
    return _response(ServerError().reply())


def _keep_journal(app: Flask, service: Service) -> None:
    """Write every exchange with the API into the journal of its sandbox, errors too."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def write(response: Response) -> Response:
        if not request.path.startswith("/api/"):
            return response
        try:
            sandbox = service.sandboxes.get(named_in(request.environ))
        except APIError:  # it named none
            return response
        root = quote(request.root_path.rstrip("/"), safe=SAFE_IN_PATH)
        sandbox.journal.add(
            g.get("operation"),
            tuple(request.headers.items()),
            g.get("body", b""),
            response.get_data(),
            moment=time.time(),
            origin=f"{request.scheme}://{request.host}{root}",
            method=request.method,
            target=quote(request.full_path.removesuffix("?"), safe=SAFE_IN_PATH + "?=%"),
            status=response.status_code,
            response_headers=tuple(response.headers.items()),
            milliseconds=(time.perf_counter() - g.started) * 1000,
        )
        if sandbox.journal.budget.is_exceeded:
            service.sandboxes.spare_journals()
        return response


def _allow_origins(app: Flask, origin: str) -> None:
    """Let browsers call the API from other origins; a preflight needs no key."""
    CORS(
        app,
        resources=[r"/api/.*"],
        origins=origin,
        expose_headers=[
            *("Allow", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate"),
        ],
        max_age=86_400,
    )

    @app.before_request
    def answer_preflight() -> Response | None:
        is_preflight = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and is_preflight and request.path.startswith("/api/"):
            return Response(b"", 200)
        return None


def _log_requests(app: Flask, *, as_json: bool) -> None:
    """Write one line for each request: when, what, status and milliseconds; never a header."""

    @app.after_request
    def write(response: Response) -> Response:
        milliseconds = (time.perf_counter() - g.started) * 1000
        target = quote(request.full_path.removesuffix("?"), safe=SAFE_IN_PATH + "?=%")
        if as_json:
            line: dict[str, Any] = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "method": request.method,
                "path": target,
                "status": response.status_code,
                "milliseconds": round(milliseconds, 1),
            }
            print(json.dumps(line), flush=True)
        else:
            moment = time.strftime("%H:%M:%S")
            print(
                f"{moment} {response.status_code} {request.method} {target} {milliseconds:.1f} ms",
                flush=True,
            )
        return response


def _below(prefix: str, inner: Any) -> Any:
    """Serve an application below a path prefix; the control plane stays at the root as well.

    A sandbox may be named before the prefix.
    """
    prefix = "/" + prefix.strip("/") if prefix else ""

    def outer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        take_off(environ)
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
        elif prefix and not (path + "/").startswith("/__mock__/"):
            environ["PATH_INFO"] = "/"  # which no rule has: a 404
        return inner(environ, start_response)  # type: ignore[no-any-return]

    return outer
