"""How a published description drifts from the contract, and which of it the ledger explains.

A difference is known if a row of the ledger speaks of its place and a description that ships here
has the same text there. Whether another one is breaking is asked for a client that keeps to the
contract: answers must stay within what it expects, and what it sends must still be taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema_rs

from mockserver.contract.document import METHODS, read_document
from mockserver.contract.references import UnresolvedReference
from mockserver.drift.differences import (
    ABSENT,
    Part,
    differences,
    text_at,
    told_above,
)
from mockserver.drift.published import ROOT, Described, Use, release_number
from mockserver.errors import StartError
from mockserver.files import LEDGER

ANNOTATIONS = frozenset({"nullable", "example", "examples", "readOnly", "writeOnly", "title"})
OVERWRITTEN = 0.25
"""Schemas of one name that share less than this part of their fields are not the same class."""


@dataclass(frozen=True)
class Finding:
    """One place that differs; `row` is the ledger's, if it knows of it."""

    where: str
    published: str
    contract: str
    change: str
    breaking: bool
    row: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Overwritten:
    """A schema that has become another class: both sides' fields, and those that remain."""

    name: str
    was: tuple[str, ...]
    now: tuple[str, ...]
    kept: tuple[str, ...]
    row: Mapping[str, Any] | None


@dataclass(frozen=True)
class Drift:
    """What a description says otherwise than the contract.

    `renamed` are names that are not sent, in paths and of operations; `gone` are rows of the ledger
    about differences that are no more, each with the places.
    """

    version: str
    findings: tuple[Finding, ...]
    overwritten: tuple[Overwritten, ...]
    renamed: Mapping[str, str]
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unknown(self) -> list[Finding]:
        """The differences, in places of their own, that the ledger does not know."""
        return [each for each in self.findings if each.row is None]

    @property
    def exit_code(self) -> int:
        """0 if the ledger knows every difference, else 1."""
        return int(bool(self.unknown) or any(each.row is None for each in self.overwritten))

    @property
    def known(self) -> dict[str, list[Finding]]:
        """The differences that it knows, by row."""
        rows: dict[str, list[Finding]] = {}
        for each in self.findings:
            if each.row is not None:
                rows.setdefault(each.row["where"], []).append(each)
        return rows


