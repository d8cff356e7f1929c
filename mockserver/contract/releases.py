"""Which operations a release of the service has."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from mockserver.config import RELEASES, Release
from mockserver.contract.contract import Contract


@lru_cache(maxsize=8)
def select_release(contract: Contract, release: Release) -> Contract:
    """Return the contract with the operations that a release has."""
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
