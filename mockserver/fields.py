"""Body validation with the framework's leniency and in its words, compiled from JSON schemas.

Each class is the counterpart of the Django REST Framework field that an application would use for
such a schema: what it accepts, how it converts, and the exact texts of its refusals. Where the
framework is more lenient than a schema (a number for a text, `"yes"` for a boolean), it wins.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from mockserver.errors import StartError
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
    """One value of a body: `take` picks it from the raw data, `clean` converts or refuses it."""

    def take(self, data: Mapping[str, Any], name: str) -> Any:
        """Return the raw value of this field, or MISSING."""

    def clean(self, value: Any, context: Context) -> Any:
        """Return the value to store; raises Invalid."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """Base of the fields that hold one plain value."""

    nullable: bool = False
    reference: Reference | None = None

    blank_is_null = True

    def take(self, data: Mapping[str, Any], name: str) -> Any:
        """Return the last value of a form field; an empty one is null where null is allowed."""
        value = data.get(name, MISSING)
        if isinstance(data, Form) and value is not MISSING:
            value = value[-1]
            if value == "" and self.nullable and self.blank_is_null:
                return None
        return value

    def clean(self, value: Any, context: Context) -> Any:
        """Refuse null, convert, then look the value up where it refers to something."""
        if value is None:
            if not self.nullable:
                raise Invalid(NULL)
            return None
        converted = self.convert(value)
        if self.reference and converted is not None:
            _check_exists(self.reference, converted, context)
        return converted

    def convert(self, value: Any) -> Any:
        """Return the stored form of a value that is not null; raises Invalid."""
        raise NotImplementedError  # pragma: no cover


def _check_exists(reference: Reference, value: Any, context: Context) -> None:
    if not context.exists(reference, value):
        if reference.by == "id":
            raise Invalid(f'Invalid pk "{value}" - object does not exist.')
        raise Invalid(f"Object with {reference.by}={value} does not exist.")


@dataclass(frozen=True, slots=True)
class Text(Scalar):
    """CharField: takes numbers, trims, refuses NUL and lone surrogates."""

    may_be_blank: bool = True
    maximum_length: int | None = None

    @property
    def blank_is_null(self) -> bool:  # type: ignore[override]
        """An empty form value stays an empty text where blanks are allowed."""
        return not self.may_be_blank

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
            raise Invalid("Not a valid string.")
        try:
            text = str(value).strip()
        except ValueError:  # an integer with more digits than Python prints
            raise Invalid("Not a valid string.") from None
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
        surrogate = next((c for c in text if 0xD800 <= ord(c) <= 0xDFFF), None)
        if surrogate:
            yield f"Surrogate characters are not allowed: U+{ord(surrogate):X}."


_LABEL = r"[a-z0-9\u00a1-\uffff](?:[a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?"
_DOMAIN = (
    rf"{_LABEL}(?:\.(?!-)[a-z0-9\u00a1-\uffff-]{{1,63}}(?<!-))*"
    r"\.(?!-)(?:[a-z\u00a1-\uffff-]{2,63}|xn--[a-z0-9]{1,59})(?<!-)\.?"
)
_OCTET = r"(?:0|25[0-5]|2[0-4]\d|1\d?\d?|[1-9]\d?)"
_URL = re.compile(
    r"(?:https?|ftps?)://"
    r"(?:[^\s:@/]+(?::[^\s:@/]*)?@)?"
    rf"(?:{_OCTET}(?:\.{_OCTET}){{3}}|\[(?P<ipv6>[0-9a-f:.]+)\]|{_DOMAIN}|localhost)"
    r"(?::[0-9]{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_EMAIL = re.compile(
    r"""(?:[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*"""
    r"""|"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*")"""
    rf"@(?:(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+(?:[a-z0-9-]{{2,63}}(?<!-))|localhost"
    rf"|\[{_OCTET}(?:\.{_OCTET}){{3}}\])",
    re.IGNORECASE,
)


def is_url(text: str) -> bool:
    """Tell whether Django's URLValidator takes this address."""
    match = _URL.fullmatch(text) if len(text) <= 2048 else None
    if not match:
        return False
    if match["ipv6"]:
        try:
            ipaddress.IPv6Address(match["ipv6"])
        except ValueError:
            return False
    return len(urlsplit(text).hostname or "") in range(1, 254)


@dataclass(frozen=True, slots=True)
class URL(Text):
    """URLField: a text that is an http or ftp address."""

    def complaints(self, text: str) -> Iterable[str]:
        """Yield the complaints about the text, then the one about the address."""
        yield from Text.complaints(self, text)
        if not is_url(text):
            yield "Enter a valid URL."


@dataclass(frozen=True, slots=True)
class Email(Text):
    """EmailField: a text that is one e-mail address."""

    def complaints(self, text: str) -> Iterable[str]:
        """Yield the complaints about the text, then the one about the address."""
        yield from Text.complaints(self, text)
        if len(text) > 320 or not _EMAIL.fullmatch(text):
            yield "Enter a valid email address."


@dataclass(frozen=True, slots=True)
class Identifier(Scalar):
    """SlugRelatedField: whatever comes is compared as a text; blank counts as null."""

    def clean(self, value: Any, context: Context) -> Any:
        """Turn a blank into null before the null check."""
        return Scalar.clean(self, None if value == "" else value, context)

    def convert(self, value: Any) -> str:
        """Return the text to look up."""
        try:
            return str(value)
        except ValueError:
            raise Invalid("Invalid value.") from None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
            raise Invalid(f'"{text}" is not a valid choice.')
        return text


@dataclass(frozen=True, slots=True)
class AnyJSON(Scalar):
    """JSONField: any JSON value; in a form, JSON text."""

    def take(self, data: Mapping[str, Any], name: str) -> Any:
        """Parse the text of a form field; a text that is no JSON is marked for refusal."""
        value = Scalar.take(self, data, name)
        if isinstance(data, Form) and value is not MISSING and value is not None:
            return _parse_text(value, otherwise=float("nan"))
        return value

    def convert(self, value: Any) -> Any:
        """Return the value if it can be written as JSON again."""
        try:
            json.dumps(value, allow_nan=False)
            encode(value)
        except (ValueError, TypeError, RecursionError):
            raise Invalid("Value must be valid JSON.") from None
        return value


def _parse_text(value: Any, otherwise: Any) -> Any:
    try:
        return json.loads(str(value))
    except (ValueError, RecursionError):
        return otherwise


@dataclass(frozen=True, slots=True)
class ListOf(Scalar):
    """ListField: in a form, repeated keys, indexed keys or one JSON text."""

    item: Field = AnyJSON()

    def take(self, data: Mapping[str, Any], name: str) -> Any:
        """Collect the items of a form field."""
        if not isinstance(data, Form):
            return data.get(name, MISSING)
        values = data.get(name)
        if values is None:
            indexed = _indexed(data, name)
            return indexed or MISSING
        if len(values) == 1:
            if values[0] == "" and self.nullable:
                return None
            parsed = _parse_text(values[0], otherwise=None)
            if isinstance(parsed, list):
                return parsed
        return values

    def clean(self, value: Any, context: Context) -> Any:
        """Clean each item; errors are keyed by the item's index."""
        if value is None:
            return Scalar.clean(self, value, context)
        if not isinstance(value, list):
            kind = type(value).__name__
            raise Invalid(f'Expected a list of items but got type "{kind}".')
        cleaned, errors = [], {}
        for index, each in enumerate(value):
            try:
                cleaned.append(self.item.clean(each, context))
            except Invalid as invalid:
                errors[str(index)] = invalid.errors
        if errors:
            raise Invalid(errors)
        for each in cleaned if self.reference else ():
            _check_exists(self.reference, each, context)  # type: ignore[arg-type]
        return cleaned


def _indexed(form: Form, name: str) -> list[Any]:
    found = {}
    for key, values in form.items():
        match = re.fullmatch(re.escape(name) + r"\[([0-9]{1,9})\]", key)
        if match:
            found[int(match[1])] = values[-1]
    return [found[index] for index in sorted(found)]


@dataclass(frozen=True, slots=True)
class Member:
    """A named field of an object."""

    name: str
    field: Field
    required: bool = False
    default: Any = MISSING
    alias_of: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectOf(Scalar):
    """A nested serializer: in a form, JSON text or dotted keys."""

    members: tuple[Member, ...] = ()

    def take(self, data: Mapping[str, Any], name: str) -> Any:
        """Parse the JSON text of a form field, or collect `name.part` keys."""
        value = data.get(name, MISSING)
        if not isinstance(data, Form):
            return value
        if value is not MISSING:
            return _parse_text(value[-1], otherwise=value[-1])
        prefix = f"{name}."
        dotted = {k[len(prefix) :]: v for k, v in data.items() if k.startswith(prefix)}
        return Form(dotted) if dotted else MISSING

    def clean(self, value: Any, context: Context) -> Any:
        """Clean each member that is present and collect all their errors."""
        if value is None:
            return Scalar.clean(self, value, context)
        if not isinstance(value, dict):
            kind = type(value).__name__
            message = f"Invalid data. Expected a dictionary, but got {kind}."
            raise Invalid({NON_FIELD_ERRORS: [message]})
        cleaned: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for member in self.members:
            raw = member.field.take(value, member.name)
            try:
                if raw is not MISSING:
                    cleaned[member.name] = member.field.clean(raw, context)
                elif member.required and not context.partial:
                    raise Invalid(REQUIRED)
            except Invalid as invalid:
                errors[member.name] = invalid.errors
        if errors:
            raise Invalid(errors)
        return cleaned


def merge_all_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resolved schema with its `allOf` parts folded into one object."""
    merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
    for part in map(merge_all_of, schema.get("allOf", ())):
        properties = merged.setdefault("properties", {})
        for name, extra in part.pop("properties", {}).items():
            properties[name] = {**properties.get(name, {}), **extra}
        merged["required"] = [*merged.get("required", ()), *part.pop("required", ())]
        merged = {**part, **merged}
    return merged


def compile_field(schema: Mapping[str, Any], where: str) -> Field:
    """Return the field for a resolved JSON schema.

    `where` names the place in the contract for the StartError that a schema without a counterpart
    in the framework raises.
    """
    schema = merge_all_of(schema)
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    nullable = "null" in kinds
    reference = Reference(**schema["x-reference"]) if "x-reference" in schema else None
    match sorted(kinds - {"null"}):
        case [] if schema.get("x-any"):
            return AnyJSON(nullable=True)
        case ["object"]:
            return ObjectOf(nullable, None, _members(schema, where))
        case ["array"]:
            item = compile_field(schema["items"], f"{where}/items")
            return ListOf(nullable, reference, item)
        case ["boolean"]:
            return Boolean(nullable)
        case ["integer"]:
            return Integer(nullable, reference, schema.get("minimum"), schema.get("maximum"))
        case ["string"] if "enum" in schema:
            return Choice(nullable, None, tuple(schema["enum"]))
        case ["string"] if reference:
            return Identifier(nullable, reference)
        case ["string"]:
            kind = {"url": URL, "email": Email, None: Text}.get(schema.get("format"))
            if kind:
                return kind(nullable, None, not schema.get("minLength"), schema.get("maxLength"))
    raise StartError(f"{where}: no field of the framework fits this schema: {dict(schema)}")


def _members(schema: Mapping[str, Any], where: str) -> tuple[Member, ...]:
    required = schema.get("required", ())
    return tuple(
        Member(
            name,
            compile_field(each, f"{where}/properties/{name}"),
            name in required,
            each.get("default", MISSING),
            each.get("x-alias-of"),
        )
        for name, each in schema.get("properties", {}).items()
    )
