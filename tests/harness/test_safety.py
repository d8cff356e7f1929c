"""The safety of a run: what it may send, what it leaves behind, what it never shows."""

import base64
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.catalogue import SUBJECTS
from contract_tests.engine.cleanup import clean_up
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import Guard
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed
from contract_tests.settings.settings import Settings
from contract_tests.settings.sources import load_settings
from mockserver.files import WORLD
from tests.harness.bite import CONTEXT, PLACES
from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run
from tests.support.server import RunningServer, running
from tests.support.waiting import PATIENCE, wait_until


def names(served: RunningServer) -> list[str]:
    """Return the names of what a running mock lists of runs of the command."""
    found = []
    for page in (1, 2, 3):
        request = urllib.request.Request(
            f"{served.collection}?page_size=100&search=credcheck&page={page}",
            headers={"Authorization": "main-admin-key"},
        )
        try:
            with urllib.request.urlopen(request) as response:
                found += [each["name"] for each in json.load(response)["result"]["data"]]
        except urllib.error.HTTPError:
            break
    return found


@pytest.mark.longest
@pytest.mark.slow
def test_read_only_sends_reads_only() -> None:
    """A read-only run sends GET, HEAD and OPTIONS, according to the server's log."""
    with running() as served:
        ended = run("run", served.url, *CONTEXT, "--profile", "quick", "--read-only")
    assert ended.returncode == 0, ended.stdout
    methods = {line.split()[2] for line in served.log}
    assert methods == {"GET", "HEAD", "OPTIONS"}
    assert len(served.log) > 500


def settings(**more: Any) -> Settings:
    """Return settings of a target that is not on this machine."""
    return Settings(name="x", base_url="https://staging.example.com", keys={}, headers={}, **more)


COLLECTION = "/api/credentials/orgs/main/users/1/"
ITEM = "/api/credentials/orgs/main/users/7/"


@pytest.mark.parametrize(
    ("writes", "method", "path", "allowed"),
    [
        (False, "GET", ITEM, True),
        (False, "OPTIONS", ITEM, True),
        (False, "POST", ITEM, False),
        (False, "DELETE", f"{ITEM}mine", False),
        (False, "PATCH", ITEM, False),
        (True, "POST", ITEM, True),
        (True, "PUT", f"{ITEM}mine", True),
        (True, "DELETE", f"{ITEM}mine", True),
        (True, "DELETE", f"{ITEM}made-up", True),
        (True, "DELETE", f"{ITEM}somebody-elses", False),
        (True, "PUT", f"{ITEM}somebody-elses?x=mine", False),
        (True, "DELETE", ITEM, False),
        (True, "PATCH", ITEM, False),
        (False, "POST", f"{ITEM}issuers/", False),
        (True, "POST", f"{ITEM}issuers/", True),
        (True, "PUT", f"{ITEM}issuers/mine", True),
        (True, "DELETE", f"{ITEM}issuers/somebody-elses", False),
        (True, "DELETE", f"{ITEM}issuers/main", False),
        (True, "POST", f"{ITEM}issuers/authority/", False),
        (True, "POST", f"{ITEM}mine/assertions/", True),
        (True, "POST", f"{ITEM}somebody-elses/assertions/", False),
        (True, "POST", f"{ITEM}mine/assertions/bulk/", True),
        (True, "POST", f"{ITEM}somebody-elses/assertions/bulk/", False),
        (True, "PUT", f"{ITEM}assertions/mine", True),
        (True, "PUT", f"{ITEM}assertions/somebody-elses", False),
        (True, "PUT", f"{ITEM}assertions/somebody-elses?x=mine", False),
        (True, "POST", f"{ITEM}assertions/", False),
        (True, "POST", f"{ITEM}assignments/users/", False),
        (True, "POST", f"{ITEM}images/", False),
    ],
)
def test_the_guard(writes: bool, method: str, path: str, allowed: bool) -> None:
    """Without writes only reads leave; with them only what the run made is touched."""
    guard = Guard(settings(allow_writes=writes), own={"mine"}, unknown={"made-up"})
    if allowed:
        guard.check(method, path)
    else:
        with pytest.raises(RequestFailed):
            guard.check(method, path)


