"""Assignments: to users, to groups, who sees them, and what is left when they are deleted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.vocabulary.deployment import Deployment

USERS, GROUPS = "assignments/users/", "assignments/groups/"
PATIENCE = 5.0
"""Seconds in which an assignment to a group has to be worked off."""


def listed(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the assignments that an admin sees."""
    reply = deployment.get(path, query)
    require(reply.status == 200, "assignments are not answered", reply, got=reply.status)
    result = reply.value.get("result") if isinstance(reply.value, dict) else None
    require(isinstance(result, list), "assignments have no `result`", reply)
    return result  # type: ignore[return-value]


def assign(deployment: Deployment, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Assign, which must be answered, and return the result."""
    reply = deployment.send_json("POST", path, body)
    fine = reply.status in (200, 201) and isinstance(reply.value, dict)
    require(fine, "an assignment is refused", reply, expected=200, got=reply.status)
    result: dict[str, Any] = reply.value.get("result") or {}
    for name in ("successful_assignments", "failed_assignments"):
        require(isinstance(result.get(name), list), f"an answer has no `{name}`", reply)
    return result


def some_user(deployment: Deployment) -> int:
    """Return the id of the user of the run."""
    if not deployment.settings.user_id.isdecimal():
        raise NotTested("`user_id` is no number")
    return int(deployment.settings.user_id)


def some_group(deployment: Deployment) -> str:
    """Return the id of a group that something was assigned to."""
    found = listed(deployment, GROUPS)
    if not found:
        raise NotTested("no group is known: none has an assignment")
    done = [each for each in found if each["status"] == "completed"]
    group_id: str = (done or found)[0]["group"]["id"]
    return group_id


def unassign(deployment: Deployment, assignment_id: str, **options: Any) -> Reply:
    """Send the deletion of an assignment."""
    return deployment.send("DELETE", f"assignments/{assignment_id}", **options)


def check_deleted(reply: Reply) -> None:
    """Raise Breach unless a deletion succeeded."""
    require(reply.status in (200, 204), "a deletion fails", reply, got=reply.status)


def holders(deployment: Deployment, entity_id: str) -> int:
    """Return how many assertions of a credential there are."""
    reply = deployment.get(f"{entity_id}/assertions/")
    require(reply.status == 200, "a credential's assertions are not answered", reply)
    count: int = reply.value["count"]
    return count


@contextmanager
def assigned(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yield a credential of our own and the assignment of it to a user; delete both."""
    entity_id = deployment.create()["entityId"]
    body = {"credential_id": entity_id, "user_ids": [some_user(deployment)]}
    assignment_id = assign(deployment, USERS, body)["successful_assignments"][0]["assignment_id"]
    yield entity_id, assignment_id
    check_deleted(unassign(deployment, assignment_id))
    deployment.delete(entity_id)


@pytest.mark.rule("ASSIGN-01")
@pytest.mark.needs("credentials_orgs_users_assertions_retrieve_3")
def test_who_is_assigned_holds_it(deployment: Deployment) -> None:
    """The assignment is listed and the credential held; both end with its deletion."""
    with assigned(deployment) as (entity_id, assignment_id):
        mine = [each for each in listed(deployment, USERS) if each["id"] == assignment_id]
        require(len(mine) == 1, "an assignment is not listed", expected=assignment_id)
        shown = (mine[0]["credential"]["entityId"], mine[0]["user"]["id"])
        expected = (entity_id, some_user(deployment))
        require(shown == expected, "an assignment shows others", expected=expected, got=shown)
        require(holders(deployment, entity_id) == 1, "who is assigned does not hold it")
        reply = deployment.send("DELETE", entity_id)
        require(reply.status == 409, "a credential that is held is deleted", reply)
    left = [each for each in listed(deployment, USERS) if each["id"] == assignment_id]
    require(not left, "a deleted assignment is listed", got=left)


@pytest.mark.rule("ASSIGN-01")
@pytest.mark.needs("credentials_orgs_users_assertions_retrieve_3")
def test_a_deletion_takes_what_was_issued(deployment: Deployment) -> None:
    """Nobody holds what was assigned once the assignment is deleted, and then it is 404."""
    entity_id = deployment.create()["entityId"]
    body = {"credential_id": entity_id, "user_ids": [some_user(deployment)]}
    made = assign(deployment, USERS, body)["successful_assignments"][0]["assignment_id"]
    check_deleted(unassign(deployment, made))
    require(holders(deployment, entity_id) == 0, "an assertion outlives its assignment")
    check_refusal(unassign(deployment, made), 404, "a deleted assignment")
    deployment.delete(entity_id)


@pytest.mark.rule("ASSIGN-02")
def test_each_user_is_answered(deployment: Deployment) -> None:
    """A user who is there is assigned, one who is not fails, with a reason and a message."""
    entity_id, user = deployment.create()["entityId"], some_user(deployment)
    body = {"credential_id": entity_id, "user_ids": [2_000_000_000, user]}
    result = assign(deployment, USERS, body)
    successful = [each["user_id"] for each in result["successful_assignments"]]
    failed = [(each["user_id"], bool(each["reason"])) for each in result["failed_assignments"]]
    expected = ([user], [(2_000_000_000, True)])
    require((successful, failed) == expected, "users are answered otherwise",
            expected=expected, got=result)  # fmt: skip
    require(bool(result.get("message")), "an answer has no `message`", got=result)
    for each in result["successful_assignments"]:
        check_deleted(unassign(deployment, each["assignment_id"]))
    deployment.delete(entity_id)


@pytest.mark.rule("ASSIGN-03")
@pytest.mark.needs("credentials_orgs_users_assertions_retrieve_3")
def test_a_group_is_worked_off(deployment: Deployment) -> None:
    """It is listed at once, and completed in a while; its deletion takes what was issued."""
    group_id, entity_id = some_group(deployment), deployment.create()["entityId"]
    result = assign(deployment, GROUPS, {"credential_id": entity_id, "group_ids": [group_id]})
    made = result["successful_assignments"]
    require([each["group_id"] for each in made] == [group_id], "a group is refused", got=result)
    assignment_id = made[0]["assignment_id"]
    until = time.monotonic() + PATIENCE
    while True:
        mine = [each for each in listed(deployment, GROUPS) if each["id"] == assignment_id]
        require(len(mine) == 1, "an assignment is not listed", expected=assignment_id)
        if mine[0]["status"] == "completed" or time.monotonic() > until:
            break
        time.sleep(0.2)
    if mine[0]["status"] == "completed":
        require(holders(deployment, entity_id) > 0, "a group that is worked off holds nothing")
    check_deleted(unassign(deployment, assignment_id))
    require(holders(deployment, entity_id) == 0, "an assertion outlives its assignment")
    deployment.delete(entity_id)


@pytest.mark.rule("ASSIGN-04")
def test_groups_are_filtered(deployment: Deployment) -> None:
    """`group_id` lists exactly those of the whole list that are to that group."""

    def check() -> None:
        whole = listed(deployment, GROUPS)
        for group_id in dict.fromkeys([*(e["group"]["id"] for e in whole), deployment.mark]):
            expected = [each["id"] for each in whole if each["group"]["id"] == group_id]
            got = [each["id"] for each in listed(deployment, GROUPS, group_id=group_id)]
            require(got == expected, "`group_id` lists others", expected=expected, got=got)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSIGN-05")
@pytest.mark.parametrize("path", [USERS, GROUPS])
def test_a_learner_sees_a_part(deployment: Deployment, path: str) -> None:
    """403, or what an admin sees as well, all to one user; to another platform it is 403."""

    def check() -> None:
        whole = {each["id"]: each for each in listed(deployment, path)}
        reply = deployment.get(path, actor="learner")
        if reply.status != 403:
            seen = reply.value["result"] if isinstance(reply.value, dict) else []
            part = [each for each in seen if whole.get(each["id"]) != each]
            require(not part, "a learner sees what an admin does not", reply, got=part[:1])
            users = {each["user"]["id"] for each in seen if "user" in each}
            require(len(users) <= 1, "a learner sees others' assignments", reply, got=users)
        check_refusal(deployment.get(path, actor="other_org_admin"), 403, "another platform's key")

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSIGN-06")
def test_links_to_nothing_are_refused(deployment: Deployment) -> None:
    """An unknown credential is 400 on its field, nobody to assign as well, an unknown id 404."""
    made_up = deployment.made_up_id()
    for path, name, one in ((USERS, "user_ids", some_user(deployment)), (GROUPS, "group_ids", "x")):
        reply = deployment.send_json("POST", path, {"credential_id": made_up, name: [one]})
        check_invalid(reply, "credential_id", "an unknown credential")
        check_invalid(deployment.send_json("POST", path, {name: []}), name, "an empty list")
    check_refusal(unassign(deployment, made_up), 404, "an unknown assignment")


@pytest.mark.rule("ASSIGN-07")
def test_a_learner_assigns_nothing(deployment: Deployment) -> None:
    """403 for each write, and the assignment is still there."""
    with assigned(deployment) as (entity_id, assignment_id):
        body = {"credential_id": entity_id, "user_ids": [some_user(deployment)]}
        reply = deployment.send_json("POST", USERS, body, actor="learner")
        check_refusal(reply, 403, "a learner's assignment")
        groups = {"credential_id": entity_id, "group_ids": ["x"]}
        reply = deployment.send_json("POST", GROUPS, groups, actor="learner")
        check_refusal(reply, 403, "a learner's assignment to a group")
        check_refusal(unassign(deployment, assignment_id, actor="learner"), 403, "a deletion")
        there = [each["id"] for each in listed(deployment, USERS)]
        require(assignment_id in there, "a refused deletion deleted an assignment")
