"""The command `credcheck`: verdicts, exit codes, safety, secrets, reports."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from contract_tests.catalogue import CATALOGUE, RULES
from contract_tests.settings.sources import MOCK, MOCK_KEYS, load_settings
from contract_tests.vocabulary.signatures import strip_signatures
from mockserver.files import WORLD
from tests.harness.bite import CONTEXT, WITHOUT, Outcome, credcheck, judge_defect
from tests.support.command import ENVIRONMENT, ROOT, run
from tests.support.server import RunningServer, free_port, running
from tests.support.world import DOCUMENT


@pytest.mark.longest
def test_the_mock_conforms_in_process(tmp_path: Path) -> None:
    """The quick profile against the mock: exit 0, every operation reached, nothing left behind."""
    here = tmp_path / "here"
    here.mkdir()
    words = ("run", "mock", "--profile", "quick", "--no-unknown-fields", "--report", str(tmp_path))
    ended = run(*words, cwd=here, env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == 0, ended.stdout
    assert "VERDICT  mock: conforms" in ended.stdout
    assert re.search(r"seed \d+", ended.stdout)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["not_reached"] == []
    assert report["left_behind"] == []
    assert [each.name for each in here.iterdir()] == [".credcheck"]
    for name in ("report.html", "junit.xml", "traffic.har"):
        assert (tmp_path / name).stat().st_size > 1000, name


@pytest.mark.longest
@pytest.mark.slow
def test_workers_give_the_same_verdict(tmp_path: Path) -> None:
    """Two processes that test one deployment, and write to it, have the results of one."""
    with running("--quiet") as served:
        options = ("run", served.url, *CONTEXT, "--profile", "quick", "--seed", "5")
        options += ("--journal", str(tmp_path))
        # Those that write, and two that read; generated requests touch nothing that workers share.
        for subject in ("state", "issuers", "assertions", "images", "pagination", "search"):
            options += ("--subject", subject)
        alone, together = run(*options), run(*options, "-n", "2")
    assert list(tmp_path.iterdir()) == []
    assert (alone.returncode, together.returncode) == (0, 0), together.stdout
    counts = re.compile(r"\d+ passed, \d+ failed, \d+ not tested, \d+ with failed requests")
    assert counts.findall(alone.stdout) == counts.findall(together.stdout) != []


def judge_inside(monkeypatch: pytest.MonkeyPatch, defect: str, *options: str) -> Outcome:
    """Test the twin with one defect in the process of the run, which saves one process."""
    monkeypatch.setenv("TWIN_DEFECT", defect)
    monkeypatch.setenv("TWIN_HARDENED", "1")
    return credcheck("wsgi:tests.differential.twin.wsgi:application", *options, *WITHOUT)


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("any-signal-is-accepted", "ERR-07"),
        ("slash-redirect-drops-the-query", "PROTO-03"),
        pytest.param("list-leaves-templates-out", "SCHEMA-05", marks=pytest.mark.slow),
    ],
)
def test_it_bites(monkeypatch: pytest.MonkeyPatch, defect: str, rule: str) -> None:
    """A broken deployment fails the rule about its defect; `make bite` tests the other defects."""
    outcome = judge_inside(monkeypatch, defect, "--rule", rule, "--profile", "quick")
    assert outcome.exit_code == 1, outcome.headline
    assert outcome.left_behind == 0


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        pytest.param("put-resets-other-fields", "STATE-04", marks=pytest.mark.slow),
        pytest.param("search-terms-are-patterns", "SEARCH-06", marks=pytest.mark.slow),
        ("refusal-of-a-key-lacks-its-challenge", "ACCESS-02"),
        pytest.param("", "STATE-04", marks=pytest.mark.slow),
    ],
)
def test_in_process_and_over_the_wire_agree(
    monkeypatch: pytest.MonkeyPatch, defect: str, rule: str
) -> None:
    """The same deployment, broken or sound, has the same verdict in process and on a port."""
    options = ("--rule", rule, "--profile", "quick", "--seed", "3")
    inside = judge_inside(monkeypatch, defect, *options)
    outside = judge_defect(defect, *options)
    assert (inside.exit_code, inside.rules) == (outside.exit_code, outside.rules)
    assert inside.exit_code == (1 if defect else 0), inside.headline
    assert (inside.left_behind, outside.left_behind) == (0, 0)


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
        (("run", "http://user:secret-word@127.0.0.1:1", "--org", "a"), "remove user and password"),
        (("run", "wsgi:no.such:thing", *CONTEXT), "wsgi:no.such"),
        (("explain", "PAGE-99"), "PAGE-99"),
        (("replay", "missing.json", "PAGE-01"), "missing.json"),
        (("dance",), "dance"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(words: tuple[str, ...], named: str) -> None:
    """A wrong command line is reported in one line that names what is wrong."""
    ended = run(*words)
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    assert ended.returncode == 2, lines
    assert len(lines) == 1, lines
    assert named in lines[0]
    assert "Traceback" not in lines[0]
    assert "secret-word" not in lines[0]


def test_a_file_of_targets(tmp_path: Path, server: RunningServer) -> None:
    """A target by name has its table's settings; a typing error in it is reported."""
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


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1",
        pytest.param("wsgi:tests.support.refusing:application", marks=pytest.mark.slow),
    ],
)
def test_a_target_that_cannot_be_judged_is_exit_3(target: str) -> None:
    """A target that does not respond, or keeps refusing, stops the run soon, with the reason."""
    ended = run("run", target, "--org", "main", "--user-id", "1")
    assert ended.returncode == 3, ended.stdout
    assert "not judged: the target" in ended.stdout
    sent = re.search(r" (\d+) requests in ", ended.stdout)
    assert sent, ended.stdout
    assert int(sent[1]) < 10


