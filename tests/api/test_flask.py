"""The mock is a Flask application: what a team puts on it works for the API as on any other."""

import re
import subprocess
import sys
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, request

from mockserver import Config, create_app
from tests.conftest import API, MAIN, NOW
from tests.support.paths import ROOT


@pytest.fixture
def api() -> API:
    """Return a client of an application that a test may put something on."""
    return API(create_app(Config(now=NOW)))


def journal(api: API) -> list[dict[str, Any]]:
    """Return what the journal keeps, the newest first."""
    found: list[dict[str, Any]] = api.get("/__mock__/requests").json["requests"]  # type: ignore[index]
    return found


def test_the_command_of_flask_lists_the_operations() -> None:
    """`flask --app mockserver:create_app routes` shows each with its method and path."""
    command = [sys.executable, "-m", "flask", "--app", "mockserver:create_app", "routes"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    operations = create_app().extensions["mockserver"].contract.operations.values()
    assert operations
    for operation in operations:
        path = re.escape(operation.path.replace("{", "<").replace("}", ">"))
        row = rf"api\.{operation.operation_id} +{operation.method} +{path} *$"
        assert re.search(row, shown, re.MULTILINE), operation.operation_id


def test_hooks_run_in_their_order(api: API) -> None:
    """Preprocessors, hooks before and after, and teardown see a request to the API."""
    seen: list[Any] = []
    app = api.app
    app.url_value_preprocessor(lambda endpoint, values: seen.append((endpoint, values)))
    app.before_request(lambda: seen.append("before"))
    app.teardown_request(lambda error: seen.append("teardown"))

    @app.after_request
    def after(response: Response) -> Response:
        seen.append("after")
        response.headers["X-Team"] = "here"
        return response

    response = api.get()
    assert response.headers["X-Team"] == "here"
    path_values = {"org": "main", "user_id": "1"}
    endpoint = "api.credentials_orgs_users_retrieve"
    assert seen == [(endpoint, path_values), "before", "after", "teardown"]
    assert journal(api)[0]["response"]["headers"]["X-Team"] == "here"


@pytest.mark.parametrize("method", ["GET", "PATCH", "OPTIONS"])
def test_a_hook_may_answer_itself(api: API, method: str) -> None:
    """What a hook returns is the response, whatever the method, and the journal has it."""
    api.app.before_request(lambda: Response("maintenance", 503))
    response = api.send(method)
    assert (response.status_code, response.text) == (503, "maintenance")
    api.app.before_request_funcs.clear()
    newest = journal(api)[0]
    assert (newest["method"], newest["status"]) == (method, 503)
    assert newest["response"]["body"] == "maintenance"


def test_a_blueprint_below_the_api_is_served(api: API) -> None:
    """A team's own route below `/api/` is not shadowed, has its own methods, and may fail."""
    team = Blueprint("team", __name__, url_prefix="/api/team")

    @team.get("/<name>")
    def greet(name: str) -> dict[str, str]:
        return {"hello": name}

    api.app.register_blueprint(team)
    assert api.get("/api/team/ada").json == {"hello": "ada"}
    refused = api.post({}, "/api/team/ada")
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
    assert [(row["method"], row["status"]) for row in journal(api)] == [("POST", 405), ("GET", 200)]


def test_error_handlers_are_the_teams(api: API) -> None:
    """A handler of a status or of an exception takes the place of the mock's own page."""
    app = api.app

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "no such page", 404

    @app.errorhandler(ZeroDivisionError)
    def divided(error: ZeroDivisionError) -> tuple[str, int]:
        return "divided", 500

    @app.before_request
    def fail() -> None:
        if request.args.get("fail"):
            raise ZeroDivisionError

    assert api.get("/api/nowhere").text == "no such page"
    assert api.get("?fail=1").text == "divided"
    refused = api.get("nothing")  # a response of the API, which Flask does not take for an error
    assert refused.json == {"detail": "No Credential matches the given query."}


def test_an_unforeseen_error_is_djangos_page(api: API, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody handles is a 500 as Django writes it, and a line in the log."""

    @api.app.before_request
    def fail() -> None:
        raise ZeroDivisionError

    response = api.get()
    assert response.status_code == 500
    assert "<h1>Server Error (500)</h1>" in response.text
    assert any(record.exc_info for record in caplog.records)


def test_a_request_is_dispatched_by_flask(api: API) -> None:
    """`full_dispatch_request` serves a path of the API in a request context of a test."""
    with api.app.test_request_context(MAIN, headers={"Authorization": "main-admin-key"}):
        response = api.app.full_dispatch_request()
        assert request.endpoint == "api.credentials_orgs_users_retrieve"
        assert request.view_args == {"org": "main", "user_id": "1"}
        g.checked = True
    assert response.status_code == 200
    assert response.json["result"]["page_number"] == 1  # type: ignore[index]


def test_the_bound_of_bodies_is_flasks(api: API) -> None:
    """`MAX_CONTENT_LENGTH` of the application bounds what the API reads."""
    body = {"name": "n" * 900, "issuer": api.issuer()}
    assert api.post(body).status_code == 200
    api.app.config["MAX_CONTENT_LENGTH"] = 900
    refused = api.post(body)
    assert (refused.status_code, "Bad Request (400)" in refused.text) == (400, True)


def test_two_applications_share_nothing() -> None:
    """What a team puts on one application is not on another."""
    first, second = (API(create_app(Config(now=NOW))) for _ in range(2))
    first.app.before_request(lambda: Response(status=418))
    assert first.get().status_code == 418
    assert second.get().status_code == 200


def test_an_extension_may_wrap_the_application(api: API) -> None:
    """Middleware of a team stands before the prefixes that the mock takes off."""
    app: Flask = api.app
    inner, seen = app.wsgi_app, []

    def wrapped(environ: Any, start_response: Any) -> Any:
        seen.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    app.wsgi_app = wrapped  # type: ignore[method-assign]
    assert api.get(f"/__sandbox__/wrapped{MAIN}").status_code == 200
    assert seen == [f"/__sandbox__/wrapped{MAIN}"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_waits_for_the_end_of_a_response_is_called_once(api: API, method: str) -> None:
    """A complete body goes to the server as one list; `call_on_close` works all the same."""
    closed: list[int] = []

    @api.app.after_request
    def watch(response: Response) -> Response:
        response.call_on_close(lambda: closed.append(response.status_code))
        return response

    assert api.send(method).status_code == 200
    assert closed == [200]
