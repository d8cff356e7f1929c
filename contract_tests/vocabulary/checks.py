"""The checks of a response that several rules share; each raises RuleFailed."""

import json
from collections.abc import Mapping
from typing import Any

from contract_tests.engine.exchange import Response
from contract_tests.errors import require

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


def check_error(response: Response, status: int, what: str) -> None:
    """Require an error response: this status code, and a `detail` in JSON."""
    check_status(response, status, what)
    body = response.value
    has_detail = isinstance(body, dict) and isinstance(body.get("detail"), str)
    message = f"{what}: the response has no `detail`"
    require(has_detail, message, response, expected='{"detail": "…"}', got=body)


def check_field_error(response: Response, field: str, what: str) -> None:
    """Require 400 with messages on a field."""
    check_status(response, 400, what)
    body = response.value
    messages = body.get(field) if isinstance(body, dict) else None
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
    """Require a record to have these values in these fields."""
    for name, value in expected.items():
        wanted, got = format_json(value), format_json(record.get(name))
        message = f"{what}: `{name}`: expected {shorten(wanted)}, got {shorten(got)}"
        require(record.get(name) == value, message, response, expected=wanted, got=got)


def format_json(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    return json.dumps(value, ensure_ascii=False)[:LONGEST_SHOWN]


def shorten(text: str) -> str:
    """Return a text as a message can contain it."""
    return text if len(text) <= LONGEST_IN_MESSAGE else f"{text[:LONGEST_IN_MESSAGE]}…"
