"""Where the commands write: files that are checked at the start, and the output at the end."""

import errno
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from contract_tests.errors import UsageError, describe_error

NOT_JUDGED = 3
"""The exit code where there is no verdict, or it could not be printed."""
REPORTS = ("junit.xml", "report.html", "report.json", "traffic.har")
"""The files of a folder of reports."""


def check_report_folder(where: str, folder: Path) -> None:
    """Raise UsageError unless reports can be written into a folder, which is made."""
    for name in ("junit.xml", f".credcheck-{os.getpid()}"):  # the others are replaced
        check_output_file(where, folder / name)


def remove_reports(folder: Path) -> None:
    """Remove the reports of an earlier run from a folder; raises UsageError."""
    try:
        for name in REPORTS:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"--report: {error.filename}: {error.strerror}") from error


class EarlierReports:
    """A plugin of pytest that removes the reports of an earlier run when this one begins.

    Until then, a mistyped option or target leaves them as they are.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def pytest_configure(self) -> None:
        """Remove them after the run has checked its settings: later plugins are called first."""
        import pytest

        try:
            if self._folder:
                remove_reports(self._folder)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None


def check_output_files(paths: Mapping[str, str | Path | None]) -> None:
    """Raise UsageError unless each file can be written, by the option that names it."""
    for where, path in paths.items():
        if path:
            check_output_file(where, Path(path))


def check_output_file(where: str, path: Path) -> None:
    """Raise UsageError unless a file can be written, whose folder is made.

    A run that takes minutes must not end with it. The text begins with `where`, the option.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if is_new or path.is_file():  # the reader of a pipe would take it for the end
            path.open("ab").close()
        if is_new:
            os.unlink(os.path.realpath(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{where}: {path} cannot be written: {reason}; name a place that can be written"
        ) from error


def escape_unknown_characters() -> None:
    """Let a text for people be escaped where the encoding of standard output cannot write it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write_document(text: str) -> None:
    """Write what a program reads, such as Markdown or a test, as UTF-8 in every locale."""
    sys.stdout.flush()
    stream: Any = sys.stdout.buffer
    stream.write(text.encode("utf-8", "backslashreplace"))
    stream.flush()


def finish(code: Any, message: str) -> None:
    """Write what is left of the output, report an error in one line, and exit."""
    try:
        sys.stdout.flush()
    except OSError as error:
        code = NOT_JUDGED
        message = "" if isinstance(error, BrokenPipeError) else describe_error(error)
        drop_output(sys.stdout)
    if message:
        try:
            click.echo(f"credcheck: {' '.join(message.split())}", err=True)
        except OSError:
            drop_output(sys.stderr)
    sys.exit(code)


def drop_output(stream: Any) -> None:
    """Let nothing more be written: Python would try once more at its end, and exit with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
