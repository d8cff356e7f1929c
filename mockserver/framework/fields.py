"""What the fields of a body have in common: how one is read, and how a value is refused.

Each field is the counterpart of the Django REST Framework field that an application would use for
such a schema: what it accepts, how it converts, and the exact texts of its refusals. Where the
framework is more lenient than a schema (a number for a text, `"yes"` for a boolean), it wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from mockserver.messages import UploadedFile

MISSING = object()
"""Stands for a value that was not sent."""

NON_FIELD_ERRORS = "non_field_errors"
REQUIRED = "This field is required."
NULL = "This field may not be null."

Errors = list[str] | dict[str, Any]


class InvalidValue(Exception):
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
class ValidationContext:
    """How a body is read: as a partial change or whole; and what exists to be referred to."""

    partial: bool
    exists: Callable[[Reference, Any], bool]


def accept_any_reference(reference: Reference, value: Any) -> bool:
    """Take for granted that what a value refers to exists."""
    return True


class Field(Protocol):
    """One value of a body; `required_text` is the message when it is missing and required."""

    required_text: ClassVar[str]

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Return the raw value of this field, or MISSING."""

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Return the value to store; raises InvalidValue."""


def check_null(*, nullable: bool) -> None:
    """Raise InvalidValue unless a field may be null."""
    if not nullable:
        raise InvalidValue(NULL)


def framework_type_name(value: Any) -> str:
    """Return the name of a value's type as the framework's messages print it.

    They print the names of Python's own types, and for an uploaded file that of Django's class.
    """
    return "InMemoryUploadedFile" if isinstance(value, UploadedFile) else type(value).__name__
