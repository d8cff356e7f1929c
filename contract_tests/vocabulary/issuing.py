"""The words of rules about issuers and assertions: issue, revoke, look up, as an admin does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply, collection
from contract_tests.vocabulary.deployment import Deployment, Page, as_page, created

PUBLIC = "/api/credentials/public/assertions/"
EVERYTHING = {"include_revoked": "true", "include_expired": "true"}
REASON = "Issued by a test."
CREDENTIALS_LOOKED_AT = 20


def bare(reply: Reply) -> dict[str, Any]:
    """Return the record of a reply without an envelope that must be a success."""
    ok = reply.status in (200, 201)
    require(ok, "a request that must succeed is refused", reply, expected=200, got=reply.status)
    require(isinstance(reply.value, dict), "an answer is no record", reply)
    return reply.value  # type: ignore[no-any-return]


def the_one(reply: Reply) -> dict[str, Any]:
    """Return the issuer in the array of one that a reply must be."""
    require(reply.status == 200, "an issuer is not answered", reply, expected=200, got=reply.status)
    value = reply.value
    is_one = isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
    require(is_one, "one issuer is not an array of one", reply)
    return value[0]  # type: ignore[no-any-return]


def create_issuer(deployment: Deployment, **fields: Any) -> dict[str, Any]:
    """Create an issuer, which must succeed, and return it."""
    body = {"name": deployment.name("issuer"), **fields}
    return created(deployment.send_json("POST", "issuers/", body))


def delete_issuer(deployment: Deployment, entity_id: str) -> None:
    """Delete an issuer, which must succeed."""
    reply = deployment.send("DELETE", f"issuers/{entity_id}")
    fine = reply.status in (200, 204)
    require(fine, "a deletion of an issuer fails", reply, expected=200, got=reply.status)


@contextmanager
def own_issuer(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Give an issuer of this run, and delete it afterwards."""
    issuer = create_issuer(deployment, **fields)
    yield issuer
    delete_issuer(deployment, issuer["entityId"])


def issue(
    deployment: Deployment, credential: str, identity: str = "", **fields: Any
) -> dict[str, Any]:
    """Issue a credential, which must succeed, and return the assertion."""
    return issued(send_issue(deployment, credential, identity, **fields))


def issued(reply: Reply) -> dict[str, Any]:
    """Return the assertion that a POST that must succeed issued."""
    assertion = bare(reply)
    require(isinstance(assertion.get("entityId"), str), "an assertion has no entityId", reply)
    return assertion


def send_issue(deployment: Deployment, credential: str, identity: str = "", **fields: Any) -> Reply:
    """Send what issues a credential, to the user of the run unless told otherwise.

    Raises NotTested where nobody is named: an empty name would be refused, and rightly.
    """
    options = {"actor": fields.pop("actor", "admin")}
    recipient = identity or deployment.settings.username
    if not recipient:
        raise NotTested("username is not set")
    body = {"recipient": {"identity": recipient}, **fields}
    return deployment.send_json("POST", f"{credential}/assertions/", body, **options)


def put_assertion(
    deployment: Deployment, assertion: str, fields: dict[str, Any], **options: Any
) -> Reply:
    """Send a change of an assertion."""
    return deployment.send_json("PUT", f"assertions/{assertion}", fields, **options)


def revoke(deployment: Deployment, assertion: str, reason: str = REASON) -> dict[str, Any]:
    """Revoke an assertion, which must succeed."""
    body = {"revoked": True, "revocationReason": reason}
    return bare(put_assertion(deployment, assertion, body))


def take_back(deployment: Deployment, assertion: str) -> dict[str, Any]:
    """Take a revocation back, which must succeed."""
    return bare(put_assertion(deployment, assertion, {"revoked": False}))


def assertions_of(deployment: Deployment, credential: str, **options: Any) -> Page:
    """Return the first thousand assertions of a credential."""
    return deployment.page({"page_size": 1000}, f"{credential}/assertions/", bare=True, **options)


def held_by(deployment: Deployment, user: str, **query: Any) -> Page:
    """Return the first thousand assertions that a user's list shows."""
    return deployment.page({"page_size": 1000, **query}, path_of(deployment, user), bare=True)


def path_of(deployment: Deployment, user: str) -> str:
    """Return the path of a user's list."""
    return f"{collection(deployment.settings.org, user)}assertions/"


def look_up(deployment: Deployment, assertion: str, **options: Any) -> Reply:
    """Ask the public look-up, without a key unless told otherwise."""
    path = f"{PUBLIC}{quote(assertion, safe='')}/"
    return deployment.send("GET", path, **{"actor": None, **options})


def withdraw(deployment: Deployment, credential: str) -> None:
    """Revoke all that is active of a credential of this run, and delete it."""
    for each in assertions_of(deployment, credential).items:
        if not each["revoked"]:
            deployment.target.guard.own.add(each["entityId"])
            revoke(deployment, each["entityId"])
    deployment.delete(credential)


@contextmanager
def own_credential(deployment: Deployment, **fields: Any) -> Iterator[dict[str, Any]]:
    """Give a credential of this run; afterwards revoke what was issued of it, and delete it."""
    credential = deployment.create(**fields)
    yield credential
    withdraw(deployment, credential["entityId"])


def moment(text: str) -> datetime:
    """Return a time of an answer."""
    return datetime.fromisoformat(text)


def some_assertion(deployment: Deployment) -> dict[str, Any]:
    """Return an assertion that the target has and that is not revoked, preferably the user's."""
    for path, query in places_of_assertions(deployment):
        page = as_page(deployment.get(path, query), bare=True)
        for each in page.items:
            if not each["revoked"]:
                return each
    raise NotTested("nobody holds an assertion that is not revoked")


def places_of_assertions(deployment: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where assertions may be listed: the user's, the learner's, those of credentials."""
    names = (deployment.settings.user_id, deployment.settings.learner_username)
    for name in names:
        if name:
            yield path_of(deployment, name), {**EVERYTHING, "page_size": 100}
    for credential in deployment.page({"page_size": CREDENTIALS_LOOKED_AT}).ids:
        yield f"{credential}/assertions/", {"page_size": 100}
