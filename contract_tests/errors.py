"""What can go wrong: a wrong usage, a failed request, a rule that is not tested, a failed rule.

"The target is wrong" and "a request failed" are two families and never mixed.
"""

import json
import traceback
from typing import Any

EXTRA = frozenset({"httpx", "hypothesis", "jinja2", "pytest", "rich", "schemathesis", "xdist"})
"""What the extra `check` installs; the mock is installed without it."""


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
        self.expected = format_value(expected)
        self.got = format_value(got)
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


def format_value(value: Any) -> str:
    """Return a text as it is, and any other value as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_convert_value)


def _convert_value(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)


def find_missing_package(error: BaseException | None) -> str:
    """Return the package of the extra `check` whose absence led to an error, or an empty text."""
    while error is not None:
        name = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
        if name in EXTRA and isinstance(error, ModuleNotFoundError):
            return name
        error = error.__cause__ or error.__context__
    return ""


def describe_missing(package: str) -> str:
    """Return how to install a package of the extra `check`."""
    return f"{package} is not installed: run pip install 'credmock[check]'"


def describe_error(error: BaseException) -> str:
    """Return what went wrong in one line, of an unexpected error its type and its place.

    The text of an unexpected error is left out, because it may quote what was sent.
    """
    package = find_missing_package(error)
    if package:
        return describe_missing(package)
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted: {error}" if str(error) else "interrupted"
    if isinstance(error, UsageError | RequestFailed | NotTested | RuleFailed):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"error in the harness: {type(error).__name__}{place}"
