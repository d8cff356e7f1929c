"""The records of one world and the indexes that the API's orders and filters need.

Records are replaced, never changed in place, so that they can be shared between copies of a store;
so are the indexes of credentials and assertions, which may be many. A store itself is not safe for
threads; the sandbox that owns it holds the lock.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

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


class Listing(NamedTuple):
    """The public credentials of one platform in the order of creation, whole and by link."""

    all: OrderedRecords[Credential]
    by_course: Map[str, OrderedRecords[Credential]]
    by_program: Map[str, OrderedRecords[Credential]]

    def changed(self, old: Credential | None, new: Credential | None) -> "Listing":
        """Return this with a credential in the place of another, either of which may be none."""
        everything = self.all
        if old and old.public and not (new and new.public):
            everything = everything.without(old)
        if new and new.public:
            everything = everything.put(new)
        by_course = _linked(self.by_course, "courses", old, new)
        return Listing(everything, by_course, _linked(self.by_program, "programs", old, new))


def _linked(
    index: Map[str, OrderedRecords[Credential]],
    field: str,
    old: Credential | None,
    new: Credential | None,
) -> Map[str, OrderedRecords[Credential]]:
    """Return an index of public credentials by what a field of theirs names."""
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
        self.credentials: Map[str, Credential] = Map()
        self.assertions: Map[str, Assertion] = Map()
        self.assertions_of: Map[str, OrderedRecords[Assertion]] = Map()
        self.assertions_held_by: Map[int, OrderedRecords[Assertion]] = Map()
        self.groups: dict[str, Group] = {}
        self.departments: dict[int, Department] = {}
        self.assignments: dict[str, Assignment] = {}
        self.pending: dict[str, datetime] = {}
        self.providers: dict[str, Provider] = {}
        self.provider_configs: dict[tuple[str, str], ProviderConfig] = {}
        self.external_mappings: dict[tuple[str, str], ExternalMapping] = {}
        self.listings: dict[str, Listing] = {}

    def copy(self) -> "Store":
        """Return a store with the same records, to be changed for itself."""
        store = Store.__new__(Store)
        for name, index in vars(self).items():
            setattr(store, name, index.copy() if isinstance(index, dict) else index)
        return store

    def listing(self, platform: str) -> Listing:
        """Return the public credentials of a platform, to be read."""
        return self.listings.get(platform, NO_LISTING)

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
        self._list(credential.platform, old, credential)
        self.credentials = self.credentials.set(credential.entity_id, credential)

    def remove_credential(self, credential: Credential) -> None:
        """Remove a credential and what is only there because of it."""
        entity_id = credential.entity_id
        for assignment in list(self.assignments.values()):
            if assignment.credential == entity_id:
                self.remove_assignment(assignment)
        for assertion in self.assertions_of.get(entity_id, NOTHING):
            self.remove_assertion(assertion)
        for key in [each for each in self.external_mappings if each[0] == entity_id]:
            del self.external_mappings[key]
        self._list(credential.platform, credential, None)
        self.credentials = self.credentials.delete(entity_id)
        if entity_id in self.assertions_of:
            self.assertions_of = self.assertions_of.delete(entity_id)

    def _list(self, platform: str, old: Credential | None, new: Credential | None) -> None:
        self.listings[platform] = self.listing(platform).changed(old, new)

    def arrange(self) -> None:
        """Make the orders and links of all credentials and assertions, which were only added."""
        public = [each for each in self.credentials.values() if each.public]
        for platform, listed in _grouped((each.platform, each) for each in public).items():
            links = (
                _grouped((name, each) for each in listed for name in dict.fromkeys(each.fields[f]))
                for f in ("courses", "programs")
            )
            self.listings[platform] = Listing(OrderedRecords(listed), *map(_ordered, links))
        issued = self.assertions.values()
        self.assertions_of = _ordered(_grouped((each.credential, each) for each in issued))
        self.assertions_held_by = _ordered(_grouped((each.recipient, each) for each in issued))

    def put_assertion(self, assertion: Assertion) -> None:
        """Add an assertion, or put it in the place of the one with its entityId."""
        old = self.assertions.get(assertion.entity_id)
        if old:
            self.remove_assertion(old)
        credential, recipient = assertion.credential, assertion.recipient
        of, held = self.assertions_of, self.assertions_held_by
        self.assertions = self.assertions.set(assertion.entity_id, assertion)
        self.assertions_of = of.set(credential, of.get(credential, NOTHING).put(assertion))
        self.assertions_held_by = held.set(recipient, held.get(recipient, NOTHING).put(assertion))

    def holds(self, user: User, credential: Credential, now: datetime) -> bool:
        """Tell whether a user has an active assertion of a credential."""
        return any(
            each.recipient == user.id and each.active(now)
            for each in self.assertions_of.get(credential.entity_id, ())
        )

    def remove_assertion(self, assertion: Assertion) -> None:
        """Remove an assertion."""
        credential, recipient = assertion.credential, assertion.recipient
        of, held = self.assertions_of, self.assertions_held_by
        self.assertions = self.assertions.delete(assertion.entity_id)
        self.assertions_of = of.set(credential, of[credential].without(assertion))
        self.assertions_held_by = held.set(recipient, held[recipient].without(assertion))

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


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _ordered(groups: Mapping[Any, list[Any]]) -> Map[Any, OrderedRecords[Any]]:
    return Map((key, OrderedRecords(group)) for key, group in groups.items())
