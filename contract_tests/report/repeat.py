"""The command that repeats a run, as reports print it: without a key, quoted for a shell."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contract_tests.engine.curl import quote_word
from contract_tests.engine.redaction import Redactor
from contract_tests.settings.command_line import COMMAND_LINE
from contract_tests.settings.option import FLAG, format_rate
from contract_tests.settings.secrets import is_reference, is_secret_header
from contract_tests.settings.settings import CONTEXT, OPTIONS, Settings

WRITES, READ_ONLY = "allow_writes", "read_only"
_FIELDS: Mapping[str, str] = {option.flag: name for name, option in OPTIONS.items() if option.flag}


def format_commands(
    settings: Settings, filters: Mapping[str, list[str]], others: Mapping[str, str], rule: str
) -> dict[str, str]:
    """Return the command lines that repeat a run, clean up after it, and test one rule again.

    They have everything that the run was given. `others` are the options that are no settings, such
    as `workers`. Profile, seed, and whether the run writes, decide what is sent and are there in
    any case. Without a rule there is no command for one.
    """
    options = {**settings.explicit_values, "profile": settings.profile, "seed": settings.seed}
    if not {WRITES, READ_ONLY} & {name for name, value in options.items() if value}:
        options[WRITES if settings.allow_writes else READ_ONLY] = True
    more = [word for name, values in filters.items() for word in _list_words(name, values)]
    more += [word for name, value in others.items() for word in _list_words(name, [value])]
    # `cleanup` writes in any case; `replay` reads the rest from the report.
    cleaning = {name: value for name, value in options.items() if name != WRITES}
    reaching = {name: value for name, value in options.items() if name not in CONTEXT}
    replay = ["credcheck", "replay", "report.json", rule]
    commands = {
        "run": ["credcheck", "run", settings.name, *_list_options("run", options, settings), *more],
        "cleanup": [
            *("credcheck", "cleanup", settings.name),
            *_list_options("cleanup", cleaning, settings),
        ],
        "replay": [*replay, *_list_options("replay", reaching, settings)] if rule else [],
    }
    return {name: " ".join(map(quote_word, words)) for name, words in commands.items()}


def _list_options(command: str, options: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """Yield the words of the options that a command takes and a run was given."""
    redact = Redactor.from_settings(settings)
    for name, option in COMMAND_LINE.items():
        value = options.get(_FIELDS.get(name, name))
        if command not in option.commands or value is None:
            continue
        if option.kind is FLAG:
            yield from [_format_flag(name)] * bool(value)
        else:
            yield from _list_words(name, _list_texts(name, value, redact))


def _list_words(name: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        # What begins with a dash would be taken for an option.
        flag = _format_flag(name)
        yield from [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def shorten_path(path: str) -> str:
    """Return a path as one gives it in the current folder; one that lies elsewhere is kept."""
    try:
        return str(Path(path).relative_to(os.getcwd()))
    except (ValueError, OSError):
        return path


def _format_flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _list_texts(name: str, value: Any, redact: Redactor) -> Iterator[str]:
    """Yield the values of one option as texts; what is secret is a reference, or a variable."""
    if name == "key":
        yield from (f"{role}={reference}" for role, reference in value.items())
    elif name == "key_command":
        for role, command in value.items():
            yield f"{role}={shlex.join(redact(word) for word in command)}"
    elif name == "header":
        for header, text in value.items():
            is_shown = is_reference(text) or not is_secret_header(header)
            variable = f"env:CREDCHECK_HEADER_{header.upper().replace('-', '_')}"
            yield f"{header}: {text if is_shown else variable}"
    elif name == "rate":
        yield format_rate(value)
    else:
        yield from (str(one) for one in (value if isinstance(value, list | tuple) else [value]))
