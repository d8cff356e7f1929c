"""A browser for each worker; a page and a world of the mock for each test."""

import functools
import http.server
import shutil
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from mockserver.control.client import Control
from tests.browser.mock_page import open_browser_page
from tests.support.server import running
from tests.support.waiting import PATIENCE

FRONTEND = Path(__file__).resolve().parents[2] / "examples" / "frontend"
CHROMIUM = shutil.which("chromium")

expect.set_options(timeout=PATIENCE * 1000)


class Files(http.server.SimpleHTTPRequestHandler):
    """The front end's files, without a line for each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium, which nothing here installs.

    Not for the whole session: as long as Playwright runs, this thread has a running event loop,
    and Django refuses to ask its database.
    """
    if CHROMIUM is None:
        pytest.skip("needs a browser: Debian's package `chromium`")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def files() -> Iterator[str]:
    """Return the address of the front end's files."""
    handler = functools.partial(Files, directory=str(FRONTEND))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="package")
def mock() -> Iterator[str]:
    """Return the address of a mock that holds the worlds of this worker's tests."""
    with running("--quiet") as served:
        yield served.url


@pytest.fixture
def world(mock: str) -> Iterator[Control]:
    """Return a world that no other test sees, and that is gone afterwards."""
    control = Control(mock, f"test-{uuid.uuid4().hex}")
    yield control
    control.remove()


@dataclass
class FrontEnd:
    """The front end in a page, in the words of who uses it."""

    page: Page
    files: str
    world: Control

    def open(self, **settings: str) -> "FrontEnd":
        """Load the page, pointed at this test's world by its query string."""
        self.page.goto(f"{self.files}?{urlencode({'base': self.world.base_url, **settings})}")
        return self

    def shown(self, **settings: str) -> "FrontEnd":
        """Load the page and wait until it lists something."""
        self.open(**settings)
        expect(self.cards.first).to_be_visible()
        return self

    @property
    def cards(self) -> Locator:
        """The cards of the list."""
        return self.page.locator(".card")

    @property
    def status(self) -> Locator:
        """What the page says of the list."""
        return self.page.get_by_role("status")

    @property
    def editor(self) -> Locator:
        """The open form."""
        return self.page.locator("#editor")

    @property
    def confirm(self) -> Locator:
        """The question before something is deleted."""
        return self.page.locator("#confirm")

    @property
    def problem(self) -> Locator:
        """The message in place of the list."""
        return self.page.locator("#problem")

    def button(self, name: str) -> Locator:
        """Return the button with exactly this name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        """Return the open form's field with this label."""
        return self.editor.get_by_label(label)

    def create(self, name: str = "Fresh", issuer: int = 1) -> None:
        """Open the form for a new credential and fill in what is required."""
        self.button("New credential").click()
        self.field("Name").fill(name)
        self.field("Issuer").select_option(index=issuer)

    def save(self) -> None:
        """Press the form's button."""
        self.button("Save").click()

    def search(self, text: str) -> None:
        """Type into the search field."""
        self.page.get_by_role("searchbox", name="Search").fill(text)

    # What the world holds, read past the front end.

    def send(self, method: str, path: str = "", **options: Any) -> Any:
        """Ask the world itself and return its JSON."""
        url = f"{self.world.base_url}/api/credentials/orgs/main/users/1/{path}"
        headers = {"Authorization": "main-admin-key"}
        answer = self.page.request.fetch(url, method=method, headers=headers, **options)
        assert answer.ok, answer.text()
        return answer.json() if answer.body() else None

    def listed(self, **query: Any) -> dict[str, Any]:
        """Return a page of the world's list."""
        page = self.send("GET", params=query)["result"]
        assert isinstance(page, dict)
        return page

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the listed credentials of this name."""
        return [each for each in self.listed(search=name)["data"] if each["name"] == name]

    def add(self, name: str = "Mine", **fields: Any) -> dict[str, Any]:
        """Create a credential that nobody holds, past the front end."""
        issuer = self.send("GET", "issuers/")["result"]["data"][0]["entityId"]
        result = self.send("POST", data={"name": name, "issuer": issuer, **fields})["result"]
        assert isinstance(result, dict)
        return result


@pytest.fixture
def front(browser: Browser, files: str, world: Control) -> Iterator[FrontEnd]:
    """Return the front end in a page of its own; an error that it does not catch fails the test."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    yield FrontEnd(page, files, world)
    context.close()
    assert not uncaught


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page for the mock's own page; whatever it complains of fails the test."""
    with open_browser_page(browser) as made:
        yield made
