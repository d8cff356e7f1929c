"""Providers of badges outside, how a platform uses them, and what its credentials are there.

Only the paths are known, of a later release; everything else here is our choice and kept small.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mockserver.api.context import RequestContext
from mockserver.messages import JSON, Response, encode
from mockserver.world.records import ExternalMapping, ProviderConfig

MASK = "*" * 8
LAST = 4
"""Characters of a long secret that are shown, so that people recognise it."""


def credentials_providers_list(context: RequestContext) -> Response:
    """List the providers that the service can work with."""
    return _array(
        {"slug": each.slug, "name": each.name, "url": each.url}
        for each in context.sandbox.store.providers.values()
    )


def credentials_provider_config_list(context: RequestContext) -> Response:
    """List the platform's configurations, secrets masked."""
    configs = context.sandbox.store.provider_configs.values()
    return _array(_config(each) for each in configs if each.platform == context.platform.key)


def credentials_provider_config_create(context: RequestContext) -> Response:
    """Configure a provider for the platform, or change what is sent of its configuration."""
    body, store = context.read_body(), context.sandbox.store
    key = (context.platform.key, body["provider"])
    old = store.provider_configs.get(key) or ProviderConfig(*key, None, None, True)
    if "api_key" in body and body["api_key"] == masked(
        old.api_key
    ):  # a client that sends back what it read
        del body["api_key"]
    changes = {name: value for name, value in body.items() if name != "provider"}
    store.provider_configs[key] = replace(old, **changes)
    return Response(200, encode(_config(store.provider_configs[key])), JSON)


def credentials_external_mapping_list(context: RequestContext) -> Response:
    """List what the platform's credentials are at their providers."""
    store, wanted = context.sandbox.store, context.request.query.get("credential")
    return _array(
        _mapping(each)
        for each in store.external_mappings.values()
        if store.credentials[each.credential].platform == context.platform.key
        and wanted in (None, "", each.credential)
    )


def credentials_external_mapping_create(context: RequestContext) -> Response:
    """Say what a credential is at a provider; an earlier word on the same is replaced."""
    body, store = context.read_body(), context.sandbox.store
    mapping = ExternalMapping(body["credential"], body["provider"], body["external_id"])
    store.external_mappings[mapping.credential, mapping.provider] = mapping
    return Response(200, encode(_mapping(mapping)), JSON)


def masked(secret: str | None) -> str | None:
    """Return a secret as it may be shown: hidden, with its end when it is long."""
    if not secret:
        return secret
    return MASK + (secret[-LAST:] if len(secret) >= 4 * LAST else "")


def _config(config: ProviderConfig) -> dict[str, Any]:
    return {
        "provider": config.provider,
        "base_url": config.base_url,
        "api_key": masked(config.api_key),
        "enabled": config.enabled,
    }


def _mapping(mapping: ExternalMapping) -> dict[str, Any]:
    return {
        "credential": mapping.credential,
        "provider": mapping.provider,
        "external_id": mapping.external_id,
    }


def _array(items: Iterable[dict[str, Any]]) -> Response:
    return Response(200, encode(list(items)), JSON)
