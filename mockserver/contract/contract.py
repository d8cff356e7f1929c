"""The compiled contract: the document and the operations that it defines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mockserver.config import RELEASES, Release
from mockserver.contract.operation import Operation, Resource
from mockserver.contract.schemas import Validator


@dataclass(frozen=True, eq=False)
class Contract:
    """The compiled document; `document` is the plain one. It never changes, and is shared.

    `release` is the one whose operations it has.
    """

    document: Mapping[str, Any]
    resources: tuple[Resource, ...] = field(default=())
    release: Release = RELEASES[-1]

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by operationId."""
        return {o.operation_id: o for r in self.resources for o in r.operations.values()}

    def validator(self, name: str) -> Validator:
        """Return the validator of a named component schema."""
        schema = {"$ref": f"#/components/schemas/{name}"}
        return Validator(schema, self.document["components"]["schemas"])
