"""The contract, loaded once and strictly: what it does not define, the mock does not serve."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from mockserver.config import RELEASES, Release
from mockserver.contract.operation import (
    Body,
    DocumentedResponse,
    Operation,
    Parameter,
    Resource,
    Schema,
    Validator,
    compile_schema,
)
from mockserver.errors import StartError
from mockserver.files import CONTRACT
from mockserver.framework.serializers import ObjectOf, compile_field, merge_all_of
from mockserver.messages import JSON

METHODS = ("get", "post", "put", "patch", "delete")

KEYWORDS = frozenset(
    {"$ref", "type", "properties", "required", "items", "enum", "const", "anyOf", "allOf"}
    | {"additionalProperties", "propertyNames", "minProperties", "format", "pattern"}
    | {"minLength", "maxLength"}
    | {"minimum", "maximum", "minItems", "maxItems"}
    | {"title", "description", "default", "examples", "readOnly"}
)
"""The schema keywords that this project reads; any other stops the start."""


@dataclass(frozen=True, eq=False)
class Contract:
    """The compiled document; `document` is the plain one. It never changes, and is shared."""

    document: Mapping[str, Any]
    resources: tuple[Resource, ...] = field(default=())

    def as_of(self, release: Release) -> "Contract":
        """Return the contract with the operations that a release has."""
        return _as_of(self, release)

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by operationId."""
        return {o.operation_id: o for r in self.resources for o in r.operations.values()}

    def validator(self, name: str) -> Validator:
        """Return the validator of a named component schema."""
        return _Compiler(self.document).validator({"$ref": f"#/components/schemas/{name}"}, name)


@lru_cache(maxsize=8)
def _as_of(contract: Contract, release: Release) -> Contract:
    known = RELEASES[: RELEASES.index(release) + 1]
    document: dict[str, Any] = {**contract.document, "paths": {}}
    resources = []
    for resource in contract.resources:
        operations = {m: o for m, o in resource.operations.items() if o.since in known}
        if operations:
            resources.append(replace(resource, operations=operations))
            later = {m.lower() for m in resource.operations.keys() - operations.keys()}
            item = contract.document["paths"][resource.path]
            document["paths"][resource.path] = {k: v for k, v in item.items() if k not in later}
    return Contract(document, tuple(resources))


def read_document(path: Path = CONTRACT) -> dict[str, Any]:
    """Read a YAML document; raises StartError with the place of the fault."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506  (a safe loader)
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StartError(f"{path}{line}: no YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise StartError(f"{path}: a mapping is expected")
    return document


def load_contract(path: Path = CONTRACT) -> Contract:
    """Return the compiled contract; anything that is not understood is a StartError.

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
    """Compile a document; anything that is not understood is a StartError."""
    if not str(document.get("openapi", "")).startswith("3.1."):
        raise StartError("the contract must be an OpenAPI 3.1 document")
    compiler = _Compiler(document)
    for name, schema in compiler.schemas.items():
        compiler.validator(schema, f"#/components/schemas/{name}")
    resources = tuple(compiler.resource(path, item) for path, item in document["paths"].items())
    compiler.check_schemas()
    ids = [o.operation_id for r in resources for o in r.operations.values()]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise StartError(f"operationId used twice: {', '.join(twice)}")
    return Contract(document, resources)


