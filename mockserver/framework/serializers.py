"""From the schema of a body to the fields that read it, as an application's serializers."""

from collections.abc import Mapping
from typing import Any

from mockserver.errors import StartError
from mockserver.framework.composites import ListOf, Member, ObjectOf
from mockserver.framework.fields import MISSING, Field, Reference
from mockserver.framework.relations import PrimaryKey, Slug, Slugs
from mockserver.framework.scalars import (
    URL,
    AnyJSON,
    Boolean,
    Choice,
    Date,
    Email,
    Integer,
    Text,
)
from mockserver.framework.uploads import Picture

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
            compile_field(member, f"{where}/properties/{name}"),
            name in required,
            member.get("default", MISSING),
            member.get("x-alias-of"),
        )
        for name, member in schema.get("properties", {}).items()
    )
