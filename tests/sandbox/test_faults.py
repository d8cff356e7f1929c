"""Failures on demand: by rules of a sandbox, and by `Prefer` for one request."""

import json
import time
from typing import Any

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.errors import StartError
from mockserver.sandbox.fault_format import read_fault
from mockserver.sandbox.faults import LONGEST_DELAY, MOST_FAULTS, milliseconds
from tests.conftest import API, MAIN, NOW
from tests.sandbox.test_sandboxes import ALICE, control, within
from tests.support.server import RunningServer
from tests.support.waiting import PATIENCE

FAULTS = "/__mock__/faults"
LIST = "credentials_orgs_users_retrieve"


def add(api: API, prefix: str = "", **fault: Any) -> str:
    """Add a fault and return its id."""
    answer = control(api, "POST", f"{prefix}{FAULTS}", json=fault)
    assert answer.status_code == 201, answer.text
    name: str = answer.json["id"]
    return name


def statuses(api: API, times: int, path: str = MAIN) -> list[int]:
    """Return the statuses of so many equal requests."""
    return [api.get(path).status_code for _ in range(times)]


# By rule


def test_a_fault_is_of_one_sandbox(api: API) -> None:
    """It happens where it was added, says which it was, and ends with a reset."""
    inside = within(api, ALICE)
    name = add(api, ALICE, status=503)
    failed = inside.get(inside.base)
    assert (failed.status_code, failed.headers["X-Mock-Fault"]) == (503, name)
    assert failed.headers["Retry-After"] == "1"
    assert statuses(api, 1) == [200]
    control(api, "POST", f"{ALICE}/__mock__/state/reset")
    assert inside.get(inside.base).status_code == 200


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"nth": 2}, [200, 503, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200]),
        ({"probability": 0}, [200, 200, 200, 200]),
        ({"operation": LIST}, [503] * 4),
        ({"operation": "credentials_orgs_users_create"}, [200] * 4),
        ({"method": "get"}, [503] * 4),
        ({"method": "POST"}, [200] * 4),
        ({"path": "/api/credentials/orgs/*/users/1/"}, [503] * 4),
        ({"path": "*/issuers/"}, [200] * 4),
    ],
)
def test_which_calls_fail(api: API, fault: dict[str, Any], expected: list[int]) -> None:
    """A rule is about an operation, a method, a path, one call of many, or so many of them."""
    add(api, status=503, **fault)
    assert statuses(api, 4) == expected


@pytest.mark.parametrize("first", [{"nth": 3}, {"times": 3}])
def test_a_request_counts_for_every_fault(api: API, first: dict[str, Any]) -> None:
    """The fourth request is the fourth for a fault, though another one answered one before."""
    add(api, status=503, **first)
    name = add(api, delay=1, nth=4)
    headers = [api.get().headers.get("X-Mock-Fault", "") for _ in range(5)]
    assert [name in text.split(", ") for text in headers] == [False, False, False, True, False]


def test_chance_is_repeatable_and_leaves_ids_alone(api: API) -> None:
    """Half of the calls fail, the same ones after a reset, and new ids are what they would be."""
    plain = within(api, "/__sandbox__/plain").create()["entityId"]
    runs = []
    for _ in range(2):
        control(api, "POST", "/__mock__/state/reset")
        add(api, status=503, probability=0.5, method="GET", path="*/users/1/")
        runs.append(statuses(api, 60))
    assert runs[0] == runs[1]
    assert 15 < runs[0].count(503) < 45
    assert api.create()["entityId"] == plain


@pytest.mark.parametrize(("status", "header"), [(401, "WWW-Authenticate"), (429, "Retry-After")])
def test_the_body_is_the_contracts(api: API, status: int, header: str) -> None:
    """A documented status has the contract's example, and the header that belongs to it."""
    add(api, status=status)
    failed = api.get(MAIN)
    assert (failed.status_code, failed.content_type) == (status, "application/json")
    assert isinstance(failed.json["detail"], str)
    assert header in failed.headers


def test_an_answer_of_ones_own(api: API) -> None:
    """Body and headers may be given, and a success damaged on its way."""
    add(api, status=418, body={"teapot": True}, headers={"X-Why": "tea"}, times=1)
    failed = api.get(MAIN)
    assert (failed.status_code, failed.json) == (418, {"teapot": True})
    assert failed.headers["X-Why"] == "tea"
    whole = api.get(MAIN).get_data()
    for damage in ("truncated", "malformed"):
        add(api, damage=damage, times=1)
        broken = api.get(MAIN)
        assert broken.status_code == 200
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            json.loads(broken.get_data())
    assert api.get(MAIN).get_data() == whole


