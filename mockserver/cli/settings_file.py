"""The settings of `credmock serve` in a file: `credmock.toml`, its table `[serve]`.

Each key is an option without its dashes, and is read as the option is. An option on the command
line, and a variable of the environment, take precedence.
"""

import difflib
import os
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from mockserver.errors import StartError
from mockserver.files import read_toml_file

DEFAULT_FILE = Path("credmock.toml")
TABLE = "serve"


def add_settings_file(
    context: click.Context, parameter: click.Parameter, path: Path | None
) -> None:
    """Let a file set the defaults of the options; raises StartError."""
    if path is None and not os.path.isfile(DEFAULT_FILE):  # which no folder makes fail
        return
    context.default_map = dict(read_settings(path or DEFAULT_FILE, context, parameter))


def read_settings(
    path: Path, context: click.Context, parameter: click.Parameter
) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each option that a file sets; raises StartError."""
    document = read_toml_file(path)
    for name in document:
        if name != TABLE:
            raise StartError(f"{path}: unknown table [{name}]: settings are in [{TABLE}]")
    table = document.get(TABLE, {})
    if not isinstance(table, dict):
        raise StartError(f"{path}: {TABLE} must be a table: write [{TABLE}]")
    options = {
        each.opts[0].removeprefix("--"): each
        for each in context.command.params
        if isinstance(each, click.Option) and each is not parameter
    }
    seen: dict[str, str] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        where = f"{path}: [{TABLE}] {key if key.isprintable() else repr(key)}"
        if name not in options:
            raise StartError(f"{where}: there is no such option{_suggest(name, options)}")
        if name in seen:
            raise StartError(f"{where}: {seen[name]} sets the same option; remove one of them")
        seen[name] = key
        yield options[name].name or name, read_value(path, where, options[name], value, context)


def read_value(
    path: Path, where: str, option: click.Option, value: Any, context: click.Context
) -> Any:
    """Return a value of a file as the option takes it; raises StartError."""
    if isinstance(value, datetime | date | time):
        value = value.isoformat()
    expected, types = _describe_type(option)
    is_boolean = isinstance(value, bool)  # which is an int, and must not count as a number
    if not isinstance(value, types) or is_boolean != (types == (bool,)):
        raise StartError(f"{where}: write {expected}")
    if isinstance(option.type, click.Path) and isinstance(value, str):
        value = str(path.parent / value)
    try:
        option.process_value(context, value)
    except click.BadParameter as error:
        raise StartError(f"{where}: {error.message}") from error
    except (ValueError, OverflowError) as error:  # such as a NUL in the name of a file
        raise StartError(f"{where}: {error}") from error
    return value


def _describe_type(option: click.Option) -> tuple[str, tuple[type, ...]]:
    """Return how the value of an option is written in TOML, and the types that are read."""
    if option.is_flag:
        return "true or false, without quotes", (bool,)
    if isinstance(option.type, click.types.FloatParamType):
        return "a number, without quotes", (int, float)
    if isinstance(option.type, click.types.IntParamType):
        return "a whole number, without quotes", (int,)
    return "a text in quotes", (str,)


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ": see `credmock serve --help`"
