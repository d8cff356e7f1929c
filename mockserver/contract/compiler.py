"""From the document to the contract, once and strictly: what is not supported stops the start."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from mockserver.config import RELEASES
from mockserver.contract.contract import Contract
from mockserver.contract.document import METHODS, read_document
from mockserver.contract.operation import (
    ROLES,
    Body,
    DocumentedResponse,
    Operation,
    Parameter,
    Resource,
    Role,
    UsableValues,
)
from mockserver.contract.references import UnresolvedReference, resolve_reference
from mockserver.contract.schemas import (
    Schema,
    Validator,
    check_keywords,
    find_compile_error,
    walk_subschemas,
)
from mockserver.errors import StartError
from mockserver.files import CONTRACT
from mockserver.framework.composites import ObjectOf
from mockserver.framework.serializers import compile_field, merge_all_of
from mockserver.messages import JSON

LARGEST_INTEGER = 2**31
"""What a lenient integer without a maximum may be at most."""


def load_contract(path: Path = CONTRACT) -> Contract:
    """Return the compiled contract; raises StartError for anything that is not supported.

    A file that did not change is compiled once, for one process may have many applications.
    """
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise StartError(f"{path}: {error}") from error


@lru_cache(maxsize=2)
def _load(path: Path, changed: int) -> Contract:
    document = read_document(path)
    try:
        return compile_contract(document)
    except StartError as error:
        raise StartError(f"{path}: {error}") from error


def compile_contract(document: Mapping[str, Any]) -> Contract:
    """Compile a document; raises StartError for anything that is not supported."""
    if not str(document.get("openapi", "")).startswith("3.1."):
        raise StartError("the contract must be an OpenAPI 3.1 document")
    compiler = _Compiler(document)
    for name, schema in compiler.schemas.items():
        compiler.compile_validator(schema, f"#/components/schemas/{name}")
    resources = tuple(
        compiler.compile_resource(path, item) for path, item in document["paths"].items()
    )
    compiler.check_schemas()
    ids = [o.operation_id for r in resources for o in r.operations.values()]
    duplicates = sorted({operation_id for operation_id in ids if ids.count(operation_id) > 1})
    if duplicates:
        raise StartError(f"operationId used twice: {', '.join(duplicates)}")
    return Contract(document, resources)


class _Compiler:
    """Compiles the parts of one document; `where` in its methods is what an error begins with."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas = document.get("components", {}).get("schemas", {})
        self._validators: dict[str, tuple[str, Validator]] = {}
        self._responses: dict[str, DocumentedResponse] = {}

    def resolve(self, part: Any, where: str) -> Any:
        """Return a part of the document, or what it refers to."""
        try:
            return resolve_reference(self.document, part)
        except UnresolvedReference as error:
            raise StartError(f"{where}: {error}") from None

    def inline_references(self, schema: Schema, where: str) -> dict[str, Any]:
        """Return a request schema, which does not recurse, with all references replaced."""
        schema = self.resolve(schema, where)
        inlined = dict(schema)
        if "properties" in schema:
            inlined["properties"] = {
                name: self.inline_references(subschema, where)
                for name, subschema in schema["properties"].items()
            }
        if "items" in schema:
            inlined["items"] = self.inline_references(schema["items"], where)
        if "allOf" in schema:
            inlined["allOf"] = [
                self.inline_references(subschema, where) for subschema in schema["allOf"]
            ]
        return inlined

    def compile_validator(self, schema: Schema, where: str) -> Validator:
        """Return the validator of a schema, one for the same schema in several places."""
        key = repr(schema)
        if key not in self._validators:
            for place, subschema in walk_subschemas(schema, where):
                check_keywords(subschema, place)
                if "$ref" in subschema:
                    self.resolve(subschema, place)
            self._validators[key] = (where, Validator(schema, self.schemas))
        return self._validators[key][1]

    def check_schemas(self) -> None:
        """Raise StartError unless every schema compiles; together that takes milliseconds."""
        together = {"allOf": [validator.schema for _, validator in self._validators.values()]}
        if find_compile_error(together, self.schemas) is None:
            return
        for where, validator in self._validators.values():
            error = find_compile_error(validator.schema, self.schemas)
            if error is not None:
                raise StartError(f"{where}: this schema does not compile: {error}")

    def compile_resource(self, path: str, item: Mapping[str, Any]) -> Resource:
        """Compile a path item."""
        for extension in ("x-view-name", "x-method-not-allowed"):
            if not item.get(extension):
                raise StartError(f"{path}: {extension} is missing")
        shared = item.get("parameters", ())
        operations = {
            method.upper(): self.compile_operation(path, method, item[method], shared)
            for method in METHODS
            if method in item
        }
        refused = self.compile_response(item["x-method-not-allowed"], path)
        return Resource(path, item["x-view-name"], operations, refused)

    def compile_operation(
        self, path: str, method: str, source: Mapping[str, Any], shared: Any
    ) -> Operation:
        """Compile one operation; `shared` are the parameters of its path."""
        where = source.get("operationId")
        if not where:
            raise StartError(f"{method.upper()} {path}: operationId is missing")
        _check_release(source.get("x-since"), where)
        parameters = [
            self.resolve(parameter, where) for parameter in (*shared, *source.get("parameters", ()))
        ]
        return Operation(
            operation_id=where,
            method=method.upper(),
            path=path,
            summary=source.get("summary", ""),
            evidence=tuple(source.get("x-evidence", ())),
            since=source["x-since"],
            parameters=tuple(self.compile_parameter(each, where) for each in parameters),
            query=self.compile_query(parameters, where),
            body=self.compile_body(source.get("requestBody"), where),
            responses={
                int(status): self.compile_response(response, f"{where} {status}")
                for status, response in source["responses"].items()
            },
            roles=_read_roles(source, where),
            is_public=_is_public(source),
            own_path=source.get("x-own-path", False),
            permission_denied=source.get("x-permission-denied"),
        )

    def compile_parameter(self, parameter: Mapping[str, Any], where: str) -> Parameter:
        """Compile one parameter."""
        name, schema = parameter["name"], parameter["schema"]
        self.compile_validator(schema, f"{where}: parameter {name}")
        usable = None
        if parameter.get("x-lenient"):
            usable = read_usable_values(schema, f"{where}: parameter {name}")
        return Parameter(name, parameter["in"], schema, parameter.get("required", False), usable)

    def compile_query(self, parameters: Iterable[Mapping[str, Any]], where: str) -> ObjectOf:
        """Compile the query parameters that are validated; the lenient ones are only read."""
        validated = {
            parameter["name"]: parameter
            for parameter in parameters
            if parameter["in"] == "query" and "x-lenient" not in parameter
        }
        schema = {
            "type": "object",
            "properties": {
                name: self.inline_references(parameter["schema"], where)
                for name, parameter in validated.items()
            },
            "required": [name for name, each in validated.items() if each.get("required")],
        }
        fields = compile_field(schema, f"{where}: query")
        assert isinstance(fields, ObjectOf)  # noqa: S101  (type: object compiles to nothing else)
        return fields

    def compile_body(self, source: Any, where: str) -> Body | None:
        """Compile a request body from its JSON schema; the forms are encodings of the same."""
        source = self.resolve(source, where)
        if source is None:
            return None
        content = source["content"]
        if JSON not in content:
            raise StartError(f"{where}: the request body has no {JSON} schema")
        for media_type, media in content.items():
            self.compile_validator(media["schema"], f"{where} {media_type}")
        schema = content[JSON]["schema"]
        inlined = self.inline_references(schema, where) | self.require_as_whole(schema, where)
        fields = compile_field(inlined, where)
        assert isinstance(fields, ObjectOf)  # noqa: S101  (type: object compiles to nothing else)
        name = schema.get("$ref", "").rpartition("/")[2]
        since = {m: media["x-since"] for m, media in content.items() if "x-since" in media}
        for release in since.values():
            _check_release(release, where)
        return Body(tuple(content), fields, name, self.compile_validator(schema, where), since)

    def require_as_whole(self, schema: Schema, where: str) -> dict[str, Any]:
        """Return what the schema of a partial body lacks: what the whole one requires.

        A required field that is sent blank in a form is blank; another one counts as not sent.
        """
        name = self.resolve(schema, where).get("x-partial-of")
        if name is None:
            return {"type": "object"}
        whole = self.inline_references({"$ref": f"#/components/schemas/{name}"}, where)
        return {"type": "object", "required": merge_all_of(whole).get("required", [])}

    def compile_response(self, source: Any, where: str) -> DocumentedResponse:
        """Compile one documented response; one that many operations refer to is compiled once."""
        reference = source.get("$ref")
        if reference is None:
            return self._compile_response(source, where)
        if reference not in self._responses:
            resolved = self.resolve(source, where)
            self._responses[reference] = self._compile_response(resolved, reference)
        return self._responses[reference]

    def _compile_response(self, source: Mapping[str, Any], where: str) -> DocumentedResponse:
        media_types = source.get("content", {})
        headers = {n: self.resolve(h, where) for n, h in source.get("headers", {}).items()}
        return DocumentedResponse(
            content={
                media_type: self.compile_validator(media["schema"], f"{where} {media_type}")
                for media_type, media in media_types.items()
            },
            headers=tuple(name for name, header in headers.items() if header.get("required")),
            may_be_empty=source.get("x-may-be-empty", False),
            examples=tuple(
                (media_type, name, self.resolve(example, where)["value"])
                for media_type, media in media_types.items()
                for name, example in media.get("examples", {}).items()
            ),
        )


