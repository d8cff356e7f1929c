"""The benchmark can be called; its figures are nobody's test."""

import subprocess
import sys

from bench.table import Goal, Row, Section, lines, summary
from tests.support.paths import ROOT


def test_the_command_names_its_parts() -> None:
    """`python -m bench --help` tells what can be measured."""
    command = [sys.executable, "-m", "bench", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    for part in (
        "cost",
        "start",
        "growth",
        "worlds",
        "sandboxes",
        "saturation",
        "shared",
        "judges",
    ):
        assert part in text


def test_a_goal_is_met_or_missed() -> None:
    """A row says whether its figure keeps the bound; one without a goal says nothing."""
    rows = [
        Row("cheap", ["1.2"], Goal(1.3), 1.2),
        Row("dear", ["2.0"], Goal(1.3), 2.0),
        Row("above", ["9.0"], Goal(8, at_least=True), 9.0),
        Row("open", ["7.0"]),
    ]
    section = Section("cost", "CPU", ("ratio",), rows, "a note", None)
    ends = [line.split()[-1] for line in lines(section)]
    assert ends == ["goal", "met", "MISSED", "met", "7.0", "note)"]
    assert summary([section]) == "2 of 3 goals met"
