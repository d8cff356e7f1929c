"""The ledger of divergences has a row for every difference, and no other rows."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from contract_tests.catalogue import RULES
from contract_tests.catalogue.rule import Rule
from mockserver.config import RELEASES
from mockserver.contract.compiler import load_contract
from mockserver.contract.document import read_document
from mockserver.drift.differences import Sides, find_differences
from mockserver.files import CONTRACT, LEDGER
from tests.support.paths import ROOT

SPEC = LEDGER.parent


def check(found: Mapping[str, Sides], rows: list[dict[str, Any]]) -> list[str]:
    """Return an error for each difference without a row and each row without a difference."""
    errors = []
    used: set[str] = set()
    for where, sides in found.items():
        matching = [row for row in rows if fnmatchcase(where, row["where"])]
        used.update(row["where"] for row in matching)
        if not matching:
            errors.append(f"no row for {where}: {sides}")
    errors += [f"stale row: {row['where']}" for row in rows if row["where"] not in used]
    return errors


def ledger() -> dict[str, Any]:
    """Return the ledger as it is written."""
    return read_document(LEDGER)


def test_every_difference_from_the_published_description_has_a_row() -> None:
    """Contract and published 3.59.0 differ exactly where the ledger says."""
    found = find_differences(read_document(SPEC / ledger()["published"]), read_document(CONTRACT))
    assert check(found, ledger()["rows"]) == []


def test_every_change_of_the_later_description_has_a_row() -> None:
    """Published 4.90.4 differs from 3.59.0 exactly where the ledger's second block says."""
    later = ledger()["later"]
    before = read_document(SPEC / ledger()["published"])
    assert (
        check(find_differences(before, read_document(SPEC / later["published"])), later["rows"])
        == []
    )


def test_rows_of_one_place_quote_both_sides() -> None:
    """Where a row names one place, its two texts are what the walk sees there."""
    found = find_differences(read_document(SPEC / ledger()["published"]), read_document(CONTRACT))
    quoted = {r["where"]: (r["published"], r["contract"]) for r in ledger()["rows"]}
    plain = {where: sides for where, sides in quoted.items() if "*" not in where}
    assert plain == {where: found[where] for where in plain}


def test_rows_are_complete_and_unique() -> None:
    """Each row has all five parts, known evidence, and a place of its own."""
    for rows in (ledger()["rows"], ledger()["later"]["rows"]):
        for row in rows:
            assert row.keys() == {"where", "published", "contract", "evidence", "why"}
            assert set(row["evidence"]) <= {"C", "N", "G", "P", "F", "choice"}
        places = [row["where"] for row in rows]
        assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("schemas/Credential/name", {"maxLength": 10}),
        ("schemas/Credential/programs", {"type": "array", "items": {"type": "string"}}),
        ("schemas/Issuer/url", {"type": ["string", "null"]}),
    ],
)
def test_a_difference_without_a_row_is_found(place: str, change: dict[str, Any]) -> None:
    """A change of the contract that the ledger does not quote is found."""
    contract = read_document(CONTRACT)
    _, schema, field = place.split("/")
    contract["components"]["schemas"][schema]["properties"][field] = {"type": "string"} | change
    found = find_differences(read_document(SPEC / ledger()["published"]), contract)
    quoted = {r["where"]: r["contract"] for r in ledger()["rows"]}
    assert found[place][1] != quoted.get(place)


def test_a_stale_row_is_found() -> None:
    """A row about something that does not differ is an error."""
    row = {"where": "schemas/Credential/name"}
    assert check({}, [row]) == ["stale row: schemas/Credential/name"]


def test_every_fact_of_the_second_reading_has_a_line() -> None:
    """S1 to S19 each name what the mock does, tests that exist, and rules or why there is none."""
    readings = {reading["fact"]: reading for reading in ledger()["readings"]}
    assert list(readings) == [f"S{number}" for number in range(1, 20)]
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for reading in readings.values():
        assert reading["kind"] in ("fact", "contradiction")
        assert set(reading["evidence"]) <= {"C", "N", "G", "P", "F"}
        assert reading["mock"]
        for name in reading["tests"]:
            assert f"def {name}(" in tests, name
        assert ("rules" in reading) != ("no_rule" in reading)
        for rule in reading.get("rules", ()):
            assert rule in RULES, rule


def test_what_is_unknown_says_what_the_mock_does() -> None:
    """Each point has both, once."""
    unknown = ledger()["unknown"]
    assert all(row.keys() == {"what", "mock"} for row in unknown)
    assert len({row["what"] for row in unknown}) == len(unknown) >= 6


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_names_the_release_of_its_operations(rule: Rule) -> None:
    """A rule that needs all of its operations holds from the release that has the last of them."""
    contract = load_contract()
    releases = [contract.operations[name].since for name in rule.operations]
    latest = max(releases, key=RELEASES.index)
    assert rule.since == (latest if rule.needs_all_operations else "3.59")
