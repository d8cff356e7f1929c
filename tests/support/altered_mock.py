"""The mock with one alteration, for the harness' use of schemathesis.

A run or a test names the application by its alteration, `build_target("sound")`.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse

from mockserver import Config, create_app
from mockserver.config import RELEASES
from tests.support.broken_mock import answer

LIST = "credentials_orgs_users_retrieve"
RETRIEVE = "credentials_orgs_users_retrieve_2"
CREATE = "credentials_orgs_users_create"
SUFFIX = "_mock"
Alteration = Callable[[Flask], None]


def sound(app: Flask) -> None:
    """Change nothing."""


def page_lacks_count(app: Flask) -> None:
    """Leave a documented field out."""
    answer(app, LIST, lambda body: (body["result"].pop("count"), body)[1])


def list_reports_no_success(app: Flask) -> None:
    """Say in the envelope of a list that it failed."""
    answer(app, LIST, lambda body: {**body, "status": {"success": False, "description": "Ok"}})


def images_are_relative(app: Flask) -> None:
    """Show a path in the place of an address of an image."""

    def change(body: Any) -> Any:
        body["result"]["iconImage"] = "/media/icon.png"
        return body

    answer(app, RETRIEVE, change)


def oldest_come_first(app: Flask) -> None:
    """Turn the order of a page around."""

    def change(body: Any) -> Any:
        body["result"]["data"].reverse()
        return body

    answer(app, LIST, change)


def next_is_lost(app: Flask) -> None:
    """End every list with its first page."""
    answer(app, LIST, lambda body: {**body, "result": {**body["result"], "next": None}})


def previous_is_lost(app: Flask) -> None:
    """Know no page before the one that is shown."""
    answer(app, LIST, lambda body: {**body, "result": {**body["result"], "previous": None}})


def long_narratives_fail(app: Flask) -> None:
    """Return 500 for a new credential whose narrative is longer than four characters."""

    @app.before_request
    def fail() -> FlaskResponse | None:
        body = request.get_json(silent=True) if request.method == "POST" else None
        text = body.get("criteriaNarrative") if isinstance(body, dict) else None
        return FlaskResponse("", 500) if isinstance(text, str) and len(text) > 4 else None


def everything_fails_slowly(app: Flask) -> None:
    """Return 500 for every new credential, after a twentieth of a second."""

    @app.before_request
    def fail() -> FlaskResponse | None:
        if request.method != "POST":
            return None
        time.sleep(0.05)
        return FlaskResponse("", 500)


def deletes_do_nothing(app: Flask) -> None:
    """Answer 204 to a DELETE of a credential, and keep it."""

    @app.before_request
    def keep() -> FlaskResponse | None:
        is_delete = request.method == "DELETE" and "/issuers/" not in request.path
        return FlaskResponse("", 204, {"Allow": "GET"}) if is_delete else None


def control_characters_spoil_the_list(app: Flask) -> None:
    """Store a control character, and answer no list from then on."""
    spoiled: list[bytes] = []

    @app.before_request
    def spoil() -> FlaskResponse | None:
        body = request.get_json(silent=True) if request.method in ("POST", "PUT") else None
        if any(ord(character) < 9 for character in find_texts(body)):
            spoiled.append(request.data)
        is_list = request.method == "GET" and request.path.endswith("/users/1/")
        return FlaskResponse("", 500) if spoiled and is_list else None


def find_texts(value: Any) -> str:
    """Return all texts inside a JSON value."""
    if isinstance(value, dict):
        return "".join(map(find_texts, [*value, *value.values()]))
    if isinstance(value, list):
        return "".join(map(find_texts, value))
    return value if isinstance(value, str) else json.dumps(value)


ALTERATIONS: dict[str, Alteration] = {
    alteration.__name__: alteration
    for alteration in (
        sound,
        page_lacks_count,
        list_reports_no_success,
        images_are_relative,
        oldest_come_first,
        next_is_lost,
        previous_is_lost,
        long_narratives_fail,
        everything_fails_slowly,
        deletes_do_nothing,
        control_characters_spoil_the_list,
    )
}


def build_target(alteration: str) -> str:
    """Return the name of the target that has an alteration."""
    return f"wsgi:{__name__}:{alteration}{SUFFIX}"


def __getattr__(name: str) -> Flask:
    """Return a new mock with the alteration that the name of the attribute begins with."""
    alteration = ALTERATIONS.get(name.removesuffix(SUFFIX))
    if alteration is None or not name.endswith(SUFFIX):
        raise AttributeError(name)
    app = create_app(Config(api_version=RELEASES[-1]))
    alteration(app)
    return app
