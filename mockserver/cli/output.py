"""Standard output: data as UTF-8 bytes, and a log that nothing makes fail."""

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from mockserver.errors import StartError
from mockserver.files import check_replaceable


def write_text(text: str) -> None:
    """Write data to standard output as UTF-8, whatever encoding the terminal or locale has.

    JSON and YAML are UTF-8; a locale of Windows would turn them into something else, or fail.
    """
    write_bytes(text.encode("utf-8", "surrogatepass"))


def write_bytes(content: bytes) -> None:
    """Write bytes to standard output as they are."""
    stream: Any = sys.stdout.buffer
    sys.stdout.flush()
    stream.write(content)
    stream.flush()


def check_output(path: Path) -> None:
    """Raise StartError unless the file of `--output` can be written, before what takes a while."""
    if str(path) == "-":
        return
    try:
        if not path.parent.is_dir():
            raise StartError(f"--output {path}: there is no folder {path.parent}")
        if path.is_file():
            path.open("ab").close()
        elif not path.exists():
            check_replaceable(path)
    except OSError as error:
        raise StartError(f"--output {path}: {error.strerror}; name another file") from error


def write_output(path: Path, content: bytes) -> None:
    """Write the file of `--output`, or to standard output for `-`; raises StartError."""
    if str(path) == "-":
        write_bytes(content)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StartError(f"--output {path}: {error.strerror}") from error


def escape_unknown_characters() -> None:
    """Let a text for people be escaped where the encoding of standard output cannot write it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def drop_output(stream: Any) -> None:
    """Let nothing more be written, not even at the exit: the reader is gone or the disk is full."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_message(message: str) -> None:
    """Write a line to standard error, where somebody can receive it."""
    try:
        click.echo(message, err=True)
    except OSError:
        drop_output(sys.stderr)


def open_log_output(stream: Any) -> Any:
    """Return a stream for the log that no character and no closed terminal makes fail.

    A line that cannot be written must not turn the response into an error.
    """
    try:
        raw = open(os.dup(stream.fileno()), "wb", buffering=0)  # noqa: SIM115  (until the end)
    except (OSError, ValueError, AttributeError):
        return stream
    lines = LossyOutput(raw)
    return io.TextIOWrapper(
        lines,
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class LossyOutput(io.BufferedIOBase):
    """A binary stream that drops what nobody can receive any more."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: Any) -> int:
        """Write all bytes, or none where the reader is gone."""
        with contextlib.suppress(OSError):
            self._raw.write(content)
        return len(content)
