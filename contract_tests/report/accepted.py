"""Known failures that are accepted until a date: they are shown, and do not count."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from contract_tests.catalogue import RULES
from contract_tests.errors import UsageError
from contract_tests.text_files import read_toml_file

REQUIRED_FIELDS = {"rule", "reason", "owner", "expires"}
KNOWN_FIELDS = {*REQUIRED_FIELDS, "operation"}


@dataclass(frozen=True)
class AcceptedFailure:
    """A known failure, with its reason, its owner and its expiry date."""

    rule: str
    operation: str
    reason: str
    owner: str
    expires: date

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Tell whether a finding is this failure."""
        return finding["rule"] == self.rule and self.operation in ("", finding["operation"])


def find_accepted(
    accepted: Iterable[AcceptedFailure], finding: Mapping[str, Any]
) -> AcceptedFailure | None:
    """Return the entry that covers a finding and has not expired, or None."""
    today = datetime.now(UTC).date()
    known = next((failure for failure in accepted if failure.covers(finding)), None)
    return known if known and known.expires >= today else None


def read_accepted_failures(path: str) -> list[AcceptedFailure]:
    """Return the entries of a file, none without a file; raises UsageError naming the entry."""
    # Those with a difference are of `credcheck compare`.
    return [read_entry(*each) for each in list_entries(path, "failure", other="difference")]


def list_entries(path: str, kind: str, *, other: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the entries of a file without the field `other`, each with its place in words."""
    entries = read_toml_file(path).get("accepted", []) if path else []
    for number, entry in enumerate(entries, 1):
        if other not in entry:
            yield entry, f"{path}: accepted {kind} {number}"


def read_entry(entry: Mapping[str, Any], where: str) -> AcceptedFailure:
    """Return one entry of the file; raises UsageError."""
    check_fields(entry, where, REQUIRED_FIELDS, KNOWN_FIELDS)
    if entry["rule"] not in RULES:
        raise UsageError(
            f"{where}: rule {entry['rule']!r} does not exist: `credcheck rules` lists all rules"
        )
    return AcceptedFailure(**{"operation": "", **entry})


def check_fields(
    entry: Mapping[str, Any], where: str, required: Collection[str], known: Collection[str]
) -> None:
    """Require of an entry texts and a date, of these names only; raises UsageError."""
    missing, unknown = set(required) - entry.keys(), entry.keys() - set(known)
    if missing:
        raise UsageError(f"{where}: missing {', '.join(sorted(missing))}")
    if unknown:
        names = ", ".join(sorted(known))
        raise UsageError(f"{where}: unknown {', '.join(sorted(unknown))}: use {names}")
    for name in sorted(set(known) - {"expires"}):
        if not isinstance(entry.get(name, ""), str):
            raise UsageError(f"{where}: {name} must be a text")
    if not isinstance(entry["expires"], date) or isinstance(entry["expires"], datetime):
        raise UsageError(f"{where}: expires must be a date such as 2027-01-31, without quotes")
