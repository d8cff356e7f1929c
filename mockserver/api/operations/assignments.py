"""Assignments: credentials given to users and to groups, by somebody and not by a course.

An assignment to a user issues at once. One to a group is accepted at once and issues to its members
when it is due, which the sandbox's clock says; that is how production works it off, in the
background.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from mockserver.api.access import ADMIN, LEARNER
from mockserver.api.context import RequestContext
from mockserver.api.operations.issuing import issue
from mockserver.errors import NotFound, PermissionDenied
from mockserver.framework.times import format_time
from mockserver.messages import JSON, Response, encode
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.records import Assignment, Credential, User
from mockserver.world.store import Store


def credentials_orgs_users_assignments_users_retrieve(context: RequestContext) -> Response:
    """List the assignments to users that the caller may see; raises PermissionDenied for none."""
    return _listed(context.sandbox.store, _visible(context, "user"))


def credentials_orgs_users_assignments_users_create(context: RequestContext) -> Response:
    """Assign a credential to users, each of whom it is issued to at once."""
    body, store = context.read_body(), context.sandbox.store
    credential = store.credentials[body["credential_id"]]
    successful, failed = [], []
    for user_id in dict.fromkeys(body["user_ids"]):
        user = store.users.get(user_id)
        reason = _obstacle(context, user, credential)
        if user is None or reason:
            failed.append({"user_id": user_id, "reason": reason})
            continue
        assertion = issue(context.sandbox, credential, user, context.sandbox.clock.now())
        made = _new(context, credential, user=user_id, assertions=(assertion.entity_id,))
        successful.append({"user_id": user_id, "assignment_id": made.entity_id})
    message = f"{len(successful)} of {len(successful) + len(failed)} users were assigned."
    return _accepted(successful, failed, message=message)


def credentials_orgs_users_assignments_groups_retrieve(context: RequestContext) -> Response:
    """List the assignments to groups that the caller may see; raises PermissionDenied for none."""
    wanted = context.request.query.get("group_id")
    found = [each for each in _visible(context, "group") if wanted in (None, "", each.group)]
    return _listed(context.sandbox.store, found)


def credentials_orgs_users_assignments_groups_create(context: RequestContext) -> Response:
    """Accept the assignment of a credential to groups; it is worked off when it is due."""
    body, store = context.read_body(), context.sandbox.store
    credential = store.credentials[body["credential_id"]]
    due = context.sandbox.clock.now() + context.sandbox.group_delay
    successful, failed = [], []
    for group_id in dict.fromkeys(body["group_ids"]):
        group = store.groups.get(group_id)
        if group is None or group.platform != context.platform.key:
            failed.append({"group_id": group_id, "reason": "No Group matches the given query."})
        elif not _sees(context, group.members):
            failed.append({"group_id": group_id, "reason": PermissionDenied.default})
        elif any(
            (each.group, each.credential) == (group_id, credential.entity_id)
            for each in store.assignments.values()
        ):
            failed.append({"group_id": group_id, "reason": "The group is assigned already."})
        else:
            made = _new(context, credential, group=group_id, due=due)
            successful.append({"group_id": group_id, "assignment_id": made.entity_id})
    return _accepted(successful, failed)


def credentials_orgs_users_assignments_destroy(context: RequestContext) -> Response:
    """Delete an assignment that the caller sees, and what it issued."""
    store = context.sandbox.store
    assignment = store.assignments.get(context.path_values["assignment_id"])
    if assignment is None or not _may_see(context, assignment):
        raise NotFound.of("CredentialAssignment")
    store.remove_assignment(assignment)
    return Response(200, encode({"status": {"success": True, "description": "Deleted"}}), JSON)


def complete(sandbox: Sandbox, *, everything: bool = False) -> int:
    """RequestContext off the assignments to groups that are due, or all; return how many.

    Members who hold the credential already are passed over, as when it is issued in bulk.
    """
    now = sandbox.clock.now()
    pending = sandbox.store.pending.items()
    waiting = [(each, due) for each, due in pending if everything or due <= now]
    if waiting:
        sandbox.own()
    for entity_id, due in waiting:
        _complete(sandbox, sandbox.store.assignments[entity_id], min(due, now))
    return len(waiting)


def _complete(sandbox: Sandbox, assignment: Assignment, moment: datetime) -> None:
    store = sandbox.store
    credential = store.credentials[assignment.credential]
    members = [store.users[each] for each in store.groups[assignment.group or ""].members]
    assertions = tuple(
        issue(sandbox, credential, each, moment).entity_id
        for each in members
        if not store.holds(each, credential, moment)
    )
    store.put_assignment(replace(assignment, due=None, assertions=assertions))


def _new(context: RequestContext, credential: Credential, **fields: Any) -> Assignment:
    sandbox, caller = context.sandbox, context.caller.user
    assignment = Assignment(
        entity_id=sandbox.new_entity_id(),
        credential=credential.entity_id,
        assigned_by=caller.id if caller else None,
        assigned_on=sandbox.clock.now(),
        **fields,
    )
    sandbox.store.put_assignment(assignment)
    return assignment


def _obstacle(context: RequestContext, user: User | None, credential: Credential) -> str:
    """Return why a user cannot be assigned a credential, or an empty text."""
    store = context.sandbox.store
    if user is None or user.platform != context.platform.key:
        return "No User matches the given query."
    if not _sees(context, (user.id,)):
        return PermissionDenied.default
    if store.holds(user, credential, context.sandbox.clock.now()):
        return "The user holds the credential already."
    return ""


def _sees(context: RequestContext, user_ids: Iterable[int]) -> bool:
    """Tell whether the caller sees what is given to any of these users."""
    caller, role = context.caller.user, context.caller.role
    if caller is None or role == ADMIN:
        return True
    if role == LEARNER:
        return caller.id in user_ids
    departments = context.sandbox.store.departments.values()
    own = {m for each in departments if caller.id in each.admins for m in each.members}
    return not own.isdisjoint(user_ids)


def _may_see(context: RequestContext, assignment: Assignment) -> bool:
    store = context.sandbox.store
    if store.credentials[assignment.credential].platform != context.platform.key:
        return False
    if assignment.user is not None:
        return _sees(context, (assignment.user,))
    return _sees(context, store.groups[assignment.group or ""].members)


def _visible(context: RequestContext, kind: Literal["user", "group"]) -> list[Assignment]:
    """Return what the caller sees; nothing at all is a 403, but not to who would see everything."""
    assignments = context.sandbox.store.assignments.values()
    found = [e for e in assignments if getattr(e, kind) is not None and _may_see(context, e)]
    if not found and context.caller.role != ADMIN:
        raise PermissionDenied
    return found


def _listed(store: Store, assignments: Iterable[Assignment]) -> Response:
    status = {"success": True, "description": "Ok"}
    result = [_shown(store, each) for each in assignments]
    return Response(200, encode({"status": status, "result": result}), JSON)


def _shown(store: Store, assignment: Assignment) -> dict[str, Any]:
    credential = store.credentials[assignment.credential]
    by = None if assignment.assigned_by is None else store.users[assignment.assigned_by].username
    if assignment.user is not None:
        user = store.users[assignment.user]
        to = {"user": {"id": user.id, "username": user.username, "name": user.name}}
    else:
        group = store.groups[assignment.group or ""]
        to = {"group": {"id": group.id, "name": group.name}}
    return {
        "id": assignment.entity_id,
        "credential": {"entityId": credential.entity_id, "name": credential.fields["name"]},
        **to,
        "assigned_by": by,
        "assigned_on": format_time(assignment.assigned_on),
        "status": "completed" if assignment.due is None else "pending",
    }


def _accepted(successful: list[Any], failed: list[Any], **more: str) -> Response:
    result = {"successful_assignments": successful, "failed_assignments": failed, **more}
    status = {"success": True, "description": "Created"}
    return Response(200, encode({"status": status, "result": result}), JSON)
