"""Browsers on other origins: preflight before authentication, and readable refusals."""

from typing import Any

import pytest

from mockserver import Config, create_app
from tests.conftest import API, NOW

PREFLIGHT = {
    "Origin": "http://localhost:3000",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["", "some-id", "issuers/"])
def test_a_preflight_needs_no_key(shared_api: API, path: str) -> None:
    """A preflight is 200 without a key and allows what a front end sends."""
    response = shared_api.acting(None).send("OPTIONS", path, headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed


def test_answers_and_refusals_are_readable(shared_api: API) -> None:
    """A 200, a 401 and a 404 tell the browser that the page may read them."""
    origin = {"Origin": "http://localhost:3000"}
    for api, path, status in (
        (shared_api, "", 200),
        (shared_api.acting(None), "", 401),
        (shared_api, "nothing", 404),
    ):
        response = api.get(path, headers=origin)
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    exposed = shared_api.acting(None).get(headers=origin).headers["Access-Control-Expose-Headers"]
    assert "WWW-Authenticate" in exposed
    for name in ("Location", "Retry-After", "X-Mock-Hint", "X-Mock-Fault", "X-Mock-Upstream"):
        assert name in exposed


def test_each_request_is_decided_by_itself(shared_api: API) -> None:
    """What one origin or a preflight was told is not told to the next request."""
    first, second = "http://localhost:3000", "http://localhost:4000"
    for origin in (first, second, first):
        told = shared_api.get(headers={"Origin": origin}).headers
        assert told["Access-Control-Allow-Origin"] == origin
    for method, told_methods in (("OPTIONS", True), ("GET", False)):
        told = shared_api.send(method, headers=PREFLIGHT).headers
        assert ("Access-Control-Allow-Methods" in told) is told_methods
    plain = shared_api.send("OPTIONS", headers={"Origin": first}).headers
    assert "Access-Control-Allow-Methods" not in plain


@pytest.mark.parametrize(
    ("cors", "origin", "allowed"),
    [
        ("http://localhost:3000", "http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:3000", "http://elsewhere.example", None),
        (None, "http://localhost:3000", None),
    ],
)
def test_one_origin_or_none(cors: str | None, origin: str, allowed: Any) -> None:
    """`--cors` narrows the origins; without it no header is sent."""
    api = API(create_app(Config(cors=cors, now=NOW)))
    response = api.get(headers={"Origin": origin})
    assert response.status_code == 200
    assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_a_page_may_send_its_cookies(shared_api: API) -> None:
    """With `credentials: "include"` a browser wants its own origin and a permission, each time."""
    for method, headers in (("OPTIONS", PREFLIGHT), ("GET", {"Origin": PREFLIGHT["Origin"]})):
        told = shared_api.send(method, headers=headers).headers
        assert told["Access-Control-Allow-Origin"] == PREFLIGHT["Origin"]
        assert told["Access-Control-Allow-Credentials"] == "true"


def test_a_public_page_may_ask_a_private_network(shared_api: API) -> None:
    """The preflight for an address of this machine is allowed where it is asked for, only."""
    private = {**PREFLIGHT, "Access-Control-Request-Private-Network": "true"}
    told = shared_api.send("OPTIONS", headers=private).headers
    assert told["Access-Control-Allow-Private-Network"] == "true"
    told = shared_api.send("OPTIONS", headers=PREFLIGHT).headers
    assert "Access-Control-Allow-Private-Network" not in told


@pytest.mark.parametrize("name", ["medal.svg", "no-such.svg"])
def test_pictures_are_for_every_origin(shared_api: API, name: str) -> None:
    """A page may draw them on a canvas; a copy in the cache is for one origin."""
    url = f"/__mock__/images/{name}"
    response = shared_api.get(url, headers={"Origin": PREFLIGHT["Origin"]})
    assert response.headers["Access-Control-Allow-Origin"] == PREFLIGHT["Origin"]
    assert shared_api.get("/__mock__/images/medal.svg").headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", ["health", "requests", "images/../health", "images", ""])
def test_the_control_plane_lets_nobody_in(shared_api: API, path: str) -> None:
    """No request below `/__mock__/` but for a picture has a header for other origins."""
    headers = {**PREFLIGHT, "Access-Control-Request-Private-Network": "true"}
    for method in ("OPTIONS", "GET", "POST", "DELETE"):
        response = shared_api.send(method, f"/__mock__/{path}", headers=headers)
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_the_control_plane_is_for_no_other_origin(shared_api: API) -> None:
    """What lies under `/__mock__/` has no CORS headers."""
    response = shared_api.get("/__mock__/health", headers={"Origin": "http://evil.example"})
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
