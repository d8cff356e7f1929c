"""The fields that credentials and assertions have under the names of the API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mockserver.world.letters import to_upper
from mockserver.world.records import SEPARATOR, Fields

IMAGE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "iconImage": "icon_image_id",
        "backgroundImage": "background_image_id",
        "thumbnailImage": "thumbnail_image_id",
    }
)
"""The fields that show an image, each with the field that names it."""
CREDENTIAL_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "name_override": None,
        "description": None,
        "criteriaUrl": None,
        "criteriaNarrative": None,
        **dict.fromkeys(IMAGE_FIELDS),
        **dict.fromkeys(IMAGE_FIELDS.values()),
        "catalog_items": (),
        "courses": (),
        "programs": (),
        "pathways": (),
        "html_template": None,
        "css_template": None,
        "metadata": None,
        "expires": MappingProxyType({"amount": None, "duration": None}),
        "tags": None,
    }
)
"""The fields of a credential that was created with none of them."""
ASSERTION_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "revocationReason": None,
        "acceptance": "Unaccepted",
        "narrative": None,
        "metadata": None,
        "course": None,
        "program": None,
        "pathway": None,
        "catalog_item": None,
    }
)
"""The fields of an assertion that was issued with none of them."""


def freeze(fields: Mapping[str, Any]) -> Fields:
    """Return fields that do not change, nor do the lists and objects that they hold.

    Only what lies deeper inside of `metadata` stays as the client sent it.
    """
    frozen = dict(fields)
    for name, value in fields.items():
        if type(value) is list or type(value) is dict:
            frozen[name] = freeze_value(value)
    return MappingProxyType(frozen)


def freeze_value(value: Any) -> Any:
    """Return the value of a field as it is kept; what lies deeper stays as it is."""
    if type(value) is list:
        return tuple(value)
    return MappingProxyType(value) if type(value) is dict else value


def thaw(fields: Fields) -> dict[str, Any]:
    """Return fields as plain JSON, a copy."""
    return {name: thaw_value(value) for name, value in fields.items()}


def thaw_value(value: Any) -> Any:
    """Return the value of a field as plain JSON."""
    if type(value) is tuple:
        return list(value)
    return dict(value) if type(value) is MappingProxyType else value


def build_searchable_text(fields: Mapping[str, Any]) -> str:
    """Return the texts in upper case of a credential that a search looks through."""
    texts = (fields["name"], fields["name_override"], fields["description"])
    return SEPARATOR.join(to_upper(text) for text in texts if text)
