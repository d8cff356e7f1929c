"""Loads a world (`fixtures/world.json`) into the empty tables."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from tests.differential.twin.models import (
    ApiKey,
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
)

FORMAT = "credmock-world/1"
GALLERIES = ((Course, "courses"), (Program, "programs"), (Pathway, "pathways"))

Record = dict[str, Any]
Platforms = dict[str, Platform]


@transaction.atomic
def load(path: Path) -> None:
    """Store everything that the world names, in the order of the file."""
    world = json.loads(path.read_text(encoding="utf-8"))
    if world["format"] != FORMAT:
        raise ValueError(f"{path} has the format {world['format']!r}, not {FORMAT!r}")
    platforms = {record["key"]: Platform.objects.create(**record) for record in world["platforms"]}
    for record in world["users"]:
        load_user(record, platforms)
    for record in world["api_keys"]:
        ApiKey.objects.create(
            key=record["key"], user_id=record["user_id"], is_active=record["active"]
        )
    for record in world["images"]:
        load_image(record, platforms)
    for model, plural in GALLERIES:
        for record in world[plural]:
            model.objects.create(**record | {"platform": platforms[record["platform"]]})
    for record in world["issuers"]:
        load_issuer(record, platforms)
    for record in world["credentials"]:
        load_credential(record, platforms)
    credentials = {credential.entity_id: credential for credential in Credential.objects.all()}
    for record in world["assertions"]:
        load_assertion(record, credentials[record["credential"]])


def load_user(record: Record, platforms: Platforms) -> None:
    """Store one user under the number that the world gives."""
    User.objects.create(
        id=record["id"],
        username=record["username"],
        name=record["name"],
        email=record["email"],
        platform=platforms[record["platform"]],
        role=record["role"],
        is_active=record["active"],
    )


def load_image(record: Record, platforms: Platforms) -> None:
    """Store an image; one with content of its own is served under its number."""
    file = record.get("file")
    if file is None:
        extensions = {"iVBORw": "png", "/9j/": "jpg", "UklGR": "webp"}
        found = (end for start, end in extensions.items() if record["content"].startswith(start))
        file = f"upload-{record['id']}.{next(found)}"
    Image.objects.create(
        id=record["id"], platform=platforms[record["platform"]], name=record["name"], file=file
    )


def load_issuer(record: Record, platforms: Platforms) -> None:
    """Store one issuer with its signatories."""
    issuer = Issuer.objects.create(
        entity_id=record["entityId"],
        platform=platforms[record["platform"]],
        name=record["name"],
        url=record["url"],
        email=record["email"],
        icon_image_id=record["icon_image_id"],
        allowed_template_tags=record["allowed_template_tags"],
    )
    for signatory in record["signatories"]:
        Signatory.objects.create(
            issuer=issuer,
            entity_id=signatory["entityId"],
            name=signatory["name"],
            title=signatory["title"],
            signature=signatory["signature"],
        )


def load_credential(record: Record, platforms: Platforms) -> None:
    """Store one credential with its courses, programs and pathways."""
    platform = platforms[record["platform"]]
    credential = Credential.objects.create(
        entity_id=record["entityId"],
        platform=platform,
        issuer=Issuer.objects.get(entity_id=record["issuer"]),
        public=record["public"],
        created_at=record["createdAt"],
        name=record["name"],
        name_override=record["name_override"],
        description=record["description"],
        criteria_url=record["criteriaUrl"],
        criteria_narrative=record["criteriaNarrative"],
        icon_image_id=record["icon_image_id"],
        background_image_id=record["background_image_id"],
        thumbnail_image_id=record["thumbnail_image_id"],
        catalog_items=record["catalog_items"],
        html_template=record["html_template"],
        css_template=record["css_template"],
        metadata=record["metadata"],
        credential_type=record["credentialType"],
        expires_amount=record["expires"]["amount"],
        expires_duration=record["expires"]["duration"],
        tags=record["tags"],
        chosen_signatories=record["signatories"],
        signal=record["signal"],
    )
    for model, plural in GALLERIES:
        public_id = f"{plural.removesuffix('s')}_id"
        candidates = model.objects.filter(platform=platform)
        items = [candidates.get(**{public_id: value}) for value in record[plural]]
        credential.replace(plural, items)


def load_assertion(record: Record, credential: Credential) -> None:
    """Store one assertion with the course or the program that it was earned with."""
    earned = {}
    for model, name in ((Course, "course"), (Program, "program")):
        if record[name] is not None:
            candidates = model.objects.filter(platform=credential.platform_id)
            earned[name] = candidates.get(**{f"{name}_id": record[name]})
    Assertion.objects.create(
        entity_id=record["entityId"],
        credential=credential,
        recipient_id=record["recipient"],
        issued_on=record["issuedOn"],
        expires=record["expires"],
        revoked=record["revoked"],
        revocation_reason=record["revocationReason"],
        acceptance=record["acceptance"],
        narrative=record["narrative"],
        metadata=record["metadata"],
        **earned,
    )
