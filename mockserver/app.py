"""The web application: Flask, with the API, the control plane and the page as blueprints."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from mockserver.api.blueprint import create_blueprint
from mockserver.api.hooks import register_hooks
from mockserver.api.middleware import ForwardedAddress, PathPrefix
from mockserver.api.service import Service
from mockserver.config import Config
from mockserver.contract.compiler import load_contract
from mockserver.contract.contract import Contract
from mockserver.control import events, public, state, traffic
from mockserver.errors import StartError
from mockserver.files import WORLD
from mockserver.framework.throttling import NO_LIMIT, read_rate
from mockserver.page import views
from mockserver.rendering.check import check_world
from mockserver.sandbox.clock import check_moment
from mockserver.sandbox.journal import Budget
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.scenarios import Scenarios
from mockserver.sandbox.state_file import StateFile
from mockserver.world.document import read_world
from mockserver.world.loader import load_world
from mockserver.world.seed import grow
from mockserver.world.seed_assignments import with_assignments

if TYPE_CHECKING:
    from mockserver.upstream import Upstream


class Application(Flask):
    """A Flask application that routes whatever the `Host` is: the API answers a wrong one."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the rule of a request; no rule depends on its host."""
        try:
            return super().create_url_adapter(request)
        except HTTPException:
            assert request is not None  # noqa: S101  (without one there is no host)
            return self.url_map.bind_to_environ({**request.environ, "HTTP_HOST": "localhost"})


def create_app(config: Config | None = None) -> Flask:
    """Return a Flask application with a world of its own; raises StartError."""
    config = config or Config()
    contract = load_contract()
    sandboxes = SandboxRegistry(sandbox_maker(config, contract), config.maximum_sandboxes)
    base = sandboxes.default.base
    scenarios = Scenarios(base, contract, config.seed, config.scenarios)
    try:
        service = Service(config, contract, sandboxes, scenarios)
    except ValueError as error:
        raise StartError(f"--public-url: {error}") from error
    if config.state:
        service.state_file = StateFile(config.state, sandboxes.default, contract)
    app = Application("mockserver", static_folder=None, template_folder="page/templates")
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = config.maximum_body
    register_hooks(app, service, open_upstream(config))
    app.register_blueprint(create_blueprint(service))
    for module in (public, state, traffic, events, views):
        app.register_blueprint(module.blueprint)
    app.wsgi_app = PathPrefix(app.wsgi_app, config.prefix)  # type: ignore[method-assign]
    if config.trust_proxy:
        trusted = dict.fromkeys(("x_for", "x_proto", "x_host", "x_prefix"), config.trust_proxy)
        app.wsgi_app = ProxyFix(ForwardedAddress(app.wsgi_app), **trusted)  # type: ignore[method-assign]
    return app


def open_upstream(config: Config) -> "Upstream | None":
    """Return the service that gets what the mock does not have; none unless one is configured."""
    if not config.upstream:
        return None
    from mockserver.upstream import Upstream  # the HTTP client takes as long to load as the rest

    return Upstream(
        config.upstream,
        allow_writes=config.upstream_writes,
        ca=config.upstream_ca,
        maximum_body=config.maximum_body,
    )


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
    if config.now:
        try:
            check_moment(config.now)
        except ValueError as error:
            raise StartError(f"--now: {error}") from error
    rate = read_rate(config.rate_limit) if config.rate_limit else NO_LIMIT
    return partial(Sandbox, store, config.now, config.seed, delay, rate, Budget())
