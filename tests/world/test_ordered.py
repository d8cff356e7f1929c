"""Records in order: compared with a sorted list, and what copies share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.world.ordered import CHUNK, OrderedRecords

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    """A record with a place."""

    number: int
    label: str = ""

    @property
    def position(self) -> tuple[datetime, int]:
        """Several share a moment."""
        return (START + timedelta(days=self.number // 3), self.number)


def listed(things: dict[int, Thing]) -> list[Thing]:
    """Return things as the oracle orders them."""
    return [things[number] for number in sorted(things)]


@given(st.data(), st.sets(st.integers(0, 20_000), max_size=3000))
def test_records_are_a_sorted_list(data: st.DataObject, numbers: set[int]) -> None:
    """Built at once and changed one by one, they are what a sorted list is."""
    things = {number: Thing(number) for number in numbers}
    records = OrderedRecords(things.values())
    changes = st.lists(st.tuples(st.booleans(), st.integers(0, 20_000)), max_size=40)
    for goes, number in data.draw(changes):
        if goes and things:
            gone = things.pop(listed(things)[number % len(things)].number)
            records = records.without(gone)
        else:
            things[number] = Thing(number, "put")
            records = records.put(things[number])
    expected = listed(things)
    assert list(records) == expected
    assert len(records) == len(expected)
    start, stop, step = (data.draw(st.integers(-25_000, 25_000)) or 1 for _ in range(3))
    assert records[start:stop] == expected[start:stop]
    assert records[start:stop:step] == expected[start:stop:step]


@pytest.mark.parametrize("number", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1])
def test_they_grow_and_shrink_to_nothing(number: int) -> None:
    """All the way up in one order and down in another, each index shows its record."""
    records: OrderedRecords[Thing] = OrderedRecords()
    for each in range(number):
        records = records.put(Thing(each))
    assert [records[each].number for each in range(number)] == list(range(number))
    for each in [*range(1, number, 2), *range(0, number, 2)]:
        records = records.without(Thing(each))
    assert list(records) == []
    assert not records


def test_a_copy_that_is_changed_leaves_the_other() -> None:
    """A change shows in what it returns only."""
    before = OrderedRecords(map(Thing, range(1000)))
    after = before.put(Thing(500, "new")).without(Thing(3)).put(Thing(5000))
    assert [each.number for each in before] == list(range(1000))
    assert all(not each.label for each in before)
    assert (len(after), after[499].label, after[-1].number) == (1000, "new", 5000)


def test_what_is_not_there_is_told() -> None:
    """No other record goes in the place of one that is not there."""
    records = OrderedRecords(map(Thing, range(0, 1000, 2)))
    for number in (501, 2000, -1):
        with pytest.raises(KeyError):
            records.without(Thing(number))
    with pytest.raises(IndexError):
        records[500]
