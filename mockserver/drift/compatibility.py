"""Whether a difference is breaking, for a client that keeps to the contract.

What the deployment sends must stay within what the client expects, and what the client sends must
still be accepted.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from mockserver.drift.differences import Part
from mockserver.drift.published import Description, Use

ANNOTATIONS = frozenset({"nullable", "example", "examples", "readOnly", "writeOnly", "title"})


class Compatibility:
    """Compares what a published description allows at a place with what the contract allows."""

    def __init__(self, published: Description, contract: Description) -> None:
        self._published, self._contract = published, contract
        self._published_components = _convert_components(published.document)
        self._contract_components = _convert_components(contract.document)

    def is_breaking(self, place: str) -> bool:
        """Tell whether a client that keeps to the contract fails because of a difference."""
        published, contract = self._published.parts.get(place), self._contract.parts.get(place)
        part = published or contract
        if part is None or part.kind in ("version", "schema"):
            return published is None and part is not None and part.kind == "schema"
        uses = self._find_uses(place, part)
        if published is None:  # an error status that is not described may still be sent
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

    def _find_uses(self, place: str, part: Part) -> set[Use]:
        if part.kind in ("parameter", "request body"):
            return {"request"}
        if part.kind == "field":
            schema = place.split("/")[1]
            by_operation = [*self._contract.uses.get(schema, {}).values()]
            by_operation += self._published.uses.get(schema, {}).values()
            return set().union(*by_operation)
        return {"response"}

    def _fits(self, use: Use, published: Part, contract: Part) -> bool:
        """Tell whether one side's values are all within the other's, as JSON Schema sees them."""
        if published.schema is None or contract.schema is None:
            return published.text == contract.text
        theirs = _canonicalize(published.schema, self._published_components)
        ours = _canonicalize(contract.schema, self._contract_components)
        if theirs is None or ours is None:
            return False
        wide, narrow = (theirs, ours) if use == "request" else (ours, theirs)
        return str(wide.covers(narrow)) == "yes"


def _convert_components(document: Mapping[str, Any]) -> dict[str, Any]:
    schemas = document["components"].get("schemas", {})
    return {"schemas": {name: _as_json_schema(schema) for name, schema in schemas.items()}}


def _canonicalize(schema: Any, components: Mapping[str, Any]) -> Any:
    """Return a schema in the form that can be compared, or None where there is none."""
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    rooted = {**_as_json_schema(schema), "components": components}
    try:
        return jsonschema_rs.canonicalize(rooted)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return None


def _as_json_schema(schema: Any) -> Any:
    """Return a schema without annotations, with OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(schema, list):
        return [_as_json_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {
        keyword: {name: _as_json_schema(subschema) for name, subschema in value.items()}
        if keyword == "properties"
        else _as_json_schema(value)
        for keyword, value in schema.items()
        if keyword not in ANNOTATIONS and not keyword.startswith("x-")
    }
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain
