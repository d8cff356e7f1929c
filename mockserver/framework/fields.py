"""Body validation with the framework's leniency and in its words, value by value.

Each class is the counterpart of the Django REST Framework field that an application would use for
such a schema: what it accepts, how it converts, and the exact texts of its refusals. Where the
framework is more lenient than a schema (a number for a text, `"yes"` for a boolean), it wins.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Protocol

from mockserver.framework.validators import is_email, is_url
from mockserver.messages import Form, encode

MISSING = object()
NON_FIELD_ERRORS = "non_field_errors"
REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."

Errors = list[str] | dict[str, Any]


class Invalid(Exception):
    """A value was refused; `errors` is a list of messages or a map of them."""

    def __init__(self, errors: str | Errors) -> None:
        self.errors: Errors = [errors] if isinstance(errors, str) else errors
        super().__init__(self.errors)


@dataclass(frozen=True, slots=True)
class Reference:
    """The collection that a value must exist in, and the attribute that names it there."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class Context:
    """How a body is read: as a partial change or whole; and what exists to be referred to."""

    partial: bool
    exists: Callable[[Reference, Any], bool]


class Field(Protocol):
    """One value of a body: `take` picks it from the raw data, `clean` converts or refuses it.

    `required_text` is the complaint when it is not there and must be.
    """

    required_text: ClassVar[str]

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Return the raw value of this field, or MISSING."""

    def clean(self, value: Any, context: Context) -> Any:
        """Return the value to store; raises Invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """Base of the fields that hold one plain value."""

    nullable: bool = False

    may_be_blank = False
    required_text: ClassVar[str] = REQUIRED

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Return the last value of a form field.

        Where no blank is allowed, an empty one is null if that is, or else as good as not sent.
        """
        value = data.get(name, MISSING)
        if isinstance(data, Form) and value is not MISSING:
            value = value[-1]
            if value == "" and not self.may_be_blank:
                return None if self.nullable else value if required else MISSING
        return value

    def clean(self, value: Any, context: Context) -> Any:
        """Refuse null where it is not allowed, then convert."""
        if value is None:
            if not self.nullable:
                raise Invalid(NULL)
            return None
        return self.convert(value)

    def convert(self, value: Any) -> Any:
        """Return the stored form of a value that is not null; raises Invalid."""
        raise NotImplementedError  # pragma: no cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Scalar):
    """CharField: takes numbers, trims, refuses NUL and lone surrogates."""

    may_be_blank: bool = True
    maximum_length: int | None = None

    invalid = "Not a valid string."

    def clean(self, value: Any, context: Context) -> Any:
        """Treat blanks before everything else, as the framework does."""
        if str(value).strip() == "":
            if not self.may_be_blank:
                raise Invalid(BLANK)
            return ""
        return Scalar.clean(self, value, context)

    def convert(self, value: Any) -> str:
        """Return the trimmed text."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Invalid(self.invalid)
        try:
            text = str(value).strip()
        except ValueError:  # an integer with more digits than Python prints
            raise Invalid(self.invalid) from None
        messages = list(self.complaints(text))
        if messages:
            raise Invalid(messages)
        return text

    def complaints(self, text: str) -> Iterable[str]:
        """Yield what is wrong with a trimmed text."""
        if self.maximum_length is not None and len(text) > self.maximum_length:
            yield f"Ensure this field has no more than {self.maximum_length} characters."
        if "\x00" in text:
            yield "Null characters are not allowed."
        surrogate = _SURROGATE.search(text)
        if surrogate:
            yield f"Surrogate characters are not allowed: U+{ord(surrogate[0]):X}."


