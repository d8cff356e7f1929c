"""Failures on demand: by rules of a sandbox, or by the `Prefer` header for one request.

What is forced has the contract's example of that status as its body, where the contract has one.
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
from typing import Any, Literal, get_args

from mockserver.contract.operation import Operation
from mockserver.errors import APIError
from mockserver.framework.throttling import Throttled
from mockserver.messages import JSON, Request, Response, encode

Damage = Literal["", "malformed", "truncated", "cut"]
Delay = tuple[tuple[float, int], ...]
"""What share of calls waits at most so many milliseconds, from 0 to 1; between, it is a line."""

NO_DELAY: Delay = ((0.0, 0), (1.0, 0))

LONGEST_DELAY = 60_000
MOST_FAULTS = 100
APPLIED, FAULT = "Preference-Applied", "X-Mock-Fault"
LENGTH, CONTENT_TYPE = "Content-Length", "content-type"
FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that say where an answer ends, which only the server may."""
HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Api-Key"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}
"""What the framework, or whoever stands before it, sends with a status."""


class WrongFault(APIError):
    """A rule that cannot be one; the text names the word at fault."""

    status = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: which calls it is about, how often it happens, and what happens then.

    `path` is a pattern of fnmatch on the path without a prefix. `nth` is the only matching call
    that fails (0: all may), `times` how often it happens at most (0: always). A `status` of 0 is
    the answer itself.
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
        """Whether the answer is what it would be, only later."""
        return not (self.status or self.headers or self.damage or self.example)

    def is_about(self, operation_id: str, method: str, path: str) -> bool:
        """Tell whether a call is one that the rule is about."""
        return (
            self.operation in ("*", operation_id)
            and self.method in ("*", method)
            and fnmatchcase(path, self.path)
        )


class Faults:
    """The rules of one sandbox; they count for themselves.

    Their chance is a random source of their own, so that ids stay what they are.
    """

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._rules: dict[str, Fault] = {}
        self._matched: dict[str, int] = {}
        self._happened: dict[str, int] = {}
        self._made = 0

    def add(self, fault: Fault) -> str:
        """Add a rule and return its id; raises WrongFault when there are too many."""
        with self._lock:
            if len(self._rules) >= MOST_FAULTS:
                raise WrongFault(f"there are {MOST_FAULTS} faults already")
            self._made += 1
            name = str(self._made)
            self._rules[name], self._matched[name], self._happened[name] = fault, 0, 0
            return name

    def remove(self, name: str) -> bool:
        """Remove a rule, and tell whether there was one."""
        with self._lock:
            return self._rules.pop(name, None) is not None

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[tuple[str, Fault, int, int]]:
        """Return each rule: its id, itself, how many calls it matched, how often it happened."""
        with self._lock:
            return [(n, f, self._matched[n], self._happened[n]) for n, f in self._rules.items()]

    def choose(self, operation_id: str, method: str, path: str) -> tuple[str, Fault] | None:
        """Count a request, and return what happens to it, with the ids of the rules.

        Rules that only delay add up, with the first one that does more.
        """
        if not self._rules:
            return None
        names, wait, chosen = [], 0, Fault()
        with self._lock:
            for name, fault in self._rules.items():
                if fault.is_about(operation_id, method, path) and self._happens(name, fault):
                    names.append(name)
                    wait += milliseconds(fault.delay, self._random.random())
                    if not fault.only_delays:
                        chosen = fault
                        break
        wait = min(wait, LONGEST_DELAY)
        return (", ".join(names), replace(chosen, delay=always(wait))) if names else None

    def _happens(self, name: str, fault: Fault) -> bool:
        self._matched[name] += 1
        if fault.nth and self._matched[name] != fault.nth:
            return False
        if fault.times and self._happened[name] >= fault.times:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self._happened[name] += 1
        return True


def answer(
    request: Request, operation: Operation | None, faults: Faults, serve: Callable[[], Response]
) -> Response:
    """Serve a call as the rules and its `Prefer` header say; most calls are served as they are."""
    prefer = request.headers.get("Prefer")
    where = request.path.removeprefix(request.root)
    chosen = faults.choose(operation.operation_id if operation else "", request.method, where)
    if prefer is None and chosen is None:
        return serve()
    wanted, applied = preferred(prefer or "")
    headers = {APPLIED: applied} if applied else {}
    if chosen and not wanted.status:
        name, fault = chosen
        headers[FAULT] = name
        wanted = replace(fault, delay=max(fault.delay, wanted.delay))
    time.sleep(milliseconds(wanted.delay, 1) / 1000)
    response = forced(wanted, operation) if wanted.status or wanted.example else serve()
    if wanted.damage == "cut":  # the server closes the connection where the body ends too early
        headers[LENGTH] = str(max(len(response.body), 1))
    others = {name: each for name, each in wanted.headers.items() if name.lower() != CONTENT_TYPE}
    types = [each for name, each in wanted.headers.items() if name.lower() == CONTENT_TYPE]
    return response._replace(
        body=damaged(response.body, wanted.damage),
        content_type=types[-1] if types else response.content_type,
        headers={**response.headers, **others, **headers},
    )


def always(wait: int) -> Delay:
    """Return a delay of so many milliseconds each time."""
    return ((0.0, wait), (1.0, wait))


def milliseconds(delay: Delay, chance: float) -> int:
    """Return how long the call waits that has this chance, 0 to 1."""
    for (share, least), (next_share, most) in pairwise(delay):
        if chance <= next_share:
            return round(least + (most - least) * (chance - share) / (next_share - share))
    return delay[-1][1]


