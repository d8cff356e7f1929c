"""Start and stop servers, and read what they cost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mockserver.serving import THREADS
from mockserver.testing import free_port

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


@dataclass(frozen=True)
class Server:
    """A server that was started, with all the processes below it."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes, user and system."""
        return sum(int(f[11]) + int(f[12]) for f in self._statistics()) / TICKS

    def resident_bytes(self) -> int:
        """Return the resident memory of all its processes; what they share counts for each."""
        return sum(int(f[21]) for f in self._statistics()) * PAGE_BYTES

    def _statistics(self) -> Iterator[list[str]]:
        """Yield the fields of proc(5) `stat` from the third on, one list for each process."""
        found: dict[int, list[str]] = {}
        for path in PROC.glob("[0-9]*/stat"):
            with suppress(OSError):  # a process that has ended meanwhile
                # The second field is a name in brackets, which may hold anything.
                found[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        family = {self.process.pid}
        while more := {p for p, fields in found.items() if int(fields[1]) in family} - family:
            family |= more
        yield from (found[pid] for pid in family)


def mock_command() -> list[str]:
    """Return the command of the mock as a user starts it, without its line for each request."""
    return [sys.executable, "-m", "mockserver", "serve", "--quiet"]


def floor_command(replies: Path) -> list[str]:
    """Return the command of the floor, which answers from a file that `capture` wrote."""
    return [
        sys.executable,
        "-m",
        "bench.floor",
        "--replies",
        str(replies),
        "--threads",
        f"{THREADS}",
    ]


@contextmanager
def running(command: list[str], core: int | None = None) -> Iterator[Server]:
    """Start a server on a free port, on one core if asked, and stop it whatever happens."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [*command, "--bind", address],
        stdout=subprocess.DEVNULL,
        # A group of its own, so that no worker outlives a server that does not stop when told.
        start_new_session=True,
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        yield Server(f"http://{address}", process)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
