"""Start and stop servers, and read what they cost."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.requests import Request
from mockserver.cli.worker import THREADS
from mockserver.testing import free_port

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A server that can be started, and the requests that it is measured by.

    `{port}` in its command is replaced. `fresh` is a file and the copy of it that is made before
    each start, for a server that writes into what it serves.
    """

    name: str
    command: list[str]
    requests: Mapping[str, Request]
    fresh: tuple[Path, Path] | None = None


@dataclass(frozen=True)
class Server:
    """A server that was started, with all the processes below it."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes, user and system."""
        return sum(int(f[11]) + int(f[12]) for f in self._family().values()) / TICKS

    def resident_bytes(self) -> int:
        """Return the resident memory of all its processes; what they share counts for each."""
        return sum(int(f[21]) for f in self._family().values()) * PAGE_BYTES

    def proportional_bytes(self) -> int:
        """Return the resident memory of all its processes; what they share counts once."""
        total = 0
        for pid in self._family():
            text = (PROC / str(pid) / "smaps_rollup").read_text()
            total += int(text.partition("\nPss:")[2].split()[0]) * 1024
        return total

    def _family(self) -> dict[int, list[str]]:
        """Return the fields of proc(5) `stat` from the third on, by process."""
        found: dict[int, list[str]] = {}
        for path in PROC.glob("[0-9]*/stat"):
            with suppress(OSError):  # a process that has ended meanwhile
                # The second field is a name in brackets, which may hold anything.
                found[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        family = {self.process.pid}
        while more := {p for p, fields in found.items() if int(fields[1]) in family} - family:
            family |= more
        return {pid: found[pid] for pid in family}


def mock(requests: Mapping[str, Request], *options: str) -> Candidate:
    """Return the mock as a user starts it, without its line for each request."""
    command = [sys.executable, "-m", "mockserver", "serve", "--quiet"]
    return Candidate("mock", [*command, "--bind", "127.0.0.1:{port}", *options], requests)


def floor(requests: Mapping[str, Request], replies: Path) -> Candidate:
    """Return the floor, which answers from a file that `write_replies` wrote."""
    command = [sys.executable, "-m", "bench.floor", "--bind", "127.0.0.1:{port}"]
    command += ["--replies", str(replies), "--threads", str(THREADS)]
    return Candidate("floor", command, requests)


def write_replies(bodies: Mapping[str, bytes], replies: Path) -> None:
    """Write the mock's reply to each operation where the floor reads them."""
    replies.write_text(json.dumps({name: body.decode() for name, body in bodies.items()}))


@contextmanager
def running(candidate: Candidate, core: int | None = None) -> Iterator[Server]:
    """Start a server on a free port, on one core if asked, and stop it whatever happens."""
    port = free_port()
    if candidate.fresh:
        shutil.copyfile(*candidate.fresh)
    command = [word.replace("{port}", str(port)) for word in candidate.command]
    with started(command, f"http://127.0.0.1:{port}", core) as server:
        yield server


@contextmanager
def started(command: list[str], url: str, core: int | None = None) -> Iterator[Server]:
    """Start the command of a server that will answer at an address, and stop it in the end."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        # As a user starts it: with the bytecode that the first start wrote.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        # A group of its own, so that no worker outlives a server that does not stop when told.
        start_new_session=True,
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        yield Server(url, process)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
