"""Drive one address of a server and read what each request cost it."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench.requests import Request
from bench.servers import TICKS, Server

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("request.lua")
STARTS_WITHIN = 120
"""Seconds; a big world is generated first."""


@dataclass(frozen=True)
class Cost:
    """What a load cost: processor time of the server and of the client, and how long it took.

    `others_seconds` is what everything else on the machine used meanwhile.
    """

    requests: int = 0
    cpu_seconds: float = 0
    client_cpu_seconds: float = 0
    others_seconds: float = 0
    seconds: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests + other.requests,
            self.cpu_seconds + other.cpu_seconds,
            self.client_cpu_seconds + other.client_cpu_seconds,
            self.others_seconds + other.others_seconds,
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
    """Return the body of the first answer, asking until it comes; it must be a success."""
    body = None if request.body is None else request.body.encode()
    call = urllib.request.Request(
        server.url + request.path, body, dict(request.headers), method=request.method
    )
    what = f"{request.method} {request.path} of {server.process.args!r}"
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            # `urlopen` raises for every status that is no success.
            with urllib.request.urlopen(call, timeout=10) as response:
                reply: bytes = response.read()
                return reply
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bench: {error.code} instead of a success: {what}") from None
        except OSError:  # it does not listen yet
            time.sleep(0.002)
    raise SystemExit(f"bench: no reply to {what}")


def ask(server: Server, requests: Iterable[Request]) -> None:
    """Send each request once, one after the other over one connection; all must succeed."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    for each in requests:
        connection.request(each.method, each.path, each.body, dict(each.headers))
        response = connection.getresponse()
        response.read()
        if not 200 <= response.status < 300:
            raise SystemExit(f"bench: {response.status} instead of a success: {each.path}")
    with suppress(OSError):
        connection.close()


def drive(
    server: Server,
    request: Request,
    seconds: int,
    core: int,
    *,
    connections: int = CONNECTIONS,
    sandboxes: int = 0,
) -> Cost:
    """Send a request over keep-alive connections for some time; any failure ends the benchmark.

    With `sandboxes` the requests go to that many of them in turn.
    """
    environment = {**os.environ, "BENCH_METHOD": request.method, "BENCH_SANDBOXES": str(sandboxes)}
    if request.body is not None:
        environment["BENCH_BODY"] = request.body
    headers = [text for item in request.headers.items() for text in ("-H", ": ".join(item))]
    load = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), *headers]
    before = server.cpu_seconds(), _children_cpu_seconds(), _busy_seconds()
    run = subprocess.run(
        [*load, server.url + request.path],
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    after = server.cpu_seconds(), _children_cpu_seconds(), _busy_seconds()
    used, client_used, busy = (b - a for a, b in zip(before, after, strict=True))
    if run.returncode:
        raise SystemExit(f"bench: wrk failed: {run.stderr or run.stdout}")
    seen = json.loads(run.stdout.splitlines()[-1])
    if seen["failed"] or not seen["requests"]:
        raise SystemExit(f"bench: {request.method} {request.path} failed: {seen}")
    others = max(0, busy - used - client_used)
    return Cost(seen["requests"], used, client_used, others, seen["microseconds"] / 1e6)


def _children_cpu_seconds() -> float:
    """Return the processor time of the children that have ended; servers end later."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _busy_seconds() -> float:
    """Return the time for which the cores of this machine have been at work, all added up."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    user, nice, system, _idle, _waiting, *rest = fields
    return (user + nice + system + sum(rest)) / TICKS
