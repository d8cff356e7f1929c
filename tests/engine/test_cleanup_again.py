"""Cleaning up with late lists, and with journals that are damaged, removed or of others."""

import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.engine.cleanup import CleanupResult, clean_up, delete_created, describe_others
from contract_tests.engine.interruption import SIGNALS
from contract_tests.engine.journal import lock, read_journal
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed
from contract_tests.runner import run as runner
from contract_tests.runner.selection import Selection
from contract_tests.runner.state import RunState
from contract_tests.settings.sources import load_settings
from tests.engine.test_faults import JSON, LIST, create, read, target_on
from tests.support.command import ENVIRONMENT, run
from tests.support.faulty import RESET, Answer, Call, Fault, FaultyServer, serve_faulty

OPTIONS = ("--org", "main", "--user-id", "1", "--api-version", "4.202")


class LateList:
    """POST answers 500 and stores; the list shows what was stored only some reads later."""

    def __init__(self, reads: int) -> None:
        self.reads = reads
        self.waiting: dict[str, int] = {}

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST":
            stored = json.loads(call.forward().body)["result"]["entityId"]
            self.waiting[stored] = self.reads
            return Answer.json(500, {"detail": "A server error occurred."})
        if call.method != "GET" or call.path.partition("?")[0] != LIST:
            return None
        page = json.loads(call.forward().body)
        hidden = {entity_id for entity_id, left in self.waiting.items() if left > 0}
        data = [item for item in page["result"]["data"] if item["entityId"] not in hidden]
        page["result"]["data"] = data
        self.waiting = {entity_id: left - 1 for entity_id, left in self.waiting.items()}
        return Answer.json(200, page)


