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

SIZES = (100, 10_000, 100_000, 1_000_000)
SEARCHES = {"rare": "search, rare term", "common": "search, common term", "none": "search, no hit"}
SEARCHED = 100_000
"""The size that the goal of the search is for."""
CALLS = 20
FIRST_WRITE = "first write of a sandbox"
DEAREST_WRITE = "dearest of its other writes"
DEAREST_READ = "dearest of its reads"
SINGLE = (FIRST_WRITE, DEAREST_WRITE, DEAREST_READ)
"""What single calls cost, which a median would hide: copies that are made once, collections."""
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
        found = Counter(str(each[key]) for record in self.sample for each in record[kind])
        return found.most_common(1)[0][0]

    def resident_bytes(self) -> int:
        """Return the memory of the process after its first answer."""
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
        victims = [each for each in ids if each not in in_course][:CALLS]
        kept = [each for each in ids if each not in victims]
        body = body_with(self.issuer)

        def used(requests: list[Request]) -> list[float]:
            return self.mock.cpu_microseconds([each.within(sandbox) for each in requests])

        seen = {
            FIRST_WRITE: used([post(body)]),
            "create": used([post(body)] * CALLS),
            "update": used([put(each, body) for each in kept[:CALLS]]),
            "delete": used([delete(each) for each in victims]),
        }
        dearest = {DEAREST_WRITE: max(max(seen[n]) for n in ("create", "update", "delete"))}
        reads = self._reads(kept)
        if searching:
            reads |= self._searches(number, records)
        for name, requests in reads.items():
            if name not in SEARCHES:
                used(requests)  # so that every record has been encoded
            seen[name] = used(requests)
        dearest[DEAREST_READ] = max(max(seen[name]) for name in reads if name not in SEARCHES)
        self.mock.app.extensions["mockserver"].sandboxes.remove(sandbox)
        return {name: median(calls) for name, calls in seen.items()} | dearest

    def _reads(self, ids: list[str]) -> dict[str, list[Request]]:
        """Return what is read; each answer has as many records in every size."""
        return {
            "first": [get("?page=1")] * CALLS,
            "middle": [get(f"?page={self.pages // 2}")] * CALLS,
            "last": [get(f"?page={self.pages}")] * CALLS,
            "item": [get(each) for each in ids[:CALLS]],
            "course": [get(f"?page_size=5&course={quote(self.course, safe='')}")] * CALLS,
            "program": [get(f"?program={quote(self.program, safe='')}")] * CALLS,
        }

    def _searches(self, number: int, records: list[dict[str, Any]]) -> dict[str, list[Request]]:
        """Return searches, none of which is sent twice in a round."""
        fragments = random.Random(number).sample(self.common, min(CALLS, len(self.common)))
        terms = {
            "rare": [record["name"] for record in records[:CALLS]],
            "common": fragments,
            "none": [f"zyxw{number}v{each}" for each in range(CALLS)],
        }
        return {n: [get(f"?search={quote(each)}") for each in t] for n, t in terms.items()}


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
                # Searches of the biggest world may take seconds.
                searching = size > SIZES[0] and (size <= SEARCHED or number < 3)
                rounds[size].append(worlds[size].ask("round", number, searching))
    figures = {
        size: {n: median(each[n] for each in all_of if n in each) for n in all_of[0]}
        for size, all_of in rounds.items()
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
        rows.append(Row(label, cells, Goal(1.2), max(ratios)))
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
    judged = others.index(SEARCHED) if SEARCHED in others else None
    yield Section(
        "search",
        "in big worlds: CPU ms",
        [f"{size:,}" for size in others],
        [
            Row(
                SEARCHES.get(name, name),
                [figure(value) for value in values],
                None if judged is None or name in SINGLE else Goal(10),
                0 if judged is None else values[judged],
            )
            for name, values in milliseconds.items()
        ],
        f"the same rounds; goal at {SEARCHED:,}; no term is sought twice in a round",
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
        f"difference from a fresh process with {smallest} credentials, after the first answer",
        memory,
    )
