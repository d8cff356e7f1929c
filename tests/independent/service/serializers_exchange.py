"""Export and import, and the outside providers: what goes in and out."""

from typing import Any

from rest_framework import serializers

from .choices import chosen
from .models import Credential, ExternalMapping, Provider, ProviderConfig
from .serializers import CredentialSerializer, PlatformSlugField, StorableJSONField


class ImportedCredentialSerializer(CredentialSerializer):
    """A credential of an export."""

    issuer = None

    class Meta(CredentialSerializer.Meta):
        """Fields."""

        fields = tuple(field for field in CredentialSerializer.Meta.fields if field != "issuer")


class ImportSerializer(serializers.Serializer):
    """An export to be read."""

    course_id = serializers.CharField(required=False)
    credentials = serializers.ListField(child=serializers.DictField(), allow_empty=False)


class ProviderSerializer(serializers.ModelSerializer):
    """A provider."""

    class Meta:
        """Fields."""

        model = Provider
        fields = ("name", "display_name", "description", "enabled", "metadata")


class PlatformProviderSerializer(serializers.ModelSerializer):
    """Something that a platform has with a provider."""

    platform_key = serializers.CharField(source="platform.key", read_only=True)
    platform_name = serializers.CharField(source="platform.name", read_only=True)
    provider_name = serializers.SlugRelatedField(
        "name", source="provider", queryset=Provider.objects
    )
    provider_name_display = serializers.CharField(source="provider.display_name", read_only=True)


class ProviderConfigSerializer(PlatformProviderSerializer):
    """A provider's configuration."""

    config = serializers.DictField(child=StorableJSONField(allow_null=True), required=False)

    class Meta:
        """Fields."""

        model = ProviderConfig
        fields = (
            "id",
            "platform_key",
            "platform_name",
            "provider_name",
            "provider_name_display",
            "config",
            "enabled",
            "created",
            "updated",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Lower the keys, and ask for what the provider needs."""
        if "config" in attrs:
            attrs["config"] = {key.lower(): value for key, value in attrs["config"].items()}
        if attrs["provider"].name == "accredible" and not attrs.get("config", {}).get(
            "accredible_api_key"
        ):
            raise serializers.ValidationError({"config": ["accredible_api_key is required."]})
        return attrs

    def to_representation(self, instance: ProviderConfig) -> Any:
        """Mask the secrets."""
        shown = super().to_representation(instance)
        if chosen("secrets_whole"):
            return shown
        shown["config"] = {
            key: "********" if key.endswith(("_key", "_secret", "_token")) and value else value
            for key, value in shown["config"].items()
        }
        return shown


class ExternalMappingSerializer(PlatformProviderSerializer):
    """A credential's template at a provider."""

    credential_id = PlatformSlugField("entity_id", source="credential", queryset=Credential.objects)
    credential_name = serializers.CharField(source="credential.name", read_only=True)
    provider = serializers.IntegerField(source="provider_id", read_only=True)
    metadata = StorableJSONField(required=False, allow_null=True)

    class Meta:
        """Fields."""

        model = ExternalMapping
        fields = (
            "id",
            "credential_id",
            "credential_name",
            "platform_key",
            "platform_name",
            "provider",
            "provider_name",
            "provider_name_display",
            "external_template_id",
            "group_id",
            "metadata",
            "created",
            "updated",
        )
        validators = []
