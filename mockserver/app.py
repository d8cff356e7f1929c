"""The web application: the API, and Flask for what stands beside it."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from mockserver.api.cross_origin import CrossOrigin
from mockserver.api.incoming import target_of
from mockserver.api.service import Service
from mockserver.api.wsgi import Api, LogLine, refusal
from mockserver.config import Config
from mockserver.contract.document import Contract, load_contract
from mockserver.contract.strict import judge_by
from mockserver.control import state as control_of_state
from mockserver.control import traffic as control_of_traffic
from mockserver.control.public import control_plane
from mockserver.files import WORLD
from mockserver.framework.throttling import NO_LIMIT, read_rate
from mockserver.page import views as page
from mockserver.rendering.check import check_world
from mockserver.sandbox.journal import Budget
from mockserver.sandbox.registry import IN_PATH, SandboxRegistry, read_sandbox_name, strip_prefix
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.scenarios import Scenarios
from mockserver.sandbox.state_file import StateFile
from mockserver.world.document import read_world
from mockserver.world.loader import load_world
from mockserver.world.seed import grow
from mockserver.world.seed_assignments import with_assignments

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app(config: Config | None = None) -> Flask:
    """Return a web application with a world of its own; raises StartError."""
    config = config or Config()
    everything = load_contract()
    sandboxes = SandboxRegistry(sandbox_maker(config, everything), config.maximum_sandboxes)
    base = sandboxes.default.base
    scenarios = Scenarios(base, everything, config.seed, config.scenarios)
    service = Service(config, everything, sandboxes, scenarios)
    if config.state:
        service.state_file = StateFile(config.state, sandboxes.default, everything)
    app = Flask("mockserver", static_folder=None, template_folder="page/templates")
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False
    app.register_blueprint(control_plane(service))
    app.register_blueprint(control_of_state.plane)
    app.register_blueprint(control_of_traffic.plane)
    app.register_blueprint(page.plane)
    app.register_error_handler(Exception, _on_error)
    log = LOG_LINES[config.log_requests]
    if log:
        _log_requests(app, log)
    app.before_request(_check_name)
    judge = judge_by(service.contract) if config.strict else None
    cross_origin = CrossOrigin(app, config.cors) if config.cors else None
    api = Api(service, judge, cross_origin, log)
    app.wsgi_app = _door(config.prefix, api, app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def sandbox_maker(config: Config, contract: Contract) -> Callable[[], Sandbox]:
    """Return what makes a sandbox of the world that a configuration describes."""
    path = config.world or WORLD
    document = read_world(path)
    if config.credentials or config.assertions:
        numbers = (config.credentials, config.assertions)
        document = grow(document, contract, config.seed, *numbers)
    document = with_assignments(document, contract, config.seed, config.assignments)
    store = load_world(document, str(path), keep=False)
    if config.world:
        check_world(store, contract, str(path))
    delay = timedelta(seconds=config.group_delay)
    rate = read_rate(config.rate_limit) if config.rate_limit else NO_LIMIT
    return partial(Sandbox, store, config.now, config.seed, delay, rate, Budget())


def _check_name() -> None:
    """Refuse a path that begins with what is no name of a sandbox, however it goes on."""
    if IN_PATH in request.environ:
        read_sandbox_name(request.environ)


def _on_error(error: Exception) -> Response:
    """Answer what Flask does not: no route, a refused request, a fault of ours."""
    reply = refusal(error, request.method, request.path)
    return Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)


def _log_requests(app: Flask, write: LogLine) -> None:
    """Write a line for each request that Flask answers; the API writes its own."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        milliseconds = (time.perf_counter() - g.started) * 1000
        write(request.method, target_of(request.environ), response.status_code, milliseconds)
        return response


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
"""How a request is told, by the setting: when, what, status and milliseconds; never a header."""


def _door(prefix: str, api: Api, other: "WSGIApplication") -> "WSGIApplication":
    """Serve below a path prefix: the API, and with another application what is beside it.

    The control plane stays at the root as well. A sandbox may be named before the prefix.
    """
    prefix = "/" + prefix.strip("/") if prefix else ""

    def door(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        strip_prefix(environ)
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path = path[len(prefix) :]
        elif prefix and not (path + "/").startswith("/__mock__/"):
            environ["PATH_INFO"] = path = "/"  # which no rule has: a 404
        return (api if path.startswith("/api/") else other)(environ, start_response)

    return door
