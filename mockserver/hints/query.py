"""Hints at query parameters that have no effect, or another one than was meant."""

import re
from collections.abc import Iterator, Set
from urllib.parse import parse_qsl

from mockserver.contract.operation import Operation, Parameter
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import find_near, quote, suggest

ALWAYS_KNOWN = frozenset({"format", "_"})
"""The framework's own parameter, and one that libraries add to get past a cache."""

SAME_MEANING = (
    frozenset({"page_size", "limit", "per_page", "perpage", "size", "count", "take", "rows"}),
    frozenset({"page", "offset", "skip", "start", "page_number", "p"}),
    frozenset({"search", "q", "query", "name", "keyword", "term", "filter"}),
)
"""What other services call the parameters of a page and of a search."""

NO_VALUE = frozenset({"undefined", "null", "NaN"})
"""What JavaScript writes where a program had no value."""
OBJECT = "[object Object]"
BRACKETS = re.compile(r"([^\[\]]+)(\[[^\[\]]*\])+")


def find_hints_on_query(served: ServedRequest, operation: Operation) -> Iterator[str]:
    """Yield hints at the parameters of a request."""
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(served.query, keep_blank_values=True):
        sent.setdefault(name, []).append(value)
    declared = {p.name: p for p in operation.parameters if p.location == "query"}
    for name, values in sent.items():
        if name in declared:
            yield from _find_hints_on_values(served, declared[name], values)
        elif name not in ALWAYS_KNOWN and any(values):  # with an empty one, nothing is lost
            yield _describe_unknown(name, declared.keys(), operation)
    by_page = sorted(sent.keys() & {"page", "page_size"})
    for name in ("limit", "offset"):
        if by_page and name in sent and name in declared:
            yield f"{quote(name)} is ignored beside {quote(by_page[0])}"


def _describe_unknown(name: str, declared: Set[str], operation: Operation) -> str:
    unknown = f"{quote(name)} is not a parameter of this operation"
    if operation.body and any(member.name == name for member in operation.body.fields.members):
        return f"{unknown}, but a field of its body"
    return unknown + suggest(_find_meant(name, declared))


def _find_meant(name: str, declared: Set[str]) -> str | None:
    """Return the parameter that was meant: without brackets, by another name, or nearly so."""
    bare = name.removeprefix("amp;")  # of an address that was escaped for HTML
    brackets = BRACKETS.fullmatch(bare)
    bare = brackets[1] if brackets else bare
    groups = (group for group in SAME_MEANING if bare.lower() in group)
    same = next((known for group in groups for known in declared if known in group), None)
    return same or find_near(bare, declared)


def _find_hints_on_values(
    served: ServedRequest, parameter: Parameter, values: list[str]
) -> Iterator[str]:
    name, value = parameter.name, values[-1]
    if len(set(values)) > 1:
        yield (
            f"{quote(name)} was sent {len(values)} times: only the last value, {quote(value)}, "
            "counts"
        )
    pair = quote(f"{name}={value}")
    largest = parameter.schema.get("maximum")
    if value == OBJECT:
        yield f"{pair}: an object was turned into text"
    elif value in NO_VALUE:
        yield f"{pair}: the application had no value to send; leave the parameter out"
    elif value and served.status < 400 and parameter.ignores(value):  # else the response says so
        if largest is not None and re.fullmatch(r"[0-9]{1,20}", value) and int(value) > largest:
            yield f"{pair} is more than the maximum of {largest}, which is used"
        else:
            yield f"{pair} is not understood, and is ignored"
