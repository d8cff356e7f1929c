"""Assignments: to users, to groups, who sees them, and what a deletion leaves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract_tests.catalogue.operations import (
    LIST_CREDENTIAL_ASSERTIONS,
    NO_GROUP,
    NO_USER_NUMBER,
    UPDATE_ASSERTION,
)
from contract_tests.engine.creations import (
    ASSIGNMENT_ID_FIELDS,
    build_collection_path,
    find_assignment_ids,
)
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_refused,
    check_status,
)
from contract_tests.vocabulary.deployment import (
    Deployment,
    Page,
    check_success,
    read_page,
    read_result,
)
from contract_tests.vocabulary.issuing import list_assertions, revoke
from contract_tests.vocabulary.pages import check_link

USERS, GROUPS = "assignments/users/", "assignments/groups/"
SECONDS_TO_COMPLETE = 5.0
"""Time in which an assignment to a group has to be completed."""
METADATA = frozenset(
    {"org_id", "assigned_at", "assigned_by", "assigned_by_id", "assignment_id", "issuance_type"}
)
"""What the metadata of an assertion has that an assignment issued."""
UNKNOWN_USER_ID = 2_000_000_000
MOST_ASSIGNMENTS = 1000


def list_assignments(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the assignments that an admin sees; where there are none, it is refused with 403."""
    response = deployment.get(path, {"page_size": 100, **query})
    if response.status == 403:
        return []
    page = read_assignments(response)
    items = list(page.items)
    while page["next"] is not None and len(items) < MOST_ASSIGNMENTS:
        page = read_assignments(deployment.follow(page["next"], page.response))
        items += page.items
    return items


def read_assignments(response: Response) -> Page:
    """Return a page of assignments with all of their fields, whose names are not known."""
    read_page(response)
    return Page(response, response.value["result"])


def read_id(assignment: dict[str, Any]) -> str:
    """Return the id of an assignment in a response, whose name is not known."""
    ids = find_assignment_ids(assignment)
    if not ids:
        raise NotTested("an assignment in a response has no id that is known")
    return ids[0]


def read_part(assignment: dict[str, Any], part: str, name: str) -> Any:
    """Return a field of the credential, user or group of a listed assignment.

    Whether it is inside of an object or beside it, as `group_id` is, is not known.
    """
    found = assignment.get(part)
    if isinstance(found, dict) and name in found:
        return found[name]
    beside = f"{part}_id" if name in ASSIGNMENT_ID_FIELDS else f"{part}_{name}"
    if beside not in assignment:
        raise NotTested(
            f"a listed assignment has no `{part}` with `{name}`, whose names are not known"
        )
    return assignment[beside]


def is_completed(assignment: dict[str, Any]) -> bool:
    """Tell whether an assignment is completed."""
    return str(assignment["status"]).casefold() == "completed"


def find_assignment(deployment: Deployment, path: str, assignment_id: str) -> dict[str, Any]:
    """Return a listed assignment, which must be there once."""
    listed = list_assignments(deployment, path)
    matching = [assignment for assignment in listed if read_id(assignment) == assignment_id]
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
    successful = result["successful_assignments"]
    require(len(successful) == 1, "an assignment to the user is refused", got=result)
    return read_id(successful[0])


def get_user_number(deployment: Deployment) -> int:
    """Return the number of the user of the run; a listed assignment may tell it, or a learner's."""
    settings = deployment.settings
    if settings.user_id.isdecimal():
        return int(settings.user_id)
    numbers: dict[str, int] = {}
    for assignment in list_assignments(deployment, USERS):
        user = assignment.get("user")
        inside = [(user, "id")] if isinstance(user, dict) else []
        for found, field in ((assignment, "user_id"), *inside):
            if type(found.get(field)) is int:
                numbers[str(found.get("username", "")).casefold()] = found[field]
    for name in (settings.user_id, settings.username, settings.learner_username):
        if name and name.casefold() in numbers:
            return numbers[name.casefold()]
    raise NotTested(f"{NO_USER_NUMBER}: pass it as --user-id, and the name as --username")


def find_group(deployment: Deployment) -> str:
    """Return the id of a group with an assignment, preferably a completed one."""
    listed = list_assignments(deployment, GROUPS)
    if not listed:
        raise NotTested(f"{NO_GROUP}, because none has an assignment")
    completed = [assignment for assignment in listed if is_completed(assignment)]
    group_id: str = read_part((completed or listed)[0], "group", "id")
    return group_id


def unassign(deployment: Deployment, assignment_id: str, **options: Any) -> Response:
    """Send the deletion of an assignment."""
    return deployment.send("DELETE", f"assignments/{assignment_id}", **options)


