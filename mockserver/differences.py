"""What differs between two OpenAPI descriptions, as places with a short text for each side.

Prose, examples and extensions are not compared. Schemas are compared where they are named, field
by field; a use of a schema is compared by the name it uses.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract import METHODS

ABSENT = "absent"

Sides = tuple[str, str]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Sides]:
    """Return the places where two documents differ, each with the old and the new side."""
    before, after = dict(_places(old)), dict(_places(new))
    found = {}
    for place in sorted(before.keys() | after.keys()):
        sides = (before.get(place, ABSENT), after.get(place, ABSENT))
        if sides[0] != sides[1] and not _told_above(place, before, after):
            found[place] = sides
    return found


def _told_above(place: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Tell whether a whole that this place is part of exists on one side only."""
    steps = place.split("/")
    wholes = ("/".join(steps[:length]) for length in range(1, len(steps)))
    return any((whole in before) != (whole in after) for whole in wholes)


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "openapi", ".".join(document["openapi"].split(".")[:2])
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _operation(document, path, item, item[method], method)
    components = document.get("components", {})
    for name, schema in components.get("schemas", {}).items():
        yield from _schema(document, name, schema)
    for name, scheme in components.get("securitySchemes", {}).items():
        yield f"securitySchemes/{name}", f"{scheme['type']} in {scheme['in']} {scheme['name']}"


def _operation(
    document: Mapping[str, Any],
    path: str,
    item: Mapping[str, Any],
    operation: Mapping[str, Any],
    method: str,
) -> Iterator[tuple[str, str]]:
    where = operation["operationId"]
    yield where, f"{method.upper()} {path}"
    for each in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = _resolve(document, each)
        required = "required " if parameter.get("required") else ""
        place = f"{where}/parameters/{parameter['in']}/{parameter['name']}"
        yield place, required + describe(parameter["schema"])
    body = _resolve(document, operation.get("requestBody")) or {}
    for media_type, content in body.get("content", {}).items():
        yield f"{where}/requestBody/{_step(media_type)}", describe(content["schema"])
    for status, each in operation["responses"].items():
        response = _resolve(document, each)
        place = f"{where}/responses/{status}"
        yield place, "documented"
        for name in response.get("headers", {}):
            yield f"{place}/headers/{name}", "documented"
        for media_type, content in response.get("content", {}).items():
            yield f"{place}/{_step(media_type)}", describe(content["schema"])


def _schema(
    document: Mapping[str, Any], name: str, schema: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    yield f"schemas/{name}", "schema"
    required = schema.get("required", ())
    for field, each in schema.get("properties", {}).items():
        prefix = "required " if field in required else ""
        yield f"schemas/{name}/{field}", prefix + describe(each)


def _step(media_type: str) -> str:
    return media_type.replace("/", "~1")


def _resolve(document: Mapping[str, Any], part: Any) -> Any:
    while isinstance(part, dict) and "$ref" in part:
        target: Any = document
        for step in part["$ref"][2:].split("/"):
            target = target[step]
        part = target
    return part


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
