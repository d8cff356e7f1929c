"""Gathers notices that say the same of several operations, rules or fields."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MOST_NAMED = 10
"""Fields, operations or rules that one line names; report.json has all notices."""
_UNDEFINED = re.compile(r"^(?P<operation>[^:`\s]+): the contract does not define `(?P<path>.*)`$")
_SAME = re.compile(r"^(?P<subject>[^:`\s]+)(?P<kind> \(open\))?: (?P<message>.+)$", re.DOTALL)


def gather_notices(notices: Iterable[str]) -> list[str]:
    """Return one line for all fields that are not defined, and one for each other message."""
    fields: dict[str, list[str]] = {}
    subjects: dict[tuple[str, str], list[str]] = {}
    single = []
    for notice in notices:
        undefined, same = _UNDEFINED.match(notice), _SAME.match(notice)
        if undefined:
            name = undefined["path"].rpartition("/")[2]
            fields.setdefault(name, []).append(undefined["operation"])
        elif same:
            key = (same["kind"] or "", same["message"])
            subjects.setdefault(key, []).append(same["subject"])
        else:
            single.append(notice)
    gathered = [
        f"{_list_names(dict.fromkeys(names))}{kind}: {message}"
        for (kind, message), names in subjects.items()
    ]
    return [*_describe_fields(fields), *gathered, *single]


def select_notices(notices: Iterable[str], gaps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the gathered notices, without those that are the reason why a rule was not tested.

    report.json has what differs from a choice in both lists; people read it once.
    """
    reasons = [(rule, gap["reason"]) for gap in gaps for rule in gap["rules"]]

    def is_shown_as_gap(notice: str) -> bool:
        same = _SAME.match(notice)
        if not same or not same["kind"]:
            return False
        return any(
            rule == same["subject"] and reason.endswith(same["message"]) for rule, reason in reasons
        )

    return gather_notices(notice for notice in notices if not is_shown_as_gap(notice))


def _describe_fields(fields: dict[str, list[str]]) -> Iterator[str]:
    if not fields:
        return
    named = []
    for name, operations in sorted(fields.items(), key=lambda field: -len({*field[1]})):
        distinct = dict.fromkeys(operations)
        extent = f"{len(distinct)} operations" if len(distinct) > 1 else next(iter(distinct))
        named.append(f"`{name}` ({extent})")
    subject = f"{len(fields)} fields" if len(fields) > 1 else "a field"
    yield f"the contract does not define {subject}: {_list_names(named)}"


def _list_names(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - MOST_NAMED
    return ", ".join(listed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
