"""The web application: Flask, with the API, the control plane and the page as blueprints."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask

from mockserver.api.blueprint import create_blueprint
from mockserver.api.hooks import register_hooks
from mockserver.api.middleware import PathPrefix
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


def create_app(config: Config | None = None) -> Flask:
    """Return a Flask application with a world of its own; raises StartError."""
    config = config or Config()
    contract = load_contract()
    sandboxes = SandboxRegistry(sandbox_maker(config, contract), config.maximum_sandboxes)
    base = sandboxes.default.base
    scenarios = Scenarios(base, contract, config.seed, config.scenarios)
    service = Service(config, contract, sandboxes, scenarios)
    if config.state:
        service.state_file = StateFile(config.state, sandboxes.default, contract)
    app = Flask("mockserver", static_folder=None, template_folder="page/templates")
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = config.maximum_body
    register_hooks(app, service)
    app.register_blueprint(create_blueprint(service))
    for module in (public, state, traffic, events, views):
        app.register_blueprint(module.blueprint)
    app.wsgi_app = PathPrefix(app.wsgi_app, config.prefix)  # type: ignore[method-assign]
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
    if config.now:
        try:
            check_moment(config.now)
        except ValueError as error:
            raise StartError(f"--now: {error}") from error
    rate = read_rate(config.rate_limit) if config.rate_limit else NO_LIMIT
    return partial(Sandbox, store, config.now, config.seed, delay, rate, Budget())
