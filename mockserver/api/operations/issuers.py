"""Issuers: list, create, retrieve, update, delete; the people who sign for them."""

from dataclasses import replace
from typing import Any

from mockserver.api.context import RequestContext, WriteContext
from mockserver.errors import Conflict, NotFound
from mockserver.framework.pagination import read_window
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.pages import render_array, render_item, render_page, render_status
from mockserver.world.letters import to_upper
from mockserver.world.records import Issuer, Signatory


def credentials_orgs_users_issuers_retrieve(context: RequestContext) -> Response:
    """List the issuers of the platform by name, by page or by limit and offset."""
    store, query = context.store, context.request.query
    bounds = context.operation.parameter("page_size").schema
    term = to_upper(query.get("q", ""))
    issuers = store.list_issuers(context.platform.key)
    found = [issuer for issuer in issuers if term in to_upper(issuer.name)]
    window = read_window(query, len(found), bounds["default"], bounds["maximum"])
    page = window or context.read_page(len(found))
    render = context.renderer.render_issuer
    items = (render(store, issuer) for issuer in found[page.start : page.stop])
    return render_page(context.request, page, items, context.maximum_page_size)


def credentials_orgs_users_issuers_create(context: WriteContext) -> Response:
    """Create an issuer on the platform."""
    body = context.read_body()
    entity_id = context.transaction.new_entity_id()
    empty = Issuer(entity_id, context.platform.key, "", "", None, None, None, None, ())
    issuer = _replace_fields(empty, body)
    context.transaction.put_issuer(issuer)
    pieces = context.renderer.render_issuer(context.store, issuer)
    return render_item(context.request, pieces, "Created")


def credentials_orgs_users_issuers_retrieve_2(context: RequestContext) -> Response:
    """Retrieve an issuer by its entityId, or the first one of the platform with this key."""
    return _respond_in_array(context, _find_issuer(context))


def credentials_orgs_users_issuers_update(context: WriteContext) -> Response:
    """Change the fields that were sent and leave the others."""
    old = _find_issuer(context)
    issuer = _replace_fields(old, context.read_body(partial=True))
    context.transaction.put_issuer(issuer)
    return _respond_in_array(context, issuer)


def credentials_orgs_users_issuers_destroy(context: WriteContext) -> Response:
    """Delete an issuer without credentials."""
    issuer, credentials = _find_issuer(context), context.store.credentials.values()
    if any(credential.issuer == issuer.entity_id for credential in credentials):
        raise Conflict("This issuer has credentials and cannot be deleted.")
    context.transaction.remove_issuer(issuer)
    return render_status("Deleted")


def credentials_orgs_users_issuers_authority_create(context: WriteContext) -> Response:
    """Add a signatory to what the body names: a credential, or an issuer; else the platform's."""
    body, transaction = context.read_body(), context.transaction
    entity_id = transaction.new_entity_id()
    signatory = Signatory(entity_id, body["name"], body["title"], body["signature"])
    if body.get("credential") is not None:
        credential = context.store.credentials[body["credential"]]
        signatories = (*credential.signatories, signatory)
        transaction.put_credential(replace(credential, signatories=signatories))
    else:
        name = body.get("entityId") or context.platform.key
        issuer = context.store.find_issuer(context.platform.key, name)
        if issuer is None:
            raise NotFound.of("Issuer")
        signatories = (*issuer.signatories, signatory)
        transaction.put_issuer(replace(issuer, signatories=signatories))
    data = {name: getattr(signatory, name) for name in ("name", "title", "signature")}
    return Response(200, encode({"data": data}), JSON)


def _find_issuer(context: RequestContext) -> Issuer:
    """Return the issuer of the path; raises NotFound."""
    name = context.path_values["entity_id"]
    issuer = context.store.find_issuer(context.platform.key, name)
    if issuer is None:
        raise NotFound.of("Issuer")
    return issuer


def _replace_fields(issuer: Issuer, body: dict[str, Any]) -> Issuer:
    """Return an issuer with the values of a validated body."""
    changes: dict[str, Any] = {name: body[name] for name in ("name", "email") if name in body}
    if "url" in body:
        changes["url"] = body["url"] or ""
    if "iconImage" in body:
        changes |= {"icon_image": body["iconImage"], "icon_image_id": None}
    if "allowed_template_tags" in body:
        tags = body["allowed_template_tags"]
        changes["allowed_template_tags"] = None if tags is None else tuple(tags)
    return replace(issuer, **changes)


def _respond_in_array(context: RequestContext, issuer: Issuer) -> Response:
    return render_array(context.request, [context.renderer.render_issuer(context.store, issuer)])
