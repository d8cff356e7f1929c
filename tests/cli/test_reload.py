"""`credmock serve --reload`: what is reloaded, and what becomes of what was written."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.cli.reloading import ReloadableApplication, WatchedFiles
from mockserver.files import SCENARIOS, WORLD
from mockserver.world.carry import carry_changes
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from tests.sandbox.test_state_file import KEY, create, newest
from tests.support.server import running
from tests.support.waiting import PATIENCE, wait_until


def shipped() -> dict[str, Any]:
    """Return the world that ships, to be changed."""
    document: dict[str, Any] = json.loads(WORLD.read_bytes())
    return document


def without_credential(document: dict[str, Any], entity_id: str) -> dict[str, Any]:
    """Return a world without a credential and all that is about it."""
    return {
        **document,
        "credentials": [c for c in document["credentials"] if c["entityId"] != entity_id],
        "assertions": [a for a in document["assertions"] if a["credential"] != entity_id],
        "assignments": [a for a in document["assignments"] if a["credential"] != entity_id],
        "external_mappings": [
            m for m in document["external_mappings"] if m["credential"] != entity_id
        ],
    }


def test_only_the_files_that_were_read_are_watched(tmp_path: Path) -> None:
    """Neighbours, the state and a log beside the world change nothing; the world keeps writes."""
    world, scenarios = tmp_path / "world.json", tmp_path / "scenarios"
    scenarios.mkdir()
    world.write_bytes(WORLD.read_bytes())
    options = ("--world", str(world), "--state", str(tmp_path / "state.json"), "--reload")
    with running(*options, "--scenarios", str(scenarios)) as server:
        create(server, "Written")
        create(server, "Written elsewhere", "/__sandbox__/other")
        for name in ("note.txt", "server.log", "other.json", "world.json.swp"):
            (tmp_path / name).write_text("a neighbour")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "world.json").write_text("another world")
        os.utime(world)  # not another content
        (scenarios / "mine.yaml").write_bytes((SCENARIOS / "empty.yaml").read_bytes())
        wait_until(lambda: "mine.yaml" in "".join(server.log), "the scenario is logged")
        assert "reloaded" not in "".join(server.log)
        document = shipped()
        document["platforms"][0]["name"] = "Another name"
        new = tmp_path / "world.json.new"
        new.write_text(json.dumps(document))
        new.replace(world)  # as editors do
        wait_until(lambda: "sandbox other" in "".join(server.log), "it is reloaded")
        assert newest(server) == "Written"
        exported = httpx.get(f"{server.url}/__mock__/state", timeout=PATIENCE).json()
        assert exported["platforms"][0]["name"] == "Another name"
    log = [line for line in server.log if "reloaded" in line or "sandbox" in line.split("/")[0]]
    assert log == [
        f"reloaded {world}\n",
        "  sandbox default: 1 of its changes kept\n",
        "  sandbox other: 1 of its changes kept\n",
    ]
    assert (
        json.loads((tmp_path / "state.json").read_bytes())["credentials"][-1]["name"] == "Written"
    )


def test_a_world_behind_a_link_is_watched(tmp_path: Path) -> None:
    """A link that leads elsewhere, as a mounted configuration does, is another world."""
    for name, platform in (("first", "First"), ("second", "Second")):
        document = shipped()
        document["platforms"][0]["name"] = platform
        (tmp_path / name).mkdir()
        (tmp_path / name / "world.json").write_text(json.dumps(document))
    (tmp_path / "current").symlink_to("first")
    (tmp_path / "world.json").symlink_to("current/world.json")
    with running("--world", str(tmp_path / "world.json"), "--reload") as server:
        httpx.post(f"{server.url}/__mock__/clock", json={"set": "2030-01-01T00:00:00Z"})
        (tmp_path / "next").symlink_to("second")
        (tmp_path / "next").replace(tmp_path / "current")
        wait_until(lambda: "reloaded" in "".join(server.log), "it is reloaded", seen=server.log)
        exported = httpx.get(f"{server.url}/__mock__/state", timeout=PATIENCE).json()
        clock = httpx.get(f"{server.url}/__mock__/clock", timeout=PATIENCE).json()
    assert exported["platforms"][0]["name"] == "Second"
    assert clock["now"].startswith("2030-01-01")


def test_changes_are_made_again_where_they_fit() -> None:
    """Changed, added and removed records are carried; what lacks its issuer or user is logged."""
    world = shipped()
    first, second, third = (c["entityId"] for c in world["credentials"][:3])
    before = load_world(shipped())
    written = without_credential(shipped(), first)
    next(c for c in written["credentials"] if c["entityId"] == second)["name"] = "Changed"
    added = {**written["credentials"][1], "entityId": "added", "name": "Added"}
    orphan = {**added, "entityId": "orphan", "issuer": "gone", "signatories": None}
    gone = {**written["issuers"][0], "entityId": "gone", "signatories": []}
    written["issuers"].append(gone)
    written["credentials"] += [added]
    old = load_world({**shipped(), "issuers": [*world["issuers"], gone]})
    after = load_world({**written, "credentials": [*written["credentials"], orphan]})
    assert carry_changes(before, before, old) == (old, 0, [])

    base = without_credential(shipped(), third)
    base["platforms"][0]["name"] = "Another name"
    made = carry_changes(old, after, load_world(base))
    names = {c["entityId"]: c["name"] for c in export_world(made.store)["credentials"]}
    assert first not in names
    assert third not in names
    assert (names[second], names["added"]) == ("Changed", "Added")
    assert made.store.platforms["main"].name == "Another name"
    assert made.lost == ["credentials orphan: there is no issuer 'gone'"]


def test_a_mention_of_what_is_gone_is_left_out() -> None:
    """A written credential loses the course that the new world does not have, and stays."""
    world = shipped()
    credential = next(c for c in world["credentials"] if c.get("courses"))
    written = shipped()
    next(c for c in written["credentials"] if c["entityId"] == credential["entityId"])["name"] = "X"
    course = credential["courses"][0]
    base = shipped()
    base["courses"] = [c for c in base["courses"] if c["course_id"] != course]
    for record in base["credentials"]:
        record["courses"] = [c for c in record.get("courses", ()) if c != course]
    for record in base["assertions"]:
        record["course"] = None if record.get("course") == course else record.get("course")
    made = carry_changes(load_world(world), load_world(written), load_world(base))
    found = made.store.credentials[credential["entityId"]]
    assert (found.fields["name"], course in found.fields["courses"]) == ("X", False)
    assert (made.kept, made.lost) == (1, [])


def test_a_change_of_the_same_size_is_found(tmp_path: Path) -> None:
    """Also with the time of the file before, as `cp -p` sets it, and right after another change."""
    world = tmp_path / "world.json"
    world.write_bytes(b"{1}")
    files = WatchedFiles(Config(world=world))
    before = world.stat()
    for content in (b"{2}", b"{3}", b"{4}"):
        world.write_bytes(content)
        os.utime(world, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert files.find_changed() == [world]
    assert files.find_changed() == []
    world.unlink()
    assert files.find_changed() == [world]
    os.mkfifo(world)  # a pipe of the shell is read once, and by nobody who only looks
    assert files.find_changed() == []


@pytest.mark.parametrize("scenario", ["empty", "one-page"])
def test_a_sandbox_in_a_scenario_stays_as_it_is(tmp_path: Path, scenario: str) -> None:
    """Its records are the scenario's until it is reset; then they are of the new world."""
    world = tmp_path / "world.json"
    world.write_bytes(WORLD.read_bytes())
    with running("--world", str(world), "--reload") as server:
        httpx.post(f"{server.url}/__mock__/scenario", json={"name": scenario}, timeout=PATIENCE)
        count = httpx.get(server.collection, headers=KEY).json()["result"]["count"]
        document = shipped()
        document["credentials"][-1]["name"] = "Of the new world"
        world.write_text(json.dumps(document))
        wait_until(lambda: "reloaded" in "".join(server.log), "it is reloaded", seen=server.log)
        assert httpx.get(server.collection, headers=KEY).json()["result"]["count"] == count
        httpx.post(f"{server.url}/__mock__/state/reset", timeout=PATIENCE)
        exported = httpx.get(f"{server.url}/__mock__/state", timeout=PATIENCE).json()
    assert exported["credentials"][-1]["name"] == "Of the new world"


def test_a_change_before_the_first_event_is_not_missed(tmp_path: Path) -> None:
    """What changes between the start and the first look at the folder is reloaded as well."""
    world = tmp_path / "world.json"
    world.write_bytes(WORLD.read_bytes())
    config, stopping = Config(world=world), threading.Event()
    lines: list[str] = []
    application = ReloadableApplication(create_app(config), config, lines.append)
    world.write_text("{}")
    application.watch(stopping)
    try:
        wait_until(lambda: any("not reloaded" in line for line in lines), "it looked", seen=lines)
    finally:
        stopping.set()
