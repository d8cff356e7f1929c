"""A published description, as far as it is about credentials, in the contract's names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mockserver.contract.document import METHODS, read_document
from mockserver.contract.references import resolve_reference
from mockserver.drift.differences import read_parts
from mockserver.errors import StartError

ROOT = "/api/credentials/"

Use = Literal["request", "response"]
Uses = dict[str, dict[str, set[Use]]]
"""Each schema that is used, with the operations that use it, and for what."""


class Description:
    """A description as far as it is about this API, in the contract's names.

    `renamed` maps its own names, in paths and of operations, to those of the contract.
    """

    def __init__(self, document: Mapping[str, Any], contract: Mapping[str, Any]) -> None:
        self._source = document
        self.version = str(document["info"]["version"])
        self.renamed: dict[str, str] = {}
        by_shape = {_without_names(path): path for path in contract["paths"]}
        paths: dict[str, dict[str, Any]] = {}
        for path, item in document["paths"].items():
            if path.startswith(ROOT):
                item = resolve_reference(document, item) or {}
                ours = by_shape.get(_without_names(path), path)
                operations = contract["paths"].get(ours, {})
                paths.setdefault(ours, {}).update(self._rename(path, item, ours, operations))
        self.uses = _find_uses({**document, "paths": paths})
        components = document.get("components") or {}
        schemas = {n: s for n, s in (components.get("schemas") or {}).items() if n in self.uses}
        self.document = {
            **document,
            "paths": paths,
            "components": {**components, "schemas": schemas},
        }
        self.parts = read_parts(self.document)

    @property
    def release(self) -> tuple[int, ...]:
        """The first two numbers of the version; a version without numbers is newer than all."""
        return read_release(self.version)

    def _rename(
        self, path: str, item: Mapping[str, Any], ours: str, operations: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a path item in the contract's names, and note what was renamed."""
        names = dict(zip(_parameter_names(path), _parameter_names(ours), strict=True))
        self.renamed.update(
            {f"{{{old}}}": f"{{{new}}}" for old, new in names.items() if old != new}
        )
        renamed = {**item, "parameters": self._rename_parameters(item, names)}
        for method in METHODS:
            if method not in item:
                continue
            theirs = item[method].get("operationId", f"{method} {path}")
            known = operations.get(method, {}).get("operationId", theirs)
            if known != theirs:
                self.renamed[theirs] = known
            parameters = self._rename_parameters(item[method], names)
            renamed[method] = {**item[method], "operationId": known, "parameters": parameters}
        return renamed

    def _rename_parameters(
        self, holder: Mapping[str, Any], names: Mapping[str, str]
    ) -> list[Mapping[str, Any]]:
        """Return the parameters of a path or operation, those in the path in our names."""
        found = (resolve_reference(self._source, part) for part in holder.get("parameters") or ())
        return [
            {**parameter, "name": names.get(parameter["name"], parameter["name"])}
            if parameter.get("in") == "path"
            else parameter
            for parameter in found
        ]

    def fields(self, schema: str) -> list[str]:
        """Return the names of a schema's fields; a schema that does not exist has none."""
        schemas = self.document["components"]["schemas"]
        found = schemas.get(schema, {})
        return list(found.get("properties") or {}) if isinstance(found, Mapping) else []


def read_published(path: Path) -> dict[str, Any]:
    """Read a published description; raises StartError unless it is OpenAPI 3 about this API."""
    document = read_document(path)
    openapi = document.get("openapi")
    if not str(openapi).startswith("3."):
        found = "a document without an OpenAPI version"
        if "swagger" in document:
            found = "Swagger 2"
        elif openapi is not None:
            found = f"`openapi: {openapi}`"
        raise StartError(f"{path}: expected an OpenAPI 3 description, got {found}")
    info = document.get("info")
    if not isinstance(document.get("paths"), dict) or not isinstance(info, dict):
        raise StartError(f"{path}: `paths` or `info.version` is missing")
    if not isinstance(info.get("version"), str):
        raise StartError(f"{path}: `info.version` is missing: write for example 4.90")
    if not any(str(api_path).startswith(ROOT) for api_path in document["paths"]):
        raise StartError(f"{path}: it has no path below {ROOT}")
    return document


def read_release(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version; a text without any is newer than all."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (10**6,)


def _without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _parameter_names(path: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", path)


def _find_uses(document: Mapping[str, Any]) -> Uses:
    """Return which operations use each schema, directly or through other schemas, and for what."""
    found: Uses = {}

    def walk(part: Any, operation: str, use: Use) -> None:
        if isinstance(part, list):
            for item in part:
                walk(item, operation, use)
        elif isinstance(part, dict):
            reference = part.get("$ref", "")
            reference = reference if isinstance(reference, str) else ""  # else a field of that name
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
                walk(item[method].get("responses"), operation, "response")
    return found