class _Compiler:
    """Turns parts of one document into validators and operations."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas = document.get("components", {}).get("schemas", {})
        self.validators: dict[str, tuple[str, Validator]] = {}

    def resolve(self, part: Any, where: str) -> Any:
        """Follow a `$ref`; raises StartError when it leads nowhere."""
        while isinstance(part, dict) and "$ref" in part:
            where, target = part["$ref"], self.document
            if not where.startswith("#/"):
                raise StartError(f"{where}: only references within the document are understood")
            for step in where[2:].split("/"):
                step = step.replace("~1", "/").replace("~0", "~")
                if not isinstance(target, dict) or step not in target:
                    raise StartError(f"{where}: this reference leads nowhere")
                target = target[step]
            part = target
        return part

    def expand(self, schema: Schema, where: str) -> dict[str, Any]:
        """Return a request schema, which does not recurse, with all references replaced."""
        schema = self.resolve(schema, where)
        expanded = dict(schema)
        if "properties" in schema:
            properties = schema["properties"].items()
            expanded["properties"] = {name: self.expand(each, where) for name, each in properties}
        if "items" in schema:
            expanded["items"] = self.expand(schema["items"], where)
        if "allOf" in schema:
            expanded["allOf"] = [self.expand(each, where) for each in schema["allOf"]]
        return expanded

    def validator(self, schema: Schema, where: str) -> Validator:
        """Return the validator of a schema, one for the same schema in several places."""
        key = repr(schema)
        if key not in self.validators:
            for place, each in _subschemas(schema, where):
                _refuse_unknown(each, place)
                self.resolve(each, place)
            self.validators[key] = (where, Validator(schema, self.schemas))
        return self.validators[key][1]

    def check_schemas(self) -> None:
        """Raise StartError unless every schema compiles; together that takes milliseconds."""
        together = {"allOf": [each.schema for _, each in self.validators.values()]}
        if self._fault_of(together) is None:
            return
        for where, each in self.validators.values():
            fault = self._fault_of(each.schema)
            if fault is not None:
                raise StartError(f"{where}: this schema does not compile: {fault}")

    def _fault_of(self, schema: Schema) -> str | None:
        try:
            compile_schema(schema, self.schemas)
        except (ValueError, jsonschema_rs.ValidationError) as error:
            return str(error).splitlines()[0]
        return None

    def resource(self, path: str, item: Mapping[str, Any]) -> Resource:
        """Compile a path item."""
        where = f"#/paths/{path}"
        shared = item.get("parameters", ())
        operations = {
            method.upper(): self.operation(path, method, item[method], shared)
            for method in METHODS
            if method in item
        }
        if "x-method-not-allowed" not in item:
            raise StartError(f"{where}: x-method-not-allowed is missing")
        refused = self.answer(item["x-method-not-allowed"], where)
        return Resource(path, operations, refused)

    def operation(
        self, path: str, method: str, source: Mapping[str, Any], shared: Any
    ) -> Operation:
        """Compile one operation."""
        operation_id = source.get("operationId")
        if not operation_id:
            raise StartError(f"#/paths/{path}/{method}: operationId is missing")
        if source.get("x-since") not in RELEASES:
            raise StartError(f"{operation_id}: x-since is none of {', '.join(RELEASES)}")
        parameters = [
            self.resolve(each, operation_id) for each in (*shared, *source.get("parameters", ()))
        ]
        for each in parameters:
            self.validator(each["schema"], f"{operation_id}: parameter {each['name']}")
        return Operation(
            operation_id,
            method.upper(),
            path,
            source.get("summary", ""),
            tuple(source.get("x-evidence", ())),
            source["x-since"],
            tuple(
                Parameter(
                    each["name"],
                    each["in"],
                    each["schema"],
                    each.get("required", False),
                    each.get("x-lenient", False),
                )
                for each in parameters
            ),
            self.query(parameters, operation_id),
            self.body(source.get("requestBody"), operation_id),
            {
                int(status): self.answer(each, f"{operation_id} {status}")
                for status, each in source["responses"].items()
            },
            source.get("security") == [],
        )

    def query(self, parameters: Iterable[Mapping[str, Any]], where: str) -> ObjectOf:
        """Compile the query parameters that are validated; the lenient ones are only read."""
        strict = [each for each in parameters if each["in"] == "query" and "x-lenient" not in each]
        fields = compile_field(
            {
                "type": "object",
                "properties": {each["name"]: self.expand(each["schema"], where) for each in strict},
                "required": [each["name"] for each in strict if each.get("required")],
            },
            f"{where}: query",
        )
        assert isinstance(fields, ObjectOf)  # noqa: S101  (type: object compiles to nothing else)
        return fields

    def body(self, source: Any, where: str) -> Body | None:
        """Compile a request body from its JSON schema; the forms are encodings of the same."""
        source = self.resolve(source, where)
        if source is None:
            return None
        content = source["content"]
        if JSON not in content:
            raise StartError(f"{where}: the body has no {JSON} schema")
        for media_type, each in content.items():
            self.validator(each["schema"], f"{where} {media_type}")
        schema = content[JSON]["schema"]
        fields = compile_field(self.expand(schema, where) | self.whole(schema, where), where)
        assert isinstance(fields, ObjectOf)  # noqa: S101  (type: object compiles to nothing else)
        name = schema.get("$ref", "").rpartition("/")[2]
        return Body(tuple(content), fields, name, self.validator(schema, where))

    def whole(self, schema: Schema, where: str) -> dict[str, Any]:
        """Return what a body is compiled with: of a partial one, what the whole one requires.

        A required field that is sent blank in a form is blank; another one counts as not sent.
        """
        name = self.resolve(schema, where).get("x-partial-of")
        if name is None:
            return {"type": "object"}
        body = self.expand({"$ref": f"#/components/schemas/{name}"}, where)
        return {"type": "object", "required": merge_all_of(body).get("required", [])}

    def answer(self, source: Any, where: str) -> DocumentedResponse:
        """Compile one documented answer."""
        source = self.resolve(source, where)
        content = {
            media_type: self.validator(each["schema"], f"{where} {media_type}")
            for media_type, each in source.get("content", {}).items()
        }
        headers = {n: self.resolve(h, where) for n, h in source.get("headers", {}).items()}
        required = tuple(name for name, header in headers.items() if header.get("required"))
        examples = tuple(
            (media_type, name, self.resolve(example, where)["value"])
            for media_type, each in source.get("content", {}).items()
            for name, example in each.get("examples", {}).items()
        )
        return DocumentedResponse(content, required, source.get("x-may-be-empty", False), examples)


def _subschemas(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """Walk a schema and everything below it, references not followed."""
    if not isinstance(schema, dict):
        raise StartError(f"{where}: a schema must be an object, not {schema!r}")
    yield where, schema
    for name, each in schema.get("properties", {}).items():
        yield from _subschemas(each, f"{where}/properties/{name}")
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(key), dict):
            yield from _subschemas(schema[key], f"{where}/{key}")
    for key in ("anyOf", "allOf"):
        for index, each in enumerate(schema.get(key, ())):
            yield from _subschemas(each, f"{where}/{key}/{index}")


def _refuse_unknown(schema: Schema, where: str) -> None:
    for keyword in schema:
        if keyword == "nullable":
            raise StartError(f"{where}: OpenAPI 3.1 has no `nullable`; add 'null' to the type")
        if keyword not in KEYWORDS and not keyword.startswith("x-"):
            raise StartError(f"{where}: the keyword {keyword!r} is not understood")
    if not schema.keys() & {"type", "$ref", "enum", "const", "anyOf", "allOf", "x-any"}:
        raise StartError(f"{where}: a schema without a type; say `x-any: true` if that is meant")
