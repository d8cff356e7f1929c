"""Times as the API writes them."""

from datetime import UTC, datetime


def parse_time(text: str) -> datetime:
    """Read an ISO time with a zone, as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time") from error
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; add Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is beyond the calendar in UTC") from error


def format_time(moment: datetime) -> str:
    """Write a time as the framework does: ISO 8601, `Z`, microseconds only when there are any."""
    return moment.isoformat().removesuffix("+00:00") + "Z"
