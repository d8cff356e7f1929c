"""The mock against the floor: `python -m bench.serving`."""

import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench.load import CONNECTIONS, Cost, Request, check_tools, drive, first_reply
from bench.servers import floor_command, mock_command, running

COLLECTION = "/api/credentials/orgs/main/users/1/"
KEY = {"Authorization": "Api-Key main-admin-key"}
LIST = Request(COLLECTION, KEY)
OPERATIONS = ("list", "item", "create")
SIDES = ("mock", "floor")
STARTS = 7
Commands = dict[str, list[str]]
Round = dict[str, dict[str, Cost]]
"""Costs by operation and side."""
Memory = dict[str, dict[str, int]]
"""Bytes by side and moment."""


def requests_of(page: bytes) -> dict[str, Request]:
    """Return the request of each operation, on records that a page of the list shows."""
    first = json.loads(page)["result"]["data"][0]
    body = {
        "name": "Foundations of Beekeeping",
        "issuer": first["issuerDetails"]["entityId"],
        "description": "From the first hive to the first honey.",
        "criteriaNarrative": "Keep one colony alive over the winter.",
        "credentialType": "CERTIFICATE",
        "signal": "COURSE_COMPLETED",
    }
    headers = {**KEY, "Content-Type": "application/json"}
    create = Request(COLLECTION, headers, "POST", json.dumps(body))
    return {"list": LIST, "item": Request(COLLECTION + first["entityId"], KEY), "create": create}


def capture(replies: Path) -> dict[str, Request]:
    """Write the mock's replies where the floor reads them, and return their requests."""
    with running(mock_command()) as mock:
        requests = requests_of(first_reply(mock, LIST))
        bodies = {name: first_reply(mock, request) for name, request in requests.items()}
    replies.write_text(json.dumps({name: body.decode() for name, body in bodies.items()}))
    return requests


def start_milliseconds(command: list[str]) -> float:
    """Return the time from the start of the process to the first 200 on the list."""
    started = time.perf_counter()
    with running(command) as server:
        first_reply(server, LIST)
        return (time.perf_counter() - started) * 1000


def measure(
    commands: Commands, requests: dict[str, Request], seconds: int, cores: tuple[int, int]
) -> tuple[Round, Memory]:
    """Measure one round: fresh servers, and each operation on both, second by second in turn.

    Whatever else the machine does then hits both sides alike.
    """
    costs: Round = {}
    memory: Memory = {side: {} for side in SIDES}
    with ExitStack() as stack:
        servers = {s: stack.enter_context(running(commands[s], cores[0])) for s in SIDES}
        for side, server in servers.items():
            first_reply(server, LIST)
            memory[side]["start"] = server.resident_bytes()
            drive(server, LIST, 1, cores[1])  # warm
        # Create comes last, so that the others are measured on the world that ships.
        for name in OPERATIONS:
            if name == "create":
                memory |= {s: {**memory[s], "read": servers[s].resident_bytes()} for s in SIDES}
            costs[name] = {side: Cost() for side in SIDES}
            for _ in range(seconds):
                for side, server in servers.items():
                    costs[name][side] += drive(server, requests[name], 1, cores[1])
        for side, server in servers.items():
            memory[side]["create"] = server.resident_bytes()
    return costs, memory


def lines(rounds: list[tuple[Round, Memory]], starts: dict[str, list[float]]) -> Iterator[str]:
    """Yield the table."""
    yield f"{'CPU µs for each request':<28}{'mock':>9}{'floor':>9}{'ratio':>8}{'range':>14}"
    for name in OPERATIONS:
        mock, floor = ([r[name][s].microseconds for r, _ in rounds] for s in SIDES)
        ratios = [a / b for a, b in zip(mock, floor, strict=True)]
        between = f"{min(ratios):.2f} to {max(ratios):.2f}"
        ratio = median(mock) / median(floor)
        yield f"  {name:<26}{median(mock):>9.0f}{median(floor):>9.0f}{ratio:>8.2f}{between:>14}"
    yield "requests in a second, one core"
    for name in OPERATIONS:
        rates = [median(r[name][s].rate for r, _ in rounds) for s in SIDES]
        yield f"  {name:<26}{rates[0]:>9.0f}{rates[1]:>9.0f}{rates[0] / rates[1]:>8.2f}"
    yield "start to first list, ms"
    for label, pick in (("best", min), (f"median of {STARTS}", median)):
        a, b = (pick(starts[side]) for side in SIDES)
        yield f"  {label:<26}{a:>9.0f}{b:>9.0f}{a / b:>8.2f}"
    yield "resident memory, MiB"
    created = median(r["create"]["mock"].requests for r, _ in rounds)
    labels = {"start": "after start", "read": "after list and item"}
    for moment, label in {**labels, "create": f"after {created:.0f} creates"}.items():
        a, b = (median(m[side][moment] for _, m in rounds) / 2**20 for side in SIDES)
        yield f"  {label:<26}{a:>9.1f}{b:>9.1f}{a / b:>8.2f}"


def as_data(rounds: list[tuple[Round, Memory]], starts: dict[str, list[float]]) -> dict[str, Any]:
    """Return everything that was measured."""
    return {
        "python": platform.python_version(),
        "connections": CONNECTIONS,
        "start_milliseconds": starts,
        "rounds": [
            {
                "cost": {n: {s: asdict(c) for s, c in both.items()} for n, both in costs.items()},
                "resident_bytes": memory,
            }
            for costs, memory in rounds
        ],
    }


@click.command(epilog="The load generator is wrk: apt-get install wrk")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option(
    "--seconds",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Of each load in a round.",
)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def main(rounds: int, seconds: int, file: Path | None) -> None:
    """Measure the mock beside the same server that returns the same bytes from a bare view."""
    check_tools()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    available = sorted(os.sched_getaffinity(0))
    cores = available[0], available[-1]
    with tempfile.TemporaryDirectory() as folder:
        replies = Path(folder) / "replies.json"
        requests = capture(replies)
        commands = {"mock": mock_command(), "floor": floor_command(replies)}
        starts: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(STARTS):
            for side in SIDES:
                starts[side].append(start_milliseconds(commands[side]))
        measured = [measure(commands, requests, seconds, cores) for _ in range(rounds)]
    print("\n".join(lines(measured, starts)))
    print(
        f"medians of {rounds} interleaved rounds of {seconds} s, {CONNECTIONS} connections, "
        f"server on core {cores[0]}, client on core {cores[1]}"
    )
    if file:
        file.write_text(json.dumps(as_data(measured, starts), indent=1) + "\n")


if __name__ == "__main__":
    main()
