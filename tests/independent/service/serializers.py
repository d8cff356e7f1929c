"""What goes in and out."""

import json
from typing import Any

from django.core.validators import FileExtensionValidator
from rest_framework import serializers

from .choices import chosen
from .models import (
    Course,
    Credential,
    Issuer,
    Pathway,
    Program,
    Signatory,
    UploadedImage,
)
from .parsers import storable

SPELLINGS = {
    "credential_type": "credentialType",
    "criteria_url": "criteriaUrl",
    "criteria_text": "criteriaNarrative",
    "issuing_signal": "signal",
    "icon_image": "iconImage",
    "background_image": "backgroundImage",
    "thumbnail_image": "thumbnailImage",
}
validate_image_file_extension = FileExtensionValidator(["png", "jpg", "jpeg", "gif"])
LISTS = ("courses", "programs", "pathways", "tags")
PICTURE = ((b"\x89PNG\r\n", b"IEND"), (b"\xff\xd8\xff", b"\xff\xd9"), (b"GIF8", b";"))
PICTURES = ("icon_image", "background_image", "thumbnail_image")


def decoded(form: Any) -> dict[str, Any]:
    """Read the fields of a form that are JSON text."""
    plain = {}
    for name in form:
        values = form.getlist(name)
        value = values if len(values) > 1 or name in LISTS else values[0]
        if isinstance(values[0], str) and values[0][:1] in ("{", "["):
            try:
                value = json.loads(values[0])
            except ValueError:
                value = values[0]
        plain[name] = value
    return plain


class StorableJSONField(serializers.JSONField):
    """JSON that the database and the renderer both take."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what would break the next read."""
        value = super().to_internal_value(data)
        try:
            valid = storable(value)
        except RecursionError:
            valid = False
        if not valid:
            self.fail("invalid")
        return value


class SignatorySerializer(serializers.ModelSerializer):
    """A signatory."""

    entityId = serializers.CharField(source="entity_id", read_only=True)

    class Meta:
        """Fields."""

        model = Signatory
        fields = ("entityId", "name", "title", "signature")


class AuthoritySerializer(serializers.ModelSerializer):
    """A signatory to be added, and where."""

    org = serializers.CharField(required=False, allow_null=True, write_only=True)
    entityId = serializers.CharField(required=False, allow_null=True, write_only=True)
    credential = serializers.CharField(required=False, allow_null=True, write_only=True)

    class Meta:
        """Fields."""

        model = Signatory
        fields = ("name", "title", "signature", "org", "entityId", "credential")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the issuer or the credential that is named."""
        org, issuer = attrs.pop("org", None), attrs.pop("entityId", None)
        credential = attrs.pop("credential", None)
        issuers = Issuer.objects.filter(platform=self.context["view"].platform)
        if credential:
            owner = Credential.objects.filter(
                platform=self.context["view"].platform, entity_id=credential
            ).first()
            name, value, key = "credential", credential, "credential"
        elif issuer:
            owner = issuers.filter(entity_id=issuer).first()
            name, value, key = "entityId", issuer, "issuer"
        else:
            if org:
                issuers = issuers.filter(platform__org=org) | issuers.filter(platform__key=org)
            owner = issuers.order_by("-is_default", "pk").first()
            name, value, key = "org", org, "issuer"
        if owner is None:
            raise serializers.ValidationError(
                {name: [f"Object with {name}={value} does not exist."]}
            )
        return {**attrs, key: owner}


class IssuerSerializer(serializers.ModelSerializer):
    """An issuer."""

    org = serializers.CharField(source="platform.org", read_only=True)
    entityId = serializers.CharField(source="entity_id", read_only=True)
    iconImage = serializers.URLField(
        source="icon_image", required=False, allow_null=True, max_length=200
    )
    signatories = SignatorySerializer(many=True, read_only=True)
    allowed_template_tags = StorableJSONField(required=False, allow_null=True)

    class Meta:
        """Fields."""

        model = Issuer
        fields = (
            "name",
            "org",
            "entityId",
            "signatories",
            "url",
            "iconImage",
            "allowed_template_tags",
            "email",
        )
        extra_kwargs = {"email": {"write_only": True}}


class ExpiresSerializer(serializers.Serializer):
    """How long an assertion lasts."""

    amount = serializers.IntegerField(
        source="expires_amount",
        allow_null=True,
        required=False,
        min_value=-(2**31),
        max_value=2**31 - 1,
    )
    duration = serializers.ChoiceField(
        source="expires_duration",
        choices=Credential.Duration.choices,
        allow_null=True,
        required=False,
    )


class CourseSerializer(serializers.ModelSerializer):
    """A course by name and id."""

    class Meta:
        """Fields."""

        model = Course
        fields = ("name", "course_id")


class ProgramSerializer(serializers.ModelSerializer):
    """A programme by name and id."""

    class Meta:
        """Fields."""

        model = Program
        fields = ("name", "program_id")


class PathwaySerializer(serializers.ModelSerializer):
    """A pathway by name and id."""

    class Meta:
        """Fields."""

        model = Pathway
        fields = ("name", "pathway_id")


class PlatformSlugField(serializers.SlugRelatedField):
    """A reference to something of the platform."""

    def get_queryset(self) -> Any:
        """Look on the view's platform only."""
        return super().get_queryset().filter(platform=self.context["view"].platform)


