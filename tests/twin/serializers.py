"""What is read from a body."""

import copy
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from tests.twin.fields import KeyOnPlatform, ObjectFromForm, ReferenceList, SlugOnPlatform, TextList
from tests.twin.models import (
    COURSE_COMPLETED,
    COURSE_PASSED,
    IMAGE_SLOTS,
    Course,
    Credential,
    Image,
    Issuer,
    Pathway,
    Program,
)

# The spelling of the narrative → the spelling that clients send and answers carry.
SPELLINGS = {
    "credential_type": "credentialType",
    "criteria_url": "criteriaUrl",
    "criteria_text": "criteriaNarrative",
    "issuing_signal": "signal",
    "icon_image": "iconImage",
    "background_image": "backgroundImage",
    "thumbnail_image": "thumbnailImage",
}
ATTRIBUTES = {
    "credentialType": "credential_type",
    "criteriaUrl": "criteria_url",
    "criteriaNarrative": "criteria_narrative",
}
RELATIONS = ("courses", "programs", "pathways")
SENT_TWICE = 'This field was sent twice, as "{canonical}" and as "{other}", with different values.'


def optional_text(**options: Any) -> serializers.CharField:
    """Return an optional text that may be blank or null."""
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, **options)


def optional_url() -> serializers.URLField:
    """Return an optional URL that may be null but not blank."""
    return serializers.URLField(required=False, allow_null=True)


def optional_image() -> KeyOnPlatform:
    """Return an optional reference to an image of the gallery."""
    return KeyOnPlatform(queryset=Image.objects, required=False, allow_null=True)


def optional_references(model: type, slug_field: str) -> ReferenceList:
    """Return an optional list of references by a public id."""
    child = SlugOnPlatform(slug_field=slug_field, queryset=model.objects)
    return ReferenceList(child_relation=child, required=False)


class ExpiresBody(ObjectFromForm, serializers.Serializer):
    """How long a credential holds."""

    amount = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2147483647
    )
    duration = serializers.CharField(required=False, allow_null=True, max_length=50)


class CredentialBody(serializers.Serializer):
    """The body of create and, with `partial`, of update."""

    name = serializers.CharField(max_length=1000)
    issuer = SlugOnPlatform(slug_field="entity_id", queryset=Issuer.objects)
    description = optional_text()
    name_override = optional_text(max_length=1000)
    criteriaUrl = optional_url()  # noqa: N815
    criteriaNarrative = optional_text()  # noqa: N815
    iconImage = optional_url()  # noqa: N815
    backgroundImage = optional_url()  # noqa: N815
    thumbnailImage = optional_url()  # noqa: N815
    icon_image_id = optional_image()
    background_image_id = optional_image()
    thumbnail_image_id = optional_image()
    html_template = optional_text()
    css_template = optional_text()
    metadata = serializers.JSONField(required=False, allow_null=True)
    credentialType = serializers.CharField(required=False, max_length=255)  # noqa: N815
    signal = serializers.ChoiceField([COURSE_PASSED, COURSE_COMPLETED], required=False)
    tags = TextList(required=False, allow_null=True)
    expires = ExpiresBody(required=False)
    public = serializers.BooleanField(default=True)  # without a default, a form without it is false
    courses = optional_references(Course, "course_id")
    programs = optional_references(Program, "program_id")
    pathways = optional_references(Pathway, "pathway_id")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Accept each field of two spellings under the other one too."""
        fields = super().get_fields()
        others = {other: copy.deepcopy(fields[name]) for other, name in SPELLINGS.items()}
        return fields | others

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Bring both spellings of a field together."""
        errors = {}
        for other, canonical in SPELLINGS.items():
            value = attrs.pop(other, empty)
            if value is empty:
                continue
            if attrs.setdefault(canonical, value) != value:
                errors[canonical] = [SENT_TWICE.format(canonical=canonical, other=other)]
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Credential:
        """Store a new credential."""
        credential = Credential(platform=self.context["platform"])
        return self.update(credential, validated_data)

    def update(self, instance: Credential, validated_data: dict[str, Any]) -> Credential:
        """Change what was sent, and nothing else."""
        changes = dict(validated_data)
        relations = {name: changes.pop(name) for name in RELATIONS if name in changes}
        for slot in IMAGE_SLOTS:
            change_image(instance, slot, changes)
        change_expires(instance, changes.pop("expires", {}))
        if "metadata" in changes:
            changes["metadata"] = merged_metadata(instance.metadata, changes["metadata"])
        if "issuer" in changes and changes["issuer"].pk != instance.issuer_id:
            instance.chosen_signatories = None
        for name, value in changes.items():
            setattr(instance, ATTRIBUTES.get(name, name), value)
        instance.save()
        for name, items in relations.items():
            instance.replace(name, items)
        return instance


def change_image(credential: Credential, slot: str, changes: dict[str, Any]) -> None:
    """Set one image from its id or its URL; the id wins unless it is null."""
    from_gallery = changes.pop(f"{slot}_image_id", empty)
    from_url = changes.pop(f"{slot}Image", empty)
    if from_gallery is empty and from_url is empty:
        return
    chosen = None if from_gallery is empty else from_gallery
    address = None if from_url is empty or chosen is not None else from_url
    setattr(credential, f"{slot}_image", chosen)
    setattr(credential, f"{slot}_image_url", address)


def change_expires(credential: Credential, sent: dict[str, Any]) -> None:
    """Set the parts of `expires` that were sent."""
    for part, value in sent.items():
        setattr(credential, f"expires_{part}", value)


def merged_metadata(old: Any, new: Any) -> Any:
    """Return both objects merged at their first level; anything else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    return new


class IssuerBody(serializers.Serializer):
    """The body of an issuer's creation."""

    name = serializers.CharField(max_length=255)
    iconImage = optional_url()  # noqa: N815
    email = serializers.EmailField(required=False, allow_null=True, max_length=254)
    url = optional_url()
    allowed_template_tags = TextList(required=False, allow_null=True)

    def create(self, validated_data: dict[str, Any]) -> Issuer:
        """Store a new issuer."""
        changes = dict(validated_data)
        icon_image_url = changes.pop("iconImage", None)
        return Issuer.objects.create(
            platform=self.context["platform"], icon_image_url=icon_image_url, **changes
        )
