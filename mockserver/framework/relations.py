"""Fields that refer to something that exists already."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.framework.composites import ListOf, describe_non_list
from mockserver.framework.fields import (
    MISSING,
    InvalidValue,
    Reference,
    ValidationContext,
    check_null,
    framework_type_name,
)
from mockserver.framework.scalars import SURROGATE, Scalar
from mockserver.messages import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Related(Scalar):
    """RelatedField: something that exists already; a blank counts as null."""

    reference: Reference

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Turn a blank into null before the null check, then look the value up."""
        converted = Scalar.clean(self, None if value == "" else value, context)
        if converted is not None:
            self.look_up(converted, context)
        return converted

    def look_up(self, value: Any, context: ValidationContext) -> None:
        """Refuse a value that does not exist."""
        if not context.exists(self.reference, value):
            raise InvalidValue(self.describe_missing(value))

    @abstractmethod
    def describe_missing(self, value: Any) -> str:
        """Return the message about a value that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug(Related):
    """SlugRelatedField: any value is compared as a text."""

    def convert(self, value: Any) -> str:
        """Return the text to look up; a database does not store a lone surrogate."""
        try:
            text = str(value)
        except ValueError:
            raise InvalidValue("Invalid value.") from None
        if SURROGATE.search(text):
            raise InvalidValue("Invalid value.")
        return text

    def describe_missing(self, value: Any) -> str:
        """Return the message about a value that does not exist."""
        return f"Object with {self.reference.by}={value} does not exist."


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKey(Related):
    """PrimaryKeyRelatedField: any value that Python converts to an integer."""

    def convert(self, value: Any) -> int:
        """Return the number to look up."""
        try:
            if isinstance(value, bool):
                raise TypeError
            return int(value)
        except (TypeError, ValueError, OverflowError):
            kind = framework_type_name(value)
            raise InvalidValue(f"Incorrect type. Expected pk value, received {kind}.") from None

    def describe_missing(self, value: Any) -> str:
        """Return the message about a value that does not exist."""
        return f'Invalid pk "{value}" - object does not exist.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Slugs(ListOf):
    """ManyRelatedField of slugs: the error is about the first item that does not exist."""

    item: Slug

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Collect the items of a form field; a required one that is not sent is an empty list."""
        values = ListOf.get_value(self, data, name, required=required)
        return [] if required and values is MISSING and isinstance(data, Form) else values

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Look each item up, and drop duplicates, as the set of rows of a database does."""
        if value is None:
            check_null(nullable=self.nullable)
            return None
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise InvalidValue(describe_non_list(value))
        found = dict.fromkeys(map(self.item.convert, value))
        for slug in found:
            self.item.look_up(slug, context)
        return list(found)
