"""The sound variations of the twin: credcheck is silent on them; `make bite` tests all of them."""

import pytest

from tests.differential.twin.variations import VARIATIONS, mix_variations
from tests.harness.bite import MIXED, MIXTURES, judge_variation

SOUND = (
    *("answers-vary-by-more", "records-have-more-fields", "deleting-answers-200-with-a-status"),
    *("issuing-answers-201", "a-month-is-thirty-days", "unknown-users-are-skipped"),
)
NEIGHBOUR = ("a-neighbour-writes-all-the-time", "fields-come-in-another-order")


def test_there_are_mixtures_of_what_can_be_mixed() -> None:
    """Each mixture has as many variations as it should, and no two that exclude each other."""
    mixtures = list(mix_variations(MIXTURES, MIXED))
    assert len(set(mixtures)) == MIXTURES
    for names in mixtures:
        groups = {VARIATIONS[name].group for name in names}
        assert len(groups) == len(names) == MIXED


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "subjects"), [(SOUND, ()), (NEIGHBOUR, ("pagination", "search"))]
)
def test_it_is_silent_on_what_is_sound(names: tuple[str, ...], subjects: tuple[str, ...]) -> None:
    """A sound deployment that differs where the facts leave room fails no rule."""
    options = [word for subject in subjects for word in ("--subject", subject)]
    outcome = judge_variation(names, "quick", "writes", *options)
    assert outcome.rules == (), outcome.headline
    assert outcome.left_behind == 0
