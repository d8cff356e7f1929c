"""The options of a run: the settings, what changes others, and what narrows a run."""

from collections.abc import Mapping

from contract_tests.catalogue import SUBJECTS
from contract_tests.settings.option import FLAG, Option
from contract_tests.settings.settings import OPTIONS, REACHING

CONFIG = Option(
    "File with targets by name.  [default: credcheck.toml]", metavar="FILE", commands=REACHING
)
READ_ONLY = Option("Send GET, HEAD and OPTIONS only.", FLAG, commands=("run",))
COMMAND_LINE: Mapping[str, Option] = {
    "config": CONFIG,
    **{option.flag or name: option for name, option in OPTIONS.items() if option.on_command_line},
    "read_only": READ_ONLY,
}
"""The options of all settings, and two that are about others."""
FILTERS: Mapping[str, Option] = {
    "rule": Option("Test this rule only; repeatable.", metavar="ID", repeatable=True),
    "subject": Option("Test this subject only; repeatable.", choices=SUBJECTS, repeatable=True),
    "operation": Option(
        "Test rules about this operation only; repeatable.", metavar="ID", repeatable=True
    ),
}
"""The options that narrow a run."""
PREFIX = "--credcheck-"
"""Of the same options in pytest, which has others of its own."""


def format_flag(name: str) -> str:
    """Return an option of the plugin."""
    return PREFIX + name.replace("_", "-")


def format_option(name: str, value: str | bool) -> str:
    """Return the word that passes a value to the plugin."""
    return format_flag(name) if value is True else f"{format_flag(name)}={value}"
