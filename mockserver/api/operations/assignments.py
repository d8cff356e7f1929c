"""Assignments: credentials given to users and to groups, by a person and not by a course.

An assignment to a user issues at once. One to a group is accepted at once; when it is due by the
sandbox's clock, its members are assigned the credential, as production does in the background. The
lists depend on the role of the user in the path (FACTS.md, S12).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.api.access import ADMIN, LEARNER
from mockserver.api.context import RequestContext, WriteContext
from mockserver.errors import NotFound, PermissionDenied
from mockserver.framework.pagination import newest_first
from mockserver.framework.times import format_time
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.pages import render_described_page, render_status
from mockserver.world.issuing import issue_assigned
from mockserver.world.letters import to_upper
from mockserver.world.records import Assignment, Credential, Group, User
from mockserver.world.store import Store

NOTHING_TO_SHOW = "You don't have permission to view these assignments"


def credentials_orgs_users_assignments_users_retrieve(context: RequestContext) -> Response:
    """List the completed assignments to users whose assertion is not revoked, newest first."""
    store = context.store

    def list_texts(assignment: Assignment) -> Iterable[str]:
        user = store.users[assignment.user or 0]
        name = store.credentials[assignment.credential].fields["name"]
        return name, user.username, user.email, user.name

    found = (
        assignment
        for assignment in store.list_assignments()
        if assignment.user is not None
        and not any(store.assertions[issued].revoked for issued in assignment.assertions)
    )
    return _respond_with_visible(context, found, list_texts)


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
        assignment = _new_assignment(context, credential, user=user_id)
        assignment = issue_assigned(context.transaction, assignment, context.now)
        successful.append({"user_id": user_id, "assignment_id": assignment.entity_id})
    message = f"{len(successful)} of {len(successful) + len(failed)} users were assigned."
    return _respond_with_results(successful, failed, message=message)


def credentials_orgs_users_assignments_groups_retrieve(context: RequestContext) -> Response:
    """List the assignments to groups, newest first."""
    store, wanted = context.store, context.request.query.get("group_id")

    def list_texts(assignment: Assignment) -> Iterable[str]:
        name = store.credentials[assignment.credential].fields["name"]
        return name, store.groups[assignment.group or ""].name

    found = (
        assignment
        for assignment in store.list_assignments()
        if assignment.group is not None and wanted in (None, "", assignment.group)
    )
    return _respond_with_visible(context, found, list_texts)


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
    if assignment is None or not _may_see(context, context.caller.user, assignment):
        raise NotFound.of("CredentialAssignment")
    context.transaction.remove_assignment(assignment)
    return render_status("Deleted")


def _new_assignment(context: WriteContext, credential: Credential, **fields: Any) -> Assignment:
    """Return a new assignment by the caller; it is not stored."""
    by = context.caller.user or context.user
    return Assignment(
        entity_id=context.transaction.new_entity_id(),
        sequence=context.transaction.next_sequence(),
        credential=credential.entity_id,
        assigned_by=by.id,
        assigned_on=context.now,
        **fields,
    )


def _find_obstacle(context: RequestContext, user: User | None, credential: Credential) -> str:
    """Return why a user cannot be assigned a credential, or an empty text."""
    if user is None or user.platform != context.platform.key:
        return "No User matches the given query."
    if not _sees_any(context, context.caller.user, (user.id,)):
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
    if not _sees_any(context, context.caller.user, group.members):
        return PermissionDenied.default
    if any(
        (assignment.group, assignment.credential) == (group.id, credential.entity_id)
        for assignment in context.store.assignments.values()
    ):
        return "The group is assigned already."
    return ""


def _sees_any(context: RequestContext, viewer: User | None, user_ids: Iterable[int]) -> bool:
    """Tell whether a user sees what any of these users is given; None sees everything."""
    if viewer is None or viewer.role == ADMIN:
        return True
    if viewer.role == LEARNER:
        return viewer.id in user_ids
    return any(
        viewer.id in department.admins and not set(department.members).isdisjoint(user_ids)
        for department in context.store.departments.values()
    )


def _may_see(context: RequestContext, viewer: User | None, assignment: Assignment) -> bool:
    store = context.store
    if store.credentials[assignment.credential].platform != context.platform.key:
        return False
    if assignment.user is not None:
        return _sees_any(context, viewer, (assignment.user,))
    return _sees_any(context, viewer, store.groups[assignment.group or ""].members)


def _respond_with_visible(
    context: RequestContext,
    assignments: Iterable[Assignment],
    list_texts: Callable[[Assignment], Iterable[str]],
) -> Response:
    """Return a page of what the user in the path sees; raises PermissionDenied for nothing."""
    term = to_upper(context.request.query.get("search", ""))
    found = [
        assignment
        for assignment in assignments
        if _may_see(context, context.user, assignment)
        and any(term in to_upper(text) for text in list_texts(assignment))
    ]
    if not found:
        raise PermissionDenied(NOTHING_TO_SHOW)
    page = context.read_page(len(found))
    items = (_describe(context.store, assignment) for assignment in newest_first(found, page))
    return render_described_page(context.request, page, items, context.maximum_page_size)


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
        "status": "COMPLETED" if assignment.due is None else "PENDING",
    }


def _respond_with_results(successful: list[Any], failed: list[Any], **more: str) -> Response:
    result = {"successful_assignments": successful, "failed_assignments": failed, **more}
    status = {"success": True, "description": "Created"}
    return Response(200, encode({"status": status, "result": result}), JSON)
