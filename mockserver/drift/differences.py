"""What differs between two OpenAPI descriptions, as places with a short text for each side.

Prose, examples and extensions are not compared. Schemas are compared where they are named, field
by field; a use of a schema is compared by the name it uses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mockserver.contract.document import METHODS
from mockserver.contract.references import resolve_reference

ABSENT = "absent"

Sides = tuple[str, str]
Kind = Literal[
    "version", "operation", "parameter", "request body", "response", "response header",
    "response body", "schema", "field", "security scheme",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One place of a description: what kind it is, and a short text that compares."""

    kind: Kind
    text: str
    schema: Mapping[str, Any] | None = None
    required: bool = False


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Sides]:
    """Return the places where two documents differ, each with the old and the new side."""
    before, after = parts_of(old), parts_of(new)
    found = {}
    for place in sorted(before.keys() | after.keys()):
        sides = (text_at(place, before), text_at(place, after))
        if sides[0] != sides[1] and not told_above(place, before, after):
            found[place] = sides
    return found


def parts_of(document: Mapping[str, Any]) -> dict[str, Part]:
    """Return everything that is compared of a document, by its place."""
    return dict(_places(document))


def text_at(place: str, parts: Mapping[str, Part]) -> str:
    """Return the text of a place, which may be absent."""
    part = parts.get(place)
    return part.text if part else ABSENT


def told_above(place: str, before: Mapping[str, Part], after: Mapping[str, Part]) -> bool:
    """Tell whether a whole that this place is part of exists on one side only."""
    steps = place.split("/")
    wholes = ("/".join(steps[:length]) for length in range(1, len(steps)))
    return any((whole in before) != (whole in after) for whole in wholes)


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Part]]:
    yield "openapi", Part("version", ".".join(document["openapi"].split(".")[:2]))
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _operation(document, path, item, item[method], method)
    components = document.get("components", {})
    for name, schema in components.get("schemas", {}).items():
        yield from _schema(document, name, schema)
    for name, scheme in components.get("securitySchemes", {}).items():
        text = " ".join(str(scheme.get(key, "")) for key in ("type", "in", "name", "scheme"))
        yield f"securitySchemes/{name}", Part("security scheme", text.strip())


def _operation(
    document: Mapping[str, Any],
    path: str,
    item: Mapping[str, Any],
    operation: Mapping[str, Any],
    method: str,
) -> Iterator[tuple[str, Part]]:
    where = operation["operationId"]
    yield where, Part("operation", f"{method.upper()} {path}")
    for each in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = resolve_reference(document, each)
        required = bool(parameter.get("required"))
        place = f"{where}/parameters/{parameter['in']}/{parameter['name']}"
        yield place, _with_schema("parameter", parameter["schema"], required=required)
    body = resolve_reference(document, operation.get("requestBody")) or {}
    for media_type, content in body.get("content", {}).items():
        place = f"{where}/requestBody/{_step(media_type)}"
        yield place, _with_schema("request body", content["schema"])
    for status, each in operation["responses"].items():
        response = resolve_reference(document, each)
        place = f"{where}/responses/{status}"
        yield place, Part("response", "documented")
        for name in response.get("headers", {}):
            yield f"{place}/headers/{name}", Part("response header", "documented")
        for media_type, content in response.get("content", {}).items():
            part = _with_schema("response body", content["schema"])
            yield f"{place}/{_step(media_type)}", part


def _schema(
    document: Mapping[str, Any], name: str, schema: Mapping[str, Any]
) -> Iterator[tuple[str, Part]]:
    yield f"schemas/{name}", Part("schema", "schema", schema)
    for field, each in schema.get("properties", {}).items():
        required = field in schema.get("required", ())
        yield f"schemas/{name}/{field}", _with_schema("field", each, required=required)


def _with_schema(kind: Kind, schema: Mapping[str, Any], *, required: bool = False) -> Part:
    text = ("required " if required else "") + describe(schema)
    return Part(kind, text, schema, required)


def _step(media_type: str) -> str:
    return media_type.replace("/", "~1")


def describe(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a schema allows."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(describe(each) for each in schema["anyOf"])
    kinds = schema.get("type", "anything")
    names = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    text = " or ".join(names)
    if text == "array":
        text = f"array of {describe(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        text = f"map to {describe(schema['additionalProperties'])}"
    if "enum" in schema:
        text = "one of " + ", ".join(map(str, schema["enum"]))
    limits = [str(schema["format"])] if "format" in schema else []
    limits += [
        f"{keyword} {schema[keyword]}"
        for keyword in ("minLength", "maxLength", "minimum", "maximum", "default")
        if keyword in schema
    ]
    if limits:
        text += f" ({', '.join(limits)})"
    in_type = isinstance(kinds, list) and "null" in kinds
    nullable = schema.get("nullable") or schema.get("x-any") or in_type
    return f"{text} or null" if nullable else text
