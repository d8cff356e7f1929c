"""`credcheck diff`: what changed between two reports of `run`."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contract_tests.catalogue.operations import LIST_CREDENTIALS
from contract_tests.engine.results import Result
from contract_tests.report.changes import Changes, compare_reports, render_changes
from contract_tests.report.documents import build_report
from tests.harness.test_report import exchange, failing, finding, verdict
from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run
from tests.support.waiting import PATIENCE

PAGE = finding("PAGE-02", LIST_CREDENTIALS, "`num_pages`: expected 3, got 2", exchange())
SEARCH = finding("SEARCH-01", LIST_CREDENTIALS, "an item is not found", exchange())


def report(*findings: dict[str, Any], passed: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Return the report of a run with these failures, in which other rules passed."""
    results = [Result(each["rule"], "test", "failed", findings=[each]) for each in findings]
    results += [Result(rule, "test", "passed") for rule in passed]
    usual = {"results": results, "failures": list(findings), "exit_code": int(bool(findings))}
    document: dict[str, Any] = build_report(verdict(**{**usual, **more}))
    return document


def count(changes: Changes) -> tuple[int, int, int, int]:
    """Return the numbers of failures that are new, fixed, still there and unknown."""
    kinds = (changes.new, changes.fixed, changes.remaining, changes.unknown)
    return tuple(map(len, kinds))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("old", "new", "counts", "exit_code"),
    [
        (report(passed=("PAGE-02",)), report(PAGE), (1, 0, 0, 0), 1),
        (report(PAGE), report(passed=("PAGE-02",)), (0, 1, 0, 0), 0),
        (report(PAGE), report(PAGE), (0, 0, 1, 0), 0),
        (report(PAGE), report(SEARCH, passed=("PAGE-02",)), (1, 1, 0, 0), 1),
        (report(PAGE), report(passed=("SEARCH-01",)), (0, 0, 0, 1), 0),
        (report(), report(passed=("PAGE-02",)), (0, 0, 0, 0), 0),
    ],
)
def test_failures_are_sorted(
    old: Mapping[str, Any], new: Mapping[str, Any], counts: tuple[int, ...], exit_code: int
) -> None:
    """A failure is new, fixed, still there or no longer tested; only new ones count."""
    changes = compare_reports(old, new)
    assert count(changes) == counts
    assert changes.exit_code == exit_code


def test_other_data_make_no_other_failure() -> None:
    """A message that quotes other values of the data is the same failure, and a second is new."""
    other = {**PAGE, "message": "`num_pages`: expected 12, got 11"}
    assert count(compare_reports(report(PAGE), report(other))) == (0, 0, 1, 0)
    assert count(compare_reports(report(PAGE), report(PAGE, other))) == (1, 0, 1, 0)


def test_what_is_no_longer_tested_is_listed() -> None:
    """A rule that passed and was not tested again is listed, and is no failure."""
    changes = compare_reports(report(passed=("PAGE-02",)), report(passed=("SEARCH-01",)))
    assert ("PAGE-02", LIST_CREDENTIALS) in changes.untested
    assert changes.exit_code == 0


def test_accepted_failures_are_not_new() -> None:
    """A failure that was accepted meanwhile is neither fixed nor still there."""
    about = {"reason": "known", "owner": "team", "until": "2999-01-01"}
    accepted = report(failures=[], accepted=[{**PAGE, **about}])
    changes = compare_reports(report(PAGE), accepted)
    assert (count(changes), len(changes.accepted)) == ((0, 0, 0, 0), 1)
    expired = compare_reports(accepted, report(PAGE))
    assert [change.note for change in expired.new] == ["it was accepted before"]


def test_a_run_without_a_verdict_is_not_green() -> None:
    """If the new run was stopped and nothing new failed, the exit code is 3."""
    stopped = report(stopped="the target does not respond", exit_code=3, headline="not judged")
    assert compare_reports(report(), stopped).exit_code == 3


def test_the_command_writes_markdown(tmp_path: Path) -> None:
    """The command prints Markdown in which no text of a target is markup, and exits with 1."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    hostile = finding("PAGE-03", LIST_CREDENTIALS, "<img src=x> @team", exchange())
    old.write_text(json.dumps(report(passed=("PAGE-03",))))
    new.write_text(json.dumps(report(hostile)))
    ended = run("diff", str(old), str(new))
    assert ended.returncode == 1, ended.stderr
    assert "### New failures (1)" in ended.stdout
    assert "<img" not in ended.stdout
    assert "@team" not in ended.stdout
    assert "curl -sS" in ended.stdout
    assert run("diff", str(new), str(new)).returncode == 0


@pytest.mark.parametrize("text", ["", "{}", "not JSON", "[1]"])
def test_what_is_no_report_is_one_line(tmp_path: Path, text: str) -> None:
    """A file that is not a report of a run: one line that names it, and exit 2."""
    file = tmp_path / "report.json"
    file.write_text(text)
    ended = run("diff", str(file), str(file))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert str(file) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_kind_is_rendered() -> None:
    """Each section names its failures, and notes say what makes the reports less comparable."""
    old, new = build_report(failing()), report(passed=("PAGE-02",), target="other")
    text = "\n".join(render_changes(compare_reports(old, new), old, new))
    assert "the target differs: staging, now other" in text
    assert "### Fixed" in text
    assert "### No longer tested, and failed before" in text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_what_programs_read_is_utf_8_in_every_locale(tmp_path: Path, encoding: str) -> None:
    """Markdown has marks that few encodings have."""
    document = json.dumps(report(PAGE, target="日本"), ensure_ascii=False)
    (tmp_path / "report.json").write_text(document, encoding="utf-8")
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    ended = subprocess.run(
        [*COMMAND, "diff", "report.json", "report.json"], cwd=tmp_path, capture_output=True,
        timeout=PATIENCE, env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "日本" in ended.stdout.decode(), ended.stderr