@pytest.mark.parametrize("reads", [3, 7])
def test_what_a_list_shows_late_is_deleted(
    reads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that no response named is looked for again, and deleted when it is shown."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with target_on(LateList(reads), tmp_path) as (target, served):
        read(target)
        assert create(target).status == 500
        journal = target.journal.read()
        assert journal is not None
        assert delete_created(target, journal).left_behind == []
        assert served.names() == []


def test_a_deletion_that_failed_once_is_sent_again(tmp_path: Path) -> None:
    """A 500 to one DELETE leaves nothing behind."""

    def fault(call: Call) -> Answer | None:
        is_first = call.method == "DELETE" and call.number == 1
        return Answer.json(500, {"detail": "A server error occurred."}) if is_first else None

    with target_on(fault, tmp_path) as (target, served):
        read(target)
        create(target)
        journal = target.journal.read()
        assert journal is not None
        assert delete_created(target, journal).left_behind == []
        assert served.names() == []


def test_a_put_that_stores_and_fails_is_looked_for(tmp_path: Path) -> None:
    """A PUT to an id that never was, answered 500, may have stored a record: it is deleted."""

    def fault(call: Call) -> Answer | None:
        if call.method != "PUT":
            return None
        created = served.store(call.body)
        assert created < 300
        return Answer.json(500, {"detail": "A server error occurred."})

    with target_on(fault, tmp_path) as (target, server):
        served = Storing(server)
        read(target)
        target.guard.unknown.add("AAAAAAAAAAAAAAAAAAAAAA")
        body = {"name": f"item {target.mark}", "issuer": "ZgX7idonTTq1HJFA4yAXpg"}
        path = f"{LIST}AAAAAAAAAAAAAAAAAAAAAA"
        target.send("PUT", path, headers=JSON, body=json.dumps(body).encode())
        assert len(server.names()) == 1
        journal = target.journal.read()
        assert journal is not None
        assert delete_created(target, journal).left_behind == []
        assert server.names() == []


class Storing:
    """Stores a record in the mock behind a server."""

    def __init__(self, server: FaultyServer) -> None:
        self._client = server.mock.test_client()

    def store(self, body: bytes) -> int:
        """Create a credential, and return the status code."""
        headers = {**JSON, "Authorization": "Api-Key main-admin-key"}
        return self._client.post(LIST, data=body, headers=headers).status_code


def test_a_journal_that_is_removed_in_the_middle_is_kept(tmp_path: Path) -> None:
    """What a run wrote is known to it, and is written again if something is left behind."""
    with target_on(lambda _: None, tmp_path / "journal") as (target, served):
        create(target)
        target.journal.path.unlink()
        target.journal.path.parent.rmdir()
        journal = target.journal.read()
        assert journal is not None
        assert len(journal.created) == 1
        target.journal.close(clean=False)
        assert target.journal.path.read_text().count("created") == 1
        assert len(served.names()) == 1


def write_journal(folder: Path, url: str, *lines: str, head: dict[str, Any] | None = None) -> Path:
    """Write a journal of a run against a URL."""
    values = {"target": url, "application": "", "org": "main", "user_id": "1", "run": "0badcafe"}
    first = json.dumps({**values, "mark": "credcheck-0badcafe-main-", **(head or {})})
    folder.mkdir(exist_ok=True)
    path = folder / "0badcafe-main.jsonl"
    path.write_text("\n".join([first, *lines]) + "\n", encoding="latin-1")
    return path


def clean(target_and_server: Any) -> list[CleanupResult]:
    """Clean up after the journals in the folder of a target."""
    target, _ = target_and_server
    return list(clean_up(target))


@pytest.mark.parametrize(
    "line",
    [
        "{not JSON",
        "\xff\xfe",
        "[]",
        '{"created": "AAAAAAAAAAAAAAAAAAAAAA"}',
        '{"intent": [1], "at": "/x/", "name": "n"}',
    ],
)
def test_a_damaged_line_of_a_journal_is_not_clean(line: str, tmp_path: Path) -> None:
    """What a line said that cannot be read is left behind, with its number; the rest is done."""
    with target_on(lambda _: None, tmp_path) as (target, served):
        body = {"name": "item credcheck-0badcafe-main-1", "issuer": "ZgX7idonTTq1HJFA4yAXpg"}
        Storing(served).store(json.dumps(body).encode())
        path = write_journal(tmp_path, served.url, line)
        results = clean((target, served))
        assert served.names() == []
        assert len(results) == 1
        assert "line 2" in " ".join(results[0].left_behind)
        assert path.exists()


def test_a_last_line_that_a_crash_cut_off_is_no_damage(tmp_path: Path) -> None:
    """A request is sent when its line is whole, so the end of a crash says nothing."""
    with target_on(lambda _: None, tmp_path) as (target, served):
        path = write_journal(tmp_path, served.url)
        path.write_text(path.read_text() + '{"intent": 1, "at": "/api')
        assert [each.left_behind for each in clean((target, served))] == [[]]
        assert not path.exists()


@pytest.mark.parametrize("text", ["{not JSON\n", '{"intent": 1, "at": "/", "name": ""}\n', "\0"])
def test_a_journal_without_its_first_line_is_named(text: str, tmp_path: Path) -> None:
    """Nobody knows its target: it is left behind, by the path of the file."""
    with serve_faulty(lambda _: None) as served:
        path = tmp_path / "0badcafe-main.jsonl"
        path.write_text(text)
        ended = run("cleanup", served.url, *OPTIONS, "--journal", str(tmp_path))
    assert ended.returncode == 1
    assert f"the first line of the journal {path} is damaged" in ended.stdout
    assert "credcheck-0badcafe" in ended.stdout
    assert path.exists()
    assert ended.stderr == ""


def test_cleanup_says_what_it_leaves_alone(tmp_path: Path) -> None:
    """Journals of other targets and of active runs are named, and stay."""
    with serve_faulty(lambda _: None) as served:
        words = ("cleanup", served.url, *OPTIONS, "--journal", str(tmp_path))
        path = write_journal(tmp_path, "http://elsewhere:1")
        other = run(*words)
        write_journal(tmp_path, served.url)
        with path.open() as file, closing(file):
            lock(file)
            active = run(*words)
        assert path.exists()
        done = run(*words)
    assert (other.returncode, active.returncode, done.returncode) == (0, 0, 0)
    assert "has no journal of an ended run" in other.stdout
    assert "are about http://elsewhere:1" in other.stdout
    assert "run 0badcafe: still active, and left alone" in active.stdout
    assert done.stdout == "run 0badcafe: cleaned up\n"


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: Answer.json(401, {"detail": "Invalid token."}),
        pytest.param(lambda _: Answer.page(503, "<h1>Down</h1>"), marks=pytest.mark.slow),
    ],
)
def test_a_cleanup_that_cannot_see_is_not_clean(fault: Fault, tmp_path: Path) -> None:
    """With a key that is refused, or while the service is down, everything counts as left."""
    created = json.dumps({"created": "AAAAAAAAAAAAAAAAAAAAAA", "at": LIST})
    with serve_faulty(fault) as served:
        path = write_journal(tmp_path, served.url, created)
        ended = run("cleanup", served.url, *OPTIONS, "--journal", str(tmp_path))
    assert ended.returncode == 1
    assert "1 left behind" in ended.stdout
    assert "AAAAAAAAAAAAAAAAAAAAAA" in ended.stdout
    assert path.exists()
    assert ended.stderr == ""


