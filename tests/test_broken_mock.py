"""The rules on images, assignments, courses, export and import, and providers bite."""

from collections.abc import Callable

import pytest

from tests.bite import credcheck
from tests.broken_mock import MISTAKES

TARGET = "wsgi:tests.broken_mock:application"


@pytest.mark.parametrize(
    ("mistake", "rule"), MISTAKES.items(), ids=[each.__name__ for each in MISTAKES]
)
def test_each_mistake_is_caught(
    monkeypatch: pytest.MonkeyPatch, mistake: Callable[[], None], rule: str
) -> None:
    """The rule that is about a mistake catches it, and is kept without it."""
    monkeypatch.setenv("BROKEN", mistake.__name__)
    outcome = credcheck(TARGET, "--rule", rule, "--profile", "quick")
    assert rule in outcome.rules, outcome.headline


def test_without_a_mistake_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same target without a mistake keeps the rules of these subjects."""
    monkeypatch.setenv("BROKEN", "")
    subjects = ("images", "assignments", "courses", "exim", "providers")
    options = [word for each in subjects for word in ("--subject", each)]
    outcome = credcheck(TARGET, *options, "--profile", "quick")
    assert outcome.rules == ()
    assert (outcome.exit_code, outcome.left_behind) == (0, 0), outcome.headline
