"""Issuing: how a credential becomes an assertion, whoever asks for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mockserver.periods import end_of
from mockserver.sandbox import Sandbox
from mockserver.store import Assertion, Credential, User


def issue(
    sandbox: Sandbox,
    credential: Credential,
    user: User,
    moment: datetime,
    said: Mapping[str, Any] | None = None,
) -> Assertion:
    """Store a new assertion; when it expires follows from the credential."""
    period = credential.fields["expires"]
    assertion = Assertion(
        sandbox.new_entity_id(),
        credential.entity_id,
        user.id,
        moment,
        end_of(moment, period["amount"], period["duration"]),
        False,
        {"revocationReason": None, **(said or {})},
    )
    sandbox.store.add_assertion(assertion)
    return assertion
