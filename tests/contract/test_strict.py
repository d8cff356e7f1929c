"""A strict mock finds what the contract does not allow, in responses and in accepted requests."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.contract.compiler import load_contract
from mockserver.contract.strict import get_exchange_validator
from mockserver.errors import ContractViolation
from mockserver.framework.composites import Member, ObjectOf
from mockserver.framework.scalars import AnyJSON
from mockserver.messages import JSON, Request, Response
from tests.conftest import API, NOW

CONTRACT = load_contract()
VALIDATOR = get_exchange_validator(CONTRACT)
HEADERS = {"Allow": "GET, POST, HEAD, OPTIONS"}
VALUES = {"org": "main", "user_id": "1"}
LIST = next(r for r in CONTRACT.resources if r.path.endswith("/users/{user_id}/"))
ITEM = next(r for r in CONTRACT.resources if r.path.endswith("/{user_id}/{entity_id}"))


@pytest.fixture(scope="module")
def page() -> Any:
    """Return a page of credentials as the mock serves it."""
    api = API(create_app(Config(strict=True, now=NOW)))
    return api.get("?page_size=1").json


def check(
    response: Response, method: str = "GET", body: Any = None, query: str = "", resource: Any = LIST
) -> None:
    """Check an exchange about the list or an item of credentials."""
    values = {**VALUES, "entity_id": "x"} if resource is ITEM else VALUES
    path = resource.path.format(**values)
    pairs = dict(pair.split("=") for pair in query.split("&") if pair)
    sent = json.dumps(body).encode()
    headers = {"Content-Type": JSON}
    request = Request(
        method, "http://here", "", path, query, pairs, headers, read_body=lambda: sent
    )
    VALIDATOR.check(request, resource, values, response)


def respond(value: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON response with the headers of the list."""
    return Response(status, json.dumps(value).encode(), JSON, {**HEADERS, **headers})


def test_what_the_mock_serves_is_valid(page: Any) -> None:
    """A page, with parameters that have an effect and others, is what the contract allows."""
    check(respond(page))
    check(respond(page), query="page=last&page_size=ten&search=a&course=")
    check(respond({"detail": "Not found."}, status=404))
    check(Response(204, headers=HEADERS), "DELETE", resource=ITEM)
    check(respond({"detail": 'Method "PATCH" not allowed.'}, status=405), "PATCH")
    check(Response(200), "TRACE")


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            respond({}, status=418),
            "418: the status is not documented",
        ),
        (respond({}), "200: at /: "),
        (
            Response(200, b"{}", JSON),
            "200: the header Allow is missing",
        ),
        (
            Response(200, b"{}", "text/plain; charset=utf-8", HEADERS),
            "200: text/plain is not documented",
        ),
        (
            Response(200, b"{}", None, HEADERS),
            "200: no content type is not documented",
        ),
        (
            Response(200, b"{", JSON, HEADERS),
            "200: the body is not valid JSON: ",
        ),
    ],
)
def test_a_response_that_the_contract_does_not_allow(response: Response, reason: str) -> None:
    """Another status, header, media type or body is a violation that says which."""
    with pytest.raises(ContractViolation) as caught:
        check(response)
    assert str(caught.value).startswith(f"credentials_orgs_users_retrieve {reason}")


def test_a_field_of_another_type_is_named(page: Any) -> None:
    """The place in the body is part of the reason."""
    changed = json.loads(json.dumps(page))
    changed["result"]["data"][0]["tags"] = "x"
    with pytest.raises(ContractViolation, match=r"200: at /result/data/0/tags: "):
        check(respond(changed))


def test_a_body_where_none_is_documented() -> None:
    """A 204 with a body is a violation."""
    response = Response(204, b"{}", JSON, HEADERS)
    with pytest.raises(ContractViolation, match="204: expected a response without a body"):
        check(response, "DELETE", resource=ITEM)


def test_a_405_of_another_form() -> None:
    """The refusal of a method that the path does not have is checked as well."""
    with pytest.raises(ContractViolation, match=r"PATCH /api/credentials/.*: at /"):
        check(respond({"error": "no"}, status=405), "PATCH")


def test_an_accepted_request_that_the_contract_does_not_allow(page: Any) -> None:
    """What the mock read of a body must fit the schema, whatever its fields accept."""
    operation = LIST.operations["POST"]
    assert operation.body is not None
    lax = ObjectOf(members=(Member("name", AnyJSON()), Member("issuer", AnyJSON())))
    body = replace(operation.body, fields=lax)
    resource = replace(LIST, operations={"POST": replace(operation, body=body)})
    created = respond({**page, "result": page["result"]["data"][0]})
    with pytest.raises(ContractViolation, match=r"^credentials_orgs_users_create: openapi-core: "):
        check(created, "POST", body={"name": 5, "issuer": "x"}, resource=resource)
    check(created, "POST", body={"name": "5", "issuer": "x"}, resource=resource)
