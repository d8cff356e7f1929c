"""Fields that hold other fields: lists and objects."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from mockserver.framework.fields import (
    MISSING,
    NON_FIELD_ERRORS,
    REQUIRED,
    Field,
    InvalidValue,
    ValidationContext,
    check_null,
    framework_type_name,
)
from mockserver.framework.scalars import NOT_JSON, parse_json_text
from mockserver.messages import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """ListField: in a form, repeated keys, indexed keys or one JSON text."""

    item: Field
    nullable: bool = False
    may_be_empty: bool = True
    maximum_items: int | None = None

    required_text: ClassVar[str] = REQUIRED

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Collect the items of a form field."""
        if not isinstance(data, Form):
            return data.get(name, MISSING)
        values = data.get(name)
        if values is None:
            indexed = _collect_indexed(data, name)
            return indexed or MISSING
        if len(values) == 1:
            parsed = parse_json_text(values[0])
            if isinstance(parsed, list):
                return parsed
        return values

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Clean each item; errors are keyed by the item's index."""
        if value is None:
            check_null(nullable=self.nullable)
            return None
        if not isinstance(value, list):
            raise InvalidValue(describe_non_list(value))
        if not (value or self.may_be_empty):
            raise InvalidValue("This list may not be empty.")
        if self.maximum_items is not None and len(value) > self.maximum_items:
            raise InvalidValue(f"Ensure this field has no more than {self.maximum_items} elements.")
        cleaned, errors = [], {}
        for index, item in enumerate(value):
            try:
                cleaned.append(self.item.clean(item, context))
            except InvalidValue as invalid:
                errors[str(index)] = invalid.errors
        if errors:
            raise InvalidValue(errors)
        return cleaned


def describe_non_list(value: Any) -> str:
    """Return the message about a value that should be a list."""
    return f'Expected a list of items but got type "{framework_type_name(value)}".'


def _collect_indexed(form: Form, name: str) -> list[Any]:
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


@dataclass(frozen=True, kw_only=True)  # without slots, for what is worked out once
class ObjectOf:
    """A nested serializer: in a form, JSON text or dotted keys."""

    members: tuple[Member, ...] = ()
    nullable: bool = False

    required_text: ClassVar[str] = REQUIRED

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of members that were not sent."""
        return {m.name: m.default for m in self.members if m.default is not MISSING}

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other spellings of members, with the canonical one."""
        return {m.name: m.alias_of for m in self.members if m.alias_of}

    def get_value(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Parse the JSON text of a form field, or collect `name.part` keys."""
        value = data.get(name, MISSING)
        if not isinstance(data, Form):
            return value
        if value is not MISSING:
            parsed = parse_json_text(value[-1])
            return value[-1] if parsed is NOT_JSON else parsed
        prefix = f"{name}."
        dotted = {k[len(prefix) :]: v for k, v in data.items() if k.startswith(prefix)}
        return Form(dotted) if dotted else MISSING

    def clean(self, value: Any, context: ValidationContext) -> Any:
        """Clean each member that is present and collect all their errors."""
        if value is None:
            check_null(nullable=self.nullable)
            return None
        if not isinstance(value, dict):
            kind = framework_type_name(value)
            message = f"Invalid data. Expected a dictionary, but got {kind}."
            raise InvalidValue({NON_FIELD_ERRORS: [message]})
        cleaned: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        members: Iterable[Member] = self.members
        if not isinstance(value, Form):  # in a form, one field may have several keys
            members = [m for m in members if m.required or m.name in value]
        for member in members:
            raw = member.field.get_value(value, member.name, required=member.required)
            try:
                if raw is not MISSING:
                    cleaned[member.name] = member.field.clean(raw, context)
                elif member.required and not context.partial:
                    raise InvalidValue(member.field.required_text)
            except InvalidValue as invalid:
                errors[member.name] = invalid.errors
        if errors:
            raise InvalidValue(errors)
        return cleaned
