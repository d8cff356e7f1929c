"""What the terminal shows of a run: how far it is, failures first, and the verdict last."""

import io
import os
import pty
import re
import subprocess
from typing import Any

import pytest

from contract_tests.engine.results import Result
from contract_tests.report.not_tested import gather_not_tested
from contract_tests.report.notices import gather_notices
from contract_tests.report.summary import MOST_DETAILED, describe_untested, summarize_verdict
from contract_tests.runner.progress import is_watched
from tests.harness.bite import BROKEN_MOCK, PLACES
from tests.harness.test_causes import found
from tests.harness.test_report import verdict
from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run

TELLS_PROGRESS = re.compile(r"tested (\d+) of (\d+), (\d+) left, .+")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Tell that it is one."""
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "watched"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_a_bar_is_shown_to_people_only(
    stream: io.StringIO, environment: dict[str, str], watched: bool
) -> None:
    """A file, a CI system and a terminal that cannot move get plain lines."""
    assert is_watched(stream, environment) is watched


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_plain_lines_name_failures_first_and_end_with_the_verdict(workers: tuple[str, ...]) -> None:
    """Without a terminal there are lines of one form, no dots, no escapes, and three at the end."""
    environment = {**ENVIRONMENT, "BROKEN": "search_minds_case"}
    words = ("--rule", "IMAGE-01", "--rule", "PAGE-11", "--profile", "quick", *workers)
    ended = run("run", BROKEN_MOCK, *PLACES, *words, env=environment)
    lines = ended.stdout.rstrip().splitlines()
    told = [match for match in map(TELLS_PROGRESS.fullmatch, lines) if match]
    assert told, ended.stdout + ended.stderr
    assert all(
        int(done) + int(left) == int(total) for done, total, left in (m.groups() for m in told)
    )
    assert told[-1][3] == "0"
    assert any(line.startswith("failed  IMAGE-01  ") for line in lines)
    first = next(line for line in lines if re.match("[A-Z]{5}", line))
    assert first.startswith("FAILED IMAGE-01  ")
    assert "\x1b" not in ended.stdout
    assert not re.search(r"^\.+", ended.stdout, re.MULTILINE)
    assert lines[-3].startswith("VERDICT  ")
    assert " with failed requests; " in lines[-2]
    assert "tested" in lines[-1]


def test_a_terminal_shows_a_bar_with_the_rule_and_colours() -> None:
    """At a terminal the bar names the rule and what is left, and the verdict is coloured."""
    controller, terminal = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "100"}
    for name in ("CI", "NO_COLOR"):
        environment.pop(name, None)
    words = [*COMMAND, "run", "mock", "--rule", "PAGE-11", "--profile", "quick"]
    with subprocess.Popen(
        words, env=environment, cwd=ROOT, stdout=terminal, stderr=subprocess.STDOUT
    ) as process:
        os.close(terminal)
        shown = read_all(controller)
    assert process.returncode == 0, shown
    assert re.search(r"\d of \d.*PAGE-11 `max_page_size`", shown)
    assert re.search(r"\x1b\[32m.*VERDICT  mock: conforms", shown)
    assert "tested 1 of" not in shown


def read_all(controller: int) -> str:
    """Return what was written to a terminal until its end."""
    parts = []
    with open(controller, "rb", buffering=0) as stream:
        while True:
            try:
                part = stream.read(4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def test_notices_of_one_kind_are_one_line() -> None:
    """Fields that are not defined are one line, and so is what was noticed of several rules."""
    fields = [f"op_{n}: the contract does not define `/result/data/*/pk`" for n in range(3)]
    fields += [f"op_1: the contract does not define `/x{n}`" for n in range(50)]
    same = [f"PAGE-0{n} (open): `count` is a text" for n in (1, 2)]
    gathered = gather_notices([*fields, *same, "in front of the target: a proxy"])
    assert gathered[0].startswith("the contract does not define 51 fields: `pk` (3 operations), ")
    assert gathered[0].endswith(" and 41 more")
    assert gathered[1:] == [
        "PAGE-01, PAGE-02 (open): `count` is a text",
        "in front of the target: a proxy",
    ]


def test_a_difference_from_a_choice_is_shown_once() -> None:
    """What is the reason why a rule is not tested is not shown as a notice again."""
    differs = "differs from a choice of this contract: `count` is a text"
    gap: Any = Result("ERR-11", "test", "not tested", reason=differs)
    notices = ["ERR-11 (open): `count` is a text", "PAGE-01 (open): `count` is a text"]
    lines = list(summarize_verdict(verdict(results=[gap], notices=notices)))
    assert sum("ERR-11" in line for line in lines) == 1
    assert sum(line.startswith("notice ") and "PAGE-01 (open)" in line for line in lines) == 1


def test_many_causes_are_short() -> None:
    """The first causes have their request, the others a line each, and the verdict is last."""
    findings = [found("PAGE-02", f"field `f{n}` is wrong", second=n) for n in range(15)]
    results: list[Any] = [Result("PAGE-02", "test", "failed", findings=findings)]
    many = verdict(results=results, failures=findings, exit_code=1, headline="breaks")
    lines = list(summarize_verdict(many))
    assert sum(line.startswith("FAILED ") for line in lines) == len(many.causes) == 15
    assert sum("curl" in line for line in lines) == MOST_DETAILED
    assert [line[:7] for line in lines[-3:]] == ["VERDICT", "  1 pas", "  every"]


@pytest.mark.parametrize(
    ("reasons", "line"),
    [
        ([], "everything that was selected was tested"),
        (["odd"], "1 check was not tested"),
        (
            ["no key for learner"] * 2 + ["username is not set"],
            "3 checks were not tested; --key learner=env:NAME would enable the most, 2",
        ),
        (["username is not set"] * 2, "2 checks were not tested; --username would enable all"),
    ],
)
def test_the_last_line_names_the_option_that_helps_most(reasons: list[str], line: str) -> None:
    """The number of checks that were not tested is followed by the one option to set first."""
    results = [Result("ACCESS-04", "test", "not tested", reason) for reason in reasons]
    gaps = gather_not_tested(verdict(results=results, unreachable_here={}))
    assert describe_untested(gaps) == line


def test_a_run_that_stopped_has_not_tested_everything() -> None:
    """What was interrupted, or has failed requests, does not say that all was tested."""
    stopped = verdict(stopped="the run was interrupted", exit_code=3, headline="not judged")
    failed = verdict(counts={"request failed": 1}, exit_code=3, headline="not judged")
    for ended in (stopped, failed):
        assert list(summarize_verdict(ended))[-1] == "  not everything that was selected was tested"
