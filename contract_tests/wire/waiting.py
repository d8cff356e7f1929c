"""How long to wait before a request is sent again: `Retry-After`, and growing pauses."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 60.0
SHORTEST_WAIT = 0.25
"""Seconds; a target that says `Retry-After: 0` is not asked again at once."""


def find_wait(status: int, headers: Mapping[str, str], attempt: int) -> float | None:
    """Return the seconds that a response tells the client to wait, None for any other response.

    `headers` are by name in lower case. 429 and 503 with a `Retry-After` tell to wait; one that is
    not valid counts as none, and the pause then grows with each attempt.
    """
    retry_after = headers.get("retry-after")
    told = None if retry_after is None else parse_retry_after(retry_after, headers.get("date", ""))
    if status != 429 and not (status == 503 and told is not None):
        return None
    return pause(attempt) if told is None else max(told, SHORTEST_WAIT * 2 ** min(attempt - 1, 4))


def parse_retry_after(text: str, date: str = "") -> float | None:
    """Return the seconds that a `Retry-After` names, as a number or as a date, None for nonsense.

    A date counts from the response's own `Date`, because the clock of the target may be wrong.
    """
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        seconds = float(text)  # RFC 9110 allows whole seconds only; some send fractions
        return seconds if math.isfinite(seconds) else None
    until = _parse_date(text)
    if until is None:
        return None
    now = _parse_date(date)
    return max(0.0, until - (time.time() if now is None else now))


def _parse_date(text: str) -> float | None:
    """Return an HTTP date in seconds since the epoch, None for any other text."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def pause(attempt: int) -> float:
    """Return the seconds before another attempt at what is not told when to come back."""
    return float(min(0.5 * 2 ** (attempt - 1), LONGEST_WAIT))