def check_deleted(response: Response) -> None:
    """Require a deletion to have succeeded."""
    got = response.status
    message = f"deleting an assignment: expected 200 or 204, got {got}"
    require(got in (200, 204), message, response, expected="200 or 204", got=got)


def count_holders(deployment: Deployment, entity_id: str) -> int:
    """Return the number of assertions of a credential."""
    return int(deployment.get_page({}, f"{entity_id}/assertions/", envelope=False)["count"])


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
        got = (
            read_part(assignment, "credential", "entityId"),
            read_part(assignment, "user", "id"),
        )
        expected = (entity_id, get_user_number(deployment))
        check_equal(got, expected, "an assignment shows another credential or user")
        holders = count_holders(deployment, entity_id)
        check_equal(holders, 1, "an assigned credential has no assertion")
        response = deployment.send("DELETE", entity_id)
        check_status(response, 409, "deleting an assigned credential")
    ids = [read_id(assignment) for assignment in list_assignments(deployment, USERS)]
    require(assignment_id not in ids, "a deleted assignment is listed", got=assignment_id)


@pytest.mark.credcheck_rule("ASSIGN-01")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_deleting_an_assignment_deletes_its_assertion(deployment: Deployment) -> None:
    """Once the assignment is deleted, the user no longer holds the credential, and it is 404."""
    entity_id = deployment.create()["entityId"]
    assignment_id = assign_to_user(deployment, entity_id)
    check_deleted(unassign(deployment, assignment_id))
    holders = count_holders(deployment, entity_id)
    check_equal(holders, 0, "an assertion exists after its assignment was deleted")
    check_error(unassign(deployment, assignment_id), 404, "a deleted assignment")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-02")
def test_each_user_is_reported(deployment: Deployment) -> None:
    """A user who exists is assigned; one who does not fails, with a reason and a message."""
    entity_id, user = deployment.create()["entityId"], get_user_number(deployment)
    body = {"credential_id": entity_id, "user_ids": [UNKNOWN_USER_ID, user]}
    result = assign(deployment, USERS, body)
    reported = [
        [read_part(entry, "user", "id") for entry in result[name]]
        for name in ("successful_assignments", "failed_assignments")
    ]
    expected = [[user], [UNKNOWN_USER_ID]]
    message = "an assignment reports the wrong users"
    require(reported == expected, message, expected=expected, got=result)
    says_why = all(len(entry) > 1 for entry in result["failed_assignments"])
    require(says_why, "an assignment that failed has no reason", got=result)
    message = "the response of an assignment has no `message`"
    require(bool(result.get("message")), message, got=result)
    for assignment in result["successful_assignments"]:
        check_deleted(unassign(deployment, read_id(assignment)))
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-03")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_an_assignment_to_a_group_is_completed(deployment: Deployment) -> None:
    """It is listed immediately and completed later; its deletion deletes what was issued."""
    group_id, entity_id = find_group(deployment), deployment.create()["entityId"]
    result = assign(deployment, GROUPS, {"credential_id": entity_id, "group_ids": [group_id]})
    successful = result["successful_assignments"]
    groups = [read_part(assignment, "group", "id") for assignment in successful]
    require(groups == [group_id], "an assignment to a group is refused", got=result)
    assignment_id = read_id(successful[0])
    deadline = time.monotonic() + SECONDS_TO_COMPLETE
    assignment = find_assignment(deployment, GROUPS, assignment_id)
    while not is_completed(assignment) and time.monotonic() <= deadline:
        time.sleep(0.2)
        assignment = find_assignment(deployment, GROUPS, assignment_id)
    if is_completed(assignment):
        holders = count_holders(deployment, entity_id)
        require(holders > 0, "a completed assignment to a group has no assertions")
    check_deleted(unassign(deployment, assignment_id))
    holders = count_holders(deployment, entity_id)
    check_equal(holders, 0, "an assertion exists after its assignment was deleted")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ASSIGN-04")
def test_groups_are_filtered(deployment: Deployment) -> None:
    """`group_id` lists exactly the assignments to that group."""

    def check() -> None:
        whole = list_assignments(deployment, GROUPS)
        groups = [read_part(assignment, "group", "id") for assignment in whole]
        for group_id in dict.fromkeys([*groups, deployment.mark]):
            matching = [item for item in whole if read_part(item, "group", "id") == group_id]
            expected = [read_id(assignment) for assignment in matching]
            listed = list_assignments(deployment, GROUPS, group_id=group_id)
            got = [read_id(assignment) for assignment in listed]
            check_equal(got, expected, "`group_id` lists the wrong assignments")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSIGN-05")
