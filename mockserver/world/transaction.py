"""Changes of a world, which become its next value together or not at all."""

import random
from types import MappingProxyType
from typing import Any

from immutables import Map

from mockserver.world.records import (
    Assertion,
    Assignment,
    Credential,
    ExternalMapping,
    Image,
    Issuer,
    ProviderConfig,
    Upload,
    new_entity_id,
)
from mockserver.world.store import NOTHING, Listing, Store, Table


class Transaction:
    """A value of a world on its way to the next: each verb puts another one into `store`.

    `source` is where new ids come from; they are used up even if the changes are dropped.
    """

    def __init__(self, store: Store, source: random.Random) -> None:
        self._store = store
        self._source = source
        self._sequence = store.sequence

    @property
    def store(self) -> Store:
        """The records as they are now, inside of this transaction."""
        return self._store

    def _change(self, **collections: Any) -> None:
        self._store = self._store._replace(sequence=self._sequence, **collections)

    def new_entity_id(self) -> str:
        """Return an entityId that no record has."""
        store = self._store
        while True:  # records that were imported may have been made with the same seed
            entity_id = new_entity_id(self._source)
            taken = (store.credentials, store.assertions, store.issuers, store.assignments)
            if not any(entity_id in records for records in taken):
                return entity_id

    def next_sequence(self) -> int:
        """Return the next number in the order of creation."""
        self._sequence += 1
        return self._sequence

    def put_credential(self, credential: Credential) -> None:
        """Add a credential, or put it in the place of the one with its entityId."""
        credentials = self._store.credentials
        old = credentials.get(credential.entity_id)
        self._change(
            credentials=credentials.set(credential.entity_id, credential),
            listings=self._listings(credential.platform, old, credential),
        )

    def remove_credential(self, credential: Credential) -> None:
        """Remove a credential with its assignments, assertions and external mappings."""
        entity_id = credential.entity_id
        for assignment in self._store.assignments.values():
            if assignment.credential == entity_id and assignment.parent is None:
                self.remove_assignment(assignment)
        for assertion in self._store.assertions_of.get(entity_id, NOTHING):
            self.remove_assertion(assertion)
        store, mappings = self._store, self._store.external_mappings
        for key in store.external_mappings:
            if key[0] == entity_id:
                mappings = mappings.delete(key)
        self._change(
            external_mappings=mappings,
            listings=self._listings(credential.platform, credential, None),
            credentials=store.credentials.delete(entity_id),
        )

    def remove_all_credentials(self) -> None:
        """Remove all credentials with all that is about them; users, keys and issuers stay."""
        empty = Store()
        self._change(
            credentials=empty.credentials,
            listings=empty.listings,
            assertions=empty.assertions,
            assertions_of=empty.assertions_of,
            assertions_held_by=empty.assertions_held_by,
            assignments=empty.assignments,
            pending=empty.pending,
            external_mappings=empty.external_mappings,
        )

    def _listings(
        self, platform: str, old: Credential | None, new: Credential | None
    ) -> Table[str, Listing]:
        listing = self._store.listing(platform).replace(old, new)
        return MappingProxyType(self._store.listings | {platform: listing})

    def put_assertion(self, assertion: Assertion) -> None:
        """Add an assertion, or put it in the place of the one with its entityId."""
        old = self._store.assertions.get(assertion.entity_id)
        if old:
            self.remove_assertion(old)
        store = self._store
        credential, recipient = assertion.credential, assertion.recipient
        of, held = store.assertions_of, store.assertions_held_by
        self._change(
            assertions=store.assertions.set(assertion.entity_id, assertion),
            assertions_of=of.set(credential, of.get(credential, NOTHING).put(assertion)),
            assertions_held_by=held.set(recipient, held.get(recipient, NOTHING).put(assertion)),
        )

    def remove_assertion(self, assertion: Assertion) -> None:
        """Remove an assertion."""
        store = self._store
        self._change(
            assertions=store.assertions.delete(assertion.entity_id),
            assertions_of=_take_out(store.assertions_of, assertion.credential, assertion),
            assertions_held_by=_take_out(store.assertions_held_by, assertion.recipient, assertion),
        )

    def put_assignment(self, assignment: Assignment) -> None:
        """Add an assignment, or put it in the place of the one with its entityId."""
        store, entity_id = self._store, assignment.entity_id
        is_pending = assignment.due is not None
        self._change(
            assignments=store.assignments.set(entity_id, assignment),
            pending=MappingProxyType(store.pending | {entity_id: assignment.due})
            if is_pending
            else _without(store.pending, entity_id),
        )

    def remove_assignment(self, assignment: Assignment) -> None:
        """Remove an assignment and what came of it: assertions, assignments to members."""
        store, entity_id = self._store, assignment.entity_id
        self._change(
            assignments=store.assignments.delete(entity_id),
            pending=_without(store.pending, entity_id),
        )
        for assertion in assignment.assertions:
            self.remove_assertion(self._store.assertions[assertion])
        if assignment.group is not None:
            for child in store.assignments.values():
                if child.parent == entity_id:
                    self.remove_assignment(child)

    def put_issuer(self, issuer: Issuer) -> None:
        """Add an issuer, or put it in the place of the one with its entityId."""
        self._change(issuers=MappingProxyType(self._store.issuers | {issuer.entity_id: issuer}))

    def remove_issuer(self, issuer: Issuer) -> None:
        """Remove an issuer, which no credential may refer to."""
        self._change(issuers=_without(self._store.issuers, issuer.entity_id))

    def add_image(self, image: Image, upload: Upload) -> None:
        """Add an image with its content."""
        self._change(
            images=MappingProxyType(self._store.images | {image.id: image}),
            uploads=MappingProxyType(self._store.uploads | {image.file: upload}),
        )

    def put_provider_config(self, config: ProviderConfig) -> None:
        """Add how a platform uses a provider, or put it in the place of what was there."""
        configs = self._store.provider_configs | {(config.platform, config.provider): config}
        self._change(provider_configs=MappingProxyType(configs))

    def put_external_mapping(self, mapping: ExternalMapping) -> None:
        """Add what a credential is at a provider, or put it in the place of what was there."""
        mappings = self._store.external_mappings
        self._change(
            external_mappings=mappings.set((mapping.credential, mapping.provider), mapping)
        )

    def remove_external_mapping(self, key: tuple[str, str]) -> None:
        """Remove what a credential is at a provider, by entityId and name."""
        self._change(external_mappings=self._store.external_mappings.delete(key))


def _without(table: Table[Any, Any], key: Any) -> Table[Any, Any]:
    """Return a table without a key, which it need not have."""
    if key not in table:
        return table
    return MappingProxyType({other: table[other] for other in table if other != key})


def _take_out(index: Map[Any, Any], key: Any, assertion: Assertion) -> Map[Any, Any]:
    """Return an index of assertions without one, and without a key that has none left."""
    left = index[key].without(assertion)
    return index.set(key, left) if left else index.delete(key)
