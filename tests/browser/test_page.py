"""The page at `/__mock__/` in a real browser: its views, live journal, keyboard and axe."""

import json
import re
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from mockserver.control.client import Control
from mockserver.sandbox.faults import MOST_FAULTS
from tests.browser.mock_page import (
    DESKTOP,
    KEY,
    PHONE,
    ask,
    button,
    clipboard,
    enter_scenario,
    open_browser_page,
    rows,
    said,
    show,
)
from tests.conftest import MAIN
from tests.support.waiting import PATIENCE

VIEWS = ("requests", "credentials", "learners", "faults", "connect")


def test_views_have_addresses(page: Page, world: Control) -> None:
    """Each is opened by its link and by its address; back leads to the one before."""
    show(page, world)
    page.get_by_role("link", name="Learners").click()
    expect(page.get_by_role("heading", name="Leo Lindqvist")).to_be_visible()
    page.get_by_role("link", name="Connect").click()
    expect(page.get_by_role("heading", name="Snippets")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Leo Lindqvist")).to_be_visible()
    assert "view=learners" in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Leo Lindqvist")).to_be_visible()
    page.locator(".switch.base").click()
    expect(said(page)).to_contain_text("Copied the base URL")
    assert clipboard(page) == world.base_url


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_is_accessible_and_fits(
    browser: Browser, world: Control, scheme: Any, size: Any
) -> None:
    """No violation of axe in any view, an open row, a credential, a dialog; nothing sticks out."""
    world.scenario("long-names")
    world.fault(status=503, method="DELETE", probability=0.5)
    world.fault(delay={"p50": 1, "p95": 2})
    ask(world, f"{MAIN}?serch={'x' * 200}&page_size=3")
    ask(world, method="POST", json={"name": ""})
    made = ask(world, f"{MAIN}?page_size=1").json()["result"]["data"][0]["entityId"]

    def check(page: Page) -> None:
        assert Axe().run(page).response["violations"] == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], page.url

    with open_browser_page(
        browser, viewport=size, color_scheme=scheme, reduced_motion="reduce"
    ) as page:
        for view in VIEWS:
            show(page, world, view)
            expect(page.locator("main li, main tr, main h2").first).to_be_visible()
            check(page)
        show(page, world, request=2)
        expect(page.get_by_role("region", name="Body of the response")).to_be_visible()
        check(page)
        show(page, world, "credentials", credential=made)
        button(page, "Edit").click()
        check(page)
        page.keyboard.press("Escape")
        page.locator(".top .switch", has_text="Scenario").click()
        check(page)


