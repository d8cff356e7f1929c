"""Known breaches that somebody answers for until a day: shown, and not counted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from contract_tests.catalogue import RULES
from contract_tests.engine.outcome import UsageError

ACCEPTED_FIELDS = {"rule", "operation", "reason", "owner", "expires"}


@dataclass(frozen=True)
class Accepted:
    """A known breach that somebody answers for until a day."""

    rule: str
    operation: str
    reason: str
    owner: str
    expires: date

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Tell whether this is about a finding."""
        return finding["rule"] == self.rule and self.operation in ("", finding["operation"])


def read_accepted(path: str) -> list[Accepted]:
    """Read the file of known breaches; raises UsageError naming the entry."""
    if not path:
        return []
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("accepted", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{path}: accepted breach {number}"
        missing = {"rule", "reason", "owner", "expires"} - entry.keys()
        unknown = entry.keys() - ACCEPTED_FIELDS
        if missing or unknown:
            wrong = "misses" if missing else "does not know"
            raise UsageError(f"{where} {wrong} {', '.join(sorted(missing or unknown))}")
        if entry["rule"] not in RULES:
            raise UsageError(f"{where}: {entry['rule']!r} is no rule")
        if not isinstance(entry["expires"], date) or isinstance(entry["expires"], datetime):
            raise UsageError(f"{where}: write expires as a date, such as 2027-01-31")
        found.append(Accepted(**{"operation": "", **entry}))
    return found
