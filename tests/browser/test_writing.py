"""Create, edit, delete, upload."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FrontEnd
from tests.support.paths import PICTURES


def test_name_and_issuer_are_enough(front: FrontEnd) -> None:
    """A new credential heads the list, is announced, and is in the world."""
    front.shown().create("Fresh")
    front.save()
    expect(front.cards.first).to_contain_text("Fresh")
    expect(front.status).to_contain_text("Created Fresh.")
    assert len(front.named("Fresh")) == 1


@pytest.mark.slow
def test_every_field_of_the_form_is_saved(front: FrontEnd) -> None:
    """What is filled in is what the world holds."""
    front.shown().create("Whole")
    front.field("Description").fill("All of it.")
    front.field("Type").select_option("CERTIFICATE")
    front.field("Valid for").fill("18")
    front.field("Unit of validity").select_option("days")
    front.field("Criteria address").fill("https://example.org/criteria")
    front.field("Tags").fill("one, two,")
    front.save()
    expect(front.status).to_contain_text("Created Whole.")
    (made,) = front.named("Whole")
    assert made["description"] == "All of it."
    assert made["credentialType"] == "CERTIFICATE"
    assert made["expires"] == {"amount": 18, "duration": "days"}
    assert made["criteriaUrl"] == "https://example.org/criteria"
    assert made["tags"] == ["one", "two"]


@pytest.mark.slow
def test_what_is_not_public_is_not_listed(front: FrontEnd) -> None:
    """A private credential is created and does not show."""
    before = front.shown().listed()["count"]
    front.create("Secret")
    front.field("Public").uncheck()
    front.save()
    expect(front.status).to_have_text(f"Created Secret. {before} credentials.")
    assert front.named("Secret") == []


@pytest.mark.slow
def test_cancel_creates_nothing(front: FrontEnd) -> None:
    """A form that is left sends nothing, and begins empty the next time."""
    front.shown().create("Never")
    front.button("Cancel").click()
    expect(front.editor).to_be_hidden()
    front.button("New credential").click()
    expect(front.field("Name")).to_have_value("")
    assert front.named("Never") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "value", "sent"),
    [
        ("Name", "Renamed", {"name": "Renamed"}),
        ("Description", "", {"description": None}),
        ("Valid for", "3", {"expires": {"amount": "3", "duration": "months"}}),
    ],
)
def test_a_change_sends_only_what_changed(
    front: FrontEnd, label: str, value: str, sent: dict[str, Any]
) -> None:
    """PUT carries the fields that were touched, and the list shows the answer."""
    made = front.add("Mine", description="Old words.")
    front.shown().button("Edit Mine").click()
    expect(front.field("Name")).to_have_value("Mine")
    front.field(label).fill(value)
    with front.page.expect_request(lambda request: request.method == "PUT") as put:
        front.save()
    assert put.value.post_data_json == sent
    expect(front.status).to_contain_text("Saved ")
    now = front.send("GET", made["entityId"])["result"]
    untouched = {name for name in made if name not in sent}
    assert {name: now[name] for name in untouched} == {name: made[name] for name in untouched}


def test_a_deleted_credential_is_gone(front: FrontEnd) -> None:
    """After the question is answered the card and the record are gone."""
    front.add("Mine")
    front.shown().button("Delete Mine").click()
    expect(front.confirm).to_contain_text("Mine will be gone for everybody.")
    front.button("Delete").click()
    expect(front.status).to_contain_text("Deleted Mine.")
    expect(front.button("Delete Mine")).to_be_hidden()
    assert front.named("Mine") == []


@pytest.mark.slow
def test_the_question_names_what_the_card_shows(front: FrontEnd) -> None:
    """A credential that is shown under another name is asked about under that name."""
    front.shown().search("Gestión de Proyectos")
    shown = front.listed(search="Gestión de Proyectos")["data"][0]["name_override"]
    front.button(f"Delete {shown}").click()
    expect(front.confirm).to_contain_text(f"{shown} will be gone for everybody.")


@pytest.mark.slow
def test_what_somebody_holds_is_not_deleted(front: FrontEnd) -> None:
    """The conflict is shown inside the question, with the server's words."""
    held = "SQL Query Writer"
    assert held in {
        each["credentialDetails"]["name"] for each in front.send("GET", "assertions/")["data"]
    }
    front.shown().search(held)
    front.button(f"Delete {held}").click()
    front.button("Delete").click()
    expect(front.confirm.get_by_role("alert")).to_contain_text("The credential is in use.")
    assert front.named(held)


@pytest.mark.slow
def test_deleting_what_is_gone_already_says_so(front: FrontEnd) -> None:
    """A credential that somebody else deleted meanwhile is not found."""
    made = front.add("Mine")
    front.shown().button("Delete Mine").click()
    front.send("DELETE", made["entityId"])
    front.button("Delete").click()
    expect(front.confirm.get_by_role("alert")).to_contain_text("Not found.")


@pytest.mark.slow
def test_the_page_before_is_shown_when_the_last_one_empties(front: FrontEnd) -> None:
    """Deleting the only credential of the last page leads to the page before."""
    for number in range(13):
        front.add(f"Zenith {number}")
    front.shown().search("Zenith")
    front.button("Next").click()
    expect(front.cards).to_have_count(1)
    front.button("Delete Zenith 0").click()
    front.button("Delete").click()
    expect(front.cards).to_have_count(12)
    expect(front.status).to_contain_text("Deleted Zenith 0.")


@pytest.mark.slow
@pytest.mark.parametrize("picture", ["palette.png", "medal.svg"])
def test_an_uploaded_badge_is_shown(front: FrontEnd, picture: str) -> None:
    """The picture goes to the images first, and the new card shows it."""
    front.shown().create("Pictured")
    front.field("Badge").set_input_files(PICTURES / picture)
    expect(front.editor.get_by_alt_text("Preview of the badge")).to_be_visible()
    front.save()
    expect(front.cards.first).to_contain_text("Pictured")
    badge = front.cards.first.locator("img.badge")
    expect(badge).to_have_js_property("complete", True)
    expect(badge).not_to_have_js_property("naturalWidth", 0)
    assert front.named("Pictured")[0]["iconImage"].startswith(front.world.base_url)


@pytest.mark.slow
def test_what_is_no_picture_is_refused_beside_the_field(front: FrontEnd) -> None:
    """The server tells a picture by its content; its message stands at the file."""
    front.shown().create("Pictured")
    fake = {"name": "badge.png", "mimeType": "image/png", "buffer": b"not a picture"}
    front.field("Badge").set_input_files(fake)  # type: ignore[arg-type]
    front.save()
    expect(front.field("Badge")).to_have_attribute("aria-invalid", "true")
    expect(front.editor.locator("#badge-error")).to_contain_text("valid image")
    assert front.named("Pictured") == []
