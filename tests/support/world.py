"""The shipped world as plain records, for tests that work out for themselves what to expect."""

import json
from datetime import datetime
from typing import Any

from mockserver.files import WORLD

DOCUMENT: dict[str, Any] = json.loads(WORLD.read_text(encoding="utf-8"))


def listed(platform: str = "main") -> list[dict[str, Any]]:
    """Return the public credentials of a platform, newest first, the later of equals first."""
    records = [c for c in DOCUMENT["credentials"] if c["platform"] == platform and c["public"]]
    moments = [datetime.fromisoformat(each["createdAt"]) for each in records]
    order = sorted(range(len(records)), key=lambda at: (moments[at], at), reverse=True)
    return [records[at] for at in order]


def ids(records: list[dict[str, Any]]) -> list[str]:
    """Return the entityIds of records, in their order."""
    return [each["entityId"] for each in records]


def matches(record: dict[str, Any], term: str) -> bool:
    """Tell whether a search for `term` finds a record."""
    texts = (record["name"], record["name_override"], record["description"])
    return any(_upper(term) in _upper(text or "") for text in texts)


def _upper(text: str) -> str:
    """Return a text in upper case, letter by letter as a database does: `ß` is not `SS`."""
    return "".join(each.upper() if len(each.upper()) == 1 else each for each in text)
