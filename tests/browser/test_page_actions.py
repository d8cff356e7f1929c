"""What the page at `/__mock__/` does by the API itself, as the user who was chosen."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mockserver.control.client import Control
from tests.browser.mock_page import ask, button, rows, said, show
from tests.conftest import MAIN
from tests.support.paths import PICTURES

pytestmark = pytest.mark.slow


def find(world: Control, name: str) -> dict[str, Any]:
    """Return the only public credential of a name."""
    (found,) = ask(world, f"{MAIN}?search={name}").json()["result"]["data"]
    assert isinstance(found, dict)
    return found


def test_a_credential_is_created_changed_and_deleted(page: Page, world: Control) -> None:
    """With a picture; published and made private; each step is a request in the journal."""
    show(page, world, "credentials")
    page.get_by_role("button", name="New credential").click()
    page.get_by_label("Name").fill("Zenith")
    page.get_by_label("Description").fill("All of it.")
    page.get_by_label("Valid for").fill("18")
    page.get_by_label("Tags").fill("one, two")
    page.get_by_label("Badge", exact=True).set_input_files(PICTURES / "palette.png")
    button(page, "Create").click()
    expect(said(page)).to_contain_text("Created Zenith.")
    pane = page.get_by_role("region", name="Zenith")
    expect(pane.locator("img.huge")).to_have_js_property("complete", True)
    made = find(world, "Zenith")
    assert (made["expires"], made["tags"]) == ({"amount": 18, "duration": "months"}, ["one", "two"])
    assert made["icon_image_id"]
    button(page, "Edit").click()
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").evaluate("field => field.required = false")
    button(page, "Save").click()
    expect(page.locator(".field-error")).to_contain_text("may not be blank")
    page.get_by_label("Name").fill("Zenith again")
    button(page, "Save").click()
    expect(said(page)).to_contain_text("Saved Zenith again.")
    assert world.requests(method="PUT")[0]["request"]["body"] == '{"name":"Zenith again"}'
    button(page, "Unpublish").click()
    expect(
        page.get_by_role("region", name="Zenith again").locator(".hero .private")
    ).to_be_visible()
    button(page, "Publish").click()
    expect(said(page)).to_contain_text("is public now.")
    assert find(world, "Zenith")["name"] == "Zenith again"
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(said(page)).to_contain_text("Deleted Zenith again.")
    page.get_by_role("link", name="Show request").click()
    expect(page.get_by_role("heading", name="DELETE 200")).to_be_visible()
    methods = [each["method"] for each in world.requests()]
    assert (methods.count("PUT"), methods.count("POST"), methods.count("DELETE")) == (4, 2, 1)


def test_an_assertion_is_issued_revoked_reinstated_and_expired(page: Page, world: Control) -> None:
    """Revoked with the reason; what the API refuses is said with its words."""
    issuer = ask(world, f"{MAIN}issuers/").json()["result"]["data"][0]["entityId"]
    body = {"name": "Zenith", "issuer": issuer}
    made = ask(world, method="POST", json=body).json()["result"]["entityId"]
    show(page, world, "credentials", credential=made)
    expect(page.get_by_text("Nobody holds this credential yet.")).to_be_visible()
    button(page, "Issue").click()
    page.get_by_role("checkbox", name="Leo Lindqvist").check()
    button(page, "Issue to 1").click()
    expect(said(page)).to_contain_text("Issued Zenith to 1 user.")
    held = page.locator(".assertions li")
    expect(held).to_contain_text("Leo Lindqvist valid")
    button(page, "Revoke Leo Lindqvist").click()
    button(page, "Revoke").click()
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("required")
    page.get_by_label("Reason").fill("A mistake.")
    button(page, "Revoke").click()
    expect(held).to_contain_text("revoked")
    expect(held).to_contain_text("A mistake.")
    button(page, "Reinstate Leo Lindqvist").click()
    expect(held).to_contain_text("Leo Lindqvist valid")
    button(page, "Expire Leo Lindqvist").click()
    expect(held).to_contain_text("Leo Lindqvist expired")
    page.get_by_label("Act as").select_option(label="Leo Lindqvist, learner")
    button(page, "Unpublish").click()
    expect(page.get_by_role("alert").first).to_contain_text("permission")
    assert world.requests(method="PUT")[0]["status"] == 403
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("permission")


def test_a_learner_gets_three_private_badges_in_three_clicks(page: Page, world: Control) -> None:
    """From those that are there, and new ones where there are too few."""
    show(page, world, "learners", platform="acme")
    name = "Give… to "
    page.get_by_role("button", name=re.compile(f"^{name}")).nth(1).click()
    button(page, "Pick three private ones").click()
    button(page, "Give 3").click()
    expect(said(page)).to_contain_text("Gave 3 badges")
    person = page.locator(".person").nth(1)
    expect(person.locator(".mark.private")).to_have_count(3)
    person.locator(".badge-button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".assertions li").first).to_contain_text("valid")
    dialog.get_by_role("button", name=re.compile("^Expire ")).first.click()
    expect(dialog.locator(".assertions li").first).to_contain_text("expired")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Requests").click()
    expect(rows(page).first).to_contain_text("POST")


def test_a_refusal_is_said_inside_of_an_open_dialog(page: Page, world: Control) -> None:
    """Where the action was: what is behind a dialog can neither be seen nor be heard."""
    show(page, world, "learners", q="leo")
    page.get_by_label("Act as").select_option(label="Leo Lindqvist, learner")
    page.locator(".badge-button.revoked").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("^Reinstate ")).first.click()
    expect(dialog.get_by_role("alert")).to_contain_text("permission")
