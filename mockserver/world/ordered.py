"""Many records in one order, in copies that share what they do not change.

A sandbox begins as the world that all share, and a page is cut out of the middle of a list. So the
records lie in chunks, tuples that are never changed: a change copies one chunk and the list of the
chunks. With a single list each change would copy all: with 100,000 records that takes longer than
the rest of the request, and a thousand sandboxes would hold a thousand lists.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, chain
from operator import attrgetter
from typing import Generic, Protocol, TypeAlias, TypeVar, overload

CHUNK = 512
"""The most records of a chunk: about as many as there are chunks of 100,000 records."""

Position: TypeAlias = tuple[datetime, int]


class Positioned(Protocol):
    """What has a place in an order that nothing else has."""

    @property
    def position(self) -> Position:
        """Return the place."""


R = TypeVar("R", bound=Positioned)
_position = attrgetter("position")


class OrderedRecords(Sequence[R], Generic[R]):
    """Records in the order of their positions, which never change; `put` returns others."""

    __slots__ = ("_chunks", "_ends", "_last")

    def __init__(self, records: Iterable[R] = ()) -> None:
        """Take records in any order, no two with the same position."""
        in_order = sorted(records, key=_position)
        size = CHUNK * 3 // 4  # so that a chunk has room for others
        starts = range(0, len(in_order), size)
        self._set(tuple(tuple(in_order[start : start + size]) for start in starts))

    def _set(self, chunks: tuple[tuple[R, ...], ...]) -> None:
        self._chunks = chunks
        # The index behind the last record of each chunk.
        self._ends = [*accumulate(map(len, chunks))]
        self._last = chunks[-1][-1].position if chunks else None

    def _with(self, index: int, *chunks: tuple[R, ...]) -> "OrderedRecords[R]":
        """Return these records with chunks, of which there may be none, in the place of one."""
        made: OrderedRecords[R] = OrderedRecords.__new__(OrderedRecords)
        made._set((*self._chunks[:index], *chunks, *self._chunks[index + 1 :]))
        return made

    def _find(self, position: Position) -> tuple[int, int]:
        """Return the chunk in which a position lies, and the place there."""
        if self._last is None or position > self._last:  # most records are new ones
            index = max(0, len(self._chunks) - 1)
            return index, len(self._chunks[index]) if self._chunks else 0
        index = bisect_left(self._chunks, position, key=lambda chunk: chunk[-1].position)
        return index, bisect_left(self._chunks[index], position, key=_position)

    def put(self, record: R) -> "OrderedRecords[R]":
        """Return these records with one more, or with another one at its position."""
        index, at = self._find(record.position)
        old = self._chunks[index] if self._chunks else ()
        is_end = at == len(old)
        replaced = not is_end and old[at].position == record.position
        chunk = (*old[:at], record, *old[at + replaced :])
        if len(chunk) <= CHUNK:
            return self._with(index, chunk)
        # What grows at its end leaves full chunks behind.
        middle = CHUNK if is_end else CHUNK // 2
        return self._with(index, chunk[:middle], chunk[middle:])

    def without(self, record: R) -> "OrderedRecords[R]":
        """Return these records without the one at the position of a record; raises KeyError."""
        index, at = self._find(record.position)
        old = self._chunks[index] if self._chunks else ()
        if at == len(old) or old[at].position != record.position:
            raise KeyError(record.position)
        chunk = (*old[:at], *old[at + 1 :])
        return self._with(index, *([chunk] if chunk else []))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[R]:
        return chain.from_iterable(self._chunks)

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
        chunk = bisect_right(self._ends, start)
        before = self._ends[chunk - 1] if chunk else 0
        found = list(self._chunks[chunk][start - before : stop - before])
        while len(found) < stop - start:
            chunk += 1
            found += self._chunks[chunk][: stop - start - len(found)]
        return found