@pytest.mark.parametrize(
    ("words", "key", "reason"),
    [
        (("--org", "main", "--user-id", "1"), "nobodys-key", "the key of admin is unknown"),
        (("--org", "main", "--user-id", "1"), "acme-admin-key", "may not read platform 'main'"),
        pytest.param(
            ("--org", "nowhere", "--user-id", "1"),
            "",
            "check the prefix in base_url",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("--org", "main", "--user-id", "1", "--issuer", "nobody"),
            "",
            "issuer 'nobody' does not exist",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("--org", "main", "--user-id", "1", "--other-org", "acme", "--other-user-id", "1"),
            "",
            "check other_org and other_user_id",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("--org", "main", "--user-id", "1", "--key", "learner=env:USER_KEY"),
            "",
            "the key of learner is unknown",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_target_that_is_described_wrongly_is_not_judged(
    server: RunningServer, words: tuple[str, ...], key: str, reason: str
) -> None:
    """A wrong address, name or key is one line and exit 3, and not a hundred failures."""
    environment = {**ENVIRONMENT, "USER_KEY": "an-old-key"}
    if key:
        environment["CREDCHECK_KEY_ADMIN"] = key
    ended = run("run", server.url, *words, env=environment)
    assert ended.returncode == 3, ended.stdout
    assert "VERDICT" in ended.stdout
    assert reason in ended.stdout
    assert "FAILED" not in ended.stdout


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.parametrize("words", [("--read-only",), pytest.param((), marks=pytest.mark.thorough)])
def test_one_key_is_enough(server: RunningServer, words: tuple[str, ...]) -> None:
    """With only an admin's key, every rule that can be tested is, and the run may be green."""
    environment = {**ENVIRONMENT, "ONLY": "main-admin-key"}
    for name in [each for each in environment if each.startswith("CREDCHECK_")]:
        del environment[name]
    here = ("--org", "main", "--user-id", "1", "--key", "admin=env:ONLY")
    ended = run("run", server.url, "--profile", "quick", *here, *words, env=environment)
    assert ended.returncode == 0, ended.stdout
    assert "not tested" in ended.stdout


def test_a_page_is_no_api() -> None:
    """The URL of a front end, which returns its page for every path, is one line and exit 3."""
    ended = run("run", "wsgi:tests.support.refusing:page", "--org", "main", "--user-id", "1")
    assert ended.returncode == 3
    assert "with an HTML page instead of the API" in ended.stdout
    assert "FAILED" not in ended.stdout


def test_a_wrong_prefix_is_not_judged(server: RunningServer) -> None:
    """A URL below which there is no API is not judged."""
    ended = run("run", f"{server.url}/nothing-here", *CONTEXT)
    assert ended.returncode == 3
    assert "check the prefix in base_url" in ended.stdout


def test_the_mock_needs_no_configuration() -> None:
    """Variables that describe a deployment do not change what `mock` is."""
    variables = {
        "CREDCHECK_ORG": "theirs",
        "CREDCHECK_KEY_ADMIN": "theirs",
        "CREDCHECK_RATE": "1/s",
    }
    ended = run("run", "mock", "--rule", "PAGE-08", env={**ENVIRONMENT, **variables})
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_remote_target_has_a_rate() -> None:
    """By default a remote target gets at most ten requests per second."""
    options = {"org": "main", "user_id": "1"}
    assert load_settings("https://staging.example.com", options, ENVIRONMENT).rate == 10
    assert load_settings("http://127.0.0.1:1", options, ENVIRONMENT).rate is None


def test_what_a_target_lacks_is_not_tested(server: RunningServer) -> None:
    """Operations of a tag that the target does not offer are neither requested nor reported."""
    options = ("--org", "main", "--user-id", "1", "--rule", "SEARCH-07", "--rule", "PAGE-08")
    ended = run("run", server.url, *options, "--without", "issuers")
    assert ended.returncode == 0, ended.stdout
    assert "not tested      SEARCH-07: the target does not offer issuers" in ended.stdout
    ended = run("run", server.url, *options, "--without", "isuers")
    assert ended.returncode == 2
    assert "'isuers' is not a tag" in ended.stdout + ended.stderr


@pytest.mark.slow
def test_parts_that_a_target_lacks_are_no_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound twin has none of these parts, and nothing about them counts against it."""
    subjects = ("images", "assignments", "courses", "exim", "providers", "analytics", "protocol")
    options = [word for each in subjects for word in ("--subject", each)]
    outcome = judge_inside(monkeypatch, "", *options)
    assert (outcome.rules, outcome.exit_code) == ((), 0), outcome.headline


@pytest.mark.slow
@pytest.mark.parametrize(("hold", "exit_code"), [((), 3), (("--hold-choices",), 1)])
def test_a_departure_from_a_choice(
    monkeypatch: pytest.MonkeyPatch, hold: tuple[str, ...], exit_code: int
) -> None:
    """Where production is not known, another behaviour is a failure only on request."""
    monkeypatch.setenv("TWIN_DEFECT", "second-spelling-wins-silently")
    monkeypatch.setenv("TWIN_HARDENED", "1")
    options = [each for each in (*CONTEXT, *WITHOUT) if each != "--hold-choices"]
    ended = run(
        "run", "wsgi:tests.differential.twin.wsgi:application", *options, "--rule", "ERR-11", *hold,
        env={**ENVIRONMENT, **os.environ},
    )  # fmt: skip
    assert ended.returncode == exit_code, ended.stdout
    assert hold or "ERR-11: differs from a choice of this contract" in ended.stdout


@pytest.mark.slow
def test_the_smallest_request_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a generated request that breaks the contract all is left out that need not be there."""
    judged = judge_inside(
        *(monkeypatch, "unusable-page-size-is-a-500", "--rule", "SCHEMA-04", "--profile", "quick"),
        *("--report", str(tmp_path), "--without", "assertions", "--without", "issuers"),
    )
    assert judged.exit_code == 1
    report = json.loads((tmp_path / "report.json").read_text())
    found = [each for each in report["failures"] if each["rule"] == "ERR-01"]
    assert found
    for each in found:
        ((name, value),) = parse_qsl(urlsplit(each["exchange"]["url"]).query)
        assert name == "page_size"
        assert len(value) <= 8, value


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date={}&X-Amz-Signature={}",
        "X-Goog-Expires={}&X-Goog-Signature={}",
        "Policy={}&Signature={}&Key-Pair-Id=K1",
        "sv=2024-01-01&se={}&sig={}",
        "width=200&expires={}&token={}",
        "hdnts=exp={}~hmac={}",
        "t={}&s={}",
    ],
)
def test_signatures_do_not_make_responses_differ(query: str) -> None:
    """The signature of a picture's address is another each time; the address is the same."""
    signed = f"https://cdn.example.com/a.png?{query}"
    first, second = ({"iconImage": signed.format(n, n * "ab")} for n in (1, 2))
    assert first != second
    assert strip_signatures(first) == strip_signatures(second)
    assert strip_signatures([first])[0]["iconImage"].startswith("https://cdn.example.com/a.png")


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("description", "Watch https://www.youtube.com/watch?v=dQw_9x first."),
        ("criteriaUrl", "https://example.com/criteria?t=1&sig=2"),
        ("iconImage", "https://example.com/picture?id=1"),
        ("iconImage", "What is it? s=1"),
    ],
)
def test_what_is_no_signature_is_compared(field: str, address: str) -> None:
    """Texts, other addresses and other parameters stay."""
    record = {"result": {"data": [{field: address, "tags": ["https://x.example?t=1"]}]}}
    assert strip_signatures(record) == record


