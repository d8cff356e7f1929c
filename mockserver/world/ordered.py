"""Many records in one order, in copies that share what they do not change.

A sandbox is a copy of a world, and a page is cut out of the middle of a list: so this is a counted
B+ tree whose nodes are never changed. A change makes the nodes on the way to one record anew,
whatever the number of records. (Of the libraries, `sortedcontainers` copies all, `pyrsistent` has
no removal by place, `blist` is not maintained.)
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

WIDTH = 32
"""The most children of a node."""

Position: TypeAlias = tuple[datetime, int]
NOWHERE: Position = (datetime.min.replace(tzinfo=UTC), -1)
"""Before every record."""


class Positioned(Protocol):
    """What has a place in an order that nobody else has."""

    @property
    def position(self) -> Position:
        """Return the place."""


R = TypeVar("R", bound=Positioned)


class Leaf(Generic[R]):
    """Some records in their order, which never change.

    `texts` belongs to the search: what it has worked out about them.
    """

    __slots__ = ("count", "last", "records", "texts")

    def __init__(self, records: tuple[R, ...]) -> None:
        self.records = records
        self.count = len(records)
        self.last = records[-1].position if records else NOWHERE
        self.texts: Any = None


class _Branch(Generic[R]):
    """Nodes in their order."""

    __slots__ = ("_ends", "children", "count", "last")

    def __init__(self, children: "tuple[_Node[R], ...]", count: int) -> None:
        self.children = children
        self.count = count
        self.last: Position = children[-1].last
        self._ends: list[int] | None = None

    @property
    def ends(self) -> list[int]:
        """How many records there are up to the end of each child, worked out by whoever reads."""
        if self._ends is None:
            self._ends = [*accumulate(map(_count, self.children))]
        return self._ends


def _branch(children: "tuple[_Node[R], ...]") -> _Branch[R]:
    return _Branch(children, sum(map(_count, children)))


_Node: TypeAlias = Leaf[R] | _Branch[R]
_count = attrgetter("count")
_last = attrgetter("last")
_position = attrgetter("position")
T = TypeVar("T")


class OrderedRecords(Sequence[R], Generic[R]):
    """Records in the order of their positions."""

    __slots__ = ("_root",)

    def __init__(self, records: Iterable[R] = ()) -> None:
        """Take records in any order, no two with the same position."""
        nodes: list[_Node[R]] = [*map(Leaf, _cut(sorted(records, key=_position)))]
        while len(nodes) > 1:
            nodes = [*map(_branch, _cut(nodes))]
        self._root: _Node[R] = nodes[0] if nodes else Leaf(())

    @classmethod
    def _of(cls, root: _Node[R]) -> "OrderedRecords[R]":
        made = cls.__new__(cls)
        made._root = root
        return made

    def put(self, record: R) -> "OrderedRecords[R]":
        """Return these records with one more, or with another one at its position."""
        nodes = _put(self._root, record, record.position)
        return self._of(nodes[0] if len(nodes) == 1 else _branch(nodes))

    def without(self, record: R) -> "OrderedRecords[R]":
        """Return these records without the one at the position of a record; raises KeyError."""
        root = _without(self._root, record.position)
        while isinstance(root, _Branch) and len(root.children) == 1:
            root = root.children[0]
        return self._of(root)

    def leaves(self) -> Iterator[Leaf[R]]:
        """Yield the records in pieces, which other copies share."""
        return _leaves(self._root)

    def __len__(self) -> int:
        return self._root.count

    def __iter__(self) -> Iterator[R]:
        return chain.from_iterable(leaf.records for leaf in self.leaves())

    @overload
    def __getitem__(self, index: int) -> R: ...

    @overload
    def __getitem__(self, index: slice) -> list[R]: ...

    def __getitem__(self, index: int | slice) -> R | list[R]:
        wanted = range(len(self))[index]
        if isinstance(wanted, int):
            return _between(self._root, wanted, wanted + 1)[0]
        if wanted.step != 1:
            return list(self)[index]
        return _between(self._root, wanted.start, wanted.stop)


def _cut(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Cut items into the children of nodes that have some room left."""
    size = WIDTH * 3 // 4
    return (tuple(items[start : start + size]) for start in range(0, len(items), size))


def _halves(items: tuple[T, ...], *, at_end: bool) -> tuple[tuple[T, ...], ...]:
    """Return items as those of one node or of two; what grows at its end leaves full ones."""
    if len(items) <= WIDTH:
        return (items,)
    middle = len(items) - 1 if at_end else len(items) // 2
    return items[:middle], items[middle:]


def _place(leaf: Leaf[R], position: Position) -> int:
    if leaf.last < position:  # most records are new ones
        return len(leaf.records)
    return bisect_left(leaf.records, position, key=_position)


def _child(branch: _Branch[R], position: Position) -> int:
    """Return the index of the child in which a position lies, the last one behind the end."""
    if branch.last < position:
        return len(branch.children) - 1
    return bisect_left(branch.children, position, key=_last)


def _put(node: _Node[R], record: R, position: Position) -> tuple[_Node[R], ...]:
    if isinstance(node, Leaf):
        at, old = _place(node, position), node.records
        at_end = at == len(old)
        behind = at if at_end or old[at].position != position else at + 1
        return tuple(map(Leaf, _halves((*old[:at], record, *old[behind:]), at_end=at_end)))
    at = _child(node, position)
    made = _put(node.children[at], record, position)
    children = (*node.children[:at], *made, *node.children[at + 1 :])
    if len(children) <= WIDTH:
        before = node.children[at].count
        return (_Branch(children, node.count - before + sum(map(_count, made))),)
    at_end = at == len(node.children) - 1
    return tuple(map(_branch, _halves(children, at_end=at_end)))


def _without(node: _Node[R], position: Position) -> _Node[R]:
    if isinstance(node, Leaf):
        at, old = _place(node, position), node.records
        if at == len(old) or old[at].position != position:
            raise KeyError(position)
        return Leaf((*old[:at], *old[at + 1 :]))
    at = _child(node, position)
    left = _without(node.children[at], position)
    kept = (left,) if left.count else ()
    children = (*node.children[:at], *kept, *node.children[at + 1 :])
    return _Branch(children, node.count - 1) if children else Leaf(())


def _leaves(node: _Node[R]) -> Iterator[Leaf[R]]:
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.children:
            yield from _leaves(child)


def _between(node: _Node[R], start: int, stop: int) -> list[R]:
    """Return the records of a node from one index up to another."""
    if isinstance(node, Leaf):
        return list(node.records[start:stop])
    found: list[R] = []
    at = bisect_right(node.ends, start)
    while start < stop:
        before = node.ends[at - 1] if at else 0
        end = min(stop, node.ends[at])
        found += _between(node.children[at], start - before, end - before)
        start, at = end, at + 1
    return found
