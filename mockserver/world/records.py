"""The records of a world: who is who, what is issued, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mockserver.world.ordered import Position

SEPARATOR = "\0"
"""What no text holds that the API takes."""

Role = Literal["platform-admin", "department-admin", "learner"]


@dataclass(frozen=True, slots=True)
class Platform:
    """A tenant."""

    key: str
    name: str


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


@dataclass(frozen=True, slots=True)
class Issuer:
    """An organisation in whose name credentials are issued; `rendered` is as of a credential."""

    entity_id: str
    platform: str
    name: str
    url: str
    email: str | None
    icon_image: str | None
    icon_image_id: int | None
    allowed_template_tags: tuple[str, ...] | None
    signatories: tuple[Signatory, ...]
    rendered: list[Any] = field(default_factory=list, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential.

    `fields` holds what the API writes and reads under its canonical names, courses, programs and
    pathways as ids; `sequence` breaks ties between equal times of creation; `searchable` is the
    casefolded text that a search looks through, with `SEPARATOR` between its parts; `signatories`
    sign for this credential alone, beside those of its issuer. `rendered` is a cache of the encoded
    JSON that belongs to the representation.
    """

    entity_id: str
    platform: str
    issuer: str
    public: bool
    created_at: datetime
    sequence: int
    fields: Mapping[str, Any]
    searchable: str
    signatories: tuple[Signatory, ...] = ()
    position: Position = field(init=False, compare=False, repr=False)
    rendered: list[Any] = field(default_factory=list, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", (self.created_at, self.sequence))


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

    `due` is when an assignment to a group will be worked off, None once that is done.
    """

    entity_id: str
    credential: str
    assigned_by: int | None
    assigned_on: datetime
    user: int | None = None
    group: str | None = None
    due: datetime | None = None
    assertions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """A service outside that shows badges."""

    slug: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """How a platform uses a provider; `api_key` is a secret."""

    platform: str
    provider: str
    base_url: str | None
    api_key: str | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class ExternalMapping:
    """What a credential is at a provider."""

    credential: str
    provider: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """A credential that somebody was given.

    `fields` holds what else the API writes and reads under its names, course, program and pathway
    as ids; `sequence` breaks ties between equal times of issue.
    """

    entity_id: str
    credential: str
    recipient: int
    issued_on: datetime
    sequence: int
    expires: datetime | None
    revoked: bool
    fields: Mapping[str, Any]
    position: Position = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", (self.issued_on, self.sequence))

    def expired(self, now: datetime) -> bool:
        """Tell whether this no longer holds because of its age."""
        return self.expires is not None and self.expires <= now

    def active(self, now: datetime) -> bool:
        """Tell whether this is neither revoked nor expired."""
        return not self.revoked and not self.expired(now)
