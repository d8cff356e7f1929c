"""Walks through the credentials API with a client that is generated from the contract.

List, create, change, every page, a refusal, delete; it fails where anything is not as expected.
CREDENTIALS_URL is the address of a deployment or of a sandbox, CREDENTIALS_KEY a platform admin's
key.
"""

import os
import sys
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from credentials_client import AuthenticatedClient
from credentials_client.api.credentials import (
    credentials_orgs_users_create as create_credential,
)
from credentials_client.api.credentials import (
    credentials_orgs_users_destroy as delete_credential,
)
from credentials_client.api.credentials import (
    credentials_orgs_users_retrieve as list_credentials,
)
from credentials_client.api.credentials import (
    credentials_orgs_users_retrieve_2 as retrieve_credential,
)
from credentials_client.api.credentials import (
    credentials_orgs_users_update as update_credential,
)
from credentials_client.models import (
    Credential,
    CredentialCreate,
    CredentialEnvelope,
    CredentialFields,
    CredentialPage,
    CredentialPageEnvelope,
    ExpiresChange,
    ExpiresChangeDurationType1,
    ValidationErrors,
)

ORG = "main"
USER = "1"
PAGE_SIZE = 4


class Unexpected(Exception):
    """The service did something else than the contract says."""


def expect(condition: bool, message: str) -> None:
    """Raise Unexpected with the message unless the condition holds."""
    if not condition:
        raise Unexpected(message)


def page(client: AuthenticatedClient, number: int) -> CredentialPage:
    """Return one page of the public credentials."""
    reply = list_credentials.sync_detailed(
        ORG, USER, client=client, page=number, page_size=PAGE_SIZE
    )
    if not isinstance(reply.parsed, CredentialPageEnvelope):
        raise Unexpected(f"page {number} is {reply.status_code}")
    return reply.parsed.result


def create(client: AuthenticatedClient, issuer: str) -> Credential:
    """Create a credential that is valid for a year."""
    body = CredentialCreate(
        name="Typed in Python",
        issuer=issuer,
        credentialType="CERTIFICATE",
        expires=ExpiresChange(amount=12, duration=ExpiresChangeDurationType1.MONTHS),
        tags=["python"],
    )
    reply = create_credential.sync_detailed(ORG, USER, client=client, body=body)
    if not isinstance(reply.parsed, CredentialEnvelope):
        raise Unexpected(f"the create is {reply.status_code}")
    return reply.parsed.result


def rename(client: AuthenticatedClient, entity_id: str, name: str) -> None:
    """Change the name and nothing else."""
    body = CredentialFields(name=name)
    reply = update_credential.sync_detailed(ORG, USER, entity_id, client=client, body=body)
    expect(reply.status_code == HTTPStatus.OK, f"the update is {reply.status_code}")


def retrieve(client: AuthenticatedClient, entity_id: str) -> Credential | None:
    """Return a credential, or None where it is not there."""
    reply = retrieve_credential.sync_detailed(ORG, USER, entity_id, client=client)
    if isinstance(reply.parsed, CredentialEnvelope):
        return reply.parsed.result
    expect(reply.status_code == HTTPStatus.NOT_FOUND, f"the retrieve is {reply.status_code}")
    return None


def refused(client: AuthenticatedClient, issuer: str) -> ValidationErrors:
    """Send what the types allow and validation does not; return the errors by field."""
    body = CredentialCreate(name="", issuer=issuer, expires=ExpiresChange(amount=2147483648))
    reply = create_credential.sync_detailed(ORG, USER, client=client, body=body)
    status = reply.status_code
    expect(status == HTTPStatus.BAD_REQUEST, f"the create without a name is {status}")
    if not isinstance(reply.parsed, ValidationErrors):
        raise Unexpected("the refusal names no field")
    return reply.parsed


def walk_pages(client: AuthenticatedClient, base_url: str) -> list[list[str]]:
    """Follow `next` from the first page on; return the ids of all credentials, page by page."""
    here = first = page(client, 1)
    pages = [[each.entity_id for each in here.data]]
    while here.next_ is not None:
        expect(here.next_.startswith(f"{base_url}/"), f"next leads away, to {here.next_}")
        here = page(client, int(parse_qs(urlsplit(here.next_).query)["page"][0]))
        expect(here.page_number == len(pages) + 1, f"next leads to page {here.page_number}")
        expect(here.count == first.count, f"the count is {here.count} after {first.count}")
        pages.append([each.entity_id for each in here.data])
    ids = [each for ids in pages for each in ids]
    expect(len(pages) == first.num_pages, f"{len(pages)} of {first.num_pages} pages")
    expect(len(ids) == first.count, f"{len(ids)} of {first.count} credentials")
    expect(len(set(ids)) == len(ids), "a credential is on two pages")
    return pages


def walk(client: AuthenticatedClient, base_url: str) -> None:
    """Go through all of it and print a line for each step."""
    before = page(client, 1)
    expect(bool(before.data), "there are no credentials")
    issuer = before.data[0].issuer_details.entity_id
    print(f"list: {before.count} credentials")

    created = create(client, issuer)
    entity_id, period = created.entity_id, created.expires
    expect((period.amount, period.duration) == (12, "months"), "the period was not kept")
    print(f"create: {entity_id}")

    rename(client, entity_id, "Typed in Python II")
    renamed = retrieve(client, entity_id)
    if renamed is None or renamed.name != "Typed in Python II":
        raise Unexpected("the new name is not seen")
    print(f"update: {renamed.name}")

    pages = walk_pages(client, base_url)
    count = sum(map(len, pages))
    expect(any(entity_id in ids for ids in pages), "the new credential is on no page")
    expect(count == before.count + 1, f"{count} credentials after {before.count}")
    print(f"pages: {len(pages)}")

    errors = refused(client, issuer)
    name, expires = errors["name"], errors["expires"]
    if isinstance(name, ValidationErrors) or isinstance(expires, list):
        raise Unexpected("the refusal says nothing of the name or of a part of the period")
    print(f"refusal: name: {name}; expires.amount: {expires['amount']}")

    deletion = delete_credential.sync_detailed(ORG, USER, entity_id, client=client)
    status = deletion.status_code
    expect(status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT), f"the delete is {status}")
    expect(retrieve(client, entity_id) is None, "the credential is still there")
    print(f"delete: {entity_id}")
    print(f"ok: {count} credentials on {len(pages)} pages")


def main() -> None:
    """Read the environment and walk; exit 1 with a message for anything unexpected, else 0."""
    lacking = [n for n in ("CREDENTIALS_URL", "CREDENTIALS_KEY") if not os.environ.get(n)]
    if lacking:
        print(f"walk: {lacking[0]} is not set", file=sys.stderr)
        sys.exit(2)
    base_url = os.environ["CREDENTIALS_URL"].rstrip("/")
    key = os.environ["CREDENTIALS_KEY"]
    try:
        with AuthenticatedClient(base_url=base_url, token=key, prefix="Api-Key") as client:
            walk(client, base_url)
    except Unexpected as unexpected:
        sys.exit(f"walk: {unexpected}")


if __name__ == "__main__":
    main()
