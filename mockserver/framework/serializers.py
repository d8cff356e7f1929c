"""From the schema of a body to the fields that read it: the framework's serializers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mockserver.errors import StartError
from mockserver.framework.fields import (
    MISSING,
    NON_FIELD_ERRORS,
    URL,
    AnyJSON,
    Boolean,
    Choice,
    Context,
    Date,
    Email,
    Field,
    Integer,
    Invalid,
    ListOf,
    PrimaryKey,
    Reference,
    Scalar,
    Slug,
    Slugs,
    Text,
    parse_text,
)
from mockserver.framework.uploads import Picture
from mockserver.messages import Form


@dataclass(frozen=True, slots=True)
class Member:
    """A named field of an object."""

    name: str
    field: Field
    required: bool = False
    default: Any = MISSING
    alias_of: str | None = None


@dataclass(frozen=True, kw_only=True)  # without slots, for what is worked out once
class ObjectOf(Scalar):
    """A nested serializer: in a form, JSON text or dotted keys."""

    members: tuple[Member, ...] = ()

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of members that were not sent."""
        return {each.name: each.default for each in self.members if each.default is not MISSING}

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other spellings of members, with the canonical one."""
        return {each.name: each.alias_of for each in self.members if each.alias_of}

    def take(self, data: Mapping[str, Any], name: str, *, required: bool) -> Any:
        """Parse the JSON text of a form field, or collect `name.part` keys."""
        value = data.get(name, MISSING)
        if not isinstance(data, Form):
            return value
        if value is not MISSING:
            return parse_text(value[-1], otherwise=value[-1])
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
        members: Iterable[Member] = self.members
        if not isinstance(value, Form):  # whose fields may be spread over keys
            members = [each for each in members if each.required or each.name in value]
        for member in members:
            raw = member.field.take(value, member.name, required=member.required)
            try:
                if raw is not MISSING:
                    cleaned[member.name] = member.field.clean(raw, context)
                elif member.required and not context.partial:
                    raise Invalid(member.field.required_text)
            except Invalid as invalid:
                errors[member.name] = invalid.errors
        if errors:
            raise Invalid(errors)
        return cleaned


_TEXTS: Mapping[str | None, type[Text] | None] = {
    None: Text,
    "url": URL,
    "email": Email,
    "date": None,
}


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
            return ObjectOf(nullable=nullable, members=_members(schema, where))
        case ["array"] if reference:
            return Slugs(nullable=nullable, item=Slug(reference=reference))
        case ["array"]:
            item = compile_field(schema["items"], f"{where}/items")
            return ListOf(
                nullable=nullable,
                item=item,
                may_be_empty=not schema.get("minItems"),
                maximum_items=schema.get("maxItems"),
            )
        case ["boolean"]:
            return Boolean(nullable=nullable)
        case ["integer"] if reference:
            return PrimaryKey(nullable=nullable, reference=reference)
        case ["integer"]:
            bounds = {"minimum": schema.get("minimum"), "maximum": schema.get("maximum")}
            return Integer(nullable=nullable, **bounds)
        case ["string"] if schema.get("format") == "binary" and "maxLength" in schema:
            return Picture(nullable=nullable, maximum_size=schema["maxLength"])
        case ["string"] if "enum" in schema:
            return Choice(nullable=nullable, choices=tuple(schema["enum"]))
        case ["string"] if reference:
            return Slug(nullable=nullable, reference=reference)
        case ["string"] if schema.get("format") in _TEXTS:
            return _text(schema, nullable=nullable)
    raise StartError(f"{where}: no field of the framework fits this schema: {dict(schema)}")


def _text(schema: Mapping[str, Any], *, nullable: bool) -> Field:
    kind = _TEXTS[schema.get("format")]
    if kind is None:
        return Date(nullable=nullable)
    return kind(
        nullable=nullable,
        may_be_blank=not schema.get("minLength"),
        maximum_length=schema.get("maxLength"),
    )


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
