"""Tests the harness: each broken deployment must fail, sound ones must pass, however they vary.

python -m tests.harness.bite                   all of it: some hours
python -m tests.harness.bite --defect ID       one defect; repeatable
python -m tests.harness.bite --variation ID    one variation of the sound twin; repeatable
python -m tests.harness.bite --part PART       defects, mistakes, seeds, variations or mixtures
"""

import difflib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from contract_tests.catalogue import CATALOGUE
from mockserver.config import RELEASES
from mockserver.files import WORLD
from tests.differential.twin.defects import DEFECTS
from tests.differential.twin.server import serve_twin
from tests.differential.twin.variations import VARIATIONS, mix_variations
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
OFFERED = ("--api-version", RELEASES[-1])
CONTEXT = (*PLACES, *OFFERED, *STRICT)
PARTS = ("defects", "mistakes", "seeds", "variations", "mixtures")
TLS = "tls-is-in-front"
"""The variation that is a matter of the server."""
MIXTURES, MIXED = 20, 5
"""Random mixtures of variations, and how many are in each."""
WAYS = tuple((profile, mode) for profile in ("quick", "standard") for mode in ("reads", "writes"))
"""How a variation is tested: with two profiles, read-only and with writes."""
TWIN_LACKS = ("images", "assignments", "course-credentials", "exim", "providers", "analytics")
WITHOUT = tuple(word for tag in TWIN_LACKS for word in ("--without", tag))
"""The options that leave out what the twin does not offer."""


@dataclass(frozen=True)
class Outcome:
    """The result of one run: its exit code, the rules that failed, its seconds and requests.

    `server_errors` counts responses with 500: a deployment that only crashes proves no rule.
    `complaints` are the words of each failure, after its rule.
    """

    exit_code: int
    rules: tuple[str, ...]
    seconds: float
    requests: int
    headline: str
    left_behind: int
    server_errors: int = 0
    complaints: tuple[str, ...] = ()


def credcheck(
    target: str, *options: str, context: tuple[str, ...] = CONTEXT, **variables: str
) -> Outcome:
    """Run the command against a target, with these variables, and read its report."""
    keys = {f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}
    environment = {**os.environ, **keys, **variables}
    with tempfile.TemporaryDirectory(prefix="bite-") as folder:
        command = [sys.executable, "-m", "contract_tests.cli", "run", target, *context]
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
        tuple(f"{each['rule']}: {each['message']}" for each in report["failures"]),
    )


def judge_defect(defect: str, *options: str) -> Outcome:
    """Test the twin with one defect, over the network."""
    with serve_twin(WORLD, defect=defect, hardened=True) as url:
        return credcheck(url, *WITHOUT, *options)


def judge_variation(
    names: tuple[str, ...], profile: str, mode: str, *options: str, postgresql: Path | None = None
) -> Outcome:
    """Test the sound twin with some variations, as any deployment is tested: open rules notice."""
    context = (*PLACES, *OFFERED, *WITHOUT, "--profile", profile)
    context += ("--read-only",) if mode == "reads" else ()
    with tempfile.TemporaryDirectory(prefix="bite-") as folder:
        certificate = Path(folder) / "ca.pem" if TLS in names else None
        context += ("--ca-bundle", str(certificate)) if certificate else ()
        with serve_twin(
            WORLD,
            variations=names,
            hardened=True,
            certificate=certificate,
            postgresql=postgresql,
        ) as url:
            return credcheck(url, *options, context=context)


def judge_variations(
    mixtures: list[tuple[str, ...]], ways: tuple[tuple[str, str], ...], workers: int
) -> dict[str, list[str]]:
    """Test each mixture in each way, print the matrix, and return what each rule was loud on."""
    loud: dict[str, list[str]] = {}
    noisy = 0
    with ThreadPoolExecutor(workers) as pool:
        runs = {
            names: [pool.submit(judge_variation, names, *way) for way in ways] for names in mixtures
        }
        for names, futures in runs.items():
            outcomes = [future.result() for future in futures]
            rules = sorted({rule for outcome in outcomes for rule in outcome.rules})
            bad = [run for run in outcomes if run.exit_code not in (0, 3) or run.left_behind]
            noisy += bool(bad)
            for rule in rules:
                loud.setdefault(rule, []).append(" + ".join(names))
            verdict = ", ".join(rules) or ("silent" if not bad else bad[0].headline)
            print(f"{' + '.join(names):<60} {verdict}", flush=True)
            for (profile, mode), run in zip(ways, outcomes, strict=True):
                for complaint in run.complaints:
                    print(f"    {profile}-{mode} {complaint}", flush=True)
    print(f"\n{len(mixtures) - noisy} of {len(mixtures)} are silent")
    return loud


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
) -> dict[str, Outcome]:
    """Test every defect, print the matrix, and return the outcomes."""
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
    return outcomes


