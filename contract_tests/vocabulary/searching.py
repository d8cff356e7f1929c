"""Searches and filters: what is searched for, and what a list must find."""

import re
import unicodedata
from typing import Any

from contract_tests.errors import require
from contract_tests.oracle.model import is_possibly_found, is_surely_found
from contract_tests.vocabulary.checks import check_order
from contract_tests.vocabulary.deployment import Deployment, NewestItems

Item = dict[str, Any]


def list_ids(items: list[Item]) -> list[str]:
    """Return the entityIds of items, in their order."""
    return [item["entityId"] for item in items]


def check_found(
    deployment: Deployment,
    query: dict[str, Any],
    expected: list[Item],
    newest: NewestItems | None = None,
    possible: list[Item] | None = None,
) -> None:
    """Require a list to find these items, and no others but `possible` ones, newest first.

    The first page and the count are compared. On a large platform, `expected` are those among its
    newest items; anything else that is found must be older than these.
    """
    page = deployment.get_odd_page({"page_size": 100, **query})
    if page is None:
        return
    got = page.ids
    required, allowed = set(list_ids(expected)), set(list_ids(expected + (possible or [])))
    is_partial = newest is not None and not newest.is_complete
    if newest and is_partial:
        allowed |= set(got) - set(list_ids(newest.items))
    reached = required if len(got) == page["count"] else required & set(got)
    message = ""
    if set(got) - allowed:
        message = "an item is found that does not match"
    elif len(got) > len(set(got)):
        message = "an item is found twice"
    elif reached - set(got):
        message = "an item that matches is not found"
    filters = ", ".join(f"{name}={value}" for name, value in query.items())
    wrong = [entity_id for entity_id in got if entity_id not in allowed][:3] or got[:3]
    require(
        not message,
        f"{message} ({' and '.join(query)})",
        page.response,
        expected=f"{len(required)} for {filters}: {list_ids(expected)[:3]}",
        got=f"{len(got)}: {wrong}",
    )
    check_order(page.items, f"the items are in the wrong order ({' and '.join(query)})",
                page.response)  # fmt: skip
    count = page["count"]
    is_fine = len(required) <= count <= len(allowed) or (is_partial and count >= len(required))
    message = "`count` of a filtered list is wrong"
    require(is_fine, message, page.response, expected=len(expected), got=count)


def check_search(deployment: Deployment, term: str, newest: NewestItems, **filters: str) -> None:
    """Require a search to find what any reading of it finds, and nothing that none does."""
    items = newest.items
    for kind, key in filters.items():
        items = [item for item in items if is_linked(item, kind, key)]
    found = [item for item in items if is_surely_found(item, term)]
    possible = [item for item in items if is_possibly_found(item, term)]
    check_found(deployment, {"search": term, **filters}, found, newest, possible)


def choose_terms(deployment: Deployment, items: list[Item]) -> list[str]:
    """Return texts to search for: parts of existing texts, in any case, and unknown ones."""
    texts = [
        text
        for item in items
        for text in (item["name"], item["name_override"], item["description"])
        if text
    ]
    deployment.random.shuffle(texts)
    overrides = [item["name_override"] for item in items if item["name_override"]]
    narratives = [item["criteriaNarrative"] for item in items if item["criteriaNarrative"]]
    terms = []
    for text in texts[: deployment.effort.terms]:
        words = re.findall(r"\w{3,}", text) or [text[:3]]
        word = deployment.random.choice(words)
        terms += [word, word.upper(), word[1:]]
        if len(words) > 1:
            at = text.find(words[-1])
            terms += [text[max(0, at - 4) : at + 3], f"{words[0]} {deployment.make_word()}"]
    terms += [f"-{terms[0]}", f"{terms[0]} the"] if terms else []
    common = [found for text in texts for found in re.findall(r"\b(?:the|of|and) \w+", text)]
    terms += common[:3]
    for text in overrides[:6] + narratives[:4]:
        terms += re.findall(r"\w{4,}", text)[-1:]
    foreign = [text for text in texts if not text.isascii() and has_one_case(text)]
    terms += [text.swapcase()[:40] for text in foreign[:6]]
    accented = [word for text in texts for word in re.findall(r"\w*[À-ɏ]\w*", text)]
    terms += [remove_accents(word) for word in accented[:4]] + accented[:2]
    terms += ["%", "_", "'", '"', "\\", "e", "a%", ".*", "no such text anywhere"]
    usable = [term for term in dict.fromkeys(terms) if term and term.strip() == term]
    return list(filter(has_one_case, usable))


def has_one_case(text: str) -> bool:
    """Tell whether a text has one lower and one upper case: for others (ß, ς) both are right."""
    lower = text.lower()
    return lower == text.casefold() and all(
        len(letter.upper()) == 1 and letter.upper().lower() == letter for letter in lower
    )


def remove_accents(word: str) -> str:
    """Return a word without its accents."""
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def is_linked(item: Item, kind: str, key: str) -> bool:
    """Tell whether an item is linked to a course or a program."""
    return any(link[f"{kind}_id"] == key for link in item[f"{kind}s"])


def list_keys(items: list[Item], kind: str) -> list[str]:
    """Return the ids of all courses or programs that items are linked to."""
    return list(dict.fromkeys(link[f"{kind}_id"] for item in items for link in item[f"{kind}s"]))
