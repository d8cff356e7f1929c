"""What axe finds in the page and its dialogs, in both colour schemes."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import FrontEnd


@pytest.fixture(params=["light", "dark"])
def coloured(request: pytest.FixtureRequest, front: FrontEnd) -> FrontEnd:
    """Return the front end in a colour scheme."""
    scheme: Literal["light", "dark"] = request.param
    front.page.emulate_media(color_scheme=scheme)
    return front


def violations(front: FrontEnd, part: str) -> str:
    """Return what axe finds wrong in a part of the page, in its own words."""
    found = Axe().run(front.page, context=part)
    return str(found.generate_report()) if found.violations_count else ""


def test_the_list_has_no_violations(coloured: FrontEnd) -> None:
    """The page with cards and pager, and with a problem in their place."""
    coloured.shown()
    assert not violations(coloured, "html")
    coloured.world.fault(method="GET", status=503)
    coloured.search("python")
    expect(coloured.problem).not_to_be_empty()
    assert not violations(coloured, "html")


def test_the_editor_has_no_violations(coloured: FrontEnd) -> None:
    """The form with a credential in it, and with a message at a field."""
    coloured.add("Mine")
    coloured.shown().button("Edit Mine").click()
    coloured.field("Name").fill("")
    coloured.save()
    expect(coloured.editor.locator(".field-error")).to_be_visible()
    assert not violations(coloured, "#editor")


def test_the_other_dialogs_have_no_violations(coloured: FrontEnd) -> None:
    """The question before something is deleted, and the settings."""
    coloured.add("Mine")
    coloured.shown().button("Delete Mine").click()
    expect(coloured.confirm).to_be_visible()
    assert not violations(coloured, "#confirm")
    coloured.button("Cancel").click()
    coloured.button("Settings").click()
    expect(coloured.button("Use")).to_be_visible()
    assert not violations(coloured, "#settings")
