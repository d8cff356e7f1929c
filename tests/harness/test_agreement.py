"""What a run leaves behind agrees: exit code, verdict, junit.xml, counts, and reruns."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.harness.bite import BROKEN_MOCK
from tests.harness.test_credcheck import accepted
from tests.harness.test_safety import KEPT, children_of, wait_for_a_creation
from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run
from tests.support.server import running
from tests.support.waiting import PATIENCE

PYTEST = (sys.executable, "-m", "pytest", "-p", "credcheck", "--pyargs", "contract_tests")


def read_counts(folder: Path) -> dict[str, int]:
    """Return how many tests, failures, errors and skipped tests a junit.xml has."""
    suite = ElementTree.parse(folder / "junit.xml").getroot()[0]  # noqa: S314  our own file
    return {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}


def read_report(folder: Path) -> dict[str, Any]:
    """Return the report of a run."""
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.longest
@pytest.mark.slow
def test_a_target_that_dies_is_one_error(tmp_path: Path) -> None:
    """A server that ends in the middle of a run: exit 3, and one error in junit.xml."""
    journal, report = tmp_path / "journal", tmp_path / "report"
    with running("--quiet") as served:
        words = [*COMMAND, "run", served.url, *KEPT, "--subject", "state", "--rate", "60/s"]
        words += ["--journal", str(journal), "--report", str(report)]
        process = subprocess.Popen(
            words, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        wait_for_a_creation(journal)
    output, _ = process.communicate(timeout=PATIENCE)
    document = read_report(report)
    assert process.returncode == document["verdict"]["exit_code"] == 3, output
    assert document["failures"] == [], output
    assert (read_counts(report)["errors"], read_counts(report)["failures"]) == (1, 0)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1",
        pytest.param("wsgi:tests.support.refusing:application", marks=pytest.mark.slow),
        pytest.param("wsgi:tests.support.refusing:page", marks=pytest.mark.slow),
    ],
)
def test_what_is_not_judged_is_one_error(tmp_path: Path, target: str) -> None:
    """A run without a verdict is never green in junit.xml."""
    options = ("--org", "main", "--user-id", "1", "--report", str(tmp_path))
    ended = run("run", target, *options)
    assert ended.returncode == 3, ended.stdout
    counts = read_counts(tmp_path)
    assert (counts["errors"], counts["failures"]) == (1, 0)
    xml = (tmp_path / "junit.xml").read_text()
    assert read_report(tmp_path)["verdict"]["headline"] in xml


@pytest.mark.parametrize(
    ("expires", "exit_code", "failures", "skipped"),
    [("2999-01-01", 0, 0, 1), ("2001-01-01", 1, 1, 0)],
)
def test_accepted_failures_agree(
    tmp_path: Path, expires: str, exit_code: int, failures: int, skipped: int
) -> None:
    """An accepted failure fails neither the run nor junit.xml, an expired one fails both."""
    file = tmp_path / "accepted.toml"
    file.write_text(accepted("PROTO-10", expires))
    options = ("--rule", "PROTO-10", "--max-latency", "0.0000001", "--report", str(tmp_path))
    ended = run("run", "mock", *options, "--accept", str(file))
    assert ended.returncode == exit_code, ended.stdout
    counts = read_counts(tmp_path)
    assert (counts["failures"], counts["errors"], counts["skipped"]) == (failures, 0, skipped)
    outcomes = {result["outcome"] for result in read_report(tmp_path)["results"]}
    assert outcomes == {"failed" if failures else "accepted"}


def test_no_property_holds_a_result(tmp_path: Path) -> None:
    """The result that a worker sends is not among the properties of junit.xml."""
    ended = run("run", "mock", "--rule", "PAGE-08", "-n", "2", "--report", str(tmp_path))
    assert ended.returncode == 0, ended.stdout
    assert "<propert" not in (tmp_path / "junit.xml").read_text()


def run_again(folder: Path, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Test a deployment in pytest's own way, where each test that fails runs again."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "credcheck",
        "--pyargs",
        "contract_tests",
        "--reruns",
        "1",
    ]
    words += ["--credcheck-report", str(folder), "--junitxml", str(folder / "junit.xml")]
    words += ["--credcheck-profile", "quick", "-p", "no:cacheprovider", "--tb=no", *options]
    return subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, env={**ENVIRONMENT, **variables}
    )


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_a_failure_that_goes_away_is_a_notice(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """With pytest-rerunfailures only what fails again counts; what does not is a notice."""
    options = ("--credcheck-rule", "SEARCH-01", "--credcheck-rule", "SCHEMA-01", *workers)
    target = ("--credcheck-target", "wsgi:tests.support.wavering:application")
    place = ("--credcheck-org", "main", "--credcheck-user-id", "1", "--credcheck-seed", "1")
    ended = run_again(tmp_path, *target, *place, *options)
    report = read_report(tmp_path)
    assert report["failures"] == [], ended.stdout
    assert any("passed when it was run again" in notice for notice in report["notices"])
    assert report["counts"].get("failed", 0) == read_counts(tmp_path)["failures"] == 0
    assert ended.returncode == report["verdict"]["exit_code"] == 0, ended.stdout


@pytest.mark.slow
def test_a_failure_that_stays_counts_once(tmp_path: Path) -> None:
    """A failure that occurs again is one failure, for pytest and for the verdict."""
    target = ("--credcheck-target", BROKEN_MOCK, "--credcheck-rule", "SCHEMA-06")
    place = ("--credcheck-org", "main", "--credcheck-user-id", "1")
    place += ("--credcheck-profile", "standard")
    ended = run_again(tmp_path, *target, *place, BROKEN="names_are_repeated")
    report = read_report(tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert len(report["failures"]) == 1, ended.stdout
    assert report["counts"]["failed"] == read_counts(tmp_path)["failures"] == 1
    assert report["notices"] == []


@pytest.mark.slow
def test_workers_that_die_at_once_are_a_verdict(tmp_path: Path) -> None:
    """Two workers that are killed at once: no verdict, no internal error, nothing left behind."""
    journal, report = tmp_path / "journal", tmp_path / "report"
    with running("--quiet") as served:
        words = [*COMMAND, "run", served.url, *KEPT, "--journal", str(journal), "-n", "2"]
        words += ["--subject", "state", "--rate", "60/s", "--report", str(report)]
        process = subprocess.Popen(
            words, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_for_a_creation(journal, processes=2)
            for worker in children_of(process.pid):
                if worker != process.pid:
                    os.kill(worker, signal.SIGKILL)
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 3, output
    assert "INTERNALERROR" not in output
    assert "VERDICT" in output
    assert list(journal.iterdir()) == []
    assert read_counts(report)["errors"] >= 1
    effects = read_report(report)["effects"]
    assert effects["created"]["credentials"] > 0
    assert effects["deleted"]["credentials"] > 0, "the cleanup after dead workers is counted"
    assert "a worker died" in output


def test_a_summary_is_written_where_ci_shows_it(tmp_path: Path) -> None:
    """`--summary` replaces its file, and the page of a job in GitHub Actions is added to."""
    step, summary = tmp_path / "step.md", tmp_path / "new" / "summary.md"
    step.write_text("# The job\n")
    environment = {**ENVIRONMENT, "GITHUB_STEP_SUMMARY": str(step)}
    options = ("--rule", "PROTO-10", "--max-latency", "0.0000001", "--summary", str(summary))
    for _ in range(2):
        assert run("run", "mock", *options, env=environment).returncode == 1
    assert summary.read_text().count("credcheck: mock breaks the contract") == 1
    assert step.read_text().startswith("# The job\n")
    assert step.read_text().count("credcheck: mock breaks the contract") == 2
    assert "curl -sS" in summary.read_text()


def test_a_summary_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """A folder in the place of the file is one line, and exit 2, before the first request."""
    ended = run("run", "mock", "--rule", "PAGE-08", "--summary", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"--summary: {tmp_path} cannot be written: Is a directory" in ended.stderr
