"""What all measurements of one run share."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Candidate


@dataclass(frozen=True)
class Setting:
    """How long to measure, on which cores, and what; `peers` is empty without npm.

    `folder` is a temporary one. `largest` is the greatest number of credentials.
    """

    rounds: int
    seconds: int
    server_core: int
    client_core: int
    folder: Path
    mock: Candidate
    floor: Candidate
    peers: tuple[Candidate, ...]
    largest: int

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Everything that can be compared."""
        return (self.mock, self.floor, *self.peers)


def report(text: str) -> None:
    """Say what is being measured, apart from the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
