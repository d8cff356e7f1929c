"""What most tests need: a strict mock in process, and one that really serves."""

import gc
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mockserver import Config, create_app
from mockserver.config import RELEASES
from tests.clients.generated_client import Client
from tests.support.server import RunningServer, running

pytest_plugins = ["tests.support.left_out", "tests.support.longest_first"]

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAIN = "/api/credentials/orgs/main/users/1/"


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was imported: each look takes a tenth of a second.

    It looks whenever the tests have made enough, and what was imported stays.
    """
    gc.collect()
    gc.freeze()


@dataclass
class API:
    """A client of one mock in process; paths are relative to a collection of credentials."""

    app: Flask
    key: str | None = "main-admin-key"
    base: str = MAIN
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str = "", **options: Any) -> TestResponse:
        """Send a request; a path that begins with a slash is taken as it is."""
        headers = {**self.headers, **options.pop("headers", {})}
        if self.key is not None:
            headers.setdefault("Authorization", f"Api-Key {self.key}")
        url = path if path.startswith("/") else self.base + path
        # Buffered, so that a served file is closed again.
        client = self.app.test_client()
        return client.open(url, method=method, headers=headers, buffered=True, **options)

    def get(self, path: str = "", **options: Any) -> TestResponse:
        """Send a GET."""
        return self.send("GET", path, **options)

    def result(self, path: str = "", **options: Any) -> Any:
        """Return `result` of a GET that must succeed."""
        response = self.get(path, **options)
        assert response.status_code == 200, response.text
        return response.json["result"]

    def post(self, body: Any = None, path: str = "", **options: Any) -> TestResponse:
        """Send a POST with a JSON body, or with what the options say."""
        return self.send("POST", path, **({"json": body} if body is not None else {}), **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a PUT with a JSON body, or with what the options say."""
        return self.send("PUT", path, **({"json": body} if body is not None else {}), **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """Send a DELETE."""
        return self.send("DELETE", path, **options)

    def acting(self, key: str | None, base: str | None = None) -> "API":
        """Return the same mock seen by somebody else."""
        return API(self.app, key, base or self.base)

    def issuer(self) -> str:
        """Return the entityId of an issuer of the platform."""
        page = self.get(self.base + "issuers/").json
        assert page is not None
        entity_id = page["result"]["data"][0]["entityId"]
        assert isinstance(entity_id, str)
        return entity_id

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a credential and return it."""
        response = self.post({"name": "Fresh", "issuer": self.issuer(), **fields})
        assert response.status_code == 200, response.text
        result = response.json["result"]
        assert isinstance(result, dict)
        return result


@pytest.fixture
def api() -> API:
    """Return an admin's client of a fresh, strict mock with a frozen clock."""
    return API(create_app(Config(strict=True, now=NOW, api_version=RELEASES[-1])))


@pytest.fixture(scope="session")
def shared_api() -> API:
    """Return a client of a strict mock that no test may change."""
    return API(create_app(Config(strict=True, now=NOW, api_version=RELEASES[-1])))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Return a strict mock that really serves on a free port."""
    with running("--strict") as served:
        yield served


@pytest.fixture(scope="module")
def package() -> Any:
    """Return the package; not imported above, since that takes seconds on every run of pytest."""
    found = importlib.import_module("iblai")
    assert found.__version__ == "3.66.0"
    return found


@pytest.fixture
def client(package: Any, server: RunningServer) -> Iterator[Client]:
    """Return an admin's client."""
    made = Client(package, server.url, "main-admin-key")
    yield made
    made.http.rest_client.pool_manager.clear()


@pytest.fixture
def stranger(package: Any, server: RunningServer) -> Iterator[Client]:
    """Return a client with a key that does not exist."""
    made = Client(package, server.url, "no-such-key")
    yield made
    made.http.rest_client.pool_manager.clear()
