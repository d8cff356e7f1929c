"""List, search, pages, and where the page looks for them."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FrontEnd


def test_the_first_page_is_listed_in_the_order_of_the_api(front: FrontEnd) -> None:
    """The page shows twelve cards as the API sends them, and how many there are."""
    front.shown()
    page = front.listed(page_size=12)
    names = [each["name_override"] or each["name"] for each in page["data"]]
    expect(front.cards.get_by_role("heading")).to_have_text(names)
    expect(front.status).to_have_text(f"{page['count']} credentials.")


def test_a_card_tells_what_matters(front: FrontEnd) -> None:
    """A card shows name, issuer, type, validity, tags, and an initial where there is no badge."""
    front.add("Shown", tags=["new"], expires={"amount": 2, "duration": "years"})
    card = front.shown().cards.first
    for text in ("Shown", "Micro credential", "valid 2 years", "#new"):
        expect(card.get_by_text(text, exact=True)).to_be_visible()
    issuer = front.named("Shown")[0]["issuerDetails"]["name"]
    expect(card.get_by_text(issuer)).to_be_visible()
    expect(card.locator(".initials")).to_have_text("S")


@pytest.mark.slow
def test_badges_are_loaded_from_the_mock(front: FrontEnd) -> None:
    """The badge of a card is a picture that the mock serves."""
    badge = front.shown().cards.first.locator("img.badge")
    expect(badge).to_have_js_property("complete", True)
    expect(badge).not_to_have_js_property("naturalWidth", 0)


@pytest.mark.slow
def test_an_empty_world_invites_to_create(front: FrontEnd) -> None:
    """Where there is no credential the page says what to do."""
    front.world.clear()
    front.open()
    expect(front.page.get_by_text("No credentials yet. Create the first one.")).to_be_visible()
    expect(front.status).to_have_text("0 credentials.")


@pytest.mark.slow
def test_the_query_string_sets_what_the_tab_keeps(front: FrontEnd) -> None:
    """Platform, user and key leave the address at once, and survive a reload."""
    front.shown(org="acme", user="11", key="acme-admin-key")
    expect(front.cards.first).to_contain_text("Acme")
    expect(front.page).to_have_url(front.files)
    front.page.reload()
    expect(front.cards.first).to_contain_text("Acme")


@pytest.mark.slow
def test_settings_can_be_changed_on_the_page(front: FrontEnd) -> None:
    """The form of the settings points the page elsewhere."""
    front.shown()
    front.button("Settings").click()
    for label, value in (("Organisation", "acme"), ("User", "11"), ("Key", "acme-admin-key")):
        front.page.locator("#settings").get_by_label(label).fill(value)
    front.button("Use").click()
    expect(front.cards.first).to_contain_text("Acme")


@pytest.mark.slow
def test_a_narrow_screen_needs_no_sideways_scrolling(front: FrontEnd) -> None:
    """At 360 pixels everything fits, the form too."""
    front.page.set_viewport_size({"width": 360, "height": 740})
    front.shown()
    assert front.page.evaluate("document.documentElement.scrollWidth") == 360
    front.button("New credential").click()
    expect(front.button("Save")).to_be_in_viewport()
    assert front.editor.evaluate("form => form.scrollWidth - form.clientWidth") == 0


@pytest.mark.slow
def test_search_shows_what_the_api_finds(front: FrontEnd) -> None:
    """Typing narrows the list to what the API finds, in any case."""
    front.shown().search("PYTHON")
    count = front.listed(search="python")["count"]
    expect(front.status).to_have_text(f"{count} credentials for “PYTHON”.")
    expect(front.cards).to_have_count(min(count, 12))


@pytest.mark.slow
def test_a_late_answer_does_not_replace_a_newer_one(front: FrontEnd) -> None:
    """Who types on calls off the search before, however long its answer takes."""
    front.shown()
    front.world.fault(method="GET", nth=1, delay=5000)
    with front.page.expect_event("requestfailed") as called_off:
        front.page.get_by_role("searchbox", name="Search").press_sequentially("python")
    assert called_off.value.url.endswith("search=p&page=1&page_size=12")
    expect(front.status).to_contain_text("for “python”.")
    expect(front.cards).to_have_count(front.listed(search="python")["count"])


@pytest.mark.slow
def test_nothing_found_is_said_and_can_be_undone(front: FrontEnd) -> None:
    """A search without a match says so; an empty one lists everything again."""
    front.shown().search("no such words")
    expect(front.page.get_by_text("Nothing found.")).to_be_visible()
    expect(front.status).to_have_text("0 credentials for “no such words”.")
    front.search("")
    expect(front.cards).to_have_count(12)


def test_pages_are_walked_to_the_end_and_back(front: FrontEnd) -> None:
    """`Next` leads through every credential once, and nothing leads past either end."""
    expect(front.shown().button("Previous")).to_be_disabled()
    last = front.listed(page_size=12)["num_pages"]
    seen: list[str | None] = []
    for number in range(1, last + 1):
        expect(front.page.get_by_text(f"Page {number} of {last}")).to_be_visible()
        seen += [each.get_attribute("data-id") for each in front.cards.all()]
        if number < last:
            front.button("Next").click()
    assert seen == [each["entityId"] for each in front.listed(page_size=100)["data"]]
    expect(front.button("Next")).to_be_disabled()
    front.button("Previous").click()
    expect(front.page.get_by_text(f"Page {last - 1} of {last}")).to_be_visible()


@pytest.mark.slow
def test_a_search_begins_at_the_first_page(front: FrontEnd) -> None:
    """A search on a later page does not ask for that page of what it finds."""
    front.shown().button("Next").click()
    expect(front.page.get_by_text("Page 2 of")).to_be_visible()
    front.search("python")
    expect(front.status).to_contain_text("for “python”")
    expect(front.problem).to_be_empty()


@pytest.mark.slow
def test_one_page_needs_no_pager(front: FrontEnd) -> None:
    """Where everything fits on one page, there is nothing to turn."""
    front.shown().search("Quiet Strength")
    expect(front.cards).to_have_count(1)
    expect(front.button("Next")).to_be_hidden()
