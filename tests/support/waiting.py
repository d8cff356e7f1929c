"""Waiting for what a process does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 120
"""Seconds that anything may take; far more than a slow, loaded machine needs for it."""


def wait_until(
    condition: Callable[[], T],
    description: str,
    *,
    ignore: tuple[type[Exception], ...] = (),
    seen: object = None,
) -> T:
    """Return the first true value of a condition, asked again and again.

    An exception that is to be ignored counts as false. Raises AssertionError with the description,
    and with what was seen, once patience is at its end.
    """
    deadline = time.monotonic() + PATIENCE
    failure: Exception | None = None
    while True:
        try:
            value = condition()
        except ignore as error:
            value, failure = None, error
        if value:
            return value
        if time.monotonic() > deadline:
            details = seen if failure is None else failure
            raise AssertionError(f"not within {PATIENCE} s: {description} ({details})")
        time.sleep(0.02)
