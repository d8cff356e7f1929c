"""The definition of one setting, from which its three forms are derived.

`user_id` is `--user-id` on the command line (`--credcheck-user-id` for pytest), `CREDCHECK_USER_ID`
in the environment and `user_id` in the table of a target in `credcheck.toml`.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any

from contract_tests.errors import UsageError


@dataclass(frozen=True)
class Kind:
    """How a value is written: as text, and in TOML."""

    expected: str
    """Completes the sentence `'x' is not …`."""
    parse: Callable[[str], Any]
    """Returns the value of a text; raises ValueError or KeyError."""
    toml: type | tuple[type, ...]
    expected_in_toml: str = ""
    """The same for TOML, where it is something else."""
    is_secret: bool = False

    @property
    def is_table(self) -> bool:
        """Whether values that are given one by one make a table."""
        return self.toml is dict or (isinstance(self.toml, tuple) and dict in self.toml)

    def convert_text(self, text: str, where: str) -> Any:
        """Return the value of a text; raises UsageError."""
        try:
            return self.parse(text)
        except (KeyError, ValueError):
            raise self._make_error(text, where, self.expected) from None

    def convert_toml(self, value: Any, where: str) -> Any:
        """Return a value of a TOML file; raises UsageError for one of another type."""
        is_boolean = isinstance(value, bool)  # which is an int, and must not count as a number
        if not isinstance(value, self.toml) or is_boolean != (self.toml is bool):
            raise self._make_error(value, where, self.expected_in_toml or self.expected)
        return self.convert_text(value, where) if isinstance(value, str) else value

    def _make_error(self, value: Any, where: str, expected: str) -> UsageError:
        shown = "the value" if self.is_secret else repr(value)
        return UsageError(f"{where}: {shown} is not {expected}")


def parse_rate(text: str) -> float:
    """Return the requests per second of a text such as `5/s`; raises ValueError."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)/(s|min)", text)
    if not match or not 0 < float(match[1]) < float("inf"):
        raise ValueError(text)
    return float(match[1]) / (60 if match[2] == "min" else 1)


def format_rate(rate: float) -> str:
    """Return a text of which `parse_rate` makes this rate."""
    return f"{rate:.15f}".rstrip("0").rstrip(".") + "/s"


def split_list(text: str) -> list[str]:
    """Return the parts of a text that are separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def split_pair(text: str, separator: str) -> tuple[str, str]:
    """Return the name and the value of a text; raises ValueError where one is missing."""
    name, _, value = (part.strip() for part in text.partition(separator))
    if not name or not value:
        raise ValueError("a name or a value is missing")
    return name, value


def split_command(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the role and the words of a text such as `learner=get-token --user 7`.

    The role is admin where the text names none. Raises ValueError.
    """
    match = re.match(r"([a-z_]+)=(?=.)", text)
    words = tuple(shlex.split(text[match.end() :] if match else text))
    if not words:
        raise ValueError(text)
    return (match[1] if match else "admin"), words


BOOLEANS: Mapping[str, bool] = {
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
}
TEXT = Kind("a string", str, str, expected_in_toml="a string: write it in quotes")
FLAG = Kind("a boolean: use true or false", lambda text: BOOLEANS[text.lower()], bool)
INTEGER = Kind("an integer", int, int, expected_in_toml="an integer: write it without quotes")
NUMBER = Kind("a number", float, (int, float))
RATE = Kind("a rate: use for example 5/s or 100/min", parse_rate, str)
LIST = Kind(
    "a list of strings",
    split_list,
    list,
    expected_in_toml='a list of strings such as ["analytics"]',
)
KEYS = Kind(
    expected="ROLE=env:NAME or ROLE=file:PATH",
    parse=lambda text: split_pair(text, "="),
    toml=dict,
    expected_in_toml='a table such as { admin = "env:NAME" }',
    is_secret=True,
)
COMMANDS = Kind(
    expected="ROLE=COMMAND, such as admin='get-token --audience staging'",
    parse=split_command,
    toml=(dict, list, str),
    expected_in_toml='a command such as ["get-token", "--audience", "staging"], or a table of them',
    is_secret=True,
)
HEADERS = Kind(
    expected="'Name: value'",
    parse=lambda text: split_pair(text, ":"),
    toml=dict,
    expected_in_toml='a table such as { X-Trace = "on" }',
    is_secret=True,
)


@dataclass(frozen=True)
class Option:
    """One setting: its kind, its help text and where it may be set.

    `flag` is the name on the command line where it differs from the field's. `commands` are the
    commands that take it. A variable of the environment that `describes_target` is ignored for the
    target `mock`, which is the same for everybody.
    """

    help: str
    kind: Kind = TEXT
    metavar: str = ""
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    flag: str = ""
    commands: tuple[str, ...] = ("run", "cleanup", "compare")
    on_command_line: bool = True
    in_environment: bool = True
    in_file: bool = True
    describes_target: bool = True


def setting(
    default: Any = MISSING,
    *,
    default_factory: Any = MISSING,
    is_secret: bool = False,
    **definition: Any,
) -> Any:
    """Return the field of a dataclass that is defined by an Option."""
    return field(
        default=default,
        default_factory=default_factory,
        repr=default_factory is MISSING and not is_secret,  # tables hold secrets
        metadata={"option": Option(**definition)},
    )
