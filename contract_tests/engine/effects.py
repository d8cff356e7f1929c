"""What a run did to the target: created, changed, deleted, left, requests, greatest rate."""

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

KINDS = {
    "authority": "signatories",
    "issuers": "issuers",
    "assertions": "assertions",
    "assignments": "assignments",
    "images": "images",
    "import": "imports",
    "provider-config": "configurations",
    "external-mapping": "mappings",
}
"""The kind of record that a path is about, by a part of it; any other is about credentials."""
ACTIONS = ("created", "changed", "deleted")


OTHER_KINDS = frozenset({"images", "signatories", "configurations", "mappings"})
"""Kinds of records that have no path of their own."""
USER = re.compile(r"/api/credentials/orgs/[^/]+/users/[^/]+/")


def find_kind(path: str) -> str:
    """Return the kind of record that a path is about, in the plural."""
    parts = re.split("[/?]", USER.sub("", path, count=1))
    return next((kind for part, kind in KINDS.items() if part in parts), "credentials")


class Effects:
    """What this process did; a request counts in the second in which it was sent."""

    def __init__(self) -> None:
        self._actions: dict[str, Counter[str]] = {action: Counter() for action in ACTIONS}
        self._methods: Counter[str] = Counter()
        self._seconds: Counter[int] = Counter()
        self._lock = threading.Lock()

    def count_request(self, method: str, second: float) -> None:
        """Count a request that is sent, at a time in seconds since the epoch."""
        with self._lock:
            self._methods[method] += 1
            self._seconds[int(second)] += 1

    def count(self, action: str, path: str, number: int = 1) -> None:
        """Count records that the target says it created, changed or deleted."""
        with self._lock:
            self._actions[action][find_kind(path)] += number

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            **{action: dict(counts) for action, counts in self._actions.items()},
            "methods": dict(self._methods),
            "seconds": {str(second): count for second, count in self._seconds.items()},
        }


def add_effects(effects: Iterable[Mapping[str, Any]], left: int) -> dict[str, Any]:
    """Return what all processes did, with the number of what is left and the greatest rate."""
    totals: dict[str, Counter[str]] = {name: Counter() for name in (*ACTIONS, "methods", "seconds")}
    for process in effects:
        for name, counts in totals.items():
            counts.update(process.get(name, {}))
    seconds = totals.pop("seconds")
    return {
        **{name: dict(sorted(counts.items())) for name, counts in totals.items()},
        "left_behind": left,
        "greatest_rate": max(seconds.values(), default=0),
    }


def describe_effects(effects: Mapping[str, Any]) -> str:
    """Return the effects in one line."""
    actions = []
    for action in ACTIONS:
        counts = [f"{count} {kind}" for kind, count in effects[action].items() if count]
        actions.append(f"{action} {', '.join(counts) or 'nothing'}")
    methods = ", ".join(f"{count} {method}" for method, count in effects["methods"].items())
    return (
        f"{'; '.join(actions)}; left {effects['left_behind'] or 'nothing'}; "
        f"{methods or 'no requests'}; at most {effects['greatest_rate']} in one second"
    )
