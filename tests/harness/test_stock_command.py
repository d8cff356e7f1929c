"""The stock command of schemathesis with the hooks of this project, against real servers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.engine.contract import contract_file, load_contract
from contract_tests.errors import UsageError
from contract_tests.vocabulary.laws import LAWS
from contract_tests.vocabulary.stock import FALSE_ALARMS, may_write, read_settings
from mockserver.files import WORLD
from tests.differential.twin.server import serve_twin
from tests.harness.bite import KEYS, TWIN_LACKS
from tests.support.paths import ROOT
from tests.support.server import running
from tests.support.waiting import PATIENCE

COMMAND = (sys.executable, "-m", "schemathesis.cli", "run", str(contract_file()))
CORE = ("--include-tag", "credentials", "--include-tag", "issuers")
STAGING = {
    "CREDCHECK_ORG": "main",
    "CREDCHECK_USER_ID": "1",
    "CREDCHECK_USERNAME": "admin",
    "CREDCHECK_KEY_ADMIN": KEYS["ADMIN"],
}
TWIN = {**STAGING, "CREDCHECK_DISPOSABLE": "true"}
HINT = re.compile(r'the keys of this world are [^"\n]*')


def run(
    url: str, folder: Path, *options: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command with the hooks, as docs/ci.md shows it."""
    environment = {**os.environ, **variables}
    environment["SCHEMATHESIS_HOOKS"] = "contract_tests.schemathesis_hooks"
    words = [*COMMAND, "--url", url, "--workers", "1", "--no-color", "--seed", "1", *options]
    return subprocess.run(
        words, capture_output=True, text=True, env=environment, cwd=folder, timeout=4 * PATIENCE
    )


@pytest.mark.longest
def test_the_mock_passes(tmp_path: Path) -> None:
    """A sound service passes, its writes succeed, and no output shows the key."""
    with running() as served:
        report = ("--report-json-path", "report.json", "--report", "har,junit")
        ended = run(served.url, tmp_path, *CORE, "--max-examples", "3", *report)
        log = "".join(served.log)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(re.findall(r" 200 POST ", log)) > 10
    assert "DELETE" in log
    reports = [tmp_path / "report.json", *(tmp_path / "schemathesis-report").iterdir()]
    assert len(reports) == 3
    written = [path.read_text(encoding="utf-8") for path in reports]
    # The mock tells its own keys, which are not secret, to who sends another one.
    texts = [HINT.sub("", text) for text in (ended.stdout, ended.stderr, *written)]
    assert not any(KEYS["ADMIN"] in text for text in texts)


@pytest.mark.longest
@pytest.mark.slow
def test_every_operation_of_the_mock_passes(tmp_path: Path) -> None:
    """No phase reports a failure of any operation, with more examples."""
    with running() as served:
        ended = run(served.url, tmp_path, "--max-examples", "5")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    number = len(load_contract().operations)
    assert f"{number} selected / {number} total" in ended.stdout


@pytest.mark.thorough
@pytest.mark.longest
@pytest.mark.slow
def test_the_twin_passes(tmp_path: Path) -> None:
    """The same API on the real Django REST Framework passes, too."""
    without = [word for tag in TWIN_LACKS for word in ("--exclude-tag", tag)]
    with serve_twin(WORLD, hardened=True) as url:
        ended = run(url, tmp_path, "--max-examples", "4", *without, **TWIN)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "operation", "expected"),
    [
        (
            "update-reports-no-success",
            "create|update",
            "SCHEMA-06: the `status` of the envelope does not report success",
        ),
        ("image-addresses-are-relative", "retrieve", "SCHEMA-07: `"),
        *(
            pytest.param(*each, marks=pytest.mark.thorough)
            for each in (
                ("tags-are-comma-text", "retrieve", "SCHEMA-01: List the public credentials of a"),
                ("unknown-issuer-is-a-500", "create", "ERR-01: Create a credential: POST returns"),
            )
        ),
    ],
)
def test_a_broken_deployment_fails(
    defect: str, operation: str, expected: str, tmp_path: Path
) -> None:
    """A defect fails the law that is about it, named by its rule, with a curl line."""
    with serve_twin(WORLD, defect=defect, hardened=True) as url:
        options = ("--max-examples", "10", "--include-operation-id-regex")
        options += (f"^credentials_orgs_users_({operation})$",)
        ended = run(url, tmp_path, *options, **TWIN)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert expected in ended.stdout
    assert "curl -X" in ended.stdout
    assert KEYS["ADMIN"] not in ended.stdout


@pytest.mark.longest
def test_a_target_that_is_kept_gets_no_writes(tmp_path: Path) -> None:
    """Nothing but reads is sent to a target that is not disposable; the error says what to do."""
    with running() as served:
        options = ("--include-tag", "issuers", "--max-examples", "2")
        ended = run(served.url, tmp_path, *options, **STAGING)
        methods = {match[1] for match in re.finditer(r" ([A-Z]+) /api/", "".join(served.log))}
    assert ended.returncode == 1
    assert "--include-method GET" in ended.stdout
    assert methods <= {"GET", "HEAD", "OPTIONS"}, methods
    assert "GET" in methods


@pytest.mark.thorough
@pytest.mark.slow
def test_reads_of_a_target_that_is_kept_pass(tmp_path: Path) -> None:
    """With reads only selected the same target passes."""
    with running() as served:
        options = ("--include-method", "GET", "--phases", "examples,coverage,fuzzing")
        ended = run(served.url, tmp_path, *options, "--max-examples", "3", **STAGING)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    """Without the key of a target that is not the mock the command says which variable to set."""
    with running() as served:
        variables = {**STAGING, "CREDCHECK_KEY_ADMIN": ""}
        ended = run(served.url, tmp_path, "--max-examples", "1", **variables)
        assert not any(" /api/" in line for line in served.log)
    assert ended.returncode == 2
    assert "CREDCHECK_KEY_ADMIN" in ended.stdout + ended.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765", "http://localhost:1234/dm/"])
def test_a_url_on_this_machine_is_the_mock(url: str) -> None:
    """Without settings the default data of the mock are assumed, which is disposable."""
    settings = read_settings(url, {})
    assert (settings.base_url, settings.org, settings.application) == (url.rstrip("/"), "main", "")
    assert may_write(settings)


def test_a_url_elsewhere_needs_settings() -> None:
    """No key of the mock is ever sent to another machine, and nothing is written unasked."""
    with pytest.raises(UsageError, match="--org is required"):
        read_settings("https://staging.example.com", {})
    settings = read_settings("https://staging.example.com", STAGING)
    assert not may_write(settings)
    assert not may_write(read_settings("http://127.0.0.1:8000", STAGING))
    assert may_write(
        read_settings("https://staging.example.com", {**TWIN, "CREDCHECK_ALLOW_WRITES": "true"})
    )


def test_the_checks_are_documented() -> None:
    """The page names the variable, each check that is added, and no other of its form."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert "SCHEMATHESIS_HOOKS=contract_tests.schemathesis_hooks schemathesis run" in text
    assert {law.__name__ for law in LAWS} <= set(re.findall(r"`([a-z_]+)`", text))


def test_each_false_alarm_has_a_reason() -> None:
    """A check that is switched off says why, in a sentence that names what the service does."""
    for code, (_, reason) in FALSE_ALARMS.items():
        assert re.fullmatch(r"ST\d{3}", code)
        assert len(reason.split()) > 5
    assert json.dumps(load_contract().document).count('"x-may-be-empty": true') == 1
