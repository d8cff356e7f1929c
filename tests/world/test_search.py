"""Search over many records: what one hit and one record are."""

from datetime import UTC, datetime, timedelta

import pytest

from mockserver.world.fields import freeze
from mockserver.world.letters import to_upper
from mockserver.world.ordered import OrderedRecords
from mockserver.world.records import SEPARATOR, Credential
from mockserver.world.search import CredentialSearch

SEARCH = CredentialSearch()
START = datetime(2026, 1, 1, tzinfo=UTC)


def credential(number: int, *texts: str) -> Credential:
    """Return a credential that is searched by these texts."""
    moment = START + timedelta(days=number)
    searchable = SEPARATOR.join(map(to_upper, texts))
    return Credential(
        entity_id=str(number),
        platform="main",
        issuer="issuer",
        public=True,
        created_at=moment,
        sequence=number,
        fields=freeze({}),
        searchable=searchable,
    )


def found(records: OrderedRecords[Credential], term: str) -> list[int]:
    """Return the numbers of what a search finds."""
    return [each.sequence for each in SEARCH.find(records, term)]


RECORDS = OrderedRecords(
    [
        credential(0, "abc abc", "déjà vu"),
        credential(1, "straße", "x\ud800y"),
        credential(2, "cab"),
        *(credential(number, f"filler {number}") for number in range(3, 300)),
        credential(300, "abc"),
    ]
)


@pytest.mark.parametrize(
    ("term", "numbers"),
    [
        ("abc", [0, 300]),
        ("ABC", [0, 300]),
        ("c", [0, 2, 300]),
        ("É", [0]),
        ("JÀ", [0]),
        ("à v", [0]),
        # Not from one text or one record into the next.
        ("cd", []),
        ("vustra", []),
        ("vu" + SEPARATOR + "stra", []),
        (SEPARATOR, []),
        ("\ud800", [1]),
    ],
)
def test_a_term_is_found_where_it_stands(term: str, numbers: list[int]) -> None:
    """Each record once, in order, by a part of one of its texts, in any case."""
    assert found(RECORDS, term) == numbers


def test_every_record_of_every_chunk_can_be_found() -> None:
    """Also the first and the last of a chunk."""
    assert found(RECORDS, "filler") == list(range(3, 300))
    for number in range(3, 300):
        assert number in found(RECORDS, f"filler {number}")


def test_a_copy_is_searched_by_itself() -> None:
    """What was put together for one world does not show in another."""
    assert found(RECORDS, "filler 7") == [7, *range(70, 80)]
    changed = RECORDS.put(credential(7, "another")).without(credential(75))
    assert found(changed, "filler 7") == [70, 71, 72, 73, 74, 76, 77, 78, 79]
    assert found(changed, "another") == [7]
    assert found(RECORDS, "filler 7") == [7, *range(70, 80)]
    assert found(RECORDS, "another") == []
