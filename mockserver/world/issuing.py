"""Issuing: how a credential becomes an assertion, on request or by an assignment that is due."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mockserver.framework.times import format_time
from mockserver.world.fields import ASSERTION_DEFAULTS, freeze
from mockserver.world.periods import end_of
from mockserver.world.records import Assertion, Assignment, Credential, User
from mockserver.world.store import Store
from mockserver.world.transaction import Transaction


def issue(
    transaction: Transaction,
    credential: Credential,
    user: User,
    moment: datetime,
    details: Mapping[str, Any] | None = None,
) -> Assertion:
    """Store a new assertion of a moment; when it expires follows from the credential."""
    period = credential.fields["expires"]
    assertion = Assertion(
        entity_id=transaction.new_entity_id(),
        credential=credential.entity_id,
        recipient=user.id,
        issued_on=moment,
        sequence=transaction.next_sequence(),
        expires=end_of(moment, period["amount"], period["duration"]),
        revoked=False,
        fields=freeze({**ASSERTION_DEFAULTS, **(details or {})}),
    )
    transaction.put_assertion(assertion)
    return assertion


def issue_assigned(
    transaction: Transaction, assignment: Assignment, moment: datetime
) -> Assignment:
    """Store an assignment to a user with the assertion that it issues."""
    store = transaction.store
    credential, user = store.credentials[assignment.credential], store.users[assignment.user or 0]
    assigner = store.users[assignment.assigned_by or user.id]
    metadata = describe_assignment(assignment, assigner)
    issued = issue(transaction, credential, user, moment, {"metadata": metadata})
    complete = replace(assignment, assertions=(issued.entity_id,))
    transaction.put_assignment(complete)
    return complete


def describe_assignment(assignment: Assignment, assigner: User) -> dict[str, Any]:
    """Return the `metadata` of an assertion that an assignment issued (FACTS.md, S5)."""
    return {
        "org_id": assigner.platform,
        "assigned_at": format_time(assignment.assigned_on),
        "assigned_by": assigner.username,
        "assigned_by_id": assigner.id,
        "assignment_id": assignment.entity_id,
        "issuance_type": "group_assignment" if assignment.parent else "user_assignment",
    }


def has_due_assignments(store: Store, now: datetime) -> bool:
    """Tell whether an assignment to a group is due."""
    return any(due <= now for due in store.pending.values())


def run_assignments(transaction: Transaction, now: datetime, *, everything: bool) -> int:
    """Issue what assignments to groups are due, or all of them; return how many there were."""
    pending = transaction.store.pending.items()
    ready = [(entity_id, due) for entity_id, due in pending if everything or due <= now]
    for entity_id, due in ready:
        assignment = transaction.store.assignments[entity_id]
        _issue_to_group(transaction, assignment, min(due, now))
    return len(ready)


def _issue_to_group(transaction: Transaction, assignment: Assignment, moment: datetime) -> None:
    """Assign to the members of a group who do not hold the credential, as a bulk issue does."""
    store = transaction.store
    credential = store.credentials[assignment.credential]
    transaction.put_assignment(replace(assignment, due=None))
    for user_id in store.groups[assignment.group or ""].members:
        if transaction.store.holds(store.users[user_id], credential, moment):
            continue
        member = Assignment(
            entity_id=transaction.new_entity_id(),
            sequence=transaction.next_sequence(),
            credential=assignment.credential,
            assigned_by=assignment.assigned_by,
            assigned_on=moment,
            user=user_id,
            parent=assignment.entity_id,
        )
        issue_assigned(transaction, member, moment)
