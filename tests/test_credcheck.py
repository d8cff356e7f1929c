"""The command `credcheck`: verdicts, exit codes, safety, secrets, reports."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.outcome import CouldNotAsk
from contract_tests.rules import CATALOGUE, RULES
from contract_tests.safety import Guard, Redactor
from contract_tests.settings import Settings
from mockserver.files import WORLD
from tests.bite import CONTEXT, KEYS, credcheck, judge_defect
from tests.server import RunningServer, free_port, running
from tests.world import DOCUMENT

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "contract_tests.cli"]
ENVIRONMENT = {**os.environ, **{f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}}


def run(*words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command and return how it ended."""
    options = {"env": ENVIRONMENT, "timeout": 240, "cwd": ROOT, **more}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, **options)


def names(served: RunningServer) -> list[str]:
    """Return the names of what a running mock lists of runs of the command."""
    found = []
    for page in (1, 2, 3):
        request = urllib.request.Request(
            f"{served.collection}?page_size=100&search=credcheck&page={page}",
            headers={"Authorization": "main-admin-key"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                found += [each["name"] for each in json.load(answer)["result"]["data"]]
        except urllib.error.HTTPError:
            break
    return found


def test_the_mock_conforms_in_process(tmp_path: Path) -> None:
    """The quick profile against the mock: exit 0, every operation reached, nothing left behind."""
    ended = run(
        "run", "mock", "--profile", "quick", "--no-unknown-fields", "--report", str(tmp_path)
    )
    assert ended.returncode == 0, ended.stdout
    assert "VERDICT  mock: conforms" in ended.stdout
    assert re.search(r"seed \d+", ended.stdout)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["not_reached"] == []
    assert report["left_behind"] == []
    for name in ("report.html", "junit.xml", "traffic.har"):
        assert (tmp_path / name).stat().st_size > 1000, name


def test_workers_give_the_same_verdict(tmp_path: Path) -> None:
    """Two processes that ask one deployment, and write to it, find what one finds."""
    with running("--quiet") as served:
        options = ("run", served.url, *CONTEXT, "--profile", "quick", "--seed", "5")
        options += ("--journal", str(tmp_path))
        alone, together = run(*options), run(*options, "-n", "2")
    assert list(tmp_path.iterdir()) == []
    assert (alone.returncode, together.returncode) == (0, 0), together.stdout
    kept = [re.search(r"(\d+) kept", each.stdout) for each in (alone, together)]
    assert all(kept)
    assert kept[0][1] == kept[1][1]  # type: ignore[index]


BITES = (
    ("put-resets-other-fields", "STATE-04"),
    ("search-terms-are-patterns", "SEARCH-06"),
    ("count-includes-private", "PAGE-01"),
    ("refusal-of-a-key-lacks-its-challenge", "ACCESS-02"),
    ("any-signal-is-accepted", "ERR-07"),
    ("slash-redirect-drops-the-query", "PROTO-03"),
    ("list-leaves-templates-out", "SCHEMA-05"),
)


@pytest.mark.parametrize(("defect", "rule"), BITES)
def test_it_bites(defect: str, rule: str) -> None:
    """A broken deployment is caught by the rule that is about it; the others are `make bite`'s."""
    outcome = judge_defect(defect, "--rule", rule, "--profile", "quick")
    assert outcome.exit_code == 1, outcome.headline
    assert outcome.left_behind == 0


@pytest.mark.parametrize(("defect", "rule"), [*BITES[:3], ("", "STATE-04")])
def test_in_process_and_over_the_wire_agree(
    monkeypatch: pytest.MonkeyPatch, defect: str, rule: str
) -> None:
    """The same deployment has the same verdict in process and on a port."""
    monkeypatch.setenv("TWIN_DEFECT", defect)
    monkeypatch.setenv("TWIN_HARDENED", "1")
    options = ("--rule", rule, "--profile", "quick", "--seed", "3")
    inside = credcheck("wsgi:tests.twin.wsgi:application", *options)
    outside = judge_defect(defect, *options)
    assert (inside.exit_code, inside.rules) == (outside.exit_code, outside.rules)
    assert inside.exit_code == (1 if defect else 0)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "nowhere"), "credcheck.toml"),
        (("run", "https://base.manager.iblai.app"), "--yes-this-is-production"),
        (("run", "http://127.0.0.1:1", "--user-id", "1"), "--org"),
        (("run", "mock", "--key", "admin=main-admin-key"), "env:NAME"),
        (("run", "mock", "--key", "admin=env:NOT_SET_AT_ALL"), "NOT_SET_AT_ALL"),
        (("run", "mock", "--key", "king=env:HOME"), "king"),
        (("run", "mock", "--rate", "fast"), "5/s"),
        (("run", "mock", "--rule", "PAGE-99"), "PAGE-99"),
        (("run", "mock", "--profile", "lazy"), "lazy"),
        (("run", "mock", "--accept", "missing.toml"), "missing.toml"),
        (("run", "mock", "--config", "missing.toml"), "missing.toml"),
        (("run", "http://user:secret-word@127.0.0.1:1", "--org", "a"), "leave out"),
        (("run", "wsgi:no.such:thing", *CONTEXT), "wsgi:no.such"),
        (("explain", "PAGE-99"), "PAGE-99"),
        (("replay", "missing.json", "PAGE-01"), "missing.json"),
        (("dance",), "dance"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(words: tuple[str, ...], named: str) -> None:
    """What is wrong with the words is told in one line that names it."""
    ended = run(*words)
    said = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    assert ended.returncode == 2, said
    assert len(said) == 1, said
    assert named in said[0]
    assert "Traceback" not in said[0]
    assert "secret-word" not in said[0]


def test_a_file_of_targets(tmp_path: Path, server: RunningServer) -> None:
    """A target by name has its table's settings; a typing mistake in it is told."""
    table = f"""
        [target.local]
        base_url = "{server.url}"
        org = "main"
        user_id = "admin"
        keys = {{ admin = "env:CREDCHECK_KEY_ADMIN", learner = "file:{tmp_path / "key"}" }}
        allow_writes = false
        rate = "200/s"
    """
    (tmp_path / "key").write_text("main-learner-key\n")
    (tmp_path / "credcheck.toml").write_text(table)
    ended = run("run", "local", "--rule", "ACCESS-04", "--rule", "PAGE-05", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout
    (tmp_path / "credcheck.toml").write_text(table + '\n        other_orgg = "acme"\n')
    ended = run("run", "local", cwd=tmp_path)
    assert ended.returncode == 2
    assert "did you mean 'other_org'" in ended.stdout + ended.stderr


@pytest.mark.parametrize("target", ["http://127.0.0.1:1", "wsgi:tests.refusing:application"])
def test_a_target_that_cannot_be_judged_is_exit_3(target: str) -> None:
    """Nobody there, or somebody who keeps refusing: the run stops soon and says why."""
    started = time.monotonic()
    ended = run("run", target, "--org", "main", "--user-id", "1")
    assert ended.returncode == 3, ended.stdout
    assert "not judged: the target" in ended.stdout
    assert time.monotonic() - started < 60


def test_a_wrong_address_is_not_green(server: RunningServer) -> None:
    """A deployment that answers 404 to everything is no success."""
    ended = run("run", f"{server.url}/nothing-here", *CONTEXT, "--profile", "quick", "--read-only")
    assert ended.returncode in (1, 3)
    assert "never 2xx" in ended.stdout


def test_read_only_sends_reads_only() -> None:
    """A read-only run sends GET, HEAD and OPTIONS, as the server's own log says."""
    with running() as served:
        ended = run("run", served.url, *CONTEXT, "--profile", "quick", "--read-only")
    assert ended.returncode == 0, ended.stdout
    methods = {line.split()[2] for line in served.log}
    assert methods == {"GET", "HEAD", "OPTIONS"}
    assert len(served.log) > 500


def settings(**more: Any) -> Settings:
    """Return settings of a target that is not on this machine."""
    return Settings(name="x", base_url="https://staging.example.com", keys={}, headers={}, **more)


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
    ],
)
def test_the_guard(writes: bool, method: str, path: str, allowed: bool) -> None:
    """Without writes only reads leave; with them only what the run made is touched."""
    guard = Guard(settings(allow_writes=writes), own={"mine"}, made_up={"made-up"})
    if allowed:
        guard.check(method, path)
    else:
        with pytest.raises(CouldNotAsk):
            guard.check(method, path)