def accepted(rule: str, expires: str) -> str:
    """Return a file of one known failure."""
    return f'[[accepted]]\nrule = "{rule}"\nreason = "known"\nowner = "team"\nexpires = {expires}\n'


@pytest.mark.parametrize(
    ("content", "exit_code", "text"),
    [
        (accepted("PROTO-10", "2999-01-01"), 0, "accepted PROTO-10"),
        (accepted("PROTO-10", "2001-01-01"), 1, "expired on 2001-01-01"),
        pytest.param(
            accepted("PROTO-10", "2999-01-01") + accepted("PAGE-08", "2999-01-01"),
            1,
            "no longer",
            marks=pytest.mark.slow,
        ),
        (accepted("PAGE-99", "2999-01-01"), 2, "PAGE-99"),
        ('[[accepted]]\nrule = "PAGE-01"\n', 2, "expires"),
        ("[[accepted", 2, "accepted.toml"),
    ],
)
def test_known_failures(tmp_path: Path, content: str, exit_code: int, text: str) -> None:
    """A known failure does not count until it expires or no longer occurs."""
    file = tmp_path / "accepted.toml"
    file.write_text(content)
    ended = run("run", "mock", "--rule", "PROTO-10", "--rule", "PAGE-08", "--max-latency",
                "0.0000001", "--accept", str(file))  # fmt: skip
    assert ended.returncode == exit_code, ended.stdout
    assert text in ended.stdout + ended.stderr


