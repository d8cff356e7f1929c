"""Assertions: who holds what; issue, revoke, and look up without a key."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.api.operations.credentials import find_credential
from mockserver.api.operations.issuing import issue
from mockserver.api.operations.work import Visit, Work
from mockserver.errors import NotFound, PermissionDenied, ValidationError
from mockserver.framework.fields import NON_FIELD_ERRORS, REQUIRED
from mockserver.messages import JSON, Reply, encode
from mockserver.rendering.records import assertion_pieces, bare, bare_page
from mockserver.world.query import newest_first, paginate, read_page_size
from mockserver.world.store import Assertion, Credential, User

MAIN_TENANT = "main"
"""The key of the platform that `exclude_main_tenant_assertions` speaks of."""
ORIGINS = ("course", "catalog_item", "program", "pathway")


def credentials_orgs_users_assertions_retrieve(work: Work) -> Reply:
    """List what the user of the path holds, newest first; a learner asks for their own only."""
    if not work.caller.sees_assertions_of(work.user.id):
        raise PermissionDenied
    query, store = work.operation.read_query(work.call), work.sandbox.store
    now = work.sandbox.clock.now()
    found = [
        each
        for each in store.assertions_held_by.get(work.user.id, ())
        if (query["include_revoked"] or not each.revoked)
        and (query["include_expired"] or not each.expired(now))
        and ("course" not in query or each.fields["course"] == query["course"])
        and not (
            query["exclude_main_tenant_assertions"]
            and store.credentials[each.credential].platform == MAIN_TENANT
        )
    ]
    return _page(work, found, str(query["page"]), query["page_size"])


def credentials_orgs_users_assertions_retrieve_2(work: Work) -> Reply:
    """Retrieve an assertion of the platform; to a learner only their own exist."""
    return bare(work.call, assertion_pieces(work.sandbox.store, _find(work)))


def credentials_orgs_users_assertions_update(work: Work) -> Reply:
    """Revoke an assertion with a reason, or take that back."""
    old, store = _find(work), work.sandbox.store
    body = work.read_body(partial=True)
    revoked = body.get("revoked", old.revoked)
    reason = body.get("revocationReason", old.fields["revocationReason"]) if revoked else None
    if revoked and not reason:
        raise ValidationError({"revocationReason": [REQUIRED]})
    assertion = replace(old, revoked=revoked, fields={**old.fields, "revocationReason": reason})
    store.put_assertion(assertion)
    return bare(work.call, assertion_pieces(store, assertion))


def credentials_orgs_users_assertions_retrieve_3(work: Work) -> Reply:
    """List the assertions of a credential, newest first; a learner sees their own."""
    credential, query = find_credential(work), work.call.query
    bounds = work.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    found = [
        each
        for each in work.sandbox.store.assertions_of.get(credential.entity_id, ())
        if work.caller.sees_assertions_of(each.recipient)
    ]
    return _page(work, found, query.get("page"), size)


def credentials_orgs_users_assertions_create(work: Work) -> Reply:
    """Issue a credential to the user whom the body names."""
    credential = find_credential(work)
    body = work.read_body()
    check_origin(body)
    recipient = _user(work, body["recipient"]["identity"])
    assertion = _issue(work, credential, recipient, body)
    return bare(work.call, assertion_pieces(work.sandbox.store, assertion))


def credentials_orgs_users_assertions_bulk_create(work: Work) -> Reply:
    """Issue a credential to all named users but those who hold it already."""
    credential = find_credential(work)
    body = work.read_body()
    check_origin(body)
    store, now = work.sandbox.store, work.sandbox.clock.now()
    result: dict[str, list[str]] = {"skipped": [], "issued": []}
    for username in body["users"]:
        user = _user(work, username)
        if store.holds(user, credential, now):
            result["skipped"].append(username)
        else:
            _issue(work, credential, user, body)
            result["issued"].append(username)
    return Reply(200, encode(result), JSON)


def credentials_public_assertions_retrieve(visit: Visit) -> Reply:
    """Show an assertion to anybody; 404 without a body if unknown, with the reason if revoked."""
    store = visit.sandbox.store
    assertion = store.assertions.get(visit.path_values["entity_id"])
    if assertion is None:
        return Reply(404)
    if assertion.revoked:
        refusal = {
            "detail": "This assertion has been revoked.",
            "revocationReason": assertion.fields["revocationReason"],
        }
        return Reply(404, encode(refusal), JSON)
    return bare(visit.call, assertion_pieces(store, assertion))


def check_origin(body: Mapping[str, Any]) -> None:
    """Raise ValidationError where more than one thing is said to have earned an assertion."""
    sent = [name for name in ORIGINS if body.get(name) is not None]
    if len(sent) > 1:
        text = f"Only one of {', '.join(ORIGINS)} may be set."
        raise ValidationError({NON_FIELD_ERRORS: [text]})


def _find(work: Work) -> Assertion:
    store = work.sandbox.store
    assertion = store.assertions.get(work.path_values["entity_id"])
    if (
        assertion is None
        or store.credentials[assertion.credential].platform != work.platform.key
        or not work.caller.sees_assertions_of(assertion.recipient)
    ):
        raise NotFound.of("Assertion")
    return assertion


def _user(work: Work, username: str) -> User:
    store = work.sandbox.store
    return store.users[store.user_ids[work.platform.key, username]]


def _issue(work: Work, credential: Credential, user: User, body: Mapping[str, Any]) -> Assertion:
    """Issue a credential now, with what the body says of it."""
    said = {name: body[name] for name in (*ORIGINS, "metadata") if name in body}
    return issue(work.sandbox, credential, user, work.sandbox.clock.now(), said)


def _page(work: Work, found: list[Assertion], number: str | None, size: int) -> Reply:
    page = paginate(len(found), number, size)
    store = work.sandbox.store
    items = (assertion_pieces(store, each) for each in newest_first(found, page))
    return bare_page(
        work.call, page, items, work.operation.parameter("page_size").schema["maximum"]
    )