_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class URL(Text):
    """URLField: a text that is an http or ftp address."""

    invalid = "Enter a valid URL."

    def complaints(self, text: str) -> Iterable[str]:
        """Yield the complaints about the text, then the one about the address."""
        yield from Text.complaints(self, text)
        if not is_url(text):
            yield self.invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(Text):
    """EmailField: a text that is one e-mail address."""

    invalid = "Enter a valid email address."

    def complaints(self, text: str) -> Iterable[str]:
        """Yield the complaints about the text, then the one about the address."""
        yield from Text.complaints(self, text)
        if not is_email(text):
            yield self.invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Related(Scalar):
    """RelatedField: something that exists already; a blank counts as null."""

    reference: Reference

    def clean(self, value: Any, context: Context) -> Any:
        """Turn a blank into null before the null check, then look the value up."""
        converted = Scalar.clean(self, None if value == "" else value, context)
        if converted is not None:
            self.look_up(converted, context)
        return converted

    def look_up(self, value: Any, context: Context) -> None:
        """Refuse a value that refers to nothing."""
        if not context.exists(self.reference, value):
            raise Invalid(self.missing(value))

    def missing(self, value: Any) -> str:
        """Return the complaint about a value that refers to nothing."""
        raise NotImplementedError  # pragma: no cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug(Related):
    """SlugRelatedField: whatever comes is compared as a text."""

    def convert(self, value: Any) -> str:
        """Return the text to look up; a database takes no lone surrogate."""
        try:
            text = str(value)
        except ValueError:
            raise Invalid("Invalid value.") from None
        if _SURROGATE.search(text):
            raise Invalid("Invalid value.")
        return text

    def missing(self, value: Any) -> str:
        """Return the complaint about a value that refers to nothing."""
        return f"Object with {self.reference.by}={value} does not exist."


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKey(Related):
    """PrimaryKeyRelatedField: whatever Python takes for a whole number."""

    def convert(self, value: Any) -> int:
        """Return the number to look up."""
        try:
            if isinstance(value, bool):
                raise TypeError
            return int(value)
        except (TypeError, ValueError, OverflowError):
            kind = type(value).__name__
            raise Invalid(f"Incorrect type. Expected pk value, received {kind}.") from None

    def missing(self, value: Any) -> str:
        """Return the complaint about a value that refers to nothing."""
        return f'Invalid pk "{value}" - object does not exist.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Scalar):
    """IntegerField: takes digits in a text, and `1.0`."""

    minimum: int | None = None
    maximum: int | None = None

    def convert(self, value: Any) -> int:
        """Return the number within its bounds."""
        if isinstance(value, str) and len(value) > 1000:
            raise Invalid("String value too large.")
        try:
            number = int(re.sub(r"\.0*\s*$", "", str(value)))
        except ValueError:
            raise Invalid("A valid integer is required.") from None
        if self.maximum is not None and number > self.maximum:
            raise Invalid(f"Ensure this value is less than or equal to {self.maximum}.")
        if self.minimum is not None and number < self.minimum:
            raise Invalid(f"Ensure this value is greater than or equal to {self.minimum}.")
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Scalar):
    """BooleanField: takes the usual words and the numbers 0 and 1."""

    def convert(self, value: Any) -> bool | None:
        """Return the truth that a word stands for."""
        word = value.lower() if isinstance(value, str) else value
        if isinstance(word, str | int | float):
            if word in {"t", "y", "yes", "true", "on", "1", 1}:
                return True
            if word in {"f", "n", "no", "false", "off", "0", 0}:
                return False
            if word in {"null", ""} and self.nullable:
                return None
        raise Invalid("Must be a valid boolean.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Date(Scalar):
    """DateField: a day as ISO 8601 writes it; month and day may be short."""

    def convert(self, value: Any) -> date:
        """Return the day."""
        for read in (date.fromisoformat, _short_date):
            with suppress(TypeError, ValueError):
                return read(value)
        raise Invalid("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")


def _short_date(text: str) -> date:
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
            raise Invalid("Not a valid choice.") from None
        if text not in self.choices:
            shown = _SURROGATE.sub("?", text)  # the framework fails to write what it quotes
            raise Invalid(f'"{shown}" is not a valid choice.')
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyJSON(Scalar):
    """JSONField: any JSON value; in a form, JSON text."""

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Parse the text of a form field; a text that is no JSON is marked for refusal."""
        value = data.get(name, MISSING)
        if isinstance(data, Form) and value is not MISSING:
            return parse_text(value[-1], otherwise=float("nan"))
        return value

    def convert(self, value: Any) -> Any:
        """Return the value if it can be written as JSON again."""
        try:
            json.dumps(value, allow_nan=False)
            encode(value)
        except (ValueError, TypeError, RecursionError):
            raise Invalid("Value must be valid JSON.") from None
        return value


def parse_text(value: Any, otherwise: Any) -> Any:
    """Return what a form's JSON text stands for, or `otherwise` where it is none."""
    try:
        return json.loads(str(value))
    except (ValueError, RecursionError):
        return otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Scalar):
    """ListField: in a form, repeated keys, indexed keys or one JSON text."""

    item: Field
    may_be_empty: bool = True
    maximum_items: int | None = None

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Collect the items of a form field."""
        if not isinstance(data, Form):
            return data.get(name, MISSING)
        values = data.get(name)
        if values is None:
            indexed = _indexed(data, name)
            return indexed or MISSING
        if len(values) == 1:
            parsed = parse_text(values[0], otherwise=None)
            if isinstance(parsed, list):
                return parsed
        return values

    def clean(self, value: Any, context: Context) -> Any:
        """Clean each item; errors are keyed by the item's index."""
        if value is None:
            return Scalar.clean(self, value, context)
        if not isinstance(value, list):
            raise Invalid(not_a_list(value))
        if not (value or self.may_be_empty):
            raise Invalid("This list may not be empty.")
        if self.maximum_items is not None and len(value) > self.maximum_items:
            raise Invalid(f"Ensure this field has no more than {self.maximum_items} elements.")
        cleaned, errors = [], {}
        for index, each in enumerate(value):
            try:
                cleaned.append(self.item.clean(each, context))
            except Invalid as invalid:
                errors[str(index)] = invalid.errors
        if errors:
            raise Invalid(errors)
        return cleaned


def not_a_list(value: Any) -> str:
    """Return the complaint about what should be a list."""
    return f'Expected a list of items but got type "{type(value).__name__}".'


def _indexed(form: Form, name: str) -> list[Any]:
    found = {}
    for key, values in form.items():
        match = re.fullmatch(re.escape(name) + r"\[([0-9]{1,9})\]", key)
        if match:
            found[int(match[1])] = values[-1]
    return [found[index] for index in sorted(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slugs(ListOf):
    """ManyRelatedField of slugs: complains of the first item that refers to nothing."""

    item: Slug

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Collect the items of a form field; a form cannot say that it has none, so that counts."""
        values = ListOf.take(self, data, name, required=required)
        return [] if required and values is MISSING and isinstance(data, Form) else values

    def clean(self, value: Any, context: Context) -> Any:
        """Look each item up; one that is repeated counts once, as in a set of rows."""
        if value is None:
            return Scalar.clean(self, value, context)
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise Invalid(not_a_list(value))
        found = dict.fromkeys(map(self.item.convert, value))
        for each in found:
            self.item.look_up(each, context)
        return list(found)