class CatalogueField(PlatformSlugField):
    """A reference to the catalogue, answered as an object."""

    def __init__(self, serializer: type[serializers.Serializer], **options: Any) -> None:
        self.serializer = serializer
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        """Take the id, or the object that a read gave."""
        if isinstance(data, dict) and self.slug_field in data:
            data = data[self.slug_field]
        if chosen("catalogue_open") and isinstance(data, str):
            model = self.get_queryset().model
            platform = self.context["view"].platform
            defaults = {"name": data, "platform": platform}
            model.objects.get_or_create(**{self.slug_field: data}, defaults=defaults)
        return super().to_internal_value(data)

    def to_representation(self, value: Any) -> Any:
        """Return name and id."""
        return self.serializer(value).data

    def get_choices(self, cutoff: int | None = None) -> dict[str, str]:
        """Return what a form of the browsable API offers: its keys must be hashable."""
        found = self.get_queryset()[:cutoff]
        return {getattr(item, self.slug_field): item.name for item in found}

    def use_pk_only_optimization(self) -> bool:
        """Ask for the whole object."""
        return False


class CredentialSerializer(serializers.ModelSerializer):
    """A credential, in the spelling of the clients, read in both."""

    entityId = serializers.CharField(source="entity_id", read_only=True)
    criteriaUrl = serializers.URLField(
        source="criteria_url", required=False, allow_null=True, allow_blank=True, max_length=2000
    )
    criteriaNarrative = serializers.CharField(
        source="criteria_narrative", required=False, allow_null=True, allow_blank=True
    )
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    iconImage = serializers.URLField(
        source="icon_image_url", required=False, allow_null=True, max_length=2000
    )
    icon_image_id = serializers.PrimaryKeyRelatedField(
        source="icon_image", queryset=UploadedImage.objects, required=False, allow_null=True
    )
    backgroundImage = serializers.URLField(
        source="background_image_url", required=False, allow_null=True, max_length=2000
    )
    background_image_id = serializers.PrimaryKeyRelatedField(
        source="background_image", queryset=UploadedImage.objects, required=False, allow_null=True
    )
    thumbnailImage = serializers.URLField(
        source="thumbnail_image_url", required=False, allow_null=True, max_length=2000
    )
    thumbnail_image_id = serializers.PrimaryKeyRelatedField(
        source="thumbnail_image", queryset=UploadedImage.objects, required=False, allow_null=True
    )
    catalog_items = serializers.SlugRelatedField("item_id", many=True, read_only=True)
    courses = CatalogueField(
        CourseSerializer,
        slug_field="course_id",
        queryset=Course.objects,
        many=True,
        required=False,
    )
    programs = CatalogueField(
        ProgramSerializer,
        slug_field="program_id",
        queryset=Program.objects,
        many=True,
        required=False,
    )
    pathways = CatalogueField(
        PathwaySerializer,
        slug_field="pathway_id",
        queryset=Pathway.objects,
        many=True,
        required=False,
    )
    issuer = PlatformSlugField("entity_id", queryset=Issuer.objects, write_only=True)
    issuerDetails = IssuerSerializer(source="issuer", read_only=True)
    metadata = StorableJSONField(required=False, allow_null=True)
    credentialType = serializers.CharField(source="credential_type", required=False, max_length=255)
    expires = ExpiresSerializer(source="*", required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    signatories = serializers.SerializerMethodField()
    public = serializers.BooleanField(default=True, write_only=True)

    class Meta:
        """Fields."""

        model = Credential
        fields = (
            "entityId",
            "name",
            "name_override",
            "description",
            "criteriaUrl",
            "criteriaNarrative",
            "createdAt",
            "iconImage",
            "icon_image_id",
            "backgroundImage",
            "background_image_id",
            "thumbnailImage",
            "thumbnail_image_id",
            "catalog_items",
            "courses",
            "programs",
            "pathways",
            "issuer",
            "issuerDetails",
            "html_template",
            "css_template",
            "metadata",
            "credentialType",
            "expires",
            "tags",
            "signatories",
            "signal",
            "public",
        )

    def get_signatories(self, credential: Credential) -> Any:
        """Return the credential's own signatories, else the issuer's."""
        own = credential.signatories.all() or credential.issuer.signatories.all()
        return SignatorySerializer(own, many=True).data

    def to_internal_value(self, data: Any) -> Any:
        """Read the narrative's spelling where the clients' is absent."""
        if hasattr(data, "keys"):
            data = data.copy()
            if chosen("json_in_forms") and hasattr(data, "getlist"):
                data = decoded(data)
            for narrative, client in SPELLINGS.items():
                if narrative in data and client not in data:
                    data[client] = data[narrative]
        return super().to_internal_value(data)

    def to_representation(self, credential: Credential) -> Any:
        """Show the address of a picture that was uploaded here."""
        shown = super().to_representation(credential)
        request = self.context.get("request")
        for picture, name in zip(
            PICTURES, ("iconImage", "backgroundImage", "thumbnailImage"), strict=True
        ):
            uploaded = getattr(credential, picture)
            if uploaded is not None:
                url = uploaded.image.url
                shown[name] = request.build_absolute_uri(url) if request else url
        if chosen("unknown_fields"):
            shown["internal"] = {"revision": credential.pk, "flags": []}
        if chosen("shows_public"):
            shown["public"] = credential.public
        return dict(reversed(shown.items())) if chosen("own_order") else shown

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Let the later way to name a picture replace the earlier."""
        for picture in PICTURES:
            if attrs.get(picture):
                attrs[f"{picture}_url"] = None
            elif attrs.get(f"{picture}_url"):
                attrs[picture] = None
        return attrs

    def update(self, instance: Credential, validated_data: dict[str, Any]) -> Credential:
        """Merge metadata, replace the rest."""
        new = validated_data.get("metadata")
        if isinstance(new, dict) and isinstance(instance.metadata, dict):
            validated_data["metadata"] = {**instance.metadata, **new}
        return super().update(instance, validated_data)


class ImageSerializer(serializers.ModelSerializer):
    """A picture."""

    class Meta:
        """Fields."""

        model = UploadedImage
        fields = ("id", "name", "image")
        extra_kwargs = {"image": {"validators": [validate_image_file_extension]}}

    def validate_image(self, file: Any) -> Any:
        """Take what begins as a picture does."""
        content = file.read()
        file.seek(0)
        known = any(content.startswith(start) and end in content[-12:] for start, end in PICTURE)
        if not known:
            raise serializers.ValidationError(
                "Upload a valid image. The file you uploaded was either not an image "
                "or a corrupted image."
            )
        return file
