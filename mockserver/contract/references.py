"""References within one OpenAPI document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from mockserver.errors import StartError


class UnresolvedReference(StartError):
    """A `$ref` names something that the document does not have; the text quotes it."""


def resolve_reference(document: Mapping[str, Any], part: Any) -> Any:
    """Return a part of a document, or what it refers to; raises UnresolvedReference."""
    followed: set[str] = set()
    while isinstance(part, dict) and isinstance(part.get("$ref"), str):
        reference = part["$ref"]
        if reference in followed:
            raise UnresolvedReference(f"the reference {reference!r} refers to itself")
        followed.add(reference)
        part = _find(document, reference)
    return part


def _find(document: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        raise UnresolvedReference(
            f"the reference {reference!r} is not supported: it must be within the document (#/...)"
        )
    target: Any = document
    for step in reference[2:].split("/"):
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and step.isdecimal() and int(step) < len(target):
            target = target[int(step)]
            continue
        if not isinstance(target, dict) or step not in target:
            raise UnresolvedReference(f"the reference {reference!r} cannot be resolved")
        target = target[step]
    return target
