"""Assertions, assignments and analytics: what goes in and out."""

from typing import Any

from rest_framework import serializers

from .choices import chosen
from .models import Assertion, Credential
from .serializers import (
    CourseSerializer,
    CredentialSerializer,
    PlatformSlugField,
    ProgramSerializer,
    StorableJSONField,
)


class RecipientSerializer(serializers.Serializer):
    """Who holds an assertion."""

    username = serializers.CharField()
    name = serializers.CharField(source="get_full_name")


class AssertionSerializer(serializers.ModelSerializer):
    """An assertion."""

    entityId = serializers.CharField(source="entity_id", read_only=True)
    issuedOn = serializers.DateTimeField(source="issued_on", read_only=True)
    credentialDetails = CredentialSerializer(source="credential", read_only=True)
    recipient = RecipientSerializer(read_only=True)
    course = CourseSerializer(read_only=True)
    program = ProgramSerializer(read_only=True)
    revocationReason = serializers.CharField(
        source="revocation_reason", required=False, allow_null=True, allow_blank=True
    )

    class Meta:
        """Fields."""

        model = Assertion
        fields = (
            "entityId",
            "issuedOn",
            "credentialDetails",
            "recipient",
            "metadata",
            "course",
            "program",
            "narrative",
            "revoked",
            "revocationReason",
            "acceptance",
            "expires",
        )
        read_only_fields = ("metadata", "narrative", "acceptance", "expires")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for a reason to revoke; forget it when the assertion is restored."""
        if attrs.get("revoked") and not attrs.get("revocation_reason"):
            raise serializers.ValidationError({"revocationReason": ["This field is required."]})
        if attrs.get("revoked") is False:
            attrs["revocation_reason"] = None
        return attrs


class ItemSerializer(serializers.Serializer):
    """One of the items of a credential."""

    course = serializers.CharField(required=False)
    catalog_item = serializers.CharField(required=False)
    program = serializers.CharField(required=False)
    program_id = serializers.CharField(required=False)
    pathway = serializers.CharField(required=False)
    pathway_id = serializers.CharField(required=False)
    metadata = StorableJSONField(required=False, allow_null=True)

    LOOKUPS = {
        "course": ("course", "courses", "course_id"),
        "catalog_item": ("catalog_item", "catalog_items", "item_id"),
        "program": ("program", "programs", "program_id"),
        "program_id": ("program", "programs", "program_id"),
        "pathway": ("pathway", "pathways", "pathway_id"),
        "pathway_id": ("pathway", "pathways", "pathway_id"),
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the item among those of the credential."""
        credential = self.context["credential"]
        named = [field for field in self.LOOKUPS if field in attrs]
        if not named and not chosen("item_optional"):
            raise serializers.ValidationError(
                "Name a course, a program, a pathway or a catalog item."
            )
        for field in named:
            target, relation, slug = self.LOOKUPS[field]
            item = getattr(credential, relation).filter(**{slug: attrs.pop(field)}).first()
            if item is None:
                raise serializers.ValidationError(
                    {field: ["The credential is not attached to it."]}
                )
            attrs[target] = item
        return attrs


class IssueRecipientSerializer(serializers.Serializer):
    """To whom to issue."""

    identity = serializers.CharField()
    email = serializers.EmailField(required=False, allow_null=True)


class IssueSerializer(ItemSerializer):
    """What issuing asks for."""

    recipient = IssueRecipientSerializer()


class BulkSerializer(ItemSerializer):
    """What issuing to many asks for."""

    users = serializers.ListField(child=serializers.CharField(), allow_empty=False)


class AssertionQuerySerializer(serializers.Serializer):
    """The declared parameters of the assertions list."""

    course = serializers.CharField(required=False)
    include_revoked = serializers.BooleanField(default=False)
    include_expired = serializers.BooleanField(default=False)
    exclude_main_tenant_assertions = serializers.BooleanField(default=False)
    page = serializers.IntegerField(required=False, min_value=1)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=1000)


class RangeSerializer(serializers.Serializer):
    """The parameters of the analytics."""

    start_date = serializers.DateField(required=False)
    end_date = serializers.DateField(required=False)
    department_id = serializers.IntegerField(required=False)
    include_main_platform = serializers.BooleanField(default=True)


class UserAssignmentSerializer(serializers.Serializer):
    """Users to assign a credential to."""

    credential_id = PlatformSlugField("entity_id", queryset=Credential.objects)
    user_ids = serializers.ListField(child=serializers.IntegerField(), allow_empty=False)


class GroupAssignmentSerializer(serializers.Serializer):
    """Groups to assign a credential to."""

    credential_id = PlatformSlugField("entity_id", queryset=Credential.objects)
    group_ids = serializers.ListField(child=serializers.CharField(), allow_empty=False)
