"""The stream of all that changes in a sandbox, the search of its journal, and its undo."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mockserver.control.client import Control
from tests.conftest import API, MAIN
from tests.sandbox.test_sandboxes import control, count
from tests.support.server import RunningServer
from tests.support.waiting import PATIENCE

KEY = {"Authorization": "main-admin-key"}


def read_events(stream: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    """Yield name, id and data of each event."""
    fields: dict[str, str] = {}
    for line in stream.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
            fields = {}


def test_changes_are_streamed_and_taken_up_again(server: RunningServer) -> None:
    """What is there, each change, and after a lost connection what is missing, each once."""
    mock = Control(server.url, "events")
    base = f"{server.url}/__sandbox__/events"
    url = f"{base}/__mock__/events"
    with httpx.Client(headers=KEY, timeout=PATIENCE) as client:
        for number in range(3):
            client.get(f"{base}{MAIN}?page={number}")
        with client.stream("GET", url) as stream:
            events = read_events(stream)
            name, _, state = next(events)
            assert (name, state["scenario"], state["faults"]) == ("state", None, [])
            name, last, rows = next(events)
            assert (name, [row["number"] for row in rows]) == ("exchanges", [1, 2, 3])
            assert "request" not in rows[0]
            mock.fault(status=503, times=1)
            assert next(events)[2]["faults"][0]["happened"] == 0
            mock.clock(set="2031-01-01T00:00:00Z", freeze=True)
            clock = next(events)[2]["clock"]
            assert (clock["now"][:10], clock["frozen"]) == ("2031-01-01", True)
            mock.scenario("empty")
            assert next(events)[2]["scenario"] == "empty"
        client.get(f"{base}{MAIN}")
        with client.stream("GET", url, headers={"Last-Event-ID": last}) as stream:
            events = read_events(stream)
            assert next(events)[2]["journal"]["cleared"] == 3
            assert [row["number"] for row in next(events)[2]] == [4]
        with client.stream("GET", f"{url}?after=another.99") as stream:
            events = read_events(stream)
            next(events)
            assert [row["number"] for row in next(events)[2]] == [4]
    mock.remove()


def find(api: API, query: str) -> list[int]:
    """Return the numbers that a search of the journal finds."""
    answer = control(api, "GET", f"/__mock__/requests?bodies=false&{query}")
    assert answer.status_code == 200, answer.text
    assert all("curl" not in each for each in answer.json["requests"])
    return [each["number"] for each in answer.json["requests"]]


def test_the_journal_is_searched(api: API) -> None:
    """In path, query, headers, bodies and hints, for all words in any case; after a number."""
    api.get(f"{MAIN}?serch=a%20b", headers={"X-Request": "Zebra"})
    api.post({"name": "Quantum Åland"})
    api.get(MAIN)
    assert find(api, "search=zebra") == [1]
    assert find(api, "search=a+b+serch") == [1]
    assert find(api, "search=quantum+åLAND") == [2]
    assert find(api, "search=this+field+is+required") == [2]
    assert find(api, "search=did+you+mean") == [1]
    assert find(api, "search=zebra+quantum") == []
    assert find(api, "search=") == [3, 2, 1]
    assert find(api, "problems=true") == [2, 1]
    assert find(api, "problems=false") == [3]
    assert find(api, "after=1&method=get") == [3]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("problems=yes", "problems"),
        ("after=x", "after"),
        ("bodies=1", "bodies"),
        ("serch=a", "serch"),
    ],
)
def test_a_wrong_search_is_refused(api: API, query: str, word: str) -> None:
    """The text names the parameter."""
    refused = control(api, "GET", f"/__mock__/requests?{query}")
    assert refused.status_code == 400
    assert word in refused.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "state/reset", None),
        ("POST", "state/clear", None),
        ("POST", "scenario", {"name": "empty"}),
        ("DELETE", "scenario", None),
        ("PUT", "state", {"format": 16}),
        ("POST", "state/snapshots/other/restore", None),
    ],
)
def test_what_replaces_everything_is_undone(api: API, method: str, path: str, body: Any) -> None:
    """Records, clock, faults and scenario are as before, once."""
    control(api, "POST", "/__mock__/state/snapshots/other")
    control(api, "POST", "/__mock__/scenario", json={"name": "one-page"})
    api.create(name="Mine")
    control(api, "POST", "/__mock__/faults", json={"status": 503, "method": "DELETE"})
    control(api, "POST", "/__mock__/clock", json={"set": "2031-01-01T00:00:00Z"})
    before, clock = count(api), control(api, "GET", "/__mock__/clock").json
    if path == "state":
        body = control(api, "GET", "/__mock__/state").json
        body["credentials"] = body["assertions"] = body["assignments"] = []
        body["external_mappings"] = []
    changed = control(api, method, f"/__mock__/{path}", json=body)
    assert changed.status_code == 200, changed.text
    assert count(api) != before
    assert control(api, "POST", "/__mock__/state/undo").status_code == 200
    assert count(api) == before
    assert control(api, "GET", "/__mock__/clock").json["now"][:13] == clock["now"][:13]
    assert len(control(api, "GET", "/__mock__/faults").json["faults"]) == 1
    assert control(api, "GET", "/__mock__/scenario").json["current"] == "one-page"
    assert control(api, "POST", "/__mock__/state/undo").status_code == 404


def test_what_failed_leaves_nothing_to_undo(api: API) -> None:
    """A scenario that does not exist replaces nothing."""
    assert control(api, "POST", "/__mock__/scenario", json={"name": "nothing"}).status_code == 404
    assert control(api, "POST", "/__mock__/state/undo").status_code == 404
