"""Whether a request costs more in a bigger world, measured in process."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from bench.in_process import InProcess, Worker, resident_bytes
from bench.requests import Request, body_with, delete, get, post, put
from bench.setting import Setting, report
from bench.table import KILOBYTE, Goal, Row, Section, figure
from bench.worlds import write_bare_world
from mockserver.config import Config

SIZES = (100, 10_000, 100_000)
SEARCHES = {"rare": "search, rare term", "common": "search, common term", "none": "search, no hit"}
SEARCH_GOAL = 25
"""Milliseconds of CPU in the largest world."""
GOALS = {"update": 1.7, "delete": 1.9}
"""How many times more expensive a request may be in a larger world; other requests 1.2 times.

A change copies chunks of records, most of which no request has touched lately.
"""
CALLS = 20
FIRST_WRITE = "first write of a sandbox"
MOST_EXPENSIVE_WRITE = "most expensive of its other writes"
MOST_EXPENSIVE_READ = "most expensive of its reads"
SINGLE = (FIRST_WRITE, MOST_EXPENSIVE_WRITE, MOST_EXPENSIVE_READ)
"""What single calls cost, which a median would hide: garbage collections, for example."""
LABELS = {
    "first": "list, first page",
    "middle": "list, middle page",
    "last": "list, last full page",
    "item": "item",
    "course": "filter by course",
    "program": "filter by program",
    "create": "create",
    "update": "update",
    "delete": "delete",
}
Figures = dict[str, float]
"""CPU microseconds by what was done."""


class World:
    """A mock with a number of credentials, and requests that mean the same in each size."""

    def __init__(self, bare: Path, credentials: int) -> None:
        self.mock = InProcess(Config(world=bare, credentials=credentials))
        first = self.mock.read(get(""))["result"]
        self.memory = resident_bytes()
        self.pages = first["count"] // 10
        self.issuer = first["data"][0]["issuerDetails"]["entityId"]
        spread = [max(1, self.pages * step // 9) for step in range(1, 10)]
        self.sample = [
            record
            for page in spread
            for record in self.mock.read(get(f"?page={page}"))["result"]["data"]
        ]
        self.course = self._most_frequent("courses", "course_id")
        self.program = self._most_frequent("programs", "program_id")
        texts = [f"{r['name']} {r['description']}".casefold() for r in self.sample]
        seen = Counter(f for text in texts for f in set(re.findall(r"(?=([a-z]{3}))", text)))
        tenth = len(self.sample) // 10
        self.common = sorted(fragment for fragment, number in seen.items() if number >= tenth)

    def _most_frequent(self, kind: str, key: str) -> str:
        found = Counter(str(link[key]) for record in self.sample for link in record[kind])
        return found.most_common(1)[0][0]

    def resident_bytes(self) -> int:
        """Return the memory of the process after its first response."""
        return self.memory

    def round(self, number: int, searching: bool) -> Figures:
        """Measure everything once, in a sandbox of its own, which is changed first.

        So the reads are those of a world that is in use, and every round finds the same one.
        """
        sandbox, shuffled = f"round-{number}", random.Random(number)
        records = shuffled.sample(self.sample, len(self.sample))
        ids = [record["entityId"] for record in records]
        # What the filters find stays.
        in_course = {r["entityId"] for r in records if self.course in str(r["courses"])}
        deleted = [entity_id for entity_id in ids if entity_id not in in_course][:CALLS]
        kept = [entity_id for entity_id in ids if entity_id not in deleted]
        body = body_with(self.issuer)

        def used(requests: list[Request]) -> list[float]:
            return self.mock.cpu_microseconds([request.within(sandbox) for request in requests])

        seen = {
            FIRST_WRITE: used([post(body)]),
            "create": used([post(body)] * CALLS),
            "update": used([put(entity_id, body) for entity_id in kept[:CALLS]]),
            "delete": used([delete(entity_id) for entity_id in deleted]),
        }
        writes = ("create", "update", "delete")
        most = {MOST_EXPENSIVE_WRITE: max(max(seen[name]) for name in writes)}
        reads = self._reads(kept)
        if searching:
            reads |= self._searches(number, records)
        for name, requests in reads.items():
            if name not in SEARCHES:
                used(requests)  # so that every record has been encoded
            seen[name] = used(requests)
        most[MOST_EXPENSIVE_READ] = max(max(seen[name]) for name in reads if name not in SEARCHES)
        self.mock.app.extensions["mockserver"].sandboxes.remove(sandbox)
        return {name: median(calls) for name, calls in seen.items()} | most

    def _reads(self, ids: list[str]) -> dict[str, list[Request]]:
        """Return what is read; each response has as many records in every size."""
        return {
            "first": [get("?page=1")] * CALLS,
            "middle": [get(f"?page={self.pages // 2}")] * CALLS,
            "last": [get(f"?page={self.pages}")] * CALLS,
            "item": [get(entity_id) for entity_id in ids[:CALLS]],
            "course": [get(f"?page_size=5&course={quote(self.course, safe='')}")] * CALLS,
            "program": [get(f"?program={quote(self.program, safe='')}")] * CALLS,
        }

    def _searches(self, number: int, records: list[dict[str, Any]]) -> dict[str, list[Request]]:
        """Return searches, none of which is sent twice in a round."""
        fragments = random.Random(number).sample(self.common, min(CALLS, len(self.common)))
        terms = {
            "rare": [record["name"] for record in records[:CALLS]],
            "common": fragments,
            "none": [f"zyxw{number}v{index}" for index in range(CALLS)],
        }
        return {
            name: [get(f"?search={quote(text)}") for text in texts] for name, texts in terms.items()
        }


def measure_growth(setting: Setting) -> Iterator[Section]:
    """Yield the tables of growth, of search and of memory."""
    bare = setting.folder / "bare.json"
    write_bare_world(bare)
    sizes = [size for size in SIZES if size <= setting.largest]
    rounds: dict[int, list[Figures]] = {size: [] for size in sizes}
    cores = (setting.server_core, setting.client_core)
    with ExitStack() as stack:
        report(f"growth: making worlds of {', '.join(f'{size:,}' for size in sizes)}")
        # The biggest first, on a core that the others do not wait for.
        worlds = {
            size: stack.enter_context(Worker(cores[size != sizes[-1]], World, bare, size))
            for size in reversed(sizes)
        }
        memory = {size: worlds[size].ask("resident_bytes") for size in sizes}
        for number in range(setting.rounds * 2):  # short ones
            report(f"growth, round {number + 1} of {setting.rounds * 2}")
            # There and back, so that none always comes first.
            for size in sizes[:: -1 if number % 2 else 1]:
                rounds[size].append(worlds[size].ask("round", number, size > SIZES[0]))
    figures = {
        size: {name: median(figures[name] for figures in measured) for name in measured[0]}
        for size, measured in rounds.items()
    }
    yield from _sections(figures, memory, rounds)


def _sections(
    figures: dict[int, Figures], memory: dict[int, int], rounds: dict[int, list[Figures]]
) -> Iterator[Section]:
    smallest, *others = figures
    if not others:
        return
    number = len(rounds[smallest])
    rows = []
    for name, label in LABELS.items():
        ratios = [figures[size][name] / figures[smallest][name] for size in others]
        cells = [figure(figures[smallest][name]), *(f"{ratio:.2f}" for ratio in ratios)]
        rows.append(Row(label, cells, Goal(GOALS.get(name, 1.2)), max(ratios)))
    yield Section(
        "growth",
        "growth: CPU by number of credentials",
        (f"{smallest:,}: µs", *(f"{size:,}: ×" for size in others)),
        rows,
        f"in process, without server and client; medians of {number} interleaved rounds of {CALLS} "
        "calls (their median), each round in a sandbox of its own that has been changed",
        {"rounds": rounds},
    )
    milliseconds = {n: [figures[s][n] / 1000 for s in others] for n in (*SEARCHES, *SINGLE)}
    yield Section(
        "search",
        "in big worlds: CPU ms",
        [f"{size:,}" for size in others],
        [
            Row(
                SEARCHES.get(name, name),
                [figure(value) for value in values],
                None if name in SINGLE else Goal(SEARCH_GOAL),
                values[-1],
            )
            for name, values in milliseconds.items()
        ],
        f"the same rounds; goal at {others[-1]:,}; no term is searched for twice in a round",
        None,
    )
    kilobytes = [(memory[s] - memory[smallest]) / (s - smallest) / KILOBYTE for s in others]
    yield Section(
        "memory",
        "memory for each credential, kB",
        [f"{size:,}" for size in others],
        [
            Row(
                "RSS of the one process",
                [figure(value) for value in kilobytes],
                Goal(4),
                max(kilobytes),
            )
        ],
        f"difference from a fresh process with {smallest} credentials, after the first response",
        memory,
    )
