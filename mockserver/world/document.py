"""The seed world: a document of records, checked and loaded into a store."""

import base64
import gc
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from mockserver.errors import StartError
from mockserver.framework.times import parse_time
from mockserver.framework.uploads import EXTENSIONS, media_type_of
from mockserver.world.records import (
    SEPARATOR,
    ApiKey,
    Assertion,
    Assignment,
    Credential,
    Department,
    ExternalMapping,
    Group,
    Image,
    Issuer,
    Platform,
    Provider,
    ProviderConfig,
    Signatory,
    Upload,
    User,
)
from mockserver.world.store import Store

FORMAT = "credmock-world/1"
COLLECTIONS = (
    "platforms",
    "users",
    "api_keys",
    "images",
    "courses",
    "programs",
    "pathways",
    "issuers",
    "credentials",
    "assertions",
    "groups",
    "departments",
    "assignments",
    "providers",
    "provider_configs",
    "external_mappings",
)
IMAGE_FIELDS = {
    "iconImage": "icon_image_id",
    "backgroundImage": "background_image_id",
    "thumbnailImage": "thumbnail_image_id",
}
EMPTY_FIELDS: Mapping[str, Any] = {
    "name_override": None,
    "description": None,
    "criteriaUrl": None,
    "criteriaNarrative": None,
    **dict.fromkeys(IMAGE_FIELDS),
    **dict.fromkeys(IMAGE_FIELDS.values()),
    "catalog_items": [],
    "courses": [],
    "programs": [],
    "pathways": [],
    "html_template": None,
    "css_template": None,
    "metadata": None,
    "expires": {"amount": None, "duration": None},
    "tags": None,
}
"""What a credential holds under the names of the API before anybody sets anything."""
EMPTY_ASSERTION_FIELDS: Mapping[str, Any] = {
    "revocationReason": None,
    "acceptance": "Unaccepted",
    "narrative": None,
    "metadata": None,
    "course": None,
    "program": None,
    "pathway": None,
    "catalog_item": None,
}
"""What an assertion holds under the names of the API when nothing was said."""


@contextmanager
def _without_collections() -> Iterator[None]:
    """Let the garbage collector wait: it would look through all records again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_collections()
def read_world(path: Path) -> dict[str, Any]:
    """Read a world document; raises StartError naming the file and the place of the fault."""
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise StartError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from error
    return checked_world(document, str(path))


def checked_world(document: Any, name: str) -> dict[str, Any]:
    """Return what says of itself that it is a world document; raises StartError."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StartError(f'{name}: no world; a world begins with "format": "{FORMAT}"')
    for collection in COLLECTIONS:
        if not isinstance(document.get(collection, []), list):
            raise StartError(f"{name}: {collection}: a list of records is expected")
    return document


@_without_collections()
def load_world(document: Mapping[str, Any], name: str = "world", *, keep: bool = True) -> Store:
    """Build a store from a world document; raises StartError naming the record at fault.

    Without `keep` each record leaves the document as it is loaded: a big world is not there twice.
    """
    store = Store()
    for collection in COLLECTIONS:
        records = document.get(collection, ())
        for index, record in enumerate(records):
            if not keep:
                records[index] = None
            try:
                _LOADERS[collection](store, record)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"{collection}[{index}]"
                reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                raise StartError(f"{name}: {what}: {reason}") from error
    store.arrange()
    return store


def new_entity_id(source: random.Random) -> str:
    """Return a fresh entityId: a version 4 UUID in URL-safe base64 without padding."""
    bits = source.getrandbits(128)
    bits = bits & ~(0xF000 << 64) | 0x4000 << 64
    bits = bits & ~(0xC000 << 48) | 0x8000 << 48
    return base64.urlsafe_b64encode(bits.to_bytes(16, "big"))[:22].decode()


def searchable(fields: Mapping[str, Any]) -> str:
    """Return the casefolded texts that a search looks through."""
    texts = (fields["name"], fields["name_override"], fields["description"])
    return SEPARATOR.join(text.casefold() for text in texts if text)


def _known(collection: Mapping[Any, Any], key: Any, kind: str) -> Any:
    if key not in collection:
        raise ValueError(f"there is no {kind} {key!r}")
    return key


