"""The contract, loaded once and strictly: what it does not define, the mock does not serve."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from mockserver.errors import ContractBreach, StartError, ValidationError
from mockserver.fields import (
    MISSING,
    NON_FIELD_ERRORS,
    Context,
    Invalid,
    ObjectOf,
    compile_field,
)
from mockserver.files import CONTRACT
from mockserver.messages import JSON, Call, Reply
from mockserver.parsers import parse_body

METHODS = ("get", "post", "put", "patch", "delete")

KEYWORDS = frozenset(
    {"$ref", "type", "properties", "required", "items", "enum", "const", "anyOf", "allOf"}
    | {"additionalProperties", "minProperties", "format", "pattern", "minLength", "maxLength"}
    | {"minimum", "maximum", "minItems", "maxItems"}
    | {"title", "description", "default", "examples", "readOnly"}
)
"""The schema keywords that this project reads; any other stops the start."""

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; `lenient` ones are read, never refused."""

    name: str
    location: str
    schema: Schema
    required: bool
    lenient: bool

    @property
    def default(self) -> Any:
        """The value that counts when none is sent."""
        return self.schema.get("default")


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation takes: media types and the fields of the one schema behind them."""

    media_types: tuple[str, ...]
    fields: ObjectOf
    schema_name: str
    is_valid: jsonschema_rs.Validator

    def read(self, call: Call, context: Context) -> dict[str, Any]:
        """Parse, clean and fold both spellings of each field into the canonical one.

        Fields that were not sent are absent in a partial change, else they have their defaults.
        Raises UnsupportedMediaType, ParseError and ValidationError.
        """
        data = parse_body(call, self.media_types)
        if data is None:
            raise ValidationError({NON_FIELD_ERRORS: ["No data provided"]})
        try:
            return self._fold(self.fields.clean(data, context), partial=context.partial)
        except Invalid as invalid:
            raise ValidationError(_as_map(invalid)) from None

    def _fold(self, cleaned: dict[str, Any], *, partial: bool) -> dict[str, Any]:
        folded = dict(cleaned)
        for member in self.fields.members:
            name, other = member.alias_of, member.name
            if name is None or other not in folded:
                continue
            value = folded.pop(other)
            if folded.setdefault(name, value) != value:
                text = f'This field was sent twice, as "{name}" and as "{other}", '
                raise Invalid({name: [f"{text}with different values."]})
        if not partial:
            for member in self.fields.members:
                if member.default is not MISSING:
                    folded.setdefault(member.name, member.default)
        return folded


def _as_map(invalid: Invalid) -> dict[str, Any]:
    errors = invalid.errors
    return errors if isinstance(errors, dict) else {NON_FIELD_ERRORS: errors}


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented answer: a validator for each media type, and the headers it must carry."""

    content: Mapping[str, jsonschema_rs.Validator]
    headers: tuple[str, ...]

    def check(self, reply: Reply, where: str) -> None:
        """Raise ContractBreach unless the reply is this answer."""
        for name in self.headers:
            if name not in reply.headers:
                raise ContractBreach(f"{where}: the header {name} is missing")
        if not self.content:
            if reply.body or reply.content_type:
                raise ContractBreach(f"{where}: there must be no body")
            return
        media_type = (reply.content_type or "").partition(";")[0]
        if media_type not in self.content:
            raise ContractBreach(f"{where}: {media_type or 'no content type'} is not documented")
        if media_type == JSON:
            value = _load_json(reply.body, where)
            error = next(self.content[media_type].iter_errors(value), None)
            if error:
                place = "/".join(map(str, error.instance_path))
                raise ContractBreach(f"{where}: at /{place}: {error.message[-300:]}")


