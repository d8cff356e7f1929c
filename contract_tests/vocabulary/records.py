"""The records that requests are about: existing ones for reads, own ones for writes."""

from typing import Any

import pytest

from contract_tests.catalogue.operations import (
    ISSUING,
    LOOK_UP_ASSERTION,
    RETRIEVE_ASSERTION,
    RETRIEVE_ISSUER,
    UPDATE_ASSERTION,
    UPDATE_ISSUER,
)
from contract_tests.engine.contract import Operation
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.issuing import (
    create_issuer,
    find_assertion,
    find_item,
    issue,
)

UNKNOWN_USER = "999999999"
UNKNOWN_USERNAME = "nobody-of-this-name"


def find_record(deployment: Deployment, operation: Operation) -> str:
    """Return the id of the record that a request is about: of this run where it writes."""
    if operation.id == RETRIEVE_ISSUER:
        return deployment.issuer
    if operation.id == UPDATE_ISSUER:
        return str(create_issuer(deployment)["entityId"])
    if operation.id in (RETRIEVE_ASSERTION, LOOK_UP_ASSERTION):
        return str(find_assertion(deployment)["entityId"])
    if operation.is_read or "{entity_id}" not in operation.path:
        listed = deployment.list_lasting_credentials()
        return str(listed[0]["entityId"]) if listed else deployment.make_unknown_id()
    links = find_item(deployment).links if operation.id in ISSUING else {}
    entity_id = str(deployment.create(**links)["entityId"])
    if operation.id == UPDATE_ASSERTION:
        return str(issue(deployment, entity_id)["entityId"])
    return entity_id


def find_credential(deployment: Deployment) -> dict[str, Any]:
    """Return a listed credential, or one that this run creates."""
    listed = deployment.list_lasting_credentials()
    if listed:
        return listed[0]
    if not deployment.settings.allow_writes:
        pytest.skip("there is no credential")
    return deployment.create()
