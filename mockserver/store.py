"""The records of one world and the indexes that the API's orders and filters need.

Records are replaced, never changed in place, so that they can be shared between copies of a
store. A store itself is not safe for threads; the sandbox that owns it holds the lock.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

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
    casefolded text that a search looks through; `signatories` sign for this credential alone,
    beside those of its issuer. `rendered` is a cache of the encoded JSON that belongs to the
    representation.
    """

    entity_id: str
    platform: str
    issuer: str
    public: bool
    created_at: datetime
    sequence: int
    fields: Mapping[str, Any]
    searchable: tuple[str, ...]
    signatories: tuple[Signatory, ...] = ()
    rendered: list[Any] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def position(self) -> tuple[datetime, int]:
        """Where this stands in the order of creation."""
        return (self.created_at, self.sequence)


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

    @property
    def position(self) -> tuple[datetime, int]:
        """Where this stands in the order of issue."""
        return (self.issued_on, self.sequence)

    def expired(self, now: datetime) -> bool:
        """Tell whether this no longer holds because of its age."""
        return self.expires is not None and self.expires <= now

    def active(self, now: datetime) -> bool:
        """Tell whether this is neither revoked nor expired."""
        return not self.revoked and not self.expired(now)


class Listing:
    """The public credentials of one platform in the order of creation, whole and by link."""

    def __init__(self) -> None:
        self.all: list[Credential] = []
        self.by_course: dict[str, list[Credential]] = {}
        self.by_program: dict[str, list[Credential]] = {}

    def lists_of(self, credential: Credential) -> list[list[Credential]]:
        """Return every list that a credential belongs into; none when it is not public."""
        if not credential.public:
            return []
        courses, programs = (dict.fromkeys(credential.fields[n]) for n in ("courses", "programs"))
        return [
            self.all,
            *(self.by_course.setdefault(each, []) for each in courses),
            *(self.by_program.setdefault(each, []) for each in programs),
        ]

    def copy(self) -> "Listing":
        """Return the same records in lists of their own."""
        listing = Listing()
        listing.all = list(self.all)
        listing.by_course = {key: list(records) for key, records in self.by_course.items()}
        listing.by_program = {key: list(records) for key, records in self.by_program.items()}
        return listing


