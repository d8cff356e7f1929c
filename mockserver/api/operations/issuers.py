"""Issuers: list, create, retrieve, update, delete; the people who sign for them."""

from dataclasses import replace
from typing import Any

from mockserver.api.operations.work import Work
from mockserver.errors import Conflict, NotFound
from mockserver.messages import JSON, Reply, encode
from mockserver.rendering.records import (
    bare,
    base_address,
    issuer_pieces,
    one,
    paged,
    signatory_pieces,
)
from mockserver.world.query import paginate, read_page_size, read_window
from mockserver.world.store import Issuer, Signatory


def credentials_orgs_users_issuers_retrieve(work: Work) -> Reply:
    """List the issuers of the platform by name, by page or by limit and offset."""
    store, query = work.sandbox.store, work.call.query
    bounds = work.operation.parameter("page_size").schema
    default, maximum = bounds["default"], bounds["maximum"]
    term = query.get("q", "").casefold()
    found = [i for i in store.issuers_of(work.platform.key) if term in i.name.casefold()]
    page = read_window(query, len(found), default, maximum) or paginate(
        len(found), query.get("page"), read_page_size(query.get("page_size"), default, maximum)
    )
    items = (issuer_pieces(store, each) for each in found[page.start : page.stop])
    return paged(work.call, page, items, maximum)


def credentials_orgs_users_issuers_create(work: Work) -> Reply:
    """Create an issuer on the platform."""
    body = work.read_body()
    entity_id = work.sandbox.new_entity_id()
    empty = Issuer(entity_id, work.platform.key, "", "", None, None, None, None, ())
    issuer, store = _with_fields(empty, body), work.sandbox.store
    pieces = issuer_pieces(store, issuer)
    store.issuers[issuer.entity_id] = issuer
    return one("Created", pieces, base_address(work.call))


def credentials_orgs_users_issuers_retrieve_2(work: Work) -> Reply:
    """Retrieve an issuer by its entityId, or the first one of the platform with this key."""
    return _in_array(work, _find(work))


def credentials_orgs_users_issuers_update(work: Work) -> Reply:
    """Change the fields that were sent and leave the others."""
    old = _find(work)
    issuer = _with_fields(old, work.read_body(partial=True))
    reply = _in_array(work, issuer)
    work.sandbox.store.issuers[issuer.entity_id] = issuer
    return reply


def credentials_orgs_users_issuers_destroy(work: Work) -> Reply:
    """Delete an issuer that no credential is issued in the name of."""
    issuer, store = _find(work), work.sandbox.store
    if any(each.issuer == issuer.entity_id for each in store.credentials.values()):
        raise Conflict("This issuer has credentials and cannot be deleted.")
    del store.issuers[issuer.entity_id]
    return Reply(200, encode({"status": {"success": True, "description": "Deleted"}}), JSON)


def credentials_orgs_users_issuers_authority_create(work: Work) -> Reply:
    """Add a signatory to what the body names: a credential, or an issuer; else the platform's."""
    body, store = work.read_body(), work.sandbox.store
    signatory = Signatory(
        work.sandbox.new_entity_id(), body["name"], body["title"], body["signature"]
    )
    if body.get("credential") is not None:
        credential = store.credentials[body["credential"]]
        signatories = (*credential.signatories, signatory)
        store.put_credential(replace(credential, signatories=signatories))
    else:
        name = body.get("entityId") or work.platform.key
        issuer = store.find_issuer(work.platform.key, name)
        if issuer is None:
            raise NotFound.of("Issuer")
        signatories = (*issuer.signatories, signatory)
        store.issuers[issuer.entity_id] = replace(issuer, signatories=signatories)
    return bare(work.call, signatory_pieces(signatory))


def _find(work: Work) -> Issuer:
    issuer = work.sandbox.store.find_issuer(work.platform.key, work.path_values["entity_id"])
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


def _in_array(work: Work, issuer: Issuer) -> Reply:
    item = base_address(work.call).join(issuer_pieces(work.sandbox.store, issuer))
    return Reply(200, b"[" + item + b"]", JSON)
