"""The page at `/__mock__/` in a real browser: look, live journal, switches, keyboard, axe."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from mockserver.control.client import Control
from mockserver.sandbox.faults import MOST_FAULTS
from tests.conftest import MAIN
from tests.support.waiting import PATIENCE

KEY = {"Authorization": "Api-Key main-admin-key"}
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page that may copy; whatever it complains of, or asks of others, fails the test."""
    context = browser.new_context(
        viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]
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


def shown(page: Page, world: Control) -> Page:
    """Open the page of a world and wait until its journal is live."""
    page.goto(f"{world.base_url}/__mock__/")
    expect(page.locator("#live")).to_have_text("live")
    return page


def ask(world: Control, path: str = MAIN, method: str = "GET", **options: Any) -> httpx.Response:
    """Send a request to the API of a world."""
    return httpx.request(
        method, f"{world.base_url}{path}", headers=KEY, timeout=PATIENCE, **options
    )


def rows(page: Page) -> Locator:
    """Return the rows of the journal that are shown."""
    return page.locator(".exchange:not([hidden])")


def said(page: Page) -> Locator:
    """Return what the page says of the last switch."""
    return page.get_by_role("status")


# Look


def test_it_shows_what_is_in_the_world(page: Page, world: Control) -> None:
    """Base URL and keys to copy, credentials with their badges, a curve, assertions."""
    shown(page, world)
    page.get_by_role("button", name="Copy the base URL").click()
    expect(said(page)).to_contain_text(world.base_url[:40])
    assert page.evaluate("navigator.clipboard.readText()") == world.base_url
    page.get_by_role("button", name="Copy the header of main-admin-key").click()
    expect(said(page)).to_have_text("Copied: Api-Key main-admin-key")
    expect(page.locator(".card")).to_have_count(12)
    badge = page.locator(".card img").first
    badge.scroll_into_view_if_needed()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=badge.element_handle()
    )
    expect(page.get_by_role("img", name=re.compile(r"\d+ assertions since"))).to_be_visible()
    page.get_by_text("The last 15").click()
    expect(page.get_by_role("row")).to_have_count(16)


@pytest.mark.slow
def test_a_template_is_previewed_in_a_frame_that_runs_nothing(page: Page, world: Control) -> None:
    """The preview shows the template with its tags filled in, and is closed by Escape."""
    shown(page, world)
    page.get_by_role("button", name=re.compile("^Preview ")).first.click()
    frame = page.frame_locator("#preview iframe")
    expect(frame.locator("body")).to_contain_text("Leo Lindqvist")
    assert page.locator("#preview iframe").get_attribute("sandbox") == ""
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_be_hidden()