def forced(fault: Fault, operation: Operation | None) -> Response:
    """Return the answer of a status: with the rule's body, or the contract's example for it."""
    status = fault.status or 200
    headers = {"Vary": "Accept", **HEADERS.get(status, {})}
    if fault.body is not None:
        return Response(status, encode(fault.body), JSON, headers)
    if status == 429 and not fault.example:  # whose text and header say the same
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
        phrase = "No documented answer"
    return Response(status, encode({"detail": f"{phrase}."}), JSON, headers)


def damaged(body: bytes, damage: Damage) -> bytes:
    """Return a body that is cut in the middle, or that is no JSON any more."""
    if damage in ("truncated", "cut"):
        return body[: len(body) // 2]
    return b"{'detail': unquoted" + body[:40] if damage == "malformed" else body


def preferred(header: str) -> tuple[Fault, str]:
    """Read `Prefer` (RFC 7240): `code`, `example`, `dynamic` and `delay`; others are ignored.

    Return it as a rule for this request, and what was applied.
    """
    found: dict[str, Any] = {}
    applied = []
    for token in re.split(r"[,;]", header):
        name, _, value = (part.strip().strip('"') for part in token.partition("="))
        name = name.lower()
        if name == "code" and re.fullmatch(r"[2-5]\d\d", value):
            found["status"] = int(value)
        elif name == "delay" and re.fullmatch(r"\d{1,5}", value) and int(value) <= LONGEST_DELAY:
            found["delay"] = always(int(value))
        elif name == "example" and value:
            found["example"] = value
        elif name != "dynamic":
            continue
        applied.append(f"{name}={value}" if value else name)
    return Fault(**found), ", ".join(applied)


def read_fault(body: Mapping[str, Any]) -> Fault:
    """Read a rule as the control plane takes it; raises WrongFault with the word at fault."""
    known = {
        "operation": _text, "method": _method, "path": _text, "nth": _whole, "times": _whole,
        "probability": _probability, "status": _status, "example": _text, "body": lambda v: v,
        "headers": _headers, "delay": _delay, "damage": _damage,
    }  # fmt: skip
    fields: dict[str, Any] = {}
    for word, value in body.items():
        if word not in known:
            raise WrongFault(f"{word!r} is none of {', '.join(known)}")
        try:
            fields[word] = known[word](value)
        except ValueError as error:
            raise WrongFault(f"{word}: {error}") from None
    fault = Fault(**fields)
    if fault.only_delays and not fault.delay[-1][1]:
        raise WrongFault("say what happens: status, example, headers, delay or damage")
    return fault


def written(fault: Fault) -> dict[str, Any]:
    """Return a rule in the words of the control plane, without what is as always."""
    usual = Fault()
    names = [each for each in Fault.__slots__ if getattr(fault, each) != getattr(usual, each)]
    words = {name: getattr(fault, name) for name in names}
    if "delay" in words:
        words["delay"] = _written_delay(fault.delay)
    return words


def _written_delay(delay: Delay) -> Any:
    if [share for share, _ in delay] == [0, 1]:
        ends = [wait for _, wait in delay]
        return ends[0] if ends[0] == ends[1] else ends
    return {f"p{share * 100:g}": wait for share, wait in delay[1:-1]}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 300:
        raise ValueError(f"{value!r} is no text of up to 300 characters")
    return value


def _method(value: Any) -> str:
    return _text(value).upper()


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no number of calls")
    return value


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} does not lie between 0 and 1")
    return float(value)


def _status(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise ValueError(f"{value!r} is no status between 200 and 599")
    return value


def _headers(value: Any) -> dict[str, str]:
    named = isinstance(value, dict) and all(
        re.fullmatch(r"[A-Za-z0-9-]{1,100}", name) and re.fullmatch(r"[ -~]{0,1000}", str(each))
        for name, each in value.items()
    )
    if not named:
        raise ValueError("an object of header names and texts is expected")
    for name in value:
        if name.lower() in FRAMING:
            raise ValueError(f"{name} is the server's own; `damage` may be `cut`")
    return {name: str(each) for name, each in value.items()}


def _delay(value: Any) -> Delay:
    """Read milliseconds, `[least, most]`, or percentiles such as `{"p50": 80, "p99": 1200}`.

    Percentiles begin at nothing, and the highest is the most.
    """
    if isinstance(value, dict) and value:
        known = sorted((_share(name), _whole_milliseconds(each)) for name, each in value.items())
        points = ((0.0, 0), *known, (1.0, known[-1][1]))
    else:
        ends = value if isinstance(value, list) and len(value) == 2 else [value, value]
        low, high = (_whole_milliseconds(each) for each in ends)
        points = ((0.0, low), (1.0, high))
    if any(first[1] > second[1] for first, second in pairwise(points)):
        raise ValueError(f"{value!r} goes from more to less")
    return points


def _share(name: str) -> float:
    if not re.fullmatch(r"p[0-9]{1,2}(\.[0-9]{1,2})?", name) or not float(name[1:]):
        raise ValueError(f"{name!r} is no percentile between p0 and p100, such as p95")
    return float(name[1:]) / 100


def _whole_milliseconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_DELAY:
        raise ValueError(f"{value!r} is no number of milliseconds up to {LONGEST_DELAY}")
    return value


def _damage(value: Any) -> Damage:
    if value not in get_args(Damage)[1:]:
        raise ValueError(f"{value!r} is none of {', '.join(get_args(Damage)[1:])}")
    damage: Damage = value
    return damage