def test_replay_repeats_the_request(tmp_path: Path) -> None:
    """`replay` reports whether a failure still occurs."""
    options = ("--rule", "PROTO-10", "--report", str(tmp_path))
    assert run("run", "mock", *options, "--max-latency", "0.0000001").returncode == 1
    ended = run("replay", str(tmp_path / "report.json"), "PROTO-10")
    assert "then    200  curl" in ended.stdout
    assert ended.returncode == 1
    assert "the rule still fails" in ended.stdout
    assert run("replay", str(tmp_path / "report.json"), "PAGE-01").returncode == 2


@pytest.mark.slow
def test_replay_knows_the_deployment(tmp_path: Path) -> None:
    """A failure of a deployment on a port is repeated there, and gone once it is fixed."""
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
        assert (
            "the rule still fails" in run("replay", f"{tmp_path}/report.json", "ACCESS-03").stdout
        )
    with running(*address):
        ended = run("replay", f"{tmp_path}/report.json", "ACCESS-03")
    assert ended.returncode == 0, ended.stdout
    assert "fixed" in ended.stdout


def test_the_catalogue_and_the_tests_agree() -> None:
    """Every rule has a test in each module it names, every test a rule; the commands show them."""
    marked: dict[str, list[str]] = {}
    for path in sorted((ROOT / "contract_tests" / "rules").glob("test_*.py")):
        for rule_id in set(
            re.findall(r'pytest\.mark\.credcheck_rule\("([A-Z]+-\d+)"\)', path.read_text())
        ):
            marked.setdefault(rule_id, []).append(path.stem)
    assert marked == {rule.id: sorted(rule.tests) for rule in CATALOGUE}
    assert len(RULES) == len(CATALOGUE)
    listed = run("rules").stdout
    for rule in CATALOGUE:
        assert f"{rule.id} " in listed
    explained = run("explain", "PAGE-03").stdout
    assert RULES["PAGE-03"].requirement in explained
    assert RULES["PAGE-03"].failure in explained


def test_other_test_runs_are_left_alone(tmp_path: Path) -> None:
    """The plugin does nothing in a run of pytest that does not name it."""
    (tmp_path / "test_x.py").write_text("def test_x():\n    assert True\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)], capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "credcheck" not in ended.stdout


def test_the_shipped_world_has_the_keys_that_the_mock_is_asked_with() -> None:
    """`credcheck run mock` knows the world that ships."""
    keys = {each["key"] for each in DOCUMENT["api_keys"]}
    assert set(MOCK_KEYS.values()) <= keys
    assert MOCK["org"] in {each["key"] for each in DOCUMENT["platforms"]}
