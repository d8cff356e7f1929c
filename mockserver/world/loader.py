"""From a world document to a store: records are checked and added, then indexes are built.

It is long, because each of the collections has a method.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from immutables import Map

from mockserver.contract.operation import ROLES
from mockserver.errors import StartError
from mockserver.framework.uploads import EXTENSIONS
from mockserver.world.document import COLLECTIONS
from mockserver.world.fields import (
    ASSERTION_DEFAULTS,
    CREDENTIAL_DEFAULTS,
    IMAGE_FIELDS,
    build_searchable_text,
    freeze,
)
from mockserver.world.indexes import build_listings, index_assertions
from mockserver.world.periods import check_period
from mockserver.world.records import (
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
    Upload,
    User,
)
from mockserver.world.shape import name_record
from mockserver.world.store import Store
from mockserver.world.values import (
    PICTURES,
    check_key,
    freeze_field,
    list_pictures,
    read_moment,
    read_signatory,
    read_time,
    read_times,
    read_upload,
    refuse_duplicate,
    require,
)

Record = Mapping[str, Any]


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
def load_world(document: Mapping[str, Any], name: str = "world", *, keep: bool = True) -> Store:
    """Build a store from a world document; raises StartError naming the record at fault.

    Without `keep` each record leaves the document as it is loaded: a big world is not there twice.
    """
    loader = _Loader()
    for collection in COLLECTIONS:
        records, add = document.get(collection, ()), loader.adders[collection]
        for index, record in enumerate(records):
            if not keep:
                records[index] = None
            try:
                add(record)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                place = f"{name}: {collection}[{index}]{name_record(record)}"
                missing = " is missing" if isinstance(error, KeyError) else ""
                raise StartError(f"{place}: {error}{missing}") from error
    return loader.build_store()


class _Loader:
    """The records that have been read so far, which later ones may refer to."""

    def __init__(self) -> None:
        self.platforms: dict[str, Platform] = {}
        self.users: dict[int, User] = {}
        self.user_ids: dict[tuple[str, str], int] = {}
        self.api_keys: dict[str, ApiKey] = {}
        self.images: dict[int, Image] = {}
        self.uploads: dict[str, Upload] = {}
        self.courses: dict[tuple[str, str], str] = {}
        self.programs: dict[tuple[str, str], str] = {}
        self.pathways: dict[tuple[str, str], str] = {}
        self.issuers: dict[str, Issuer] = {}
        self.credentials: dict[str, Credential] = {}
        self.assertions: dict[str, Assertion] = {}
        self.groups: dict[str, Group] = {}
        self.departments: dict[int, Department] = {}
        self.assignments: dict[str, Assignment] = {}
        self.providers: dict[str, Provider] = {}
        self.provider_configs: dict[tuple[str, str], ProviderConfig] = {}
        self.external_mappings: dict[tuple[str, str], ExternalMapping] = {}
        self.adders: Mapping[str, Callable[[Record], None]] = {
            "platforms": self.add_platform,
            "users": self.add_user,
            "api_keys": self.add_api_key,
            "images": self.add_image,
            "courses": self.add_course,
            "programs": self.add_program,
            "pathways": self.add_pathway,
            "issuers": self.add_issuer,
            "credentials": self.add_credential,
            "assertions": self.add_assertion,
            "groups": self.add_group,
            "departments": self.add_department,
            "assignments": self.add_assignment,
            "providers": self.add_provider,
            "provider_configs": self.add_provider_config,
            "external_mappings": self.add_external_mapping,
        }

    def build_store(self) -> Store:
        """Return all records with their indexes."""
        return Store(
            platforms=MappingProxyType(self.platforms),
            users=MappingProxyType(self.users),
            user_ids=MappingProxyType(self.user_ids),
            api_keys=MappingProxyType(self.api_keys),
            images=MappingProxyType(self.images),
            uploads=MappingProxyType(self.uploads),
            courses=MappingProxyType(self.courses),
            programs=MappingProxyType(self.programs),
            pathways=MappingProxyType(self.pathways),
            issuers=MappingProxyType(self.issuers),
            groups=MappingProxyType(self.groups),
            departments=MappingProxyType(self.departments),
            providers=MappingProxyType(self.providers),
            provider_configs=MappingProxyType(self.provider_configs),
            credentials=Map(self.credentials),
            assertions=Map(self.assertions),
            assignments=Map(self.assignments),
            external_mappings=Map(self.external_mappings),
            listings=MappingProxyType(build_listings(self.credentials.values())),
            assertions_of=index_assertions(self.assertions.values(), "credential"),
            assertions_held_by=index_assertions(self.assertions.values(), "recipient"),
            pending=MappingProxyType(
                {
                    assignment.entity_id: assignment.due
                    for assignment in self.assignments.values()
                    if assignment.due is not None
                }
            ),
            sequence=max(
                len(self.credentials),
                len(self.assertions),
                len(self.assignments),
                *(mapping.id for mapping in self.external_mappings.values()),
                *(config.id for config in self.provider_configs.values()),
            ),
        )

    def add_platform(self, record: Record) -> None:
        """Add a platform."""
        refuse_duplicate(self.platforms, record["key"], "platform")
        self.platforms[record["key"]] = Platform(**record)

    def add_user(self, record: Record) -> None:
        """Add a user of a platform."""
        require(self.platforms, record["platform"], "platform")
        if record["role"] not in ROLES:
            raise ValueError(f"unknown role {record['role']!r}: use {', '.join(ROLES)}")
        refuse_duplicate(self.users, record["id"], "user")
        name = record["platform"], record["username"]
        refuse_duplicate(self.user_ids, name, "username", record["username"])
        self.user_ids[name] = record["id"]
        self.users[record["id"]] = User(**record)

    def add_api_key(self, record: Record) -> None:
        """Add the key of a user."""
        require(self.users, record["user_id"], "user")
        check_key(record["key"])
        refuse_duplicate(self.api_keys, record["key"], "key")
        self.api_keys[record["key"]] = ApiKey(**record)

    def add_image(self, record: Record) -> None:
        """Add an image, which names a file or brings its content."""
        require(self.platforms, record["platform"], "platform")
        refuse_duplicate(self.images, record["id"], "image")
        if "file" not in record:
            upload = read_upload(record["content"])
            file = f"upload-{record['id']}.{EXTENSIONS[upload.media_type]}"
            self.uploads[file] = upload
            kept = {name: value for name, value in record.items() if name != "content"}
            record = {"file": file, **kept}
        else:
            require(list_pictures(), record["file"], "picture")
        self.images[record["id"]] = Image(**record)

    def add_course(self, record: Record) -> None:
        """Add a course of a platform."""
        self._add_name(self.courses, record, "course")

    def add_program(self, record: Record) -> None:
        """Add a program of a platform."""
        self._add_name(self.programs, record, "program")

    def add_pathway(self, record: Record) -> None:
        """Add a pathway of a platform."""
        self._add_name(self.pathways, record, "pathway")

    def add_issuer(self, record: Record) -> None:
        """Add an issuer with those who sign for it."""
        require(self.platforms, record["platform"], "platform")
        refuse_duplicate(self.issuers, record["entityId"], "entityId")
        if record["icon_image_id"] is not None:
            require(self.images, record["icon_image_id"], "image")
        shown = [signatory["signature"] for signatory in record["signatories"]]
        self._check_pictures(record.get("iconImage"), *shown)
        tags = record["allowed_template_tags"]
        self.issuers[record["entityId"]] = Issuer(
            record["entityId"],
            record["platform"],
            record["name"],
            record["url"],
            record["email"],
            record.get("iconImage"),
            record["icon_image_id"],
            None if tags is None else tuple(tags),
            tuple(map(read_signatory, record["signatories"])),
        )

    def add_credential(self, record: Record) -> None:
        """Add a credential."""
        fields = {**CREDENTIAL_DEFAULTS, **record}
        entity_id, platform, issuer, public, created = (
            fields.pop(name) for name in ("entityId", "platform", "issuer", "public", "createdAt")
        )
        own_signatories = fields.pop("own_signatories", ())
        require(self.platforms, platform, "platform")
        check_period(fields["expires"]["duration"])
        self._check_links(fields, platform, issuer)
        refuse_duplicate(self.credentials, entity_id, "entityId")
        self.credentials[entity_id] = Credential(
            entity_id=entity_id,
            platform=platform,
            issuer=issuer,
            public=public,
            created_at=read_moment("createdAt", created),
            sequence=len(self.credentials),
            fields=freeze(fields),
            searchable=build_searchable_text(fields),
            signatories=tuple(map(read_signatory, own_signatories)),
        )

    def _add_name(self, collection: dict[tuple[str, str], str], record: Record, kind: str) -> None:
        """Add a course, a program or a pathway of a platform."""
        key = require(self.platforms, record["platform"], "platform"), record[f"{kind}_id"]
        refuse_duplicate(collection, key, kind, key[1])
        collection[key] = record["name"]

    def _check_pictures(self, *addresses: str | None) -> None:
        """Raise ValueError where a picture of this server is not there."""
        for address in addresses:
            file = (address or "").removeprefix(PICTURES)
            if file != address and file and file not in self.uploads:
                require(list_pictures(), file, "picture")

    def _check_links(self, fields: Mapping[str, Any], platform: str, issuer: str) -> None:
        """Raise ValueError where a credential refers to what its platform does not have."""
        if self.issuers[require(self.issuers, issuer, "issuer")].platform != platform:
            raise ValueError(f"issuer {issuer!r} belongs to another platform")
        for name, collection in (
            ("courses", self.courses),
            ("programs", self.programs),
            ("pathways", self.pathways),
        ):
            for key in fields[name]:
                require(collection, (platform, key), name[:-1])
        for shown, name in IMAGE_FIELDS.items():
            if fields[name] is not None:
                require(self.images, fields[name], "image")
            self._check_pictures(fields[shown])
        signatories = {signatory.entity_id for signatory in self.issuers[issuer].signatories}
        for entity_id in fields.get("signatories") or ():
            require(signatories, entity_id, "signatory of the issuer")

    def add_assertion(self, record: Record) -> None:
        """Add an assertion of a credential."""
        fields = {**ASSERTION_DEFAULTS, **record}
        entity_id, credential, recipient, issued_on, expires, revoked = (
            fields.pop(name)
            for name in ("entityId", "credential", "recipient", "issuedOn", "expires", "revoked")
        )
        platform = self.credentials[require(self.credentials, credential, "credential")].platform
        self._check_users(platform, [recipient])
        for name, collection in (("course", self.courses), ("program", self.programs)):
            if fields[name] is not None:
                require(collection, (platform, fields[name]), name)
        refuse_duplicate(self.assertions, entity_id, "entityId")
        self.assertions[entity_id] = Assertion(
            entity_id=entity_id,
            credential=credential,
            recipient=recipient,
            issued_on=read_moment("issuedOn", issued_on),
            sequence=len(self.assertions),
            expires=read_time("expires", expires),
            revoked=revoked,
            fields=freeze(fields),
        )

    def add_group(self, record: Record) -> None:
        """Add a group of users."""
        refuse_duplicate(self.groups, record["id"], "group")
        group = Group(**{**record, "members": tuple(record["members"])})
        require(self.platforms, group.platform, "platform")
        self._check_users(group.platform, group.members)
        self.groups[group.id] = group

    def add_department(self, record: Record) -> None:
        """Add a department with its admins and members."""
        refuse_duplicate(self.departments, record["id"], "department")
        people = {name: tuple(record[name]) for name in ("admins", "members")}
        department = Department(**{**record, **people})
        require(self.platforms, department.platform, "platform")
        self._check_users(department.platform, (*department.admins, *department.members))
        self.departments[department.id] = department

    def _check_users(self, platform: str, user_ids: Iterable[int]) -> None:
        """Raise ValueError where one is not a user of a platform."""
        for user_id in user_ids:
            if self.users[require(self.users, user_id, "user")].platform != platform:
                raise ValueError(f"user {user_id!r} belongs to another platform")

    def add_assignment(self, record: Record) -> None:
        """Add an assignment to a user or to a group."""
        refuse_duplicate(self.assignments, record["entityId"], "entityId")
        key, user, group = record["credential"], record.get("user"), record.get("group")
        credential = self.credentials[require(self.credentials, key, "credential")]
        if (user is None) == (group is None):
            raise ValueError("an assignment is to one user or to one group")
        if group is not None:
            found = self.groups[require(self.groups, group, "group")]
            if found.platform != credential.platform:
                raise ValueError(f"group {group!r} belongs to another platform")
        users = [user_id for user_id in (user, record["assigned_by"]) if user_id is not None]
        self._check_users(credential.platform, users)
        for entity_id in record["assertions"]:
            assertion = self.assertions[require(self.assertions, entity_id, "assertion")]
            if assertion.credential != credential.entity_id:
                raise ValueError(f"assertion {entity_id!r} is of another credential")
        self.assignments[record["entityId"]] = Assignment(
            entity_id=record["entityId"],
            sequence=len(self.assignments),
            credential=credential.entity_id,
            assigned_by=record["assigned_by"],
            assigned_on=read_moment("assignedOn", record["assignedOn"]),
            user=user,
            group=group,
            due=read_time("due", record.get("due")),
            parent=self._check_parent(record.get("parent"), credential.entity_id),
            assertions=tuple(record["assertions"]),
        )

    def _check_parent(self, parent: str | None, credential: str) -> str | None:
        """Return the assignment to a group that one to a member came of; raises ValueError."""
        if parent is None:
            return None
        found = self.assignments[require(self.assignments, parent, "assignment")]
        if found.group is None or found.credential != credential:
            raise ValueError(f"parent {parent!r} does not assign the credential to a group")
        return parent

    def add_provider(self, record: Record) -> None:
        """Add a provider."""
        refuse_duplicate(self.providers, record["name"], "provider")
        self.providers[record["name"]] = Provider(**freeze_field(record, "metadata"))

    def add_provider_config(self, record: Record) -> None:
        """Add how a platform uses a provider."""
        config = ProviderConfig(**read_times(freeze_field(record, "config")))
        require(self.platforms, config.platform, "platform")
        require(self.providers, config.provider, "provider")
        key = config.platform, config.provider
        refuse_duplicate(self.provider_configs, key, "provider of the platform", key[1])
        self.provider_configs[config.platform, config.provider] = config

    def add_external_mapping(self, record: Record) -> None:
        """Add what a credential is at a provider."""
        mapping = ExternalMapping(**read_times(freeze_field(record, "metadata")))
        require(self.credentials, mapping.credential, "credential")
        require(self.providers, mapping.provider, "provider")
        key = mapping.credential, mapping.provider
        refuse_duplicate(self.external_mappings, key, "provider of the credential", key[1])
        self.external_mappings[mapping.credential, mapping.provider] = mapping
