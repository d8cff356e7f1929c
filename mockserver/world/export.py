"""From a store back to a world document, which loads to the same answers."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mockserver.framework.times import format_time
from mockserver.world.document import FORMAT
from mockserver.world.records import Assertion, Assignment, Credential, Image, Issuer, Signatory
from mockserver.world.store import Store


def world_of(store: Store) -> dict[str, Any]:
    """Return all records of a store as a world document, in the order that they were made."""
    credentials = sorted(store.credentials.values(), key=lambda each: each.sequence)
    assertions = sorted(store.assertions.values(), key=lambda each: each.sequence)
    return {
        "format": FORMAT,
        "platforms": [asdict(each) for each in store.platforms.values()],
        "users": [asdict(each) for each in store.users.values()],
        "api_keys": [asdict(each) for each in store.api_keys.values()],
        "images": [_image(store, each) for each in store.images.values()],
        "courses": _named(store.courses, "course_id"),
        "programs": _named(store.programs, "program_id"),
        "pathways": _named(store.pathways, "pathway_id"),
        "issuers": [_issuer(each) for each in store.issuers.values()],
        "credentials": [_credential(each) for each in credentials],
        "assertions": [_assertion(each) for each in assertions],
        "groups": [asdict(each) for each in store.groups.values()],
        "departments": [asdict(each) for each in store.departments.values()],
        "assignments": [_assignment(each) for each in store.assignments.values()],
        "providers": [asdict(each) for each in store.providers.values()],
        "provider_configs": [asdict(each) for each in store.provider_configs.values()],
        "external_mappings": [asdict(each) for each in store.external_mappings.values()],
    }


def _image(store: Store, image: Image) -> dict[str, Any]:
    upload = store.uploads.get(image.file)
    if upload is None:
        return asdict(image)
    content = base64.b64encode(upload.content).decode()
    return {"id": image.id, "platform": image.platform, "name": image.name, "content": content}


def _named(collection: Mapping[tuple[str, str], str], id_name: str) -> list[dict[str, str]]:
    return [{"platform": p, id_name: i, "name": name} for (p, i), name in collection.items()]


def _signatory(signatory: Signatory) -> dict[str, str]:
    return {
        "entityId": signatory.entity_id,
        "name": signatory.name,
        "title": signatory.title,
        "signature": signatory.signature,
    }


def _issuer(issuer: Issuer) -> dict[str, Any]:
    return {
        "entityId": issuer.entity_id,
        "platform": issuer.platform,
        "name": issuer.name,
        "url": issuer.url,
        "email": issuer.email,
        "iconImage": issuer.icon_image,
        "icon_image_id": issuer.icon_image_id,
        "allowed_template_tags": issuer.allowed_template_tags,
        "signatories": [_signatory(each) for each in issuer.signatories],
    }


def _credential(credential: Credential) -> dict[str, Any]:
    own = [_signatory(each) for each in credential.signatories]
    return {
        "entityId": credential.entity_id,
        "platform": credential.platform,
        "issuer": credential.issuer,
        "public": credential.public,
        "createdAt": format_time(credential.created_at),
        **credential.fields,
        **({"own_signatories": own} if own else {}),
    }


def _assertion(assertion: Assertion) -> dict[str, Any]:
    return {
        "entityId": assertion.entity_id,
        "credential": assertion.credential,
        "recipient": assertion.recipient,
        "issuedOn": format_time(assertion.issued_on),
        "expires": None if assertion.expires is None else format_time(assertion.expires),
        "revoked": assertion.revoked,
        **assertion.fields,
    }


def _assignment(assignment: Assignment) -> dict[str, Any]:
    to = {name: getattr(assignment, name) for name in ("user", "group")}
    return {
        "entityId": assignment.entity_id,
        "credential": assignment.credential,
        "assigned_by": assignment.assigned_by,
        "assignedOn": format_time(assignment.assigned_on),
        **{name: value for name, value in to.items() if value is not None},
        **({"due": format_time(assignment.due)} if assignment.due else {}),
        "assertions": assignment.assertions,
    }
