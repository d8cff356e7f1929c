"""The rules on images, assignments, courses, export and import, and providers catch mistakes."""

from collections.abc import Callable

import pytest

from tests.harness.bite import BROKEN_MOCK, credcheck
from tests.support.broken_mock import MISTAKES

SOME = dict(list(MISTAKES.items())[::3])
"""A third of the mistakes, to save time; `make bite` tests all of them."""


@pytest.mark.parametrize(("mistake", "rule"), SOME.items(), ids=[each.__name__ for each in SOME])
def test_each_mistake_is_caught(mistake: Callable[[], None], rule: str) -> None:
    """The rule about a mistake fails because of it, and not because of a server error."""
    options = ("--rule", rule, "--profile", "quick")
    outcome = credcheck(BROKEN_MOCK, *options, BROKEN=mistake.__name__)
    assert rule in outcome.rules, outcome.headline
    assert outcome.server_errors == 0


def test_without_a_mistake_no_rule_fails() -> None:
    """The same target without a mistake passes the rules of these subjects."""
    subjects = ("images", "assignments", "courses", "exim", "providers")
    options = [word for each in subjects for word in ("--subject", each)]
    outcome = credcheck(BROKEN_MOCK, *options, "--profile", "quick", BROKEN="")
    assert outcome.rules == ()
    assert (outcome.exit_code, outcome.left_behind) == (0, 0), outcome.headline