def wrote(journal: Path) -> bool:
    """Tell whether a run has noted something that it created."""
    return any('"created"' in path.read_text() for path in journal.glob("*.jsonl"))


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_nothing(tmp_path: Path, deadly: signal.Signals) -> None:
    """After Ctrl-C and SIGTERM nothing is left; after SIGKILL nothing after `cleanup`."""
    journal = tmp_path / "journal"
    with running("--quiet") as served:
        command = [*COMMAND, "run", served.url, *CONTEXT, "--journal", str(journal)]
        command += ["--subject", "state", "--rate", "60/s"]
        process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not wrote(journal) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert wrote(journal), "the run created something"
        process.send_signal(deadly)
        process.wait(timeout=60)
        if deadly == signal.SIGKILL:
            assert list(journal.glob("*.jsonl"))
            ended = run("cleanup", served.url, *CONTEXT[:-3], "--journal", str(journal))
            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert "cleaned up" in ended.stdout
        assert names(served) == []
        assert list(journal.glob("*.jsonl")) == []


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


def test_no_secret_is_in_any_artefact(tmp_path: Path) -> None:
    """A whole failing run with known keys leaves none of them in output, reports or journal."""
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
            env=environment,
        )  # fmt: skip
    assert ended.returncode == 1, ended.stdout
    assert "BREACH PROTO-10" in ended.stdout
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
    """A key is found in base64 wherever it stands in what was encoded."""
    redact = Redactor({"admin": "sk-admin-0123456789"}, {})
    encoded = base64.b64encode(prefix + b"sk-admin-0123456789 and more").decode()
    assert "$CREDCHECK_KEY_ADMIN" in redact(encoded)
    assert redact("plain text") == "plain text"


