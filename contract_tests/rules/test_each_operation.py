"""What holds for every operation, whatever it does: keys, platforms, media types.

Writes carry an empty object, or a body that nobody reads, and name what does not exist where that
is enough, so that a target that lets them through has nothing to store.
"""

from urllib.parse import quote

import pytest

from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    ALL_OPERATIONS,
    IMPORT_COURSE,
    IRREVERSIBLE,
    LOOK_UP_ASSERTION,
)
from contract_tests.engine.contract import JSON, Operation, load_contract
from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_access import check_challenge
from contract_tests.rules.test_courses import exim, some_course
from contract_tests.rules.test_errors import check_refusal
from contract_tests.rules.test_schema import target_of
from contract_tests.vocabulary.deployment import Deployment

CONTRACT = load_contract()
UNREAD = "application/x-nobody-reads-this"


def marked(operation_id: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return what an operation needs of a target: to be there, and to be written to."""
    needs = [operation_id]
    if not CONTRACT.operations[operation_id].is_read:
        needs.append("write")
    if operation_id in {*IRREVERSIBLE, ADD_SIGNATORY}:
        needs.append("disposable")
    return (pytest.mark.needs(*needs),)


def operations(ids: tuple[str, ...]) -> pytest.MarkDecorator:
    """Return a parametrisation by operation."""
    params = [pytest.param(each, marks=marked(each), id=each) for each in ids]
    return pytest.mark.parametrize("operation_id", params)


KEYED = tuple(each for each in ALL_OPERATIONS if each != LOOK_UP_ASSERTION)
WITH_BODY = tuple(
    each for each in ALL_OPERATIONS if "requestBody" in CONTRACT.operations[each].source
)


def place(deployment: Deployment, operation: Operation, entity_id: str = "") -> str:
    """Return the path of an operation, about a record or, if none is given, what nobody has."""
    path = operation.path.replace("{org}", quote(deployment.settings.org, safe=""))
    path = path.replace("{user_id}", quote(deployment.settings.user_id, safe=""))
    path = path.replace("{course_id}", "course-v1:nobody+NO1+2026")
    for name in ("{entity_id}", "{assignment_id}"):
        if name in path:
            path = path.replace(name, entity_id or deployment.made_up_id())
    return path


def ask(
    deployment: Deployment,
    operation: Operation,
    platform: str = "",
    *,
    actor: str | None = "admin",
    accept: str = JSON,
) -> Reply:
    """Send the least that an operation takes: no query but a platform, an empty object."""
    path = place(deployment, operation) + (f"?platform_org={platform}" if platform else "")
    headers = {"Accept": accept}
    if operation.is_read or operation.method == "DELETE":
        return deployment.send(operation.method, path, actor=actor, headers=headers)
    return deployment.send_json(operation.method, path, {}, actor=actor, headers=headers)


@pytest.mark.rule("PROTO-04")
@operations(ALL_OPERATIONS)
def test_who_does_not_accept_json(deployment: Deployment, operation_id: str) -> None:
    """Every operation is 406 for who accepts XML only, before anything else is looked at."""
    reply = ask(deployment, CONTRACT.operations[operation_id], accept="application/xml")
    require(reply.status == 406, "who does not accept JSON is not refused", reply,
            expected=406, got=reply.status)  # fmt: skip


@pytest.mark.rule("ACCESS-01")
@operations(KEYED)
def test_each_operation_needs_a_key(deployment: Deployment, operation_id: str) -> None:
    """Without a key every operation but the public look-up is 401."""
    reply = ask(deployment, CONTRACT.operations[operation_id], actor=None)
    check_challenge(reply, "a request without a key")


@pytest.mark.rule("ERR-03")
@operations(KEYED)
def test_each_operation_knows_its_platforms(deployment: Deployment, operation_id: str) -> None:
    """`platform_org` with a platform that is not there is 404 on every operation."""
    reply = ask(deployment, CONTRACT.operations[operation_id], deployment.made_up_id())
    check_refusal(reply, 404, "an unknown platform")


@pytest.mark.rule("ACCESS-08")
@operations(KEYED)
def test_each_operation_is_the_platforms_own(deployment: Deployment, operation_id: str) -> None:
    """Another platform's key is 403 on every operation."""
    operation = CONTRACT.operations[operation_id]
    reply = ask(deployment, operation, deployment.settings.org, actor="other_org_admin")
    check_refusal(reply, 403, "another platform's key")


@pytest.mark.rule("ERR-13")
@operations(WITH_BODY)
def test_each_body_has_a_type_that_is_read(deployment: Deployment, operation_id: str) -> None:
    """A body in a media type that nobody reads is 415 wherever one is taken."""
    operation = CONTRACT.operations[operation_id]
    if operation_id == IMPORT_COURSE:
        org = deployment.settings.org
        path = f"{exim(some_course(deployment), 'import')}?platform_org={org}"
    else:
        record = target_of(deployment, operation) if "{entity_id}" in operation.path else ""
        path = place(deployment, operation, record)
    reply = deployment.send(
        operation.method, path, headers={"Content-Type": UNREAD}, body=b"<nothing/>"
    )
    check_refusal(reply, 415, "a media type that nobody reads")
