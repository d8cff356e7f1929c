"""Requests about issuers and assertions: create, issue, revoke and look up, as an admin does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from contract_tests.catalogue.operations import RETRIEVE_ISSUER
from contract_tests.engine.contract import load_contract
from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_deleted,
    check_equal,
    check_field_error,
    check_status,
)
from contract_tests.vocabulary.deployment import (
    MOST_PAGES,
    Deployment,
    Item,
    Page,
    check_success,
    read_known,
    read_page,
)

PUBLIC_PATH = "/api/credentials/public/assertions/"
ALL_ASSERTIONS = {"include_revoked": "true", "include_expired": "true"}
REASON = "Issued by a test."
ITEM_FIELDS = frozenset({"course", "program", "program_id", "pathway", "pathway_id"})
ATTACHMENTS = frozenset({"courses", "programs", "pathways"})
MORE_THAN_A_PAGE = 11
MOST_CREDENTIALS = 20
"""Credentials whose assertions are listed in the search for an assertion."""


def read_record(response: Response) -> dict[str, Any]:
    """Return the record in a response without an envelope, which must be a success."""
    check_success(response)
    value = read_known(response)
    require(isinstance(value, dict), "a response is not a record", response)
    return value  # type: ignore[no-any-return]


def read_single_issuer(response: Response) -> dict[str, Any]:
    """Return the issuer in a response that must be an array of one."""
    check_status(response, 200, "an issuer")
    value = read_known(response)
    is_one = isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
    require(is_one, "the response of an issuer is not an array of one", response)
    return value[0]  # type: ignore[no-any-return]


def create_issuer(deployment: Deployment, **fields: Any) -> dict[str, Any]:
    """Create an issuer, which must succeed, and return it."""
    body = {"name": deployment.make_name("issuer"), **fields}
    return read_created_issuer(deployment.send_json("POST", "issuers/", body))


def read_created_issuer(response: Response) -> dict[str, Any]:
    """Return the issuer that a POST created: in the envelope, bare, or as an array of one.

    What the POST answers is not known; published is a bare issuer.
    """
    check_success(response)
    value = response.value
    value = value.get("result", value) if isinstance(value, dict) else value
    record = value[0] if isinstance(value, list) and len(value) == 1 else value
    has_id = isinstance(record, dict) and isinstance(record.get("entityId"), str)
    require(has_id, "a created issuer has no entityId", response)
    [known] = load_contract().keep_known_fields(RETRIEVE_ISSUER, 200, [record])
    return known  # type: ignore[no-any-return]


def find_listed_issuer(deployment: Deployment, issuer: dict[str, Any]) -> dict[str, Any] | None:
    """Return an issuer as the list shows it, None where it is not listed."""
    page = deployment.get_page({"page_size": 100, "q": issuer["name"]}, "issuers/")
    listed = {item["entityId"]: item for item in page.items}
    return listed.get(issuer["entityId"])


def retrieve_issuer(deployment: Deployment, entity_id: str) -> dict[str, Any]:
    """Return an issuer, which must exist."""
    return read_single_issuer(deployment.get(f"issuers/{entity_id}"))


def put_issuer(
    deployment: Deployment, entity_id: str, fields: dict[str, Any], **options: Any
) -> Response:
    """Send a PUT of an issuer."""
    return deployment.send_json("PUT", f"issuers/{entity_id}", fields, **options)


def delete_issuer(deployment: Deployment, entity_id: str) -> None:
    """Delete an issuer, which must succeed."""
    check_deleted(deployment.send("DELETE", f"issuers/{entity_id}"), "deleting an issuer")


@contextmanager
def temporary_issuer(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Create an issuer, and delete it afterwards."""
    issuer = create_issuer(deployment, **fields)
    yield issuer
    delete_issuer(deployment, issuer["entityId"])


def find_items(deployment: Deployment) -> dict[str, Item]:
    """Return an item of each kind that some credential is attached to, by kind."""
    found: dict[str, Item] = {}
    for credential in deployment.list_items():
        for kind in ("course", "program", "pathway"):
            for link in credential.get(f"{kind}s") or ():
                found.setdefault(kind, Item(kind, link[f"{kind}_id"]))
    return found


def find_item(deployment: Deployment) -> Item:
    """Return an item that an issue can name: a service may require one (FACTS, S3)."""
    if deployment.item is None:
        deployment.item = next(iter(find_items(deployment).values()), None)
    if deployment.item is None:
        raise NotTested(
            "no credential is attached to a course, program or pathway, and issuing needs one"
        )
    return deployment.item


