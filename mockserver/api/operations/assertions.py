"""Assertions: who holds what; issue, revoke, and look up without a key."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from mockserver.api.context import PublicContext, RequestContext, WriteContext
from mockserver.api.operations.credentials import find_credential
from mockserver.errors import NotFound, PermissionDenied, ValidationError
from mockserver.framework.fields import NON_FIELD_ERRORS, REQUIRED
from mockserver.framework.pagination import Page, newest_first, paginate
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.pages import render_bare_item, render_bare_page
from mockserver.world.fields import freeze
from mockserver.world.issuing import issue
from mockserver.world.records import MAIN_TENANT, Assertion, Credential, User

ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "course": "courses",
        "catalog_item": "catalog_items",
        "program": "programs",
        "pathway": "pathways",
    }
)
"""What an assertion may be issued for, each with the field of a credential that lists it."""


def credentials_orgs_users_assertions_retrieve(context: RequestContext) -> Response:
    """List what the user of the path holds, newest first; a learner asks for their own only."""
    if not context.caller.sees_assertions_of(context.user.id):
        raise PermissionDenied
    query, store = context.operation.read_query(context.request), context.store
    found = [
        assertion
        for assertion in store.assertions_held_by.get(context.user.id, ())
        if (query["include_revoked"] or not assertion.revoked)
        and (query["include_expired"] or not assertion.expired(context.now))
        and ("course" not in query or assertion.fields["course"] == query["course"])
        and not (
            query["exclude_main_tenant_assertions"]
            and store.credentials[assertion.credential].platform == MAIN_TENANT
        )
    ]
    page = paginate(len(found), str(query["page"]), query["page_size"])
    return _render_page(context, found, page)


def credentials_orgs_users_assertions_retrieve_2(context: RequestContext) -> Response:
    """Retrieve an assertion of the platform; to a learner only their own exist."""
    return _respond(context, _find_assertion(context))


def credentials_orgs_users_assertions_update(context: WriteContext) -> Response:
    """Revoke an assertion with a reason, or take that back."""
    old = _find_assertion(context)
    body = context.read_body(partial=True)
    revoked = body.get("revoked", old.revoked)
    reason = body.get("revocationReason", old.fields["revocationReason"]) if revoked else None
    if revoked and not reason:
        raise ValidationError({"revocationReason": [REQUIRED]})
    fields = freeze({**old.fields, "revocationReason": reason})
    assertion = replace(old, revoked=revoked, fields=fields)
    context.transaction.put_assertion(assertion)
    return _respond(context, assertion)


def credentials_orgs_users_assertions_retrieve_3(context: RequestContext) -> Response:
    """List the assertions of a credential, newest first; a learner sees their own."""
    credential = find_credential(context)
    found = [
        assertion
        for assertion in context.store.assertions_of.get(credential.entity_id, ())
        if context.caller.sees_assertions_of(assertion.recipient)
    ]
    return _render_page(context, found, context.read_page(len(found)))


def credentials_orgs_users_assertions_create(context: WriteContext) -> Response:
    """Issue a credential to the user whom the body names."""
    credential = find_credential(context)
    body = context.read_body()
    check_item(credential, body)
    recipient = _get_user(context, body["recipient"]["identity"])
    return _respond(context, _issue(context, credential, recipient, body))


def credentials_orgs_users_assertions_bulk_create(context: WriteContext) -> Response:
    """Issue a credential to all named users except those who hold it already."""
    credential = find_credential(context)
    body = context.read_body()
    check_item(credential, body)
    result: dict[str, list[str]] = {"skipped": [], "issued": []}
    for username in body["users"]:
        user = _get_user(context, username)
        if context.store.holds(user, credential, context.now):
            result["skipped"].append(username)
        else:
            _issue(context, credential, user, body)
            result["issued"].append(username)
    return Response(200, encode(result), JSON)


def credentials_public_assertions_retrieve(context: PublicContext) -> Response:
    """Retrieve an assertion; 404 without a body if unknown, with the reason if revoked."""
    assertion = context.store.assertions.get(context.path_values["entity_id"])
    if assertion is None:
        return Response(404)
    if assertion.revoked:
        refusal = {
            "detail": "This assertion has been revoked.",
            "revocationReason": assertion.fields["revocationReason"],
        }
        return Response(404, encode(refusal), JSON)
    return _respond(context, assertion)


def check_item(credential: Credential, body: Mapping[str, Any]) -> None:
    """Raise ValidationError unless a body names one item that the credential is attached to.

    FACTS.md, S3; the texts are our choice.
    """
    sent = [name for name in ITEMS if body.get(name) is not None]
    if len(sent) != 1:
        text = f"Exactly one of {', '.join(ITEMS)} is required."
        raise ValidationError({NON_FIELD_ERRORS: [text]})
    name = sent[0]
    if body[name] not in credential.fields[ITEMS[name]]:
        text = f"The credential is not attached to this {name.replace('_', ' ')}."
        raise ValidationError({name: [text]})


def _respond(context: PublicContext, assertion: Assertion) -> Response:
    pieces = context.renderer.render_assertion(context.store, assertion)
    return render_bare_item(context.request, pieces)


def _find_assertion(context: RequestContext) -> Assertion:
    """Return the assertion of the path, if it exists for the caller; raises NotFound."""
    store = context.store
    assertion = store.assertions.get(context.path_values["entity_id"])
    if (
        assertion is None
        or store.credentials[assertion.credential].platform != context.platform.key
        or not context.caller.sees_assertions_of(assertion.recipient)
    ):
        raise NotFound.of("Assertion")
    return assertion


def _get_user(context: RequestContext, username: str) -> User:
    """Return the user of the platform with a username, which the body's fields have checked."""
    return context.store.users[context.store.user_ids[context.platform.key, username]]


def _issue(
    context: WriteContext, credential: Credential, user: User, body: Mapping[str, Any]
) -> Assertion:
    """Issue a credential now, with the details that the body has."""
    details = {name: body[name] for name in (*ITEMS, "metadata") if name in body}
    return issue(context.transaction, credential, user, context.now, details)


def _render_page(context: RequestContext, found: list[Assertion], page: Page) -> Response:
    items = (
        context.renderer.render_assertion(context.store, assertion)
        for assertion in newest_first(found, page)
    )
    return render_bare_page(context.request, page, items, context.maximum_page_size)
