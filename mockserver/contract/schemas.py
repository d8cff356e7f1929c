"""The JSON schemas of the contract: which keywords they may use, and validators for values."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import jsonschema_rs

from mockserver.errors import StartError

Schema = Mapping[str, Any]

KEYWORDS = frozenset(
    {"$ref", "type", "properties", "required", "items", "enum", "const", "anyOf", "allOf"}
    | {"additionalProperties", "propertyNames", "minProperties", "format", "pattern"}
    | {"minLength", "maxLength"}
    | {"minimum", "maximum", "minItems", "maxItems"}
    | {"title", "description", "default", "examples", "readOnly"}
)
"""The schema keywords that this project supports; any other stops the start."""


class Validator:
    """A schema, compiled when it is first asked: that it compiles was checked at the start."""

    def __init__(self, schema: Schema, schemas: Mapping[str, Any]) -> None:
        self.schema, self._schemas = schema, schemas

    @cached_property
    def _compiled(self) -> jsonschema_rs.Draft202012Validator:
        return compile_schema(self.schema, self._schemas)

    def iter_errors(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        """Yield what is wrong with a value."""
        return iter(self._compiled.iter_errors(value))


def compile_schema(
    schema: Schema, schemas: Mapping[str, Any]
) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema that refers to component schemas; raises what jsonschema-rs raises."""
    rooted = {**schema, "components": {"schemas": schemas}}
    return jsonschema_rs.Draft202012Validator(rooted, validate_formats=True)


def find_compile_error(schema: Schema, schemas: Mapping[str, Any]) -> str | None:
    """Return why a schema does not compile, in one line, or None if it does."""
    try:
        compile_schema(schema, schemas)
    except (ValueError, jsonschema_rs.ValidationError) as error:
        return str(error).splitlines()[0]
    return None


def walk_subschemas(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """Yield a schema and everything below it, with the place of each; references are not followed.

    Raises StartError for what is not an object.
    """
    if not isinstance(schema, dict):
        raise StartError(f"{where}: a schema must be an object, got {schema!r}")
    yield where, schema
    for name, subschema in schema.get("properties", {}).items():
        yield from walk_subschemas(subschema, f"{where}/properties/{name}")
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(keyword), dict):
            yield from walk_subschemas(schema[keyword], f"{where}/{keyword}")
    for keyword in ("anyOf", "allOf"):
        for index, subschema in enumerate(schema.get(keyword, ())):
            yield from walk_subschemas(subschema, f"{where}/{keyword}/{index}")


def check_keywords(schema: Schema, where: str) -> None:
    """Raise StartError for a keyword that is not supported, and for a schema without a type."""
    for keyword in schema:
        if keyword == "nullable":
            raise StartError(f"{where}: OpenAPI 3.1 has no `nullable`: add 'null' to the type")
        if keyword not in KEYWORDS and not keyword.startswith("x-"):
            raise StartError(f"{where}: the keyword {keyword!r} is not supported")
    if not schema.keys() & {"type", "$ref", "enum", "const", "anyOf", "allOf", "x-any"}:
        raise StartError(
            f"{where}: a schema without a type; if any value is meant, add x-any: true"
        )
