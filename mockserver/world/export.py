"""From a store back to a world document, which loads to the same responses."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from mockserver.framework.times import format_time
from mockserver.world.document import FORMAT
from mockserver.world.fields import thaw, thaw_value
from mockserver.world.records import (
    Assertion,
    Assignment,
    Credential,
    ExternalMapping,
    Image,
    Issuer,
    Provider,
    ProviderConfig,
    Signatory,
)
from mockserver.world.store import Store


def export_world(store: Store) -> dict[str, Any]:
    """Return all records of a store as a world document, in the order that they were made."""
    by_sequence = attrgetter("sequence")
    credentials = sorted(store.credentials.values(), key=by_sequence)
    assertions = sorted(store.assertions.values(), key=by_sequence)
    mappings = store.list_external_mappings()
    return {
        "format": FORMAT,
        "platforms": [asdict(platform) for platform in store.platforms.values()],
        "users": [asdict(user) for user in store.users.values()],
        "api_keys": [asdict(api_key) for api_key in store.api_keys.values()],
        "images": [_export_image(store, image) for image in store.images.values()],
        "courses": _export_names(store.courses, "course_id"),
        "programs": _export_names(store.programs, "program_id"),
        "pathways": _export_names(store.pathways, "pathway_id"),
        "issuers": [_export_issuer(issuer) for issuer in store.issuers.values()],
        "credentials": [_export_credential(credential) for credential in credentials],
        "assertions": [_export_assertion(assertion) for assertion in assertions],
        "groups": [asdict(group) for group in store.groups.values()],
        "departments": [asdict(department) for department in store.departments.values()],
        "assignments": [export_assignment(assignment) for assignment in store.list_assignments()],
        "providers": [_export_provider(provider) for provider in store.providers.values()],
        "provider_configs": [_export_config(each) for each in store.provider_configs.values()],
        "external_mappings": [_export_mapping(mapping) for mapping in mappings],
    }


def _export_image(store: Store, image: Image) -> dict[str, Any]:
    upload = store.uploads.get(image.file)
    if upload is None:
        return asdict(image)
    content = base64.b64encode(upload.content).decode()
    return {"id": image.id, "platform": image.platform, "name": image.name, "content": content}


def _export_names(collection: Mapping[tuple[str, str], str], id_name: str) -> list[dict[str, str]]:
    return [{"platform": p, id_name: i, "name": name} for (p, i), name in collection.items()]


def _export_signatory(signatory: Signatory) -> dict[str, str]:
    return {
        "entityId": signatory.entity_id,
        "name": signatory.name,
        "title": signatory.title,
        "signature": signatory.signature,
    }


def _export_issuer(issuer: Issuer) -> dict[str, Any]:
    return {
        "entityId": issuer.entity_id,
        "platform": issuer.platform,
        "name": issuer.name,
        "url": issuer.url,
        "email": issuer.email,
        "iconImage": issuer.icon_image,
        "icon_image_id": issuer.icon_image_id,
        "allowed_template_tags": issuer.allowed_template_tags,
        "signatories": [_export_signatory(signatory) for signatory in issuer.signatories],
    }


def _export_credential(credential: Credential) -> dict[str, Any]:
    own = [_export_signatory(signatory) for signatory in credential.signatories]
    return {
        "entityId": credential.entity_id,
        "platform": credential.platform,
        "issuer": credential.issuer,
        "public": credential.public,
        "createdAt": format_time(credential.created_at),
        **thaw(credential.fields),
        **({"own_signatories": own} if own else {}),
    }


def _export_assertion(assertion: Assertion) -> dict[str, Any]:
    return {
        "entityId": assertion.entity_id,
        "credential": assertion.credential,
        "recipient": assertion.recipient,
        "issuedOn": format_time(assertion.issued_on),
        "expires": None if assertion.expires is None else format_time(assertion.expires),
        "revoked": assertion.revoked,
        **thaw(assertion.fields),
    }


def _export_provider(provider: Provider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "name": provider.name,
        "display_name": provider.display_name,
        "description": provider.description,
        "enabled": provider.enabled,
        "metadata": thaw_value(provider.metadata),
    }


def _export_config(config: ProviderConfig) -> dict[str, Any]:
    return {
        "id": config.id,
        "platform": config.platform,
        "provider": config.provider,
        "config": thaw_value(config.config),
        "enabled": config.enabled,
        "created": format_time(config.created),
        "updated": format_time(config.updated),
    }


def _export_mapping(mapping: ExternalMapping) -> dict[str, Any]:
    return {
        "id": mapping.id,
        "credential": mapping.credential,
        "provider": mapping.provider,
        "external_template_id": mapping.external_template_id,
        "group_id": mapping.group_id,
        "metadata": thaw_value(mapping.metadata),
        "created": format_time(mapping.created),
        "updated": format_time(mapping.updated),
    }


def export_assignment(assignment: Assignment) -> dict[str, Any]:
    """Return an assignment as a world document has it."""
    return {
        "entityId": assignment.entity_id,
        "credential": assignment.credential,
        "assigned_by": assignment.assigned_by,
        "assignedOn": format_time(assignment.assigned_on),
        **({} if assignment.user is None else {"user": assignment.user}),
        **({} if assignment.group is None else {"group": assignment.group}),
        **({} if assignment.parent is None else {"parent": assignment.parent}),
        **({"due": format_time(assignment.due)} if assignment.due else {}),
        "assertions": assignment.assertions,
    }
