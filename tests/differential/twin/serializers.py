"""What is read from a body."""

import copy
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.fields import empty

from tests.differential.twin import clock
from tests.differential.twin.fields import (
    KeyOnPlatform,
    ObjectFromForm,
    ReferenceList,
    SlugOnPlatform,
    TextList,
)
from tests.differential.twin.models import (
    COURSE_COMPLETED,
    COURSE_PASSED,
    IMAGE_SLOTS,
    PERIODS,
    Assertion,
    Course,
    Credential,
    Image,
    Issuer,
    Pathway,
    Platform,
    Program,
    Signatory,
    User,
    issuers_by_name,
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
ORIGINS = ("course", "catalog_item", "program", "pathway")
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


def optional_reference(model: type, slug_field: str) -> SlugOnPlatform:
    """Return an optional reference by a public id."""
    return SlugOnPlatform(
        slug_field=slug_field, queryset=model.objects, required=False, allow_null=True
    )


def optional_references(model: type, slug_field: str) -> ReferenceList:
    """Return an optional list of references by a public id."""
    child = SlugOnPlatform(slug_field=slug_field, queryset=model.objects)
    return ReferenceList(child_relation=child, required=False)


class ExpiresBody(ObjectFromForm, serializers.Serializer):
    """How long a credential holds."""

    amount = serializers.IntegerField(
        required=False, allow_null=True, min_value=-2147483648, max_value=2147483647
    )
    duration = serializers.ChoiceField(PERIODS, required=False, allow_null=True)


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
    """The body of an issuer's creation and, with `partial`, of its update."""

    name = serializers.CharField(max_length=255)
    iconImage = optional_url()  # noqa: N815
    email = serializers.EmailField(required=False, allow_null=True, max_length=254)
    url = optional_url()
    allowed_template_tags = TextList(required=False, allow_null=True)

    def create(self, validated_data: dict[str, Any]) -> Issuer:
        """Store a new issuer."""
        return self.update(Issuer(platform=self.context["platform"]), validated_data)

    def update(self, instance: Issuer, validated_data: dict[str, Any]) -> Issuer:
        """Change what was sent, and nothing else."""
        changes = dict(validated_data)
        if "iconImage" in changes:
            instance.icon_image = None
            instance.icon_image_url = changes.pop("iconImage")
        for name, value in changes.items():
            setattr(instance, name, value)
        instance.save()
        return instance


class ThisPlatform(serializers.SlugRelatedField):
    """A reference to the platform of the request, and to no other."""

    def get_queryset(self) -> Any:
        """Return the one candidate."""
        return super().get_queryset().filter(pk=self.context["platform"].pk)

    def to_internal_value(self, data: Any) -> Any:
        """Return the platform by its key, or by its `org`."""
        platform = self.context["platform"]
        return super().to_internal_value(platform.key if data == platform.org else data)


class AuthorityBody(serializers.Serializer):
    """The body that adds a signatory."""

    name = serializers.CharField(max_length=254)
    title = serializers.CharField(max_length=254)
    signature = serializers.URLField(max_length=200)
    org = ThisPlatform(slug_field="key", queryset=Platform.objects, required=False, allow_null=True)
    entityId = optional_reference(Issuer, "entity_id")  # noqa: N815
    credential = optional_reference(Credential, "entity_id")

    def create(self, validated_data: dict[str, Any]) -> Signatory:
        """Store the signatory with what it joins."""
        sent = dict(validated_data)
        sent.pop("org", None)
        issuer, credential = sent.pop("entityId", None), sent.pop("credential", None)
        if credential is not None:
            return Signatory.objects.create(credential=credential, **sent)
        if issuer is None:
            issuer = get_object_or_404(issuers_by_name(self.context["platform"])[:1])
        return Signatory.objects.create(issuer=issuer, **sent)


class AssertionsQuery(serializers.Serializer):
    """What a user's list of assertions may be asked for."""

    course = serializers.CharField(required=False)
    include_revoked = serializers.BooleanField(default=False)
    include_expired = serializers.BooleanField(default=False)
    exclude_main_tenant_assertions = serializers.BooleanField(default=False)
    page = serializers.IntegerField(min_value=1, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=1000, default=10)


class OriginBody(serializers.Serializer):
    """What an assertion was earned with."""

    course = optional_reference(Course, "course_id")
    catalog_item = serializers.CharField(required=False, allow_null=True, max_length=255)
    program = optional_reference(Program, "program_id")
    program_id = optional_reference(Program, "program_id")
    pathway = optional_reference(Pathway, "pathway_id")
    pathway_id = optional_reference(Pathway, "pathway_id")
    metadata = serializers.JSONField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Bring both spellings together, and take one origin at most."""
        errors = {}
        for canonical in ("program", "pathway"):
            other = f"{canonical}_id"
            value = attrs.pop(other, empty)
            if value is not empty and attrs.setdefault(canonical, value) != value:
                errors[canonical] = [SENT_TWICE.format(canonical=canonical, other=other)]
        if errors:
            raise serializers.ValidationError(errors)
        self.require_item(attrs)
        return attrs

    def require_item(self, attrs: dict[str, Any]) -> None:
        """Refuse an issue without exactly one item that the credential is attached to."""
        credential: Credential = self.context["credential"]
        sent = [name for name in ORIGINS if attrs.get(name) is not None]
        if len(sent) != 1:
            text = f"Exactly one of {', '.join(ORIGINS)} is required."
            raise serializers.ValidationError(text)
        name, item = sent[0], attrs[sent[0]]
        attached = (
            item in credential.catalog_items
            if name == "catalog_item"
            else getattr(credential, f"{name}s").filter(pk=item.pk).exists()
        )
        if not attached:
            text = f"The credential is not attached to this {name.replace('_', ' ')}."
            raise serializers.ValidationError({name: text})

    def issue(self, recipient: User, said: dict[str, Any]) -> Assertion:
        """Store an assertion of the credential at hand."""
        credential: Credential = self.context["credential"]
        now = clock.now()
        return Assertion.objects.create(
            credential=credential,
            recipient=recipient,
            issued_on=now,
            expires=credential.end_of_validity(now),
            **said,
        )


class RecipientBody(ObjectFromForm, serializers.Serializer):
    """Whom a credential is issued to."""

    identity = SlugOnPlatform(slug_field="username", queryset=User.objects)
    email = serializers.EmailField(required=False, allow_null=True, max_length=254)


class AssertionBody(OriginBody):
    """The body that issues a credential to a user."""

    recipient = RecipientBody()

    def create(self, validated_data: dict[str, Any]) -> Assertion:
        """Issue it."""
        said = dict(validated_data)
        return self.issue(said.pop("recipient")["identity"], said)


class BulkAssertionBody(OriginBody):
    """The body that issues a credential to several users."""

    users = ReferenceList(
        child_relation=SlugOnPlatform(slug_field="username", queryset=User.objects)
    )

    def create(self, validated_data: dict[str, Any]) -> dict[str, list[str]]:
        """Issue it to the users who do not hold it."""
        said = dict(validated_data)
        result: dict[str, list[str]] = {"skipped": [], "issued": []}
        for user in dict.fromkeys(said.pop("users")):
            if self.context["credential"].is_held_by(user):
                result["skipped"].append(user.username)
            else:
                self.issue(user, said)
                result["issued"].append(user.username)
        return result


class RevocationBody(serializers.Serializer):
    """The body that revokes an assertion, or takes that back."""

    revoked = serializers.BooleanField(required=False)
    revocationReason = optional_text()  # noqa: N815

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for a reason."""
        revoked = attrs.get("revoked", self.instance.revoked)
        reason = attrs.get("revocationReason", self.instance.revocation_reason)
        if revoked and not reason:
            required = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError({"revocationReason": [required]})
        return {"revoked": revoked, "reason": reason if revoked else None}

    def update(self, instance: Assertion, validated_data: dict[str, Any]) -> Assertion:
        """Store the revocation with its reason, or neither."""
        instance.revoked = validated_data["revoked"]
        instance.revocation_reason = validated_data["reason"]
        instance.save()
        return instance
