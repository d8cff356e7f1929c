"""Issuing: how a credential becomes an assertion, on request or by an assignment that is due."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

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
    """Issue to the members of a group who do not hold the credential, as a bulk issue does."""
    store = transaction.store
    credential = store.credentials[assignment.credential]
    members = [store.users[user_id] for user_id in store.groups[assignment.group or ""].members]
    assertions = tuple(
        issue(transaction, credential, user, moment).entity_id
        for user in members
        if not transaction.store.holds(user, credential, moment)
    )
    transaction.put_assignment(replace(assignment, due=None, assertions=assertions))
