"""Assignments: credentials given to users and to groups, by a person and not by a course.

An assignment to a user issues at once. One to a group is accepted at once and issues to its members
when it is due by the sandbox's clock, as production does in the background.
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, Literal

from mockserver.api.access import ADMIN, LEARNER
from mockserver.api.context import RequestContext, WriteContext
from mockserver.errors import NotFound, PermissionDenied
from mockserver.framework.times import format_time
from mockserver.messages import JSON, Response, encode
from mockserver.world.issuing import issue
from mockserver.world.records import Assignment, Credential, Group, User
from mockserver.world.store import Store


def credentials_orgs_users_assignments_users_retrieve(context: RequestContext) -> Response:
    """List the assignments to users that the caller may see; raises PermissionDenied for none."""
    return _respond_with_list(context.store, _list_visible(context, "user"))


def credentials_orgs_users_assignments_users_create(context: WriteContext) -> Response:
    """Assign a credential to users, each of whom it is issued to at once."""
    body = context.read_body()
    credential = context.store.credentials[body["credential_id"]]
    successful, failed = [], []
    for user_id in dict.fromkeys(body["user_ids"]):
        user = context.store.users.get(user_id)
        reason = _find_obstacle(context, user, credential)
        if user is None or reason:
            failed.append({"user_id": user_id, "reason": reason})
            continue
        assertion = issue(context.transaction, credential, user, context.now)
        assignment = _new_assignment(
            context, credential, user=user_id, assertions=(assertion.entity_id,)
        )
        context.transaction.put_assignment(assignment)
        successful.append({"user_id": user_id, "assignment_id": assignment.entity_id})
    message = f"{len(successful)} of {len(successful) + len(failed)} users were assigned."
    return _respond_with_results(successful, failed, message=message)


def credentials_orgs_users_assignments_groups_retrieve(context: RequestContext) -> Response:
    """List the assignments to groups that the caller may see; raises PermissionDenied for none."""
    wanted = context.request.query.get("group_id")
    visible = _list_visible(context, "group")
    found = [assignment for assignment in visible if wanted in (None, "", assignment.group)]
    return _respond_with_list(context.store, found)


def credentials_orgs_users_assignments_groups_create(context: WriteContext) -> Response:
    """Accept the assignment of a credential to groups, which issues when it is due."""
    body = context.read_body()
    credential = context.store.credentials[body["credential_id"]]
    due = context.now + context.group_delay
    successful, failed = [], []
    for group_id in dict.fromkeys(body["group_ids"]):
        reason = _find_group_obstacle(context, context.store.groups.get(group_id), credential)
        if reason:
            failed.append({"group_id": group_id, "reason": reason})
            continue
        assignment = _new_assignment(context, credential, group=group_id, due=due)
        context.transaction.put_assignment(assignment)
        successful.append({"group_id": group_id, "assignment_id": assignment.entity_id})
    return _respond_with_results(successful, failed)


def credentials_orgs_users_assignments_destroy(context: WriteContext) -> Response:
    """Delete an assignment that the caller sees, and what it issued."""
    assignment = context.store.assignments.get(context.path_values["assignment_id"])
    if assignment is None or not _may_see(context, assignment):
        raise NotFound.of("CredentialAssignment")
    context.transaction.remove_assignment(assignment)
    return Response(200, encode({"status": {"success": True, "description": "Deleted"}}), JSON)


def _new_assignment(context: WriteContext, credential: Credential, **fields: Any) -> Assignment:
    """Return a new assignment by the caller; it is not stored."""
    caller = context.caller.user
    return Assignment(
        entity_id=context.transaction.new_entity_id(),
        sequence=context.transaction.next_sequence(),
        credential=credential.entity_id,
        assigned_by=caller.id if caller else None,
        assigned_on=context.now,
        **fields,
    )


def _find_obstacle(context: RequestContext, user: User | None, credential: Credential) -> str:
    """Return why a user cannot be assigned a credential, or an empty text."""
    if user is None or user.platform != context.platform.key:
        return "No User matches the given query."
    if not _sees_any(context, (user.id,)):
        return PermissionDenied.default
    if context.store.holds(user, credential, context.now):
        return "The user holds the credential already."
    return ""


def _find_group_obstacle(
    context: RequestContext, group: Group | None, credential: Credential
) -> str:
    """Return why a group cannot be assigned a credential, or an empty text."""
    if group is None or group.platform != context.platform.key:
        return "No Group matches the given query."
    if not _sees_any(context, group.members):
        return PermissionDenied.default
    if any(
        (assignment.group, assignment.credential) == (group.id, credential.entity_id)
        for assignment in context.store.assignments.values()
    ):
        return "The group is assigned already."
    return ""


def _sees_any(context: RequestContext, user_ids: Iterable[int]) -> bool:
    """Tell whether the caller sees what any of these users is given."""
    caller, role = context.caller.user, context.caller.role
    if caller is None or role == ADMIN:
        return True
    if role == LEARNER:
        return caller.id in user_ids
    return any(
        caller.id in department.admins and not set(department.members).isdisjoint(user_ids)
        for department in context.store.departments.values()
    )


def _may_see(context: RequestContext, assignment: Assignment) -> bool:
    store = context.store
    if store.credentials[assignment.credential].platform != context.platform.key:
        return False
    if assignment.user is not None:
        return _sees_any(context, (assignment.user,))
    return _sees_any(context, store.groups[assignment.group or ""].members)


def _list_visible(context: RequestContext, kind: Literal["user", "group"]) -> list[Assignment]:
    """Return what the caller sees; raises PermissionDenied for nothing, but not to admins."""
    recipient = attrgetter(kind)
    found = [
        assignment
        for assignment in context.store.list_assignments()
        if recipient(assignment) is not None and _may_see(context, assignment)
    ]
    if not found and context.caller.role != ADMIN:
        raise PermissionDenied
    return found


def _respond_with_list(store: Store, assignments: Iterable[Assignment]) -> Response:
    status = {"success": True, "description": "Ok"}
    result = [_describe(store, assignment) for assignment in assignments]
    return Response(200, encode({"status": status, "result": result}), JSON)


def _describe(store: Store, assignment: Assignment) -> Mapping[str, Any]:
    """Return an assignment as the lists show it."""
    credential = store.credentials[assignment.credential]
    by = None if assignment.assigned_by is None else store.users[assignment.assigned_by].username
    recipient: Mapping[str, Any]
    if assignment.user is not None:
        user = store.users[assignment.user]
        recipient = {"user": {"id": user.id, "username": user.username, "name": user.name}}
    else:
        group = store.groups[assignment.group or ""]
        recipient = {"group": {"id": group.id, "name": group.name}}
    return {
        "id": assignment.entity_id,
        "credential": {"entityId": credential.entity_id, "name": credential.fields["name"]},
        **recipient,
        "assigned_by": by,
        "assigned_on": format_time(assignment.assigned_on),
        "status": "completed" if assignment.due is None else "pending",
    }


def _respond_with_results(successful: list[Any], failed: list[Any], **more: str) -> Response:
    result = {"successful_assignments": successful, "failed_assignments": failed, **more}
    status = {"success": True, "description": "Created"}
    return Response(200, encode({"status": status, "result": result}), JSON)
