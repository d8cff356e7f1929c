"""What is asked of a server: each operation as one request that can be sent again and again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

COLLECTION = "/api/credentials/orgs/main/users/1/"
KEY = {"Authorization": "Api-Key main-admin-key"}
SANDBOX = "X-Mock-Sandbox"
WORD = "data"
"""A search for it finds ten credentials of the world that ships: a full page, as the list has."""


@dataclass(frozen=True)
class Request:
    """A request that is sent again and again."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: str | None = None

    def within(self, sandbox: str) -> "Request":
        """Return the same request to a sandbox."""
        return replace(self, headers={**self.headers, SANDBOX: sandbox})


def get(path: str) -> Request:
    """Return a request that reads, by a path or query below the collection."""
    return Request(COLLECTION + path, KEY)


def put(entity_id: str, body: str) -> Request:
    """Return a request that changes a credential."""
    return Request(COLLECTION + entity_id, {**KEY, "Content-Type": "application/json"}, "PUT", body)


def delete(entity_id: str) -> Request:
    """Return a request that deletes a credential."""
    return Request(COLLECTION + entity_id, KEY, "DELETE")


def post(body: str) -> Request:
    """Return a request that creates a credential."""
    return Request(COLLECTION, {**KEY, "Content-Type": "application/json"}, "POST", body)


def body_with(issuer: str) -> str:
    """Return the body of a create or an update."""
    fields = {
        "name": "Foundations of Beekeeping",
        "issuer": issuer,
        "description": "From the first hive to the first honey.",
        "criteriaNarrative": "Keep one colony alive over the winter.",
        "credentialType": "CERTIFICATE",
        "signal": "COURSE_COMPLETED",
    }
    return json.dumps(fields)


LIST = get("")


def requests_of(page: bytes) -> dict[str, Request]:
    """Return the request of each operation, on records that a page of the list shows.

    Create comes last, so that the others are measured on the world that ships.
    """
    first = json.loads(page)["result"]["data"][0]
    return {
        "list": LIST,
        "item": get(first["entityId"]),
        "search": get(f"?search={WORD}"),
        "create": post(body_with(first["issuerDetails"]["entityId"])),
    }
