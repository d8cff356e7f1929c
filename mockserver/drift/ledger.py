"""Where the contract departs from the published description, the ledger must have a row."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from mockserver.contract.contract import Contract
from mockserver.contract.document import read_document
from mockserver.drift.differences import differences
from mockserver.errors import StartError
from mockserver.files import LEDGER

_OPERATION_ID = re.compile(r"^ *operationId: (\S+)$", re.MULTILINE)


class Ledger:
    """The published description that the contract corrects, and the rows about it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.published: Path = LEDGER.parent / document["published"]
        places = {row["where"] for row in document["rows"]}
        self._patterns = {place for place in places if "*" in place or "[" in place}
        self._places = places - self._patterns

    def has_row(self, place: str) -> bool:
        """Tell whether a row is about a place of the contract."""
        if place in self._places:
            return True
        return any(fnmatchcase(place, pattern) for pattern in self._patterns)


@lru_cache(maxsize=2)
def check_operations(contract: Contract) -> None:
    """Raise StartError for an operation that is neither published nor in the ledger.

    It takes 4 ms, most of them to read the ledger, and so is done at every start.
    """
    ledger = Ledger(read_document(LEDGER))
    unpublished = contract.operations.keys() - read_operation_ids(ledger.published)
    for operation_id in sorted(unpublished):
        if not ledger.has_row(operation_id):
            raise StartError(
                f"{operation_id}: not in {ledger.published.name}, so {LEDGER.name} needs a row"
                f" with `where: {operation_id}`"
            )


@lru_cache(maxsize=2)
def check_departures(contract: Contract) -> None:
    """Raise StartError for a place where the contract departs and the ledger has no row.

    It compares the whole documents, which takes 25 ms: too long for every start, so that only
    `credmock spec --check`, a strict mock and the tests do it.
    """
    ledger = Ledger(read_document(LEDGER))
    found = differences(read_document(ledger.published), contract.document)
    missing = [place for place in found if not ledger.has_row(place)]
    if missing:
        published, ours = found[missing[0]]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise StartError(
            f"{missing[0]}: {LEDGER.name} has no row for this departure from"
            f" {ledger.published.name}: published {published!r}, contract {ours!r}{more}"
        )


def read_operation_ids(path: Path) -> set[str]:
    """Return the operationIds of a published description.

    They are found as text, one on a line: to read the YAML would take 6 ms.
    """
    return set(_OPERATION_ID.findall(path.read_text(encoding="utf-8")))
