"""Stock schemathesis on the same broken deployments: `python -m bench.stock`.

Each defect of the twin is judged by `schemathesis run` with our contract and its default checks.
What it also reports of the sound twin is a false alarm and does not count as a detection.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from contract_tests.engine.contract import contract_file
from mockserver.files import WORLD
from tests.differential.twin.defects import DEFECTS
from tests.differential.twin.server import serve_twin

KEY = "Authorization: Api-Key main-admin-key"
Signature = tuple[str, str]
"""What was found and at which operation."""


@dataclass(frozen=True)
class Found:
    """What a run reported, and how long it took."""

    signatures: frozenset[Signature]
    seconds: float
    cases: int


def stock(url: str, seed: int, examples: int) -> Found:
    """Run schemathesis with its defaults against a deployment."""
    with tempfile.TemporaryDirectory(prefix="stock-") as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(contract_file())]
        command += ["--url", url, "-H", KEY, "--seed", str(seed), "--workers", "1", "--no-color"]
        command += ["--max-examples", str(examples), "--report-json-path", str(report)]
        started = time.monotonic()
        ended = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        seconds = time.monotonic() - started
        if not report.exists():
            raise SystemExit(f"bench: schemathesis wrote no report: {ended.stderr[-500:]}")
        document = json.loads(report.read_text(encoding="utf-8"))
    found = {
        (failure["code"], str(operation))
        for failure in document["failures"]
        for operation in failure["operations"]
    }
    return Found(frozenset(found), seconds, document["test_cases"]["generated"])


def judge(defect: str, seed: int, examples: int) -> Found:
    """Judge the twin with a defect, or the sound one."""
    with serve_twin(WORLD, defect=defect, hardened=True) as url:
        return stock(url, seed, examples)


@click.command()
@click.option("--examples", default=10, show_default=True, help="Examples for each operation.")
@click.option("--every", default=1, show_default=True, help="Every n-th defect only.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Runs at once.")
def main(examples: int, every: int, workers: int) -> None:
    """Print which defects stock schemathesis detects, by subject, and what it takes."""
    with ThreadPoolExecutor(workers) as pool:
        sound = list(pool.map(lambda seed: judge("", seed, examples), range(1, 5)))
        alarms = frozenset[Signature]().union(*(each.signatures for each in sound))
        print(f"sound twin: {len(alarms)} different false alarms in {len(sound)} runs", flush=True)
        chosen = list(DEFECTS)[::every]
        found = dict(zip(chosen, pool.map(lambda d: judge(d, 1, examples), chosen), strict=True))
    caught, all_of = Counter[str](), Counter(DEFECTS[each].subject for each in chosen)
    for defect, each in found.items():
        new = sorted({code for code, _ in each.signatures - alarms})
        caught[DEFECTS[defect].subject] += bool(new)
        codes = ", ".join(new) or "-"
        print(f"{DEFECTS[defect].subject:<11}{defect:<46}{codes:<24}{each.seconds:5.1f} s")
    for subject, number in all_of.items():
        print(f"{subject:<11}{caught[subject]:3} of {number}")
    median = sorted(each.seconds for each in found.values())[len(found) // 2]
    print(f"all        {caught.total():3} of {len(found)}; median {median:.0f} s a run")


if __name__ == "__main__":
    main()
