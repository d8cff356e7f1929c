"""What counts as a documented response, read from the contract."""

import json
from typing import Any

import pytest

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    DELETE_ISSUER,
    LIST_ISSUERS,
    LOOK_UP_ASSERTION,
    RETRIEVE_CREDENTIAL,
)
from contract_tests.engine.contract import load_contract
from contract_tests.engine.strict_json import HALF_OF_A_PAIR

JSON = "application/json"


def find_messages(
    operation_id: str, status: int, content_type: str, body: bytes, method: str = "GET"
) -> list[str]:
    """Return how a response differs from the contract."""
    contract = load_contract()
    headers = {"allow": "GET, HEAD, OPTIONS"} | (
        {"content-type": content_type} if content_type else {}
    )
    operation = contract.operations[operation_id]
    found = contract.find_mismatches(operation, method, status, headers, body)
    return [mismatch[0] for mismatch in found]


@pytest.mark.parametrize("content_type", ["", "text/html; charset=utf-8", "application/json"])
def test_an_empty_body_has_any_type(content_type: str) -> None:
    """The public look-up's empty 404 is documented, whatever type a server puts on nothing."""
    assert find_messages(LOOK_UP_ASSERTION, 404, content_type, b"") == []


@pytest.mark.parametrize(
    ("operation_id", "content_type", "body"),
    [
        (LOOK_UP_ASSERTION, "text/plain", b"not found"),
        (RETRIEVE_CREDENTIAL, "", b""),
        (RETRIEVE_CREDENTIAL, "text/plain", b""),
    ],
)
def test_a_body_needs_its_type(operation_id: str, content_type: str, body: bytes) -> None:
    """Another type of a body is a difference, and so is a body that is missing elsewhere."""
    assert find_messages(operation_id, 404, content_type, body) == ["the content type is wrong"]


@pytest.mark.parametrize("operation_id", [DELETE_ISSUER, DELETE_CREDENTIAL])
def test_any_write_may_be_400(operation_id: str) -> None:
    """The reference documents 400 in general; another status code and a read's 400 stay wrong."""
    refusal = b'["The issuer has credentials."]'
    message = "the status code is not documented"
    assert find_messages(operation_id, 400, JSON, refusal, "DELETE") == []
    assert find_messages(operation_id, 418, JSON, refusal, "DELETE") == [message]
    assert find_messages(LIST_ISSUERS, 400, JSON, refusal) == [message]


CODES = {"code": "invalid", "status_code": 400, "errors": [{"attr": "name"}]}


@pytest.mark.parametrize(
    ("body", "is_wrong"),
    [
        ({"name": ["Required."], **CODES}, False),
        ({"expires": {"amount": ["An integer."]}, **CODES}, False),
        ({"detail": "JSON parse error", **CODES}, False),
        ({"__all__": ["Not an object."], "code": "invalid"}, False),
        ({"name": "Required.", **CODES}, True),
        (["The credential has no such item."], False),
        ([], True),
        ([1], True),
        ({"message": "Invalid."}, True),
    ],
)
def test_a_team_adds_to_its_errors(body: Any, is_wrong: bool) -> None:
    """A code beside the messages of a 400, or a bare list, is no difference; a text is one."""
    content = json.dumps(body).encode()
    found = find_messages(CREATE_CREDENTIAL, 400, JSON, content, "POST")
    assert bool(found) == is_wrong, found


def test_a_refusal_may_quote_half_of_a_surrogate_pair() -> None:
    """A 400 that shows the value that was sent is right; a stored one is not."""
    quote = b'{"signal": ["\\"\\ud800\\" is not a valid choice."]}'
    assert find_messages(CREATE_CREDENTIAL, 400, JSON, quote, "POST") == []
    [message] = find_messages(RETRIEVE_CREDENTIAL, 404, JSON, b'{"detail": "\\ud800"}')
    assert message == HALF_OF_A_PAIR