def describe_rules(outcomes: Mapping[str, Outcome], loud: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield lines for each rule: defects that only it catches, variations it was loud on."""
    yield f"\n{'rule':<13}{'kind':<11}{'caught':>7}{'alone':>7}{'loud':>6}"
    for rule in CATALOGUE:
        caught = [name for name, outcome in outcomes.items() if rule.id in outcome.rules]
        alone = [name for name in caught if outcomes[name].rules == (rule.id,)]
        noise = loud.get(rule.id, [])
        yield f"{rule.id:<13}{rule.kind:<11}{len(caught):>7}{len(alone):>7}{len(noise):>6}"
        yield from [f"{'':<13}only this rule catches: {', '.join(alone)}"] * bool(alone)
        yield from [f"{'':<13}was loud on: {', '.join(noise)}"] * bool(noise)


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
            print(f"    {run.exit_code} {run.headline}", *run.complaints, sep="\n    ")
    return fine


@click.command()
@click.option("--defect", multiple=True, help="This one only; repeatable.")
@click.option("--variation", multiple=True, help="This one only; repeatable.")
@click.option("--part", multiple=True, type=click.Choice(PARTS), help="This only; repeatable.")
@click.option("--profile", default="standard", show_default=True, help="Of defects and seeds.")
@click.option("--way", multiple=True, help="PROFILE-reads or PROFILE-writes.  [default: all four]")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Runs at once.")
@click.option("--narrow", is_flag=True, help="Rules of a defect's own subject first: quicker.")
@click.option("--seeds", default=SEEDS, show_default=True, help="Runs of each sound deployment.")
def main(
    defect: tuple[str, ...],
    variation: tuple[str, ...],
    part: tuple[str, ...],
    profile: str,
    way: tuple[str, ...],
    workers: int,
    narrow: bool,
    seeds: int,
) -> None:
    """Test broken deployments, sound ones and their variations; exit 1 for a miss or a failure."""
    check_known("defect", defect, DEFECTS)
    check_known("variation", variation, VARIATIONS)
    named = [*["defects"] * bool(defect), *["variations"] * bool(variation)]
    parts = part or named or PARTS
    options = ("--profile", profile)
    ways = tuple(each for each in WAYS if not way or "-".join(each) in way)
    fine, outcomes, loud = True, dict[str, Outcome](), dict[str, list[str]]()
    if "defects" in parts:
        outcomes = judge_defects(list(defect or DEFECTS), workers, options, narrow=narrow)
        fine = all(outcome.rules for outcome in outcomes.values())
    if "mistakes" in parts:
        fine = judge_mistakes(workers, options) and fine
    if "seeds" in parts:
        fine = judge_sound_ones(seeds, workers, options) and fine
    if "variations" in parts:
        loud = judge_variations([(name,) for name in variation or VARIATIONS], ways, workers)
    if "mixtures" in parts:
        mixed = judge_variations(list(mix_variations(MIXTURES, MIXED)), ways, workers)
        loud = {rule: loud.get(rule, []) + mixed.get(rule, []) for rule in {*loud, *mixed}}
    if outcomes or loud:
        print(*describe_rules(outcomes, loud), sep="\n")
    sys.exit(not fine or bool(loud))


def check_known(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError for a name that does not exist."""
    for name in set(names) - set(known):
        similar = ", ".join(difflib.get_close_matches(name, list(known), n=5, cutoff=0.4))
        raise click.UsageError(f"{kind} {name!r} does not exist; similar: {similar}")


if __name__ == "__main__":
    main()
