"""External providers of badges, how a platform uses them, and what its credentials are there.

FACTS.md, S15 to S17. Configurations and mappings are named by the body, also of a DELETE.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from mockserver.api.context import RequestContext, WriteContext
from mockserver.errors import NotFound, ValidationError
from mockserver.framework.fields import framework_type_name
from mockserver.framework.times import format_time
from mockserver.messages import Response
from mockserver.rendering.pages import render_described_page, render_envelope, render_status
from mockserver.world.fields import freeze_value, thaw_value
from mockserver.world.records import ExternalMapping, ProviderConfig
from mockserver.world.store import Store

REQUIRED_SETTINGS: Mapping[str, str] = {"accredible": "accredible_api_key"}
"""What the configuration of a provider must have, by the provider's name."""


def credentials_providers_retrieve(context: RequestContext) -> Response:
    """List the providers that are enabled, by name."""
    providers = sorted(context.store.providers.values(), key=attrgetter("name"))
    return _respond_with_page(
        context,
        (
            {
                "name": provider.name,
                "display_name": provider.display_name,
                "description": provider.description,
                "enabled": provider.enabled,
                "metadata": thaw_value(provider.metadata),
            }
            for provider in providers
            if provider.enabled
        ),
    )


def credentials_orgs_users_provider_config_retrieve(context: RequestContext) -> Response:
    """List the platform's configurations in the order of creation."""
    wanted = context.request.query.get("provider_name")
    configs = sorted(context.store.provider_configs.values(), key=attrgetter("id"))
    return _respond_with_page(
        context,
        (
            _describe_config(context.store, config)
            for config in configs
            if config.platform == context.platform.key and wanted in (None, "", config.provider)
        ),
    )


def credentials_orgs_users_provider_config_create(context: WriteContext) -> Response:
    """Configure a provider for the platform, or change what is sent of its configuration."""
    body = context.read_body()
    name = body["provider_name"]
    old = context.store.provider_configs.get((context.platform.key, name))
    settings = _read_settings(body, old)
    required = REQUIRED_SETTINGS.get(name)
    if required and not settings.get(required):
        raise ValidationError({"config": [f"{required} is required for {name}."]})
    config = ProviderConfig(
        id=old.id if old else context.transaction.next_sequence(),
        platform=context.platform.key,
        provider=name,
        config=MappingProxyType(settings),
        enabled=body.get("enabled", old.enabled if old else True),
        created=old.created if old else context.now,
        updated=context.now,
    )
    context.transaction.put_provider_config(config)
    return _respond_with_write(_describe_config(context.store, config), is_new=old is None)


def credentials_orgs_users_provider_config_destroy(context: WriteContext) -> Response:
    """Deactivate a configuration, which stays."""
    name = context.read_body()["provider_name"]
    old = context.store.provider_configs.get((context.platform.key, name))
    if old is None:
        raise NotFound.of("CredentialProviderConfig")
    config = replace(old, enabled=False, updated=context.now)
    context.transaction.put_provider_config(config)
    return render_envelope(_describe_config(context.store, config), "Deactivated")


def credentials_orgs_users_external_mapping_retrieve(context: RequestContext) -> Response:
    """List what the platform's credentials are at their providers, in the order of creation."""
    store, query = context.store, context.request.query
    credential_id, provider_name = query.get("credential_id"), query.get("provider_name")
    return _respond_with_page(
        context,
        (
            _describe_mapping(store, mapping)
            for mapping in store.list_external_mappings()
            if store.credentials[mapping.credential].platform == context.platform.key
            and credential_id in (None, "", mapping.credential)
            and provider_name in (None, "", mapping.provider)
        ),
    )


def credentials_orgs_users_external_mapping_create(context: WriteContext) -> Response:
    """Map a credential to a provider, or change what is sent of the mapping that is there."""
    body = context.read_body()
    key = body["credential_id"], body["provider_name"]
    old = context.store.external_mappings.get(key)
    template_id, group_id, metadata = (
        body.get(name, getattr(old, name, None))
        for name in ("external_template_id", "group_id", "metadata")
    )
    mapping = ExternalMapping(
        id=old.id if old else context.transaction.next_sequence(),
        credential=key[0],
        provider=key[1],
        external_template_id=template_id,
        group_id=group_id,
        metadata=freeze_value({} if old is None and metadata is None else metadata),
        created=old.created if old else context.now,
        updated=context.now,
    )
    context.transaction.put_external_mapping(mapping)
    return _respond_with_write(_describe_mapping(context.store, mapping), is_new=old is None)


def credentials_orgs_users_external_mapping_destroy(context: WriteContext) -> Response:
    """Delete a mapping."""
    body = context.read_body()
    key = body["credential_id"], body["provider_name"]
    if key not in context.store.external_mappings:
        raise NotFound.of("ExternalCredentialMapping")
    context.transaction.remove_external_mapping(key)
    return render_status("Deleted")


def _read_settings(body: Mapping[str, Any], old: ProviderConfig | None) -> dict[str, Any]:
    """Return the configuration that a body has, its keys in lower case, or the one before it."""
    config = body.get("config", old.config if old else None)
    if not isinstance(config, Mapping | None):
        kind = framework_type_name(config)
        raise ValidationError(
            {"config": [f'Expected a dictionary of items but got type "{kind}".']}
        )
    return {key.lower(): value for key, value in (config or {}).items()}


def _describe_config(store: Store, config: ProviderConfig) -> dict[str, Any]:
    return {
        "id": config.id,
        "platform_key": config.platform,
        "platform_name": store.platforms[config.platform].name,
        "provider_name": config.provider,
        "provider_name_display": store.providers[config.provider].display_name,
        "config": thaw_value(config.config),
        "enabled": config.enabled,
        "created": format_time(config.created),
        "updated": format_time(config.updated),
    }


def _describe_mapping(store: Store, mapping: ExternalMapping) -> dict[str, Any]:
    credential, provider = store.credentials[mapping.credential], store.providers[mapping.provider]
    return {
        "id": mapping.id,
        "credential_id": mapping.credential,
        "credential_name": credential.fields["name"],
        "platform_key": credential.platform,
        "platform_name": store.platforms[credential.platform].name,
        "provider": provider.id,
        "provider_name": provider.name,
        "provider_name_display": provider.display_name,
        "external_template_id": mapping.external_template_id,
        "group_id": mapping.group_id,
        "metadata": thaw_value(mapping.metadata),
        "created": format_time(mapping.created),
        "updated": format_time(mapping.updated),
    }


def _respond_with_page(context: RequestContext, items: Iterable[dict[str, Any]]) -> Response:
    found = list(items)
    page = context.read_page(len(found))
    shown = found[page.start : page.stop]
    return render_described_page(context.request, page, shown, context.maximum_page_size)


def _respond_with_write(item: dict[str, Any], *, is_new: bool) -> Response:
    """Return what was created, with 201, or updated, with 200."""
    response = render_envelope(item, "Created" if is_new else "Updated")
    return response._replace(status=201) if is_new else response