class Store:
    """All records of one world."""

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
        self.assertions_of: dict[str, list[Assertion]] = {}
        self.assertions_held_by: dict[int, list[Assertion]] = {}
        self.groups: dict[str, Group] = {}
        self.departments: dict[int, Department] = {}
        self.assignments: dict[str, Assignment] = {}
        self.pending: dict[str, datetime] = {}
        self.providers: dict[str, Provider] = {}
        self.provider_configs: dict[tuple[str, str], ProviderConfig] = {}
        self.external_mappings: dict[tuple[str, str], ExternalMapping] = {}
        self.listings: dict[str, Listing] = {}

    def copy(self) -> "Store":
        """Return a store with the same records, whose indexes are its own."""
        store = Store()
        for name, index in vars(self).items():
            setattr(store, name, dict(index))
        store.assertions_of = {key: list(each) for key, each in self.assertions_of.items()}
        store.assertions_held_by = {key: list(e) for key, e in self.assertions_held_by.items()}
        store.listings = {key: each.copy() for key, each in self.listings.items()}
        return store

    def listing(self, platform: str) -> Listing:
        """Return the public credentials of a platform, to be read."""
        return self.listings.get(platform) or Listing()

    def add_user(self, user: User) -> None:
        """Add a user, found by id and by username on their platform."""
        self.users[user.id] = user
        self.user_ids[user.platform, user.username] = user.id

    def find_user(self, platform: str, name: str) -> User | None:
        """Return the user of a platform with this id or username."""
        is_number = name.isascii() and name.isdecimal() and len(name) < 20
        user = self.users.get(int(name)) if is_number else None
        if user is None or user.platform != platform:
            user = self.users.get(self.user_ids.get((platform, name), -1))
        return user

    def first_admin(self, platform: str) -> User | None:
        """Return a platform admin, who stands for a caller whom the settings let do everything."""
        found = (each for each in self.users.values() if each.platform == platform)
        return next((each for each in found if each.role == "platform-admin"), None)

    def issuers_of(self, platform: str) -> list[Issuer]:
        """Return the issuers of a platform by name."""
        found = (issuer for issuer in self.issuers.values() if issuer.platform == platform)
        return sorted(found, key=lambda issuer: (issuer.name, issuer.entity_id))

    def find_issuer(self, platform: str, name: str) -> Issuer | None:
        """Return the issuer with this entityId, or the first one where the platform's key is it."""
        issuer = self.issuers.get(name)
        if issuer is None and name == platform:
            issuer = next(iter(self.issuers_of(platform)), None)
        return issuer if issuer is not None and issuer.platform == platform else None

    def put_credential(self, credential: Credential) -> None:
        """Add a credential, or put it in the place of the one with its entityId."""
        old = self.credentials.get(credential.entity_id)
        if old is not None:
            self._unlist(old)
        self.credentials[credential.entity_id] = credential
        for records in self._lists_of(credential):
            insort(records, credential, key=_position)

    def fill(self, credentials: Iterable[Credential]) -> None:
        """Add many credentials at once, in any order."""
        for credential in credentials:
            self.credentials[credential.entity_id] = credential
            for records in self._lists_of(credential):
                records.append(credential)
        for listing in self.listings.values():
            for records in (
                listing.all,
                *listing.by_course.values(),
                *listing.by_program.values(),
            ):
                records.sort(key=_position)

    def remove_credential(self, credential: Credential) -> None:
        """Remove a credential and what is only there because of it."""
        for assignment in list(self.assignments.values()):
            if assignment.credential == credential.entity_id:
                self.remove_assignment(assignment)
        self._unlist(credential)
        for key in [each for each in self.external_mappings if each[0] == credential.entity_id]:
            del self.external_mappings[key]
        del self.credentials[credential.entity_id]
        for assertion in self.assertions_of.pop(credential.entity_id, ()):
            del self.assertions[assertion.entity_id]
            _take_out(self.assertions_held_by[assertion.recipient], assertion)

    def _lists_of(self, credential: Credential) -> list[list[Credential]]:
        return self.listings.setdefault(credential.platform, Listing()).lists_of(credential)

    def _unlist(self, credential: Credential) -> None:
        for records in self._lists_of(credential):
            _take_out(records, credential)

    def put_assertion(self, assertion: Assertion) -> None:
        """Add an assertion, or put it in the place of the one with its entityId."""
        old = self.assertions.get(assertion.entity_id)
        self.assertions[assertion.entity_id] = assertion
        for records in (
            self.assertions_of.setdefault(assertion.credential, []),
            self.assertions_held_by.setdefault(assertion.recipient, []),
        ):
            if old is not None:
                _take_out(records, old)
            insort(records, assertion, key=_position)

    def holds(self, user: User, credential: Credential, now: datetime) -> bool:
        """Tell whether a user has an active assertion of a credential."""
        return any(
            each.recipient == user.id and each.active(now)
            for each in self.assertions_of.get(credential.entity_id, ())
        )

    def remove_assertion(self, assertion: Assertion) -> None:
        """Remove an assertion."""
        del self.assertions[assertion.entity_id]
        _take_out(self.assertions_of[assertion.credential], assertion)
        _take_out(self.assertions_held_by[assertion.recipient], assertion)

    def put_assignment(self, assignment: Assignment) -> None:
        """Add an assignment, or put it in the place of the one with its entityId."""
        self.assignments[assignment.entity_id] = assignment
        if assignment.due is None:
            self.pending.pop(assignment.entity_id, None)
        else:
            self.pending[assignment.entity_id] = assignment.due

    def remove_assignment(self, assignment: Assignment) -> None:
        """Remove an assignment and the assertions that came of it."""
        del self.assignments[assignment.entity_id]
        self.pending.pop(assignment.entity_id, None)
        for each in assignment.assertions:
            self.remove_assertion(self.assertions[each])


def _position(record: Credential | Assertion) -> tuple[datetime, int]:
    return record.position


def _take_out(records: list[Any], record: Credential | Assertion) -> None:
    """Remove a record from a list that is in the order of positions."""
    del records[bisect_left(records, record.position, key=_position)]
