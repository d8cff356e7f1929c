"""The contract is valid, complete and strictly loaded."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from openapi_spec_validator import validate

from mockserver.contract.compiler import compile_contract, load_contract
from mockserver.contract.document import read_document
from mockserver.contract.references import resolve_reference
from mockserver.contract.schemas import Validator
from mockserver.errors import StartError

DOCUMENT = read_document()
OPERATIONS = [
    pytest.param(item[method], id=item[method]["operationId"])
    for item in DOCUMENT["paths"].values()
    for method in ("get", "post", "put", "delete")
    if method in item
]


resolve = partial(resolve_reference, DOCUMENT)


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield status, media type and content of each documented response."""
    for status, response in operation["responses"].items():
        for media_type, content in resolve(response).get("content", {}).items():
            yield status, media_type, content


def test_the_document_is_valid() -> None:
    """openapi-spec-validator accepts the document."""
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_response_has_a_schema_and_an_example(operation: dict[str, Any]) -> None:
    """Every documented response with a body has at least one example."""
    for status, media_type, content in contents(operation):
        assert content["schema"], (status, media_type)
        assert content["examples"], (status, media_type)
        assert all("value" in resolve(each) for each in content["examples"].values())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_has_evidence(operation: dict[str, Any]) -> None:
    """Every operation has evidence, a first release, a summary and the errors it can return."""
    assert set(operation["x-evidence"]) <= set("CNGPF")
    assert operation["x-since"]
    assert operation["summary"]
    refusals = {"404", "406", "429", "500"}
    refusals |= set() if operation.get("security") == [] else {"401", "403"}
    assert refusals <= operation["responses"].keys()
    if "requestBody" in operation:
        assert {"400", "415"} <= operation["responses"].keys()
        assert len(operation["requestBody"]["content"]) == 4


def test_examples_fit_their_schemas() -> None:
    """Every JSON example, of requests and responses, is valid for its schema."""
    schemas = DOCUMENT["components"]["schemas"]
    checked = 0
    for parameter in OPERATIONS:
        operation: Any = parameter.values[0]
        body = operation.get("requestBody", {}).get("content", {})
        shown = [*((0, m, c) for m, c in body.items()), *contents(operation)]
        for _, media_type, content in shown:
            for example in content.get("examples", {}).values():
                validator = Validator(content["schema"], schemas)
                assert list(validator.iter_errors(resolve(example)["value"])) == [], media_type
                checked += 1
    assert checked > 60


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_each_schema_has_evidence(name: str) -> None:
    """Every named schema has evidence."""
    assert set(DOCUMENT["components"]["schemas"][name]["x-evidence"]) <= set("CNGPF")


@pytest.mark.parametrize(
    "name",
    [
        *("Credential", "Issuer", "Signatory", "Status", "Expires", "UploadedImage"),
        *("Assertion", "AssertionRecipient"),
    ],
)
def test_responses_list_every_field_as_required(name: str) -> None:
    """An object in a response always has all its fields."""
    schema = DOCUMENT["components"]["schemas"][name]
    assert set(schema["required"]) == schema["properties"].keys()


def test_forms_have_the_fields_of_the_bodies_they_encode() -> None:
    """A form schema has the same properties as the schema named in `x-form-of`."""
    schemas = DOCUMENT["components"]["schemas"]
    forms = {name: each["x-form-of"] for name, each in schemas.items() if "x-form-of" in each}
    assert len(forms) >= 10
    for form, body in forms.items():
        assert members(form) == members(body), form


def members(name: str) -> tuple[set[str], set[str]]:
    """Return the names of all and of the required properties of a schema and its parts."""
    schemas = DOCUMENT["components"]["schemas"]
    parts = [schemas[name], *map(resolve, schemas[name].get("allOf", ()))]
    return (
        {each for part in parts for each in part.get("properties", ())},
        {each for part in parts for each in part.get("required", ())},
    )


def test_generators_see_what_is_required() -> None:
    """`required` stands beside `allOf`, or with its properties; a mere alias requires nothing.

    openapi-typescript ignores any other place, openapi-python-client over that of an alias.
    """
    schemas = DOCUMENT["components"]["schemas"]
    compounds = {name: each for name, each in schemas.items() if "allOf" in each}
    assert len(compounds) >= 10
    for name, each in compounds.items():
        parts = [resolve(part) for part in each["allOf"]]
        for part in parts:
            assert set(part.get("required", ())) <= set(part.get("properties", ())), name
        required = set(each.get("required", ()))
        assert required <= {key for part in parts for key in part.get("properties", ())}, name
        assert not required or len(parts) > 1, name


def test_both_spellings_are_the_same_field() -> None:
    """An alias has the schema of the property that it stands for."""
    properties = DOCUMENT["components"]["schemas"]["CredentialFields"]["properties"]
    aliases = {n: p for n, p in properties.items() if "x-alias-of" in p}
    assert len(aliases) == 7
    for each in aliases.values():
        assert {k: v for k, v in each.items() if k != "x-alias-of"} == properties[
            each["x-alias-of"]
        ]


def broken(*path: str, value: Any) -> dict[str, Any]:
    """Return the document with one place changed, or removed by a value of None."""
    document = copy.deepcopy(DOCUMENT)
    target = document
    for step in path[:-1]:
        target = target[step]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return document


CREDENTIAL = ("components", "schemas", "Credential", "properties")
LIST = ("paths", "/api/credentials/orgs/{org}/users/{user_id}/", "get")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (broken(*CREDENTIAL, "tags", value={"nullable": True}), "nullable"),
        (broken(*CREDENTIAL, "tags", value={"description": "?"}), "without a type"),
        (broken(*CREDENTIAL, "tags", value={"type": "string", "oneOf": []}), "'oneOf'"),
        (broken(*CREDENTIAL, "tags", value={"type": "strin"}), "does not compile"),
        (broken(*CREDENTIAL, "tags", value={"$ref": "#/components/nowhere"}), "cannot be resolved"),
        (broken(*CREDENTIAL, "tags", value={"$ref": "https://example.com/x"}), "within"),
        (broken(*LIST, "operationId", value=None), "operationId is missing"),
        (broken(*LIST, "operationId", value="credentials_orgs_users_create"), "twice"),
        (broken("openapi", value="3.0.3"), "3.1"),
    ],
)
def test_what_is_not_supported_stops_the_start(document: dict[str, Any], message: str) -> None:
    """A schema or operation that would be ignored silently is a StartError that names it."""
    with pytest.raises(StartError, match=message):
        compile_contract(document)


def test_the_contract_loads() -> None:
    """The operations of credentials, issuers and assertions are there."""
    assert len(load_contract().operations) >= 18
