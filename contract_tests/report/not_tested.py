"""What was not tested, gathered by the reason, with the option that would enable it."""

import re
from dataclasses import dataclass

from contract_tests.report.verdict import Verdict

ENABLING = (
    (re.compile(r"the run is read-only"), "--allow-writes"),
    (re.compile(r"the target is not disposable"), "--disposable"),
    (re.compile(r"^no key for (\w+)"), r"--key \1=env:NAME"),
    (re.compile(r"^(\w+) is not set"), r"--\1"),
    (re.compile(r"needs release ([\d.]+) or later"), r"--api-version \1"),
    (re.compile(r"^differs from a choice"), "--hold-choices"),
    (re.compile(r"the time budget is used up"), "--time-budget"),
)
"""Reasons, and the option without which they would not apply."""


@dataclass(frozen=True)
class Gap:
    """What was not tested for one reason."""

    outcome: str
    reason: str
    rules: list[str]
    operations: list[str]
    checks: int

    @property
    def option(self) -> str:
        """The option that would enable it, or an empty text."""
        for pattern, option in ENABLING:
            match = pattern.search(self.reason)
            if match:
                return match.expand(option).replace("_", "-" if option == r"--\1" else "_")
        return ""


def gather_not_tested(verdict: Verdict) -> list[Gap]:
    """Return what was not tested by reason, the reason of most checks first."""
    rules: dict[tuple[str, str], list[str]] = {}
    operations: dict[tuple[str, str], list[str]] = {}
    for result in verdict.results:
        is_in_headline = bool(verdict.stopped) and verdict.stopped in result.reason
        if result.outcome in ("not tested", "request failed") and not is_in_headline:
            rules.setdefault((result.outcome, result.reason), []).append(result.rule)
    for operation, reason in verdict.unreachable_here.items():
        operations.setdefault(("not tested", reason), []).append(operation)
    gaps = [
        Gap(
            outcome,
            reason,
            list(dict.fromkeys(rules.get((outcome, reason), ()))),
            operations.get((outcome, reason), []),
            len(rules.get((outcome, reason), ())),
        )
        for outcome, reason in dict.fromkeys([*rules, *operations])
    ]
    return sorted(gaps, key=lambda gap: -gap.checks)


def find_best_option(gaps: list[Gap]) -> tuple[str, int]:
    """Return the option that would enable the most checks, and how many; an empty text if none."""
    counts: dict[str, int] = {}
    for gap in gaps:
        if gap.option:
            counts[gap.option] = counts.get(gap.option, 0) + gap.checks
    best = max(counts, key=lambda option: counts[option], default="")
    return best, counts.get(best, 0)