def issue(
    deployment: Deployment, credential: str, identity: str = "", **fields: Any
) -> dict[str, Any]:
    """Issue a credential, which must succeed, and return the assertion."""
    return read_assertion(request_issue(deployment, credential, identity, **fields))


def read_assertion(response: Response) -> dict[str, Any]:
    """Return the assertion that a POST issued, which must succeed."""
    assertion = read_record(response)
    has_id = isinstance(assertion.get("entityId"), str)
    require(has_id, "an assertion has no entityId", response)
    return assertion


def request_issue(
    deployment: Deployment, credential: str, identity: str = "", **fields: Any
) -> Response:
    """Send a request that issues a credential, by default to the user of the run.

    It names the item of the run, which `temporary_credential` attaches, unless `fields` name one or
    `item` is false. Raises NotTested where no user is set: an empty name would rightly be refused.
    """
    options = {"actor": fields.pop("actor", "admin")}
    base = fields.pop("base", "")
    if fields.pop("item", True) and not ITEM_FIELDS & fields.keys():
        fields = {**find_item(deployment).fields, **fields}
    recipient = identity or deployment.settings.username
    if not recipient:
        raise NotTested("username is not set")
    body = {"recipient": {"identity": recipient}, **fields}
    return deployment.send_json("POST", f"{base}{credential}/assertions/", body, **options)


def issue_in_bulk(
    deployment: Deployment, credential: str, users: list[str], **fields: Any
) -> Response:
    """Send a request that issues a credential, with the item of the run, to several users."""
    options = {"actor": fields.pop("actor", "admin")}
    base = fields.pop("base", "")
    body = {"users": users, **find_item(deployment).fields, **fields}
    return deployment.send_json("POST", f"{base}{credential}/assertions/bulk/", body, **options)


def put_assertion(
    deployment: Deployment, assertion: str, fields: dict[str, Any], **options: Any
) -> Response:
    """Send a PUT of an assertion."""
    return deployment.send_json("PUT", f"assertions/{assertion}", fields, **options)


def revoke(deployment: Deployment, assertion: str, reason: str = REASON) -> dict[str, Any]:
    """Revoke an assertion, which must succeed."""
    body = {"revoked": True, "revocationReason": reason}
    return read_record(put_assertion(deployment, assertion, body))


def reinstate(deployment: Deployment, assertion: str) -> bool:
    """Undo a revocation; tell whether that was done, which a service may refuse as final."""
    response = put_assertion(deployment, assertion, {"revoked": False})
    if is_final(response):
        return False
    read_record(response)
    return True


def is_final(response: Response) -> bool:
    """Tell whether a service refuses to change a revocation: only how to revoke is documented."""
    return response.status == 400


def list_assertions(deployment: Deployment, credential: str, **options: Any) -> Page:
    """Return the assertions of a credential as one page."""
    return read_all(deployment, f"{credential}/assertions/", {}, **options)


def list_user_assertions(deployment: Deployment, user: str, **query: Any) -> Page:
    """Return the assertions in a user's list as one page."""
    return read_all(deployment, build_user_path(deployment, user), query)


def read_all(deployment: Deployment, path: str, query: dict[str, Any], **options: Any) -> Page:
    """Return a list without an envelope as one page; raises NotTested for more than a thousand.

    A page has a hundred items at most, because a service may have another maximum.
    """
    query = {"page_size": 100, **query}
    pages = list(islice(deployment.walk_pages(query, path, envelope=False, **options), MOST_PAGES))
    if pages[-1]["next"] is not None:
        raise NotTested("a list has too many assertions to know them all")
    items = [item for page in pages for item in page.items]
    return Page(pages[0].response, {**pages[0].fields, "data": items})


def build_user_path(deployment: Deployment, user: str) -> str:
    """Return the path of a user's list of assertions."""
    return f"{build_collection_path(deployment.settings.org, user)}assertions/"


def look_up_assertion(deployment: Deployment, assertion: str, **options: Any) -> Response:
    """Send a public look-up, by default without a key."""
    path = f"{PUBLIC_PATH}{quote(assertion, safe='')}/"
    return deployment.send("GET", path, **{"actor": None, **options})


def revoke_and_delete(deployment: Deployment, credential: str) -> None:
    """Revoke all active assertions of a credential of this run, and delete it."""
    for assertion in list_assertions(deployment, credential).items:
        if assertion["revoked"] is not True:  # a text would be true, whatever it says
            deployment.target.guard.own.add(assertion["entityId"])
            revoke(deployment, assertion["entityId"])
    deployment.delete(credential)


