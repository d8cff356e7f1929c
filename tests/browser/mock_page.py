"""The page at `/__mock__/` in the words of who uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from mockserver.control.client import Control
from tests.conftest import MAIN
from tests.support.waiting import PATIENCE

KEY = {"Authorization": "Api-Key main-admin-key"}
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def open_browser_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """Return a page that may copy; whatever it complains of, or asks of others, fails the test."""
    context = browser.new_context(
        **{"viewport": DESKTOP, "permissions": ["clipboard-read", "clipboard-write"], **options}
    )
    context.set_default_timeout(PATIENCE * 1000)
    made = context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda message: _check_said(message.text, complaints))
    made.on("request", lambda asked: _check_own(asked.url, complaints))
    yield made
    context.close()
    assert complaints == []


def _check_said(text: str, complaints: list[str]) -> None:
    if not text.startswith("Failed to load resource"):  # which the page tells itself
        complaints.append(text)


def _check_own(url: str, complaints: list[str]) -> None:
    if urlsplit(url).hostname not in ("127.0.0.1", None):
        complaints.append(f"it asked {url}")


def show(page: Page, world: Control, view: str = "requests", /, **params: object) -> Page:
    """Open a view of a world's page and wait until it is live."""
    page.goto(f"{world.base_url}/__mock__/?{urlencode({'view': view, **params})}")
    expect(page.locator("#live")).to_have_text("live")
    return page


def ask(world: Control, path: str = MAIN, method: str = "GET", **options: Any) -> httpx.Response:
    """Send a request to the API of a world."""
    return httpx.request(
        method, f"{world.base_url}{path}", headers=KEY, timeout=PATIENCE, **options
    )


def rows(page: Page) -> Locator:
    """Return the rows of the journal that are shown."""
    return page.locator("tr.row")


def said(page: Page) -> Locator:
    """Return what the page says of the last action."""
    return page.locator("#said")


def button(page: Page, name: str) -> Locator:
    """Return the button with exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def enter_scenario(page: Page, name: str) -> None:
    """Choose a scenario in the dialog of the top bar, which closes it."""
    page.locator(".top .switch", has_text="Scenario").click()
    page.get_by_role("dialog").get_by_role("button", name=name).first.click()
    expect(said(page)).to_contain_text(f"The scenario is {name}.")
    expect(page.get_by_role("dialog")).to_have_count(0)


def clipboard(page: Page) -> str:
    """Return what was copied."""
    return str(page.evaluate("navigator.clipboard.readText()"))
