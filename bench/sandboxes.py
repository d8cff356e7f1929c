"""What sandboxes cost: a new one, and many with a few changes each."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.in_process import InProcess, Worker, resident_bytes
from bench.requests import LIST, body_with, get, put
from bench.setting import Setting, report
from bench.table import MEGABYTE, Goal, Row, Section, figure
from mockserver.config import Config

CREDENTIALS = 10_000
NEW = 200
MANY = 1000
CHANGES = 10


class Sandboxed:
    """A mock with a world of some size, of which sandboxes are made."""

    def __init__(self) -> None:
        self.mock = InProcess(Config(credentials=CREDENTIALS, maximum_sandboxes=MANY + NEW))
        page = self.mock.read(get(f"?page_size={CHANGES}"))["result"]["data"]
        self.ids = [record["entityId"] for record in page]
        self.body = body_with(page[0]["issuerDetails"]["entityId"])

    def first_responses(self) -> dict[str, list[float]]:
        """Return the milliseconds of a first response, a second one, and of a first change."""
        steps = {"new": LIST, "known": LIST, "change": put(self.ids[0], self.body)}
        seen: dict[str, list[float]] = {name: [] for name in steps}
        for number in range(NEW):
            for name, request in steps.items():
                [used] = self.mock.cpu_microseconds([request.within(f"new-{number}")])
                seen[name].append(used / 1000)
        return seen

    def change_many(self) -> int:
        """Return by how many bytes the process grows when many sandboxes change some records."""
        before = resident_bytes()
        for number in range(MANY):
            for entity_id in self.ids:
                request = put(entity_id, self.body).within(f"changed-{number}")
                self.mock.call(self.mock.environ(request))
        return resident_bytes() - before


def measure_sandboxes(setting: Setting) -> Iterator[Section]:
    """Yield the table of sandboxes."""
    report("sandboxes")
    with Worker(setting.server_core, Sandboxed) as worker:
        seen: dict[str, Any] = worker.ask("first_responses")
    with Worker(setting.server_core, Sandboxed) as worker:
        grown = worker.ask("change_many")
    new, known, change = (median(seen[name]) for name in ("new", "known", "change"))
    megabytes = grown / MEGABYTE
    yield Section(
        "sandboxes",
        f"sandboxes, world of {CREDENTIALS:,}",
        ("median", "greatest"),
        [
            Row("new one and its list, CPU ms", [figure(new), _most(seen, "new")], Goal(1), new),
            Row("list of a known one, CPU ms", [figure(known), _most(seen, "known")]),
            Row("first change of one, CPU ms", [figure(change), _most(seen, "change")]),
            Row(
                f"{MANY:,} with {CHANGES} changes each, MB",
                [figure(megabytes)],
                Goal(200),
                megabytes,
            ),
        ],
        f"in process; {NEW} new ones; memory is the growth of RSS in a fresh process, with journal",
        {"milliseconds": seen, "bytes": grown},
    )


def _most(seen: dict[str, Any], name: str) -> str:
    return figure(max(seen[name]))
