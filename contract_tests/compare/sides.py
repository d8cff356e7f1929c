"""One of the two deployments that are compared, with what it has of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contract_tests.compare.features import find_items, find_page
from contract_tests.compare.reads import UNKNOWN_ID, Ask
from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import build_collection_path, find_created_id
from contract_tests.engine.exchange import Response
from contract_tests.engine.safety import READS
from contract_tests.engine.target import Target
from contract_tests.runner.preflight import find_obstacle
from contract_tests.settings.settings import Settings
from contract_tests.settings.sources import load_settings
from contract_tests.vocabulary.deployment import Deployment

WRITTEN = ("created", "created_issuer", "refused", "new_name", "other_name")
"""Names of what a side has written."""
WORDS = frozenset({"word", "upper", "middle", "text", "unknown", "org", "user_id"})
SHORTEST_OWN = 4
"""Characters of a text from which on it is recognised in another."""
MOST_RECORDS = 8
"""Records of the list whose own paths are read."""
MOCK_KEEPS = frozenset({"config", "journal", "rate", "seed"})
"""Options that the target `mock` takes, too: it has the default data, whatever the other has."""


@dataclass
class Side:
    """A deployment, the names of its records, and what its requests came to."""

    name: str
    settings: Settings
    target: Target
    deployment: Deployment
    slots: dict[str, str] = field(default_factory=dict)

    def close(self) -> list[str]:
        """Delete what was created, close the connections, and return what is left behind."""
        try:
            left_behind = self.deployment.clean_up().left_behind
        finally:
            self.target.close()
        self.target.journal.close(clean=not left_behind)
        return [self.target.redact(f"{self.name}: {item}") for item in left_behind]

    def send(self, ask: Ask) -> Response:
        """Send a request with this side's names; raises KeyError for one that it lacks."""
        if ask.method == "POST":
            self.slots.pop(ask.saves, None)
            self.slots["new_name"] = self.deployment.make_name("compared")
        path, value = ask.build_path(self.slots), ask.build_body(self.slots)
        headers, body = dict(ask.headers), None
        if value is not None:
            headers["Content-Type"] = JSON
            body = json.dumps(value).encode()
        response = self.target.send(
            ask.method, path, actor=ask.actor, headers=headers, body=body, proxy_may_refuse=True
        )
        created = find_created_id(response.value) if response.status < 300 else None
        if ask.method == "POST" and created:
            self.slots[ask.saves] = created
        return response

    def list_own(self, ask: Ask, *, same_data: bool) -> dict[str, str]:
        """Return the texts of a response that are this side's own, with what stands for them."""
        is_mine = ask.is_of_write or not same_data
        # Words to search for are no names: they may stand in any message.
        names = WRITTEN if same_data else self.slots.keys() - WORDS
        return {
            self.slots[name]: f"<{name}>"
            for name in names
            if is_mine and self.slots.get(name) and len(self.slots[name]) >= SHORTEST_OWN
        }


def load_sides(
    names: tuple[str, str],
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    allow_writes: bool,
) -> tuple[Settings, Settings]:
    """Return the settings of both sides; raises UsageError.

    A mock that is compared with another deployment serves the release of that one.
    """
    loaded = []
    for name in names:
        given = {
            key: value for key, value in options.items() if name != "mock" or key in MOCK_KEEPS
        }
        settings = load_settings(name, given, environment)
        may_write = allow_writes and not settings.is_production
        # Private records and unsafe input are no part of a comparison.
        loaded.append(replace(settings, allow_writes=may_write, disposable=False))
    left, right = loaded
    if left.application == "mock":
        left = replace(left, api_version=right.api_version)
    elif right.application == "mock":
        right = replace(right, api_version=left.api_version)
    return left, right


def open_side(name: str, settings: Settings, run_id: str, worker: str) -> Side:
    """Return a side that is connected; nothing is sent yet."""
    target = Target(settings, run_id, worker, 1)
    return Side(name, settings, target, Deployment(target, run_id))


def find_obstacle_of(side: Side) -> str:
    """Return why a side cannot be compared, or an empty text; its first requests show it."""
    return find_obstacle(side.deployment)


def find_slots(side: Side) -> dict[str, str]:
    """Return the names of what a side has: where it is asked, and the first records it lists."""
    settings = side.settings
    org = settings.org
    side.target.guard.unknown.add(UNKNOWN_ID)
    collection = build_collection_path(org, settings.user_id)
    slots = {
        "org": org,
        "user_id": settings.user_id,
        "unknown": UNKNOWN_ID,
        "other_name": side.deployment.make_name("changed"),
        "collection": collection,
        "bare_collection": collection.removesuffix("/"),
        "no_user_collection": build_collection_path(org, "99999999"),
        "no_org_collection": build_collection_path("no-such-platform", settings.user_id),
    }
    if settings.username:
        slots["named_collection"] = build_collection_path(org, settings.username)
        slots["username"] = settings.username
    if settings.learner_username:
        slots["learner"] = settings.learner_username
    if settings.other_org and settings.other_user_id:
        slots["other_collection"] = build_collection_path(
            settings.other_org, settings.other_user_id
        )
    credentials = _list(side, f"{collection}?page_size=100")
    for number, record in enumerate(credentials[:MOST_RECORDS]):
        slots[f"credential{number}" if number else "credential"] = str(record.get("entityId"))
    slots |= _find_words(credentials)
    for slot, path in (
        ("issuer", f"{collection}issuers/"),
        ("assertion", f"{collection}assertions/?include_revoked=true&include_expired=true"),
        ("assignment", f"{collection}assignments/users/"),
    ):
        records = _list(side, path)
        if records:
            slots[slot] = str(records[0].get("entityId") or records[0].get("id"))
    return slots


def _find_words(credentials: list[dict[str, Any]]) -> dict[str, str]:
    """Return words to search for, and a course and a program, of the first that have any."""
    slots: dict[str, str] = {}
    for record in credentials:
        words = [word for word in str(record.get("name") or "").split() if len(word) > 3]
        if words:
            slots |= {"word": words[0], "upper": words[0].upper(), "middle": words[0][1:-1]}
            break
    for record in credentials:
        texts = [word for word in str(record.get("description") or "").split() if word.isalpha()]
        names = str(record.get("name"))
        text = next((word for word in texts if len(word) > 4 and word not in names), "")
        if text:
            slots["text"] = text
            break
    for slot in ("course", "program"):
        for record in credentials:
            items = record.get(f"{slot}s")
            first = items[0] if isinstance(items, list) and items else None
            if isinstance(first, dict):
                slots[slot] = str(first.get(f"{slot}_id") or first.get("id"))
                break
    return slots


def _list(side: Side, path: str) -> list[dict[str, Any]]:
    """Return the records of a list, none where there is no such list."""
    response = side.target.send("GET", path, headers={"Accept": JSON})
    page = find_page(response.value) if response.status == 200 else None
    return [item for item in find_items(page) or [] if isinstance(item, dict)] if page else []


def may_send(side: Side, ask: Ask) -> bool:
    """Tell whether a side has the key and the permission that a request needs."""
    has_key = ask.actor is None or ask.actor in side.settings.keys
    return has_key and (ask.method in READS or side.settings.allow_writes)
