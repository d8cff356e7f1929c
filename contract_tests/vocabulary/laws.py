"""Laws on a single exchange, written as checks of schemathesis.

A check takes a context, a response and the case that was sent, and raises RuleFailed, which names
the rule of the catalogue. A run passes `LAWS` to `case.validate_response`; for the stock command
`contract_tests.schemathesis_hooks` registers each with `@schemathesis.check`. Only rules with
evidence are laws: what this project chose is no failure of somebody else's service.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from schemathesis import Case, CheckContext
from schemathesis import Response as CheckedResponse

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    RETRIEVE_CREDENTIAL,
    UPDATE_CREDENTIAL,
)
from contract_tests.engine.contract import Operation, load_contract
from contract_tests.engine.observations import ODD
from contract_tests.errors import RuleFailed

Law = Callable[[CheckContext, CheckedResponse, Case[Any]], None]
IMAGES = ("iconImage", "backgroundImage", "thumbnailImage")
DESCRIPTIONS = {
    LIST_CREDENTIALS: "Ok",
    RETRIEVE_CREDENTIAL: "Ok",
    CREATE_CREDENTIAL: "Created",
    UPDATE_CREDENTIAL: "Updated",
}
"""What the envelope of a success says, by operation."""


def no_server_error(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Refuse a 5xx status code, whatever the request was (ERR-01)."""
    operation = find_operation(case)
    status = response.status_code
    if operation and status >= 500 and not asks_to_wait(response):
        message = f"{operation.summary}: {case.method} returns {status}"
        raise RuleFailed(message, expected="no 5xx", got=status, rule="ERR-01")


def documented_response(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Require status code, content type, headers and body of the contract (SCHEMA-01)."""
    operation = find_operation(case)
    if operation is None or response.status_code >= 500 or asks_to_wait(response):
        return
    if is_odd_read_refused(response, case):
        return
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    mismatches = load_contract().find_mismatches(
        operation, case.method, response.status_code, headers, response.content
    )
    for message, expected, got in mismatches:
        message = f"{operation.summary}, {response.status_code}: {message}"
        raise RuleFailed(message, expected=expected, got=got, rule="SCHEMA-01")


def envelope_of_success(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Require that the envelope of a success says so (SCHEMA-06)."""
    operation, body = find_operation(case), read_object(response)
    if operation is None or operation.id not in DESCRIPTIONS or body is None:
        return
    expected = {"success": True, "description": DESCRIPTIONS[operation.id]}
    status = body.get("status")
    known = {name: status.get(name) for name in expected} if isinstance(status, dict) else status
    if known != expected:
        message = (
            f"the `status` of the envelope does not report success with {expected['description']!r}"
        )
        raise RuleFailed(message, expected=expected, got=status, rule="SCHEMA-06")


def absolute_images(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Require every image of a credential to be null or an http(s) URL (SCHEMA-07)."""
    for credential in list_credentials(response, case):
        for name in IMAGES:
            url = credential.get(name)
            if url is not None and not str(url).startswith(("http://", "https://")):
                message = f"`{name}` is not an absolute URL"
                expected = "an absolute URL or null"
                raise RuleFailed(message, expected=expected, got=url, rule="SCHEMA-07")


def newest_first(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Require that creation times never increase along a page of credentials (PAGE-07)."""
    operation = find_operation(case)
    if operation is None or operation.id != LIST_CREDENTIALS:
        return
    created = [credential.get("createdAt") for credential in list_credentials(response, case)]
    times = [time for time in map(parse_time, created) if time]
    if times != sorted(times, reverse=True):
        message = "the list is not ordered from newest to oldest"
        raise RuleFailed(message, expected="newest first", got=created[:3], rule="PAGE-07")


def consistent_links(context: CheckContext, response: CheckedResponse, case: Case[Any]) -> None:
    """Require `previous` on all pages but the first, `next` on all but the last (PAGE-02, -03)."""
    operation, body = find_operation(case), read_object(response)
    if operation is None or operation.id not in (LIST_CREDENTIALS, LIST_ISSUERS) or body is None:
        return
    if {"limit", "offset"} & set(case.query or {}):
        return  # a window of the list, which need not begin where a page does
    page = body.get("result")
    if not isinstance(page, dict) or not {"page_number", "num_pages", "next", "previous"} <= {
        *page
    }:
        return  # SCHEMA-01 says so
    number, last = page["page_number"], page["num_pages"]
    place = f"page {number} of {last}"
    if (page["previous"] is None) != (number == 1):
        message = "`previous` does not fit `page_number`"
        raise RuleFailed(message, expected=place, got=page["previous"], rule="PAGE-03")
    if (page["next"] is None) != (number == last):
        message = "`next` does not fit `page_number` and `num_pages`"
        raise RuleFailed(message, expected=place, got=page["next"], rule="PAGE-02")


LAWS: tuple[Law, ...] = (
    no_server_error,
    documented_response,
    envelope_of_success,
    absolute_images,
    newest_first,
    consistent_links,
)


def find_operation(case: Case[Any]) -> Operation | None:
    """Return the operation of the contract that a case is about; none for another method."""
    return load_contract().find_operation(case.method, case.path)


def is_odd_read_refused(response: CheckedResponse, case: Case[Any]) -> bool:
    """Tell whether a read with unusual text in its query was refused, which it may be."""
    is_refused = case.method in ("GET", "HEAD") and response.status_code == 400
    return is_refused and ODD.search(response.request.url or "") is not None


def asks_to_wait(response: CheckedResponse) -> bool:
    """Tell whether a response asks the client to wait, which often a proxy does."""
    status = response.status_code
    return status == 429 or (status == 503 and "retry-after" in response.headers)


def read_object(response: CheckedResponse) -> Mapping[str, Any] | None:
    """Return the JSON object in a success; none for anything else."""
    if not 200 <= response.status_code < 300:
        return None
    try:
        value = json.loads(response.content or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def list_credentials(response: CheckedResponse, case: Case[Any]) -> list[Mapping[str, Any]]:
    """Return the credentials that a response shows."""
    operation, body = find_operation(case), read_object(response)
    if operation is None or operation.id not in DESCRIPTIONS or body is None:
        return []
    result = body.get("result")
    items = result.get("data", [result]) if isinstance(result, dict) else []
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def parse_time(text: Any) -> datetime | None:
    """Return a time in UTC, none for what is not a time (SCHEMA-01 says so)."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
