"""Requests about issuers and assertions: create, issue, revoke and look up, as an admin does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import check_status
from contract_tests.vocabulary.deployment import (
    Deployment,
    Page,
    check_success,
    read_created,
    read_page,
)

PUBLIC_PATH = "/api/credentials/public/assertions/"
ALL_ASSERTIONS = {"include_revoked": "true", "include_expired": "true"}
REASON = "Issued by a test."
MOST_CREDENTIALS = 20
"""Credentials whose assertions are listed in the search for an assertion."""


def read_record(response: Response) -> dict[str, Any]:
    """Return the record in a response without an envelope, which must be a success."""
    check_success(response)
    require(isinstance(response.value, dict), "a response is not a record", response)
    return response.value  # type: ignore[no-any-return]


def read_single_issuer(response: Response) -> dict[str, Any]:
    """Return the issuer in a response that must be an array of one."""
    check_status(response, 200, "an issuer")
    value = response.value
    is_one = isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
    require(is_one, "the response of an issuer is not an array of one", response)
    return value[0]  # type: ignore[no-any-return]


def create_issuer(deployment: Deployment, **fields: Any) -> dict[str, Any]:
    """Create an issuer, which must succeed, and return it."""
    body = {"name": deployment.make_name("issuer"), **fields}
    return read_created(deployment.send_json("POST", "issuers/", body))


def delete_issuer(deployment: Deployment, entity_id: str) -> None:
    """Delete an issuer, which must succeed."""
    response = deployment.send("DELETE", f"issuers/{entity_id}")
    got = response.status
    message = f"deleting an issuer: expected 200 or 204, got {got}"
    require(got in (200, 204), message, response, expected="200 or 204", got=got)


@contextmanager
def temporary_issuer(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Create an issuer, and delete it afterwards."""
    issuer = create_issuer(deployment, **fields)
    yield issuer
    delete_issuer(deployment, issuer["entityId"])


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

    Raises NotTested where no user is set: an empty name would rightly be refused.
    """
    options = {"actor": fields.pop("actor", "admin")}
    recipient = identity or deployment.settings.username
    if not recipient:
        raise NotTested("username is not set")
    body = {"recipient": {"identity": recipient}, **fields}
    return deployment.send_json("POST", f"{credential}/assertions/", body, **options)


def put_assertion(
    deployment: Deployment, assertion: str, fields: dict[str, Any], **options: Any
) -> Response:
    """Send a PUT of an assertion."""
    return deployment.send_json("PUT", f"assertions/{assertion}", fields, **options)


def revoke(deployment: Deployment, assertion: str, reason: str = REASON) -> dict[str, Any]:
    """Revoke an assertion, which must succeed."""
    body = {"revoked": True, "revocationReason": reason}
    return read_record(put_assertion(deployment, assertion, body))


def reinstate(deployment: Deployment, assertion: str) -> dict[str, Any]:
    """Undo a revocation, which must succeed."""
    return read_record(put_assertion(deployment, assertion, {"revoked": False}))


def list_assertions(deployment: Deployment, credential: str, **options: Any) -> Page:
    """Return the first thousand assertions of a credential."""
    path = f"{credential}/assertions/"
    return deployment.get_page({"page_size": 1000}, path, envelope=False, **options)


def list_user_assertions(deployment: Deployment, user: str, **query: Any) -> Page:
    """Return the first thousand assertions in a user's list."""
    path = build_user_path(deployment, user)
    return deployment.get_page({"page_size": 1000, **query}, path, envelope=False)


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
        if not assertion["revoked"]:
            deployment.target.guard.own.add(assertion["entityId"])
            revoke(deployment, assertion["entityId"])
    deployment.delete(credential)


@contextmanager
def temporary_credential(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Create a credential; afterwards revoke its assertions and delete it."""
    credential = deployment.create(**fields)
    yield credential
    revoke_and_delete(deployment, credential["entityId"])


def parse_time(text: str) -> datetime:
    """Return a time in a response."""
    return datetime.fromisoformat(text)


def find_assertion(deployment: Deployment) -> dict[str, Any]:
    """Return an active assertion that the target has, preferably one of the user."""
    for path, query in iterate_assertion_lists(deployment):
        page = read_page(deployment.get(path, query), envelope=False)
        for assertion in page.items:
            if not assertion["revoked"]:
                return assertion
    raise NotTested("no user holds an active assertion")


def iterate_assertion_lists(deployment: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and query of lists that may have assertions: of users, then of credentials."""
    for user in (deployment.settings.user_id, deployment.settings.learner_username):
        if user:
            yield build_user_path(deployment, user), {**ALL_ASSERTIONS, "page_size": 100}
    for credential in deployment.get_page({"page_size": MOST_CREDENTIALS}).ids:
        yield f"{credential}/assertions/", {"page_size": 100}
