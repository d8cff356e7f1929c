"""When something ends that holds for a period: `12 months`, `90 days`."""

import calendar
from datetime import datetime, timedelta

DAYS = {"day": 1, "week": 7}
HOURS = {"hour": 1}
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def end_of(start: datetime, amount: int | None, unit: str | None) -> datetime | None:
    """Return the end of a period of `amount` units, or None for one that does not end.

    A period without an amount or a unit, of none, of a unit that nobody knows, or beyond the end of
    the calendar does not end. Units are in any case, one or many.
    """
    if not amount or not unit:
        return None
    name = unit.strip().lower().removesuffix("s")
    try:
        if name in MONTHS:
            return _months_later(start, amount * MONTHS[name])
        return (
            start + timedelta(days=amount * DAYS.get(name, 0), hours=amount * HOURS.get(name, 0))
            if name in DAYS | HOURS
            else None
        )
    except (OverflowError, ValueError):
        return None


def _months_later(start: datetime, months: int) -> datetime:
    """Return the same day of a later month, or the month's last where it has no such day."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if year > datetime.max.year:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))
