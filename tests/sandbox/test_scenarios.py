"""Scenarios: named changes of the world and faults, from files."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.files import SCENARIOS
from tests.conftest import API, MAIN, NOW
from tests.control.test_control import ctl
from tests.sandbox.test_sandboxes import ALICE, control, count, within
from tests.support.server import RunningServer

SCENARIO = "/__mock__/scenario"
SHIPPED = {
    *("empty", "one-page", "many", "long-names", "no-images", "expired-and-revoked"),
    *("flaky", "slow", "read-only-user", "signed-out"),
}
ASSERTIONS = "/api/credentials/orgs/main/users/{}/assertions/?page_size=100"
ACCEPTED = (200, 401, 403, 503)


def enter(api: API, name: str, prefix: str = "") -> Any:
    """Begin anew in a scenario."""
    answer = control(api, "POST", f"{prefix}{SCENARIO}", json={"name": name})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def own(tmp_path: Path) -> API:
    """Return a mock with a folder of the user's own, which is empty."""
    return API(create_app(Config(now=NOW, scenarios=tmp_path)))


def write(folder: Path, text: str, name: str = "mine") -> None:
    """Write a scenario that is newer than what was there."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    moment = time.time_ns() + 1_000_000_000 * len(text)
    os.utime(path, ns=(moment, moment))


# Those that ship


def test_the_ones_a_front_end_needs_ship(api: API) -> None:
    """Ten of them, each with a sentence on what it is for."""
    told = control(api, "GET", SCENARIO).json
    assert told["current"] is None
    assert {each["name"] for each in told["scenarios"]} == SHIPPED
    assert all(each["description"].endswith(".") and each["ships"] for each in told["scenarios"])
    assert {path.stem for path in SCENARIOS.iterdir()} == SHIPPED


@pytest.mark.parametrize(
    "name",
    [pytest.param("many", marks=pytest.mark.slow), *sorted(SHIPPED - {"slow", "many"})],
)
def test_in_each_the_contract_holds(api: API, name: str) -> None:
    """A strict mock judges every answer in it; a reset leads out again."""
    enter(api, name)
    for path in (MAIN, f"{MAIN}issuers/", f"{MAIN}?search=a&page=last", ASSERTIONS.format(2)):
        assert api.get(path).status_code in ACCEPTED
    assert control(api, "GET", SCENARIO).json["current"] == name
    control(api, "DELETE", SCENARIO)
    assert control(api, "GET", SCENARIO).json["current"] is None
    assert api.get(MAIN).status_code == 200


def test_empty_and_one_page(api: API) -> None:
    """No credential, and as many as a page holds; who asks is who they were."""
    enter(api, "empty")
    assert count(api) == 0
    assert api.get(ASSERTIONS.format(2)).json["count"] == 0
    assert api.create(name="First")["name"] == "First"
    enter(api, "one-page")
    page = api.result(MAIN)
    assert 0 < page["count"] == len(page["data"]) <= 7
    assert page["next"] is None


def test_many_is_made_once_for_all_sandboxes(api: API) -> None:
    """Ten thousand more; a second sandbox shares them until it writes."""
    before = count(api)
    enter(api, "many")
    assert count(api) > before + 9_000  # not all of them are public
    enter(api, "many", ALICE)
    inside = within(api, ALICE)
    assert count(inside) == count(api)
    sandboxes = api.app.extensions["mockserver"].sandboxes
    ours, theirs = sandboxes.default.store.credentials, sandboxes.get("alice").store.credentials
    assert all(ours[entity_id] is theirs[entity_id] for entity_id in ours)
    inside.create(name="Mine")
    assert count(inside) == count(api) + 1


def test_long_names_are_of_every_kind(api: API) -> None:
    """Long, unbreakable, from right to left, with markup: beside each other on the first page."""
    enter(api, "long-names")
    names = [each["name"] for each in api.result(f"{MAIN}?page_size=12")["data"]]
    assert max(map(len, names)) > 150
    assert any("<script>" in name for name in names)
    assert any("شهادة" in name for name in names)
    assert any(len(name) > 60 and " " not in name for name in names)


def test_no_images(api: API) -> None:
    """No picture is shown, and none can be chosen."""
    enter(api, "no-images")
    for each in api.result(f"{MAIN}?page_size=100")["data"]:
        assert each["iconImage"] is each["thumbnailImage"] is each["backgroundImage"] is None
        assert each["issuerDetails"]["iconImage"] is None
    assert api.get(f"{MAIN}images/?query=badge").json == []


def test_expired_and_revoked(api: API) -> None:
    """People hold what has expired, what is about to, what was revoked, and what is valid."""
    enter(api, "expired-and-revoked")
    seen: dict[str, int] = {}
    for user in range(2, 10):
        path = ASSERTIONS.format(user) + "&include_revoked=true&include_expired=true"
        for each in api.get(path).json["data"]:
            expires = each["expires"]
            kind = "revoked" if each["revoked"] else "valid"
            if expires == "2026-09-27T12:00:00Z":
                kind = "expired"
            elif expires == "2026-11-04T12:00:00Z":
                kind = "about to expire"
            seen[kind] = seen.get(kind, 0) + 1
    assert {"revoked", "valid", "expired", "about to expire"} == seen.keys()
    assert min(seen.values()) >= 5


@pytest.mark.parametrize("auth", ["keys", "any"])
def test_read_only_and_signed_out(auth: Any) -> None:
    """A client that may not write, and one that is not known; the public look-up answers both."""
    api = API(create_app(Config(auth=auth, strict=True)))
    public = f"/api/credentials/public/assertions/{'a' * 22}/"
    enter(api, "read-only-user")
    assert api.get(MAIN).status_code == 200
    assert [api.post({"name": "n"}).status_code, api.delete("x").status_code] == [403, 403]
    enter(api, "signed-out")
    assert [api.get(MAIN).status_code, api.post({}).status_code] == [401, 401]
    assert api.get(public).status_code == 404


def test_flaky_and_slow_are_faults(api: API) -> None:
    """They leave the records alone, and end with the next scenario."""
    before = api.get(MAIN).get_data()
    enter(api, "flaky")
    for _ in range(15):
        api.get(MAIN)
    rules = control(api, "GET", "/__mock__/faults").json["faults"]
    assert [each["matched"] for each in rules] == sorted(
        (each["matched"] for each in rules), reverse=True
    )
    assert sum(each["happened"] for each in rules) >= 2
    enter(api, "slow")
    (rule,) = control(api, "GET", "/__mock__/faults").json["faults"]
    assert rule["delay"] == {"p50": 500, "p95": 2500, "p99": 6000}
    control(api, "DELETE", SCENARIO)
    assert api.get(MAIN).get_data() == before


# Those of the user


def test_a_scenario_of_ones_own(own: API, tmp_path: Path) -> None:
    """Records are kept, removed, changed and added; times begin now; faults and clock too."""
    issuer = own.issuer()
    ids = [each["entityId"] for each in own.result(MAIN)["data"]]
    write(
        tmp_path,
        f"""
