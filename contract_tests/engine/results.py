"""What a run finds out: findings, the result of each test, and what each process observed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from contract_tests.engine.exchange import Exchange

Outcome = Literal["passed", "failed", "accepted", "not tested", "request failed"]
Cause = tuple[str, str, str]
"""A rule's id, an operationId and a message: two findings of one cause are the same."""

LONGEST_LINE = 300
"""Characters of a body that stands in the place of a value that was not found."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the target breaks a rule."""

    rule: str
    operation: str
    message: str
    expected: str
    got: str
    exchange: Exchange | None
    steps: tuple[str, ...] = ()

    @property
    def cause(self) -> Cause:
        """What identifies the finding."""
        return (self.rule, self.operation, self.message)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)

    def measure(self) -> int:
        """Return how long the request is that a reader has to understand."""
        return len(self.exchange.url) + len(self.exchange.request_body) if self.exchange else 0


@dataclass
class Result:
    """The result of one test of a rule."""

    rule: str
    test: str
    outcome: Outcome
    reason: str = ""
    seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class ProcessReport:
    """What one process of a run observed, as JSON values; workers send it to the controller."""

    requests: int = 0
    coverage: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """How often each operation returned each status code."""
    notices: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    permanent: list[str] = field(default_factory=list)
    """What stays on a disposable target because the API offers no way to delete it."""
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    effects: dict[str, Any] = field(default_factory=dict)
    """What it did to the target, see `Effects.as_dict`."""


def shorten(text: str) -> str:
    """Return a text as one line that is not too long to read."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def format_finding(finding: Mapping[str, Any]) -> str:
    """Return a finding as the text of a failed test."""
    exchange = finding["exchange"] or {}
    lines = [f"{finding['rule']} {finding['operation']}: {finding['message']}"]
    if finding["expected"] or finding["got"]:
        lines += [f"  expected  {finding['expected']}", f"  got       {finding['got']}"]
    return "\n".join([*lines, f"  {exchange.get('curl', '')}"])
