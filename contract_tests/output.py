"""Standard output and error at the end of the command: what is left is written, or dropped."""

import os
import sys
from typing import Any

import click

from contract_tests.errors import describe_error

NOT_JUDGED = 3
"""The exit code where there is no verdict, or nobody could be told of it."""


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