def test_credentials_are_found(page: Page, world: Control) -> None:
    """By name, on each platform, page by page."""
    shown(page, world)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#world")).to_contain_text("page 2 of")
    page.locator("#find input[name=search]").fill("python")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".card h4").first).to_contain_text(re.compile("python", re.IGNORECASE))
    page.get_by_role("link", name="Acme Learning").click()
    expect(page.locator("[aria-current=page]")).to_have_text("Acme Learning")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_is_accessible_and_fits(page: Page, world: Control, scheme: Any, size: Any) -> None:
    """No violation of axe with long names, faults, an open row, a preview; nothing sticks out."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    world.scenario("long-names")
    world.fault(status=503, method="DELETE", probability=0.5)
    world.fault(delay={"p50": 1, "p95": 2})
    ask(world, f"{MAIN}?serch={'x' * 200}&page_size=3")
    ask(world, method="POST", json={"name": ""})
    ask(world, f"{MAIN}nothing")
    shown(page, world)
    rows(page).nth(2).locator("summary").click()
    page.get_by_text("The last 15").click()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.get_by_role("button", name=re.compile("^Preview ")).first.click()
    assert Axe().run(page).response["violations"] == []


# Live journal


def test_the_journal_is_live(page: Page, world: Control) -> None:
    """A request is there without a reload, with its hints, both bodies, and a curl line to copy."""
    shown(page, world)
    expect(page.locator("#nothing")).to_be_visible()
    ask(world, f"{MAIN}?serch=python&page_size=1")
    ask(world, method="POST", json={"name": ""})
    expect(rows(page)).to_have_count(2)
    posted, listed = rows(page).nth(0), rows(page).nth(1)
    expect(posted.locator(".status")).to_have_text("400")
    expect(listed.locator(".hint")).to_have_text("1 hint")
    listed.locator("summary").click()
    expect(listed).to_contain_text("did you mean `search`?")
    expect(listed).to_contain_text("Api-Key $CREDMOCK_KEY")
    expect(listed.get_by_role("region", name=re.compile("Body of response"))).to_contain_text(
        '"count": '
    )
    listed.get_by_role("button", name="Copy as curl").click()
    expect(said(page)).to_contain_text("Copied: curl -i -H")
    assert "serch=python" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.slow
def test_the_journal_is_of_this_world(page: Page, world: Control) -> None:
    """What is asked of another one is not shown."""
    shown(page, world)
    httpx.get(f"{world.url}{MAIN}", headers=KEY, timeout=PATIENCE)
    ask(world)
    expect(rows(page)).to_have_count(1)


@pytest.mark.slow
def test_the_journal_is_filtered_paused_and_cleared(page: Page, world: Control) -> None:
    """By words of a row, by what is odd; what came while it paused is there afterwards."""
    shown(page, world)
    for path in (f"{MAIN}?page_size=1", f"{MAIN}issuers/?page_size=1", f"{MAIN}nothing"):
        ask(world, path)
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Filter").fill("GET issuers")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Filter").fill("")
    page.get_by_label("errors and hints only").check()
    expect(rows(page)).to_have_count(1)
    expect(rows(page).locator(".status")).to_have_text("404")
    page.get_by_label("errors and hints only").uncheck()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live")).to_have_text("paused")
    ask(world)
    page.get_by_role("button", name="Pause").click()
    expect(rows(page)).to_have_count(4)
    page.locator("#forget").click()
    expect(said(page)).to_have_text("Journal cleared.")
    expect(rows(page)).to_have_count(0)
    assert world.requests() == []


# Switches


def test_scenarios_and_records(page: Page, world: Control) -> None:
    """A scenario is entered and left; records are cleared, kept, restored and reset."""
    shown(page, world)
    cards = page.locator(".card")
    page.get_by_label("Scenario").select_option("one-page")
    expect(said(page)).to_have_text("The scenario is one-page.")
    expect(cards).to_have_count(7)
    expect(page.locator("#scenario-text")).to_contain_text("Seven credentials")
    page.get_by_role("button", name="Save snapshot").click()
    page.get_by_role("button", name="Clear", exact=True).first.click()
    expect(said(page)).to_have_text("Cleared.")
    expect(cards).to_have_count(0)
    page.get_by_role("button", name="Restore snapshot").click()
    expect(cards).to_have_count(7)
    page.get_by_role("button", name="Reset").click()
    expect(cards).to_have_count(12)
    expect(page.get_by_label("Scenario")).to_have_value("")
    assert world.scenarios()["current"] is None


@pytest.mark.slow
def test_faults_and_latency(page: Page, world: Control) -> None:
    """A fault is added and removed; latency goes with it, and is switched off alone."""
    shown(page, world)
    page.get_by_label("Latency").select_option("200")
    expect(said(page)).to_have_text("Responses are delayed.")
    page.get_by_label("Response", exact=True).select_option("429, too many requests")
    page.get_by_label("Applies to").select_option("POST")
    page.get_by_label("Repeat").select_option("always")
    page.get_by_role("button", name="Add fault").click()
    expect(page.locator(".faults li")).to_have_count(2)
    answer = ask(world, method="POST", json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.elapsed.total_seconds() >= 0.2
    assert ask(world).status_code == 200
    page.get_by_label("Latency").select_option("none")
    expect(page.locator(".faults li")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Remove fault")).click()
    expect(said(page)).to_have_text("Fault removed.")
    assert world.faults() == []


@pytest.mark.slow
def test_the_clock(page: Page, world: Control) -> None:
    """It is set, moved and stopped, and the world's time with it."""
    shown(page, world)
    page.get_by_label("Date of the clock").fill("2027-01-31")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_role("button", name="+1 day").click()
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("time")).to_contain_text("2027-02-01 12:00")
    expect(page.get_by_text("frozen", exact=True)).to_be_visible()
    assert world.clock()["now"].startswith("2027-02-01T12:00:")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("frozen", exact=True)).to_be_hidden()


