"""Periods of time: when something ends that holds for `12 months`; a moment and `P30D` later."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import Any

DAYS = {"days": 1, "weeks": 7}
MONTHS = {"months": 1, "years": 12}
DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def check_period(unit: str | None) -> None:
    """Raise ValueError for a unit of time that the service does not have."""
    units = [*DAYS, *MONTHS]
    if unit is not None and unit not in units:
        raise ValueError(f"expires.duration: unknown unit {unit!r}: use {', '.join(units)} or null")


def end_of(start: datetime, amount: int | None, unit: str | None) -> datetime | None:
    """Return the end of a period of `amount` units, or None for one that does not end.

    A period without an amount or a unit, of an amount of 0, or that ends outside of the calendar
    does not end. The units are those of FACTS.md, S2; of a negative amount the end lies before.
    """
    if not amount or not unit:
        return None
    try:
        if unit in MONTHS:
            return _months_later(start, amount * MONTHS[unit])
        return start + timedelta(days=amount * DAYS[unit])
    except (OverflowError, ValueError):
        return None


def _months_later(start: datetime, months: int) -> datetime:
    """Return the same day of a later month, or the month's last where it has no such day."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if not datetime.min.year <= year <= datetime.max.year:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))


def add_duration(moment: datetime, duration: Any) -> datetime:
    """Return the moment that lies an ISO 8601 duration later, such as `P30D`, `-PT90S` or `P1W`.

    Raises ValueError.
    """
    match = DURATION.fullmatch(duration) if isinstance(duration, str) else None
    parts = {k: int(v) for k, v in match.groupdict().items() if k != "sign" and v} if match else {}
    if not match or not parts:
        raise ValueError(f"{duration!r} is not a duration: write for example P30D or PT90S")
    try:
        change = timedelta(**parts)
        return (moment - change if match["sign"] == "-" else moment + change).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{duration!r} leads beyond the calendar") from error