def read_usable_values(schema: Schema, where: str) -> UsableValues:
    """Return which values of a lenient parameter have an effect: texts, or integers and words."""
    parts = {part.get("type"): part for part in schema.get("anyOf", [schema])}
    if not parts.keys() <= {"integer", "string"}:
        raise StartError(f"{where}: x-lenient is supported for integers and strings only")
    if "integer" not in parts:
        return UsableValues()
    integer, words = parts["integer"], parts.get("string", {}).get("enum", ())
    lowest, highest = integer.get("minimum", 0), integer.get("maximum", LARGEST_INTEGER)
    return UsableValues(range(lowest, highest + 1), frozenset(words))


def _check_release(release: Any, where: str) -> None:
    if release not in RELEASES:
        raise StartError(f"{where}: x-since must be one of {', '.join(RELEASES)}")


def _is_public(operation: Mapping[str, Any]) -> bool:
    return operation.get("security") == []


def _read_roles(operation: Mapping[str, Any], where: str) -> frozenset[Role]:
    """Return the roles that may call an operation: at least one, of a public one none."""
    roles = operation.get("x-roles", [])
    for role in roles:
        if role not in ROLES:
            raise StartError(f"{where}: x-roles: {role!r} is not one of {', '.join(ROLES)}")
    if _is_public(operation) and roles:
        raise StartError(f"{where}: x-roles and `security: []` exclude each other")
    if not (_is_public(operation) or roles):
        raise StartError(f"{where}: x-roles is missing: list those of {', '.join(ROLES)}")
    return frozenset(roles)
