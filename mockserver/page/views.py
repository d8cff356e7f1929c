"""The page at `/__mock__/`, and the contract as an interactive reference at `/__mock__/docs`.

Both are for the mock's owner only. The page is made in the browser by the modules in `assets`, from
JSON of these routes and of the control plane. Nothing that they load is from elsewhere, and what a
record brings along runs nothing.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Response, render_template, request, send_from_directory

from mockserver.api.middleware import clean_prefix
from mockserver.control.guard import (
    ControlNotFound,
    InvalidControlRequest,
    create_guarded_blueprint,
    current_sandbox,
    current_service,
)
from mockserver.errors import NotFound
from mockserver.page import presenter
from mockserver.sandbox.registry import SANDBOX_IN_PATH, read_sandbox_name
from mockserver.world.store import Store

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
    """Return the page; its scripts show the sandbox and the view that its address names."""
    return _page("page.html", STRICT, name=read_sandbox_name(request.environ))


@blueprint.get("/overview")
def overview() -> dict[str, Any]:
    """Return what the page needs beside the stream: addresses, scenarios, users and keys."""
    served = current_service()
    # The page is at the root as well as below the prefix, the API below the prefix only.
    root, prefix = request.root_path, clean_prefix(served.config.prefix)
    if SANDBOX_IN_PATH.sub("", root) != prefix:
        root += prefix
    return {
        "sandbox": read_sandbox_name(request.environ),
        "origin": request.host_url.rstrip("/"),
        "root": root,
        "auth": served.config.auth,
        "release": served.config.api_version,
        "mock": version("credmock"),
        "scenarios": list(served.scenarios.describe_all()),
        **presenter.describe_world(current_sandbox().store, served.contract),
    }


@blueprint.get("/credentials")
def credentials() -> dict[str, Any]:
    """Return a page of the credentials of a platform, the newest first, private ones too."""
    store, words = current_sandbox().store, request.args
    search, public = words.get("search", ""), words.get("public", "")
    if public not in ("", "true", "false"):
        raise InvalidControlRequest(f"public: expected true or false, got {public!r}")
    platform, wanted = _find_platform(store), {"true": True, "false": False}.get(public)
    try:
        return presenter.list_cards(store, platform, search, words.get("page"), public=wanted)
    except NotFound as error:
        raise ControlNotFound(error.detail) from error


@blueprint.get("/credentials/<entity_id>")
def credential_of_id(entity_id: str) -> dict[str, Any]:
    """Return a credential in full, with its last assertions."""
    sandbox = current_sandbox()
    credential = sandbox.store.credentials.get(entity_id)
    if credential is None:
        raise ControlNotFound("there is no credential of this id")
    return presenter.describe_credential(sandbox.store, credential, sandbox.clock.now())


@blueprint.get("/learners")
def learners() -> dict[str, Any]:
    """Return the users of a platform, each with the newest badges."""
    sandbox = current_sandbox()
    store, search = sandbox.store, request.args.get("search", "")
    return presenter.list_learners(store, _find_platform(store), search, sandbox.clock.now())


def _find_platform(store: Store) -> str:
    """Return the key of the platform that the request names, or of the first one."""
    platform = store.find_platform(request.args.get("platform", ""))
    return (platform or next(iter(store.platforms.values()))).key


@blueprint.get("/credentials/<entity_id>/preview")
def preview(entity_id: str) -> Response:
    """Show a credential's own template as a page that runs nothing."""
    store = current_sandbox().store
    credential = store.credentials.get(entity_id)
    if credential is None or not credential.fields["html_template"]:
        raise ControlNotFound("there is no credential of this id with a template")
    response = Response(presenter.render_preview(store, credential), content_type="text/html")
    return _with_policy(response, FOR_PREVIEWS)


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Return a style sheet, a script or the icons of the page."""
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