def _load_json(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ContractBreach(f"{where}: the body is not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract, compiled."""

    operation_id: str
    method: str
    path: str
    summary: str
    evidence: tuple[str, ...]
    since: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: Mapping[int, Answer]

    def parameter(self, name: str) -> Parameter:
        """Return a declared query parameter."""
        return next(p for p in self.parameters if p.name == name and p.location == "query")

    def check_reply(self, reply: Reply) -> None:
        """Raise ContractBreach unless the contract documents this reply."""
        where = f"{self.operation_id} {reply.status}"
        answer = self.answers.get(reply.status)
        if answer is None:
            raise ContractBreach(f"{where}: the status is not documented")
        answer.check(reply, where)


@dataclass(frozen=True, slots=True)
class Resource:
    """A path and the operations on it."""

    path: str
    operations: Mapping[str, Operation]
    method_not_allowed: Answer

    @property
    def allow(self) -> str:
        """The value of the Allow header, in the framework's order."""
        return ", ".join([*self.operations, "HEAD", "OPTIONS"])

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of the bodies that any operation here takes, or would take."""
        for operation in self.operations.values():
            if operation.body:
                return operation.body.media_types
        return (JSON, "application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, eq=False)
class Contract:
    """The compiled document; `document` is the plain one. It never changes, and is shared."""

    document: Mapping[str, Any]
    resources: tuple[Resource, ...] = field(default=())

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by operationId."""
        return {o.operation_id: o for r in self.resources for o in r.operations.values()}

    def validator(self, name: str) -> jsonschema_rs.Validator:
        """Return the validator of a named component schema."""
        return _Compiler(self.document).validator({"$ref": f"#/components/schemas/{name}"}, name)


def read_document(path: Path = CONTRACT) -> dict[str, Any]:
    """Read a YAML document; raises StartError with the place of the fault."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506  (a safe loader)
    except (OSError, yaml.YAMLError) as error:
        raise StartError(f"{path}: {error}") from error
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
        self.validators: dict[str, jsonschema_rs.Validator] = {}

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

    def validator(self, schema: Schema, where: str) -> jsonschema_rs.Validator:
        """Compile one schema, once."""
        key = repr(schema)
        if key not in self.validators:
            for place, each in _subschemas(schema, where):
                _refuse_unknown(each, place)
                self.resolve(each, place)
            rooted = {**schema, "components": {"schemas": self.schemas}}
            try:
                self.validators[key] = jsonschema_rs.Draft202012Validator(
                    rooted, validate_formats=True
                )
            except (ValueError, jsonschema_rs.ValidationError) as error:
                message = str(error).splitlines()[0]
                raise StartError(f"{where}: this schema does not compile: {message}") from error
        return self.validators[key]

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
            str(source.get("x-since", "")),
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
            self.body(source.get("requestBody"), operation_id),
            {
                int(status): self.answer(each, f"{operation_id} {status}")
                for status, each in source["responses"].items()
            },
        )

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
        fields = compile_field(self.expand(schema, where) | {"type": "object"}, where)
        assert isinstance(fields, ObjectOf)  # noqa: S101  (type: object compiles to nothing else)
        name = schema.get("$ref", "").rpartition("/")[2]
        return Body(tuple(content), fields, name, self.validator(schema, where))

    def answer(self, source: Any, where: str) -> Answer:
        """Compile one documented answer."""
        source = self.resolve(source, where)
        content = {
            media_type: self.validator(each["schema"], f"{where} {media_type}")
            for media_type, each in source.get("content", {}).items()
        }
        headers = {n: self.resolve(h, where) for n, h in source.get("headers", {}).items()}
        required = tuple(name for name, header in headers.items() if header.get("required"))
        return Answer(content, required)


def _subschemas(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """Walk a schema and everything below it, references not followed."""
    if not isinstance(schema, dict):
        raise StartError(f"{where}: a schema must be an object, not {schema!r}")
    yield where, schema
    for name, each in schema.get("properties", {}).items():
        yield from _subschemas(each, f"{where}/properties/{name}")
    for key in ("items", "additionalProperties"):
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
