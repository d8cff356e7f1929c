"""The real generated client, PyPI package iblai 3.66.0, as its users configure it.

The operations of this release return the raw reply of urllib3. The models come in when a reply is
given to the package's own `response_deserialize`, with the type that the operation declares. Where
a model cannot take what production sends, the ledger must say why.
"""

import importlib
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from urllib3 import BaseHTTPResponse

from mockserver.contract.document import read_document
from mockserver.files import LEDGER

ROWS: dict[str, dict[str, Any]] = {row["where"]: row for row in read_document(LEDGER)["rows"]}
COLLECTION = "/api/credentials/orgs/main/users/1/"
HERE = ("main", "1")
JSON_BODY = "/responses/200/application~1json"


@dataclass
class Client:
    """The package as its users configure it, and what it sent: method, address, headers, body."""

    package: Any
    host: str
    key: str
    sent: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        clients = importlib.import_module("iblai.clients")
        self.http = clients.get_platform_api_client(self.host, self.key)
        self.api = self.package.CredentialsApi(self.http)
        call_api = self.http.call_api

        def recorded(*request: Any, **options: Any) -> Any:
            self.sent.append(request)
            return call_api(*request, **options)

        self.http.call_api = recorded

    def modelled(self, reply: BaseHTTPResponse, model: str | None) -> Any:
        """Return a reply as the package reads it into a model; raises its ApiException."""
        response = importlib.import_module("iblai.rest").RESTResponse(reply)
        response.read()
        return self.http.response_deserialize(response, {"200": model, "204": None}).data

    def send(self, method: str, path: str, body: Any = None) -> BaseHTTPResponse:
        """Send a request below the operations: what their signatures cannot express."""
        request = self.http.param_serialize(
            method,
            path if path.startswith("/") else COLLECTION + path,
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["PlatformApiKeyAuthentication"],
        )
        reply: BaseHTTPResponse = self.http.call_api(*request).response
        return reply

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a credential and return it."""
        found = result(self.api.credentials_orgs_users_issuers_retrieve("main", "a", "1"))
        issuer = found["data"][0]["entityId"]
        created = result(self.send("POST", "", {"name": "Fresh", "issuer": issuer, **fields}))
        assert isinstance(created, dict)
        return created


def result(reply: BaseHTTPResponse, description: str | None = None) -> Any:
    """Return what the envelope of a raw reply holds."""
    assert reply.status == 200, reply.data
    body = reply.json()
    assert body["status"]["success"] is True
    assert description in (None, body["status"]["description"])
    return body["result"]


def wrong_fields(error: ValidationError) -> set[str]:
    """Return the fields that a model refused."""
    return {str(each["loc"][0]) for each in error.errors()}
