"""When something ends that holds for a period."""

from datetime import UTC, datetime
from itertools import product

import pytest
from dateutil.relativedelta import relativedelta

from mockserver.world.periods import end_of

STARTS = [datetime(2024, 1, 31, 23, 59, 59, 500, UTC), datetime(2024, 2, 29, 12, tzinfo=UTC)]
STARTS += [datetime(2026, 11, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)]


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years"])
def test_periods_are_those_of_the_calendar(unit: str) -> None:
    """The same day of another month, or that month's last: as dateutil reckons."""
    for start, amount in product(STARTS, [1, 2, 3, 11, 12, 13, 48, -1, -13]):
        expected = start + relativedelta(**{unit: amount})  # type: ignore[arg-type]
        assert end_of(start, amount, unit) == expected


@pytest.mark.parametrize(
    ("amount", "unit"),
    [
        *((None, "days"), (3, None), (0, "days"), (3, "")),
        *(
            (amount, unit)
            for amount in (2**31 - 1, -(2**31))
            for unit in ("days", "weeks", "months", "years")
        ),
    ],
)
def test_what_has_no_end_never_ends(amount: int | None, unit: str | None) -> None:
    """No amount, no unit, or an end outside of the calendar."""
    assert end_of(STARTS[0], amount, unit) is None