def accepted(rule: str, expires: str) -> str:
    """Return a file of one known breach."""
    return f'[[accepted]]\nrule = "{rule}"\nreason = "known"\nowner = "team"\nexpires = {expires}\n'


@pytest.mark.parametrize(
    ("content", "exit_code", "said"),
    [
        (accepted("PROTO-10", "2999-01-01"), 0, "accepted PROTO-10"),
        (accepted("PROTO-10", "2001-01-01"), 1, "expired on 2001-01-01"),
        (accepted("PROTO-10", "2999-01-01") + accepted("PAGE-08", "2999-01-01"), 1, "no longer"),
        (accepted("PAGE-99", "2999-01-01"), 2, "PAGE-99"),
        ('[[accepted]]\nrule = "PAGE-01"\n', 2, "expires"),
        ("[[accepted", 2, "accepted.toml"),
    ],
)
def test_known_breaches(tmp_path: Path, content: str, exit_code: int, said: str) -> None:
    """A known breach does not fail until it expires or no longer occurs."""
    file = tmp_path / "accepted.toml"
    file.write_text(content)
    ended = run("run", "mock", "--rule", "PROTO-10", "--rule", "PAGE-08", "--max-latency",
                "0.0000001", "--accept", str(file))  # fmt: skip
    assert ended.returncode == exit_code, ended.stdout
    assert said in ended.stdout + ended.stderr


def test_replay_asks_again(tmp_path: Path) -> None:
    """`replay` says whether what was broken still is."""
    options = ("--rule", "PROTO-10", "--report", str(tmp_path))
    assert run("run", "mock", *options, "--max-latency", "0.0000001").returncode == 1
    ended = run("replay", str(tmp_path / "report.json"), "PROTO-10")
    assert "then    200  curl" in ended.stdout
    assert ended.returncode == 1
    assert "still broken" in ended.stdout
    assert run("replay", str(tmp_path / "report.json"), "PAGE-01").returncode == 2


def test_replay_knows_the_deployment(tmp_path: Path) -> None:
    """A breach of a deployment on a port is asked again there, and gone once it is mended."""
    port = free_port()
    address = ("--bind", f"127.0.0.1:{port}", "--quiet")
    options = ("--rule", "ACCESS-03", "--read-only", "--report", str(tmp_path))
    document = json.loads(WORLD.read_text())
    for key in document["api_keys"]:
        key["active"] = True
    world = tmp_path / "world.json"
    world.write_text(json.dumps(document))
    url = f"http://127.0.0.1:{port}"
    with running(*address, "--world", str(world)):
        assert run("run", url, *CONTEXT, *options).returncode == 1
        assert "still broken" in run("replay", f"{tmp_path}/report.json", "ACCESS-03").stdout
    with running(*address):
        ended = run("replay", f"{tmp_path}/report.json", "ACCESS-03")
    assert ended.returncode == 0, ended.stdout
    assert "fixed" in ended.stdout


def test_the_catalogue_and_the_tests_agree() -> None:
    """Every rule has a test, every test a rule; `rules` and `explain` tell them."""
    text = "".join(path.read_text() for path in (ROOT / "contract_tests").glob("test_*.py"))
    marked = set(re.findall(r'pytest\.mark\.rule\("([A-Z]+-\d+)"\)', text))
    assert marked == set(RULES)
    assert len(RULES) == len(CATALOGUE)
    listed = run("rules").stdout
    for rule in CATALOGUE:
        assert f"{rule.id} " in listed
    explained = run("explain", "PAGE-03").stdout
    assert RULES["PAGE-03"].law in explained
    assert RULES["PAGE-03"].breach in explained


def test_other_test_runs_are_left_alone(tmp_path: Path) -> None:
    """The plugin does nothing in a run of pytest without `--target`."""
    (tmp_path / "test_x.py").write_text("def test_x():\n    assert True\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)], capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "credcheck" not in ended.stdout


def test_the_shipped_world_has_the_keys_that_the_mock_is_asked_with() -> None:
    """`credcheck run mock` knows the world that ships."""
    from contract_tests.settings import MOCK, MOCK_KEYS

    keys = {each["key"] for each in DOCUMENT["api_keys"]}
    assert set(MOCK_KEYS.values()) <= keys
    assert MOCK["org"] in {each["key"] for each in DOCUMENT["platforms"]}
