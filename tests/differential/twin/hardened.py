"""What a careful team adds to the framework, so that a deployment keeps all of the contract.

The bare twin shows what the framework does by itself. By itself it fails on a body nested without
end and on half a surrogate pair, and over PostgreSQL on a NUL.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.http import Http404
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import JSONField, SlugRelatedField
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
    """Any JSON that a store and an answer can carry: no half of a surrogate pair, no NUL."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the value that was sent."""
        try:
            value = super().to_internal_value(data)
            json.dumps(value, ensure_ascii=False).encode()
            if connection.vendor == "postgresql" and "\0" in "".join(texts_in(value)):
                self.fail("invalid")
        except (UnicodeEncodeError, RecursionError):
            self.fail("invalid")
        return value


def texts_in(value: Any) -> Iterable[str]:
    """Yield each text of a JSON value, the names of objects too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def refuse_nul() -> None:
    """Find nothing by an id with a NUL, and refuse one in a query: PostgreSQL stores none."""
    original = ServiceView.initial

    def initial(self: ServiceView, request: Any, *arguments: Any, **ids: Any) -> None:
        if "\0" in "".join(map(str, ids.values())):
            raise Http404
        if "\0" in "".join(map(str, request.query_params.dict().values())):
            raise ValidationError(["Null characters are not allowed."])
        original(self, request, *arguments, **ids)

    ServiceView.initial = initial
    read = SlugRelatedField.to_internal_value

    def to_internal_value(self: SlugRelatedField, data: Any) -> Any:
        if isinstance(data, str) and "\0" in data:
            self.fail("does_not_exist", slug_name=self.slug_field, value=data)
        return read(self, data)

    SlugRelatedField.to_internal_value = to_internal_value


def harden() -> None:
    """Harden the twin of this process."""
    if connection.vendor == "postgresql":
        refuse_nul()
    others = ServiceView.parser_classes[1:]
    ServiceView.parser_classes = [BoundedJSONParser, ScimParser, *others]
    ServiceView.renderer_classes = [ReplacingJSONRenderer]
    for body in (CredentialBody, AssertionBody, BulkAssertionBody):
        redeclare(body, metadata=SendableJSON(required=False, allow_null=True))
