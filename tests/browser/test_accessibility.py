"""What axe finds in the page and its dialogs, in both colour schemes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import FrontEnd

pytestmark = pytest.mark.slow


def check(front: FrontEnd, part: str) -> None:
    """Fail with axe's own words where a part of the page breaks a rule, in light or in dark."""
    front.page.emulate_media(color_scheme="light")
    in_light = Axe().run(front.page, context=part)
    front.page.emulate_media(color_scheme="dark")
    in_dark = Axe().run(front.page, context=part)
    assert in_light.violations_count == 0, in_light.generate_report()
    assert in_dark.violations_count == 0, in_dark.generate_report()


def test_the_list_has_no_violations(front: FrontEnd) -> None:
    """The page with cards and pager, and with a problem in their place."""
    check(front.shown(), "html")
    front.world.fault(method="GET", status=503)
    front.search("python")
    expect(front.problem).not_to_be_empty()
    check(front, "html")


def test_the_editor_has_no_violations(front: FrontEnd) -> None:
    """The form with a credential in it, and with a message at a field."""
    front.add("Mine")
    front.shown().button("Edit Mine").click()
    front.field("Name").fill("")
    front.save()
    expect(front.editor.locator(".field-error")).to_be_visible()
    check(front, "#editor")


def test_the_other_dialogs_have_no_violations(front: FrontEnd) -> None:
    """The question before something is deleted, and the settings."""
    front.add("Mine")
    front.shown().button("Delete Mine").click()
    expect(front.confirm).to_be_visible()
    check(front, "#confirm")
    front.button("Cancel").click()
    front.button("Settings").click()
    expect(front.button("Use")).to_be_visible()
    check(front, "#settings")
