"""The sound variations of the twin: credcheck is silent on them; `make bite` tests all of them."""

import pytest

from tests.differential.twin.variations import VARIATIONS, mix_variations
from tests.harness.bite import (
    MIXED,
    MIXTURES,
    OFFERED,
    PLACES,
    Outcome,
    credcheck,
    describe_rules,
    judge_variation,
)
from tests.support.postgresql import needs_postgresql, running_postgresql

SOUND = (
    *("answers-vary-by-more", "records-have-more-fields", "deleting-answers-200-with-a-status"),
    *("issuing-answers-201", "a-month-is-thirty-days", "unknown-users-are-skipped"),
    *("a-gateway-answers-options", "revocations-are-final", "blanks-are-refused"),
    *("the-newest-signatory-comes-first", "errors-have-codes-beside-them"),
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
    ("names", "subjects"),
    [
        (SOUND, ()),
        pytest.param(NEIGHBOUR, ("pagination", "search"), marks=pytest.mark.thorough),
        pytest.param(("a-neighbour-edits-what-is-old",), ("search",), marks=pytest.mark.thorough),
    ],
)
def test_it_is_silent_on_what_is_sound(names: tuple[str, ...], subjects: tuple[str, ...]) -> None:
    """A sound deployment that differs where the facts leave room fails no rule."""
    options = [word for subject in subjects for word in ("--subject", subject)]
    outcome = judge_variation(names, "quick", "writes", *options)
    assert outcome.rules == (), outcome.headline
    assert outcome.left_behind == 0


@pytest.mark.slow
def test_it_is_silent_on_what_the_twin_lacks() -> None:
    """Pictures that are encoded anew, masked settings, 404 for another platform's admin."""
    rules = ("IMAGE-03", "PROVIDER-02", "PROVIDER-04", "ASSIGN-05")
    options = [word for rule in rules for word in ("--rule", rule)]
    context = (*PLACES, *OFFERED, "--profile", "quick")
    outcome = credcheck("wsgi:tests.support.sound_mock:application", *options, context=context)
    assert (outcome.rules, outcome.exit_code) == ((), 0), outcome.headline


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.thorough
@needs_postgresql
def test_it_is_silent_on_a_database_that_others_wrote() -> None:
    """The sound twin fails no rule over PostgreSQL, which stores no NUL."""
    with running_postgresql() as folder:
        outcome = judge_variation((), "standard", "writes", postgresql=folder)
    assert outcome.complaints == (), outcome.headline
    assert outcome.left_behind == 0
    assert outcome.exit_code == 0


def test_the_matrix_says_what_each_rule_alone_catches() -> None:
    """For each rule: the defects that only it catches, and the variations that it was loud on."""
    both, alone = ("PAGE-06", "PAGE-10"), ("PAGE-06",)
    outcomes = {
        name: Outcome(1, rules, 1.0, 10, "", 0)
        for name, rules in {"first": both, "second": alone, "third": alone}.items()
    }
    lines = list(describe_rules(outcomes, {"PAGE-10": ["gzip", "ties + slow"]}))
    (page_06,) = [number for number, line in enumerate(lines) if line.startswith("PAGE-06")]
    (page_10,) = [number for number, line in enumerate(lines) if line.startswith("PAGE-10")]
    assert lines[page_06].split()[-3:] == ["3", "2", "0"]
    assert lines[page_06 + 1].strip() == "only this rule catches: second, third"
    assert lines[page_10].split()[-3:] == ["1", "0", "2"]
    assert lines[page_10 + 1].strip() == "was loud on: gzip, ties + slow"
