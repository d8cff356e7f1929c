"""Failures on demand: by rules of a sandbox, and by `Prefer` for one request."""

import json
import time
from typing import Any

import pytest

from mockserver.faults import LONGEST_DELAY, MOST_FAULTS
from tests.conftest import API, MAIN
from tests.test_sandboxes import ALICE, control, within

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
        ({}, "say what happens"),
        ({"method": "GET"}, "say what happens"),
        ({"status": 99}, "status: 99 is no status"),
        ({"status": True}, "status: True"),
        ({"status": 503, "chance": 1}, "'chance' is none of operation, method"),
        ({"status": 503, "probability": 2}, "probability: 2"),
        ({"status": 503, "nth": -1}, "nth: -1"),
        ({"status": 503, "path": ""}, "path: ''"),
        ({"delay": LONGEST_DELAY + 1}, "delay: "),
        ({"delay": [5, 1]}, "from more to less"),
        ({"delay": "1"}, "delay: '1'"),
        ({"damage": "burnt"}, "neither malformed nor truncated"),
        ({"headers": {"X\r\nY": "1"}}, "headers: "),
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
