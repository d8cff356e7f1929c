"""How soon a server answers, and how much memory it takes with the world that ships."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from statistics import median

from bench.load import ask, first_reply
from bench.requests import LIST
from bench.servers import Candidate, running
from bench.setting import Setting, report
from bench.table import MEGABYTE, Goal, Row, Section, figure

REQUESTS = 400
TO_THE_FLOOR = {"start": Goal(1.6), "memory": Goal(1.2)}
Pick = Callable[[Sequence[float]], float]


def start_milliseconds(candidate: Candidate) -> float:
    """Return the time from the start of the process to the first success on the list."""
    started = time.perf_counter()
    with running(candidate) as server:
        first_reply(server, LIST)
        return (time.perf_counter() - started) * 1000


def memory(candidate: Candidate) -> list[int]:
    """Return resident and proportional bytes after the first answer and after some hundred."""
    with running(candidate) as server:
        first_reply(server, LIST)
        figures = [server.resident_bytes(), server.proportional_bytes()]
        reads = [each for name, each in candidate.requests.items() if name != "create"]
        ask(server, islice(cycle(reads), REQUESTS))
        return [*figures, server.resident_bytes(), server.proportional_bytes()]


def measure_start(setting: Setting) -> Iterator[Section]:
    """Yield the table of starts and memory."""
    starts: dict[str, list[float]] = {each.name: [] for each in setting.candidates}
    held: dict[str, list[list[int]]] = {each.name: [] for each in setting.candidates}
    for number in range(setting.rounds):
        report(f"start and memory, round {number + 1} of {setting.rounds}")
        for each in setting.candidates:
            starts[each.name].append(start_milliseconds(each))
        if number < 2:  # memory hardly differs
            for each in setting.candidates:
                held[each.name].append(memory(each))
    rows = [
        _row("start to first response, ms, median", starts, median, TO_THE_FLOOR["start"]),
        _row("start to first response, ms, best", starts, min, None),
    ]
    moments = ("start", f"{REQUESTS} reads")
    labels = [f"{kind} after {moment}" for moment in moments for kind in ("RSS", "PSS")]
    for index, label in enumerate(labels):
        goal = None if "PSS" in label else TO_THE_FLOOR["memory"]
        megabytes = {
            name: [figures[index] / MEGABYTE for figures in rounds] for name, rounds in held.items()
        }
        rows.append(_row(f"{label}, MB", megabytes, median, goal))
    yield Section(
        "start",
        "start and memory, default world",
        [*(candidate.name for candidate in setting.candidates), "mock/floor"],
        rows,
        f"interleaved, {setting.rounds} rounds; RSS and PSS of all processes of a server, PSS "
        "counts shared pages once; goals are for the ratio to the floor, a bare Flask view",
        {"milliseconds": starts, "bytes": held},
    )


def _row(label: str, by_name: dict[str, list[float]], pick: Pick, goal: Goal | None) -> Row:
    figures = {name: pick(values) for name, values in by_name.items()}
    ratio = figures["mock"] / figures["floor"]
    return Row(label, [*map(figure, figures.values()), f"{ratio:.2f}"], goal, ratio)
