"""Errors, and the page without a mouse."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FrontEnd


def test_refused_values_are_told_at_their_fields(front: FrontEnd) -> None:
    """Each message stands at its field and is tied to it; the first one has the focus."""
    front.shown().create(" ")
    front.field("Criteria address").fill("nowhere")
    front.field("Valid for").fill("long")
    front.save()
    for label, message in (
        ("Name", "This field may not be blank."),
        ("Criteria address", "Enter a valid URL."),
        ("Valid for", "A valid integer is required."),
    ):
        expect(front.field(label)).to_have_attribute("aria-invalid", "true")
        expect(front.field(label)).to_have_accessible_description(message)
    expect(front.field("Name")).to_be_focused()


@pytest.mark.slow
def test_messages_go_once_the_value_is_mended(front: FrontEnd) -> None:
    """A second try that is fine closes the form."""
    front.shown().create("")
    front.save()
    expect(front.editor.locator(".field-error")).to_have_count(1)
    front.field("Name").fill("Mended")
    front.save()
    expect(front.status).to_contain_text("Created Mended.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": "retired-key"}, "The key was not accepted."),
        ({"key": "acme-admin-key"}, "This key may not do that."),
        ({"org": "nowhere"}, "Not found."),
    ],
)
def test_a_refusal_takes_the_place_of_the_list(
    front: FrontEnd, settings: dict[str, str], message: str
) -> None:
    """401, 403 and 404 are shown in words, with the server's own, and can be tried again."""
    front.open(**settings)
    expect(front.problem).to_contain_text(message)
    expect(front.problem.get_by_role("button", name="Try again")).to_be_visible()
    expect(front.cards).to_have_count(0)


@pytest.mark.slow
def test_a_learner_may_look_and_not_write(front: FrontEnd) -> None:
    """A 403 to a write stays in the form, which keeps what was typed."""
    front.shown(user="2", key="main-learner-key")
    front.create("Mine")
    front.save()
    expect(front.editor.get_by_role("alert")).to_contain_text("This key may not do that.")
    expect(front.field("Name")).to_have_value("Mine")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "Too many requests. Try again in 7 s."),
        (503, "The server failed (503). Try again in 7 s."),
    ],
)
def test_a_failure_can_be_tried_again(front: FrontEnd, status: int, message: str) -> None:
    """The page reads how long to wait, and the list is there after the next try."""
    front.world.fault(method="GET", status=status, headers={"Retry-After": "7"})
    front.open()
    expect(front.problem).to_contain_text(message)
    front.world.clear_faults()
    front.button("Try again").click()
    expect(front.cards).to_have_count(12)
    expect(front.problem).to_be_empty()


def test_a_failed_save_keeps_the_form(front: FrontEnd) -> None:
    """A 503 to a write is shown in the form, and the second try saves once."""
    front.shown().create("Again")
    front.world.fault(method="POST", status=503, times=1)
    front.save()
    expect(front.editor.get_by_role("alert")).to_contain_text("The server failed (503).")
    expect(front.field("Name")).to_have_value("Again")
    front.button("Try again").click()
    expect(front.status).to_contain_text("Created Again.")
    assert len(front.named("Again")) == 1


@pytest.mark.slow
def test_an_answer_that_was_cut_off_is_told(front: FrontEnd) -> None:
    """What cannot be read is a failure of the server too."""
    front.world.fault(method="GET", damage="truncated", times=1)
    front.open()
    expect(front.problem).to_contain_text("The server's answer cannot be read.")
    front.button("Try again").click()
    expect(front.cards).to_have_count(12)


@pytest.mark.slow
def test_no_answer_is_told_and_can_be_tried_again(front: FrontEnd) -> None:
    """Without a network the message names the address."""
    front.page.route("**/api/credentials/**", lambda route: route.abort())
    front.open()
    expect(front.problem).to_contain_text(f"No answer from {front.world.base_url}.")
    front.page.unroute_all()
    front.button("Try again").click()
    expect(front.cards).to_have_count(12)


@pytest.mark.slow
def test_a_credential_is_created_with_the_keyboard_alone(front: FrontEnd) -> None:
    """Tab, type, Enter: the form opens at the name, and the new card has the focus."""
    front.shown().button("New credential").focus()
    front.page.keyboard.press("Enter")
    expect(front.field("Name")).to_be_focused()
    front.page.keyboard.type("Typed")
    front.page.keyboard.press("Tab")
    front.page.keyboard.press("ArrowDown")
    front.page.keyboard.press("Shift+Tab")
    front.page.keyboard.press("Enter")
    expect(front.button("Edit Typed")).to_be_focused()


@pytest.mark.slow
def test_escape_closes_the_form_and_gives_the_focus_back(front: FrontEnd) -> None:
    """Escape leaves, and the focus is where it was."""
    front.shown().button("New credential").click()
    expect(front.field("Name")).to_be_focused()
    front.page.keyboard.press("Escape")
    expect(front.editor).to_be_hidden()
    expect(front.button("New credential")).to_be_focused()


@pytest.mark.slow
def test_the_question_begins_at_cancel(front: FrontEnd) -> None:
    """Enter on a question that was not read deletes nothing."""
    front.add("Mine")
    front.shown().button("Delete Mine").click()
    expect(front.button("Cancel")).to_be_focused()
    front.page.keyboard.press("Enter")
    expect(front.confirm).to_be_hidden()
    assert len(front.named("Mine")) == 1


@pytest.mark.slow
def test_the_first_tab_skips_to_the_list(front: FrontEnd) -> None:
    """The first stop leads past the tools, to the heading of the list."""
    front.shown().page.keyboard.press("Tab")
    expect(front.page.get_by_role("link", name="Skip to the credentials")).to_be_focused()
    front.page.keyboard.press("Enter")
    expect(front.page.get_by_role("heading", name="All credentials")).to_be_focused()
