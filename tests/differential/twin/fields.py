"""Fields that the framework offers, narrowed to the platform or opened to JSON text in forms."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.utils import json
from rest_framework.utils.html import is_html_input


def json_or_itself(value: Any) -> Any:
    """Return what a text says as JSON; another text, or an uploaded file, as it is."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


class OnPlatform:
    """A reference finds only what belongs to the platform of the request."""

    def get_queryset(self) -> QuerySet:
        """Return the candidates."""
        return super().get_queryset().filter(platform=self.context["platform"])


class SlugOnPlatform(OnPlatform, serializers.SlugRelatedField):
    """A reference by a public id."""


class KeyOnPlatform(OnPlatform, serializers.PrimaryKeyRelatedField):
    """A reference by the number of the row."""


class ListFromForm:
    """In a form, a list is its key repeated or one JSON array."""

    def get_value(self, dictionary: Mapping[str, Any]) -> Any:
        """Return the list that was sent."""
        value = super().get_value(dictionary)
        if is_html_input(dictionary) and isinstance(value, list) and len(value) == 1:
            sent = json_or_itself(value[0])
            return sent if isinstance(sent, list) else value
        return value


class TextList(ListFromForm, serializers.ListField):
    """A list of texts, none of them blank."""

    child = serializers.CharField()


class ReferenceList(ListFromForm, serializers.ManyRelatedField):
    """A list of references."""


class ObjectFromForm:
    """In a form, an object is JSON text, or the framework's own dotted keys."""

    def get_value(self, dictionary: Mapping[str, Any]) -> Any:
        """Return the object that was sent."""
        if is_html_input(dictionary) and self.field_name in dictionary:
            return json_or_itself(dictionary[self.field_name])
        return super().get_value(dictionary)
