"""Issuers: list, create, retrieve, update, delete; the people who sign for them."""

from dataclasses import replace
from typing import Any

from mockserver.api.context import RequestContext
from mockserver.errors import Conflict, NotFound
from mockserver.framework.pagination import paginate, read_page_size, read_window
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.records import (
    bare,
    base_address,
    issuer_pieces,
    one,
    paged,
    signatory_pieces,
)
from mockserver.world.records import Issuer, Signatory


def credentials_orgs_users_issuers_retrieve(context: RequestContext) -> Response:
    """List the issuers of the platform by name, by page or by limit and offset."""
    store, query = context.sandbox.store, context.request.query
    bounds = context.operation.parameter("page_size").schema
    default, maximum = bounds["default"], bounds["maximum"]
    term = query.get("q", "").casefold()
    found = [i for i in store.issuers_of(context.platform.key) if term in i.name.casefold()]
    page = read_window(query, len(found), default, maximum) or paginate(
        len(found), query.get("page"), read_page_size(query.get("page_size"), default, maximum)
    )
    items = (issuer_pieces(store, each) for each in found[page.start : page.stop])
    return paged(context.request, page, items, maximum)


def credentials_orgs_users_issuers_create(context: RequestContext) -> Response:
    """Create an issuer on the platform."""
    body = context.read_body()
    entity_id = context.sandbox.new_entity_id()
    empty = Issuer(entity_id, context.platform.key, "", "", None, None, None, None, ())
    issuer, store = _with_fields(empty, body), context.sandbox.store
    pieces = issuer_pieces(store, issuer)
    store.issuers[issuer.entity_id] = issuer
    return one("Created", pieces, base_address(context.request))


def credentials_orgs_users_issuers_retrieve_2(context: RequestContext) -> Response:
    """Retrieve an issuer by its entityId, or the first one of the platform with this key."""
    return _in_array(context, _find(context))


def credentials_orgs_users_issuers_update(context: RequestContext) -> Response:
    """Change the fields that were sent and leave the others."""
    old = _find(context)
    issuer = _with_fields(old, context.read_body(partial=True))
    response = _in_array(context, issuer)
    context.sandbox.store.issuers[issuer.entity_id] = issuer
    return response


def credentials_orgs_users_issuers_destroy(context: RequestContext) -> Response:
    """Delete an issuer that no credential is issued in the name of."""
    issuer, store = _find(context), context.sandbox.store
    if any(each.issuer == issuer.entity_id for each in store.credentials.values()):
        raise Conflict("This issuer has credentials and cannot be deleted.")
    del store.issuers[issuer.entity_id]
    return Response(200, encode({"status": {"success": True, "description": "Deleted"}}), JSON)


def credentials_orgs_users_issuers_authority_create(context: RequestContext) -> Response:
    """Add a signatory to what the body names: a credential, or an issuer; else the platform's."""
    body, store = context.read_body(), context.sandbox.store
    signatory = Signatory(
        context.sandbox.new_entity_id(), body["name"], body["title"], body["signature"]
    )
    if body.get("credential") is not None:
        credential = store.credentials[body["credential"]]
        signatories = (*credential.signatories, signatory)
        store.put_credential(replace(credential, signatories=signatories))
    else:
        name = body.get("entityId") or context.platform.key
        issuer = store.find_issuer(context.platform.key, name)
        if issuer is None:
            raise NotFound.of("Issuer")
        signatories = (*issuer.signatories, signatory)
        store.issuers[issuer.entity_id] = replace(issuer, signatories=signatories)
    return bare(context.request, signatory_pieces(signatory))


def _find(context: RequestContext) -> Issuer:
    issuer = context.sandbox.store.find_issuer(
        context.platform.key, context.path_values["entity_id"]
    )
    if issuer is None:
        raise NotFound.of("Issuer")
    return issuer


def _with_fields(issuer: Issuer, body: dict[str, Any]) -> Issuer:
    """Return an issuer with the body's values laid over its own."""
    changes: dict[str, Any] = {name: body[name] for name in ("name", "email") if name in body}
    if "url" in body:
        changes["url"] = body["url"] or ""
    if "iconImage" in body:
        changes |= {"icon_image": body["iconImage"], "icon_image_id": None}
    if "allowed_template_tags" in body:
        tags = body["allowed_template_tags"]
        changes["allowed_template_tags"] = None if tags is None else tuple(tags)
    return replace(issuer, **changes)


def _in_array(context: RequestContext, issuer: Issuer) -> Response:
    item = base_address(context.request).join(issuer_pieces(context.sandbox.store, issuer))
    return Response(200, b"[" + item + b"]", JSON)
