"""Issuers: list, create, retrieve."""

from mockserver.errors import NotFound
from mockserver.messages import Reply
from mockserver.operations.work import Work
from mockserver.query import paginate, read_page_size
from mockserver.representation import bare_array, base_address, issuer_pieces, one, paged
from mockserver.store import Issuer


def credentials_orgs_users_issuers_retrieve(work: Work) -> Reply:
    """List the issuers of the platform by name."""
    store, query = work.sandbox.store, work.call.query
    bounds = work.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    term = query.get("q", "").casefold()
    found = [i for i in store.issuers_of(work.platform.key) if term in i.name.casefold()]
    page = paginate(len(found), query.get("page"), size)
    items = (issuer_pieces(store, each) for each in found[page.start : page.stop])
    return paged(work.call, page, items, bounds["maximum"])


def credentials_orgs_users_issuers_create(work: Work) -> Reply:
    """Create an issuer on the platform."""
    body = work.read_body()
    tags = body.get("allowed_template_tags")
    issuer = Issuer(
        work.sandbox.new_entity_id(),
        work.platform.key,
        body["name"],
        body.get("url") or "",
        body.get("email"),
        body.get("iconImage"),
        None,
        None if tags is None else tuple(tags),
        (),
    )
    store = work.sandbox.store
    pieces = issuer_pieces(store, issuer)
    store.issuers[issuer.entity_id] = issuer
    return one("Created", pieces, base_address(work.call))


def credentials_orgs_users_issuers_retrieve_2(work: Work) -> Reply:
    """Retrieve an issuer by its entityId, or the first one of the platform with this key."""
    store, name = work.sandbox.store, work.path_values["entity_id"]
    issuer = store.issuers.get(name)
    if issuer is None and name == work.platform.key:
        issuer = next(iter(store.issuers_of(name)), None)
    if issuer is None or issuer.platform != work.platform.key:
        raise NotFound.of("Issuer")
    return bare_array(work.call, [issuer_pieces(store, issuer)])
