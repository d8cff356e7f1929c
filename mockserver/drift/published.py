"""A description of the API, as far as it is about credentials, in the contract's names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from mockserver.contract.document import METHODS
from mockserver.contract.references import resolve_reference
from mockserver.drift.differences import parts_of

ROOT = "/api/credentials/"

Use = Literal["request", "response"]


class Described:
    """A description as far as it is about this API, in the contract's names."""

    def __init__(self, document: Mapping[str, Any], contract: Mapping[str, Any]) -> None:
        self.version = str(document["info"]["version"])
        self.renamed: dict[str, str] = {}
        by_shape = {_shape(path): path for path in contract["paths"]}
        paths: dict[str, dict[str, Any]] = {}
        for path, item in document["paths"].items():
            if path.startswith(ROOT):
                ours = by_shape.get(_shape(path), path)
                operations = contract["paths"].get(ours, {})
                paths.setdefault(ours, {}).update(self._item(path, item, ours, operations))
        self.uses = dict(_uses({**document, "paths": paths}))
        components = document.get("components", {})
        schemas = {n: s for n, s in components.get("schemas", {}).items() if n in self.uses}
        self.document = {
            **document,
            "paths": paths,
            "components": {**components, "schemas": schemas},
        }
        self.parts = parts_of(self.document)

    @property
    def number(self) -> tuple[int, ...]:
        """The first two numbers of the version; what has none is newer than all."""
        return release_number(self.version)

    def _item(
        self, path: str, item: Mapping[str, Any], ours: str, operations: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a path's operations in the contract's names; keep what was renamed."""
        names = dict(zip(_names(path), _names(ours), strict=True))
        self.renamed.update(
            {f"{{{old}}}": f"{{{new}}}" for old, new in names.items() if old != new}
        )
        changed = {**item, "parameters": _renamed(item, names)}
        for method in METHODS:
            if method not in item:
                continue
            given = item[method].get("operationId", f"{method} {path}")
            known = operations.get(method, {}).get("operationId", given)
            if known != given:
                self.renamed[given] = known
            parameters = _renamed(item[method], names)
            changed[method] = {**item[method], "operationId": known, "parameters": parameters}
        return changed

    def fields(self, schema: str) -> list[str]:
        """Return the names of a schema's fields, none if there is no such schema."""
        schemas = self.document["components"]["schemas"]
        return list(schemas.get(schema, {}).get("properties", {}))


def release_number(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version; a text without any is newer than all."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (10**6,)


def _renamed(holder: Mapping[str, Any], names: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return the parameters of a path or operation with the contract's names in the path."""
    given = holder.get("parameters", ())
    in_path = [each.get("in") == "path" for each in given]
    return [
        {**each, "name": names.get(each["name"], each["name"])} if renames else each
        for each, renames in zip(given, in_path, strict=True)
    ]


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _names(path: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", path)


def _uses(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, set[Use]]]]:
    """Yield each schema that is used, with the operations that do, and for what."""
    found: dict[str, dict[str, set[Use]]] = {}

    def walk(part: Any, operation: str, use: Use) -> None:
        if isinstance(part, list):
            for each in part:
                walk(each, operation, use)
        elif isinstance(part, dict):
            reference = part.get("$ref", "")
            name = reference.rpartition("/")[2] if "/schemas/" in reference else ""
            if name and use in found.get(name, {}).get(operation, ()):
                return
            if name:
                found.setdefault(name, {}).setdefault(operation, set()).add(use)
            target = resolve_reference(document, part) if reference else list(part.values())
            walk(target, operation, use)

    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                operation = item[method]["operationId"]
                sent = [item.get("parameters"), item[method].get("parameters")]
                walk([*sent, item[method].get("requestBody")], operation, "request")
                walk(item[method]["responses"], operation, "response")
    yield from found.items()
