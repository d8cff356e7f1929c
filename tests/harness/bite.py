"""Tests the harness: each broken deployment must fail, the sound ones must pass with many seeds.

python -m tests.harness.bite                 every defect, then 20 seeds on the mock and on the twin
python -m tests.harness.bite --defect ID     one defect; repeatable
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from contract_tests.catalogue import CATALOGUE
from mockserver.config import RELEASES
from mockserver.files import WORLD
from tests.differential.twin.defects import DEFECTS, near_matches
from tests.differential.twin.server import serve_twin
from tests.support.broken_mock import MISTAKES

SEEDS = 20
BROKEN_MOCK = "wsgi:tests.support.broken_mock:application"
KEYS = {
    "ADMIN": "main-admin-key",
    "DEPARTMENT_ADMIN": "main-department-admin-key",
    "LEARNER": "main-learner-key",
    "OTHER_ORG_ADMIN": "acme-admin-key",
    "RETIRED": "retired-key",
}
PLACES = (
    *("--org", "main", "--user-id", "1", "--username", "admin"),
    *("--learner-username", "learner"),
    *("--other-org", "acme", "--other-user-id", "11", "--disposable"),
)
STRICT = ("--no-unknown-fields", "--hold-choices", "--max-latency", "1")
CONTEXT = (*PLACES, "--api-version", RELEASES[-1], *STRICT)
TWIN_LACKS = ("images", "assignments", "course-credentials", "exim", "providers", "analytics")
WITHOUT = tuple(word for tag in TWIN_LACKS for word in ("--without", tag))
"""The options that leave out what the twin does not offer."""


@dataclass(frozen=True)
class Outcome:
    """The result of one run: its exit code, the rules that failed, its seconds and requests.

    `server_errors` counts responses with 500: a deployment that only crashes proves no rule.
    """

    exit_code: int
    rules: tuple[str, ...]
    seconds: float
    requests: int
    headline: str
    left_behind: int
    server_errors: int = 0


def credcheck(target: str, *options: str, **variables: str) -> Outcome:
    """Run the command against a target, with these variables, and read its report."""
    keys = {f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}
    environment = {**os.environ, **keys, **variables}
    with tempfile.TemporaryDirectory(prefix="bite-") as folder:
        command = [sys.executable, "-m", "contract_tests.cli", "run", target, *CONTEXT]
        command += ["--journal", f"{folder}/journal", "--report", folder, *options]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment)
        try:
            report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
        except OSError:
            return Outcome(ended.returncode, (), 0, 0, ended.stdout + ended.stderr, 0)
    return Outcome(
        ended.returncode,
        tuple(dict.fromkeys(each["rule"] for each in report["failures"])),
        report["seconds"],
        report["requests"],
        report["verdict"]["headline"],
        len(report["left_behind"]),
        sum(
            each["seen"]
            for operation in report["coverage"]
            for each in operation["statuses"]
            if each["status"] == 500
        ),
    )


def judge_defect(defect: str, *options: str) -> Outcome:
    """Test the twin with one defect, over the network."""
    with serve_twin(WORLD, defect=defect, hardened=True) as url:
        return credcheck(url, *WITHOUT, *options)


def judge_narrowly(defect: str, *options: str) -> Outcome:
    """Test a defect with the rules of its own subject, and with all rules if those miss it."""
    outcome = judge_defect(defect, "--subject", DEFECTS[defect].subject, *options)
    return outcome if outcome.rules else judge_defect(defect, *options)


def matrix(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """Yield a line for each defect with the rules that caught it."""
    for defect, outcome in outcomes.items():
        caught = ", ".join(outcome.rules) or "MISSED"
        yield f"{DEFECTS[defect].subject:<11}{defect:<46}{caught}"


def judge_defects(
    defects: list[str], workers: int, options: tuple[str, ...], *, narrow: bool
) -> bool:
    """Test every defect, print the matrix, and tell whether all were caught."""
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(workers) as pool:
        judge = judge_narrowly if narrow else judge_defect
        runs = {each: pool.submit(judge, each, *options) for each in defects}
        for defect, run in runs.items():
            outcomes[defect] = run.result()
            print(*matrix({defect: outcomes[defect]}), sep="\n", flush=True)
    missed = [each for each, outcome in outcomes.items() if not outcome.rules]
    counts = Counter(rule for outcome in outcomes.values() for rule in outcome.rules)
    idle = [rule.id for rule in CATALOGUE if not counts[rule.id]]
    print(f"\n{len(outcomes) - len(missed)} of {len(outcomes)} defects caught")
    print(f"missed: {', '.join(missed) or 'none'}")
    print(f"rules that caught nothing: {', '.join(idle) or 'none'}")
    seconds = sorted(outcome.seconds for outcome in outcomes.values())
    print(f"seconds for each: median {seconds[len(seconds) // 2]}, most {seconds[-1]}")
    return not missed


def judge_mistakes(workers: int, options: tuple[str, ...]) -> bool:
    """Test the mock with each mistake with the rule about it; tell whether all were caught."""

    def of(mistake: str, rule: str) -> Outcome:
        return credcheck(BROKEN_MOCK, "--rule", rule, *options, BROKEN=mistake)

    with ThreadPoolExecutor(workers) as pool:
        runs = {each.__name__: (rule, pool.submit(of, each.__name__, rule))
                for each, rule in MISTAKES.items()}  # fmt: skip
        missed = [name for name, (rule, run) in runs.items() if rule not in run.result().rules]
    print(f"\n{len(runs) - len(missed)} of {len(runs)} mistakes of the mock caught")
    print(f"missed: {', '.join(missed) or 'none'}")
    return not missed


def judge_sound_ones(seeds: int, workers: int, options: tuple[str, ...]) -> bool:
    """Test the mock and the sound twin with many seeds; tell whether no rule failed."""

    def of_mock(seed: int) -> Outcome:
        return credcheck("mock", "--seed", str(seed), *options)

    def of_twin(seed: int) -> Outcome:
        return judge_defect("", "--seed", str(seed), *options)

    fine = True
    for name, judge in (("mock", of_mock), ("twin", of_twin)):
        with ThreadPoolExecutor(workers) as pool:
            outcomes = list(pool.map(judge, range(1, seeds + 1)))
        false = [run for run in outcomes if run.exit_code != 0 or run.left_behind]
        fine = fine and not false
        most = max(run.seconds for run in outcomes)
        print(f"sound {name}: {seeds} runs, {len(false)} false positives, most {most} s")
        for run in false:
            print(f"    {run.exit_code} {run.headline} {', '.join(run.rules)}")
    return fine


@click.command()
@click.option("--defect", multiple=True, help="This one only; repeatable.")
@click.option("--profile", default="standard", show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Runs at once.")
@click.option("--narrow", is_flag=True, help="Rules of a defect's own subject first: quicker.")
@click.option("--seeds", default=SEEDS, show_default=True, help="Runs of each sound deployment.")
def main(defect: tuple[str, ...], profile: str, workers: int, narrow: bool, seeds: int) -> None:
    """Test every broken deployment and the sound ones; exit 1 for a miss or a false positive."""
    for each in defect:
        if each not in DEFECTS:
            raise click.UsageError(
                f"defect {each!r} does not exist; similar: {', '.join(near_matches(each))}"
            )
    options = ("--profile", profile)
    caught = judge_defects(list(defect or DEFECTS), workers, options, narrow=narrow)
    if not defect:
        caught = judge_mistakes(workers, options) and caught
    fine = bool(defect) or judge_sound_ones(seeds, workers, options)
    sys.exit(not (caught and fine))


if __name__ == "__main__":
    main()
