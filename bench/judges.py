"""What it takes to test one deployment: stock schemathesis, and two profiles of `credcheck`."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import first_reply
from bench.requests import LIST
from bench.servers import mock, running
from bench.setting import Setting, report
from bench.table import MEGABYTE, Goal, Row, Section, figure
from contract_tests.engine.contract import contract_file
from mockserver.config import RELEASES
from tests.harness.bite import KEYS, PLACES

EXAMPLES = 30
STOCK, STANDARD, QUICK = "stock schemathesis", "credcheck, standard", "credcheck, quick"
GOALS = {STANDARD: Goal(0.5), QUICK: Goal(0.1)}
"""Of the time of stock schemathesis."""
MOST_ROUNDS = 3
CREDCHECK = (sys.executable, "-m", "contract_tests.cli", "run")
SCHEMATHESIS = (sys.executable, "-m", "schemathesis.cli", "run", str(contract_file()))


@dataclass(frozen=True)
class Effort:
    """The seconds of one run, those of its processor, and its greatest memory in bytes."""

    seconds: float
    cpu_seconds: float
    memory: float


def list_commands(url: str, seed: int, folder: Path) -> dict[str, list[str]]:
    """Return what is compared, each with its command."""
    header = f"Authorization: Api-Key {KEYS['ADMIN']}"
    stock = ["--url", url, "-H", header, "--workers", "1", "--max-examples", str(EXAMPLES)]
    ours = [url, *PLACES, "--api-version", RELEASES[-1], "--journal", str(folder / "journal")]
    return {
        STOCK: [*SCHEMATHESIS, *stock, "--seed", str(seed)],
        STANDARD: [*CREDCHECK, *ours, "--seed", str(seed)],
        QUICK: [*CREDCHECK, *ours, "--seed", str(seed), "--profile", "quick"],
    }


def take(command: list[str], folder: Path, core: int) -> Effort:
    """Run a command on one core, and return what it took."""
    keys = {f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **keys},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode not in (0, 1):
        raise SystemExit(f"bench: {' '.join(command[1:4])} ended with {process.returncode}")
    return Effort(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def measure_judges(setting: Setting) -> Iterator[Section]:
    """Yield the table of what testing takes; each run has a new server."""
    seen: dict[str, list[Effort]] = {STOCK: [], STANDARD: [], QUICK: []}
    rounds = min(MOST_ROUNDS, setting.rounds)
    for number in range(1, rounds + 1):
        for name, efforts in seen.items():
            report(f"testing, round {number} of {rounds}: {name}")
            candidate = mock({}, "--api-version", RELEASES[-1])
            with (
                tempfile.TemporaryDirectory(dir=setting.folder) as folder,
                running(candidate, setting.server_core) as server,
            ):
                first_reply(server, LIST)
                command = list_commands(server.url, number, Path(folder))[name]
                efforts.append(take(command, Path(folder), setting.client_core))
    yield Section(
        "judges",
        "testing one deployment",
        ("seconds", "CPU seconds", "MB", "to stock"),
        [make_row(name, efforts, seen[STOCK]) for name, efforts in seen.items()],
        f"the mock, {rounds} rounds; stock with this contract, all phases and {EXAMPLES} examples; "
        "MB is the greatest resident memory of the tester",
        {name: [vars(effort) for effort in efforts] for name, efforts in seen.items()},
    )


def make_row(name: str, efforts: list[Effort], stock: list[Effort]) -> Row:
    """Return the medians of some runs, and the time as a part of stock's."""
    pairs = zip(efforts, stock, strict=True)
    ratio = median(one.seconds / other.seconds for one, other in pairs)
    cells = [
        figure(median(one.seconds for one in efforts)),
        figure(median(one.cpu_seconds for one in efforts)),
        figure(median(one.memory for one in efforts) / MEGABYTE),
        figure(ratio),
    ]
    return Row(name, cells, GOALS.get(name), ratio)
