"""Notices that what worked at the start of a run works no more: a key, or a basic read."""

import threading

ADMIN = "admin"


class Watch:
    """What has worked so far, and what has stopped working."""

    def __init__(self) -> None:
        self.lost = ""
        """Which basic read stopped working, and since which exchange; empty while all work."""
        self.has_answered = False
        """Whether the service has ever answered."""
        self.has_listed = False
        """Whether the list of credentials could ever be read."""
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def note_answer(self, role: str | None, status: int) -> None:
        """Note a response of the service itself to a request with the key of a role."""
        with self._lock:
            self.has_answered = True
            # 403 to a learner is a key that is known; an admin's has to be let in.
            if role and status != 401 and (role != ADMIN or status < 400):
                self._known.add(role)

    def has_worked(self, role: str | None) -> bool:
        """Tell whether the key of a role was accepted before."""
        return role in self._known

    def lose(self, what: str, since: str) -> None:
        """Note that a basic read stopped working."""
        with self._lock:
            if not self.lost:
                self.lost = f"{what} since {since}"
