"""One client's world: its records, clock, source of ids, faults, journal and lock."""

import random
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from mockserver.framework.throttling import NO_LIMIT, RateLimit, Throttle
from mockserver.sandbox.clock import Clock
from mockserver.sandbox.faults import Faults
from mockserver.sandbox.journal import Budget, Journal
from mockserver.world.document import new_entity_id
from mockserver.world.store import Store

MAXIMUM_SNAPSHOTS = 50


class Sandbox:
    """A store with everything that makes its answers repeatable.

    The same seed, clock and requests give the same bytes. Handlers run while they hold `lock`.
    An assignment to a group is worked off `group_delay` after it was accepted. The records of
    `base` are shared until somebody writes: whoever changes `store` calls `own` before. `version`
    is another number after each change.
    """

    def __init__(
        self,
        base: Store,
        frozen: datetime | None,
        seed: int,
        group_delay: timedelta = timedelta(),
        rate: RateLimit = NO_LIMIT,
        budget: Budget | None = None,
    ) -> None:
        self.base = base
        self.group_delay = group_delay
        self.lock = threading.Lock()
        self._frozen, self._seed, self._rate = frozen, seed, rate
        self._snapshots: dict[str, Store] = {}
        self.journal = Journal(budget)
        self.store: Store = base
        self._is_shared = True
        self.version = 0
        self.reset()

    def reset(self) -> None:
        """Go back to the beginning: records, clock, ids, faults, journal; snapshots stay."""
        self.clock = Clock(self._frozen)
        self.journal.clear()
        self.faults = Faults(self._seed)
        self.throttle = Throttle(self._rate)
        self.scenario: str | None = None
        self._random = random.Random(self._seed)
        self._sequence = len(self.base.credentials) + len(self.base.assertions)
        self._share(self.base)

    def clear(self) -> None:
        """Take out credentials and all that is about them; who is who stays."""
        self.own()
        empty = Store()
        for name in EMPTIED:
            setattr(self.store, name, getattr(empty, name))

    def take_over(self, store: Store) -> None:
        """Take over the records of a store, which nobody else changes."""
        self._share(store)
        self._sequence = max(self._sequence, len(store.credentials) + len(store.assertions))

    def own(self) -> None:
        """Make the store this sandbox's own, so that it may be changed."""
        self.version += 1
        if self._is_shared:
            self.store, self._is_shared = self.store.copy(), False

    def _share(self, store: Store) -> None:
        self.store, self._is_shared = store, True
        self.version += 1

    @property
    def snapshots(self) -> Mapping[str, Store]:
        """The stores that were kept, by name."""
        return MappingProxyType(self._snapshots)

    def keep(self, name: str) -> None:
        """Keep the records as they are now under a name; the oldest of too many goes."""
        self._snapshots.pop(name, None)
        self._snapshots[name] = self.store
        if len(self._snapshots) > MAXIMUM_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        self._share(self.store)

    def restore(self, name: str) -> None:
        """Go back to the records of a snapshot; raises KeyError."""
        self._share(self._snapshots[name])

    def new_entity_id(self) -> str:
        """Return an entityId that no record of this world has had."""
        store = self.store
        while True:  # records that were imported may have been made with the same seed
            entity_id = new_entity_id(self._random)
            taken = (store.credentials, store.assertions, store.issuers, store.assignments)
            if not any(entity_id in records for records in taken):
                return entity_id

    def next_sequence(self) -> int:
        """Return the next number in the order of creation."""
        self._sequence += 1
        return self._sequence


EMPTIED = (
    *("credentials", "listings", "assertions", "assertions_of", "assertions_held_by"),
    *("assignments", "pending", "external_mappings"),
)
"""What `clear` takes out."""
