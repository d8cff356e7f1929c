"""The model of a collection of credentials as plain dicts, which responses must match."""

from collections.abc import Mapping
from typing import Any

SPELLINGS = {
    "credential_type": "credentialType",
    "criteria_url": "criteriaUrl",
    "criteria_text": "criteriaNarrative",
    "issuing_signal": "signal",
    "icon_image": "iconImage",
    "background_image": "backgroundImage",
    "thumbnail_image": "thumbnailImage",
}
"""The narrative reference's spelling of a field, and that of responses (FACTS, Create)."""


def matches_search(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether a search finds an item: one of three fields contains the text, in any case."""
    folded = term.casefold()
    texts = (item["name"], item["name_override"], item["description"])
    return any(folded in text.casefold() for text in texts if text)


def apply_write(before: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as it is shown after these fields were written to it.

    `public` and `issuer` are not shown as such and left out; `metadata` and `expires` are merged.
    """
    after = dict(before)
    for spelling, value in fields.items():
        name = SPELLINGS.get(spelling, spelling)
        if name in ("public", "issuer"):
            continue
        old = after.get(name)
        if name in ("metadata", "expires") and isinstance(old, dict) and isinstance(value, dict):
            value = {**old, **value}
        elif isinstance(value, str):
            value = value.strip()
        after[name] = value
    return after


class Collection:
    """The credentials that a run wrote, in the order of their creation."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.public: dict[str, bool] = {}

    def put(self, item: dict[str, Any], *, public: bool) -> None:
        """Add an item, or replace the one with its id."""
        self.items[item["entityId"]] = item
        self.public[item["entityId"]] = public

    def remove(self, entity_id: str) -> None:
        """Remove an item."""
        del self.items[entity_id], self.public[entity_id]

    def list_items(self, term: str = "") -> list[dict[str, Any]]:
        """Return the public items that a search finds, newest first."""
        return [
            item
            for entity_id, item in reversed(self.items.items())
            if self.public[entity_id] and matches_search(item, term)
        ]
