"""Transactions: whatever is changed, the indexes are those of the records that are left."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.world.export import export_world
from mockserver.world.fields import freeze
from mockserver.world.issuing import has_due_assignments, issue, run_assignments
from mockserver.world.loader import load_world
from mockserver.world.records import Assignment
from mockserver.world.store import Store
from mockserver.world.transaction import Transaction
from tests.conftest import NOW
from tests.support.world import DOCUMENT

WORLD = load_world(DOCUMENT)
VERBS = ("create", "hide", "unlink", "issue", "revoke", "assign", "unassign", "run", "remove")


def indexes(store: Store) -> dict[str, Any]:
    """Return what finds the records of a store, by their names."""
    return {
        "listings": {
            platform: (
                [each.entity_id for each in listing.all],
                {k: [each.entity_id for each in v] for k, v in listing.by_course.items() if v},
                {k: [each.entity_id for each in v] for k, v in listing.by_program.items() if v},
            )
            for platform, listing in store.listings.items()
            if listing.all
        },
        "of": {k: [each.entity_id for each in v] for k, v in store.assertions_of.items()},
        "held": {k: [each.entity_id for each in v] for k, v in store.assertions_held_by.items()},
        "pending": dict(store.pending),
    }


def change(transaction: Transaction, verb: str, source: random.Random) -> None:
    """Change a record that chance names."""
    store = transaction.store
    by_id = sorted(store.credentials)
    if not by_id:
        return
    credential = store.credentials[source.choice(by_id)]
    users = [user for user in store.users.values() if user.platform == credential.platform]
    assertions = [store.assertions[key] for key in sorted(store.assertions)]
    match verb:
        case "create":
            new = {"entity_id": transaction.new_entity_id()}
            sequence = transaction.next_sequence()
            transaction.put_credential(
                replace(credential, **new, created_at=NOW, sequence=sequence)
            )
        case "hide":
            transaction.put_credential(replace(credential, public=not credential.public))
        case "unlink":
            fields = freeze({**credential.fields, "courses": (), "programs": ()})
            transaction.put_credential(replace(credential, fields=fields))
        case "issue":
            issue(transaction, credential, source.choice(users), NOW)
        case "revoke" if assertions:
            assertion = source.choice(assertions)
            transaction.put_assertion(replace(assertion, revoked=not assertion.revoked))
        case "assign":
            groups = [g for g in store.groups.values() if g.platform == credential.platform]
            transaction.put_assignment(
                Assignment(
                    entity_id=transaction.new_entity_id(),
                    sequence=transaction.next_sequence(),
                    credential=credential.entity_id,
                    assigned_by=None,
                    assigned_on=NOW,
                    group=source.choice(groups).id,
                    due=NOW + timedelta(hours=source.randrange(-5, 5)),
                )
            )
        case "unassign" if store.assignments:
            transaction.remove_assignment(source.choice(store.list_assignments()))
        case "run":
            assert bool(run_assignments(transaction, NOW, everything=False)) == (
                has_due_assignments(store, NOW)
            )
        case "remove":
            transaction.remove_credential(credential)


@settings(deadline=None)
@given(st.lists(st.sampled_from(VERBS), max_size=30), st.integers())
def test_indexes_follow_the_records(verbs: list[str], seed: int) -> None:
    """Changed step by step, a store has the indexes of a store that was loaded at once."""
    before = indexes(WORLD)
    source = random.Random(seed)
    transaction = Transaction(WORLD, source)
    for verb in verbs:
        change(transaction, verb, source)
    document = export_world(transaction.store)
    loaded = load_world(document)
    assert indexes(transaction.store) == indexes(loaded)
    assert export_world(loaded) == document
    assert indexes(WORLD) == before


def test_a_new_number_is_after_every_record() -> None:
    """The order of creation goes on where the loaded records end."""
    transaction = Transaction(WORLD, random.Random(1))
    for records in (WORLD.credentials, WORLD.assertions, WORLD.assignments):
        assert transaction.next_sequence() > max(each.sequence for each in records.values())


def test_an_issuer_that_is_not_there_is_not_removed() -> None:
    """Removing an issuer twice is the same as once."""
    transaction = Transaction(WORLD, random.Random(1))
    issuer = next(iter(WORLD.issuers.values()))
    transaction.remove_issuer(issuer)
    transaction.remove_issuer(issuer)
    assert issuer.entity_id not in transaction.store.issuers
    assert issuer.entity_id in WORLD.issuers


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_ids(seed: int) -> None:
    """New ids depend on the seed alone, and none is taken."""
    first, second = (Transaction(WORLD, random.Random(seed)) for _ in range(2))
    made = [first.new_entity_id() for _ in range(5)]
    assert made == [second.new_entity_id() for _ in range(5)]
    assert len(set(made)) == 5
    assert not any(entity_id in WORLD.credentials for entity_id in made)
