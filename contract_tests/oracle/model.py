"""The model of a collection of credentials as plain dicts, which responses must match."""

import re
import string
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contract_tests.vocabulary.bodies import SPELLINGS

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
SEPARATORS = "\"',"


def matches_search(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether a search that ignores the case of all scripts finds an item.

    One of three fields contains the text, in each way of ignoring case: databases differ on
    letters with more than two forms, such as ß, ſ, K, ı and İ.
    """
    return all(_contains(list_searched_texts(item), term, change) for change in CASES)


def may_match_search(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether a search that ignores the case of all scripts finds an item in some way."""
    return any(_contains(list_searched_texts(item), term, change) for change in CASES)


def _contains(texts: Iterable[str | None], term: str, change: Callable[[str], str]) -> bool:
    changed = change(term)
    return any(changed in change(text) for text in texts if text)


def upper_letters(text: str) -> str:
    """Return a text in upper case, in which each letter stays one letter."""
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in text)


CASES: tuple[Callable[[str], str], ...] = (upper_letters, str.upper, str.lower, str.casefold)
"""The ways in which databases ignore case."""


def contains_surely(texts: Iterable[str | None], term: str) -> bool:
    """Tell whether every reading of a search finds a term in one of these texts.

    The part of the text is there as it was sent but for the case of A to Z, which is all that some
    databases fold. Quotes and commas separate terms where the framework's SearchFilter is used.
    """
    if any(character in SEPARATORS for character in term):
        return False
    lowered = lower_ascii(term)
    return any(lowered in lower_ascii(text) for text in texts if text)


def contains_possibly(texts: Iterable[str | None], term: str) -> bool:
    """Tell whether some reading of a search finds a term in these texts.

    A collation may ignore accents, width and the case of any script. The framework's SearchFilter
    takes a search for several terms, which may be in different texts.
    """
    folded = [fold(text) for text in texts if text]
    parts = [part.strip(SEPARATORS) for part in re.split(r"[\s,]+", fold(term))]
    return all(any(part in text for text in folded) for part in parts if part)


def is_surely_found(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether every reading of a search finds an item."""
    return contains_surely(list_searched_texts(item), term)


def is_possibly_found(item: Mapping[str, Any], term: str) -> bool:
    """Tell whether some reading of a search finds an item."""
    return contains_possibly(list_searched_texts(item), term)


def list_searched_texts(item: Mapping[str, Any]) -> list[str | None]:
    """Return the texts that a search looks through."""
    return [item["name"], item["name_override"], item["description"]]


def lower_ascii(text: str) -> str:
    """Return a text with A to Z in lower case and all else as it is."""
    return text.translate(LOWER)


def fold(text: str) -> str:
    """Return a text without case, accents and width."""
    # In upper case first: ı and i have one upper case, and databases compare that.
    decomposed = unicodedata.normalize("NFKD", text.upper().casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


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
