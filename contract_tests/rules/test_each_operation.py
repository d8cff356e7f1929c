"""Rules that hold for every operation: keys, platforms, media types.

Writes have an empty object, or a body that is not parsed, and the id of a record that does not
exist where that is possible, so that a target that accepts them has nothing to store.
"""

from urllib.parse import quote

import pytest

from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    ALL_OPERATIONS,
    IMPORT_COURSE,
    IRREVERSIBLE,
    LIST_PROVIDERS,
    LOOK_UP_ASSERTION,
)
from contract_tests.engine.contract import JSON, Operation, load_contract
from contract_tests.engine.exchange import Response
from contract_tests.vocabulary.checks import (
    check_error,
    check_refused,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.courses import build_exim_path, export_course, find_course
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.records import find_record

CONTRACT = load_contract()
UNSUPPORTED = "application/x-unsupported"
UNKNOWN_COURSE = "course-v1:nobody+NO1+2026"


def mark_needs(operation_id: str) -> pytest.MarkDecorator:
    """Return what a request to an operation needs."""
    needs = [operation_id]
    if not CONTRACT.operations[operation_id].is_read:
        needs.append("write")
    if operation_id in {*IRREVERSIBLE, ADD_SIGNATORY}:
        needs.append("disposable")
    return pytest.mark.credcheck_needs(*needs)


def parametrize(operation_ids: tuple[str, ...]) -> pytest.MarkDecorator:
    """Return a parametrization by operation."""
    params = [
        pytest.param(operation_id, marks=mark_needs(operation_id), id=operation_id)
        for operation_id in operation_ids
    ]
    return pytest.mark.parametrize("operation_id", params)


OPERATIONS_WITH_KEY = tuple(
    operation_id for operation_id in ALL_OPERATIONS if operation_id != LOOK_UP_ASSERTION
)
OPERATIONS_OF_A_PLATFORM = tuple(
    operation_id for operation_id in OPERATIONS_WITH_KEY if operation_id != LIST_PROVIDERS
)
"""Any user with a key may list the providers (FACTS, S15)."""
OPERATIONS_WITH_BODY = tuple(
    operation_id
    for operation_id in ALL_OPERATIONS
    if "requestBody" in CONTRACT.operations[operation_id].source
)


def build_path(deployment: Deployment, operation: Operation, entity_id: str = "") -> str:
    """Return the path of an operation, with the id of a record or an unknown one."""
    path = operation.path.replace("{org}", quote(deployment.settings.org, safe=""))
    path = path.replace("{user_id}", quote(deployment.settings.user_id, safe=""))
    path = path.replace("{course_id}", UNKNOWN_COURSE)
    for name in ("{entity_id}", "{assignment_id}"):
        if name in path:
            path = path.replace(name, entity_id or deployment.make_unknown_id())
    return path


def send_minimal(
    deployment: Deployment,
    operation: Operation,
    platform: str = "",
    *,
    actor: str | None = "admin",
    accept: str = JSON,
) -> Response:
    """Send the smallest request of an operation: no query but a platform, an empty object."""
    path = build_path(deployment, operation) + (f"?platform_org={platform}" if platform else "")
    headers = {"Accept": accept}
    if operation.is_read or operation.method == "DELETE":
        return deployment.send(operation.method, path, actor=actor, headers=headers)
    return deployment.send_json(operation.method, path, {}, actor=actor, headers=headers)


@pytest.mark.credcheck_rule("PROTO-04")
@parametrize(ALL_OPERATIONS)
def test_each_operation_needs_json_to_be_accepted(
    deployment: Deployment, operation_id: str
) -> None:
    """A client that accepts only XML gets 406, before anything else is checked."""
    operation = CONTRACT.operations[operation_id]
    response = send_minimal(deployment, operation, accept="application/xml")
    check_status(response, 406, "a request that accepts only XML")


@pytest.mark.credcheck_rule("ACCESS-01")
@parametrize(OPERATIONS_WITH_KEY)
def test_each_operation_needs_a_key(deployment: Deployment, operation_id: str) -> None:
    """Every operation but the public look-up returns 401 without a key."""
    response = send_minimal(deployment, CONTRACT.operations[operation_id], actor=None)
    check_unauthorized(response, "a request without a key")


@pytest.mark.credcheck_rule("ACCESS-14")
@parametrize(OPERATIONS_OF_A_PLATFORM)
def test_each_operation_checks_the_platform(deployment: Deployment, operation_id: str) -> None:
    """`platform_org` with an unknown platform returns 404 for every operation."""
    operation = CONTRACT.operations[operation_id]
    response = send_minimal(deployment, operation, deployment.make_unknown_id())
    check_error(response, 404, "an unknown platform")


@pytest.mark.credcheck_rule("ACCESS-08")
@parametrize(OPERATIONS_OF_A_PLATFORM)
def test_each_operation_refuses_another_platforms_key(
    deployment: Deployment, operation_id: str
) -> None:
    """Another platform's key is refused for every operation."""
    operation = CONTRACT.operations[operation_id]
    org = deployment.settings.org
    response = send_minimal(deployment, operation, org, actor="other_org_admin")
    check_refused(response, "another platform's key")


@pytest.mark.credcheck_rule("ERR-13")
@parametrize(OPERATIONS_WITH_BODY)
def test_each_operation_checks_the_media_type(deployment: Deployment, operation_id: str) -> None:
    """A body with an unsupported media type returns 415 for every operation with a body."""
    operation = CONTRACT.operations[operation_id]
    if operation_id == IMPORT_COURSE:
        course_id = find_course(deployment)
        export_course(deployment, course_id)  # else the key may not import
        path = build_exim_path(course_id, "import")
        path += f"?platform_org={deployment.settings.org}"
    else:
        record = find_record(deployment, operation) if "{entity_id}" in operation.path else ""
        path = build_path(deployment, operation, record)
    headers = {"Content-Type": UNSUPPORTED}
    response = deployment.send(operation.method, path, headers=headers, body=b"<nothing/>")
    check_error(response, 415, "an unsupported media type")
