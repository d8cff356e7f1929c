"""What the clients of this folder send is sound: the mock has no hint at it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.server import RunningServer


def kept(server: RunningServer) -> list[dict[str, Any]]:
    """Return what the journal of a server keeps, the newest first."""
    found: list[dict[str, Any]] = httpx.get(
        f"{server.url}/__mock__/requests", params={"limit": 500}
    ).json()["requests"]
    return found


@pytest.fixture(autouse=True)
def no_hint(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose client was served, and given a hint all the same."""
    if "client" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("server")
    before = next((each["number"] for each in kept(server)), 0)
    yield
    served = [each for each in kept(server) if each["number"] > before and each["status"] < 400]
    assert [(each["method"], each["path"], each["hints"]) for each in served if each["hints"]] == []
