"""The options that commands of `credcheck` share, made from the settings and the filters."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from contract_tests.settings.command_line import COMMAND_LINE, FILTERS
from contract_tests.settings.option import FLAG, Option

EXAMPLE = "\b\nExample:\n  "
Command = TypeVar("Command", bound=Callable[..., Any])


def add_option(name: str, option: Option) -> Callable[[Command], Command]:
    """Return a decorator that adds the option of a setting to a command."""
    return click.option(
        f"--{name.replace('_', '-')}",
        metavar=option.metavar or None,
        type=click.Choice(option.choices) if option.choices else None,
        is_flag=option.kind is FLAG or None,  # False would make the value optional
        multiple=option.repeatable,
        help=option.help,
    )


def add_settings(command_name: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of all settings that a command takes."""

    def decorate(command: Command) -> Command:
        for name, option in reversed(list(COMMAND_LINE.items())):
            if command_name in option.commands:
                command = add_option(name, option)(command)
        return command

    return decorate


def add_filters(command: Command) -> Command:
    """Add the options that narrow a run."""
    for name, option in reversed(list(FILTERS.items())):
        command = add_option(name, option)(command)
    return command
