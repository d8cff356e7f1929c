"""What a search finds, settled by a real PostgreSQL: the condition that `icontains` becomes."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.world.letters import to_upper
from tests.differential.twin.search import to_upper as to_upper_of_twin
from tests.support.waiting import PATIENCE

FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
BINARIES = FOUND[-1] if FOUND else Path(shutil.which("initdb") or "").parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not ((BINARIES / "initdb").exists() and shutil.which("psql")),
        reason="needs PostgreSQL: Debian's package `postgresql`",
    ),
]
USER = "nobody" if os.geteuid() == 0 else None
"""PostgreSQL does not run as root."""
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
    folder = tempfile.mkdtemp(prefix="pg")
    data, log = f"{folder}/data", f"{folder}/log"
    if USER:
        shutil.chown(folder, USER)

    def run(*command: str) -> None:
        subprocess.run(
            [str(BINARIES / command[0]), "-D", data, *command[1:]],
            user=USER, cwd=folder, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    try:
        run("initdb", "-A", "trust", "-U", "twin", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        # A socket in its folder and no port.
        run("pg_ctl", "-l", log, "-o", f"-k {folder} -c listen_addresses=", "-w", "start")
        yield ["psql", "-h", folder, "-U", "twin", "-d", "postgres", "-At", "-F", "\t", "-c"]
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


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
