"""Where the contract departs from the published description, the ledger must have a row."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from mockserver.contract.contract import Contract
from mockserver.contract.document import read_document
from mockserver.drift.differences import find_differences
from mockserver.errors import StartError
from mockserver.files import LEDGER


class Ledger:
    """The published description that the contract corrects, and the places that have a row."""

    def __init__(self, published: str, places: Iterable[str]) -> None:
        self.published: Path = LEDGER.parent / published
        self.places = frozenset(places)
        self._patterns = [place for place in self.places if "*" in place or "[" in place]

    def has_row(self, place: str) -> bool:
        """Tell whether a row is about a place of the contract."""
        return place in self.places or any(
            fnmatchcase(place, pattern)
            for pattern in self._patterns
            if pattern.count("/") <= place.count("/")  # else it cannot match, and is not compiled
        )


def read_ledger() -> Ledger:
    """Return the ledger."""
    document = read_document(LEDGER)
    return Ledger(document["published"], (row["where"] for row in document["rows"]))


@lru_cache(maxsize=2)
def check_departures(contract: Contract) -> None:
    """Raise StartError for a place where the contract departs and the ledger has no row.

    It compares the whole documents, which takes 25 ms: too long for every start, so that only
    `credmock spec --check`, a strict mock and the tests do it.
    """
    ledger = read_ledger()
    found = find_differences(read_document(ledger.published), contract.document)
    missing = [place for place in found if not ledger.has_row(place)]
    if missing:
        published, ours = found[missing[0]]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise StartError(
            f"{missing[0]}: {LEDGER.name} has no row for this departure from"
            f" {ledger.published.name}: published {published!r}, contract {ours!r}{more}"
        )


# Every start looks for operations without a row. To read both files as YAML would take 10 ms;
# what is looked for is one value on a line of its own, and found as text in half a millisecond.
_PUBLISHED = re.compile(r"^published: (\S+)$", re.MULTILINE)
_WHERE = re.compile(r"^  - where: '?([^'\n]+)'?$", re.MULTILINE)
_OPERATION_ID = re.compile(r"^ *operationId: (\S+)$", re.MULTILINE)


@lru_cache(maxsize=2)
def check_operations(contract: Contract) -> None:
    """Raise StartError for an operation that is neither published nor in the ledger."""
    ledger = scan_ledger()
    unpublished = contract.operations.keys() - scan_operation_ids(ledger.published)
    for operation_id in sorted(unpublished):
        if not ledger.has_row(operation_id):
            raise StartError(
                f"{operation_id}: not in {ledger.published.name}, so {LEDGER.name} needs a row"
                f" with `where: {operation_id}`"
            )


def scan_ledger() -> Ledger:
    """Return the ledger as its text shows it, which is what `read_ledger` returns."""
    text = LEDGER.read_text(encoding="utf-8")
    published, rows = _PUBLISHED.search(text), text.partition("\nlater:\n")[0]
    if published is None:
        raise StartError(f"{LEDGER}: it does not name a published description")
    return Ledger(published[1], _WHERE.findall(rows))


def scan_operation_ids(path: Path) -> frozenset[str]:
    """Return the operationIds of a description as its text shows them."""
    return frozenset(_OPERATION_ID.findall(path.read_text(encoding="utf-8")))
