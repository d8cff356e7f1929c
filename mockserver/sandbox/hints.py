"""Hints at requests that production accepts, but not as their developer meant."""

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from mockserver.contract.operation import Operation
from mockserver.sandbox.journal import Exchange, read_query


def find_hints(exchange: Exchange) -> Iterator[str]:
    """Yield what a developer may want to know and production would not say."""
    if exchange.operation is None:
        return
    declared = {p.name for p in exchange.operation.parameters if p.location == "query"}
    for name, value in read_query(exchange):
        if name not in declared | {"format"}:
            yield f"`{name}` is not a parameter of this operation{_suggest(name, declared)}"
        elif name in declared and exchange.operation.parameter(name).ignores(value):
            yield f"`{name}={value}` is not understood, and is ignored"
    yield from _hints_on_body(exchange, exchange.operation)


def _hints_on_body(exchange: Exchange, operation: Operation) -> Iterator[str]:
    try:
        sent = json.loads(exchange.request_body)
    except (ValueError, RecursionError):
        return
    if operation.body is None or not isinstance(sent, dict):
        return
    members = {member.name: member for member in operation.body.fields.members}
    for name in sent:
        if name not in members:
            yield f"`{name}` is not a field of this body, and is ignored{_suggest(name, members)}"
        elif members[name].alias_of:
            yield f"`{name}` is another spelling of `{members[name].alias_of}`"
    if exchange.status < 400:
        seen = set()
        for violation in operation.body.validator.iter_errors(sent):
            place = ".".join(map(str, violation.instance_path))
            if place and place not in seen:  # both spellings of a field may say so
                seen.add(place)
                reason = f"{violation.message[-200:]}; production accepts it all the same"
                yield f"this body does not fit the contract at `{place}`: {reason}"


def _suggest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean `{near[0]}`?" if near else ""
