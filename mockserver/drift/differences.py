"""The differences between two OpenAPI descriptions: places, with a short text for each side.

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
Parts = Mapping[str, "Part"]
"""Everything that is compared of a description, by its place."""

Kind = Literal[
    "version", "operation", "parameter", "request body", "response", "response header",
    "response body", "schema", "field", "security scheme",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """What a description has at one place: the kind of thing, and a short text that compares."""

    kind: Kind
    text: str
    schema: Mapping[str, Any] | bool | None = None
    required: bool = False


def find_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Sides]:
    """Return the places where two documents differ, each with the old and the new side."""
    before, after = read_parts(old), read_parts(new)
    found = {}
    for place in sorted(before.keys() | after.keys()):
        sides = (text_at(place, before), text_at(place, after))
        if sides[0] != sides[1] and not is_within_difference(place, before, after):
            found[place] = sides
    return found


def read_parts(document: Mapping[str, Any]) -> Parts:
    """Return everything that is compared of a document, by its place."""
    return dict(_walk_document(document))


def text_at(place: str, parts: Parts) -> str:
    """Return the text of a place, which may be absent."""
    part = parts.get(place)
    return part.text if part else ABSENT


def is_within_difference(place: str, before: Parts, after: Parts) -> bool:
    """Tell whether something that contains this place exists on one side only."""
    steps = place.split("/")
    parents = ("/".join(steps[:length]) for length in range(1, len(steps)))
    return any((parent in before) != (parent in after) for parent in parents)


def _walk_document(document: Mapping[str, Any]) -> Iterator[tuple[str, Part]]:
    yield "openapi", Part("version", ".".join(document["openapi"].split(".")[:2]))
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _walk_operation(document, path, item, method)
    components = document.get("components", {})
    for name, schema in components.get("schemas", {}).items():
        yield from _walk_schema(name, schema)
    for name, source in (components.get("securitySchemes") or {}).items():
        scheme = resolve_reference(document, source)
        text = " ".join(str(scheme.get(key, "")) for key in ("type", "in", "name", "scheme"))
        yield f"securitySchemes/{name}", Part("security scheme", text.strip())


def _walk_operation(
    document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str
) -> Iterator[tuple[str, Part]]:
    operation = item[method]
    where = operation["operationId"]
    yield where, Part("operation", f"{method.upper()} {path}")
    for source in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = resolve_reference(document, source)
        required = bool(parameter.get("required"))
        place = f"{where}/parameters/{parameter['in']}/{parameter['name']}"
        yield place, _make_part("parameter", _find_schema(parameter), required=required)
    body = resolve_reference(document, operation.get("requestBody")) or {}
    for media_type, content in (body.get("content") or {}).items():
        place = f"{where}/requestBody/{_escape(media_type)}"
        yield place, _make_part("request body", _find_schema(content))
    for status, source in operation.get("responses", {}).items():
        if status.startswith("x-"):
            continue
        response = resolve_reference(document, source)
        place = f"{where}/responses/{status}"
        yield place, Part("response", "documented")
        for name in response.get("headers") or {}:
            yield f"{place}/headers/{name}", Part("response header", "documented")
        for media_type, content in (response.get("content") or {}).items():
            part = _make_part("response body", _find_schema(content))
            yield f"{place}/{_escape(media_type)}", part


def _find_schema(holder: Mapping[str, Any]) -> Any:
    """Return the schema of a parameter or of a body; where none is given anything is allowed.

    A parameter may have `content`, of one media type, in the place of a schema.
    """
    for content in (holder.get("content") or {}).values():
        return (content or {}).get("schema", {})
    return holder.get("schema", {})


def _walk_schema(name: str, schema: Any) -> Iterator[tuple[str, Part]]:
    yield f"schemas/{name}", Part("schema", "schema", schema)
    if not isinstance(schema, Mapping):
        return
    for field, subschema in (schema.get("properties") or {}).items():
        required = field in (schema.get("required") or ())
        yield f"schemas/{name}/{field}", _make_part("field", subschema, required=required)


def _make_part(kind: Kind, schema: Any, *, required: bool = False) -> Part:
    text = ("required " if required else "") + describe_schema(schema)
    return Part(kind, text, schema, required)


def _escape(media_type: str) -> str:
    return media_type.replace("/", "~1")


def describe_schema(schema: Any) -> str:
    """Say in a few words what a schema allows."""
    if not isinstance(schema, Mapping):  # OpenAPI 3.1 has them for everything and for nothing
        return "nothing" if schema is False else "anything"
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(map(describe_schema, schema["anyOf"]))
    types = schema.get("type", "anything")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    text = " or ".join(names)
    if text == "array":
        text = f"array of {describe_schema(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        text = f"map to {describe_schema(schema['additionalProperties'])}"
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
    in_type = isinstance(types, list) and "null" in types
    nullable = schema.get("nullable") or schema.get("x-any") or in_type
    return f"{text} or null" if nullable else text
