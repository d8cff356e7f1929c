"""Issuing: how a credential becomes an assertion, whoever asks for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.document import EMPTY_ASSERTION_FIELDS
from mockserver.world.periods import end_of
from mockserver.world.records import Assertion, Credential, User


def issue(
    sandbox: Sandbox,
    credential: Credential,
    user: User,
    moment: datetime,
    said: Mapping[str, Any] | None = None,
) -> Assertion:
    """Store a new assertion of a moment; when it expires follows from the credential."""
    period = credential.fields["expires"]
    assertion = Assertion(
        sandbox.new_entity_id(),
        credential.entity_id,
        user.id,
        moment,
        sandbox.next_sequence(),
        end_of(moment, period["amount"], period["duration"]),
        False,
        {**EMPTY_ASSERTION_FIELDS, **(said or {})},
    )
    sandbox.store.put_assertion(assertion)
    return assertion