class Comparison:
    """One description held against the contract, with the ledger and what ships beside it."""

    def __init__(
        self, published: Described, contract: Described, ledger: Mapping[str, Any]
    ) -> None:
        self.contract = contract
        self.published = published
        self.rows = [*ledger["rows"], *ledger["later"]["rows"]]
        self.shipped = [
            Described(read_document(LEDGER.parent / each["published"]), contract.document)
            for each in (ledger, ledger["later"])
        ]
        self._our_components = _components(contract.document)
        self._their_components = _components(published.document)
        self.shipped_overwriting = [self._overwriting(each) for each in self.shipped]
        self.since = {
            operation["operationId"]: operation["x-since"]
            for item in contract.document["paths"].values()
            for method, operation in item.items()
            if method in METHODS
        }

    def drift(self) -> Drift:
        """Return every difference, explained."""
        overwriting = self._overwriting(self.published)
        findings = [
            self._finding(place)
            for place in differences(self.published.document, self.contract.document)
            if not self._is_later(place) and not _is_in(place, overwriting)
        ]
        gone: dict[str, list[str]] = {}
        for place in self._gone():
            for row in self._rows_at(place):
                gone.setdefault(row["where"], []).append(place)
        return Drift(
            self.published.version,
            tuple(findings),
            tuple(map(self._overwritten, overwriting)),
            self.published.renamed,
            {where: tuple(places) for where, places in gone.items()},
        )

    def _overwriting(self, described: Described) -> list[str]:
        """Return the schemas that hardly share a field with the contract's of the same name."""
        found = []
        for name in described.document["components"]["schemas"]:
            now, was = {*described.fields(name)}, {*self.contract.fields(name)}
            if now and was and len(now & was) < OVERWRITTEN * len(now | was):
                found.append(name)
        return found

    def _overwritten(self, name: str) -> Overwritten:
        now, was = self.published.fields(name), self.contract.fields(name)
        seen = any({*each.fields(name)} == {*now} for each in self.shipped)
        row = next(self._rows_at(f"schemas/{name}/{now[0]}"), None) if seen else None
        kept = tuple(each for each in now if each in was)
        return Overwritten(name, tuple(was), tuple(now), kept, row)

    def _finding(self, place: str) -> Finding:
        published, contract = self.published.parts.get(place), self.contract.parts.get(place)
        return Finding(
            place,
            text_at(place, self.published.parts),
            text_at(place, self.contract.parts),
            _change(published, contract),
            self._is_breaking(place, published, contract),
            self._row(place),
        )

    def _row(self, place: str) -> Mapping[str, Any] | None:
        """Return the row that knows of what is published at a place."""
        text, operation = text_at(place, self.published.parts), place.split("/")[0]
        since = release_number(self.since.get(operation, "0.0"))
        same = any(
            text == text_at(place, each.parts)
            and since <= each.number
            and not _is_in(place, overwriting)
            for each, overwriting in zip(self.shipped, self.shipped_overwriting, strict=True)
        )
        # Of an operation that no description has here, what all descriptions leave out is known.
        is_new = operation in self.since and not any(operation in e.parts for e in self.shipped)
        if same or (is_new and text == ABSENT and place != operation):
            return next(self._rows_at(place), None)
        return None

    def _rows_at(self, place: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows about a place, the most exact ones first."""
        matching = [row for row in self.rows if fnmatchcase(place, row["where"])]
        yield from sorted(matching, key=lambda row: ("*" in row["where"], -len(row["where"])))

    def _is_later(self, place: str) -> bool:
        """Tell whether a place belongs to an operation that came after this release."""
        since = self.since.get(place.split("/")[0])
        return (
            since is not None
            and release_number(since) > self.published.number
            and place.split("/")[0] not in self.published.parts
        ) or self._belongs_to_later_schema(place)

    def _belongs_to_later_schema(self, place: str) -> bool:
        """Tell whether a place is in a schema that only later operations use."""
        steps = place.split("/")
        if steps[0] != "schemas" or f"schemas/{steps[1]}" in self.published.parts:
            return False
        users = self.contract.uses.get(steps[1], {})
        return bool(users) and all(
            release_number(self.since[each]) > self.published.number for each in users
        )

    def _gone(self) -> Iterator[str]:
        """Yield the places where the description before this one differed and this one does not."""
        before = [each for each in self.shipped if each.number <= self.published.number]
        baseline = before[-1] if before else self.shipped[0]
        overwriting = self._overwriting(baseline)
        for place in differences(baseline.document, self.contract.document):
            sides = self.published.parts, self.contract.parts
            if text_at(place, sides[0]) != text_at(place, sides[1]) or told_above(place, *sides):
                continue
            if not self._is_later(place) and not _is_in(place, overwriting):
                yield place

    def _is_breaking(self, place: str, published: Part | None, contract: Part | None) -> bool:
        """Tell whether a client that keeps to the contract would notice for the worse."""
        part = published or contract
        if part is None or part.kind in ("version", "schema"):
            return published is None and part is not None and part.kind == "schema"
        uses = self._uses_of(place, part)
        if published is None:  # an error that is not described may still be answered
            return part.kind != "response" or place.rpartition("/")[2].startswith("2")
        if contract is None:
            return published.required and "request" in uses
        if published.kind in ("operation", "security scheme"):
            return True
        if "request" in uses and published.required and not contract.required:
            return True
        if "response" in uses and contract.required and not published.required:
            return True
        return not all(self._fits(use, published, contract) for use in uses)

    def _uses_of(self, place: str, part: Part) -> set[Use]:
        if part.kind in ("parameter", "request body"):
            return {"request"}
        if part.kind == "field":
            name = place.split("/")[1]
            found = [*self.contract.uses.get(name, {}).values()]
            found += self.published.uses.get(name, {}).values()
            return {use for each in found for use in each}
        return {"response"}

    def _fits(self, use: Use, published: Part, contract: Part) -> bool:
        """Tell whether one side's values are all within the other's, as JSON Schema sees them."""
        if published.schema is None or contract.schema is None:
            return published.text == contract.text
        theirs = _canonical(published.schema, self._their_components)
        ours = _canonical(contract.schema, self._our_components)
        if theirs is None or ours is None:
            return False
        wide, narrow = (theirs, ours) if use == "request" else (ours, theirs)
        return str(wide.covers(narrow)) == "yes"


def read_published(path: Path) -> dict[str, Any]:
    """Read a published description; raises StartError for what is no OpenAPI 3 document."""
    document = read_document(path)
    if not str(document.get("openapi", "")).startswith("3."):
        what = "Swagger 2" if "swagger" in document else "no OpenAPI description"
        raise StartError(f"{path}: this is {what}; a document of OpenAPI 3 is compared")
    if not isinstance(document.get("paths"), dict) or "version" not in (document.get("info") or {}):
        raise StartError(f"{path}: `paths` and `info.version` are missing")
    if not any(str(each).startswith(ROOT) for each in document["paths"]):
        raise StartError(f"{path}: it has no path below {ROOT}")
    return document


def drift(path: Path) -> Drift:
    """Compare a published description with the contract; raises StartError."""
    contract = read_document()
    document = read_published(path)
    try:
        published = Described(document, contract)
    except UnresolvedReference as error:
        raise StartError(f"{path}: not a valid OpenAPI document: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:  # the walk takes validity for granted
        raise StartError(f"{path}: not a valid OpenAPI document: {error!r}") from error
    return Comparison(published, Described(contract, contract), read_document(LEDGER)).drift()


def _is_in(place: str, schemas: list[str]) -> bool:
    steps = place.split("/")
    return steps[0] == "schemas" and steps[1] in schemas


def _change(published: Part | None, contract: Part | None) -> str:
    part = published or contract
    kind = part.kind if part else "place"
    if contract is None:
        return f"{kind} added"
    return f"{kind} removed" if published is None else f"{kind} changed"


def _components(document: Mapping[str, Any]) -> dict[str, Any]:
    schemas = document["components"].get("schemas", {})
    return {"schemas": {name: _as_json_schema(each) for name, each in schemas.items()}}


def _canonical(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    rooted = {**_as_json_schema(schema), "components": components}
    try:
        return jsonschema_rs.canonicalize(rooted)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return None


def _as_json_schema(schema: Any) -> Any:
    """Return OpenAPI 3.0's `nullable` in the words of JSON Schema, and nothing of annotations."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {
        keyword: {name: _as_json_schema(each) for name, each in value.items()}
        if keyword == "properties"
        else _as_json_schema(value)
        for keyword, value in schema.items()
        if keyword not in ANNOTATIONS and not keyword.startswith("x-")
    }
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain
