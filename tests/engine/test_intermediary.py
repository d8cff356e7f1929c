"""Whose response it is: the service's own, or that of something in front of it."""

import json
from typing import Any

import pytest

from contract_tests.wire.intermediary import Answer, Front, find_interception

ORIGINS = {"access-control-allow-methods": "GET,POST", "access-control-allow-origin": "*"}
JSON = {"content-type": "application/json"}


def classify(
    status: int,
    headers: dict[str, str] | None = None,
    body: Any = b"",
    *,
    method: str = "GET",
    is_odd: bool = False,
) -> Front | None:
    """Return whose response it is, None for the service's own."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer("/x", status, headers or {}, content, is_odd=is_odd, method=method)
    found = find_interception(answer)
    return found.front if found else None


@pytest.mark.parametrize("status", [200, 204])
def test_a_gateway_answers_options(status: int) -> None:
    """OPTIONS with headers for browsers and without a description is a gateway's."""
    for headers in (ORIGINS, {**ORIGINS, **JSON}, {**ORIGINS, "content-type": "text/plain"}):
        assert classify(status, headers, method="OPTIONS") is Front.ORIGINS


@pytest.mark.parametrize(
    ("headers", "body", "method"),
    [
        ({**ORIGINS, "allow": "GET, OPTIONS"}, b"", "OPTIONS"),
        ({**ORIGINS, **JSON}, {"name": "List"}, "OPTIONS"),
        ({}, b"", "OPTIONS"),
        (ORIGINS, b"", "GET"),
    ],
)
def test_the_service_answers_options(headers: dict[str, str], body: Any, method: str) -> None:
    """What has `Allow` or a description is the service's, and so is any other method."""
    assert classify(200, headers, body, method=method) is None


@pytest.mark.parametrize(
    ("page", "front"),
    [
        (b"<!doctype html><title>Oops</title><h1>Something broke</h1>", None),
        (b"<html><h1>500 Something broke</h1><p>We have been told.</p></html>", None),
        (b"<html><h1>500 Internal Server Error</h1></html>", None),
        (b"<h1>Server Error (500)</h1>", None),
        (b"<title>OperationalError at /api/</title><h1>OperationalError</h1>", None),
        (b"<center><h1>500 Internal Server Error</h1></center><hr><center>nginx</center>",
         Front.GATEWAY),
        (b"<html><body><h1>500 Internal Server Error</h1>\nAn internal server error occurred.\n",
         Front.GATEWAY),
    ],
)  # fmt: skip
def test_the_page_of_a_server_error_is_the_services(page: bytes, front: Front | None) -> None:
    """A team writes its own `500.html`; a gateway's page is known by its words."""
    assert classify(500, {"content-type": "text/html"}, page) is front


@pytest.mark.parametrize("status", [403, 406, 413, 414, 418, 501])
def test_a_firewall_refuses_odd_input_in_json(status: int) -> None:
    """A refusal of odd input in JSON that has no `detail` is a firewall's."""
    assert classify(status, JSON, {"message": "Forbidden"}, is_odd=True) is Front.FIREWALL


@pytest.mark.parametrize(
    ("status", "body", "is_odd"),
    [
        (403, {"message": "Forbidden"}, False),
        (403, {"detail": "You do not have permission to perform this action."}, True),
        (400, {"search": ["Null characters are not allowed."]}, True),
        (404, {"message": "Not found"}, True),
    ],
)
def test_the_service_refuses_in_json(status: int, body: Any, is_odd: bool) -> None:
    """A refusal of usual input, one with `detail`, and 400 and 404 are judged as the service's."""
    assert classify(status, JSON, body, is_odd=is_odd) is None
