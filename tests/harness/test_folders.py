"""Runs in folders that cannot be written: they read, or say in one line what they need."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.errors import UsageError
from contract_tests.output import check_output_file, check_report_folder
from contract_tests.runner.run import check_journal_folder
from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run
from tests.support.waiting import PATIENCE


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


@pytest.mark.parametrize(
    "words",
    [
        ("run", "mock", "--rule", "PAGE-01", "--report", "file/x"),
        ("run", "mock", "--rule", "PAGE-01", "--code-quality", "file/x"),
        ("judge", "no.har", "--summary", "file/x"),
        ("judge", "no.har", "--report", "file"),
        ("compare", "mock", "mock", "--report", "file/x"),
        ("compare", "mock", "mock", "--ledger", "folder"),
    ],
    ids=" ".join,
)
def test_what_is_written_at_the_end_is_checked_at_the_start(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """One line that names the option, before anything is sent or read; exit code 2."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    ended = run(*words, cwd=tmp_path, env=environment)
    said = ended.stderr.strip()
    assert (ended.returncode, ended.stdout, said.count("\n")) == (2, "", 0), said
    assert f"{words[-2]}: " in said
    assert "cannot be written: " in said


def test_a_variable_that_names_a_summary_is_named(tmp_path: Path) -> None:
    """`GITHUB_STEP_SUMMARY` leads to a file that cannot be written: the line says so."""
    (tmp_path / "file").touch()
    environment = {**ENVIRONMENT, "GITHUB_STEP_SUMMARY": str(tmp_path / "file" / "x")}
    ended = run("run", "mock", "--rule", "PAGE-01", env=environment)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "GITHUB_STEP_SUMMARY: " in ended.stderr


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    """No empty file, and the content of one that is there; a pipe keeps its reader."""
    kept, new = tmp_path / "kept", tmp_path / "folder" / "new"
    kept.write_text("kept")
    os.mkfifo(tmp_path / "pipe")
    for path in (kept, new, tmp_path / "pipe", Path(os.devnull)):
        check_output_file("--summary", path)
    check_report_folder("--report", tmp_path / "report")
    assert kept.read_text() == "kept"
    assert list((tmp_path / "folder").iterdir()) == []
    assert list((tmp_path / "report").iterdir()) == []


ANYBODY = ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups")
"""Becomes a user who has no name, no home and no rights."""


def leave_folder(folder: Path) -> Callable[[], None]:
    """Return what makes a folder current and removes it."""

    def leave() -> None:
        os.chdir(folder)
        folder.rmdir()

    return leave


def test_a_user_without_a_name_reads_from_a_folder_of_another(tmp_path: Path) -> None:
    """As in a container that runs as any number, in a folder that this user may not enter."""
    probe = [*ANYBODY, sys.executable, "-c", "import contract_tests"]
    if not shutil.which(ANYBODY[0]) or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("this user cannot become another one who may read this environment")
    tmp_path.chmod(0o700)
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "HOME"}
    ended = subprocess.run(
        [*ANYBODY, *COMMAND, "run", "mock", "--rule", "PROTO-01", "--read-only"],
        cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    """The current folder was removed: the line says what to do, and the exit code is 2."""
    gone = tmp_path / "gone"
    gone.mkdir()
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*COMMAND, "run", "mock", "--rule", "PAGE-01"],
        preexec_fn=leave_folder(gone), env=environment, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "the current folder: No such file or directory: change to another one" in ended.stderr
