"""What a request costs: the mock beside the floor and the peers, by their processor time."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median

from bench.load import CONNECTIONS, Cost, drive, first_reply
from bench.servers import running
from bench.setting import Setting, report
from bench.table import Goal, Row, Section, figure, spread

TO_THE_FLOOR = {"list": Goal(1.8), "item": Goal(1.6), "create": Goal(2.2), "search": Goal(1.8)}
TO_PEERS = {
    ("list", "prism"): Goal(8, at_least=True),
    ("list", "json-server"): Goal(4, at_least=True),
}
Round = dict[tuple[str, str], Cost]
"""Costs by operation and candidate."""


def measure(setting: Setting) -> Round:
    """Measure one round: fresh servers, and each operation on all, second by second in turn.

    Whatever else the machine does then hits all of them alike.
    """
    costs: Round = {}
    with ExitStack() as stack:
        servers = {
            each: stack.enter_context(running(each, setting.server_core))
            for each in setting.candidates
        }
        for each, server in servers.items():
            for name, request in each.requests.items():
                first_reply(server, request)
                if name != "create":
                    drive(server, request, 1, setting.client_core)  # warm
        for name in setting.mock.requests:
            able = [each for each in servers if name in each.requests]
            costs |= {(name, each.name): Cost() for each in able}
            for _ in range(setting.seconds):
                for each in able:
                    cost = drive(servers[each], each.requests[name], 1, setting.client_core)
                    costs[name, each.name] += cost
    return costs


def measure_cost(setting: Setting) -> Iterator[Section]:
    """Yield the tables of the floor and of the peers, from the same rounds."""
    rounds = []
    for number in range(setting.rounds):
        report(f"cost of a request, round {number + 1} of {setting.rounds}")
        rounds.append(measure(setting))
    note = (
        f"medians of {setting.rounds} interleaved rounds of {setting.seconds} s, {CONNECTIONS} "
        "connections, one server core, another for the client"
    )
    yield Section(
        "cost",
        "CPU µs for each request",
        ("mock", "floor", "mock/floor", "range"),
        [_row(rounds, name, "floor", goal) for name, goal in TO_THE_FLOOR.items()],
        note + "; the floor is a bare Flask view with the same bytes",
        [
            {f"{name}, {side}": asdict(cost) for (name, side), cost in costs.items()}
            for costs in rounds
        ],
    )
    if setting.peers:
        yield Section(
            "peers",
            "CPU µs, peers",
            ("mock", "peer", "peer/mock", "range"),
            [
                _row(rounds, name, peer.name, TO_PEERS.get((name, peer.name)))
                for peer in setting.peers
                for name in peer.requests
            ],
            "the same rounds; prism and mockoon answer with one example of 0.7 kB and store "
            "nothing, json-server has 1,000 records",
            None,
        )


def _row(rounds: list[Round], name: str, other: str, goal: Goal | None) -> Row:
    ours, theirs = ([r[name, side].microseconds for r in rounds] for side in ("mock", other))
    is_floor = other == "floor"
    above, below = (ours, theirs) if is_floor else (theirs, ours)
    ratio = median(above) / median(below)
    between = spread([a / b for a, b in zip(above, below, strict=True)])
    cells = (figure(median(ours)), figure(median(theirs)), f"{ratio:.2f}", between)
    return Row(name if is_floor else f"{other}, {name}", cells, goal, ratio)
