"""The reference at `/__mock__/docs`: the API and the control plane, to be read and tried."""

import json
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mockserver.control.client import Control

pytestmark = pytest.mark.slow


def open_reference(page: Page, world: Control, of: str = "") -> list[str]:
    """Show the reference, and return the list that the browser's complaints are added to."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.goto(f"{world.base_url}/__mock__/docs{of}")
    page.locator("#docs[data-ready]").wait_for()
    return complaints


def check(page: Page) -> None:
    """Fail with axe's own words where what is shown breaks a rule."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_request_is_tried_with_a_key(
    page: Page, world: Control, scheme: Literal["light", "dark"]
) -> None:
    """An operation is found, tried and answered from this sandbox, and axe finds no violation."""
    page.emulate_media(color_scheme=scheme)
    complaints = open_reference(page, world)
    expect(page.get_by_text("Define credentials").first).to_be_attached()
    assert page.get_by_text("x-evidence").count() == 0
    check(page)
    page.get_by_role("link", name="List the public credentials of a platform").first.click()
    page.get_by_role("textbox", name="org", exact=True).first.fill("main")
    page.get_by_role("textbox", name="user_id").first.fill("1")
    page.get_by_role("button", name="Try").first.click()
    expect(page.get_by_text("Response Status: OK:200").first).to_be_visible()
    check(page)
    (asked,) = world.requests(method="GET")
    assert json.loads(asked["response"]["body"])["result"]["count"] > 0
    assert asked["request"]["headers"]["Authorization"] == "Api-Key $CREDMOCK_KEY"
    assert complaints == []


def test_the_control_plane_is_tried_beside_it(page: Page, world: Control) -> None:
    """The clock of this sandbox is read from the reference of the control plane."""
    complaints = open_reference(page, world)
    page.get_by_role("link", name="Control plane").click()
    page.wait_for_url("**of=control*")
    page.locator("#docs[data-ready]").wait_for()
    page.get_by_role("link", name="Return the time, and whether it is frozen").first.click()
    page.get_by_role("button", name="Try").first.click()
    expect(page.get_by_text("Response Status: OK:200").first).to_be_visible()
    check(page)
    assert complaints == []


def test_it_fits_a_telephone(page: Page, world: Control) -> None:
    """At 390 px all operations are on one page, which does not scroll sideways."""
    page.set_viewport_size({"width": 390, "height": 844})
    complaints = open_reference(page, world, "?of=control")
    expect(page.get_by_text("Add a fault").first).to_be_attached()
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints == []
