"""Assignments: to users, to groups, who sees them, and what a deletion leaves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract_tests.catalogue.operations import LIST_CREDENTIAL_ASSERTIONS
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment, check_success

USERS, GROUPS = "assignments/users/", "assignments/groups/"
SECONDS_TO_COMPLETE = 5.0
"""Time in which an assignment to a group has to be completed."""
UNKNOWN_USER_ID = 2_000_000_000


def list_assignments(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the assignments that an admin sees."""
    response = deployment.get(path, query)
    check_status(response, 200, "a list of assignments")
    result = response.value.get("result") if isinstance(response.value, dict) else None
    require(isinstance(result, list), "a list of assignments has no `result`", response)
    return result  # type: ignore[return-value]


def find_assignment(deployment: Deployment, path: str, assignment_id: str) -> dict[str, Any]:
    """Return a listed assignment, which must be there once."""
    listed = list_assignments(deployment, path)
    matching = [assignment for assignment in listed if assignment["id"] == assignment_id]
    require(len(matching) == 1, "an assignment is not listed once", expected=assignment_id)
    return matching[0]


def assign(deployment: Deployment, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send an assignment, which must succeed, and return the result."""
    response = deployment.send_json("POST", path, body)
    check_success(response)
    value = response.value
    result: dict[str, Any] = (value.get("result") if isinstance(value, dict) else None) or {}
    for name in ("successful_assignments", "failed_assignments"):
        has_list = isinstance(result.get(name), list)
        require(has_list, f"the response of an assignment has no `{name}`", response)
    return result


def assign_to_user(deployment: Deployment, entity_id: str) -> str:
    """Assign a credential to the user of the run, and return the id of the assignment."""
    body = {"credential_id": entity_id, "user_ids": [get_user_number(deployment)]}
    result = assign(deployment, USERS, body)
    assignment_id: str = result["successful_assignments"][0]["assignment_id"]
    return assignment_id


def get_user_number(deployment: Deployment) -> int:
    """Return the number of the user of the run."""
    if not deployment.settings.user_id.isdecimal():
        raise NotTested("`user_id` is not a number")
    return int(deployment.settings.user_id)


def find_group(deployment: Deployment) -> str:
    """Return the id of a group with an assignment, preferably a completed one."""
    listed = list_assignments(deployment, GROUPS)
    if not listed:
        raise NotTested("no group is known, because none has an assignment")
    completed = [assignment for assignment in listed if assignment["status"] == "completed"]
    group_id: str = (completed or listed)[0]["group"]["id"]
    return group_id


def unassign(deployment: Deployment, assignment_id: str, **options: Any) -> Response:
    """Send the deletion of an assignment."""
    return deployment.send("DELETE", f"assignments/{assignment_id}", **options)


def check_deleted(response: Response) -> None:
    """Require a deletion to have succeeded."""
    got = response.status
    message = f"deleting an assignment: expected 200 or 204, got {got}"
    require(got in (200, 204), message, response, expected="200 or 204", got=got)


def count_assertions(deployment: Deployment, entity_id: str) -> int:
    """Return the number of assertions of a credential."""
    response = deployment.get(f"{entity_id}/assertions/")
    check_status(response, 200, "the assertions of a credential")
    count: int = response.value["count"]
    return count


@contextmanager
def temporary_assignment(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Create a credential, assign it to the user, and yield both ids; delete both."""
    entity_id = deployment.create()["entityId"]
    assignment_id = assign_to_user(deployment, entity_id)
    yield entity_id, assignment_id
    check_deleted(unassign(deployment, assignment_id))
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-01")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_an_assigned_user_holds_the_credential(deployment: Deployment) -> None:
    """The assignment is listed and the credential held; both end with its deletion."""
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        assignment = find_assignment(deployment, USERS, assignment_id)
        got = (assignment["credential"]["entityId"], assignment["user"]["id"])
        expected = (entity_id, get_user_number(deployment))
        check_equal(got, expected, "an assignment shows another credential or user")
        holders = count_assertions(deployment, entity_id)
        check_equal(holders, 1, "an assigned credential has no assertion")
        response = deployment.send("DELETE", entity_id)
        check_status(response, 409, "deleting an assigned credential")
    ids = [assignment["id"] for assignment in list_assignments(deployment, USERS)]
    require(assignment_id not in ids, "a deleted assignment is listed", got=assignment_id)


@pytest.mark.credcheck_rule("ASSIGN-01")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_deleting_an_assignment_deletes_its_assertion(deployment: Deployment) -> None:
    """Once the assignment is deleted, the user no longer holds the credential, and it is 404."""
    entity_id = deployment.create()["entityId"]
    assignment_id = assign_to_user(deployment, entity_id)
    check_deleted(unassign(deployment, assignment_id))
    holders = count_assertions(deployment, entity_id)
    check_equal(holders, 0, "an assertion exists after its assignment was deleted")
    check_error(unassign(deployment, assignment_id), 404, "a deleted assignment")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-02")
def test_each_user_is_reported(deployment: Deployment) -> None:
    """A user who exists is assigned; one who does not fails, with a reason and a message."""
    entity_id, user = deployment.create()["entityId"], get_user_number(deployment)
    body = {"credential_id": entity_id, "user_ids": [UNKNOWN_USER_ID, user]}
    result = assign(deployment, USERS, body)
    successful = [entry["user_id"] for entry in result["successful_assignments"]]
    failed = [(entry["user_id"], bool(entry["reason"])) for entry in result["failed_assignments"]]
    expected = ([user], [(UNKNOWN_USER_ID, True)])
    message = "an assignment reports the wrong users"
    require((successful, failed) == expected, message, expected=expected, got=result)
    message = "the response of an assignment has no `message`"
    require(bool(result.get("message")), message, got=result)
    for assignment in result["successful_assignments"]:
        check_deleted(unassign(deployment, assignment["assignment_id"]))
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-03")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_an_assignment_to_a_group_is_completed(deployment: Deployment) -> None:
    """It is listed immediately and completed later; its deletion deletes what was issued."""
    group_id, entity_id = find_group(deployment), deployment.create()["entityId"]
    result = assign(deployment, GROUPS, {"credential_id": entity_id, "group_ids": [group_id]})
    successful = result["successful_assignments"]
    groups = [assignment["group_id"] for assignment in successful]
    require(groups == [group_id], "an assignment to a group is refused", got=result)
    assignment_id = successful[0]["assignment_id"]
    deadline = time.monotonic() + SECONDS_TO_COMPLETE
    assignment = find_assignment(deployment, GROUPS, assignment_id)
    while assignment["status"] != "completed" and time.monotonic() <= deadline:
        time.sleep(0.2)
        assignment = find_assignment(deployment, GROUPS, assignment_id)
    if assignment["status"] == "completed":
        holders = count_assertions(deployment, entity_id)
        require(holders > 0, "a completed assignment to a group has no assertions")
    check_deleted(unassign(deployment, assignment_id))
    holders = count_assertions(deployment, entity_id)
    check_equal(holders, 0, "an assertion exists after its assignment was deleted")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-04")
def test_groups_are_filtered(deployment: Deployment) -> None:
    """`group_id` lists exactly the assignments to that group."""

    def check() -> None:
        whole = list_assignments(deployment, GROUPS)
        groups = [assignment["group"]["id"] for assignment in whole]
        for group_id in dict.fromkeys([*groups, deployment.mark]):
            matching = [item for item in whole if item["group"]["id"] == group_id]
            expected = [assignment["id"] for assignment in matching]
            listed = list_assignments(deployment, GROUPS, group_id=group_id)
            got = [assignment["id"] for assignment in listed]
            check_equal(got, expected, "`group_id` lists the wrong assignments")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSIGN-05")
@pytest.mark.parametrize("path", [USERS, GROUPS])
def test_a_learner_sees_a_part(deployment: Deployment, path: str) -> None:
    """A learner gets 403, or assignments of one user that an admin sees, too."""

    def check() -> None:
        whole = list_assignments(deployment, path)
        response = deployment.get(path, actor="learner")
        if response.status != 403:
            seen = response.value["result"] if isinstance(response.value, dict) else []
            wrong = [assignment for assignment in seen if assignment not in whole]
            message = "a learner sees an assignment that an admin does not see"
            require(not wrong, message, response, got=wrong[:1])
            users = {assignment["user"]["id"] for assignment in seen if "user" in assignment}
            message = "a learner sees assignments of several users"
            require(len(users) <= 1, message, response, got=users)
        response = deployment.get(path, actor="other_org_admin")
        check_error(response, 403, "another platform's key")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSIGN-06")
def test_unknown_links_are_refused(deployment: Deployment) -> None:
    """An unknown credential and an empty list return 400 on their field, an unknown id 404."""
    unknown = deployment.make_unknown_id()
    user = get_user_number(deployment)
    for path, name, member in ((USERS, "user_ids", user), (GROUPS, "group_ids", "x")):
        body = {"credential_id": unknown, name: [member]}
        response = deployment.send_json("POST", path, body)
        check_field_error(response, "credential_id", "an unknown credential")
        response = deployment.send_json("POST", path, {name: []})
        check_field_error(response, name, f"an empty `{name}`")
    check_error(unassign(deployment, unknown), 404, "an unknown assignment")


@pytest.mark.credcheck_rule("ASSIGN-07")
def test_a_learner_cannot_assign(deployment: Deployment) -> None:
    """403 for each write, and the assignment still exists."""
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        body = {"credential_id": entity_id, "user_ids": [get_user_number(deployment)]}
        response = deployment.send_json("POST", USERS, body, actor="learner")
        check_error(response, 403, "an assignment by a learner")
        body = {"credential_id": entity_id, "group_ids": ["x"]}
        response = deployment.send_json("POST", GROUPS, body, actor="learner")
        check_error(response, 403, "an assignment to a group by a learner")
        response = unassign(deployment, assignment_id, actor="learner")
        check_error(response, 403, "deleting an assignment as a learner")
        ids = [assignment["id"] for assignment in list_assignments(deployment, USERS)]
        require(assignment_id in ids, "a refused deletion deleted an assignment")
