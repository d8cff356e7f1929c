"""The oracle: a collection of credentials as plain dicts, which is what an API must look like."""

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
"""The narrative's spelling of a field, and the one that answers have (FACTS, Create)."""


def matches(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether a search finds an item: one of three fields contains it, in any case."""
    folded = term.casefold()
    texts = (item["name"], item["name_override"], item["description"])
    return any(folded in text.casefold() for text in texts if text)


def written(before: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an item shows after these fields were written to it.

    `public` and `issuer` are not shown as such and left out; `metadata` is merged, `expires` too.
    """
    after = dict(before)
    for name, value in fields.items():
        name = SPELLINGS.get(name, name)
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
        """Add an item, or put it in the place of the one with its id."""
        self.items[item["entityId"]] = item
        self.public[item["entityId"]] = public

    def remove(self, entity_id: str) -> None:
        """Take an item out."""
        del self.items[entity_id], self.public[entity_id]

    def listed(self, term: str = "") -> list[dict[str, Any]]:
        """Return what a list shows: the public ones that a search finds, newest first."""
        return [
            item
            for entity_id, item in reversed(self.items.items())
            if self.public[entity_id] and matches(item, term)
        ]
