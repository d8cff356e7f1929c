"""How a published description drifts from the contract, and which differences the ledger explains.

A difference is known if the ledger has a row about its place, and if a description that ships with
the contract has the same text there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mockserver.contract.document import METHODS, read_document
from mockserver.contract.references import UnresolvedReference
from mockserver.drift.compatibility import Compatibility
from mockserver.drift.differences import (
    ABSENT,
    Part,
    find_differences,
    is_within_difference,
    text_at,
)
from mockserver.drift.published import Description, read_published, read_release
from mockserver.errors import StartError
from mockserver.files import LEDGER

OVERWRITTEN = 0.25
"""Schemas of one name that share less than this part of their fields are not the same class."""

Row = Mapping[str, Any]
"""A row of the ledger."""


@dataclass(frozen=True)
class Difference:
    """One place that differs, with the row of the ledger that explains it, if there is one."""

    where: str
    published: str
    contract: str
    change: str
    breaking: bool
    row: Row | None = None


@dataclass(frozen=True)
class OverwrittenSchema:
    """A schema that has become another class, with the row that explains it, if there is one."""

    name: str
    contract_fields: tuple[str, ...]
    published_fields: tuple[str, ...]
    shared_fields: tuple[str, ...]
    row: Row | None


@dataclass(frozen=True)
class Drift:
    """What is different in a published description.

    `renamed` are names that are not sent, in paths and of operations; `resolved` are rows of the
    ledger about differences that this description does not have, each with the places.
    """

    version: str
    differences: tuple[Difference, ...]
    overwritten: tuple[OverwrittenSchema, ...]
    renamed: Mapping[str, str]
    resolved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unknown(self) -> list[Difference]:
        """The differences that the ledger does not explain."""
        return [difference for difference in self.differences if difference.row is None]

    @property
    def known(self) -> dict[str, list[Difference]]:
        """The differences that the ledger explains, by row."""
        rows: dict[str, list[Difference]] = {}
        for difference in self.differences:
            if difference.row is not None:
                rows.setdefault(difference.row["where"], []).append(difference)
        return rows

    @property
    def exit_code(self) -> int:
        """0 if the ledger explains every difference, else 1."""
        return int(bool(self.unknown) or any(schema.row is None for schema in self.overwritten))


def find_drift(path: Path) -> Drift:
    """Compare a published description with the contract; raises StartError."""
    contract = read_document()
    document = read_published(path)
    ledger = read_document(LEDGER)
    try:
        published = Description(document, contract)
        return Comparison(published, Description(contract, contract), ledger).find_drift()
    except UnresolvedReference as error:
        what = "" if "not supported" in str(error) else "not a valid OpenAPI document: "
        raise StartError(f"{path}: {what}{error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # The walk takes validity for granted.
        raise StartError(f"{path}: {_explain_failure(document, error)}") from error


def _explain_failure(document: Mapping[str, Any], error: Exception) -> str:
    """Say what is not valid in a document that could not be read, by the specification's schema."""
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    is_older = str(document["openapi"]).startswith("3.0")
    validator = OpenAPIV30SpecValidator if is_older else OpenAPIV31SpecValidator
    for problem in validator(document).iter_errors():
        place = "/".join(map(str, problem.absolute_path)) or "the top"
        reason = " ".join(problem.message.partition("\n")[0].split())[:300]
        return f"not a valid OpenAPI document: at {place}: {reason}"
    missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return f"this document is valid, but cannot be compared: {missing}"