@contextmanager
def temporary_credential(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Create a credential that is attached to the item of the run.

    Afterwards its assertions are revoked, and it is deleted.
    """
    if not ATTACHMENTS & fields.keys():
        fields = {**find_item(deployment).links, **fields}
    credential = deployment.create(**fields)
    yield credential
    revoke_and_delete(deployment, credential["entityId"])


def parse_time(text: str) -> datetime:
    """Return a time in a response."""
    return datetime.fromisoformat(text)


def find_assertion(deployment: Deployment) -> dict[str, Any]:
    """Return an active assertion of the platform, preferably one of the user.

    A user's list may have assertions of the main platform, too, which are not found by their id.
    It has not expired, since what is shown of expired ones is not known: a user's list leaves them
    out, and of a credential's list only those are taken that never expire.
    """
    platforms = {item["issuerDetails"]["org"] for item in deployment.get_page().items}
    for path, query in iterate_assertion_lists(deployment):
        is_of_user = query.keys() >= ALL_ASSERTIONS.keys()
        asked = {name: value for name, value in query.items() if name not in ALL_ASSERTIONS}
        page = read_page(deployment.get(path, asked), envelope=False)
        for assertion in page.items:
            platform = assertion["credentialDetails"]["issuerDetails"]["org"]
            is_valid = is_of_user or assertion["expires"] is None
            holds = is_valid and not assertion["revoked"]
            if holds and platform in (platforms or {platform}):
                return assertion
    raise NotTested("no user holds an active assertion")


def iterate_assertion_lists(deployment: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and query of lists that may have assertions: of users, then of credentials."""
    for user in (deployment.settings.user_id, deployment.settings.learner_username):
        if user:
            yield build_user_path(deployment, user), {**ALL_ASSERTIONS, "page_size": 100}
    # The newest may be those of this run, which nobody holds.
    ids = [item["entityId"] for item in deployment.list_items()]
    for credential in dict.fromkeys([*ids[:MOST_CREDENTIALS], *ids[-MOST_CREDENTIALS:]]):
        yield f"{credential}/assertions/", {"page_size": 100}


@contextmanager
def issued_credential(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Create a credential and issue it; yield both ids. The test deletes the credential."""
    credential = deployment.create(**find_item(deployment).links)
    yield credential["entityId"], issue(deployment, credential["entityId"])["entityId"]


@contextmanager
def expired_assertion(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Issue a credential that is valid for less than nothing; delete it without a revocation.

    Raises NotTested where the assertion has not expired: whether it has is not known.
    """
    fields = {**find_item(deployment).links, "expires": {"amount": -2, "duration": "days"}}
    credential = deployment.create(**fields)
    assertion = issue(deployment, credential["entityId"])
    end = assertion["expires"]
    if end is None or parse_time(end) >= parse_time(assertion["issuedOn"]):
        revoke_and_delete(deployment, credential["entityId"])
        raise NotTested("an assertion of a negative period does not expire here")
    yield assertion
    deployment.delete(credential["entityId"])


def check_issue_refused(deployment: Deployment, fields: dict[str, Any], field: str) -> None:
    """Require an issue with these fields to return 400 on one of them, and to issue nothing."""
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        body: dict[str, Any] = {"recipient": {"identity": deployment.settings.username}}
        body |= {**find_item(deployment).fields, **fields}
        body = {name: value for name, value in body.items() if value is not None or name == field}
        response = deployment.send_json("POST", path, body)
        check_field_error(response, field, f"an invalid `{field}`")
        page = list_assertions(deployment, credential["entityId"])
        check_equal(page.items, [], "a refused request issued an assertion", page.response)


def find_longest_list(deployment: Deployment, of: str = "") -> tuple[str, dict[str, Any]]:
    """Return path and query of a long list of assertions: any, of a `user` or a `credential`."""
    found = []
    for path, query in iterate_assertion_lists(deployment):
        if of and (of == "user") != ("include_revoked" in query):
            continue
        page = read_page(deployment.get(path, query), envelope=False)
        found.append((page["count"], path, query))
        if found[-1][0] > MORE_THAN_A_PAGE:
            break
    count, path, query = max(found, key=lambda candidate: candidate[0], default=(0, "", {}))
    if count < 2:
        raise NotTested("no list has two assertions")
    return path, {name: value for name, value in query.items() if name != "page_size"}
