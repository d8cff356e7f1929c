"""Parsers of request bodies."""

import math
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


def storable(value: Any) -> bool:
    """Tell whether a JSON value can be sent out again."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(storable(item) for item in value)
    if isinstance(value, dict):
        return all(storable(key) and storable(item) for key, item in value.items())
    return True


class StrictJSONParser(JSONParser):
    """Answer 400 to JSON that cannot be read, or not be written again."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read the body; half a surrogate pair or 1e999 would break each later read."""
        try:
            value = super().parse(stream, media_type, parser_context)
            sound = storable(value)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
        if not sound:
            raise ParseError("JSON parse error - a value cannot be represented")
        return value


class ScimJSONParser(StrictJSONParser):
    """Read `application/scim+json` as JSON."""

    media_type = "application/scim+json"
