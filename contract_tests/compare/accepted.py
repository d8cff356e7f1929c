"""Differences that are accepted until a date: entries of `accepted.toml` with a `difference`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from contract_tests.compare.differences import Entry
from contract_tests.report.accepted import check_fields, list_entries

REQUIRED_FIELDS = frozenset({"difference", "reason", "owner", "expires"})
KNOWN_FIELDS = REQUIRED_FIELDS | {"operation"}


@dataclass(frozen=True)
class AcceptedDifference:
    """A place where two deployments may differ, with its reason, its owner and its expiry date."""

    difference: str
    operation: str
    reason: str
    owner: str
    expires: date

    def covers(self, entry: Entry) -> bool:
        """Tell whether a difference is this one."""
        is_place = self.difference in (entry.difference.place, entry.difference.name)
        return is_place and self.operation in ("", *entry.operations)


def read_accepted_differences(path: str) -> list[AcceptedDifference]:
    """Return the entries of a file, none without a file; raises UsageError naming the entry."""
    # Those with a rule are of `credcheck run`.
    return [_read_entry(*each) for each in list_entries(path, "difference", other="rule")]


def _read_entry(entry: Mapping[str, Any], where: str) -> AcceptedDifference:
    check_fields(entry, where, REQUIRED_FIELDS, KNOWN_FIELDS)
    return AcceptedDifference(**{"operation": "", **entry})


def accept(entries: list[Entry], accepted: list[AcceptedDifference]) -> Iterator[str]:
    """Mark the entries that are accepted, and yield what has expired or no longer occurs."""
    today = datetime.now(UTC).date()
    for one in accepted:
        found = [entry for entry in entries if not entry.known and one.covers(entry)]
        if one.expires < today:
            yield f"accepted difference {one.difference!r} expired on {one.expires}: {one.owner}"
            continue
        if not found:
            yield f"accepted difference {one.difference!r} no longer occurs; remove it"
        for entry in found:
            entry.accepted = f"{one.reason} ({one.owner}, until {one.expires})"
