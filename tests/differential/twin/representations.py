"""What is written into an answer."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from tests.differential.twin.models import Assertion, Credential, Image, Issuer, Signatory


def absolute_image(request: Request, image: Image | None, address: str | None) -> str | None:
    """Return the address of an image of the gallery, or else the address that was stored."""
    if image is not None:
        return request.build_absolute_uri(f"/__mock__/images/{image.file}")
    return address


class SignatoryRepresentation(serializers.Serializer):
    """Who signs."""

    entityId = serializers.CharField(source="entity_id")  # noqa: N815
    name = serializers.CharField()
    title = serializers.CharField()
    signature = serializers.SerializerMethodField()

    def get_signature(self, signatory: Signatory) -> str:
        """Return the address of the signature's image, made absolute if it is a path."""
        if signatory.signature.startswith("/"):
            return self.context["request"].build_absolute_uri(signatory.signature)
        return signatory.signature


class IssuerRepresentation(serializers.Serializer):
    """An issuer, alone and inside a credential."""

    name = serializers.CharField()
    org = serializers.CharField(source="platform.key")
    entityId = serializers.CharField(source="entity_id")  # noqa: N815
    signatories = SignatoryRepresentation(many=True)
    url = serializers.SerializerMethodField()
    iconImage = serializers.SerializerMethodField()  # noqa: N815
    allowed_template_tags = serializers.JSONField()

    def get_url(self, issuer: Issuer) -> str:
        """Return the issuer's address; the contract has no null here."""
        return issuer.url or ""

    def get_iconImage(self, issuer: Issuer) -> str | None:  # noqa: N802
        """Return the address of the issuer's image."""
        return absolute_image(self.context["request"], issuer.icon_image, issuer.icon_image_url)


class ImageAddress(serializers.Field):
    """The address of one image of a credential."""

    def __init__(self, slot: str) -> None:
        self.slot = slot
        super().__init__(read_only=True, source="*")

    def to_representation(self, value: Credential) -> str | None:
        """Return the address."""
        image = getattr(value, f"{self.slot}_image")
        address = getattr(value, f"{self.slot}_image_url")
        return absolute_image(self.context["request"], image, address)


class Related(serializers.Field):
    """The names and ids of a credential's courses, programs or pathways."""

    def __init__(self, id_field: str) -> None:
        self.id_field = id_field
        super().__init__(read_only=True, source="*")

    def to_representation(self, value: Credential) -> list[dict[str, Any]]:
        """Return one object for each of them."""
        return [
            {"name": item.name, self.id_field: getattr(item, self.id_field)}
            for item in value.in_sent_order(self.field_name)
        ]


class CredentialRepresentation(serializers.Serializer):
    """A credential, with every field always present."""

    entityId = serializers.CharField(source="entity_id")  # noqa: N815
    name = serializers.CharField()
    name_override = serializers.CharField()
    description = serializers.CharField()
    criteriaUrl = serializers.CharField(source="criteria_url")  # noqa: N815
    criteriaNarrative = serializers.CharField(source="criteria_narrative")  # noqa: N815
    createdAt = serializers.DateTimeField(source="created_at")  # noqa: N815
    iconImage = ImageAddress("icon")  # noqa: N815
    backgroundImage = ImageAddress("background")  # noqa: N815
    thumbnailImage = ImageAddress("thumbnail")  # noqa: N815
    icon_image_id = serializers.IntegerField()
    background_image_id = serializers.IntegerField()
    thumbnail_image_id = serializers.IntegerField()
    catalog_items = serializers.JSONField()
    courses = Related("course_id")
    programs = Related("program_id")
    pathways = Related("pathway_id")
    issuerDetails = IssuerRepresentation(source="issuer")  # noqa: N815
    html_template = serializers.CharField()
    css_template = serializers.CharField()
    metadata = serializers.JSONField()
    credentialType = serializers.CharField(source="credential_type")  # noqa: N815
    expires = serializers.JSONField()
    tags = serializers.JSONField()
    signatories = SignatoryRepresentation(many=True)
    signal = serializers.CharField()


class RecipientRepresentation(serializers.Serializer):
    """Who holds an assertion."""

    username = serializers.CharField()
    name = serializers.CharField()


class AssertionRepresentation(serializers.Serializer):
    """A credential that somebody was given."""

    entityId = serializers.CharField(source="entity_id")  # noqa: N815
    issuedOn = serializers.DateTimeField(source="issued_on")  # noqa: N815
    credentialDetails = CredentialRepresentation(source="credential")  # noqa: N815
    recipient = RecipientRepresentation()
    metadata = serializers.JSONField()
    course = serializers.SerializerMethodField()
    program = serializers.SerializerMethodField()
    narrative = serializers.CharField()
    revoked = serializers.BooleanField()
    revocationReason = serializers.CharField(source="revocation_reason")  # noqa: N815
    acceptance = serializers.CharField()
    expires = serializers.DateTimeField()

    def get_course(self, assertion: Assertion) -> dict[str, str] | None:
        """Return the course that it was earned with."""
        course = assertion.course
        return course and {"name": course.name, "course_id": course.course_id}

    def get_program(self, assertion: Assertion) -> dict[str, str] | None:
        """Return the program that it was earned with."""
        program = assertion.program
        return program and {"name": program.name, "program_id": program.program_id}
