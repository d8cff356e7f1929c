"""What can go wrong: a wrong usage, a failed request, a rule that is not tested, a failed rule.

"The target is wrong" and "a request failed" are two families and never mixed.
"""

from typing import Any


class UsageError(Exception):
    """The options or the configuration are wrong; the text is one line that says how to fix it."""


class RequestFailed(Exception):
    """A request got no response, or the run may not send it: nothing is known about the rule."""


class TargetUnavailable(RequestFailed):
    """The target can no longer be asked, or never could: the run stops."""


class Disturbed(RequestFailed):
    """One request got lost on its way, and others do not: the rule may be tested again.

    `unanswered` tells that not a byte came back.
    """

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class NotTested(Exception):
    """A rule cannot be tested; the text is the reason."""


class Intercepted(NotTested, RequestFailed):
    """Something in front of the service answered in its place, such as a firewall."""


class InputRefused(NotTested, RequestFailed):
    """The input could damage what the target stores, and the target is not disposable."""


class BoundReached(NotTested, RequestFailed):
    """A rule, or the run, has used up its time or its requests."""


class RuleFailed(AssertionError):
    """The target breaks the rule that is tested; `response` is the one that shows it.

    `steps` lead to the failure, when it takes several. `rule` is the id of the broken rule where
    it is not the one that is tested.
    """

    def __init__(
        self,
        message: str,
        response: Any = None,
        *,
        expected: Any = "",
        got: Any = "",
        rule: str = "",
    ) -> None:
        self.rule = rule
        self.message = message
        self.response = response
        self.expected = str(expected)
        self.got = str(got)
        self.steps: tuple[str, ...] = ()
        details = f"\n  expected  {self.expected}\n  got       {self.got}"
        curl = getattr(response, "curl", "")
        name = f"{rule}: " if rule else ""
        super().__init__(
            name + message + (details if expected or got else "") + (f"\n  {curl}" if curl else "")
        )


def require(
    condition: object, message: str, response: Any = None, *, expected: Any = "", got: Any = ""
) -> None:
    """Raise RuleFailed unless the condition holds."""
    if not condition:
        raise RuleFailed(message, response, expected=expected, got=got)
