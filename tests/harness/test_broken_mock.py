"""The rules on images, assignments, courses, export and import, and providers catch mistakes."""

import pytest

from tests.harness.bite import BROKEN_MOCK, credcheck
from tests.support.broken_mock import MISTAKES, Mistake

SOME = list(MISTAKES.items())[::3]
"""As many as there is time for in each run of all tests; `make bite` judges all of them."""
FEW = SOME[::5]
"""As many as there is time for in each run of the quick tests."""


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        pytest.param(*each, id=each[0].__name__, marks=() if each in FEW else pytest.mark.slow)
        for each in SOME
    ],
)
def test_each_mistake_is_caught(mistake: Mistake, rule: str) -> None:
    """The rule about a mistake fails because of it, and not because of a server error."""
    options = ("--rule", rule, "--profile", "quick")
    outcome = credcheck(BROKEN_MOCK, *options, BROKEN=mistake.__name__)
    assert rule in outcome.rules, outcome.headline
    assert outcome.server_errors == 0


@pytest.mark.slow
def test_without_a_mistake_no_rule_fails() -> None:
    """The same target without a mistake passes the rules of these subjects."""
    subjects = ("images", "assignments", "courses", "exim", "providers")
    options = [word for each in subjects for word in ("--subject", each)]
    outcome = credcheck(BROKEN_MOCK, *options, "--profile", "quick", BROKEN="")
    assert outcome.rules == ()
    assert (outcome.exit_code, outcome.left_behind) == (0, 0), outcome.headline