class Comparison:
    """One description, the contract, the ledger, and the descriptions that ship beside it."""

    def __init__(
        self, published: Description, contract: Description, ledger: Mapping[str, Any]
    ) -> None:
        self.contract = contract
        self.published = published
        self.rows = [*ledger["rows"], *ledger["later"]["rows"]]
        self.shipped = [
            Description(read_document(LEDGER.parent / block["published"]), contract.document)
            for block in (ledger, ledger["later"])
        ]
        self.shipped_overwritten = list(map(self._find_overwritten, self.shipped))
        self.compatibility = Compatibility(published, contract)
        self.since = {
            operation["operationId"]: operation["x-since"]
            for item in contract.document["paths"].values()
            for method, operation in item.items()
            if method in METHODS
        }

    def find_drift(self) -> Drift:
        """Return every difference, explained."""
        overwritten = self._find_overwritten(self.published)
        differences = [
            self._explain(place)
            for place in find_differences(self.published.document, self.contract.document)
            if not self._is_later(place) and not _is_in(place, overwritten)
        ]
        resolved: dict[str, list[str]] = {}
        for place in self._find_resolved():
            for row in self._rows_about(place):
                resolved.setdefault(row["where"], []).append(place)
        return Drift(
            self.published.version,
            tuple(differences),
            tuple(map(self._explain_overwritten, overwritten)),
            self.published.renamed,
            {where: tuple(places) for where, places in resolved.items()},
        )

    def _explain(self, place: str) -> Difference:
        published, contract = self.published.parts.get(place), self.contract.parts.get(place)
        return Difference(
            place,
            text_at(place, self.published.parts),
            text_at(place, self.contract.parts),
            _name_change(published, contract),
            self.compatibility.is_breaking(place),
            self._find_row(place),
        )

    def _find_row(self, place: str) -> Row | None:
        """Return the row that explains what is published at a place."""
        text, operation = text_at(place, self.published.parts), place.split("/")[0]
        since = read_release(self.since.get(operation, "0.0"))
        is_shipped = any(
            text == text_at(place, description.parts)
            and since <= description.release
            and not _is_in(place, overwritten)
            for description, overwritten in zip(self.shipped, self.shipped_overwritten, strict=True)
        )
        # Of an operation that no description has here, what all descriptions leave out is known.
        is_new = operation in self.since and not any(operation in d.parts for d in self.shipped)
        if is_shipped or (is_new and text == ABSENT and place != operation):
            return next(self._rows_about(place), None)
        return None

    def _rows_about(self, place: str) -> Iterator[Row]:
        """Yield the rows about a place, the most exact ones first."""
        matching = [row for row in self.rows if fnmatchcase(place, row["where"])]
        yield from sorted(matching, key=lambda row: ("*" in row["where"], -len(row["where"])))

    def _find_overwritten(self, description: Description) -> list[str]:
        """Return the schemas that hardly share a field with the contract's of the same name."""
        found = []
        for name in description.document["components"]["schemas"]:
            theirs, ours = {*description.fields(name)}, {*self.contract.fields(name)}
            if theirs and ours and len(theirs & ours) < OVERWRITTEN * len(theirs | ours):
                found.append(name)
        return found

    def _explain_overwritten(self, name: str) -> OverwrittenSchema:
        theirs, ours = self.published.fields(name), self.contract.fields(name)
        is_shipped = any({*description.fields(name)} == {*theirs} for description in self.shipped)
        row = next(self._rows_about(f"schemas/{name}/{theirs[0]}"), None) if is_shipped else None
        shared = tuple(field_name for field_name in theirs if field_name in ours)
        return OverwrittenSchema(name, tuple(ours), tuple(theirs), shared, row)

    def _is_later(self, place: str) -> bool:
        """Tell whether a place belongs to an operation that came after this release."""
        operation = place.split("/")[0]
        since = self.since.get(operation)
        return (
            since is not None
            and read_release(since) > self.published.release
            and operation not in self.published.parts
        ) or self._belongs_to_later_schema(place)

    def _belongs_to_later_schema(self, place: str) -> bool:
        """Tell whether a place is in a schema that only later operations use."""
        steps = place.split("/")
        if steps[0] != "schemas" or f"schemas/{steps[1]}" in self.published.parts:
            return False
        operations = self.contract.uses.get(steps[1], {})
        return bool(operations) and all(
            read_release(self.since[operation]) > self.published.release for operation in operations
        )

    def _find_resolved(self) -> Iterator[str]:
        """Yield the places where the description before this one differed and this one does not."""
        before = [d for d in self.shipped if d.release <= self.published.release]
        baseline = before[-1] if before else self.shipped[0]
        overwritten = self._find_overwritten(baseline)
        theirs, ours = self.published.parts, self.contract.parts
        for place in find_differences(baseline.document, self.contract.document):
            is_same = text_at(place, theirs) == text_at(place, ours)
            if not is_same or is_within_difference(place, theirs, ours):
                continue
            if not self._is_later(place) and not _is_in(place, overwritten):
                yield place


def _is_in(place: str, schemas: list[str]) -> bool:
    steps = place.split("/")
    return steps[0] == "schemas" and steps[1] in schemas


def _name_change(published: Part | None, contract: Part | None) -> str:
    part = published or contract
    kind = part.kind if part else "place"
    if contract is None:
        return f"{kind} added"
    return f"{kind} removed" if published is None else f"{kind} changed"
