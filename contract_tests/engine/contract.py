"""The contract as the harness reads it: its operations, and whether a response matches them.

This shares no code with the mock, so that one bug cannot make both agree.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import jsonschema_rs
import yaml

from contract_tests.engine.strict_json import HALF_OF_A_PAIR, cut_nesting, parse_strictly

JSON = "application/json"
T = TypeVar("T")
METHODS = ("get", "post", "put", "patch", "delete")
WRITES = frozenset({"POST", "PUT", "DELETE"})
OPEN_FIELDS = frozenset({"allowed_template_tags", "max_page_size"})
"""Fields whose values are not judged by the schema: rules look at what is known of them."""
LONGEST_SHOWN = 300
"""Characters of a value that a mismatch shows."""
LONGEST_END = 60
"""Bytes of a body that is not JSON, from its end, that a mismatch shows."""
MOST_BODIES = 10_000
"""Bodies whose mismatches, or unknown fields, are kept."""
MOST_ERRORS = 2_000
"""Errors of one body that are read: a page has a hundred items with some fields each."""
_PACKAGE = Path(__file__).resolve().parents[1]


def contract_file() -> Path:
    """Return the path of the contract, inside the wheel or in the checkout."""
    inside = _PACKAGE / "_data" / "spec" / "openapi.yaml"
    return inside if inside.is_file() else _PACKAGE.parent / "spec" / "openapi.yaml"


class Mismatch(NamedTuple):
    """One difference between a response and the contract; the message names no value."""

    message: str
    expected: str
    got: str


@dataclass(frozen=True)
class Operation:
    """One operation of the document; `responses` are resolved."""

    id: str
    method: str
    path: str
    source: Mapping[str, Any]
    responses: Mapping[int, Mapping[str, Any]]
    pattern: re.Pattern[str]

    @property
    def label(self) -> str:
        """Method and path, as schemathesis names the operation."""
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        """What the operation does, in a few words."""
        return str(self.source.get("summary", self.id))

    @property
    def tag(self) -> str:
        """The part of the API that the operation belongs to."""
        return str(self.source["tags"][0])

    @property
    def since(self) -> str:
        """The first release that has the operation."""
        return str(self.source["x-since"])

    @property
    def is_read(self) -> bool:
        """Whether the operation changes nothing."""
        return self.method == "GET"


class Contract:
    """The document, with a validator for each documented response."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {operation.id: operation for operation in self._read_operations()}
        self._validators: dict[tuple[str, int], jsonschema_rs.Validator] = {}
        self._compiled: dict[str, jsonschema_rs.Validator] = {}
        self._flattened: dict[int, dict[str, Any]] = {}
        self._found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """What was found in a body; three of four of a run were seen before, byte for byte."""

    def resolve(self, part: Any) -> Any:
        """Follow references within the document."""
        while isinstance(part, dict) and "$ref" in part:
            target: Any = self.document
            for step in part["$ref"][2:].split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            part = target
        return part

    def _read_operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
            for method in METHODS:
                if method in item:
                    source = item[method]
                    responses = {
                        int(status): self.resolve(response)
                        for status, response in source["responses"].items()
                    }
                    yield Operation(
                        source["operationId"], method.upper(), path, source, responses, pattern
                    )

    def find_missing_operations(
        self, tags: Collection[str], later: Collection[str]
    ) -> dict[str, str]:
        """Return the operations with one of these tags or of a later release, each with why."""
        reasons = {}
        for operation in self.operations.values():
            if operation.tag in tags:
                reasons[operation.id] = f"the target does not offer {operation.tag}"
            elif operation.since in later:
                reasons[operation.id] = (
                    f"{operation.tag} needs release {operation.since} or later (see api_version)"
                )
        return reasons

    def find_operation(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request; of several the one with the fewest parameters."""
        method = "GET" if method == "HEAD" else method
        matching = [
            operation
            for operation in self.operations.values()
            if operation.method == method and operation.pattern.fullmatch(path)
        ]
        return min(matching, key=lambda operation: operation.path.count("{"), default=None)

    def find_labelled(self, label: str) -> Operation | None:
        """Return the operation with a label."""
        labelled = (one for one in self.operations.values() if one.label == label)
        return next(labelled, None)

    def find_mismatches(
        self,
        operation: Operation,
        method: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Iterator[Mismatch]:
        """Yield the differences between a response and what is documented."""
        response = operation.responses.get(status)
        if response is None and status == 400 and method in WRITES:
            return  # the reference has 400 for any write; which deletion is refused is a choice
        if response is None:
            documented = ", ".join(map(str, operation.responses))
            yield Mismatch("the status code is not documented", documented, str(status))
            return
        content = response.get("content", {})
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        for name, header in response.get("headers", {}).items():
            required = self.resolve(header).get("required")
            if required and name.lower() not in headers and media_type != "text/html":
                yield Mismatch(f"the header {name} is missing", name, "no such header")
        if method == "HEAD":
            if body:
                yield Mismatch("the response to HEAD has a body", "no body", f"{len(body)} bytes")
            return
        if response.get("x-may-be-empty") and not body:
            return  # without a body the content type says nothing, and servers add one
        if not content:
            if body:
                yield Mismatch("the response has a body", "no body", f"{len(body)} bytes")
            return
        if media_type not in content:
            yield Mismatch("the content type is wrong", ", ".join(content), media_type or "none")
        elif media_type == JSON:
            content_type = headers.get("content-type", "")
            find = partial(self._find_in_body, operation, status, content_type, body)
            yield from self._find_once((operation.id, status, content_type), body, find)

    def _find_once(
        self, key: tuple[Any, ...], body: bytes, find: Callable[[], Iterable[T]]
    ) -> tuple[T, ...]:
        """Return what is found in a body, and look into it only if that was not done before."""
        key = (*key, blake2b(body).digest())
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= MOST_BODIES:
                self._found.clear()
            found = self._found[key] = tuple(find())
        return found

    def _find_in_body(
        self, operation: Operation, status: int, content_type: str, body: bytes
    ) -> Iterator[Mismatch]:
        try:
            value, faults = parse_strictly(body.decode("utf-8"))
        except UnicodeDecodeError:
            yield Mismatch("the body is not UTF-8", "UTF-8", content_type)
            return
        except RecursionError:
            yield Mismatch("the body is nested too deeply", "JSON that parsers read", "too deep")
            return
        except ValueError:
            end = body[-LONGEST_END:].decode("utf-8", "backslashreplace")
            yield Mismatch("the body is not valid JSON", "JSON", end or "an empty body")
            return
        for message, got in faults:
            if status == 400 and message == HALF_OF_A_PAIR:
                continue  # the message quotes what was sent, and refuses it
            yield Mismatch(message, "JSON that every client reads alike", got)
        if status == 400:
            if is_list_of_texts(value):
                return  # the framework's body of an error that a view raises with one text
            value = self._drop_remarks(operation, value)
        validator = self._get_validator(operation, status)
        try:
            errors = list(islice(validator.iter_errors(value), MOST_ERRORS))
        except ValueError:  # of the validator: nested too deeply
            errors = list(islice(validator.iter_errors(cut_nesting(value)), MOST_ERRORS))
        # Items of one list have the same fault, which is one mismatch.
        mismatches: dict[str, Mismatch] = {}
        for error in errors:
            if not OPEN_FIELDS.isdisjoint(error.instance_path):
                continue
            mismatch = describe_schema_error(error)
            mismatches.setdefault(mismatch.message, mismatch)
        yield from mismatches.values()

    def _drop_remarks(self, operation: Operation, value: Any) -> Any:
        """Return the messages of a 400 without what a team adds to them, such as a code.

        A map of messages has no fixed names: those of the request are judged, and where it has
        none of them, all that are not plain values.
        """
        if not isinstance(value, dict):
            return value
        known = {"detail", "non_field_errors", *self._list_inputs(operation)}
        judged = {name: messages for name, messages in value.items() if name in known}
        others = {name: part for name, part in value.items() if isinstance(part, list | dict)}
        return judged or others or value

    def _list_inputs(self, operation: Operation) -> Iterator[str]:
        """Yield the names of an operation's parameters and of the fields of its body."""
        item = self.document["paths"][operation.path]
        for parameter in (*item.get("parameters", ()), *operation.source.get("parameters", ())):
            yield self.resolve(parameter)["name"]
        body = self.resolve(operation.source.get("requestBody", {}))
        for media_type in body.get("content", {}).values():
            yield from self._flatten(media_type.get("schema", {})).get("properties", ())

    def _get_validator(self, operation: Operation, status: int) -> jsonschema_rs.Validator:
        key = (operation.id, status)
        if key not in self._validators:
            schema = operation.responses[status]["content"][JSON]["schema"]
            # Operations share a few schemas: eight of nine are another operation's, too.
            text = json.dumps(schema)
            if text not in self._compiled:
                self._compiled[text] = self._compile(schema)
            self._validators[key] = self._compiled[text]
        return self._validators[key]

    def _compile(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        rooted = {**schema, "components": {"schemas": self.document["components"]["schemas"]}}
        return jsonschema_rs.Draft202012Validator(
            rooted, validate_formats=True, formats={"uri": _is_absolute}
        )

    def find_unknown_fields(
        self, operation: Operation, status: int, body: bytes
    ) -> tuple[str, ...]:
        """Return the paths of fields that the contract does not define; none if it is no JSON."""
        response = operation.responses.get(status, {})
        schema = response.get("content", {}).get(JSON, {}).get("schema")
        if not schema:
            return ()
        find = partial(self._find_unknown_in_body, schema, body)
        return self._find_once((operation.id, status), body, find)

    def _find_unknown_in_body(self, schema: Any, body: bytes) -> set[str]:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return set()
        return set(self._find_unknown(schema, value, ""))

    def keep_known_fields(self, operation_id: str, status: int, value: Any) -> Any:
        """Return the JSON of a response without the fields that the contract does not define."""
        operation = self.operations.get(operation_id)
        response = operation.responses.get(status, {}) if operation else {}
        schema = response.get("content", {}).get(JSON, {}).get("schema")
        return self._keep_known(schema, value) if schema else value

    def _keep_known(self, schema: Any, value: Any) -> Any:
        schema = self._flatten(schema)
        if isinstance(value, list) and "items" in schema:
            return [self._keep_known(schema["items"], item) for item in value]
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            return {
                name: self._keep_known(known[name], field)
                if isinstance(field, dict | list)
                else field
                for name, field in value.items()
                if name in known
            }
        return value

    def _find_unknown(self, schema: Any, value: Any, path: str) -> Iterator[str]:
        schema = self._flatten(schema)
        if isinstance(value, list) and "items" in schema:
            for item in value:
                yield from self._find_unknown(schema["items"], item, _join(path, "*"))
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            yield from (_join(path, name) for name in value.keys() - known.keys())
            for name, field in value.items():
                if isinstance(field, dict | list) and name in known:
                    yield from self._find_unknown(known[name], field, _join(path, name))

    def _flatten(self, schema: Any) -> dict[str, Any]:
        """Return a schema with its reference followed and its `allOf` parts merged."""
        if id(schema) not in self._flattened:  # a part of the document, which stays
            self._flattened[id(schema)] = self._merge_parts(schema)
        return self._flattened[id(schema)]

    def _merge_parts(self, schema: Any) -> dict[str, Any]:
        flat = dict(self.resolve(schema))
        for part in flat.pop("allOf", ()):
            other = self._flatten(part)
            properties = {**flat.get("properties", {}), **other.get("properties", {})}
            flat = {**other, **flat, **({"properties": properties} if properties else {})}
        return flat


def is_list_of_texts(value: Any) -> bool:
    """Tell whether a value is a list of texts, and not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def describe_schema_error(error: jsonschema_rs.ValidationError) -> Mismatch:
    """Return the error of a validator as a mismatch; the path does not number items of arrays."""
    path = ".".join("*" if isinstance(step, int) else step for step in error.instance_path)
    kind, got = error.kind, _shorten(json.dumps(error.instance, ensure_ascii=False))
    if kind.name == "required":
        return Mismatch(f"`{_join(path, kind.value)}` is missing", f"a field `{kind.value}`", got)
    field = f"`{path}`" if path else "the body"
    if kind.name == "type":
        types = " or ".join(kind.value)
        return Mismatch(f"{field} has the wrong type", types, got)
    return Mismatch(f"{field} is invalid ({kind.name})", _shorten(error.message), got)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_absolute(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def _shorten(text: str) -> str:
    half = LONGEST_SHOWN // 2
    return text if len(text) <= LONGEST_SHOWN else f"{text[:half]} … {text[-half:]}"


@cache
def load_contract() -> Contract:
    """Read the contract once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Contract(yaml.load(contract_file().read_bytes(), Loader=loader))  # noqa: S506
