"""Credentials: list, create, retrieve, update, delete."""

from collections.abc import Mapping
from typing import Any

from mockserver.api.context import RequestContext
from mockserver.errors import Conflict, NotFound
from mockserver.framework.pagination import newest_first, paginate, read_page_size
from mockserver.messages import Response
from mockserver.rendering.records import base_address, credential_pieces, one, paged
from mockserver.world.document import EMPTY_FIELDS, IMAGE_FIELDS, searchable
from mockserver.world.records import Credential
from mockserver.world.search import select_credentials


def credentials_orgs_users_retrieve(context: RequestContext) -> Response:
    """List the public credentials of the platform, newest first."""
    store, query = context.sandbox.store, context.request.query
    bounds = context.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    filters = (query.get("search"), query.get("course"), query.get("program"))
    records = select_credentials(store.listing(context.platform.key), *filters)
    page = paginate(len(records), query.get("page"), size)
    items = (credential_pieces(store, each) for each in newest_first(records, page))
    return paged(context.request, page, items, bounds["maximum"])


def credentials_orgs_users_create(context: RequestContext) -> Response:
    """Create a credential from the fields that were sent and the defaults of the others."""
    body = context.read_body()
    return _store(context, fresh(context, body), "Created")


def credentials_orgs_users_retrieve_2(context: RequestContext) -> Response:
    """Retrieve a credential of the platform; a private one exists for admins only."""
    credential = find_credential(context)
    pieces = credential_pieces(context.sandbox.store, credential)
    return one("Ok", pieces, base_address(context.request))


def credentials_orgs_users_update(context: RequestContext) -> Response:
    """Change the fields that were sent and leave the others."""
    old = find_credential(context)
    body = context.read_body(partial=True)
    return _store(context, changed(old, body), "Updated")


def credentials_orgs_users_destroy(context: RequestContext) -> Response:
    """Delete a credential that nobody holds an active assertion of."""
    credential, store = find_credential(context), context.sandbox.store
    now = context.sandbox.clock.now()
    if any(
        assertion.active(now) for assertion in store.assertions_of.get(credential.entity_id, ())
    ):
        raise Conflict("This credential has active assertions and cannot be deleted.")
    store.remove_credential(credential)
    return Response(204)


def fresh(context: RequestContext, body: Mapping[str, Any]) -> Credential:
    """Return a new credential of the platform from a validated body."""
    sandbox = context.sandbox
    return _with_fields(
        dict(EMPTY_FIELDS),
        body,
        entity_id=sandbox.new_entity_id(),
        platform=context.platform.key,
        issuer="",
        public=True,
        created_at=sandbox.clock.now(),
        sequence=sandbox.next_sequence(),
    )


def changed(old: Credential, body: Mapping[str, Any]) -> Credential:
    """Return a credential with the validated body's values in the place of its own."""
    return _with_fields(
        dict(old.fields),
        body,
        entity_id=old.entity_id,
        platform=old.platform,
        issuer=old.issuer,
        public=old.public,
        created_at=old.created_at,
        sequence=old.sequence,
        signatories=old.signatories,
    )


def find_credential(context: RequestContext) -> Credential:
    """Return the credential of the path, if it exists for the caller; raises NotFound."""
    credential = context.sandbox.store.credentials.get(context.path_values["entity_id"])
    if (
        credential is None
        or credential.platform != context.platform.key
        or not (credential.public or context.caller.sees_private())
    ):
        raise NotFound.of("Credential")
    return credential


def _with_fields(fields: dict[str, Any], body: Mapping[str, Any], **rest: Any) -> Credential:
    """Return a credential with the body's values laid over its fields."""
    if "issuer" in body and body["issuer"] != rest["issuer"]:
        rest["issuer"] = body["issuer"]
        fields.pop("signatories", None)
    rest["public"] = body.get("public", rest["public"])
    for name, value in body.items():
        if name in ("issuer", "public"):
            continue
        if name == "expires" or (name == "metadata" and _are_objects(fields[name], value)):
            value = {**fields[name], **value}
        fields[name] = value
    for field, id_field in IMAGE_FIELDS.items():
        if body.get(id_field) is not None:
            fields[field] = None
        elif field in body or id_field in body:
            fields[id_field] = None
    return Credential(fields=fields, searchable=searchable(fields), **rest)


def _are_objects(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _store(context: RequestContext, credential: Credential, description: str) -> Response:
    store = context.sandbox.store
    pieces = credential_pieces(store, credential)
    store.put_credential(credential)
    return one(description, pieces, base_address(context.request))
