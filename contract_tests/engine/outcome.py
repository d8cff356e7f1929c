"""What can come of asking: a breach, a rule that could not be tested, a question not asked.

"The target is wrong" and "we could not ask" are two families and never mixed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class UsageError(Exception):
    """The options or the configuration are wrong; the text is one line with the mend."""


class CouldNotAsk(Exception):
    """The target did not answer, or the run may not send this: nothing is known."""


class TargetRefuses(CouldNotAsk):
    """The target keeps refusing to be asked (429, 503): the run stops."""


class NotTested(Exception):
    """A rule's needs are missing; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply, redacted; bodies are text, cut where they are long."""

    rule: str
    operation: str
    actor: str
    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int
    reply_headers: Mapping[str, str]
    reply_body: str
    milliseconds: float
    started: str
    curl: str


Cause = tuple[str, str, str]
"""A rule's id, an operation's id and a message: what makes two findings one and the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the target breaks a rule; `cause` tells equal ones apart."""

    rule: str
    operation: str
    message: str
    expected: str
    got: str
    exchange: Exchange | None
    steps: tuple[str, ...] = ()

    @property
    def cause(self) -> Cause:
        """What it is a finding of."""
        return (self.rule, self.operation, self.message)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)


class Breach(AssertionError):
    """The target breaks the rule at hand; `reply` is the answer that shows it."""

    def __init__(
        self, message: str, reply: Any = None, *, expected: Any = "", got: Any = ""
    ) -> None:
        self.message = message
        self.reply = reply
        self.expected = str(expected)
        self.got = str(got)
        self.steps: tuple[str, ...] = ()
        shown = f"\n  expected  {self.expected}\n  got       {self.got}" if expected or got else ""
        curl = getattr(reply, "curl", "")
        super().__init__(message + shown + (f"\n  {curl}" if curl else ""))


@dataclass
class Result:
    """What came of one test of a rule."""

    rule: str
    test: str
    outcome: str
    """`kept`, `breached`, `not tested` or `could not ask`."""
    reason: str = ""
    seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)


def require(
    condition: object, message: str, reply: Any = None, *, expected: Any = "", got: Any = ""
) -> None:
    """Raise Breach unless the condition holds."""
    if not condition:
        raise Breach(message, reply, expected=expected, got=got)
