"""What is accepted holds later: times at the ends of the calendar, scenarios with too much."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.errors import StartError
from mockserver.sandbox.scenarios import InvalidScenario
from tests.conftest import API

END, BEGINNING = "9000-12-31T23:59:59Z", "1000-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "change",
    [
        {"set": "9999-12-31T23:59:59Z"},
        {"set": "9999-12-31T23:59:59-05:00"},
        {"set": "9001-01-01T00:00:00Z"},
        {"set": "0001-01-01T00:00:00Z"},
        {"set": "0001-01-01T00:00:00+10:00"},
        {"set": "0999-12-31T23:59:59Z"},
        {"set": END, "advance": "PT1S"},
        {"advance": "P3000000D"},
        {"advance": "-P3000000D"},
        {"advance": f"P{'9' * 30}D"},
        {"set": BEGINNING, "advance": "-PT1S", "freeze": True},
    ],
)
def test_a_time_without_a_future_is_refused(change: dict[str, Any]) -> None:
    """With 400 and the field; the clock stays, and the sandbox answers."""
    app = create_app(Config(now=datetime(2026, 6, 1, tzinfo=UTC)))
    client = app.test_client()
    refused = client.post("/__mock__/clock", json=change)
    assert refused.status_code == 400
    assert refused.json["detail"].split(":")[0] in change
    assert client.get("/__mock__/clock").json["now"] == "2026-06-01T00:00:00Z"
    assert API(app).get().status_code == 200


@pytest.mark.parametrize("moment", [END, BEGINNING])
@pytest.mark.parametrize("freeze", [True, False])
def test_the_last_times_that_are_accepted_work(moment: str, freeze: bool) -> None:
    """Every read, a write and a scenario with relative times; and the clock can be set back."""
    app = create_app(Config(api_version="4.202", group_delay=31_536_000))
    client = app.test_client()
    change: dict[str, Any] = {"set": moment, **({"freeze": True} if freeze else {})}
    assert client.post("/__mock__/clock", json=change).status_code == 200
    headers = {"Authorization": "main-admin-key"}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<org>", "main").replace("<user_id>", "1")
        if "GET" in (rule.methods or ()) and "<" not in path:
            path = path.removesuffix("/stream") if path.endswith("stream") else path
            assert client.get(path, headers=headers).status_code < 500, path
    assert API(app).create(name="At the end")["name"] == "At the end"
    assert client.get("/__mock__/").status_code == 200
    assert client.post("/__mock__/clock", json={"set": "2026-06-01T00:00:00Z"}).status_code == 200
    assert client.get("/__mock__/clock").json["now"].startswith("2026-06-01")


@pytest.mark.parametrize("year", [1, 999, 9001, 9999])
def test_a_start_without_a_future_is_refused(year: int) -> None:
    """`--now` is held to the same years."""
    with pytest.raises(StartError, match=r"--now: .* is not in the years 1000 to 9000"):
        create_app(Config(now=datetime(year, 1, 1, tzinfo=UTC)))


def scenario(folder: Path, text: str) -> Any:
    """Return the service of a mock that has a scenario `mine`."""
    (folder / "mine.yaml").write_text(f"description: Mine\n{text}")
    now = datetime(2026, 6, 1, tzinfo=UTC)
    return create_app(Config(scenarios=folder, now=now)).extensions["mockserver"]


@pytest.mark.parametrize(
    "text",
    [
        f"faults: [{', '.join(['{status: 503}'] * 101)}]",
        "clock: {set: '9999-12-31T23:59:59Z'}",
        "clock: {advance: P3000000D}",
        "add: {credentials: [{entityId: x, nmae: y}]}",
    ],
    ids=["faults", "clock", "far clock", "record"],
)
def test_a_scenario_that_cannot_be_entered_loses_nothing(tmp_path: Path, text: str) -> None:
    """It is refused before the sandbox is reset."""
    service = scenario(tmp_path, text)
    sandbox = service.sandbox
    sandbox.replace_store(sandbox.store._replace(sequence=4711))
    sandbox.clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidScenario, match=r"mine.yaml: "):
        service.scenarios.enter(sandbox, "mine")
    assert sandbox.store.sequence == 4711
    assert sandbox.clock.now().year == 2027
    assert sandbox.scenario is None


def test_a_hundred_faults_can_be_entered_again_and_again(tmp_path: Path) -> None:
    """Those of before go with the reset."""
    service = scenario(tmp_path, f"faults: [{', '.join(['{status: 503}'] * 100)}]")
    for _ in range(2):
        service.scenarios.enter(service.sandbox, "mine")
    assert service.sandbox.scenario == "mine"


@pytest.mark.parametrize("clock", ["", "clock: {set: '2030-01-01T00:00:00Z'}\n"])
def test_the_times_of_a_scenario_are_those_after_the_reset(tmp_path: Path, clock: str) -> None:
    """A clock that somebody had moved before has no part in them."""
    service = scenario(
        tmp_path, f"{clock}change:\n  credentials:\n  - set: {{createdAt: now-PT1H}}\n"
    )
    service.sandbox.clock.set(datetime(2035, 1, 1, tzinfo=UTC))
    service.scenarios.enter(service.sandbox, "mine")
    years = {c.created_at.year for c in service.sandbox.store.credentials.values()}
    assert years == {2026}
    assert service.sandbox.clock.now().year == (2030 if clock else 2026)
