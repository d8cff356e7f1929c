"""Verification: what a test expects of requests, and what its error says when they did not come."""

import json
from typing import Any

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.control.client import Control, NotReceived
from mockserver.sandbox.journal import LONGEST_BODY, MOST_EXCHANGES
from tests.cli.test_commands import credmock
from tests.conftest import API, MAIN
from tests.support.server import RunningServer
from tests.support.waiting import PATIENCE

VERIFY = "/__mock__/requests/verify"
ITEM = f"{MAIN}no-such-id"


def verify(api: API, **expectation: Any) -> dict[str, Any]:
    """Return what the mock says of an expectation."""
    answer = api.app.test_client().post(VERIFY, json=expectation)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json
    return result


def put(api: API, body: Any, **options: Any) -> None:
    """Send a PUT, whose status does not matter."""
    api.send("PUT", ITEM, json=body, **options)


@pytest.fixture
def received(api: API) -> API:
    """Return a mock that has received a PUT with a nested body, and a search."""
    put(api, {"name": "Data", "tags": ["a", {"b": 1, "c": 2}], "expires": {"amount": 2}})
    api.get(f"{MAIN}?search=a&course=x&course=y&page=2")
    return api


@pytest.mark.parametrize(
    "expectation",
    [
        {},
        {"method": "put"},
        {"path": ITEM},
        {"path": "*/no-such-id", "status": 404},
        {"operation": "credentials_orgs_users_update"},
        {"body": {"name": "Data"}, "times": 1},
        {"body": {"tags": ["a", {"b": 1}]}},
        {"body": {"expires": {"amount": 2.0}}},
        {"query": {"search": "a"}},
        {"query": {"page": 2, "course": ["x", "y"], "program": None}},
        {"headers": {"content-type": "application/json*", "X-Other": None}, "method": "PUT"},
        {"headers": {"Authorization": "Api-Key *"}, "at_least": 2, "at_most": 2},
        {"method": "DELETE", "times": 0},
        {"method": "DELETE", "at_most": 1},
        {"in_order": [{"method": "PUT"}, {"method": "GET"}]},
    ],
)
def test_what_was_received_is_verified(received: API, expectation: dict[str, Any]) -> None:
    """Each part of a request can be expected, partly, by pattern, by number, and by order."""
    result = verify(received, **expectation)
    assert result["verified"], result["message"]
    assert result["nearest"] == []


@pytest.mark.parametrize(
    ("expectation", "difference"),
    [
        ({"method": "POST", "path": ITEM}, "method: expected POST, got PUT"),
        ({"method": "PUT", "path": "*/issuers/"}, f"path: expected */issuers/, got {ITEM}"),
        ({"method": "PUT", "status": 200}, "status: expected 200, got 404"),
        ({"body": {"name": "Date"}}, 'body.name: expected "Date", got "Data"'),
        ({"body": {"title": 1}}, "body.title: expected 1, but it is missing"),
        ({"body": {"expires": {"amount": True}}}, "body.expires.amount: expected true, got 2"),
        ({"body": {"tags": ["a"]}}, 'body.tags: expected 1 items, got 2: ["a",{"b":1,"c":2}]'),
        ({"body": {"tags": ["a", {"b": 3}]}}, "body.tags[1].b: expected 3, got 1"),
        ({"method": "PUT", "body": []}, "body: expected [], got"),
        ({"query": {"course": "x"}}, 'query.course: expected "x", got ["x","y"]'),
        ({"method": "GET", "query": {"page": None}}, 'query.page: expected to be absent, got "2"'),
        (
            {"method": "GET", "headers": {"X-Other": "*"}},
            'headers.X-Other: expected "*", but it is missing',
        ),
    ],
)
def test_the_nearest_request_comes_with_its_difference(
    received: API, expectation: dict[str, Any], difference: str
) -> None:
    """What was not received is compared with what was; the nearest request comes first."""
    result = verify(received, **expectation)
    assert (result["verified"], result["count"]) == (False, 0)
    assert difference in "\n".join(result["nearest"][0]["differences"])
    assert difference in result["message"]


def test_too_many_are_listed(received: API) -> None:
    """Where a request came too often, the message has each of them."""
    put(received, {"name": "Data"})
    result = verify(received, method="PUT", times=1)
    assert not result["verified"]
    assert [each["number"] for each in result["requests"]] == [1, 3]
    assert result["message"].startswith("expected exactly 1 request: PUT; got 2\nreceived:\n  #1 ")


def test_the_order_counts(received: API) -> None:
    """Each expected request comes after the one before it, and may not be used twice."""
    result = verify(received, in_order=[{"method": "GET"}, {"method": "PUT"}])
    assert not result["verified"]
    assert "2 of 2: PUT; got none after #2\nit came earlier, as #1" in result["message"]
    assert not verify(received, in_order=[{"method": "PUT"}, {"method": "PUT"}])["verified"]