@pytest.mark.parametrize("path", [USERS, GROUPS])
def test_a_learner_sees_a_part(deployment: Deployment, path: str) -> None:
    """Below the own path a learner gets 403, or own assignments, which an admin sees, too."""
    own_path = build_collection_path(
        deployment.settings.org, deployment.settings.learner_username or ""
    )

    def check() -> None:
        whole = list_assignments(deployment, path)
        response = deployment.get(own_path + path, {"page_size": 100}, actor="learner")
        if response.status != 403:
            seen = read_assignments(response).items
            known = {read_id(assignment) for assignment in whole}
            wrong = [assignment for assignment in seen if read_id(assignment) not in known]
            message = "a learner sees an assignment that an admin does not see"
            require(not wrong, message, response, got=wrong[:1])
            users = {
                assignment["user"].get("id")
                for assignment in seen
                if isinstance(assignment.get("user"), dict)
            }
            message = "a learner sees assignments of several users"
            require(len(users) <= 1, message, response, got=users)
        admins = list_assignments(deployment, own_path + path)
        users = {read_part(each, "user", "id") for each in admins if path == USERS}
        message = "below a learner's path an admin sees assignments of several users"
        require(len(users) <= 1, message, expected="the learner's own", got=users)
        response = deployment.get(path, actor="other_org_admin")
        check_refused(response, "another platform's key")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSIGN-08")
def test_assignments_are_searched(deployment: Deployment) -> None:
    """The credential's name, in any case, finds its assignments; each page is newest first."""
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        name = read_result(deployment.get(entity_id))["name"]
        username = deployment.settings.username or ""
        usernames = [username, username.swapcase()] if username.isascii() and username else []
        for term in (name, name.swapcase(), *usernames):
            found = [read_id(item) for item in list_assignments(deployment, USERS, search=term)]
            message = "a search for the credential's or the user's name does not find an assignment"
            require(assignment_id in found, message, expected=assignment_id, got=found[:5])
        query = {"page_size": 1, "search": "a"}
        page = read_assignments(deployment.get(USERS, query))
        if page["next"] is not None:
            check_link(page["next"], query, page.response)
        none = list_assignments(deployment, USERS, search=f"{deployment.mark}-none")
        require(not none, "a search for an unknown text finds assignments", got=none[:1])
        first = read_id(list_assignments(deployment, USERS)[0])
        check_equal(first, assignment_id, "a new assignment is not the first of the list")


@pytest.mark.credcheck_rule("ASSIGN-09")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS, UPDATE_ASSERTION)
def test_what_was_revoked_is_not_listed(deployment: Deployment) -> None:
    """An assignment whose assertion was revoked is no longer listed."""
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        for assertion in list_assertions(deployment, entity_id).items:
            deployment.target.guard.own.add(assertion["entityId"])
            revoke(deployment, assertion["entityId"])
        ids = [read_id(assignment) for assignment in list_assignments(deployment, USERS)]
        is_listed = assignment_id in ids
        require(not is_listed, "an assignment is listed after its assertion was revoked")

    def check() -> None:
        response = deployment.get(USERS, {"page_size": 100})
        if response.status == 200:
            page = read_assignments(response)
            listed = len(list_assignments(deployment, USERS))
            check_equal(page["count"], listed, "`count` differs from what is listed", response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSIGN-10")
@pytest.mark.credcheck_needs(LIST_CREDENTIAL_ASSERTIONS)
def test_an_assertion_tells_its_assignment(deployment: Deployment) -> None:
    """`metadata` of what an assignment issued says which one it was, by whom and when."""
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        page = list_assertions(deployment, entity_id)
        for assertion in page.items:
            metadata = assertion["metadata"] or {}
            missing = sorted(METADATA - metadata.keys())
            message = f"`metadata` of an assigned credential lacks {', '.join(missing)}"
            require(not missing, message, page.response, got=metadata)
            got = metadata["assignment_id"]
            check_equal(got, assignment_id, "`assignment_id` names another one", page.response)


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
    """403 for each write, below the own path and an admin's, and the assignment still exists."""
    bases = (deployment.own_path, deployment.learner_path)
    with temporary_assignment(deployment) as (entity_id, assignment_id):
        for base in bases:
            body = {"credential_id": entity_id, "user_ids": [get_user_number(deployment)]}
            response = deployment.send_json("POST", base + USERS, body, actor="learner")
            check_error(response, 403, "an assignment by a learner")
            body = {"credential_id": entity_id, "group_ids": ["x"]}
            response = deployment.send_json("POST", base + GROUPS, body, actor="learner")
            check_error(response, 403, "an assignment to a group by a learner")
            path = f"{base}assignments/{assignment_id}"
            response = deployment.send("DELETE", path, actor="learner")
            check_error(response, 403, "deleting an assignment as a learner")
        ids = [read_id(assignment) for assignment in list_assignments(deployment, USERS)]
        require(assignment_id in ids, "a refused deletion deleted an assignment")
