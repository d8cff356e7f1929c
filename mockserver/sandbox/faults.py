"""Failures on demand: by the faults of a sandbox, or by the `Prefer` header for one request.

A forced response has the contract's example of that status as its body, where there is one.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import pairwise
from typing import Any, Literal

from mockserver.contract.operation import Operation
from mockserver.errors import APIError
from mockserver.framework.throttling import Throttled
from mockserver.messages import JSON, Request, Response, encode

Damage = Literal["", "malformed", "truncated", "cut"]
Delay = tuple[tuple[float, int], ...]
"""Points of a distribution: a share of the requests, 0 to 1, waits at most so many milliseconds.

Between two points it is interpolated."""

NO_DELAY: Delay = ((0.0, 0), (1.0, 0))

LONGEST_DELAY = 60_000
MOST_FAULTS = 100
APPLIED, FAULT = "Preference-Applied", "X-Mock-Fault"
LENGTH, CONTENT_TYPE = "Content-Length", "content-type"
HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Api-Key"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}
"""Headers that the framework, or a proxy before it, sends with a status."""


class InvalidFault(APIError):
    """A fault that cannot be used; the text names the field."""

    status = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule: which requests it applies to, how often, and the response that it gives.

    `path` is a pattern of fnmatch on the path without a prefix. `nth` is the only matching request
    that fails (0: all may), `times` how often the fault applies at most (0: always). A `status` of
    0 keeps the response of the service.
    """

    operation: str = "*"
    method: str = "*"
    path: str = "*"
    nth: int = 0
    probability: float = 1.0
    times: int = 0
    status: int = 0
    example: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: Delay = NO_DELAY
    damage: Damage = ""

    @property
    def only_delays(self) -> bool:
        """Whether the response is the usual one, only later."""
        return not (self.status or self.headers or self.damage or self.example)

    def matches(self, operation_id: str, method: str, path: str) -> bool:
        """Tell whether a request is one that the rule applies to."""
        return (
            self.operation in ("*", operation_id)
            and self.method in ("*", method)
            and fnmatchcase(path, self.path)
        )


class Faults:
    """The faults of one sandbox, each with its counts.

    They have a random source of their own, so that they do not change the ids of new records.
    """

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._rules: dict[str, Fault] = {}
        self._matched: dict[str, int] = {}
        self._applied: dict[str, int] = {}
        self._made = 0

    def add(self, fault: Fault) -> str:
        """Add a fault and return its id; raises InvalidFault when there are too many."""
        with self._lock:
            if len(self._rules) >= MOST_FAULTS:
                raise InvalidFault(f"a sandbox has at most {MOST_FAULTS} faults; remove one first")
            self._made += 1
            name = str(self._made)
            self._rules[name], self._matched[name], self._applied[name] = fault, 0, 0
            return name

    def remove(self, name: str) -> bool:
        """Remove a fault, and tell whether there was one."""
        with self._lock:
            self._matched.pop(name, None)
            self._applied.pop(name, None)
            return self._rules.pop(name, None) is not None

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._rules.clear()
            self._matched.clear()
            self._applied.clear()

    def list_all(self) -> list[tuple[str, Fault, int, int]]:
        """Return each fault with its id and its numbers of matching and of affected requests."""
        with self._lock:
            return [(n, f, self._matched[n], self._applied[n]) for n, f in self._rules.items()]

    def choose(self, operation_id: str, method: str, path: str) -> tuple[str, Fault] | None:
        """Count a request, and return the fault that applies to it, with the ids of the faults.

        Faults that only delay add up, together with the first one that does more.
        """
        if not self._rules:
            return None
        names: list[str] = []
        wait, chosen = 0, Fault()
        with self._lock:
            for name, fault in self._rules.items():
                if not fault.matches(operation_id, method, path):
                    continue
                # A request that an earlier fault answers is the n-th for the later ones too.
                self._matched[name] += 1
                if chosen.only_delays and self._applies(name, fault):
                    names.append(name)
                    wait += milliseconds(fault.delay, self._random.random())
                    if not fault.only_delays:
                        chosen = fault
        wait = min(wait, LONGEST_DELAY)
        return (", ".join(names), replace(chosen, delay=constant_delay(wait))) if names else None

    def _applies(self, name: str, fault: Fault) -> bool:
        if fault.nth and self._matched[name] != fault.nth:
            return False
        if fault.times and self._applied[name] >= fault.times:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self._applied[name] += 1
        return True


