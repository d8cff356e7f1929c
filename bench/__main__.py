"""Everything side by side in one run: `python -m bench`."""

import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from bench import peers as other_servers
from bench.cost import measure_cost
from bench.growth import measure_growth
from bench.judges import measure_judges
from bench.load import check_tools, first_reply
from bench.requests import LIST, requests_of
from bench.sandboxes import measure_sandboxes
from bench.saturation import measure_saturation
from bench.servers import Candidate, floor, mock, running, write_replies
from bench.setting import Setting, report
from bench.shared import measure_shared
from bench.start import measure_start
from bench.table import Section, lines, summary
from bench.worlds import measure_worlds

PARTS: dict[str, Callable[[Setting], Iterator[Section]]] = {
    "cost": measure_cost,
    "start": measure_start,
    "growth": measure_growth,
    "worlds": measure_worlds,
    "sandboxes": measure_sandboxes,
    "saturation": measure_saturation,
    "shared": measure_shared,
    "judges": measure_judges,
}
WITH_PEERS = {"cost", "start"}


def capture(folder: Path) -> tuple[Candidate, Candidate]:
    """Return the mock and the floor, which gets the mock's replies."""
    replies = folder / "replies.json"
    with running(mock({})) as server:
        requests = requests_of(first_reply(server, LIST))
        bodies = {name: first_reply(server, request) for name, request in requests.items()}
    write_replies(bodies, replies)
    return mock(requests), floor(requests, replies)


def find_peers(folder: Path, ours: Candidate) -> tuple[Candidate, ...]:
    """Return the peers, or none and one line that says why."""
    try:
        return tuple(other_servers.candidates(folder, ours.requests["create"]))
    except other_servers.NoPeers as reason:
        report(f"the peers are left out: {reason}")
        return ()


@click.command(epilog="The load generator is wrk: apt-get install wrk")
@click.option(
    "--only",
    "parts",
    type=click.Choice(list(PARTS)),
    multiple=True,
    help="Measure this part; may be given more than once.  [default: all]",
)
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option(
    "--seconds",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Of each load in a round.",
)
@click.option(
    "--largest",
    default=100_000,
    show_default=True,
    type=click.IntRange(10_000),
    metavar="N",
    help="Largest number of credentials in a world.",
)
@click.option(
    "--peers/--no-peers",
    "with_peers",
    default=True,
    help="Measure Prism, json-server and Mockoon too, installed from npm once.  [default: peers]",
)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def main(
    parts: tuple[str, ...],
    rounds: int,
    seconds: int,
    largest: int,
    with_peers: bool,
    file: Path | None,
) -> None:
    """Measure the mock beside a bare Flask view and other mock servers; print one table."""
    check_tools()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    available = sorted(os.sched_getaffinity(0))
    chosen = [name for name in PARTS if name in parts or not parts]
    started = time.monotonic()
    sections: list[Section] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        ours, bare = capture(folder)
        others = find_peers(folder, ours) if with_peers and WITH_PEERS & set(chosen) else ()
        cores = available[0], available[-1]
        setting = Setting(rounds, seconds, *cores, folder, ours, bare, others, largest)
        for part in chosen:
            for section in PARTS[part](setting):
                sections.append(section)
                print("\n".join(lines(section)) + "\n", flush=True)
    print(
        f"{summary(sections)}; Python {platform.python_version()}, server on core {cores[0]}, "
        f"client on core {cores[1]}, {time.monotonic() - started:.0f} s in all"
    )
    if file:
        data = {
            "python": platform.python_version(),
            "rounds": rounds,
            "seconds": seconds,
            "sections": {each.name: _as_data(each) for each in sections},
        }
        file.write_text(json.dumps(data, indent=1) + "\n")


def _as_data(section: Section) -> dict[str, object]:
    return {
        "columns": section.columns,
        "rows": [
            {
                "label": row.label,
                "cells": row.cells,
                "goal": str(row.goal) if row.goal else None,
                "met": row.is_met,
            }
            for row in section.rows
        ],
        "note": section.note,
        "measured": section.data,
    }


if __name__ == "__main__":
    main()
