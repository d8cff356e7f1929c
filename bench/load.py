"""Drive one address of a server and read what each request cost it."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Server

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("request.lua")


@dataclass(frozen=True)
class Request:
    """A request that is sent again and again."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: str | None = None


@dataclass(frozen=True)
class Cost:
    """What a load cost: the server's processor time, and how long the client took."""

    requests: int = 0
    cpu_seconds: float = 0
    seconds: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests + other.requests,
            self.cpu_seconds + other.cpu_seconds,
            self.seconds + other.seconds,
        )

    @property
    def microseconds(self) -> float:
        """The server's processor time for each request."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return self.requests / self.seconds


def check_tools() -> None:
    """Exit with 2 and one line unless this machine can measure."""
    missing = None
    if not Path("/proc/self/stat").exists():
        missing = "processor time is read from /proc, which only Linux has"
    elif shutil.which("wrk") is None:
        missing = "the load generator wrk is missing; install it with: apt-get install wrk"
    if missing:
        print(f"bench: {missing}", file=sys.stderr)
        raise SystemExit(2)


def first_reply(server: Server, request: Request) -> bytes:
    """Return the body of the first 200, asking until it comes."""
    body = None if request.body is None else request.body.encode()
    call = urllib.request.Request(
        server.url + request.path, body, dict(request.headers), method=request.method
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(urllib.error.URLError), urllib.request.urlopen(call, timeout=10) as response:
            reply: bytes = response.read()
            return reply
        time.sleep(0.002)
    raise SystemExit(
        f"bench: no reply to {request.method} {request.path} of {server.process.args!r}"
    )


def drive(server: Server, request: Request, seconds: int, core: int) -> Cost:
    """Send a request over keep-alive connections for some time; any failure ends the benchmark."""
    environment = {**os.environ, "BENCH_METHOD": request.method}
    if request.body is not None:
        environment["BENCH_BODY"] = request.body
    headers = [text for item in request.headers.items() for text in ("-H", ": ".join(item))]
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(SCRIPT), *headers]
    before = server.cpu_seconds()
    run = subprocess.run(
        [*load, server.url + request.path],
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    used = server.cpu_seconds() - before
    if run.returncode:
        raise SystemExit(f"bench: wrk failed: {run.stderr or run.stdout}")
    seen = json.loads(run.stdout.splitlines()[-1])
    if seen["failed"] or not seen["requests"]:
        raise SystemExit(f"bench: {request.method} {request.path} failed: {run.stdout}")
    return Cost(seen["requests"], used, seen["microseconds"] / 1e6)
