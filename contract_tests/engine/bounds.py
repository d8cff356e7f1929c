"""The bounds of each test of a rule, in time and requests, and the time limit of the run.

Only what the target takes counts, and the pauses that it asks for: waiting for the rate limit does
not. Cleaning up has no bound.
"""

import time
from dataclasses import dataclass

from contract_tests.errors import BoundReached
from contract_tests.settings.settings import Settings

GRACE = {"quick": 1.0, "standard": 1.0, "thorough": 1.25}
"""A thorough run tests until its time is used up: what has begun then may end."""


@dataclass(frozen=True)
class Bound:
    """What one test may take."""

    seconds: float
    requests: int


BOUNDS = {
    "quick": Bound(seconds=60, requests=1_000),
    "standard": Bound(seconds=120, requests=4_000),
    "thorough": Bound(seconds=600, requests=100_000),
}


class Bounds:
    """What the current test and the run have used of their bounds."""

    def __init__(self, settings: Settings) -> None:
        self._bound = BOUNDS[settings.profile]
        self._budget = settings.budget
        self._grace = GRACE[settings.profile]
        self._started = time.monotonic()
        self._is_bound = False
        self._seconds = 0.0
        self._requests = 0

    def begin(self, rule: str) -> None:
        """Begin to count for a test of a rule; an empty text ends that."""
        self._is_bound = bool(rule)
        self._seconds = 0.0
        self._requests = 0

    @property
    def is_run_over(self) -> bool:
        """Whether the time of the run is used up."""
        return time.monotonic() - self._started > self._budget

    @property
    def over(self) -> str:
        """The sentence about the time of a run that is over."""
        return f"the time budget of the run, {self._budget:g} s, is used up; see --time-budget"

    def check(self) -> None:
        """Raise BoundReached where nothing more may be sent."""
        if not self._is_bound:
            return
        if self._run_seconds_left() <= 0:
            raise BoundReached(self.over)
        bound = self._bound
        if self._seconds >= bound.seconds:
            raise BoundReached(
                f"reached its bound of {bound.seconds:g} s after {self._requests} requests; what "
                "it had asked until then counts"
            )
        if self._requests >= bound.requests:
            raise BoundReached(
                f"reached its bound of {bound.requests} requests; what it had asked until then "
                "counts"
            )

    def count(self, seconds: float, requests: int = 0) -> None:
        """Count what the target took."""
        self._seconds += seconds
        self._requests += requests

    def limit(self, seconds: float) -> float:
        """Return a time, such as a timeout, so that it ends within the bounds."""
        if not self._is_bound:
            return seconds
        left = min(self._bound.seconds - self._seconds, self._run_seconds_left())
        return max(0.05, min(seconds, left))

    def _run_seconds_left(self) -> float:
        return self._budget * self._grace - (time.monotonic() - self._started)