def _unused(collection: Mapping[Any, Any], key: Any, kind: str) -> None:
    if key in collection:
        raise ValueError(f"{kind} {key!r} is used twice")


def _add_platform(store: Store, record: Mapping[str, Any]) -> None:
    store.platforms[record["key"]] = Platform(**record)


def _add_user(store: Store, record: Mapping[str, Any]) -> None:
    _known(store.platforms, record["platform"], "platform")
    if record["role"] not in ("platform-admin", "department-admin", "learner"):
        raise ValueError(f"{record['role']!r} is no role")
    store.add_user(User(**record))


def _add_api_key(store: Store, record: Mapping[str, Any]) -> None:
    _known(store.users, record["user_id"], "user")
    store.api_keys[record["key"]] = ApiKey(**record)


def _add_image(store: Store, record: Mapping[str, Any]) -> None:
    _known(store.platforms, record["platform"], "platform")
    _unused(store.images, record["id"], "image")
    if "file" not in record:
        upload = _upload(record["content"])
        file = f"upload-{record['id']}.{EXTENSIONS[upload.media_type]}"
        store.uploads[file] = upload
        record = {"file": file} | {k: v for k, v in record.items() if k != "content"}
    store.images[record["id"]] = Image(**record)


def _upload(text: str) -> Upload:
    content = base64.b64decode(text, validate=True)
    media_type = media_type_of(content)
    if media_type is None:
        raise ValueError("the content is no PNG, JPEG, WebP or SVG picture")
    return Upload(media_type, content)


def _add_course(store: Store, record: Mapping[str, Any]) -> None:
    store.courses[record["platform"], record["course_id"]] = record["name"]


def _add_program(store: Store, record: Mapping[str, Any]) -> None:
    store.programs[record["platform"], record["program_id"]] = record["name"]


def _add_pathway(store: Store, record: Mapping[str, Any]) -> None:
    store.pathways[record["platform"], record["pathway_id"]] = record["name"]


def _add_issuer(store: Store, record: Mapping[str, Any]) -> None:
    _known(store.platforms, record["platform"], "platform")
    tags = record["allowed_template_tags"]
    store.issuers[record["entityId"]] = Issuer(
        record["entityId"],
        record["platform"],
        record["name"],
        record["url"],
        record["email"],
        record.get("iconImage"),
        record["icon_image_id"],
        None if tags is None else tuple(tags),
        tuple(map(_signatory, record["signatories"])),
    )


def _add_credential(store: Store, record: Mapping[str, Any]) -> None:
    fields = {**EMPTY_FIELDS, **record}
    entity_id, platform, issuer, public, created = (
        fields.pop(name) for name in ("entityId", "platform", "issuer", "public", "createdAt")
    )
    _known(store.platforms, platform, "platform")
    if store.issuers[_known(store.issuers, issuer, "issuer")].platform != platform:
        raise ValueError(f"issuer {issuer!r} belongs to another platform")
    for name, collection in (
        ("courses", store.courses),
        ("programs", store.programs),
        ("pathways", store.pathways),
    ):
        for each in fields[name]:
            _known(collection, (platform, each), name[:-1])
    for name in IMAGE_FIELDS.values():
        if fields[name] is not None:
            _known(store.images, fields[name], "image")
    signatories = {each.entity_id: each for each in store.issuers[issuer].signatories}
    for each in fields.get("signatories") or ():
        _known(signatories, each, "signatory of the issuer")
    own_signatories = tuple(map(_signatory, fields.pop("own_signatories", ())))
    _unused(store.credentials, entity_id, "entityId")
    credential = Credential(
        entity_id,
        platform,
        issuer,
        public,
        parse_time(created),
        len(store.credentials),
        fields,
        searchable(fields),
        own_signatories,
    )
    store.credentials = store.credentials.set(entity_id, credential)


def _signatory(record: Mapping[str, Any]) -> Signatory:
    return Signatory(record["entityId"], record["name"], record["title"], record["signature"])