KEPT = tuple(each for each in PLACES if each != "--disposable")
"""A target that stays, on which nothing may get lost."""


def wait_for_a_creation(journal: Path, processes: int = 1) -> None:
    """Wait until each process of a run has noted something that it created."""

    def all_have_created() -> bool:
        noted = [path.read_text() for path in journal.glob("*.jsonl")]
        return sum('"created"' in text for text in noted) == processes

    wait_until(all_have_created, "each process of the run has created something")


@pytest.mark.parametrize(
    "deadly",
    [
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGINT,
    ],
)
def test_a_run_that_is_ended_leaves_nothing(tmp_path: Path, deadly: signal.Signals) -> None:
    """After Ctrl-C and SIGTERM nothing is left; after SIGKILL nothing after `cleanup`."""
    journal = tmp_path / "journal"
    with running("--quiet") as served:
        command = [*COMMAND, "run", served.url, *KEPT, "--journal", str(journal)]
        command += ["--subject", "state", "--rate", "60/s"]
        process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_a_creation(journal)
        process.send_signal(deadly)
        process.wait(timeout=PATIENCE)
        if deadly == signal.SIGKILL:
            assert list(journal.glob("*.jsonl"))
            ended = run("cleanup", served.url, *KEPT, "--journal", str(journal))
            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert "cleaned up" in ended.stdout
        assert names(served) == []
        assert list(journal.glob("*.jsonl")) == []


@pytest.mark.slow
def test_killed_workers_leave_nothing(tmp_path: Path) -> None:
    """What workers that were killed created is deleted by the process that started them."""
    journal = tmp_path / "journal"
    with running("--quiet") as served:
        command = [*COMMAND, "run", served.url, *KEPT, "--journal", str(journal), "-n", "2"]
        command += ["--subject", "state", "--rate", "60/s"]
        process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_for_a_creation(journal, processes=2)
            for worker in children_of(process.pid):
                kill_worker(process.pid, worker)
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert names(served) == []
        assert list(journal.iterdir()) == []
    assert process.returncode == 3, output
    assert "the harness failed at" in output


def kill_worker(pid: int, worker: int) -> None:
    """Kill a worker and wait until the process that started it has started another in its place.

    Two that are killed at once are another failure: tests of the one are handed to the other.
    """
    before = set(children_of(pid))
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: set(children_of(pid)) - before, "the worker is replaced")


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True)
    return [int(each) for each in listed.stdout.split()]


NUMBERS = count(1)


@contextmanager
def target_on(url: str, journal: Path, **more: Any) -> Iterator[Target]:
    """Yield a target with keys and a number of its own, as a run has it."""
    options = {"org": "main", "user_id": "1", "journal": str(journal), "allow_writes": True, **more}
    settings = load_settings(url, options, ENVIRONMENT)
    with closing(Target(settings, f"run{next(NUMBERS)}", "main", 1)) as target:
        yield target


def create_one(target: Target) -> None:
    """Create a credential with the mark of a target."""
    (issuer, *_) = target.send("GET", f"{COLLECTION}issuers/").value["result"]["data"]
    body = json.dumps({"name": target.mark, "issuer": issuer["entityId"]}).encode()
    response = target.send(
        "POST", COLLECTION, headers={"Content-Type": "application/json"}, body=body
    )
    assert response.status == 200


def test_a_run_that_lives_is_no_crash(tmp_path: Path, server: RunningServer) -> None:
    """The journal of a run that still goes on is let alone; one that has ended is cleaned up."""
    with target_on(server.url, tmp_path) as alive, target_on(f"{server.url}/", tmp_path) as later:
        create_one(alive)
        assert list(clean_up(later)) == []
        assert names(server) == [alive.mark]
        alive.journal.close(clean=False)
        with target_on(server.url, tmp_path, org="acme", user_id="11") as elsewhere:
            assert "--org main --user-id 1" in str(next(clean_up(elsewhere)))
        assert names(server) == [alive.mark]
        (cleaned,) = clean_up(later)
    assert "cleaned up" in str(cleaned)
    assert names(server) == []
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_may_not_look_does_not_make_it_gone(
    tmp_path: Path, server: RunningServer
) -> None:
    """After a 403 to a deletion and to a read, the item stays in the journal and is reported."""
    strange = {"key": ["admin=env:CREDCHECK_KEY_OTHER_ORG_ADMIN"]}
    with target_on(server.url, tmp_path) as owner:
        create_one(owner)
        owner.journal.close(clean=False)
    with target_on(server.url, tmp_path, **strange) as stranger:
        assert "1 left behind" in str(next(clean_up(stranger)))
    assert names(server) == [owner.mark]
    with target_on(server.url, tmp_path) as again:
        assert "cleaned up" in str(next(clean_up(again)))


