"""What once went wrong on the page at `/__mock__/`, each in the way that somebody met it."""

import re
import subprocess

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from mockserver.control.client import Control
from tests.browser.mock_page import (
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
from tests.support.server import running

pytestmark = pytest.mark.slow


def send_many(world: Control, count: int) -> None:
    """Send short requests, one after the other."""
    for number in range(count):
        ask(world, f"{MAIN}?page_size=1&search={number}")


def test_a_page_of_credentials_that_is_gone(page: Page, world: Control) -> None:
    """After a scenario with fewer records the wall is that of the scenario, also after a reload."""
    show(page, world, "credentials", page=3)
    expect(page.locator(".count-line")).to_contain_text("page 3 of 3")
    enter_scenario(page, "empty")
    expect(page.get_by_role("heading", name="No credentials")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)
    show(page, world, "credentials", page=5)
    expect(page.get_by_role("heading", name="No credentials")).to_be_visible()
    # The empty state begins at the top of the view and not below a hole.
    box = page.locator(".empty").bounding_box()
    frame = page.locator(".scroll-area").bounding_box()
    assert box
    assert frame
    assert box["y"] - frame["y"] < 40
    button(page, "Create the first one").click()
    expect(page.get_by_role("dialog", name="New credential")).to_be_visible()


def test_keys_do_not_replace_the_world(page: Page, world: Control) -> None:
    """Arrow keys move among scenarios and enter none; the sandbox is not left by them either."""
    show(page, world)
    page.get_by_role("button", name=re.compile("^Scenario ")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="default data").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Tab", "Tab", "End"):
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Sandbox ")).focus()
    page.keyboard.press("ArrowDown")
    assert world.scenarios()["current"] is None
    assert f"/__sandbox__/{world.sandbox}/" in page.url


def test_nothing_is_lost_while_the_journal_is_held(page: Page, world: Control) -> None:
    """Pause, 120 requests, a lost connection, resume: every row is there once."""
    show(page, world)
    ask(world)
    expect(rows(page)).to_have_count(1)
    button(page, "Pause").click()
    send_many(world, 120)
    expect(page.locator(".news")).to_have_text("120 new")
    expect(rows(page)).to_have_count(1)
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    send_many(world, 5)
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    expect(page.locator(".news")).to_have_text("125 new")
    button(page, "Resume").click()
    expect(rows(page)).to_have_count(126)
    numbers = rows(page).evaluate_all("rows => rows.map((row) => Number(row.dataset.number))")
    assert numbers == [*range(126, 0, -1)]
    page.reload()
    expect(rows(page)).to_have_count(126)


def test_filters_are_true_after_a_reload(page: Page, world: Control) -> None:
    """The only error is older than what a first page of rows would hold."""
    ask(world, f"{MAIN}nothing")
    send_many(world, 60)
    show(page, world)
    button(page, "Problems").click()
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("404")


def test_a_scenario_that_fails_changes_nothing(page: Page, world: Control) -> None:
    """Its message is shown, and the rows of the journal stay."""
    ask(world)
    show(page, world)
    expect(rows(page)).to_have_count(1)

    def refuse(route: Route) -> None:
        route.fulfill(status=400, json={"detail": "flaky.yaml: at faults: not a list"})

    page.route("**/__mock__/scenario", refuse)
    page.get_by_role("button", name=re.compile("^Scenario ")).click()
    page.get_by_role("dialog").get_by_role("button", name="flaky").click()
    alert = page.get_by_role("alert").filter(has_text="flaky.yaml: at faults: not a list")
    expect(alert).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows(page)).to_have_count(1)
    expect(button(page, "Undo")).to_have_count(0)


