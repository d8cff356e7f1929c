"""What counts as left behind: all that was sent and not refused, until a read shows its absence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.bite import PLACES
from tests.support.command import run
from tests.support.faulty import Answer, Call, Fault, serve_faulty

LIST = "/api/credentials/orgs/main/users/1/"
KEPT = tuple(word for word in PLACES if word != "--disposable")


def is_list(call: Call) -> bool:
    """Tell whether a request reads the list of credentials."""
    return call.method == "GET" and call.path.partition("?")[0] == LIST


class DeleteDoesNothing:
    """A DELETE answers 204 and deletes nothing."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "DELETE" and call.headers.get("authorization", "").endswith("admin-key"):
            return Answer(204)
        return None


class CreationBreaksTheList:
    """The third POST answers 500, stores its record, and the list is 500 from then on."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        is_creation = call.method == "POST" and call.path == LIST and b"credcheck-" in call.body
        if is_creation and call.number >= 3 and not self.broken:
            self.broken = True
            call.forward()
            return Answer.page(500, "<h1>Server Error (500)</h1>")
        if is_list(call) and self.broken:
            return Answer.page(500, "<h1>Server Error (500)</h1>")
        return None


class ListShowsTheDeleted:
    """What was deleted stays in the list, and is 404 at its own path."""

    def __init__(self) -> None:
        self.deleted: list[dict[str, Any]] = []

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == LIST:
            answer = call.forward()
            if answer.status < 300:
                self.deleted.append(json.loads(answer.body)["result"])
            return answer
        if is_list(call):
            answer = call.forward()
            if answer.status == 200:
                page = json.loads(answer.body)
                listed = {item["entityId"] for item in page["result"]["data"]}
                more = [item for item in self.deleted if item["entityId"] not in listed]
                page["result"]["data"] = [*more, *page["result"]["data"]]
                return Answer.json(200, page)
            return answer
        return None


class CreationsAreCut:
    """Each response to a creation is cut in its middle, although its record is stored."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == LIST:
            answer = call.forward()
            answer.cut = True
            return answer
        return None


class CreationsAreNotJson:
    """Each response to a creation is a part of JSON, although its record is stored."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == LIST:
            answer = call.forward()
            return Answer(answer.status, answer.headers, answer.body[:40])
        return None


class ListIsUnreadable:
    """The list cannot be read after the second creation, and single items can."""

    def __init__(self) -> None:
        self.creations = 0

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == LIST:
            self.creations += 1
        if is_list(call) and self.creations > 1:
            return Answer.json(500, {"detail": "A server error occurred."})
        return None


def judge(fault: Fault, folder: Path, *options: str) -> tuple[Any, dict[str, Any], list[str]]:
    """Run some rules that write against a fault; return the end, the report, and what is there."""
    with serve_faulty(fault) as served:
        words = ("run", served.url, *KEPT, "--api-version", "4.202", "--profile", "quick")
        words += ("--journal", str(folder / "journal"), "--report", str(folder / "report"))
        ended = run(*words, *(options or ("--rule", "STATE-03", "--rule", "STATE-02")))
        names = served.names()
    report = json.loads((folder / "report" / "report.json").read_text())
    return ended, report, names


@pytest.mark.parametrize(
    ("make_fault", "reason"),
    [
        (DeleteDoesNothing, "DELETE returned 204, and it is still there"),
        (ListShowsTheDeleted, "the list still shows it"),
    ],
)
def test_what_is_still_shown_is_left_behind(
    make_fault: Callable[[], Fault], reason: str, tmp_path: Path
) -> None:
    """A response to DELETE is no absence: each item is named, with why and what to do."""
    ended, report, names = judge(make_fault(), tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert report["left_behind"], ended.stdout
    assert all(reason in item and "delete it in the service" in item
               for item in report["left_behind"])  # fmt: skip
    created = report["effects"]["created"]["credentials"]
    if make_fault is DeleteDoesNothing:
        left = " ".join(report["left_behind"])
        assert all(repr(name) in left for name in names)
        assert len(names) == len(report["left_behind"]) == created
    assert report["effects"]["left_behind"] == len(report["left_behind"])
    assert list((tmp_path / "journal").glob("*.jsonl")), "the journal was removed"


def test_a_record_that_breaks_the_list_is_left_behind(tmp_path: Path) -> None:
    """A POST answered 500 whose record nobody can see is left behind, by its name."""
    ended, report, _ = judge(CreationBreaksTheList(), tmp_path, "--subject", "state")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert any("perhaps credential" in item and "credcheck-" in item and "nobody can see" in item
               for item in report["left_behind"]), report["left_behind"]  # fmt: skip
    assert list((tmp_path / "journal").glob("*.jsonl"))
    lost = [notice for notice in report["notices"] if "the list of credentials cannot" in notice]
    assert len(lost) == 1, report["notices"]
    assert re.search(r"since exchange \d+ \(POST ", lost[0])
    assert sum("cannot be read" in result["reason"] for result in report["results"]) > 10
    assert len(report["failures"]) <= 3, [each["message"] for each in report["failures"]]


@pytest.mark.parametrize("make_fault", [CreationsAreCut, CreationsAreNotJson])
def test_what_no_response_named_is_found_and_deleted(
    make_fault: Callable[[], Fault], tmp_path: Path
) -> None:
    """A record whose response was cut is found by its mark, and deleted."""
    ended, report, names = judge(make_fault(), tmp_path)
    assert report["effects"]["methods"]["POST"] > 0
    assert names == []
    assert report["left_behind"] == [], ended.stdout
    assert list((tmp_path / "journal").glob("*.jsonl")) == []


def test_single_items_show_their_absence_where_the_list_does_not(tmp_path: Path) -> None:
    """Items with known ids are seen to be gone at their own paths, though no list can be read."""
    ended, report, names = judge(ListIsUnreadable(), tmp_path)
    assert names == []
    assert report["left_behind"] == [], ended.stdout
    assert ended.returncode == 1