def respond_with_faults(
    request: Request, operation: Operation | None, faults: Faults, serve: Callable[[], Response]
) -> Response:
    """Serve a request as faults and its `Prefer` header say; most are served as they are."""
    prefer = request.headers.get("Prefer")
    where = request.path.removeprefix(request.root)
    chosen = faults.choose(operation.operation_id if operation else "", request.method, where)
    if prefer is None and chosen is None:
        return serve()
    wanted, applied = read_prefer(prefer or "")
    headers = {APPLIED: applied} if applied else {}
    if chosen and not wanted.status:
        name, fault = chosen
        headers[FAULT] = name
        wanted = replace(fault, delay=max(fault.delay, wanted.delay))
    time.sleep(milliseconds(wanted.delay, 1) / 1000)
    response = force_response(wanted, operation) if wanted.status or wanted.example else serve()
    if wanted.damage == "cut":  # the server closes the connection when the body ends too early
        headers[LENGTH] = str(max(len(response.body), 1))
    others = {name: value for name, value in wanted.headers.items() if name.lower() != CONTENT_TYPE}
    types = [value for name, value in wanted.headers.items() if name.lower() == CONTENT_TYPE]
    return response._replace(
        body=damage_body(response.body, wanted.damage),
        content_type=types[-1] if types else response.content_type,
        headers={**response.headers, **others, **headers},
    )


def constant_delay(wait: int) -> Delay:
    """Return the same delay in milliseconds for every request."""
    return ((0.0, wait), (1.0, wait))


def milliseconds(delay: Delay, chance: float) -> int:
    """Return the delay of a request at this point of the distribution, 0 to 1."""
    for (share, least), (next_share, most) in pairwise(delay):
        if chance <= next_share:
            return round(least + (most - least) * (chance - share) / (next_share - share))
    return delay[-1][1]


def force_response(fault: Fault, operation: Operation | None) -> Response:
    """Return the response of a status: with the fault's body, or the contract's example for it."""
    status = fault.status or 200
    headers = dict(HEADERS.get(status, {}))
    if fault.body is not None:
        return Response(status, encode(fault.body), JSON, headers)
    if status == 429 and not fault.example:  # text and header name the same number
        wait = fault.headers.get("Retry-After", "")
        return Throttled(int(wait) if wait.isdecimal() else 1).response()._replace(headers=headers)
    documented = operation.responses.get(status) if operation else None
    for media_type, name, value in documented.examples if documented else ():
        if fault.example in ("", name):
            body = value.encode() if isinstance(value, str) else encode(value)
            return Response(status, body, media_type, headers)
    if documented and not documented.content:
        return Response(status, headers=headers)
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "No documented response"
    return Response(status, encode({"detail": f"{phrase}."}), JSON, headers)


def damage_body(body: bytes, damage: Damage) -> bytes:
    """Return a body that is cut in the middle, or that is not valid JSON any more."""
    if damage in ("truncated", "cut"):
        return body[: len(body) // 2]
    return b"{'detail': unquoted" + body[:40] if damage == "malformed" else body


def read_prefer(header: str) -> tuple[Fault, str]:
    """Read `Prefer` (RFC 7240): `code`, `example`, `dynamic` and `delay`; others are ignored.

    Return it as a fault for this request, and what was applied.
    """
    found: dict[str, Any] = {}
    applied = []
    for token in re.split(r"[,;]", header):
        name, _, value = (part.strip().strip('"') for part in token.partition("="))
        name = name.lower()
        if name == "code" and re.fullmatch(r"[2-5]\d\d", value):
            found["status"] = int(value)
        elif name == "delay" and re.fullmatch(r"\d{1,5}", value) and int(value) <= LONGEST_DELAY:
            found["delay"] = constant_delay(int(value))
        elif name == "example" and value:
            found["example"] = value
        elif name != "dynamic":
            continue
        applied.append(f"{name}={value}" if value else name)
    return Fault(**found), ", ".join(applied)
