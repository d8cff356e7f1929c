"""Many records in one order, in copies that share what they do not change.

A sandbox begins as the world that all share, and a page is cut out of the middle of a list. So the
records lie in chunks, which never change: a change makes one chunk anew and the tuple of chunks.
With a single list each change would copy all: with 100,000 records that takes longer than the rest
of the request, and a thousand sandboxes would hold a thousand lists.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, chain
from operator import attrgetter
from typing import Generic, Protocol, TypeAlias, TypeVar, overload

CHUNK = 256
"""The most records of a chunk: about as many as there are chunks of 100,000 records."""

Position: TypeAlias = tuple[datetime, int]


class Positioned(Protocol):
    """What has a place in an order that nothing else has."""

    @property
    def position(self) -> Position:
        """Return the place."""


R = TypeVar("R", bound=Positioned)
_last = attrgetter("last")
_position = attrgetter("position")
_records = attrgetter("records")


class Chunk(Generic[R]):
    """Some records in their order, at least one; others may keep what they work out about them."""

    __slots__ = ("__weakref__", "last", "records")

    def __init__(self, records: tuple[R, ...]) -> None:
        self.records = records
        self.last = records[-1].position


class OrderedRecords(Sequence[R], Generic[R]):
    """Records in the order of their positions, which never change; `put` returns others."""

    __slots__ = ("_count", "_ends", "chunks")

    def __init__(self, records: Iterable[R] = ()) -> None:
        """Take records in any order, no two with the same position."""
        in_order = sorted(records, key=_position)
        size = CHUNK * 3 // 4  # so that a chunk has room for others
        starts = range(0, len(in_order), size)
        self._set(
            tuple(Chunk(tuple(in_order[start : start + size])) for start in starts), len(in_order)
        )

    def _set(self, chunks: tuple[Chunk[R], ...], count: int) -> None:
        self.chunks = chunks
        self._count = count
        self._ends: list[int] = []

    def _replace(
        self, index: int, chunks: tuple[Chunk[R], ...], growth: int
    ) -> "OrderedRecords[R]":
        """Return these records with chunks, of which there may be none, in the place of one."""
        made: OrderedRecords[R] = OrderedRecords.__new__(OrderedRecords)
        made._set((*self.chunks[:index], *chunks, *self.chunks[index + 1 :]), self._count + growth)
        return made

    def _find(self, position: Position) -> tuple[int, int]:
        """Return the chunk in which a position lies, and the place there."""
        if not self.chunks:
            return 0, 0
        if position > self.chunks[-1].last:  # most records are new ones
            return len(self.chunks) - 1, len(self.chunks[-1].records)
        index = bisect_left(self.chunks, position, key=_last)
        return index, bisect_left(self.chunks[index].records, position, key=_position)

    def put(self, record: R) -> "OrderedRecords[R]":
        """Return these records with one more, or with another one at its position."""
        index, at = self._find(record.position)
        old = self.chunks[index].records if self.chunks else ()
        is_end = at == len(old)
        replaces = not is_end and old[at].position == record.position
        records = (*old[:at], record, *old[at + replaces :])
        if len(records) <= CHUNK:
            return self._replace(index, (Chunk(records),), not replaces)
        # What grows at its end leaves full chunks behind.
        middle = CHUNK if is_end else CHUNK // 2
        halves = Chunk(records[:middle]), Chunk(records[middle:])
        return self._replace(index, halves, not replaces)

    def without(self, record: R) -> "OrderedRecords[R]":
        """Return these records without the one at the position of a record; raises KeyError."""
        index, at = self._find(record.position)
        old = self.chunks[index].records if self.chunks else ()
        if at == len(old) or old[at].position != record.position:
            raise KeyError(record.position)
        records = (*old[:at], *old[at + 1 :])
        return self._replace(index, (Chunk(records),) if records else (), -1)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[R]:
        return chain.from_iterable(map(_records, self.chunks))

    @overload
    def __getitem__(self, index: int) -> R: ...

    @overload
    def __getitem__(self, index: slice) -> list[R]: ...

    def __getitem__(self, index: int | slice) -> R | list[R]:
        wanted = range(len(self))[index]
        if isinstance(wanted, int):
            return self._between(wanted, wanted + 1)[0]
        if wanted.step != 1:
            return list(self)[index]
        return self._between(wanted.start, wanted.stop)

    def _between(self, start: int, stop: int) -> list[R]:
        """Return the records from one index up to another."""
        if start >= stop:
            return []
        if not self._ends:  # the index behind each chunk, which only readers need
            self._ends = [*accumulate(map(len, map(_records, self.chunks)))]
        chunk = bisect_right(self._ends, start)
        before = self._ends[chunk - 1] if chunk else 0
        found = list(self.chunks[chunk].records[start - before : stop - before])
        while len(found) < stop - start:
            chunk += 1
            found += self.chunks[chunk].records[: stop - start - len(found)]
        return found
