"""The rate limit, which counts requests as the framework's UserRateThrottle does."""

import math
import re
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from mockserver.errors import APIError, StartError

MAXIMUM_CALLERS = 10_000
PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
RATE = re.compile(r"([1-9]\d{0,5})/(s|sec|m|min|h|hour|d|day)")


class Throttled(APIError):
    """Too many requests; `wait` is in seconds."""

    status = 429

    def __init__(self, wait: int) -> None:
        unit = "second" if wait == 1 else "seconds"
        super().__init__(f"Request was throttled. Expected available in {wait} {unit}.")
        self._wait = wait

    @property
    def headers(self) -> dict[str, str]:
        """When the next request may be sent."""
        return {"Retry-After": str(self._wait)}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The number of requests that are allowed in a period; 0 is no limit."""

    requests: int = 0
    period: timedelta = timedelta()


NO_LIMIT = RateLimit()


def read_rate(text: str) -> RateLimit:
    """Read a rate as the framework's settings write it, such as `100/min`; raises StartError."""
    found = RATE.fullmatch(text)
    if found is None:
        raise StartError(f"--rate-limit: {text!r} is not a valid rate: use for example 100/min")
    return RateLimit(int(found[1]), timedelta(seconds=PERIODS[found[2][0]]))


class Throttle:
    """Counts the requests of each caller over the last period."""

    def __init__(self, rate: RateLimit) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._history: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check(self, caller: str, now: datetime) -> None:
        """Count a request; raises Throttled, and such a request does not count."""
        if self._rate.requests:
            with self._lock:
                self._count(caller, now)

    def _count(self, caller: str, now: datetime) -> None:
        history = self._history.setdefault(caller, deque(maxlen=self._rate.requests))
        self._history.move_to_end(caller)
        if len(self._history) > MAXIMUM_CALLERS:
            self._history.popitem(last=False)
        while history and history[0] <= now - self._rate.period:
            history.popleft()
        if len(history) == self._rate.requests:
            remaining = self._rate.period - (now - history[0])
            raise Throttled(math.ceil(remaining.total_seconds()))
        history.append(now)
