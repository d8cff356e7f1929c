"""From the features of two responses to differences, each cause once."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from contract_tests.compare.features import PAGE_FIELDS, Features
from contract_tests.compare.reads import Ask
from contract_tests.engine.exchange import Exchange

ABSENT = "absent"
RENAMED = "the same value in "
Make = Callable[[str, str, str], "Difference"]
Explain = Callable[["Difference"], tuple[str, str]]
_INDEX = re.compile(r"\[[^\]]*\]")
_DIGITS = re.compile(r"\d+")
KINDS = ("status", "content type", "header", "records", "field", "page", "shape")
SERIES = ("records", "count", "num_pages", "page_number", "next", "previous")
"""What of a page follows from what: a difference in one makes differences in the later ones."""


@dataclass(frozen=True)
class Difference:
    """One place where the responses to one request differ."""

    kind: str
    place: str
    left: str
    right: str
    ask: Ask
    status: str = ""
    exchanges: tuple[Exchange, Exchange] | None = None

    @property
    def name(self) -> str:
        """The name of the field, without where in the body it is."""
        steps = [step for step in self.place.split(".") if step not in ("*", "")]
        return ".".join(steps[-2:]) if steps[:1] == ["status"] else (steps or [""])[-1]

    @property
    def cause(self) -> tuple[str, ...]:
        """What two differences share that have one cause."""
        if self.kind == "records":
            return (self.kind, self.ask.operation, *sorted(self.ask.parameters))
        if self.place in ("allow", "vary"):
            left, right = (set(text.split(", ")) for text in (self.left, self.right))
            return (self.kind, self.place, *sorted(left - right), "|", *sorted(right - left))
        if self.kind in ("status", "header", "content type"):
            return (self.kind, self.place, self.left, self.right)
        if self.kind == "page":
            return (self.kind, "order" if self.place.startswith("order") else "numbers")
        if self.kind == "shape":
            return (self.kind, self.name, self.left, self.right)
        if self.right.startswith(RENAMED):
            return (self.kind, self.name, self.right)
        if self.status >= "4" and ABSENT not in (self.left, self.right):
            texts = (_DIGITS.sub("N", text) for text in (self.left, self.right))
            return (self.kind, self.name, *texts)
        return (self.kind, self.name)


@dataclass
class Entry:
    """One difference as it is reported, with every request that shows it."""

    difference: Difference
    operations: list[str]
    requests: int = 1
    places: list[str] = field(default_factory=list)
    known: str = ""
    """What of the ledger it is: `choice`, `unknown` or `divergence`; empty for a new one."""
    row: str = ""
    """The text of that row."""
    accepted: str = ""
    """The reason of an entry of `accepted.toml`."""

    @property
    def is_new(self) -> bool:
        """Whether it counts."""
        return not self.known and not self.accepted

    @property
    def title(self) -> str:
        """The difference in a few words."""
        one = self.difference
        what = {
            "status": "the status code",
            "content type": "the content type",
            "header": f"the header `{one.place}`",
            "records": "which records are listed, and their order",
        }.get(one.kind, f"`{one.place}`")
        return f"{what}, {one.ask.what}"


def _describe(text: str) -> str:
    """Return what kind of JSON value a text is."""
    if text in (ABSENT, "an object", "a list", "null"):
        return text
    return "text" if text.startswith('"') else "boolean" if text in ("true", "false") else "number"


def find_differences(
    ask: Ask, left: Features, right: Features, exchanges: tuple[Exchange, Exchange]
) -> Iterator[Difference]:
    """Yield where two responses differ; what follows from a difference is left out."""
    status = left["status"]

    def make(kind: str, place: str, name: str) -> Difference:
        shown = (left.get(name, ABSENT), right.get(name, ABSENT))
        return Difference(kind, place.removeprefix("$.") or "body", *shown, ask, status, exchanges)

    if left["status"] != right["status"]:
        yield make("status", "status", "status")
        return
    if left["content-type"] != right["content-type"]:
        yield make("content type", "content type", "content-type")
        return
    differing = [
        name for name in dict.fromkeys([*left, *right]) if left.get(name) != right.get(name)
    ]
    for name in differing:
        if name.startswith("header "):
            yield make("header", name.removeprefix("header "), name)
        elif name.startswith("page "):
            yield make("page", name.removeprefix("page "), name)
    yield from _find_in_body(left, right, differing, make)


def _find_in_body(
    left: Features, right: Features, differing: list[str], make: Make
) -> Iterator[Difference]:
    """Yield the differences in the values of two bodies."""
    fields = [name for name in differing if name.startswith("$") or name == "body"]
    shown: set[str] = set()
    lost = [
        name
        for name in fields
        if name.endswith(" records")
        and left.get(name.removesuffix(" records")) == right.get(name.removesuffix(" records"))
    ]
    for name in lost:
        place = name.removesuffix(" records")
        if any(place.startswith(f"{one.removesuffix(' records')}[") for one in lost):
            continue
        yield make("records", _INDEX.sub(".*", name.removesuffix(" records")), name)
    renamed = _find_renamed(left, right, fields)
    for name, other in renamed.items():
        found = make("field", _INDEX.sub(".*", name), name)
        yield replace(found, right=f"{RENAMED}`{_INDEX.sub('.*', other).removeprefix('$.')}`")
    shown |= {_INDEX.sub(".*", name) for pair in renamed.items() for name in pair}
    changed = {
        name
        for name in fields
        if _describe(left.get(name, ABSENT)) != _describe(right.get(name, ABSENT))
    }
    for name in fields:
        place = _INDEX.sub(".*", name)
        steps = [match.start() for match in re.finditer(r"[.\[]", name)]
        is_below = any(name[:at] in changed for at in steps)
        in_lost = any(name.startswith(f"{one.removesuffix(' records')}[") for one in lost)
        only_one = in_lost and ABSENT in (left.get(name, ABSENT), right.get(name, ABSENT))
        is_number = place.rpartition(".")[2] in PAGE_FIELDS
        if (
            name.endswith(" records")
            or is_below
            or only_one
            or (lost and is_number)
            or place in shown
        ):
            continue
        shown.add(place)
        yield make("field", place, name)


def _find_renamed(left: Features, right: Features, fields: list[str]) -> dict[str, str]:
    """Return the fields whose values stand under another name on the right side, with that name.

    Both names are in one object, which both sides have.
    """
    gained = {(_find_object(name), right[name]): name for name in fields if name not in left}
    found = {}
    for name in fields:
        parent = _find_object(name)
        if name not in right and left[name].startswith('"') and parent in right:
            other = gained.get((parent, left[name]))
            if other:
                found[name] = other
    return found


def _find_object(name: str) -> str:
    """Return the path of the object that a field is in."""
    return name.rpartition(".")[0]


def gather(differences: Iterable[Difference], explain: Explain) -> list[Entry]:
    """Return each cause once; `explain` returns kind and row of what the ledger knows."""
    entries: dict[tuple[str, ...], Entry] = {}
    for one in _drop_consequences(list(differences)):
        known, row = explain(one)
        entry = entries.setdefault((known, row, *one.cause), Entry(one, [], 0, [], known, row))
        entry.requests += 1
        for names, name in ((entry.operations, one.ask.operation), (entry.places, one.place)):
            if name not in names:
                names.append(name)
    return sorted(
        entries.values(), key=lambda entry: (not entry.is_new, KINDS.index(entry.difference.kind))
    )


def _drop_consequences(differences: list[Difference]) -> Iterator[Difference]:
    """Yield differences without those that follow from others of the same list of records.

    What is wrong without a parameter is wrong with it, too; what comes later in the series follows
    from what comes earlier; and other pages follow from either.
    """
    roots: dict[str, set[tuple[int, frozenset[str]]]] = {}
    for one in differences:
        rank = _rank(one)
        if rank is not None:
            roots.setdefault(one.ask.operation, set()).add((rank, one.ask.parameters))
    for one in differences:
        mine = (_rank(one), one.ask.parameters)
        found = roots.get(one.ask.operation, set())
        if not any(_follows(one, mine, root) for root in found if root != mine):
            yield one


def _follows(
    one: Difference, mine: tuple[int | None, frozenset[str]], root: tuple[int, frozenset[str]]
) -> bool:
    """Tell whether a difference follows from another one, by rank and parameters of both."""
    rank, parameters = mine
    if not root[1] <= parameters or one.ask.method != "GET":
        return False
    if "page" in parameters and "page" not in root[1]:
        return rank is not None or one.kind == "status"
    return rank is not None and root[0] <= rank


def _rank(one: Difference) -> int | None:
    """Return where in the series a difference is, None for one that is no part of it."""
    name = "records" if one.kind == "records" else one.name
    is_of_page = one.kind in ("records", "field") and one.status < "3" and name in SERIES
    return SERIES.index(name) if is_of_page else None