@pytest.mark.slow
def test_items_of_lost_responses_are_found_or_reported() -> None:
    """A listed item is deleted though no response named it; a private one counts as left behind."""
    options = ("--org", "main", "--user-id", "1", "--allow-writes", "--rule", "STATE-03")
    ended = run("run", "wsgi:tests.support.forgetful:application", *options)
    assert ended.returncode == 3, ended.stdout
    assert "504 '504 Gateway Timeout', a gateway's page" in ended.stdout
    assert re.search(r"\n  .* 0 left behind", ended.stdout), ended.stdout
    hidden = run("run", "wsgi:tests.support.forgetful:application", *options, "--disposable")
    assert "no list shows a private credential" in hidden.stdout, hidden.stdout


SECRETS = {
    "ADMIN": "sk-admin/7Qx+very&secret==",
    "LEARNER": "sk-learner-0123456789abcdef",
    "OTHER_ORG_ADMIN": "sk-other.org~key!*()",
}


def forms_of(secret: str) -> set[str]:
    """Return a secret in the encodings that a report may have."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    forms |= {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode()}
    return forms | {base64.b64encode(b"Api-Key " + raw).decode()[12:-4]}


@pytest.mark.longest
@pytest.mark.slow
def test_no_secret_is_in_any_artefact(tmp_path: Path) -> None:
    """A failing run with known keys leaves none of them in output, reports or journal.

    It tests every rule but the generated requests, which are sent the same way.
    """
    document = json.loads(WORLD.read_text())
    holders = {1: "ADMIN", 2: "LEARNER", 11: "OTHER_ORG_ADMIN"}
    for key in document["api_keys"]:
        if key["active"] and key["user_id"] in holders:
            key["key"] = SECRETS[holders[key["user_id"]]]
    world = tmp_path / "world.json"
    world.write_text(json.dumps(document))
    report, journal = tmp_path / "report", tmp_path / "journal"
    environment = {**os.environ, **{f"CREDCHECK_KEY_{role}": key for role, key in SECRETS.items()}}
    cookie = "session=sk-cookie-42-very-secret"
    with running("--world", str(world)) as served:
        ended = run(
            "run", served.url, *CONTEXT, "--profile", "quick", "--max-latency", "0.000001",
            "--header", f"Cookie: {cookie}", "--report", str(report), "--journal", str(journal),
            *(word for each in SUBJECTS if each != "schema" for word in ("--subject", each)),
            env=environment,
        )  # fmt: skip
    assert ended.returncode == 1, ended.stdout
    assert "FAILED PROTO-10" in ended.stdout
    artefacts = {path: path.read_text(errors="replace") for path in report.rglob("*.*")}
    artefacts |= {path: path.read_text() for path in journal.rglob("*.jsonl")}
    artefacts[Path("stdout")] = ended.stdout + ended.stderr
    assert len(artefacts) >= 5
    for path, text in artefacts.items():
        for secret in (*SECRETS.values(), cookie):
            for form in forms_of(secret):
                assert form not in text, path
    assert "$CREDCHECK_KEY_ADMIN" in artefacts[Path("stdout")]


@pytest.mark.parametrize("prefix", [b"", b"x", b"xy", b"Api-Key "])
def test_the_redactor_knows_encodings(prefix: bytes) -> None:
    """A key is found in base64, wherever it is in the encoded text."""
    redact = Redactor({"admin": "sk-admin-0123456789"}, {})
    encoded = base64.b64encode(prefix + b"sk-admin-0123456789 and more").decode()
    assert "$CREDCHECK_KEY_ADMIN" in redact(encoded)
    assert redact("plain text") == "plain text"