def test_a_write_that_fails_stores_nothing(api: API) -> None:
    """What was forced to fail has not been done."""
    issuer = api.issuer()
    before = api.get(MAIN).json["result"]["count"]
    add(api, status=500, method="POST")
    assert api.post({"name": "Lost", "issuer": issuer}).status_code == 500
    assert api.get(MAIN).json["result"]["count"] == before


def test_delays(api: API) -> None:
    """An answer is late by at least what the rule says, and the same in all else."""
    expected = api.get(MAIN).get_data()
    add(api, delay=[150, 200], times=1)
    started = time.monotonic()
    assert api.get(MAIN).get_data() == expected
    assert time.monotonic() - started >= 0.15


def test_faults_are_listed_and_removed(api: API) -> None:
    """The list tells what each is about and how often it happened."""
    first = add(api, status=503, times=1)
    second = add(api, status=500, method="DELETE")
    statuses(api, 2)
    assert control(api, "GET", FAULTS).json["faults"] == [
        {"id": first, "times": 1, "status": 503, "matched": 2, "happened": 1},
        {"id": second, "method": "DELETE", "status": 500, "matched": 0, "happened": 0},
    ]
    assert control(api, "DELETE", f"{FAULTS}/{first}").status_code == 204
    assert control(api, "DELETE", f"{FAULTS}/{first}").status_code == 404
    assert control(api, "DELETE", FAULTS).status_code == 204
    assert control(api, "GET", FAULTS).json == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({}, "no effect: set status"),
        ({"method": "GET"}, "no effect: set status"),
        ({"status": 99}, "status: expected a status from 200 to 599, got 99"),
        ({"status": True}, "status: expected a status from 200 to 599, got True"),
        ({"status": 503, "chance": 1}, "unknown field 'chance': use operation, method"),
        ({"status": 503, "probability": 2}, "probability: expected a number from 0 to 1, got 2"),
        ({"status": 503, "nth": -1}, "nth: expected a number of requests, got -1"),
        ({"status": 503, "path": ""}, "path: expected a text of 1 to 300 characters, got ''"),
        ({"delay": LONGEST_DELAY + 1}, "delay: "),
        ({"delay": [5, 1]}, "the delays must not decrease, got [5, 1]"),
        ({"delay": "1"}, "delay: expected milliseconds from 0 to 60000, got '1'"),
        ({"damage": "burnt"}, "expected one of malformed, truncated, cut, got 'burnt'"),
        ({"headers": {"X\r\nY": "1"}}, "headers: "),
        ({"headers": {"content-length": "3"}}, "content-length is set by the server"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "Transfer-Encoding is set by the server"),
        ({"headers": {"X": "a\r\nSet-Cookie: b"}}, "headers: "),
    ],
)
def test_a_wrong_fault_is_told(api: API, fault: dict[str, Any], said: str) -> None:
    """A rule that is none is 400, names the word at fault, and nothing is added."""
    answer = control(api, "POST", FAULTS, json=fault)
    assert (answer.status_code, said in answer.json["detail"]) == (400, True), answer.text
    assert control(api, "GET", FAULTS).json == {"faults": []}


def test_faults_are_bounded(api: API) -> None:
    """A sandbox holds so many and no more."""
    for _ in range(MOST_FAULTS):
        add(api, status=503)
    assert control(api, "POST", FAULTS, json={"status": 503}).status_code == 400


# By `Prefer`


