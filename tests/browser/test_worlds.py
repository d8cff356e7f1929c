"""What a world for each test is good for, as the front end sees it."""

import pytest
from playwright.sync_api import expect

from mockserver.control.client import Control
from tests.browser.conftest import FrontEnd


def test_a_write_in_one_world_is_not_seen_in_another(front: FrontEnd) -> None:
    """Two pages of one mock, each in its own world, do not meet."""
    front.shown().create("Here only")
    front.save()
    expect(front.button("Edit Here only")).to_be_visible()
    other = Control(front.world.url, f"{front.world.sandbox}-other")
    front.shown(base=other.base_url)
    expect(front.button("Edit Here only")).to_be_hidden()
    other.remove()
    front.shown(base=front.world.base_url)
    expect(front.button("Edit Here only")).to_be_visible()


def test_a_snapshot_undoes_what_the_page_did(front: FrontEnd) -> None:
    """What was deleted on the page is back after the restore."""
    front.add("Mine")
    front.world.snapshot("before")
    front.shown().button("Delete Mine").click()
    front.button("Delete").click()
    expect(front.button("Delete Mine")).to_be_hidden()
    front.world.restore("before")
    front.page.reload()
    expect(front.button("Delete Mine")).to_be_visible()


@pytest.mark.slow
def test_the_page_shows_the_time_of_its_world(front: FrontEnd) -> None:
    """What is created while the clock stands still bears that day."""
    front.world.clock(set="2031-05-04T12:00:00Z", freeze=True)
    front.shown().create("Later")
    front.save()
    expect(front.button("Edit Later")).to_be_focused()
    expect(front.cards.first.get_by_text("May 4, 2031")).to_be_visible()
