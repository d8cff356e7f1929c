"""Assertions: who holds what; issue, revoke, and look up without a key."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.api.context import PublicContext, RequestContext
from mockserver.api.operations.credentials import find_credential
from mockserver.api.operations.issuing import issue
from mockserver.errors import NotFound, PermissionDenied, ValidationError
from mockserver.framework.fields import NON_FIELD_ERRORS, REQUIRED
from mockserver.framework.pagination import newest_first, paginate, read_page_size
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.records import assertion_pieces, bare, bare_page
from mockserver.world.records import Assertion, Credential, User

MAIN_TENANT = "main"
"""The key of the platform that `exclude_main_tenant_assertions` speaks of."""
ORIGINS = ("course", "catalog_item", "program", "pathway")


def credentials_orgs_users_assertions_retrieve(context: RequestContext) -> Response:
    """List what the user of the path holds, newest first; a learner asks for their own only."""
    if not context.caller.sees_assertions_of(context.user.id):
        raise PermissionDenied
    query, store = context.operation.read_query(context.request), context.sandbox.store
    now = context.sandbox.clock.now()
    found = [
        each
        for each in store.assertions_held_by.get(context.user.id, ())
        if (query["include_revoked"] or not each.revoked)
        and (query["include_expired"] or not each.expired(now))
        and ("course" not in query or each.fields["course"] == query["course"])
        and not (
            query["exclude_main_tenant_assertions"]
            and store.credentials[each.credential].platform == MAIN_TENANT
        )
    ]
    return _page(context, found, str(query["page"]), query["page_size"])


def credentials_orgs_users_assertions_retrieve_2(context: RequestContext) -> Response:
    """Retrieve an assertion of the platform; to a learner only their own exist."""
    return bare(context.request, assertion_pieces(context.sandbox.store, _find(context)))


def credentials_orgs_users_assertions_update(context: RequestContext) -> Response:
    """Revoke an assertion with a reason, or take that back."""
    old, store = _find(context), context.sandbox.store
    body = context.read_body(partial=True)
    revoked = body.get("revoked", old.revoked)
    reason = body.get("revocationReason", old.fields["revocationReason"]) if revoked else None
    if revoked and not reason:
        raise ValidationError({"revocationReason": [REQUIRED]})
    assertion = replace(old, revoked=revoked, fields={**old.fields, "revocationReason": reason})
    store.put_assertion(assertion)
    return bare(context.request, assertion_pieces(store, assertion))


def credentials_orgs_users_assertions_retrieve_3(context: RequestContext) -> Response:
    """List the assertions of a credential, newest first; a learner sees their own."""
    credential, query = find_credential(context), context.request.query
    bounds = context.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    found = [
        each
        for each in context.sandbox.store.assertions_of.get(credential.entity_id, ())
        if context.caller.sees_assertions_of(each.recipient)
    ]
    return _page(context, found, query.get("page"), size)


def credentials_orgs_users_assertions_create(context: RequestContext) -> Response:
    """Issue a credential to the user whom the body names."""
    credential = find_credential(context)
    body = context.read_body()
    check_origin(body)
    recipient = _user(context, body["recipient"]["identity"])
    assertion = _issue(context, credential, recipient, body)
    return bare(context.request, assertion_pieces(context.sandbox.store, assertion))


def credentials_orgs_users_assertions_bulk_create(context: RequestContext) -> Response:
    """Issue a credential to all named users but those who hold it already."""
    credential = find_credential(context)
    body = context.read_body()
    check_origin(body)
    store, now = context.sandbox.store, context.sandbox.clock.now()
    result: dict[str, list[str]] = {"skipped": [], "issued": []}
    for username in body["users"]:
        user = _user(context, username)
        if store.holds(user, credential, now):
            result["skipped"].append(username)
        else:
            _issue(context, credential, user, body)
            result["issued"].append(username)
    return Response(200, encode(result), JSON)


def credentials_public_assertions_retrieve(context: PublicContext) -> Response:
    """Show an assertion to anybody; 404 without a body if unknown, with the reason if revoked."""
    store = context.sandbox.store
    assertion = store.assertions.get(context.path_values["entity_id"])
    if assertion is None:
        return Response(404)
    if assertion.revoked:
        refusal = {
            "detail": "This assertion has been revoked.",
            "revocationReason": assertion.fields["revocationReason"],
        }
        return Response(404, encode(refusal), JSON)
    return bare(context.request, assertion_pieces(store, assertion))


def check_origin(body: Mapping[str, Any]) -> None:
    """Raise ValidationError where more than one thing is said to have earned an assertion."""
    sent = [name for name in ORIGINS if body.get(name) is not None]
    if len(sent) > 1:
        text = f"Only one of {', '.join(ORIGINS)} may be set."
        raise ValidationError({NON_FIELD_ERRORS: [text]})


def _find(context: RequestContext) -> Assertion:
    store = context.sandbox.store
    assertion = store.assertions.get(context.path_values["entity_id"])
    if (
        assertion is None
        or store.credentials[assertion.credential].platform != context.platform.key
        or not context.caller.sees_assertions_of(assertion.recipient)
    ):
        raise NotFound.of("Assertion")
    return assertion


def _user(context: RequestContext, username: str) -> User:
    store = context.sandbox.store
    return store.users[store.user_ids[context.platform.key, username]]


def _issue(
    context: RequestContext, credential: Credential, user: User, body: Mapping[str, Any]
) -> Assertion:
    """Issue a credential now, with what the body says of it."""
    said = {name: body[name] for name in (*ORIGINS, "metadata") if name in body}
    return issue(context.sandbox, credential, user, context.sandbox.clock.now(), said)


def _page(
    context: RequestContext, found: list[Assertion], number: str | None, size: int
) -> Response:
    page = paginate(len(found), number, size)
    store = context.sandbox.store
    items = (assertion_pieces(store, each) for each in newest_first(found, page))
    return bare_page(
        context.request, page, items, context.operation.parameter("page_size").schema["maximum"]
    )
