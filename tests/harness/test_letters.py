"""The judge and letters with more than two forms: it takes every way in which databases compare."""

import itertools
import json
import unicodedata
from pathlib import Path

import pytest

from contract_tests.oracle.model import (
    contains_possibly,
    contains_surely,
    lower_ascii,
    matches_search,
    may_match_search,
)
from mockserver.files import WORLD
from mockserver.world.letters import to_upper
from tests.harness.bite import PLACES
from tests.support.command import run
from tests.support.server import running

NAMES = ("Straße", "STRASSE", "STRA\u1e9eE", "\u017fet", "set", "\u212aelvin", "kelvin", "KELVIN",
         "\u0130stanbul", "istanbul", "Istanbul", "\u0131stanbul", "\ufb01ne", "fine", "\u03c2",
         "\u03c3", "\u03a3", "\u00b5", "\u03bc", "\u01c6", "\u01c5", "\u01c4", "\u1fb3", "\u1fbc",
         "e\u0301", "\u00e9", "E", "\u0149", "\u01f0", "\u1e9b", "\u0345", "\u03f4", "\u2126",
         "\u00e5", "\u212b", "\u0390", "\u1fd3", "\ua64b", "\u1c88", "\u10d0", "\u1c90",
         "\u13a0", "\uab70", "\U0001e900", "\U0001e922")  # fmt: skip
PAIRS = list(itertools.product(NAMES, (*NAMES, "ss", "i", "k", "s", "f", "I", "K", "S")))
WAYS = {
    "PostgreSQL": to_upper,
    "ICU": str.upper,
    "SQLite": lower_ascii,
    "SQLite with Unicode": str.casefold,
    "in lower case": str.lower,
    "without accents": lambda text: "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    ),
}
"""How databases compare."""


@pytest.mark.parametrize("way", list(WAYS))
def test_no_database_is_wrong(way: str) -> None:
    """What a database finds is possible to the judge, and what is sure to it every one finds."""
    change = WAYS[way]
    for text, term in PAIRS:
        is_found = change(term) in change(text)
        if is_found:
            assert contains_possibly([text], term), (text, term)
        elif contains_surely([text], term):
            pytest.fail(f"{term!r} in {text!r} is not found")


@pytest.mark.parametrize("way", ["PostgreSQL", "ICU", "SQLite with Unicode", "in lower case"])
def test_no_way_of_ignoring_case_is_wrong(way: str) -> None:
    """The rule on the case of all scripts takes each way of comparing, too."""
    change = WAYS[way]
    for text, term in PAIRS:
        item = {"name": text, "name_override": None, "description": ""}
        is_found = change(term) in change(text)
        assert is_found <= may_match_search(item, term), (text, term)
        assert matches_search(item, term) <= is_found, (text, term)


def test_a_case_that_is_not_ignored_is_noticed() -> None:
    """Letters with two forms in other scripts are still asked for."""
    item = {"name": "Ünïcode Ωmega", "name_override": None, "description": None}
    assert matches_search(item, "ÜNÏCODE ωMEGA")
    assert not may_match_search(item, "unicode")
    assert not contains_possibly(["Straße"], "Strase")


@pytest.mark.slow
def test_a_sound_list_with_such_names_conforms(tmp_path: Path) -> None:
    """The rules on searches are silent about names with these letters."""
    document = json.loads(WORLD.read_bytes())
    for credential, name in zip(document["credentials"], itertools.cycle(NAMES), strict=False):
        credential["name"] = name
    (tmp_path / "world.json").write_text(json.dumps(document))
    rules = [word for rule in ("SEARCH-01", "SEARCH-08") for word in ("--rule", rule)]
    with running("--world", str(tmp_path / "world.json")) as server:
        words = (*PLACES, *rules, "--read-only", "--hold-choices", "--api-version", "4.202")
        ended = run("run", server.url, *words)
    assert ended.returncode == 0, ended.stdout
