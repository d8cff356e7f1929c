"""Run the judge on a deployment that was written without a look at it: nothing to report."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract_tests.catalogue import CATALOGUE
from tests.independent.serve import running

KEYS = {
    "ADMIN": "berth",
    "DEPARTMENT_ADMIN": "dora",
    "LEARNER": "lena",
    "OTHER_ORG_ADMIN": "inna",
    "RETIRED": "gone",
}
NAMES = [
    "--org=harbour",
    "--user-id=berth",
    "--username=berth",
    "--learner-username=lena",
    "--other-org=inland",
    "--other-user-id=inna",
    "--api-version=4.202",
]


WRITES = ("STATE-04", "SEARCH-04", "PAGE-06", "PAGE-10", "ASSERT-03", "ISSUER-05", "ERR-13")
DISPOSABLE = ("ASSIGN", "IMAGE", "PROVIDER", "EXIM", "ISSUER-11")
"""Rules with the most to create, by their ids or the beginnings of these."""
DEFECTS = {
    "main_not_excluded": "ASSERT-03",
    "page_size_not_capped": "PAGE-10",
    "put_publishes": "SEARCH-04",
    "learner_reads_configuration": "PROVIDER-04",
}
"""Defects that were missed once, each with the rule that catches it."""
PERMANENT = {"service_uploadedimage": "image", "service_signatory": "signatory"}
"""Tables of what the API offers no way to delete, with its name in the report."""


def judge(address: str, folder: Path, *options: str) -> tuple[Any, dict[str, Any]]:
    """Run the judge; return how it ended, and its report."""
    words = ("run", address, *NAMES, f"--journal={folder}", f"--report={folder}", *options)
    keys = {f"CREDCHECK_KEY_{role}": f"{user}-key-4f1d" for role, user in KEYS.items()}
    done = subprocess.run(
        [Path(sys.executable).with_name("credcheck"), *words],
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return done, json.loads((folder / "report.json").read_text())


def count_rows(folder: Path) -> Counter[str]:
    """Return how many rows each table of the service has."""
    (file,) = folder.glob("*/db.sqlite3")
    with closing(sqlite3.connect(file)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        counts = {name: database.execute(f'SELECT COUNT(*) FROM "{name}"') for (name,) in tables}  # noqa: S608
        return Counter({name: found.fetchone()[0] for name, found in counts.items()})


def choose_rules(*beginnings: str) -> list[str]:
    """Return the options that select rules by the beginnings of their ids."""
    return [f"--rule={rule.id}" for rule in CATALOGUE if rule.id.startswith(beginnings)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the data of the deployment."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    """Run the deployment for the tests of this module."""
    with running(folder=data) as found:
        yield found


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_sound_stranger_has_no_failures(address: str, tmp_path: Path) -> None:
    """Read-only, no rule fails, no rule breaks, and nothing is left behind."""
    done, _ = judge(address, tmp_path, "--read-only", "--profile=quick")
    failures = re.findall(r"^(?:FAILED|request failed) .*", done.stdout, re.MULTILINE)
    assert failures == [], f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert done.returncode == 0, done.stdout[-4000:]
    assert "0 left behind" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "mode"), [(WRITES, "--allow-writes"), (DISPOSABLE, "--disposable")]
)
def test_writes_leave_only_what_is_named(
    address: str, data: Path, tmp_path: Path, rules: tuple[str, ...], mode: str
) -> None:
    """No rule fails, and the database holds what it held before, and what the run names."""
    before = count_rows(data)
    done, report = judge(address, tmp_path, mode, "--profile=quick", *choose_rules(*rules))
    assert done.returncode == 0, done.stdout[-4000:]
    assert report["left_behind"] == []
    more = count_rows(data)
    more.subtract(before)
    named = Counter(item.partition(" ")[0] for item in report["permanent"])
    named.pop("configuration", None)  # one that existed is deactivated
    assert {PERMANENT.get(name, name): count for name, count in more.items() if count} == named


@pytest.mark.slow
@pytest.mark.thorough
def test_defects_that_were_missed_are_caught(tmp_path: Path) -> None:
    """Each of several defects of one deployment fails its rule, and no other rule fails."""
    with running(defects=" ".join(DEFECTS)) as broken:
        options = [f"--rule={rule}" for rule in DEFECTS.values()]
        done, report = judge(broken, tmp_path, "--allow-writes", "--profile=quick", *options)
    assert done.returncode == 1, done.stdout[-4000:]
    assert {failure["rule"] for failure in report["failures"]} == {*DEFECTS.values()}


@pytest.mark.slow
def test_a_maximum_that_is_not_reached_is_not_tested(address: str, tmp_path: Path) -> None:
    """Read-only, with fewer records than the maximum, nobody can see whether pages are limited."""
    _, report = judge(address, tmp_path, "--read-only", "--rule=PAGE-06")
    reasons = [gap["reason"] for gap in report["not_tested"] if gap["rules"] == ["PAGE-06"]]
    assert any("whether a page is limited to 100 items is not seen" in each for each in reasons)
