"""External providers of badges, how a platform uses them, and what its credentials are there.

Only the paths are known, of a later release; everything else here is our choice and kept small.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mockserver.api.context import RequestContext, WriteContext
from mockserver.messages import JSON, Response, encode
from mockserver.world.records import ExternalMapping, ProviderConfig

MASK = "*" * 8
LAST = 4
"""Characters of a long secret that are shown, so that people recognise it."""


def credentials_providers_list(context: RequestContext) -> Response:
    """List the providers that the service can work with."""
    return _respond_with_array(
        {"slug": provider.slug, "name": provider.name, "url": provider.url}
        for provider in context.store.providers.values()
    )


def credentials_provider_config_list(context: RequestContext) -> Response:
    """List the platform's configurations, secrets masked."""
    configs = context.store.provider_configs.values()
    return _respond_with_array(
        _describe_config(config) for config in configs if config.platform == context.platform.key
    )


def credentials_provider_config_create(context: WriteContext) -> Response:
    """Configure a provider for the platform, or change what is sent of its configuration."""
    body = context.read_body()
    key = (context.platform.key, body["provider"])
    old = context.store.provider_configs.get(key) or ProviderConfig(*key, None, None, True)
    # A client that sends back what it read does not mean the mask.
    if "api_key" in body and body["api_key"] == mask_secret(old.api_key):
        del body["api_key"]
    changes = {name: value for name, value in body.items() if name != "provider"}
    config = replace(old, **changes)
    context.transaction.put_provider_config(config)
    return Response(200, encode(_describe_config(config)), JSON)


def credentials_external_mapping_list(context: RequestContext) -> Response:
    """List what the platform's credentials are at their providers."""
    store, wanted = context.store, context.request.query.get("credential")
    return _respond_with_array(
        _describe_mapping(mapping)
        for mapping in store.list_external_mappings()
        if store.credentials[mapping.credential].platform == context.platform.key
        and wanted in (None, "", mapping.credential)
    )


def credentials_external_mapping_create(context: WriteContext) -> Response:
    """Set what a credential is at a provider, in the place of what was set before."""
    body, transaction = context.read_body(), context.transaction
    credential, provider = body["credential"], body["provider"]
    old = context.store.external_mappings.get((credential, provider))
    sequence = old.sequence if old else transaction.next_sequence()
    mapping = ExternalMapping(credential, provider, body["external_id"], sequence)
    transaction.put_external_mapping(mapping)
    return Response(200, encode(_describe_mapping(mapping)), JSON)


def mask_secret(secret: str | None) -> str | None:
    """Return a secret as it may be shown: masked, with its end when it is long."""
    if not secret:
        return secret
    return MASK + (secret[-LAST:] if len(secret) >= 4 * LAST else "")


def _describe_config(config: ProviderConfig) -> dict[str, Any]:
    return {
        "provider": config.provider,
        "base_url": config.base_url,
        "api_key": mask_secret(config.api_key),
        "enabled": config.enabled,
    }


def _describe_mapping(mapping: ExternalMapping) -> dict[str, Any]:
    return {
        "credential": mapping.credential,
        "provider": mapping.provider,
        "external_id": mapping.external_id,
    }


def _respond_with_array(items: Iterable[dict[str, Any]]) -> Response:
    return Response(200, encode(list(items)), JSON)
