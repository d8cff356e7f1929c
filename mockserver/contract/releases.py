"""Which operations, and which media types of bodies, a release of the service has."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mockserver.config import RELEASES, Release
from mockserver.contract.contract import Contract
from mockserver.contract.operation import Operation, Resource


@lru_cache(maxsize=8)
def select_release(contract: Contract, release: Release) -> Contract:
    """Return the contract with the operations that a release has."""
    known = RELEASES[: RELEASES.index(release) + 1]
    document: dict[str, Any] = {**contract.document, "paths": {}}
    resources = []
    for resource in contract.resources:
        operations = {
            method: _select_media_types(operation, known)
            for method, operation in resource.operations.items()
            if operation.since in known
        }
        if operations:
            resources.append(replace(resource, operations=operations))
            later = {m.lower() for m in resource.operations.keys() - operations.keys()}
            item = contract.document["paths"][resource.path]
            document["paths"][resource.path] = {
                name: _describe(part, known) for name, part in item.items() if name not in later
            }
    usual = find_usual_media_types(resources)
    resources = [replace(resource, usual_media_types=usual) for resource in resources]
    return Contract(document, tuple(resources), release)


def find_usual_media_types(resources: Sequence[Resource]) -> tuple[str, ...]:
    """Return what all views can read, as the framework's setting says it for each of them."""
    operations = (each for resource in resources for each in resource.operations.values())
    return max((each.body.media_types for each in operations if each.body), key=len, default=())


def _select_media_types(operation: Operation, known: Sequence[Release]) -> Operation:
    """Return an operation whose body has the media types of the known releases."""
    body = operation.body
    if body is None or all(release in known for release in body.since.values()):
        return operation
    media_types = tuple(m for m in body.media_types if body.since.get(m, known[0]) in known)
    return replace(operation, body=replace(body, media_types=media_types))


def _describe(part: Any, known: Sequence[Release]) -> Any:
    """Return a part of a path item, an operation without the media types of later releases."""
    if not isinstance(part, Mapping) or "requestBody" not in part:
        return part
    body = part["requestBody"]
    content = {
        media_type: media
        for media_type, media in body["content"].items()
        if media.get("x-since", known[0]) in known
    }
    return {**part, "requestBody": {**body, "content": content}}
