"""Annotations and code quality: each cause once, and no text of a target is a command."""

import json
import re

import pytest

from contract_tests.catalogue.operations import LIST_CREDENTIALS
from contract_tests.report.ci import MOST_ANNOTATIONS, render_annotations, render_code_quality
from contract_tests.report.verdict import FAILURES, NOT_JUDGED
from tests.harness.test_report import HOSTILE, exchange, finding, verdict
from tests.support.command import run

COMMAND = re.compile(r"::error title=[^:,\r\n]+::[^\r\n]+")


def test_each_cause_is_an_annotation() -> None:
    """It has rule and message as its title, and requirement, values and curl line as its text."""
    failure = finding("PAGE-02", LIST_CREDENTIALS, "`count` is 3, and there are 2", exchange())
    (line,) = render_annotations(verdict(failures=[failure], exit_code=FAILURES)).splitlines()
    title, _, text = line.removeprefix("::error title=").partition("::")
    assert title == "PAGE-02%3A `count` is 3%2C and there are 2"
    assert "%0Aexpected: 3%0Agot: 2%0Acurl -sS -i -H" in text


@pytest.mark.parametrize(
    "text",
    [
        "a\n::add-mask::a",
        "a\r::error::b",
        "100%0A::set-output name=x::y",
        "a,file=b:c",
        "\u2028::",
        "\ud800",
        HOSTILE,
    ],
)
def test_a_target_gives_no_commands(text: str) -> None:
    """Whatever it says, each line is one error, and a line break or a percent sign is escaped."""
    shown = exchange(curl=f"curl {text}", response_body=text)
    failures = [{**finding("PAGE-02", LIST_CREDENTIALS, text, shown), "got": text}]
    said = verdict(failures=failures, problems=[text], exit_code=FAILURES)
    lines = render_annotations(said).splitlines()
    assert len(lines) == 2
    assert all(COMMAND.fullmatch(line) for line in lines)
    if "%" in text:
        assert "100%250A" in lines[0]


def test_there_are_as_many_as_are_shown() -> None:
    """Of many causes the last annotation says how many more there are."""
    failures = [
        finding("PAGE-02", LIST_CREDENTIALS, f"`field_{letter}` is wrong", exchange())
        for letter in "abcdefghijklmno"
    ]
    said = verdict(failures=failures, exit_code=FAILURES)
    assert len(said.causes) > MOST_ANNOTATIONS
    lines = render_annotations(said).splitlines()
    assert len(lines) == MOST_ANNOTATIONS
    assert f"{len(said.causes) - MOST_ANNOTATIONS + 1} more failures" in lines[-1]


def test_a_run_without_a_verdict_is_an_annotation() -> None:
    """It says why; one that conforms has none."""
    said = verdict(exit_code=NOT_JUDGED, headline="not judged: the target does not respond")
    assert "staging: not judged" in render_annotations(said)
    assert render_annotations(verdict()) == ""
    assert json.loads(render_code_quality(verdict())) == []


def test_issues_are_as_gitlab_reads_them() -> None:
    """Each has what the format asks for, and the same mark in a run with other numbers."""

    def issues(number: int) -> list[dict[str, object]]:
        failures = [
            finding("PAGE-02", LIST_CREDENTIALS, f"`count` is {number}", exchange()),
            finding("PAGE-03", LIST_CREDENTIALS, f"`next` is '{number}'", exchange()),
        ]
        said = verdict(failures=failures, problems=[f"{number} left behind"], exit_code=FAILURES)
        found: list[dict[str, object]] = json.loads(render_code_quality(said))
        return found

    first, again = issues(3), issues(4)
    assert [issue["severity"] for issue in first] == ["major", "major", "minor"]
    assert [issue["check_name"] for issue in first] == ["PAGE-02", "PAGE-03", "credcheck"]
    assert len({str(issue["fingerprint"]) for issue in first}) == 3
    assert [issue["fingerprint"] for issue in first] == [issue["fingerprint"] for issue in again]
    location = {"path": ".gitlab-ci.yml", "lines": {"begin": 1}}
    assert all(issue["location"] == location for issue in first)
    assert set(first[0]) == {"description", "check_name", "fingerprint", "severity", "location"}


@pytest.mark.parametrize("option", ["annotations", "code-quality"])
def test_files_that_cannot_be_written_are_reported(option: str) -> None:
    """A folder in the place of the file is one line that names the option, and exit 2."""
    ended = run("run", "mock", "--rule", "PAGE-08", f"--{option}", "tests")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"--{option}: " in ended.stderr
    assert "cannot be written: Is a directory" in ended.stderr