def test_forms_are_read(api: API) -> None:
    """A form is compared by its fields, with name, type and size of a file."""
    files = {"image": ("a.png", b"12345", "image/png")}
    request = httpx.Request("POST", "http://mock", data={"name": "x"}, files=files)
    headers = {"Content-Type": request.headers["Content-Type"]}
    api.send("POST", MAIN, data=request.read(), headers=headers)
    sent = {"name": "x", "image": {"filename": "a.png", "contentType": "image/png", "size": 5}}
    assert verify(api, body=sent)["verified"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    api.send("POST", MAIN, data="tags=a&tags=b", headers=form)
    assert verify(api, body={"tags": ["a", "b"]})["verified"]
    api.send("POST", MAIN, data="{broken", headers={"Content-Type": "application/json"})
    assert verify(api, body="{broken")["verified"]


def test_the_preflights_of_browsers_do_not_count(api: API) -> None:
    """A test is about what its page asked for, unless it expects OPTIONS."""
    headers = {"Origin": "http://page", "Access-Control-Request-Method": "PUT"}
    api.send("OPTIONS", ITEM, headers=headers)
    put(api, {})
    assert verify(api, path=ITEM, times=1)["verified"]
    assert verify(api, method="OPTIONS", times=1)["verified"]


def test_what_the_journal_does_not_have_is_not_decided(api: API) -> None:
    """A body that was cut, or exchanges that were dropped, make neither a pass nor a zero."""
    put(api, {"name": "x" * LONGEST_BODY})
    result = verify(api, body={"name": "y"}, times=0)
    assert not result["verified"]
    assert "cannot be compared" in result["message"]
    put(api, {"name": "first"})
    for _ in range(MOST_EXCHANGES + 1):
        put(api, {"name": "y"})
    assert not verify(api, body={"name": "first"}, times=0)["verified"]
    assert "no longer in the journal" in verify(api, body={"name": "first"})["message"]
    assert verify(api, body={"name": "y"})["verified"]
    api.app.test_client().delete("/__mock__/requests")
    assert verify(api, times=0)["verified"]


NESTED = json.loads("[" * 60 + "]" * 60)


@pytest.mark.parametrize(
    ("expectation", "refusal"),
    [
        ({"methd": "PUT"}, "unknown field \"methd\": did you mean 'method'?"),
        ({"method": 1}, "method: expected a text"),
        ({"path": ""}, "path: expected a text"),
        ({"path": "*" * 1001}, "path: expected a text"),
        ({"status": True}, "status: expected a status"),
        ({"query": []}, "query: expected an object"),
        ({"query": {"a": {}}}, "query: expected a text, a number"),
        ({"headers": {"a": 1}}, "headers: expected a text"),
        ({"headers": {"Authorization": "Api-Key secret"}}, "the journal keeps no keys"),
        ({"headers": {"X-Api-Key": "secret"}}, "the journal keeps no keys"),
        ({"body": NESTED}, "body: it is nested more than 50 deep"),
        ({"times": -1}, "times: expected a number"),
        ({"times": 1.5}, "times: expected a number"),
        ({"times": 1, "at_least": 1}, "times: use it alone"),
        ({"at_least": 2, "at_most": 1}, "at_least: 2 is more than at_most, 1"),
        ({"in_order": []}, "in_order: expected a list of 1 to 100"),
        ({"in_order": [{"times": 1}]}, "in_order[0]: unknown field"),
        ({"in_order": [{}], "times": 1}, "in_order: use it alone"),
    ],
)
def test_what_cannot_be_expected_is_refused(
    api: API, expectation: dict[str, Any], refusal: str
) -> None:
    """A mistake in an expectation is a 400 that names the field, and shows no key."""
    answer = api.app.test_client().post(VERIFY, json=expectation)
    assert answer.status_code == 400
    assert refusal in answer.json["detail"]
    assert "secret" not in answer.text


@pytest.mark.parametrize("body", [float("nan"), "\ud800"])
def test_what_no_application_can_send_is_refused(api: API, body: object) -> None:
    """A body that is no JSON is expected by nobody."""
    answer = api.app.test_client().post(VERIFY, json={"body": body})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "sent", [b"[" * 2000 + b"]" * 2000, b'"\\ud800"', b"1" * 5000, b"\xff\xfe", b"NaN", b""]
)
def test_no_body_that_was_sent_breaks_it(sent: bytes) -> None:
    """Whatever the application has sent, it is compared, and shown without an end."""
    api = API(create_app(Config(auth="off")), None, MAIN)
    client = api.app.test_client()
    client.put(ITEM, data=sent, content_type="application/json")
    client.put(ITEM, data=b'{"name": ' + (sent or b"1") + b"}", content_type="application/json")
    for body in ({"name": {"x": 1}}, [[[]]], None, 10**400):
        answer = client.post(VERIFY, json={"body": body, "path": "*[[]*", "times": 3})
        assert answer.status_code == 200
        assert len(answer.data) < 20_000


def test_python_and_the_shell_verify(server: RunningServer) -> None:
    """The client raises an AssertionError that says what came; the command exits with 1."""
    sandbox = Control(server.url, "verified")
    sandbox.reset()
    url = f"{sandbox.base_url}{ITEM}"
    httpx.put(url, json={"name": "Data"}, timeout=PATIENCE)
    assert sandbox.verify(method="PUT", body={"name": "Data"}, times=1)["count"] == 1
    assert sandbox.verify_order({"method": "PUT"})["count"] == 1
    with pytest.raises(NotReceived, match=r'body\.name: expected "Date", got "Data"'):
        sandbox.verify(method="PUT", body={"name": "Date"})
    with pytest.raises(AssertionError, match="2 of 2"):
        sandbox.verify_order({"method": "PUT"}, {"method": "GET"})
    assert sandbox.har(method="PUT")["log"]["entries"][0]["request"]["url"] == url
    words = ("ctl", "--url", server.url, "--sandbox", "verified", "verify")
    ended = credmock(*words, '{"method": "PUT", "times": 1}')
    assert (ended.returncode, ended.stdout) == (0, "expected exactly 1 request: PUT; got 1\n")
    ended = credmock(*words, '{"method": "PUT", "body": {"name": "Date"}}')
    assert (ended.returncode, ended.stderr) == (1, "")
    assert 'body.name: expected "Date", got "Data"' in ended.stdout
    ended = credmock(*words, '{"methd": "PUT"}')
    assert ended.returncode == 2
    assert "did you mean 'method'?" in ended.stderr
