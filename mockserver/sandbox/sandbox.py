"""One client's world: its records, clock, source of ids, faults, journal and lock."""

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from mockserver.framework.throttling import NO_LIMIT, RateLimit, Throttle
from mockserver.sandbox.clock import Clock
from mockserver.sandbox.faults import Faults
from mockserver.sandbox.journal import Budget, Journal
from mockserver.world.carry import Carried, carry_changes
from mockserver.world.issuing import has_due_assignments, run_assignments
from mockserver.world.store import Store
from mockserver.world.transaction import Transaction

MAXIMUM_SNAPSHOTS = 50


class Memento(NamedTuple):
    """What a sandbox was before something replaced it: references, since these are replaced too."""

    label: str
    store: Store
    clock: Clock
    faults: Faults
    throttle: Throttle
    scenario: str | None
    source: random.Random


class Sandbox:
    """A world with everything that makes its responses repeatable.

    The same seed, clock and requests give the same bytes. `store` is a value that never changes, so
    reading it needs no lock; a change is made in a transaction, which puts another value there.
    An assignment to a group issues `group_delay` after it was accepted. `version` is another number
    after each change; `lock` may be taken again by the thread that holds it.
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
        self.lock = threading.RLock()
        self._frozen, self._seed, self._rate = frozen, seed, rate
        self._snapshots: dict[str, Store] = {}
        self._before: Memento | None = None
        self.journal = Journal(budget)
        self.version = 0
        self.reset()

    def reset(self) -> None:
        """Go back to the beginning: records, clock, ids, faults, journal; snapshots stay."""
        with self.lock:
            self.clock = self.new_clock()
            self.journal.clear()
            self.faults = Faults(self._seed)
            self.throttle = Throttle(self._rate)
            self.scenario: str | None = None
            self._random = random.Random(self._seed)
            self.replace_store(self.base)

    def new_clock(self) -> Clock:
        """Return the clock that the sandbox has after a reset."""
        return Clock(self._frozen)

    def replace_store(self, store: Store) -> None:
        """Take other records in the place of all that are here."""
        with self.lock:
            self.store = store
            self.version += 1

    def replace_base(self, base: Store) -> Carried:
        """Begin with another world from now on, in which what was written is made again.

        A sandbox that is in a scenario keeps its records until it is reset.
        """
        with self.lock:
            if self.scenario is not None:
                self.base = base
                return Carried(self.store, 0, [])
            carried = carry_changes(self.base, self.store, base)
            self.base = base
            self.replace_store(carried.store)
            return carried

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Change the records: all changes are kept, or none where an exception is raised."""
        with self.lock:
            transaction = Transaction(self.store, self._random)
            yield transaction
            if transaction.store is not self.store:
                self.replace_store(transaction.store)

    def run_due_assignments(self, *, everything: bool = False) -> int:
        """Issue what assignments to groups are due, or all of them; return how many there were."""
        if not self.store.pending:
            return 0
        if not everything and not has_due_assignments(self.store, self.clock.now()):
            return 0
        with self.transaction() as transaction:
            return run_assignments(transaction, self.clock.now(), everything=everything)

    @contextmanager
    def undoable(self, label: str) -> Iterator[None]:
        """Remember what is there before something replaces it; a failure leaves nothing to undo."""
        with self.lock:
            now = (self.store, self.clock, self.faults, self.throttle, self.scenario, self._random)
            before = Memento(label, *now)
            yield
            self._before = before

    @property
    def undo_label(self) -> str | None:
        """What can be undone, in a word."""
        return self._before.label if self._before else None

    def undo(self) -> bool:
        """Go back to before what was last replaced, and tell whether anything was.

        Records, clock, faults, ids and scenario are those of before; the journal stays as it is.
        """
        with self.lock:
            before, self._before = self._before, None
            if before is None:
                return False
            _, store, self.clock, self.faults, self.throttle, self.scenario, self._random = before
            self.replace_store(store)
            return True

    @property
    def snapshots(self) -> Mapping[str, Store]:
        """The stores that were saved, by name."""
        return MappingProxyType(self._snapshots)

    def save_snapshot(self, name: str) -> None:
        """Save the records as they are now under a name; of too many the oldest is removed."""
        with self.lock:
            self._snapshots.pop(name, None)
            self._snapshots[name] = self.store
            if len(self._snapshots) > MAXIMUM_SNAPSHOTS:
                del self._snapshots[next(iter(self._snapshots))]

    def restore_snapshot(self, name: str) -> None:
        """Go back to the records of a snapshot; raises KeyError."""
        with self.lock:
            self.replace_store(self._snapshots[name])