def test_all_views_follow_what_others_change(page: Page, world: Control) -> None:
    """A credential by the API, a fault and its counts, the clock, a scenario: without a reload."""
    issuer = ask(world, f"{MAIN}issuers/").json()["result"]["data"][0]["entityId"]
    show(page, world, "credentials")
    expect(page.locator(".card")).to_have_count(24)
    ask(world, method="POST", json={"name": "Made elsewhere", "issuer": issuer})
    expect(page.locator(".card").first).to_contain_text("Made elsewhere")
    page.get_by_role("link", name="Faults & time").click()
    world.fault(status=503, times=1, delay={"p50": 3, "p95": 5})
    fault = page.locator(".faults li")
    expect(fault).to_contain_text("status 503 + delay p50 3 ms, p95 5 ms")
    assert not set("{}'") & set(fault.inner_text())
    ask(world)
    expect(fault).to_contain_text("used up 1 applied of 1 matching request")
    world.clock(set="2031-05-06T07:08:09Z", freeze=True)
    expect(page.locator(".big-clock")).to_contain_text("2031-05-06 07:08 frozen")
    world.scenario("empty")
    expect(page.locator(".top .switch", has_text="Scenario")).to_contain_text("empty")
    expect(page.get_by_text("None: every request is answered")).to_be_visible()


def test_a_row_does_not_move_while_one_reads(page: Page, world: Control) -> None:
    """What comes while a request is open is announced above, and shown on demand."""
    show(page, world)
    send_many(world, 3)
    expect(rows(page)).to_have_count(3)
    rows(page).nth(1).click()
    expect(page.get_by_role("region", name="Body of the response")).to_be_visible()
    before = rows(page).nth(1).bounding_box()
    send_many(world, 12)
    expect(page.locator(".news")).to_have_text("12 new")
    assert rows(page).nth(1).bounding_box() == before
    page.locator(".news").click()
    expect(rows(page)).to_have_count(15)
    button(page, "Close the request").click()
    ask(world)
    expect(rows(page)).to_have_count(16)


def test_a_slow_scenario_shows_that_it_works(page: Page, world: Control) -> None:
    """From the click on, until it is done; meanwhile no other one can be entered."""
    show(page, world, "faults")

    def wait(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route("**/__mock__/scenario", wait)
    scenarios = page.locator(".scenarios")
    scenarios.get_by_role("button", name="one-page").click()
    expect(said(page)).to_have_text("Entering one-page…")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(scenarios.get_by_role("button", name="empty")).to_be_disabled()
    expect(said(page)).to_contain_text("The scenario is one-page.")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")


def test_what_is_copied_works_and_is_named_as_it_looks(page: Page, world: Control) -> None:
    """The curl line is answered as the request was; names of buttons begin with their text."""
    ask(world, f"{MAIN}?page_size=1&search=caf%C3%A9%20%27")
    made = ask(world, f"{MAIN}?page_size=1").json()["result"]["data"][0]
    show(page, world, request=1)
    button(page, "Copy as curl").click()
    expect(said(page)).to_contain_text("Copied curl -i -H")
    line = ["sh", "-c", clipboard(page).replace("curl -i", "curl -s -o /dev/null -w %{http_code}")]
    ended = subprocess.run(line, capture_output=True, text=True, check=True)
    assert ended.stdout == "200"
    show(page, world, "credentials", credential=made["entityId"])
    expect(button(page, f"Copy id of {made['name_override'] or made['name']}")).to_be_visible()
    for view in ("credentials", "learners", "faults"):
        show(page, world, view)
        expect(page.locator("main li").first).to_be_visible()
        named = page.locator("main button[aria-label]").evaluate_all(
            "all => all.map((each) => [each.getAttribute('aria-label'), each.innerText.trim()])"
        )
        assert all(name.startswith(text) for name, text in named)


def test_it_stays_responsive_on_a_telephone_under_load(browser: Browser) -> None:
    """10,000 credentials and many requests in seconds: it answers a touch at once."""
    with (
        running("--quiet", "--credentials", "10000") as server,
        open_browser_page(browser, viewport=PHONE, has_touch=True) as page,
    ):
        world = Control(server.url)
        show(page, world, "credentials")
        expect(page.locator(".count-line")).to_contain_text("10,0")
        page.get_by_role("link", name="Requests").click()
        send_many(world, 150)
        expect(rows(page)).to_have_count(150)
        longest = page.evaluate(
            """async () => { let longest = 0, last = performance.now();
            for (let frame = 0; frame < 30; frame += 1) {
              await new Promise(requestAnimationFrame);
              longest = Math.max(longest, performance.now() - last); last = performance.now();
            } return longest; }"""
        )
        assert longest < 2000
        rows(page).nth(3).tap()
        expect(page.get_by_role("region", name="Body of the response")).to_be_visible()
        button(page, "Back to the list").tap()
        expect(rows(page).nth(3)).to_be_visible()
