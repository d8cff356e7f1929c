"""The page at `/__mock__/`, and the contract as an interactive reference at `/__mock__/docs`.

Both are made on the server and are for the mock's owner only. Nothing that they load is from
elsewhere, and what a record brings along runs nothing.
"""

from pathlib import Path
from typing import Any

from flask import Response, render_template, request, send_from_directory

from mockserver.control.guard import (
    ControlNotFound,
    create_guarded_blueprint,
    current_sandbox,
    current_service,
)
from mockserver.errors import NotFound
from mockserver.page import presenter
from mockserver.sandbox.registry import read_sandbox_name

ROWS = 50
ASSETS = Path(__file__).parent / "assets"
VENDOR = Path(__file__).parent / "vendor"
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
FOR_REFERENCE = STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""RapiDoc sets its colours in a style sheet that it makes itself; scripts are as strict as ever."""
FOR_PREVIEWS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; "
    "sandbox"
)

blueprint = create_guarded_blueprint("page")
"""The routes of the page; each shows the sandbox that the request names."""


@blueprint.get("/")
def page() -> Response:
    """Show a sandbox: its world, its journal, and what can be switched."""
    served, sandbox = current_service(), current_sandbox()
    search = request.args.get("search", "")
    store, now = sandbox.store, sandbox.clock.now()
    platform = store.platforms.get(request.args.get("platform", ""))
    platform = platform or next(iter(store.platforms.values()))
    try:
        cards = presenter.list_cards(store, platform.key, search, request.args.get("page"))
    except NotFound as error:
        raise ControlNotFound(error.detail) from error
    rows = [presenter.build_row(exchange) for exchange in sandbox.journal.find({})[:ROWS]]
    return _page(
        "page.html",
        STRICT,
        cards=cards,
        issued=presenter.list_last_assertions(store, platform.key, now),
        curve=presenter.build_curve(store, platform.key, now),
        rows=rows,
        store=store,
        platform=platform,
        search=search,
        sandbox=sandbox,
        name=read_sandbox_name(request.environ),
        names=served.sandboxes.names(),
        scenarios=list(served.scenarios.describe_all()),
        operations=served.contract.operations,
        config=served.config,
        base=request.host_url.rstrip("/") + request.root_path,
        summarize=presenter.summarize_fault,
        clock=sandbox.clock.describe(),
    )


@blueprint.get("/journal")
def journal() -> Response:
    """Return the rows of the exchanges after a number, the newest first."""
    after = request.args.get("after", "0")
    number = int(after) if after.isdecimal() and len(after) < 20 else 0
    news = [each for each in current_sandbox().journal.find({}) if each.number > number]
    return _page(
        "journal.html", STRICT, rows=[presenter.build_row(exchange) for exchange in news[:ROWS]]
    )


@blueprint.get("/credentials/<entity_id>/preview")
def preview(entity_id: str) -> Response:
    """Show a credential's own template as a page that runs nothing."""
    store = current_sandbox().store
    credential = store.credentials.get(entity_id)
    if credential is None or not credential.fields["html_template"]:
        raise ControlNotFound("there is no credential of this id with a template")
    response = Response(presenter.render_preview(store, credential), content_type="text/html")
    return _with_policy(response, FOR_PREVIEWS)


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Return a style sheet or a script of the page."""
    return _with_policy(send_from_directory(ASSETS, name, max_age=0), STRICT)


@blueprint.get("/docs")
def docs() -> Response:
    """Show the contract, or the control plane, as a reference whose tries go to this sandbox."""
    store, auth = current_sandbox().store, current_service().config.auth
    key = next((api_key.key for api_key in store.api_keys.values() if api_key.active), "any")
    return _page(
        "docs.html",
        FOR_REFERENCE,
        key="" if auth == "off" else f"Api-Key {key}",
        of_control=request.args.get("of") == "control",
    )


@blueprint.get("/docs/<name>")
def docs_asset(name: str) -> Response:
    """Return a file of RapiDoc."""
    return send_from_directory(VENDOR, name, max_age=86_400)


def _page(template: str, policy: str, **values: Any) -> Response:
    response = Response(
        render_template(template, **values), content_type="text/html; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-store"
    return _with_policy(response, policy)


def _with_policy(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
