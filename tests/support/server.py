"""A real `credmock serve` in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mockserver.config import RELEASES
from mockserver.testing import free_port as free_port  # for tests that name a port themselves
from tests.support.waiting import PATIENCE

CREDMOCK = (sys.executable, "-m", "mockserver")


@dataclass
class RunningServer:
    """A server that listens, and what it said so far."""

    url: str
    process: subprocess.Popen[str]
    banner: str
    log: list[str] = field(default_factory=list)

    @property
    def collection(self) -> str:
        """The address of the credentials of platform `main`."""
        return f"{self.url}/api/credentials/orgs/main/users/1/"


@contextmanager
def running(
    *options: str, command: tuple[str, ...] = CREDMOCK, cwd: Path | None = None
) -> Iterator[RunningServer]:
    """Start a server of the latest release on a free port; it must stop cleanly at the end."""
    bind = () if "--bind" in options else ("--bind", "127.0.0.1:0")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "serve", "--api-version", RELEASES[-1], *bind, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=environment,
    )
    try:
        banner = _read_banner(process)
        match = re.search(r"at (https?://\S+)", banner)
        assert match, f"the server did not start: {banner}"
        server = RunningServer(match[1], process, banner)
        reader = threading.Thread(target=_read_log, args=(server,))
        reader.start()
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        clean = process.poll() == 0
        process.kill()
    reader.join(PATIENCE)
    assert not reader.is_alive(), "a process of the server outlived it"
    assert clean, f"SIGTERM ended the server with {process.returncode}"


def _read_log(server: RunningServer) -> None:
    """Read the lines for requests, so that the server never waits for a reader."""
    assert server.process.stdout is not None
    with server.process.stdout:
        server.log.extend(line for line in server.process.stdout if line.strip())


def _read_banner(process: "subprocess.Popen[str]") -> str:
    """Read what the server prints until its last line, the address of the contract."""
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        lines.append(line)
        if not line or "openapi.yaml" in line:
            break
    return "".join(lines)
