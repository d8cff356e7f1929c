"""Runs in folders that cannot be written: they read, or say in one line what they need."""

from pathlib import Path

import pytest

from contract_tests.errors import UsageError
from contract_tests.runner.run import check_journal_folder
from tests.support.command import run


def test_a_run_that_writes_needs_its_journal(tmp_path: Path) -> None:
    """One line before the first request, which names the folder and the option; exit code 2."""
    (tmp_path / "file").touch()
    ended = run("run", "mock", "--rule", "PAGE-01", "--journal", str(tmp_path / "file" / "journal"))
    said = ended.stderr.strip()
    assert (ended.returncode, said.count("\n")) == (2, 0)
    for part in ("--journal", "file/journal", "--read-only"):
        assert part in said


def test_a_run_that_reads_needs_no_folder(tmp_path: Path) -> None:
    """Neither a journal, nor a home folder, nor the current one."""
    (tmp_path / "file").touch()
    journal = ("--journal", str(tmp_path / "file" / "journal"))
    ended = run("run", "mock", "--rule", "PAGE-01", "--read-only", *journal)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("place", ["file/x", "file"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, place: str) -> None:
    """Whatever stands in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--journal .*: name a folder that can be written"):
        check_journal_folder(str(tmp_path / place))
