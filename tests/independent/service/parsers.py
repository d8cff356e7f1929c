"""Parsers of request bodies."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class DepthLimitedJSONParser(JSONParser):
    """Answer 400 to JSON that is nested too deeply to be read."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read the body, and take the end of the stack for a client's fault."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class ScimJSONParser(DepthLimitedJSONParser):
    """Read `application/scim+json` as JSON."""

    media_type = "application/scim+json"
