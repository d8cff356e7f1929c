"""The checks of a response that several rules share; each raises RuleFailed."""

import json
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.vocabulary.bodies import SPELLINGS

LONGEST_SHOWN = 200
LONGEST_IN_MESSAGE = 60
"""Characters of a value that a failure shows, and that its message contains."""


def check_status(response: Response, status: int, what: str) -> None:
    """Require a status code."""
    got = response.status
    message = f"{what}: expected {status}, got {got}"
    require(got == status, message, response, expected=status, got=got)


def check_equal(got: Any, expected: Any, message: str, response: Response | None = None) -> None:
    """Require two values to be equal."""
    require(got == expected, message, response, expected=expected, got=got)


def check_refused(response: Response, what: str) -> None:
    """Require a refusal as either reading of a permission has it: 403, or 404 to hide the item."""
    got = response.status
    message = f"{what}: expected 403 or 404, got {got}"
    require(got in (403, 404), message, response, expected="403 or 404", got=got)


def check_deleted(response: Response, what: str) -> None:
    """Require a deletion to succeed: 204 without a body, or 200 with a `status` (FACTS, S7)."""
    got = response.status
    message = f"{what}: expected 204 or 200, got {got}"
    require(got in (200, 204), message, response, expected="204 or 200", got=got)
    if got == 204:
        require(not response.body, "the 204 has a body", response, got=response.body[:100])
        return
    body = response.value
    status = body.get("status") if isinstance(body, dict) else None
    is_success = isinstance(status, dict) and status.get("success") is True
    message = f"{what}: the 200 has no `status` that reports success"
    require(is_success, message, response, expected='{"status": {"success": true, …}}', got=body)


def check_error(response: Response, status: int, what: str) -> None:
    """Require an error response: this status code, and a `detail` in JSON."""
    check_status(response, status, what)
    body = response.value
    has_detail = isinstance(body, dict) and isinstance(body.get("detail"), str)
    message = f"{what}: the response has no `detail`"
    require(has_detail, message, response, expected='{"detail": "…"}', got=body)


def check_field_error(response: Response, field: str, what: str) -> None:
    """Require 400 with messages on a field, under either of its spellings."""
    check_status(response, 400, what)
    body = response.value
    others = [*map(SPELLINGS.get, [field]), *(k for k, v in SPELLINGS.items() if v == field)]
    names = [field, *filter(None, others)]
    shown = [body[name] for name in names if name in body] if isinstance(body, dict) else []
    messages = shown[0] if shown else None
    has_messages = isinstance(messages, list | dict) and bool(messages)
    message = f"{what}: the response has no messages on `{field}`"
    require(has_messages, message, response, expected=f'{{"{field}": ["…"]}}', got=body)


def check_unauthorized(response: Response, what: str) -> None:
    """Require 401 with a challenge."""
    check_status(response, 401, what)
    has_challenge = "www-authenticate" in response.headers
    require(has_challenge, f"{what}: the 401 has no WWW-Authenticate header", response)


def check_fields(
    response: Response, record: Mapping[str, Any], expected: Mapping[str, Any], what: str
) -> None:
    """Require a record to have these values in these fields; null and empty count as the same."""
    for name, value in expected.items():
        wanted, got = format_json(value), format_json(record.get(name))
        message = f"{what}: `{name}`: expected {shorten(wanted)}, got {shorten(got)}"
        is_same = record.get(name) == value or (is_empty(record.get(name)) and is_empty(value))
        require(is_same, message, response, expected=wanted, got=got)


def is_empty(value: Any) -> bool:
    """Tell whether a value is null or empty; whether a service tells both apart is not known."""
    return value is None or value in ("", [], {})


def check_order(
    items: list[dict[str, Any]],
    message: str,
    response: Response,
    when: Callable[[dict[str, Any]], Any] = itemgetter("createdAt"),
) -> None:
    """Require items from newest to oldest; those of one time may come in any order."""
    times = [when(item) for item in items]
    expected = sorted(times, reverse=True)
    require(times == expected, message, response, expected="newest first", got=times[:3])


def format_json(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    return json.dumps(value, ensure_ascii=False)[:LONGEST_SHOWN]


def shorten(text: str) -> str:
    """Return a text as a message can contain it."""
    return text if len(text) <= LONGEST_IN_MESSAGE else f"{text[:LONGEST_IN_MESSAGE]}…"
