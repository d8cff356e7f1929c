"""Schema: every response is one that the contract documents."""

from typing import Any

import pytest

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    LIST_GROUP_ASSIGNMENTS,
    LIST_USER_ASSIGNMENTS,
    UPDATE_CREDENTIAL,
)
from contract_tests.engine.contract import JSON, Operation, load_contract
from contract_tests.engine.exchange import Response
from contract_tests.engine.target import RUN_MARK
from contract_tests.errors import require
from contract_tests.vocabulary.checks import check_equal, check_status, format_json
from contract_tests.vocabulary.deployment import (
    Deployment,
    read_created,
    read_known,
    read_result,
)
from contract_tests.vocabulary.issuing import read_single_issuer
from contract_tests.vocabulary.signatures import strip_signatures

CONTRACT = load_contract()
IMAGES = ("iconImage", "backgroundImage", "thumbnailImage")


@pytest.mark.credcheck_rule("SCHEMA-01")
def test_every_operation_responds_as_documented(deployment: Deployment) -> None:
    """List and retrieve credentials and issuers; every response of a run is checked."""

    def check() -> None:
        page = deployment.get_page({"page_size": 100})
        issuers = deployment.get_page(path="issuers/")
        for entity_id in page.ids[:3]:
            read_result(deployment.get(entity_id))
        for entity_id in issuers.ids[:3]:
            read_single_issuer(deployment.get(f"issuers/{entity_id}"))

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SCHEMA-01")
@pytest.mark.parametrize(
    "operation_id",
    [
        pytest.param(operation_id, marks=pytest.mark.credcheck_needs(operation_id), id=operation_id)
        for operation_id in (LIST_USER_ASSIGNMENTS, LIST_GROUP_ASSIGNMENTS)
    ],
)
def test_assignments_are_listed(deployment: Deployment, operation_id: str) -> None:
    """An admin lists the assignments, of which there may be none."""
    response = deployment.get(CONTRACT.operations[operation_id].path.partition("{user_id}/")[2])
    check_status(response, 200, "a list of assignments")


@pytest.mark.credcheck_rule("SCHEMA-02")
def test_no_field_is_unknown(deployment: Deployment) -> None:
    """Lists and items contain the fields of the contract; every response of a run is checked."""

    def check() -> None:
        for entity_id in deployment.get_page({"page_size": 5}).ids:
            deployment.retrieve(entity_id)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SCHEMA-03")
def test_examples_are_accepted(deployment: Deployment) -> None:
    """The example bodies, with a real issuer, create and update credentials."""
    entity_id = ""
    for operation_id in (CREATE_CREDENTIAL, UPDATE_CREDENTIAL):
        for name, example in list_examples(CONTRACT.operations[operation_id]):
            body = {**example, "name": deployment.make_name(str(example.get("name", name)))}
            if "issuer" in body:
                body["issuer"] = deployment.issuer
            if operation_id == CREATE_CREDENTIAL:
                entity_id = read_created(deployment.send_json("POST", "", body))["entityId"]
            else:
                read_result(deployment.put(entity_id, body))


def list_examples(operation: Operation) -> list[tuple[str, dict[str, Any]]]:
    """Return the example bodies of an operation by name."""
    content = operation.source["requestBody"]["content"][JSON]
    return [
        (name, dict(CONTRACT.resolve(example)["value"]))
        for name, example in content["examples"].items()
    ]


@pytest.mark.credcheck_rule("SCHEMA-05")
def test_listed_items_can_be_retrieved(deployment: Deployment) -> None:
    """An item is the same in its list and by id, and so is its issuer."""

    def check() -> None:
        items = deployment.get_page({"page_size": 10}).items
        for item in items[:5]:
            response = deployment.get(item["entityId"])
            is_same = strip_signatures(read_result(response)) == strip_signatures(item)
            require(is_same, "an item differs from the one in the list", response, expected=item)
        newest = deployment.list_newest(path="issuers/")
        issuers = {issuer["entityId"]: issuer for issuer in newest.items}
        for item in items:
            details = item["issuerDetails"]
            listed = issuers.get(details["entityId"])
            if listed is None and not newest.is_complete:
                continue
            is_same = strip_signatures(listed) == strip_signatures(details)
            message = "the issuer of an item differs from the one in the list"
            require(is_same, message, expected=listed, got=details)
        for entity_id, issuer in list(issuers.items())[:3]:
            response = deployment.get(f"issuers/{entity_id}")
            one = [read_single_issuer(response)]
            is_same = strip_signatures(one) == strip_signatures([issuer])
            require(is_same, "an issuer differs from the one in the list", response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SCHEMA-06")
def test_the_envelope_reports_success(deployment: Deployment) -> None:
    """The description of a read is `Ok`."""

    def check() -> None:
        page = deployment.get_page({"page_size": 1})
        check_envelope(page.response, "Ok")
        for entity_id in page.ids:
            check_envelope(deployment.get(entity_id), "Ok")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SCHEMA-06")
@pytest.mark.credcheck_needs("write")
def test_the_envelope_reports_writes(deployment: Deployment) -> None:
    """The description of a create is `Created`, that of an update `Updated`."""
    response = deployment.send_json("POST", "", deployment.build_body())
    check_envelope(response, "Created")
    entity_id = read_created(response)["entityId"]
    check_envelope(deployment.put(entity_id, {"description": "changed"}), "Updated")


def check_envelope(response: Response, description: str) -> None:
    """Require an envelope with success and this description."""
    value = read_known(response)
    status = value.get("status") if isinstance(value, dict) else None
    expected = {"success": True, "description": description}
    message = (
        f"the `status` of the envelope does not report success with {format_json(description)}"
    )
    check_equal(status, expected, message, response)


@pytest.mark.credcheck_rule("SCHEMA-07")
def test_image_urls_are_absolute(deployment: Deployment) -> None:
    """Every image in a list is null or an http(s) URL."""
    page = deployment.get_page({"page_size": 100})
    for item in page.items:
        if RUN_MARK in item["name"] or item["entityId"] in deployment.target.guard.own:
            continue  # a generated request stored any text in it, perhaps another name
        for name in IMAGES:
            url = item.get(name)
            is_fine = url is None or str(url).startswith(("http://", "https://"))
            message = f"`{name}` is not an absolute URL"
            require(is_fine, message, page.response, expected="an absolute URL or null", got=url)