@pytest.mark.slow
def test_it_fits_small_windows_and_forced_colours(browser: Browser, world: Control) -> None:
    """At 320 pixels and with forced colours every view is whole, and can be worked."""
    ask(world)
    small = {"width": 320, "height": 640}
    with open_browser_page(browser, viewport=small, forced_colors="active") as page:
        for view in VIEWS:
            show(page, world, view)
            expect(page.locator("main li, main tr, main h2").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == 320, view
            links = page.get_by_role("navigation", name="Views").get_by_role("link")
            assert links.nth(4).bounding_box()["x"] < 320  # type: ignore[index]


def test_the_journal_is_live(page: Page, world: Control) -> None:
    """A request is there without a reload, with its hint, both bodies, and a curl line to copy."""
    show(page, world)
    expect(page.get_by_role("heading", name="No requests yet")).to_be_visible()
    ask(world, f"{MAIN}?serch=python&page_size=1")
    ask(world, method="POST", json={"name": ""})
    expect(rows(page)).to_have_count(2)
    expect(rows(page).nth(0)).to_contain_text("400")
    expect(rows(page).nth(1).locator(".hint")).to_have_text("hint")
    rows(page).nth(1).click()
    detail = page.get_by_role("region", name="Request 1")
    expect(detail).to_contain_text("did you mean search?")
    detail.get_by_text("Headers").last.click()
    expect(detail).to_contain_text("Api-Key $CREDMOCK_KEY")
    body = detail.get_by_role("region", name="Body of the response")
    expect(body).to_contain_text('"count": ')
    body.get_by_role("button", name=re.compile("^result: ")).click()
    expect(body).not_to_contain_text('"count": ')
    httpx.get(f"{world.url}{MAIN}", headers=KEY, timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(2)
    button(page, "Clear the journal").click()
    expect(page.get_by_role("heading", name="No requests yet")).to_be_visible()
    assert world.requests() == []


@pytest.mark.slow
def test_the_journal_is_searched_on_the_server(page: Page, world: Control) -> None:
    """By words of a body or a header, also as rows come in; the address keeps the search."""
    show(page, world)
    ask(world, method="POST", json={"name": "Quantum"})
    ask(world, f"{MAIN}issuers/?page_size=1")
    ask(world, f"{MAIN}nothing")
    expect(rows(page)).to_have_count(3)
    page.get_by_role("searchbox").fill("quantum")
    expect(rows(page)).to_have_count(1)
    ask(world, method="POST", json={"name": "quantum again"})
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_role("heading", name="No request fits")).to_be_visible()
    button(page, "Show all requests").click()
    expect(rows(page)).to_have_count(4)
    page.get_by_label("Method").select_option("POST")
    expect(rows(page)).to_have_count(2)


@pytest.mark.slow
def test_faults_are_made_by_form_and_by_json(page: Page, world: Control) -> None:
    """Both are the same rule; its counts follow the requests; a refusal has the mock's words."""
    show(page, world, "faults")
    button(page, "Third POST fails").click()
    page.get_by_label("Kind").select_option("percentiles")
    page.get_by_label("p50, ms").fill("1")
    page.get_by_label("p95, ms").fill("2")
    page.get_by_label("p99, ms").fill("3")
    page.get_by_label("Headers, JSON").fill('{"X-Why": "test"}')
    page.get_by_label("Body, JSON").fill('{"detail": "no"}')
    text = page.get_by_label("As JSON")
    rule = {"method": "POST", "nth": 3, "status": 500, "delay": {"p50": 1, "p95": 2, "p99": 3}}
    rule |= {"headers": {"X-Why": "test"}, "body": {"detail": "no"}}
    assert json.loads(text.input_value()) == rule
    button(page, "Add fault").click()
    fault = page.locator(".faults li")
    expect(fault).to_contain_text("0 applied of 0 matching requests")
    answers = [ask(world, method="POST", json={}) for _ in range(3)]
    assert [each.status_code for each in answers] == [400, 400, 500]
    assert (answers[2].headers["X-Why"], answers[2].json()) == ("test", {"detail": "no"})
    expect(fault).to_contain_text("1 applied of 3 matching requests")
    text.fill('{"damage": "cut", "times": 2}')
    expect(page.get_by_label("Damage")).to_have_value("cut")
    expect(page.get_by_label("At most, times")).to_have_value("2")
    text.fill('{"damage": ')
    expect(page.get_by_role("alert").first).to_contain_text("Not valid JSON")
    text.fill('{"stat": 503}')
    button(page, "Add fault").click()
    expect(page.get_by_role("alert").first).to_contain_text("unknown field 'stat'")
    button(page, "800 ms").click()
    expect(fault).to_have_count(2)
    button(page, "none").click()
    expect(fault).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Remove fault")).click()
    expect(said(page)).to_contain_text("Fault removed.")
    assert world.faults() == []


def test_what_the_mock_refuses_is_said(page: Page, world: Control) -> None:
    """One fault too many, in the mock's own words."""
    for _ in range(MOST_FAULTS):
        world.fault(status=503)
    show(page, world, "faults")
    button(page, "Add fault").click()
    expect(page.get_by_role("alert").first).to_have_text(
        f"a sandbox has at most {MOST_FAULTS} faults; remove one first"
    )


SLOW_SET = """
const fetchNow = window.fetch;
window.fetch = async (address, options) => {
  if (options?.body?.includes('"set"')) await new Promise((done) => setTimeout(done, 400));
  return fetchNow(address, options);
};
"""


@pytest.mark.slow
def test_the_clock_keeps_the_order_of_quick_clicks(page: Page, world: Control) -> None:
    """It is set, moved and frozen; what is clicked second happens second."""
    page.add_init_script(SLOW_SET)
    show(page, world, "faults")
    page.get_by_label("Date and time, UTC").fill("2027-01-31T12:00")
    button(page, "Set").click()
    button(page, "+1 day").click()
    button(page, "Freeze").click()
    expect(page.locator(".top time")).to_contain_text("2027-02-01 12:00")
    expect(page.locator(".top .frozen")).to_be_visible()
    assert world.clock()["now"].startswith("2027-02-01T12:00:")
    button(page, "Run").click()
    expect(page.locator(".top .frozen")).to_be_hidden()


@pytest.mark.slow
def test_scenarios_and_records_can_be_undone(page: Page, world: Control) -> None:
    """A scenario, a clear and a reset are each taken back in one click; snapshots are restored."""
    show(page, world, "credentials")
    cards = page.locator(".card")
    expect(cards).to_have_count(24)
    enter_scenario(page, "one-page")
    expect(cards).to_have_count(7)
    button(page, "Undo").click()
    expect(cards).to_have_count(24)
    expect(page.locator(".top .switch", has_text="Scenario")).to_contain_text("default data")
    page.get_by_role("link", name="Faults & time").click()
    page.get_by_label("Name of the snapshot").fill("mine")
    button(page, "Save snapshot").click()
    button(page, "Clear credentials").click()
    expect(said(page)).to_contain_text("All credentials are removed.")
    button(page, "Undo clear").click()
    expect(said(page)).to_contain_text("Undone")
    button(page, "Reset").click()
    expect(said(page)).to_contain_text("Reset to the default data.")
    button(page, "Restore mine").click()
    expect(said(page)).to_contain_text("Restored mine.")


@pytest.mark.slow
def test_another_sandbox_is_opened(page: Page, world: Control) -> None:
    """By a new name, and the default one from the list, in the same view."""
    show(page, world, "learners")
    other = f"{world.sandbox}-2"
    page.get_by_role("button", name=re.compile("^Sandbox ")).click()
    page.get_by_label("Open another").fill(other)
    button(page, "Open").click()
    page.wait_for_url(f"**/__sandbox__/{other}/__mock__/?view=learners")
    page.get_by_role("button", name=re.compile("^Sandbox ")).click()
    page.get_by_role("dialog").get_by_role("link", name="default", exact=True).click()
    page.wait_for_url(f"{world.url}/__mock__/?view=learners")
    Control(world.url, other).remove()


@pytest.mark.slow
def test_connect_has_snippets_and_gathers_hints(page: Page, world: Control) -> None:
    """For this address and sandbox; what several requests lost in the same way is one entry."""
    for _ in range(2):
        ask(world, f"{MAIN}?serch=x")
    ask(world, f"{MAIN}?pageSize=3")
    show(page, world, "connect")
    expect(page.locator(".gathered li")).to_have_count(2)
    expect(page.locator(".gathered li").first).to_contain_text("×2")
    for name in ("curl", "fetch", "axios", "Vite proxy", "Playwright", "pytest"):
        page.get_by_role("tab", name=name, exact=True).click()
        button(page, f"Copy the snippet for {name}").click()
        expect(said(page)).to_contain_text(f"the snippet for {name}")
        assert world.url in clipboard(page) or "mock_sandbox" in clipboard(page)
    page.get_by_role("tab", name="curl").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="fetch")).to_be_focused()


@pytest.mark.slow
def test_the_page_is_worked_with_the_keyboard(page: Page, world: Control) -> None:
    """Skip to the view, walk the rows, open one and close it; the focus comes back."""
    ask(world)
    ask(world, f"{MAIN}issuers/")
    show(page, world)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to Requests")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    first, second = (rows(page).nth(index).get_by_role("link") for index in (0, 1))
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("c")
    expect(said(page)).to_contain_text("Copied curl -i")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Request 1")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("region", name="Request 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".detail-pane")).to_be_hidden()
    expect(first).to_be_focused()
    page.get_by_role("button", name=re.compile("^Sandbox ")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("^Sandbox "))).to_be_focused()
