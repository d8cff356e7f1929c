"""The contract as the harness reads it: which answers are documented, and does a reply fit.

This shares no code with the mock, so that one bug cannot make both agree.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import yaml

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
_HERE = Path(__file__).resolve().parents[1]


def contract_file() -> Path:
    """Return the contract, inside the wheel or in the checkout."""
    inside = _HERE / "_data" / "spec" / "openapi.yaml"
    return inside if inside.is_file() else _HERE.parent / "spec" / "openapi.yaml"


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
    """The document with a validator for each documented answer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {each.id: each for each in self._operations()}
        self._validators: dict[tuple[str, int], jsonschema_rs.Validator] = {}
        self._compiled: dict[str, jsonschema_rs.Validator] = {}
        self._flattened: dict[int, dict[str, Any]] = {}

    def resolve(self, part: Any) -> Any:
        """Follow references within the document."""
        while isinstance(part, dict) and "$ref" in part:
            target: Any = self.document
            for step in part["$ref"][2:].split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            part = target
        return part

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
            for method in METHODS:
                if method in item:
                    source = item[method]
                    responses = {
                        int(status): self.resolve(each)
                        for status, each in source["responses"].items()
                    }
                    yield Operation(
                        source["operationId"], method.upper(), path, source, responses, pattern
                    )

    def lacking(self, tags: Collection[str], later: Collection[str]) -> dict[str, str]:
        """Return the operations with one of these tags or of a later release, each with why."""
        why = {}
        for each in self.operations.values():
            if each.tag in tags:
                why[each.id] = f"the target has no {each.tag}"
            elif each.since in later:
                why[each.id] = f"api_version is older than {each.since}, which has {each.tag}"
        return why

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request is for; more literal paths come first."""
        method = "GET" if method == "HEAD" else method
        fitting = [
            each
            for each in self.operations.values()
            if each.method == method and each.pattern.fullmatch(path)
        ]
        return min(fitting, key=lambda each: each.path.count("{"), default=None)

    def complaints(
        self,
        operation: Operation,
        method: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong with a reply: message, expected, got."""
        response = operation.responses.get(status)
        if response is None:
            documented = ", ".join(map(str, operation.responses))
            yield f"status {status} is not documented", documented, str(status)
            return
        content = response.get("content", {})
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        for name, header in response.get("headers", {}).items():
            required = self.resolve(header).get("required")
            if required and name.lower() not in headers and media_type != "text/html":
                yield f"{status} lacks the header {name}", name, "no such header"
        if method == "HEAD":
            if body:
                yield "HEAD has a body", "no body", f"{len(body)} bytes"
            return
        if response.get("x-may-be-empty") and not body and not media_type:
            return
        if not content:
            if body:
                yield f"{status} has a body", "no body", f"{len(body)} bytes"
            return
        if media_type not in content:
            yield f"{status} has another content type", ", ".join(content), media_type or "none"
        elif media_type == JSON:
            yield from self._schema_complaints(operation, status, headers, body)

    def _schema_complaints(
        self, operation: Operation, status: int, headers: Mapping[str, str], body: bytes
    ) -> Iterator[tuple[str, str, str]]:
        try:
            value = json.loads(body.decode("utf-8"))
        except UnicodeDecodeError:
            yield f"{status} is not UTF-8", "UTF-8", headers.get("content-type", "")
            return
        except ValueError:
            yield f"{status} is not JSON", "JSON", repr(body[-60:])
            return
        for error in self._validator(operation, status).iter_errors(value):
            place = "/".join("*" if isinstance(s, int) else str(s) for s in error.instance_path)
            message = f"{status} breaks the schema at /{place} ({error.kind.name})"
            yield message, _shorten(error.message), _shorten(repr(error.instance))
            return

    def _validator(self, operation: Operation, status: int) -> jsonschema_rs.Validator:
        key = (operation.id, status)
        if key not in self._validators:
            schema = operation.responses[status]["content"][JSON]["schema"]
            # Most answers have one of a few schemas: eight in nine are another operation's too.
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

    def unknown_fields(self, operation: Operation, status: int, value: Any) -> set[str]:
        """Return the places of fields that the contract does not know."""
        response = operation.responses.get(status, {})
        schema = response.get("content", {}).get(JSON, {}).get("schema")
        return set(self._unknown(schema, value, "")) if schema else set()

    def _unknown(self, schema: Any, value: Any, place: str) -> Iterator[str]:
        schema = self._flat(schema)
        if isinstance(value, list) and "items" in schema:
            for each in value:
                yield from self._unknown(schema["items"], each, f"{place}/*")
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            yield from (f"{place}/{name}" for name in value.keys() - known.keys())
            for name, each in value.items():
                if isinstance(each, dict | list) and name in known:
                    yield from self._unknown(known[name], each, f"{place}/{name}")

    def _flat(self, schema: Any) -> dict[str, Any]:
        """Return a schema with its reference followed and its `allOf` parts folded in."""
        if id(schema) not in self._flattened:  # a part of the document, which stays
            self._flattened[id(schema)] = self._fold(schema)
        return self._flattened[id(schema)]

    def _fold(self, schema: Any) -> dict[str, Any]:
        flat = dict(self.resolve(schema))
        for part in flat.pop("allOf", ()):
            other = self._flat(part)
            properties = {**flat.get("properties", {}), **other.get("properties", {})}
            flat = {**other, **flat, **({"properties": properties} if properties else {})}
        return flat


def _is_absolute(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def _shorten(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[: longest // 2]} … {text[-longest // 2 :]}"


@cache
def load_contract() -> Contract:
    """Read the contract once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Contract(yaml.load(contract_file().read_bytes(), Loader=loader))  # noqa: S506
