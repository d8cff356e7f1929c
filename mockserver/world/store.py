"""The records of one world, as a value that never changes.

Sandboxes share the world that they begin with, snapshots are references, and reading needs no lock.
`mockserver.world.transaction` makes another value of one.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from immutables import Map

from mockserver.world.ordered import OrderedRecords
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

K = TypeVar("K")
V = TypeVar("V")
Table: TypeAlias = MappingProxyType[K, V]
"""A small collection, of which a change makes a copy. Unlike a `Map` it keeps an order."""


class Listing(NamedTuple):
    """The public credentials of one platform in the order of creation: all, and by link."""

    all: OrderedRecords[Credential]
    by_course: Map[str, OrderedRecords[Credential]]
    by_program: Map[str, OrderedRecords[Credential]]

    def replace(self, old: Credential | None, new: Credential | None) -> "Listing":
        """Return this with a credential in the place of another, either of which may be None."""
        everything = self.all
        if old and old.public and not (new and new.public):
            everything = everything.without(old)
        if new and new.public:
            everything = everything.put(new)
        by_course = _replace_linked(self.by_course, "courses", old, new)
        by_program = _replace_linked(self.by_program, "programs", old, new)
        return Listing(everything, by_course, by_program)


def _replace_linked(
    index: Map[str, OrderedRecords[Credential]],
    field: str,
    old: Credential | None,
    new: Credential | None,
) -> Map[str, OrderedRecords[Credential]]:
    """Return an index by what a field names, with a public credential in the place of another."""
    before = old.fields[field] if old and old.public else ()
    after = new.fields[field] if new and new.public else ()
    for key in dict.fromkeys(before):
        if old and key not in after:
            index = index.set(key, index[key].without(old))
    for key in dict.fromkeys(after):
        if new:
            index = index.set(key, index.get(key, NOTHING).put(new))
    return index


NOTHING: OrderedRecords[Any] = OrderedRecords()
NO_LISTING = Listing(NOTHING, Map(), Map())


EMPTY_TABLE: Table[Any, Any] = MappingProxyType({})
EMPTY_MAP: Map[Any, Any] = Map()


class Store(NamedTuple):
    """All records of one world, with the indexes that find them.

    `sequence` is at least that of every record. `pending` tells when assignments to groups are due.
    """

    platforms: Table[str, Platform] = EMPTY_TABLE
    users: Table[int, User] = EMPTY_TABLE
    user_ids: Table[tuple[str, str], int] = EMPTY_TABLE
    api_keys: Table[str, ApiKey] = EMPTY_TABLE
    images: Table[int, Image] = EMPTY_TABLE
    uploads: Table[str, Upload] = EMPTY_TABLE
    courses: Table[tuple[str, str], str] = EMPTY_TABLE
    programs: Table[tuple[str, str], str] = EMPTY_TABLE
    pathways: Table[tuple[str, str], str] = EMPTY_TABLE
    issuers: Table[str, Issuer] = EMPTY_TABLE
    groups: Table[str, Group] = EMPTY_TABLE
    departments: Table[int, Department] = EMPTY_TABLE
    providers: Table[str, Provider] = EMPTY_TABLE
    provider_configs: Table[tuple[str, str], ProviderConfig] = EMPTY_TABLE
    credentials: Map[str, Credential] = EMPTY_MAP
    assertions: Map[str, Assertion] = EMPTY_MAP
    assignments: Map[str, Assignment] = EMPTY_MAP
    external_mappings: Map[tuple[str, str], ExternalMapping] = EMPTY_MAP
    listings: Table[str, Listing] = EMPTY_TABLE
    assertions_of: Map[str, OrderedRecords[Assertion]] = EMPTY_MAP
    assertions_held_by: Map[int, OrderedRecords[Assertion]] = EMPTY_MAP
    pending: Table[str, datetime] = EMPTY_TABLE
    sequence: int = 0

    def listing(self, platform: str) -> Listing:
        """Return the public credentials of a platform."""
        return self.listings.get(platform, NO_LISTING)

    def find_platform(self, name: str) -> Platform | None:
        """Return the platform with this key, or else with this `org`."""
        found = self.platforms.get(name)
        if found is not None:
            return found
        return next((p for p in self.platforms.values() if p.org == name), None)

    def list_assignments(self) -> list[Assignment]:
        """Return all assignments in the order of creation."""
        return sorted(self.assignments.values(), key=attrgetter("sequence"))

    def list_external_mappings(self) -> list[ExternalMapping]:
        """Return all external mappings in the order of creation."""
        return sorted(self.external_mappings.values(), key=attrgetter("id"))

    def list_issuers(self, platform: str) -> list[Issuer]:
        """Return the issuers of a platform by name."""
        found = (issuer for issuer in self.issuers.values() if issuer.platform == platform)
        return sorted(found, key=lambda issuer: (issuer.name, issuer.entity_id))

    def find_issuer(self, platform: str, name: str) -> Issuer | None:
        """Return the issuer with this entityId, or the first one where the platform's key is it."""
        issuer = self.issuers.get(name)
        if issuer is None and name == platform:
            issuer = next(iter(self.list_issuers(platform)), None)
        return issuer if issuer is not None and issuer.platform == platform else None

    def find_user(self, platform: str, name: str) -> User | None:
        """Return the user of a platform with this id or username."""
        is_number = name.isascii() and name.isdecimal() and len(name) < 20
        user = self.users.get(int(name)) if is_number else None
        if user is None or user.platform != platform:
            user = self.users.get(self.user_ids.get((platform, name), -1))
        return user

    def first_admin(self, platform: str) -> User | None:
        """Return a platform admin, who stands for a caller whom the settings let do everything."""
        users = (user for user in self.users.values() if user.platform == platform)
        return next((user for user in users if user.role == "platform-admin"), None)

    def describe_platforms(self) -> Iterator[str]:
        """Yield a line on each platform: its key, its name, how many credentials it has."""
        counts = Counter(credential.platform for credential in self.credentials.values())
        for platform in self.platforms.values():
            yield f"{platform.key} ({platform.name}): {counts[platform.key]} credentials"

    def holds(self, user: User, credential: Credential, now: datetime) -> bool:
        """Tell whether a user has an active assertion of a credential."""
        return any(
            assertion.recipient == user.id and assertion.active(now)
            for assertion in self.assertions_of.get(credential.entity_id, NOTHING)
        )
