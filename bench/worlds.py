"""Worlds of many credentials: files and bases of them, how long they take, what they occupy."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.in_process import Worker
from bench.load import first_reply
from bench.requests import LIST
from bench.servers import mock, running
from bench.setting import Setting, report
from bench.table import KILOBYTE, Goal, Row, Section, figure
from mockserver.files import WORLD
from mockserver.world.document import read_world
from mockserver.world.loader import load_world

SIZE = 100_000
SMALL = 100


def write_bare_world(path: Path) -> None:
    """Write the world that ships without its credentials and what is about them.

    What is then generated is alike in worlds of every size, and their numbers are round.
    """
    document = json.loads(WORLD.read_bytes())
    for name in ("credentials", "assertions", "assignments", "external_mappings"):
        document[name] = []
    path.write_text(json.dumps(document))


def seed(path: Path, credentials: int) -> float:
    """Write a world with the command that users have, and return its processor time."""
    command = [sys.executable, "-m", "mockserver", "seed", "--seed", "42", "-o", str(path)]
    command += ["--credentials", str(credentials), "--assertions", "0", "--assignments", "0"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if subprocess.run(command).returncode:
        raise SystemExit("bench: credmock seed failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Loading:
    """Reads a world in a process that has nothing else in it."""

    def load(self, path: Path) -> float:
        """Return the processor time from the file to records that can be served."""
        started = time.process_time()
        store = load_world(read_world(path), str(path))
        used = time.process_time() - started
        del store
        return used


def served_bytes(bare: Path, credentials: int) -> tuple[int, int]:
    """Return RSS and PSS of a real server with that many credentials after its first response."""
    candidate = mock({}, "--world", str(bare), "--credentials", str(credentials))
    with running(candidate) as server:
        first_reply(server, LIST)
        return server.resident_bytes(), server.proportional_bytes()


def measure_worlds(setting: Setting) -> Iterator[Section]:
    """Yield the table of generating, loading and holding a big world."""
    size = min(SIZE, setting.largest)
    path, bare = setting.folder / "world.json", setting.folder / "bare.json"
    write_bare_world(bare)
    generating, loading = [], []
    times = min(3, setting.rounds)
    for number in range(times):
        report(f"a world of {size:,}, round {number + 1} of {times}")
        generating.append(seed(path, size))
        with Worker(setting.server_core, Loading) as worker:
            loading.append(worker.ask("load", path))
    report("memory of a server with that world")
    small, big = served_bytes(bare, SMALL), served_bytes(bare, size)
    path.unlink()
    rss, pss = (
        (after - before) / (size - SMALL) / KILOBYTE
        for before, after in zip(small, big, strict=True)
    )
    made, loaded = median(generating), median(loading)
    yield Section(
        "worlds",
        f"a world of {size:,} credentials",
        ("median",),
        [
            Row("generate it (credmock seed), CPU s", [figure(made)], Goal(6), made),
            Row("load it (read and load), CPU s", [figure(loaded)], Goal(3), loaded),
            Row("RSS of a served credential, kB", [figure(rss)]),
            Row("PSS of a served credential, kB", [figure(pss)], Goal(4), pss),
        ],
        f"fresh processes; memory is the difference of servers with {SMALL} and {size:,} "
        "credentials, of all their processes, after the first response",
        {"generate": generating, "load": loading, "small_bytes": small, "big_bytes": big},
    )
