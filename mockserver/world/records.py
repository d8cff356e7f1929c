"""The records of a world: who is who, what is issued, and to whom.

Records never change: a change puts another record in the place of one. Credentials and issuers are
compared by identity and may be referred to weakly, so that others can keep what they work out about
them for as long as they exist.
"""

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from mockserver.world.ordered import Position

SEPARATOR = "\0"
"""What no text holds that the API takes."""

Fields: TypeAlias = MappingProxyType[str, Any]
"""What the API writes and reads under its own names, made by `mockserver.world.fields.freeze`."""

MAIN_TENANT = "main"
"""The key of the platform that some parameters call the main platform or main tenant."""

Role = Literal["platform-admin", "department-admin", "learner"]


@dataclass(frozen=True, slots=True)
class Platform:
    """A tenant; `org` is a second name of it, by which it is found as well."""

    key: str
    name: str
    org: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user of one platform, with one role there."""

    id: int
    username: str
    name: str
    email: str
    platform: str
    role: Role
    active: bool


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key and the user it stands for."""

    key: str
    user_id: int
    active: bool


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `file` is a name below the fixtures' images, or of an upload."""

    id: int
    platform: str
    name: str | None
    file: str


@dataclass(frozen=True, slots=True)
class Upload:
    """The content of a picture that somebody uploaded."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person who signs for an issuer; `signature` is an address, or a path on this server."""

    entity_id: str
    name: str
    title: str
    signature: str


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Issuer:
    """An organisation in whose name credentials are issued."""

    entity_id: str
    platform: str
    name: str
    url: str
    email: str | None
    icon_image: str | None
    icon_image_id: int | None
    allowed_template_tags: tuple[str, ...] | None
    signatories: tuple[Signatory, ...]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True, eq=False)
class Credential:
    """A credential.

    In `fields` courses, programs and pathways are ids; `sequence` breaks ties between equal times
    of creation; `searchable` is what a search looks through, in upper case, with `SEPARATOR`
    between its parts; `signatories` sign for this credential alone, beside those of its issuer.
    """

    entity_id: str
    platform: str
    issuer: str
    public: bool
    created_at: datetime
    sequence: int
    fields: Fields
    searchable: str
    signatories: tuple[Signatory, ...] = ()

    @property
    def position(self) -> Position:
        """The place in the order of creation."""
        return self.created_at, self.sequence


@dataclass(frozen=True, slots=True)
class Group:
    """Users of a platform who are given things together."""

    id: str
    platform: str
    name: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Department:
    """A part of a platform: its members, and the department admins who see what they are given."""

    id: int
    platform: str
    name: str
    admins: tuple[int, ...]
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A credential given to a user or to a group, with the assertions that came of it.

    `due` is when an assignment to a group issues to its members, None once that is done; each of
    them then has an assignment whose `parent` it is. `sequence` is its place in the order of
    creation.
    """

    entity_id: str
    sequence: int
    credential: str
    assigned_by: int | None
    assigned_on: datetime
    user: int | None = None
    group: str | None = None
    due: datetime | None = None
    parent: str | None = None
    assertions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A service outside that shows badges; `metadata` is any JSON value."""

    id: int
    name: str
    display_name: str
    description: str | None
    enabled: bool
    metadata: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """How a platform uses a provider, by the provider's name; `id` is the order of creation."""

    id: int
    platform: str
    provider: str
    config: Mapping[str, Any]
    enabled: bool
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalMapping:
    """What a credential is at a provider, by the provider's name; `id` is the order of creation."""

    id: int
    credential: str
    provider: str
    external_template_id: str | None
    group_id: str | None
    metadata: Any
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A credential that a user was given.

    In `fields` course, program and pathway are ids; `sequence` breaks ties between equal times of
    issue.
    """

    entity_id: str
    credential: str
    recipient: int
    issued_on: datetime
    sequence: int
    expires: datetime | None
    revoked: bool
    fields: Fields

    @property
    def position(self) -> Position:
        """The place in the order of issue."""
        return self.issued_on, self.sequence

    def expired(self, now: datetime) -> bool:
        """Tell whether this has expired."""
        return self.expires is not None and self.expires <= now

    def active(self, now: datetime) -> bool:
        """Tell whether this is neither revoked nor expired."""
        return not self.revoked and not self.expired(now)


def new_entity_id(source: random.Random) -> str:
    """Return a new entityId: a version 4 UUID in URL-safe base64 without padding."""
    bits = source.getrandbits(128)
    bits = bits & ~(0xF000 << 64) | 0x4000 << 64
    bits = bits & ~(0xC000 << 48) | 0x8000 << 48
    return base64.urlsafe_b64encode(bits.to_bytes(16, "big"))[:22].decode()
