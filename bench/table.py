"""The table: sections of rows, each with its figures, its goal and whether the goal is met."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

KILOBYTE, MEGABYTE = 1e3, 1e6
LABEL_WIDTH = 38
CELL_WIDTH = 13
GOAL_WIDTH = 10


@dataclass(frozen=True)
class Goal:
    """A bound that a figure should keep: at most, or else at least."""

    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Tell whether a figure keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """A line of figures; `judged` is the one that the goal is for."""

    label: str
    cells: Sequence[str]
    goal: Goal | None = None
    judged: float = 0

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met, None where there is none."""
        return None if self.goal is None else self.goal.is_met(self.judged)


@dataclass(frozen=True)
class Section:
    """Rows under one heading; `data` is what was measured, for machines, `note` how."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str
    data: Any


def figure(value: float) -> str:
    """Write a number with about three digits that matter."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """Write the least and the greatest of some figures."""
    return f"{min(values):.2f}–{max(values):.2f}"


def lines(section: Section) -> Iterator[str]:
    """Yield a section as text."""
    has_goals = any(row.goal for row in section.rows)
    columns = "".join(f"{column:>{CELL_WIDTH}}" for column in section.columns)
    goal = f"{'goal':>{GOAL_WIDTH}}" if has_goals else ""
    yield f"{section.title:<{LABEL_WIDTH}}{columns}{goal}"
    missing = ("",) * len(section.columns)
    for row in section.rows:
        cells = [*row.cells, *missing][: len(section.columns)]
        text = f"  {row.label:<{LABEL_WIDTH - 2}}" + "".join(f"{c:>{CELL_WIDTH}}" for c in cells)
        if row.goal:
            text += f"{row.goal!s:>{GOAL_WIDTH}}  {'met' if row.is_met else 'MISSED'}"
        yield text.rstrip()
    yield from wrap(f"({section.note})", 100, initial_indent="  ", subsequent_indent="  ")


def summary(sections: Sequence[Section]) -> str:
    """Say how many goals are met."""
    verdicts = [row.is_met for each in sections for row in each.rows if row.goal]
    return f"{sum(map(bool, verdicts))} of {len(verdicts)} goals met"
