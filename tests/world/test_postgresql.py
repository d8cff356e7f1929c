"""What a search finds, settled by a real PostgreSQL: the condition that `icontains` becomes."""

import itertools
import subprocess
from collections.abc import Iterator
from unicodedata import ucd_3_2_0

import pytest

from mockserver.world.letters import to_upper
from tests.differential.twin.search import to_upper as to_upper_of_twin
from tests.support.postgresql import USER, needs_postgresql, running_postgresql

pytestmark = [pytest.mark.slow, needs_postgresql]
LETTERS = (
    *(
        "Straße",
        "STRASSE",
        "STRA\u1e9eE",
        "\ufb01ne",
        "fine",
        "\u017fet",
        "set",
        "SET",
        "\u212a",
        "k",
    ),
    *(
        "K",
        "É",
        "é",
        "e\u0301",
        "\u0130",
        "i",
        "I",
        "\u0131",
        "ς",
        "σ",
        "Σ",
        "\u00b5",
        "μ",
        "ǆ",
        "ǅ",
    ),
    *(
        "\u1fb3",
        "\u1fbc",
        "ŉ",
        "ǰ",
        "ω",
        "\u2126",
        "å",
        "\u212b",
        "ⅷ",
        "ⓐ",
        "ა",
        "я",
        "Я",
        "a%",
        "_",
    ),
)


@pytest.fixture
def database() -> Iterator[list[str]]:
    """Return the command that asks a database of its own."""
    with running_postgresql() as folder:
        yield ["psql", "-h", str(folder), "-U", USER, "-d", "postgres", "-At", "-F", "\t", "-c"]


def test_a_search_finds_what_a_database_finds(database: list[str]) -> None:
    """`UPPER(text) LIKE UPPER(%term%)` for each pair of letters that have cases of their own."""
    pairs = list(itertools.product(LETTERS, LETTERS))
    rows = ",".join(f"({number},'{x}','{y}')" for number, (x, y) in enumerate(pairs))
    query = (
        "SELECT n FROM (VALUES " + rows + ") AS pairs(n, x, y) WHERE UPPER(x) LIKE "  # noqa: S608  (of the texts above)
        r"UPPER('%' || REPLACE(REPLACE(y, '%', '\%'), '_', '\_') || '%') ORDER BY n"
    )
    told = subprocess.run([*database, query], capture_output=True, text=True, check=True).stdout
    found = [pairs[int(number)] for number in told.split()]
    for upper in (to_upper, to_upper_of_twin):
        assert [(x, y) for x, y in pairs if upper(y) in upper(x)] == found
    assert ("Straße", "STRASSE") not in found
    assert ("\u017fet", "SET") in found


def test_every_letter_has_the_upper_case_of_a_database(database: list[str]) -> None:
    """The letters that `UPPER` changes, and what it makes of them.

    Of those of Unicode 3.2: a database and Python may differ in how new a Unicode they know.
    """
    query = (
        "SELECT n, ascii(UPPER(chr(n))) FROM generate_series(1, 1114111) AS n "
        "WHERE n NOT BETWEEN 55296 AND 57343 AND UPPER(chr(n)) <> chr(n)"
    )
    told = subprocess.run([*database, query], capture_output=True, text=True, check=True).stdout
    pairs = (map(int, line.split("\t")) for line in told.splitlines())
    letters = map(chr, range(1, 0x110000))
    known = {each for each in letters if ucd_3_2_0.category(each) not in {"Cn", "Cs"}}
    changed = {chr(x): chr(y) for x, y in pairs if chr(x) in known}
    for upper in (to_upper, to_upper_of_twin):
        assert {x: upper(x) for x in known if upper(x) != x} == changed
    assert len(changed) > 600
