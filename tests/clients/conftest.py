"""What the clients of this folder send is sound: the mock has no hint at it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.server import RunningServer


def list_hints(url: str, after: int = 0) -> list[tuple[str, str, list[str]]]:
    """Return the accepted requests after a number that a mock has hints at."""
    return [
        (each["method"], each["path"], each["hints"])
        for each in kept(url)
        if each["number"] > after and each["status"] < 400 and each["hints"]
    ]


def kept(url: str) -> list[dict[str, Any]]:
    """Return what the journal of a mock keeps, the newest first."""
    answer = httpx.get(f"{url}/__mock__/requests", params={"limit": 500})
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


@pytest.fixture(autouse=True)
def no_hint(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose client was served, and given a hint all the same."""
    if "client" not in request.fixturenames:
        yield
        return
    server: RunningServer = request.getfixturevalue("server")
    before = next((each["number"] for each in kept(server.url)), 0)
    yield
    assert list_hints(server.url, before) == []