def create_private(target: Target) -> str:
    """Create what no list shows, and return its id."""
    fields = {"name": f"item {target.mark}", "issuer": "ZgX7idonTTq1HJFA4yAXpg", "public": False}
    response = target.send("POST", LIST, headers=JSON, body=json.dumps(fields).encode())
    return str(response.value["result"]["entityId"])


def delete_at_once(target: Target, item: str) -> None:
    """Delete an item that nothing has read, while the response gets lost."""
    with pytest.raises(RequestFailed):
        target.send("DELETE", item)


def read_and_delete(target: Target, item: str) -> None:
    """Delete an item that was read, behind the back of the run."""
    target.send("GET", item)
    headers = {"Authorization": "Api-Key main-admin-key", "X-Behind": "1"}
    assert httpx.delete(target.settings.base_url + item, headers=headers).status_code < 300


def leave(target: Target, item: str) -> None:
    """Leave an item to the cleanup, whose first DELETE gets no response."""


@pytest.mark.parametrize("act", [delete_at_once, read_and_delete, leave])
@pytest.mark.parametrize("lost", [RESET, Answer.page(502, "<h1>502 Bad Gateway</h1>")], ids=str)
def test_what_was_deleted_while_its_response_was_lost_is_not_left_behind(
    act: Callable[[Target, str], None],
    lost: Answer | str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A private record that was there, or whose DELETE may have been carried out, is gone."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    was_lost = set()

    def fault(call: Call) -> Answer | str | None:
        is_own = "x-behind" not in call.headers
        if call.method == "DELETE" and is_own and call.path not in was_lost:
            was_lost.add(call.path)
            call.forward()
            return lost
        return None

    with target_on(fault, tmp_path, disposable=True) as (target, _):
        read(target)
        act(target, LIST + create_private(target))
        journal = read_journal(target.journal.path)
        assert journal is not None
        assert delete_created(target, journal).left_behind == []


def test_a_private_record_at_another_id_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the response to a creation names an id that never existed, nothing is known."""
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def fault(call: Call) -> Answer | None:
        if call.method != "POST":
            return None
        return Answer.json(201, {"result": {"entityId": "AAAAAAAAAAAAAAAAAAAAAA"}})

    with target_on(fault, tmp_path, disposable=True) as (target, _):
        read(target)
        entity_id = create_private(target)
        assert target.send("GET", LIST + entity_id).status == 404
        assert target.send("DELETE", LIST + entity_id).status == 404
        journal = read_journal(target.journal.path)
        assert journal is not None
        (left,) = delete_created(target, journal).left_behind
        assert "nothing has ever been at its path" in left


def test_a_second_cleanup_knows_what_the_first_one_deleted(tmp_path: Path) -> None:
    """The journal of another run keeps what a cleanup saw, when something else is left behind."""
    with target_on(lambda _: None, tmp_path / "own", disposable=True) as (target, served):
        entity_id = create_private(target)
        intent = json.dumps({"intent": 1, "at": LIST, "name": "n", "private": True})
        created = json.dumps({"created": entity_id, "at": LIST, "settles": 1})
        path = write_journal(tmp_path, served.url, intent, created, "{not JSON")
        with path.open("a") as file:
            file.write('{"intent": 2, "at')  # what a crash cut off
        later = replace(target.settings, journal=str(tmp_path))
        for _ in range(2):
            with closing(Target(later, "0badbeef", "cleanup", 1)) as again:
                (result,) = clean_up(again)
            (left,) = result.left_behind
            assert "line 4: cannot be read" in left
        assert path.read_text().count(entity_id) == 2


def test_a_journal_that_cannot_be_opened_does_not_end_the_cleanup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left behind, by its path and the reason, and the journals after it are cleaned up."""
    real_open = Path.open

    def refuse(path: Path, *args: Any, **more: Any) -> Any:
        if path.name.startswith("00000002"):
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with target_on(lambda _: None, tmp_path) as (target, served):
        (tmp_path / "00000001-main.jsonl").mkdir()
        (tmp_path / "00000002-main.jsonl").touch()
        path = write_journal(tmp_path, served.url)
        folder, refused, cleaned = clean((target, served))
        describe_others(target.settings)
    assert f"the journal {tmp_path / '00000001-main.jsonl'} cannot be opened (Is a" in str(folder)
    assert f"{tmp_path / '00000002-main.jsonl'} cannot be opened (Permission denied)" in str(
        refused
    )
    assert str(cleaned) == "run 0badcafe: cleaned up"
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.jsonl", '{"hello": 1}\n'),
        ("x.jsonl", '{"hello": 1}'),
        ("0badcafe.jsonl", "{not JSON\n"),
        *(("0badcafe-main.jsonl", text) for text in ("{", '{"tar', '{"target": "http://x", "or')),
    ],
)
def test_what_is_no_journal_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    """A file of another program, and a first line that a crash cut off, say nothing of a record."""
    with target_on(lambda _: None, tmp_path) as (target, served):
        (tmp_path / name).write_text(text)
        (tmp_path / "y.jsonl").mkdir()
        assert clean((target, served)) == []
        assert describe_others(target.settings) == []


def test_a_folder_of_journals_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file in its place is one line and exit 2, not a cleanup without a journal."""
    path = tmp_path / "file"
    path.touch()
    with serve_faulty(lambda _: None) as served:
        ended = run("cleanup", served.url, *OPTIONS, "--journal", str(path))
    assert ended.returncode == 2
    assert f"--journal {path}: Not a directory" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_worker_that_has_not_ended_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """A run whose worker hangs, and holds its journal, does not read "0 left behind"."""
    monkeypatch.setattr(runner, "LONGEST_END", 0.0)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    with serve_faulty(lambda _: None) as served:
        path = write_journal(tmp_path, served.url)
        options = {"org": "main", "user_id": "1", "journal": str(tmp_path), "allow_writes": True}
        settings = load_settings(served.url, options, ENVIRONMENT)
        try:
            state = RunState(settings, "0badcafe", "", 2)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        controller = runner.Run(pytestconfig, state, Selection.__new__(Selection))
        with path.open() as file:
            lock(file)
            left = controller._clean_up_after_dead_workers().left_behind
    assert left == [f"perhaps something: a worker has not ended, see {path}"]
