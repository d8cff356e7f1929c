"""The time of a sandbox, which may be frozen or another one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mockserver.errors import APIError
from mockserver.framework.times import format_time, parse_time
from mockserver.world.periods import add_duration

CHANGES = ("set", "advance", "freeze", "run")
"""What can be done to a clock, in this order."""


EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The calendar goes on for centuries on either side, so that every later sum has a result."""


class InvalidTime(APIError):
    """A change of a clock that cannot be made; the text names the field."""

    status = 400


class Clock:
    """The time of a sandbox: the real one, frozen, or shifted against the real one."""

    def __init__(self, frozen: datetime | None = None) -> None:
        self._frozen = frozen
        self._shift = timedelta()

    @property
    def is_frozen(self) -> bool:
        """Whether the time is frozen."""
        return self._frozen is not None

    @property
    def setting(self) -> tuple[datetime | None, timedelta]:
        """What makes its time another one than the real one."""
        return self._frozen, self._shift

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._frozen or datetime.now(UTC) + self._shift

    def freeze(self, moment: datetime | None = None) -> None:
        """Freeze the time, at a moment or now."""
        self._frozen = moment or self.now()

    def run(self) -> None:
        """Let the time go on from where it is."""
        self._shift, self._frozen = self.now() - datetime.now(UTC), None

    def set(self, moment: datetime) -> None:
        """Make it another time; it stays frozen or running."""
        if self.is_frozen:
            self._frozen = moment
        else:
            self._shift = moment - datetime.now(UTC)

    def change(self, words: Mapping[str, Any]) -> None:
        """Do what `{"set": …, "advance": …, "freeze": true, "run": true}` says, or nothing of it.

        Raises InvalidTime.
        """
        for word in words.keys() - set(CHANGES):
            raise InvalidTime(f"unknown field {word!r}: use {', '.join(CHANGES)}")
        if not words:
            raise InvalidTime('no change: send for example {"advance": "P30D"}')
        moment = self.now()
        if "set" in words:
            moment = _moment(words["set"])
        if "advance" in words:
            moment = _later(moment, words["advance"])
        freezes, runs = (_truth(word, words.get(word, False)) for word in ("freeze", "run"))
        if words.keys() & {"set", "advance"}:
            self.set(moment)
        if freezes:
            self.freeze()
        if runs:
            self.run()

    def describe(self) -> dict[str, Any]:
        """Return what the control plane says of it."""
        return {"now": format_time(self.now()), "frozen": self.is_frozen}


def check_moment(moment: datetime) -> datetime:
    """Return a time that a clock can have; raises ValueError."""
    if not EARLIEST <= moment <= LATEST:
        years = f"{EARLIEST.year} to {LATEST.year}"
        raise ValueError(f"{format_time(moment)} is not in the years {years}")
    return moment


def _moment(value: Any) -> datetime:
    try:
        return check_moment(parse_time(value))
    except (TypeError, ValueError) as error:
        raise InvalidTime(f"set: {error}; write for example 2026-06-01T12:00:00Z") from error


def _later(now: datetime, value: Any) -> datetime:
    try:
        return check_moment(add_duration(now, value))
    except ValueError as error:
        raise InvalidTime(f"advance: {error}") from error


def _truth(word: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidTime(f"{word}: expected true or false, got {value!r}")
    return value
