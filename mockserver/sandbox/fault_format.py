"""Faults as the control plane and scenarios write them: JSON to rules and back."""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, get_args

from mockserver.sandbox.faults import LONGEST_DELAY, Damage, Delay, Fault, InvalidFault

FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that say where a response ends, which only the server may."""


def read_fault(body: Mapping[str, Any]) -> Fault:
    """Read a fault as the control plane takes it; raises InvalidFault naming the field."""
    fields: dict[str, Any] = {}
    for name, value in body.items():
        if name not in READERS:
            raise InvalidFault(f"unknown field {name!r}: use {', '.join(READERS)}")
        try:
            fields[name] = READERS[name](value)
        except ValueError as error:
            raise InvalidFault(f"{name}: {error}") from None
    fault = Fault(**fields)
    if fault.only_delays and not fault.delay[-1][1]:
        raise InvalidFault("no effect: set status, example, headers, delay or damage")
    return fault


def describe_fault(fault: Fault) -> dict[str, Any]:
    """Return a fault in the words of the control plane, without the fields that have defaults."""
    default = Fault()
    names = [n for n in Fault.__slots__ if getattr(fault, n) != getattr(default, n)]
    fields = {name: getattr(fault, name) for name in names}
    if "delay" in fields:
        fields["delay"] = _describe_delay(fault.delay)
    return fields


def _describe_delay(delay: Delay) -> Any:
    if [share for share, _ in delay] == [0, 1]:
        ends = [wait for _, wait in delay]
        return ends[0] if ends[0] == ends[1] else ends
    return {f"p{share * 100:g}": wait for share, wait in delay[1:-1]}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 300:
        raise ValueError(f"expected a text of 1 to 300 characters, got {value!r}")
    return value


def _method(value: Any) -> str:
    return _text(value).upper()


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"expected a number of requests, got {value!r}")
    return value


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"expected a number from 0 to 1, got {value!r}")
    return float(value)


def _status(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise ValueError(f"expected a status from 200 to 599, got {value!r}")
    return value


def _headers(value: Any) -> dict[str, str]:
    named = isinstance(value, dict) and all(
        re.fullmatch(r"[A-Za-z0-9-]{1,100}", name) and re.fullmatch(r"[ -~]{0,1000}", str(text))
        for name, text in value.items()
    )
    if not named:
        raise ValueError("expected an object of header names and values")
    for name in value:
        if name.lower() in FRAMING:
            raise ValueError(f"{name} is set by the server; use damage: cut to break a response")
    return {name: str(text) for name, text in value.items()}


def _delay(value: Any) -> Delay:
    """Read milliseconds, `[least, most]`, or percentiles such as `{"p50": 80, "p99": 1200}`.

    Percentiles begin at nothing, and the highest is the most.
    """
    if isinstance(value, dict) and value:
        known = sorted((_share(name), _milliseconds(wait)) for name, wait in value.items())
        points = ((0.0, 0), *known, (1.0, known[-1][1]))
    else:
        ends = value if isinstance(value, list) and len(value) == 2 else [value, value]
        low, high = (_milliseconds(wait) for wait in ends)
        points = ((0.0, low), (1.0, high))
    if any(first[1] > second[1] for first, second in pairwise(points)):
        raise ValueError(f"the delays must not decrease, got {value!r}")
    return points


def _share(name: str) -> float:
    if not re.fullmatch(r"p[0-9]{1,2}(\.[0-9]{1,2})?", name) or not float(name[1:]):
        raise ValueError(f"expected a percentile such as p95, got {name!r}")
    return float(name[1:]) / 100


def _milliseconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_DELAY:
        raise ValueError(f"expected milliseconds from 0 to {LONGEST_DELAY}, got {value!r}")
    return value


def _damage(value: Any) -> Damage:
    if value not in get_args(Damage)[1:]:
        raise ValueError(f"expected one of {', '.join(get_args(Damage)[1:])}, got {value!r}")
    damage: Damage = value
    return damage


READERS: Mapping[str, Callable[[Any], Any]] = {
    "operation": _text,
    "method": _method,
    "path": _text,
    "nth": _count,
    "times": _count,
    "probability": _probability,
    "status": _status,
    "example": _text,
    "body": lambda value: value,
    "headers": _headers,
    "delay": _delay,
    "damage": _damage,
}
"""How each field of a fault is read; they raise ValueError."""