@pytest.mark.parametrize(
    ("prefer", "status", "applied"),
    [
        ("code=503", 503, "code=503"),
        ("Code=404", 404, "code=404"),
        ('code="403"', 403, "code=403"),
        ("code=429, delay=1", 429, "code=429, delay=1"),
        ("dynamic=true", 200, "dynamic=true"),
        ("delay=1", 200, "delay=1"),
        ("return=minimal", 200, None),
        ("code=700", 200, None),
        ("code=", 200, None),
        ("delay=99999999", 200, None),
    ],
)
def test_what_one_request_prefers(api: API, prefer: str, status: int, applied: str | None) -> None:
    """What is understood is applied to this request and named; the rest is ignored."""
    answer = api.get(MAIN, headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (status, applied)
    assert api.get(MAIN).status_code == 200


def test_an_example_is_preferred_by_name(api: API) -> None:
    """`example=NAME` answers the contract's example of that name."""
    answer = api.get(MAIN, headers={"Prefer": "example=empty"})
    assert answer.headers["Preference-Applied"] == "example=empty"
    assert answer.json["result"]["count"] == 0


def test_nothing_is_added_to_other_answers(api: API) -> None:
    """Who asks for nothing gets production's headers."""
    names = {name.lower() for name, _ in api.get(MAIN).headers}
    assert not names & {"preference-applied", "x-mock-fault"}


def test_delays_by_percentile(api: API) -> None:
    """Half of the calls wait at most what p50 says, and none more than the highest."""
    delay = {"p50": 100, "p95": 1000}
    read = read_fault({"delay": delay}).delay
    assert [milliseconds(read, chance) for chance in (0, 0.25, 0.5, 0.725, 0.95, 1)] == [
        *(0, 50, 100, 550, 1000, 1000),
    ]
    add(api, delay=delay, probability=0)
    assert control(api, "GET", FAULTS).json["faults"][0]["delay"] == delay


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, "1 second."), ({"Retry-After": "7"}, "7 seconds.")]
)
def test_a_forced_429_says_the_same_twice(api: API, headers: dict[str, str], seconds: str) -> None:
    """The text and the header tell the same time."""
    add(api, status=429, headers=headers)
    answer = api.get(MAIN)
    assert answer.headers["Retry-After"] == headers.get("Retry-After", "1")
    assert answer.json["detail"].endswith(f"available in {seconds}")


def test_delays_add_up(api: API) -> None:
    """Rules that only delay go with the first one that does more."""
    ids = [add(api, delay=60), add(api, delay=60, method="GET"), add(api, status=503)]
    add(api, status=500)
    started = time.monotonic()
    answer = api.get(MAIN)
    assert (answer.status_code, answer.headers["X-Mock-Fault"]) == (503, ", ".join(ids))
    assert time.monotonic() - started >= 0.12


def test_a_fault_says_the_type_of_its_body_once(api: API) -> None:
    """Whatever the case of the header, it stands in the place of the usual one."""
    add(api, status=502, headers={"content-TYPE": "text/x"}, body="bad")
    assert api.get(MAIN).headers.getlist("Content-Type") == ["text/x"]


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_no_length(api: API, status: int) -> None:
    """RFC 9110, 8.6, also where the connection would be cut."""
    add(api, status=status, damage="cut")
    answer = api.get(MAIN)
    assert (answer.status_code, answer.data) == (status, b"")
    assert not {"Content-Length", "Content-Type"} & {*answer.headers.keys()}


def test_a_connection_is_cut(server: RunningServer) -> None:
    """The server hangs up before the answer is whole, once."""
    fault = {"damage": "cut", "times": 1}
    httpx.post(
        f"{server.url}/__sandbox__/cut{FAULTS}", json=fault, timeout=PATIENCE
    ).raise_for_status()
    with httpx.Client(headers={"Authorization": "main-admin-key"}, timeout=PATIENCE) as client:
        url = f"{server.url}/__sandbox__/cut{MAIN}"
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(url)
        assert client.get(url).status_code == 200


def test_a_rate_limit_follows_the_clock_of_a_sandbox() -> None:
    """A sandbox counts for itself, and a caller may go on when the time has come."""
    api = API(create_app(Config(strict=True, now=NOW, rate_limit="2/min")))
    inside = within(api, ALICE)
    assert statuses(api, 3) == [200, 200, 429]
    assert statuses(inside, 3, inside.base) == [200, 200, 429]
    control(api, "POST", "/__mock__/clock", json={"advance": "PT59S"})
    late = api.get(MAIN)
    assert (late.status_code, late.headers["Retry-After"]) == (429, "1")
    assert late.json == {"detail": "Request was throttled. Expected available in 1 second."}
    control(api, "POST", "/__mock__/clock", json={"advance": "PT1S"})
    assert statuses(api, 3) == [200, 200, 429]
    assert api.acting("acme-admin-key").get(MAIN).status_code == 403


@pytest.mark.parametrize("rate", ["100", "0/min", "ten/min", "1/week", "/s", "-1/s"])
def test_a_rate_that_is_none_stops_the_start(rate: str) -> None:
    """The error names the option."""
    with pytest.raises(StartError, match="--rate-limit: "):
        create_app(Config(rate_limit=rate))
