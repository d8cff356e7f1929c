"""Credentials: list, create, retrieve, update, delete."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.api.context import RequestContext, WriteContext
from mockserver.config import RELEASES
from mockserver.errors import Conflict, NotFound
from mockserver.framework.pagination import newest_first
from mockserver.messages import Response
from mockserver.rendering.pages import render_item, render_page, render_status
from mockserver.world.fields import (
    CREDENTIAL_DEFAULTS,
    IMAGE_FIELDS,
    build_searchable_text,
    freeze,
)
from mockserver.world.records import Credential


def credentials_orgs_users_retrieve(context: RequestContext) -> Response:
    """List the public credentials of the platform, newest first."""
    store, query = context.store, context.request.query
    filters = (query.get("search"), query.get("course"), query.get("program"))
    found = context.search.select(store.listing(context.platform.key), *filters)
    page = context.read_page(len(found))
    render = context.renderer.render_credential
    items = [render(store, credential) for credential in newest_first(found, page)]
    return render_page(context.request, page, items, context.maximum_page_size)


def credentials_orgs_users_create(context: WriteContext) -> Response:
    """Create a credential from the fields that were sent and the defaults of the others."""
    body = context.read_body()
    return _store(context, new_credential(context, body), "Created")


def credentials_orgs_users_retrieve_2(context: RequestContext) -> Response:
    """Retrieve a credential of the platform; a private one exists for admins only."""
    pieces = context.renderer.render_credential(context.store, find_credential(context))
    return render_item(context.request, pieces)


def credentials_orgs_users_update(context: WriteContext) -> Response:
    """Change the fields that were sent and leave the others."""
    old = find_credential(context)
    body = context.read_body(partial=True)
    return _store(context, update_credential(old, body), "Updated")


def credentials_orgs_users_destroy(context: WriteContext) -> Response:
    """Delete a credential without an active assertion; release 4.202 says so in a body."""
    credential = find_credential(context)
    assertions = context.store.assertions_of.get(credential.entity_id, ())
    if any(assertion.active(context.now) for assertion in assertions):
        raise Conflict("This credential has active assertions and cannot be deleted.")
    context.transaction.remove_credential(credential)
    if RELEASES.index(context.contract.release) < RELEASES.index("4.202"):
        return Response(204)
    return render_status("Deleted")


def new_credential(context: WriteContext, body: Mapping[str, Any]) -> Credential:
    """Return a new credential of the platform from a validated body; it is not stored."""
    fields = _replace_fields(dict(CREDENTIAL_DEFAULTS), body)
    return Credential(
        entity_id=context.transaction.new_entity_id(),
        platform=context.platform.key,
        issuer=body["issuer"],
        public=body.get("public", True),
        created_at=context.now,
        sequence=context.transaction.next_sequence(),
        fields=freeze(fields),
        searchable=build_searchable_text(fields),
    )


def update_credential(old: Credential, body: Mapping[str, Any]) -> Credential:
    """Return a credential with the values of a validated body; it is not stored."""
    fields, issuer = dict(old.fields), body.get("issuer", old.issuer)
    if issuer != old.issuer:  # whose signatories had been chosen
        fields.pop("signatories", None)
    fields = _replace_fields(fields, body)
    return replace(
        old,
        issuer=issuer,
        public=body.get("public", old.public),
        fields=freeze(fields),
        searchable=build_searchable_text(fields),
    )


def find_credential(context: RequestContext) -> Credential:
    """Return the credential of the path, if it exists for the caller; raises NotFound."""
    credential = context.store.credentials.get(context.path_values["entity_id"])
    if (
        credential is None
        or credential.platform != context.platform.key
        or not (credential.public or context.caller.sees_private())
    ):
        raise NotFound.of("Credential")
    return credential


def _replace_fields(fields: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Put the values of a body into fields; the parts of an object that were not sent stay."""
    for name, value in body.items():
        if name in ("issuer", "public"):  # which are attributes of the record
            continue
        if name == "expires" or (name == "metadata" and _are_objects(fields[name], value)):
            value = {**fields[name], **value}
        fields[name] = value
    for field, id_field in IMAGE_FIELDS.items():
        if body.get(id_field) is not None:
            fields[field] = None
        elif field in body or id_field in body:
            fields[id_field] = None
    return fields


def _are_objects(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _store(context: WriteContext, credential: Credential, description: str) -> Response:
    context.transaction.put_credential(credential)
    pieces = context.renderer.render_credential(context.store, credential)
    return render_item(context.request, pieces, description)