description: A small world.
keep: {{credentials: [{ids[0]}, {ids[1]}]}}
remove: {{credentials: [{ids[1]}]}}
change:
  credentials: [{{where: {{entityId: {ids[0]}}}, set: {{name: Changed}}}}]
add:
  credentials:
    - {{entityId: {"n" * 22}, platform: main, issuer: {issuer}, public: true, createdAt: now-P1D,
       name: New, credentialType: COURSE, signal: COURSE_PASSED}}
  assertions:
    - {{entityId: {"m" * 22}, credential: {"n" * 22}, recipient: 2, issuedOn: now,
       expires: now+PT1H, revoked: false}}
faults: [{{method: DELETE, status: 500}}]
clock: {{advance: P1D}}
""",
    )
    assert enter(own, "mine")["credentials"] == 2
    assert [each["name"] for each in own.result(MAIN)["data"]] == ["New", "Changed"]
    assert own.result(MAIN)["data"][0]["createdAt"] == "2026-10-31T12:00:00Z"
    assert control(own, "GET", "/__mock__/clock").json["now"] == "2026-11-02T12:00:00Z"
    held = own.get(ASSERTIONS.format(2) + "&include_expired=true").json["data"]
    assert [each["expires"] for each in held if each["entityId"] == "m" * 22] == [
        "2026-11-01T13:00:00Z"
    ]
    assert own.delete(ids[0]).status_code == 500


def test_a_file_is_read_again_when_it_changed(own: API, tmp_path: Path) -> None:
    """A new file is there at once, a changed one says something else, and a deleted one is gone."""
    write(tmp_path, "{description: One., keep: {credentials: 1}}")
    assert enter(own, "mine")["credentials"] == 2  # one on each platform
    write(tmp_path, "{description: None., keep: {credentials: 0}}")
    assert enter(own, "mine")["credentials"] == 0
    write(tmp_path, "{description: Mine comes first., keep: {credentials: 2}}", "empty")
    assert enter(own, "empty")["credentials"] == 4
    (tmp_path / "mine.yaml").unlink()
    assert control(own, "POST", SCENARIO, json={"name": "mine"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "mine.yaml: not valid YAML: line 2, column 1: "),
        ("a: b\n\tc", "mine.yaml: not valid YAML: line 2, column 1: "),
        ("[]", "mine.yaml: expected a mapping, got a list"),
        ("keep: {}", "at the top: 'description' is missing: add it"),
        ("{description: d, kep: {}}", "at the top: unknown field 'kep': did you mean 'keep'?"),
        ("{description: d, records: {}}", "unknown field 'records': use description, keep"),
        ("{description: d, keep: {credential: 1}}", "collection 'credential': did you mean"),
        ("{description: d, remove: {people: all}}", "unknown collection 'people': use platforms"),
        ("{description: d, keep: {credentials: none}}", "a list of ids or a number, got"),
        ("{description: d, remove: {credentials: 5}}", "expected a list of ids or all, got 5"),
        ("{description: d, add: {credentials: null}}", "expected a list in brackets, got null"),
        ("{description: d, generate: {credentials: '5'}}", "a number without quotes, got"),
        ("description: " + "[" * 600 + "]" * 600, "not valid YAML: it is nested too deeply"),
        (
            "{description: d, change: {users: [{set: {id: 100000000000000000000}}]}}",
            "id: expected a whole number",
        ),
        ("{description: null}", "at description: expected a text, got null"),
        ("description: d\ndescription: e", "line 2, column 1: 'description' stands twice"),
        ("description: d\nclock:\n  set: now\n  set: now", "line 4, column 3: 'set' stands twice"),
        ("{description: d, change: {credentials: [{set: {}}]}}", "at change.credentials.0.set"),
        ("{description: d, faults: [{statu: 1}]}", "at faults.0: unknown field 'statu'"),
        ("{description: d, clock: {advance: soon}}", "at clock: advance: 'soon' is not a duration"),
        ("{description: d, remove: {credentials: [nobody]}}", "there is no 'nobody'"),
        (
            "{description: d, change: {credentials: [{where: {name: x}, set: {name: y}}]}}",
            "change.credentials[0]: no record matches",
        ),
        (
            "{description: d, change: {credentials: [{set: {createdAt: now-soon}}]}}",
            "change.credentials[0]: '-soon' is not a duration",
        ),
        ("{description: d, add: {credentials: [{name: x}]}}", "credentials[79] ("),
        ("{description: d, change: {credentials: [{set: {name: 5}}]}}", "mine.yaml: "),
        ("{description: d, change: {credentials: [{set: {criteriaUrl: 5}}]}}", "criteriaUrl"),
    ],
)
def test_a_wrong_file_is_told_and_changes_nothing(
    own: API, tmp_path: Path, text: str, said: str
) -> None:
    """The refusal names file and place; the list shows it beside the sound ones."""
    own.create(name="Stays")
    before = count(own)
    write(tmp_path, text)
    answer = control(own, "POST", SCENARIO, json={"name": "mine"})
    assert (answer.status_code, said in answer.json["detail"]) == (400, True), answer.text
    assert "\n" not in answer.json["detail"]
    assert count(own) == before
    names = [each["name"] for each in control(own, "GET", SCENARIO).json["scenarios"]]
    assert len(names) == len(SHIPPED) + 1


@pytest.mark.parametrize("body", [{}, {"name": 5}, {"name": "empty", "x": 1}])
def test_a_wrong_request_is_told(api: API, body: Any) -> None:
    """What to write is said."""
    answer = control(api, "POST", SCENARIO, json=body)
    assert (answer.status_code, '{"name": "empty"}' in answer.json["detail"]) == (400, True)


def test_what_is_removed_takes_along_what_is_about_it(own: API, tmp_path: Path) -> None:
    """Users without their keys, assertions and assignments; mentions of images are emptied."""
    write(tmp_path, "{description: d, remove: {users: [2], images: all}}")
    enter(own, "mine")
    assert own.acting("main-learner-key").get(MAIN).status_code == 401
    world = control(own, "GET", "/__mock__/state").json
    assert all(each["recipient"] != 2 for each in world["assertions"])
    assert all(2 not in each["members"] for each in world["groups"])
    assert all(each["icon_image_id"] is None for each in world["credentials"])


@pytest.mark.slow
def test_the_shell_enters_scenarios(server: RunningServer) -> None:
    """`credmock ctl scenario` lists them and enters one."""
    listed = ctl(server, "scenario", sandbox="scenario-shell")
    assert {line[2:].split()[0] for line in listed.splitlines()} == SHIPPED
    assert json.loads(ctl(server, "scenario", "empty", sandbox="scenario-shell")) == {
        "current": "empty",
        "credentials": 0,
        "assertions": 0,
        "assignments": 0,
        "issuers": 6,
        "images": 23,
    }
    assert "* empty" in ctl(server, "scenario", sandbox="scenario-shell")