SLOW_SET = """
const fetchNow = window.fetch;
window.fetch = async (address, options) => {
  if (options?.body?.includes('"set"')) await new Promise((done) => setTimeout(done, 400));
  return fetchNow(address, options);
};
"""


@pytest.mark.slow
def test_quick_clicks_keep_their_order(page: Page, world: Control) -> None:
    """What is clicked second happens second, though the first takes its time."""
    page.add_init_script(SLOW_SET)
    shown(page, world)
    page.get_by_label("Date of the clock").fill("2027-01-31")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_role("button", name="+1 day").click()
    expect(page.locator("time")).to_contain_text("2027-02-01 12:00")


@pytest.mark.slow
def test_another_sandbox_is_opened(page: Page, world: Control) -> None:
    """By a new name, and the default one from the list."""
    shown(page, world)
    other = f"{world.sandbox}-2"
    page.get_by_label("Name of the sandbox to open").fill(other)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"**/__sandbox__/{other}/__mock__/")
    expect(page.get_by_label("Sandbox", exact=True)).to_have_value(other)
    page.get_by_label("Sandbox", exact=True).select_option("default")
    page.wait_for_url(f"{world.url}/__mock__/")
    Control(world.url, other).remove()


def test_what_the_mock_refuses_is_said(page: Page, world: Control) -> None:
    """One fault too many, in the mock's own words."""
    shown(page, world)
    for _ in range(MOST_FAULTS):
        world.fault(status=503)
    page.get_by_role("button", name="Add fault").click()
    expect(said(page)).to_have_text(f"a sandbox has at most {MOST_FAULTS} faults; remove one first")


# Keyboard


@pytest.mark.slow
def test_the_page_is_worked_with_the_keyboard(page: Page, world: Control) -> None:
    """Skip to the journal, walk its rows, open one, copy it; the focus stays where it was."""
    ask(world)
    ask(world, f"{MAIN}issuers/")
    shown(page, world)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the journal")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#journal")).to_be_focused()
    first, second = (rows(page).nth(index).locator("summary") for index in (0, 1))
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page).nth(1).locator("details")).to_have_attribute("open", "")
    page.keyboard.press("c")
    expect(said(page)).to_contain_text("Copied: curl")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    reset = page.get_by_role("button", name="Reset")
    reset.focus()
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Reset.")
    expect(reset).to_be_focused()


# The reference


@pytest.mark.slow
def test_the_reference_tries_requests_with_a_key(page: Page, world: Control) -> None:
    """An operation is tried in it, and answers from this world."""
    page.goto(f"{world.base_url}/__mock__/docs")
    operation = page.locator("#operations-credentials-credentials_orgs_users_retrieve")
    operation.locator(".opblock-summary").click()
    operation.get_by_placeholder("org", exact=True).fill("main")
    operation.get_by_placeholder("user_id").fill("1")
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text(
        "200"
    )
    (asked,) = world.requests(method="GET")
    assert json.loads(asked["response"]["body"])["result"]["count"] > 0
    assert asked["request"]["headers"]["Authorization"] == "Api-Key $CREDMOCK_KEY"
