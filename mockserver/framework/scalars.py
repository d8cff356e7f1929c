"""Fields that hold one plain value: texts, numbers, booleans, days, choices, any JSON."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from mockserver.framework.fields import (
    MISSING,
    REQUIRED,
    InvalidValue,
    ValidationContext,
    check_null,
)
from mockserver.framework.validators import is_email, is_url
from mockserver.messages import Form, encode

BLANK = "This field may not be blank."
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, which JSON can write and no database can store."""

NOT_JSON = object()
"""Stands for the text of a form field that is not valid JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar(ABC):
    """A field that holds one plain value."""

    nullable: bool = False

    may_be_blank = False
    required_text: ClassVar[str] = REQUIRED

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Return the last value of a form field.

        Where a blank is not allowed, an empty text is null if that is allowed; or else it counts as
        not sent, unless the field is required.
        """
        value = data.get(name, MISSING)
        if isinstance(data, Form) and value is not MISSING:
            value = value[-1]
            if value == "" and not self.may_be_blank:
                return None if self.nullable else value if required else MISSING
        return value

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Refuse null where it is not allowed, then convert."""
        if value is None:
            check_null(nullable=self.nullable)
            return None
        return self.convert(value)

    @abstractmethod
    def convert(self, value: Any) -> Any:
        """Return the stored form of a value that is not null; raises InvalidValue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Scalar):
    """CharField: accepts numbers, trims, refuses NUL and lone surrogates."""

    may_be_blank: bool = True
    maximum_length: int | None = None

    invalid = "Not a valid string."

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Handle blanks before everything else, as the framework does."""
        if str(value).strip() == "":
            if not self.may_be_blank:
                raise InvalidValue(BLANK)
            return ""
        return Scalar.clean(self, value, context)

    def convert(self, value: Any) -> str:
        """Return the trimmed text."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidValue(self.invalid)
        try:
            text = str(value).strip()
        except ValueError:  # an integer with more digits than Python prints
            raise InvalidValue(self.invalid) from None
        messages = list(self.find_errors(text))
        if messages:
            raise InvalidValue(messages)
        return text

    def find_errors(self, text: str) -> Iterator[str]:
        """Yield what is wrong with a trimmed text."""
        if self.maximum_length is not None and len(text) > self.maximum_length:
            yield f"Ensure this field has no more than {self.maximum_length} characters."
        if "\x00" in text:
            yield "Null characters are not allowed."
        surrogate = SURROGATE.search(text)
        if surrogate:
            yield f"Surrogate characters are not allowed: U+{ord(surrogate[0]):X}."


@dataclass(frozen=True, slots=True, kw_only=True)
class URL(Text):
    """URLField: a text that is an http or ftp address."""

    invalid = "Enter a valid URL."

    def find_errors(self, text: str) -> Iterator[str]:
        """Yield what is wrong with the text, then that it is not an address."""
        yield from Text.find_errors(self, text)
        if not is_url(text):
            yield self.invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(Text):
    """EmailField: a text that is one e-mail address."""

    invalid = "Enter a valid email address."

    def find_errors(self, text: str) -> Iterator[str]:
        """Yield what is wrong with the text, then that it is not an address."""
        yield from Text.find_errors(self, text)
        if not is_email(text):
            yield self.invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Scalar):
    """IntegerField: accepts digits in a text, and `1.0`."""

    minimum: int | None = None
    maximum: int | None = None

    def convert(self, value: Any) -> int:
        """Return the number within its bounds."""
        if isinstance(value, str) and len(value) > 1000:
            raise InvalidValue("String value too large.")
        try:
            number = int(re.sub(r"\.0*\s*$", "", str(value)))
        except ValueError:
            raise InvalidValue("A valid integer is required.") from None
        if self.maximum is not None and number > self.maximum:
            raise InvalidValue(f"Ensure this value is less than or equal to {self.maximum}.")
        if self.minimum is not None and number < self.minimum:
            raise InvalidValue(f"Ensure this value is greater than or equal to {self.minimum}.")
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Scalar):
    """BooleanField: accepts the usual words and the numbers 0 and 1."""

    def convert(self, value: Any) -> bool | None:
        """Return the boolean that a word or number stands for."""
        word = value.lower() if isinstance(value, str) else value
        if isinstance(word, str | int | float):
            if word in {"t", "y", "yes", "true", "on", "1", 1}:
                return True
            if word in {"f", "n", "no", "false", "off", "0", 0}:
                return False
            if word in {"null", ""} and self.nullable:
                return None
        raise InvalidValue("Must be a valid boolean.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Date(Scalar):
    """DateField: a day as ISO 8601 writes it; month and day may be short."""

    def convert(self, value: Any) -> date:
        """Return the day."""
        for read in (date.fromisoformat, _parse_short_date):
            with suppress(TypeError, ValueError):
                return read(value)
        raise InvalidValue("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")


def _parse_short_date(text: str) -> date:
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII)
    if not match:
        raise ValueError(text)
    return date(*map(int, match.groups()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Scalar):
    """ChoiceField: one of the listed texts."""

    choices: tuple[str, ...] = ()

    def convert(self, value: Any) -> str:
        """Return the choice that the value prints as."""
        try:
            text = str(value)
        except ValueError:
            raise InvalidValue("Not a valid choice.") from None
        if text not in self.choices:
            shown = SURROGATE.sub("?", text)  # the framework fails to write what it quotes
            raise InvalidValue(f'"{shown}" is not a valid choice.')
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyJSON(Scalar):
    """JSONField: any JSON value; in a form, JSON text."""

    invalid = "Value must be valid JSON."

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Parse the text of a form field; it is NOT_JSON if it cannot be parsed."""
        value = data.get(name, MISSING)
        if isinstance(data, Form) and value is not MISSING:
            return parse_json_text(value[-1])
        return value

    def convert(self, value: Any) -> Any:
        """Return the value if it can be written as JSON again."""
        if value is NOT_JSON:
            raise InvalidValue(self.invalid)
        try:
            json.dumps(value, allow_nan=False)
            encode(value)
        except (ValueError, TypeError, RecursionError):
            raise InvalidValue(self.invalid) from None
        return value


def parse_json_text(text: Any) -> Any:
    """Return the value that a form's JSON text stands for, or NOT_JSON."""
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        return NOT_JSON
