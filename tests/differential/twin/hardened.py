"""What a careful team adds to the framework, so that a deployment keeps all of the contract.

The bare twin shows what the framework does by itself. By itself it fails on a body nested without
end and on half a surrogate pair.
"""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import JSONField
from rest_framework.utils import json

from tests.differential.twin.defects.defect import redeclare
from tests.differential.twin.serializers import AssertionBody, BulkAssertionBody, CredentialBody
from tests.differential.twin.views import ServiceView


class BoundedJSONParser(JSONParser):
    """The framework's parser, which refuses what is nested without end."""

    def parse(self, *arguments: Any, **options: Any) -> Any:
        """Return what a body says."""
        try:
            return super().parse(*arguments, **options)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class ScimParser(BoundedJSONParser):
    """The fourth media type of bodies since release 4.90, which is read as JSON."""

    media_type = "application/scim+json"


class ReplacingJSONRenderer(JSONRenderer):
    """The framework's renderer, which replaces half a surrogate pair that a message repeats."""

    def render(self, *arguments: Any, **options: Any) -> bytes:
        """Return the body of an answer."""
        try:
            return super().render(*arguments, **options)
        except UnicodeEncodeError:
            self.ensure_ascii = True
            value = json.loads(super().render(*arguments, **options))
            return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class SendableJSON(JSONField):
    """Any JSON that an answer can carry: no half of a surrogate pair, no endless nesting."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the value that was sent."""
        try:
            value = super().to_internal_value(data)
            json.dumps(value, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            self.fail("invalid")
        return value


def harden() -> None:
    """Harden the twin of this process."""
    others = ServiceView.parser_classes[1:]
    ServiceView.parser_classes = [BoundedJSONParser, *others, ScimParser]
    ServiceView.renderer_classes = [ReplacingJSONRenderer]
    for body in (CredentialBody, AssertionBody, BulkAssertionBody):
        redeclare(body, metadata=SendableJSON(required=False, allow_null=True))
