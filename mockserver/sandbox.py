"""One client's world: its records, clock, source of ids and lock."""

import random
import threading
from datetime import UTC, datetime, timedelta

from mockserver.store import Store
from mockserver.world import new_entity_id


class Clock:
    """The time of a sandbox: the real one, or frozen."""

    def __init__(self, frozen: datetime | None = None) -> None:
        self._frozen = frozen

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._frozen or datetime.now(UTC)


class Sandbox:
    """A store with everything that makes its answers repeatable.

    The same seed, clock and requests give the same bytes. Handlers run while they hold `lock`.
    An assignment to a group is worked off `group_delay` after it was accepted.
    """

    def __init__(
        self, store: Store, clock: Clock, seed: int, group_delay: timedelta = timedelta()
    ) -> None:
        self.store = store
        self.clock = clock
        self.group_delay = group_delay
        self.lock = threading.Lock()
        self._random = random.Random(seed)
        self._sequence = len(store.credentials) + len(store.assertions)

    def new_entity_id(self) -> str:
        """Return an entityId that no record of this world has had."""
        return new_entity_id(self._random)

    def next_sequence(self) -> int:
        """Return the next number in the order of creation."""
        self._sequence += 1
        return self._sequence