def _add_assertion(store: Store, record: Mapping[str, Any]) -> None:
    fields = {**EMPTY_ASSERTION_FIELDS, **record}
    entity_id, credential, recipient, issued_on, expires, revoked = (
        fields.pop(name)
        for name in ("entityId", "credential", "recipient", "issuedOn", "expires", "revoked")
    )
    platform = store.credentials[_known(store.credentials, credential, "credential")].platform
    if store.users[_known(store.users, recipient, "user")].platform != platform:
        raise ValueError(f"user {recipient!r} belongs to another platform")
    for name, collection in (("course", store.courses), ("program", store.programs)):
        if fields[name] is not None:
            _known(collection, (platform, fields[name]), name)
    if entity_id in store.assertions:
        raise ValueError(f"entityId {entity_id!r} is used twice")
    assertion = Assertion(
        entity_id,
        credential,
        recipient,
        parse_time(issued_on),
        len(store.assertions),
        None if expires is None else parse_time(expires),
        revoked,
        fields,
    )
    store.assertions = store.assertions.set(entity_id, assertion)


def _add_group(store: Store, record: Mapping[str, Any]) -> None:
    _unused(store.groups, record["id"], "group")
    group = Group(**{**record, "members": tuple(record["members"])})
    _check_users(store, group.platform, group.members)
    store.groups[group.id] = group


def _add_department(store: Store, record: Mapping[str, Any]) -> None:
    _unused(store.departments, record["id"], "department")
    people = {name: tuple(record[name]) for name in ("admins", "members")}
    department = Department(**{**record, **people})
    _check_users(store, department.platform, (*department.admins, *department.members))
    store.departments[department.id] = department


def _check_users(store: Store, platform: str, user_ids: Iterable[int]) -> None:
    _known(store.platforms, platform, "platform")
    for each in user_ids:
        if store.users[_known(store.users, each, "user")].platform != platform:
            raise ValueError(f"user {each!r} belongs to another platform")


def _add_assignment(store: Store, record: Mapping[str, Any]) -> None:
    _unused(store.assignments, record["entityId"], "entityId")
    user, group, by = record.get("user"), record.get("group"), record["assigned_by"]
    credential = store.credentials[_known(store.credentials, record["credential"], "credential")]
    if (user is None) == (group is None):
        raise ValueError("an assignment is to one user or to one group")
    if group is not None and store.groups[_known(store.groups, group, "group")].platform != (
        credential.platform
    ):
        raise ValueError(f"group {group!r} belongs to another platform")
    _check_users(store, credential.platform, [each for each in (user, by) if each is not None])
    for each in record["assertions"]:
        if store.assertions[_known(store.assertions, each, "assertion")].credential != (
            credential.entity_id
        ):
            raise ValueError(f"assertion {each!r} is of another credential")
    due = record.get("due")
    store.put_assignment(
        Assignment(
            entity_id=record["entityId"],
            credential=credential.entity_id,
            assigned_by=by,
            assigned_on=parse_time(record["assignedOn"]),
            user=user,
            group=group,
            due=None if due is None else parse_time(due),
            assertions=tuple(record["assertions"]),
        )
    )


def _add_provider(store: Store, record: Mapping[str, Any]) -> None:
    store.providers[record["slug"]] = Provider(**record)


def _add_provider_config(store: Store, record: Mapping[str, Any]) -> None:
    config = ProviderConfig(**record)
    _known(store.platforms, config.platform, "platform")
    _known(store.providers, config.provider, "provider")
    store.provider_configs[config.platform, config.provider] = config


def _add_external_mapping(store: Store, record: Mapping[str, Any]) -> None:
    mapping = ExternalMapping(**record)
    _known(store.credentials, mapping.credential, "credential")
    _known(store.providers, mapping.provider, "provider")
    store.external_mappings[mapping.credential, mapping.provider] = mapping


_LOADERS = {
    "platforms": _add_platform,
    "users": _add_user,
    "api_keys": _add_api_key,
    "images": _add_image,
    "courses": _add_course,
    "programs": _add_program,
    "pathways": _add_pathway,
    "issuers": _add_issuer,
    "credentials": _add_credential,
    "assertions": _add_assertion,
    "groups": _add_group,
    "departments": _add_department,
    "assignments": _add_assignment,
    "providers": _add_provider,
    "provider_configs": _add_provider_config,
    "external_mappings": _add_external_mapping,
}


def summary(store: Store) -> Iterable[str]:
    """Yield a line on each platform: its key, its name, how many credentials it has."""
    for platform in store.platforms.values():
        count = sum(each.platform == platform.key for each in store.credentials.values())
        yield f"{platform.key} ({platform.name}): {count} credentials"
