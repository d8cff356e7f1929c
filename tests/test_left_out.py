"""What a run of the quick tests says about those that it leaves out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TESTS = """
import pytest

def test_quick():
    assert True

@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_long(number):
    assert True
"""
MORE = (("-n", "1"), ("-k", "quick or long"))


@pytest.mark.parametrize(
    "options", [(), *(pytest.param(each, marks=pytest.mark.slow) for each in MORE)]
)
def test_the_long_tests_are_counted(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The closing lines count them by module, also from a worker and beside a choice by name."""
    (tmp_path / "test_some_things.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.left_out", "-m", "not slow"]
    ended = subprocess.run(
        [*command, *options, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert "Long tests left out: 3 (some things 3). `make test-all` runs them." in ended.stdout
    assert "1 passed" in ended.stdout
