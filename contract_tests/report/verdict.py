"""From results to a verdict: what counts, what is accepted, what was not reached, the exit code."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from contract_tests.catalogue import CATALOGUE
from contract_tests.catalogue.operations import IRREVERSIBLE, ISSUING, UNREACHABLE
from contract_tests.engine.contract import load_contract
from contract_tests.engine.effects import add_effects
from contract_tests.engine.interruption import INTERRUPTED
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.results import ProcessReport, Result
from contract_tests.report.accepted import (
    AcceptedFailure,
    find_accepted,
    read_accepted_failures,
)
from contract_tests.report.causes import RootCause, group_findings
from contract_tests.report.repeat import format_commands
from contract_tests.settings.settings import CONTEXT, Settings

MOST_NAMED = 10
"""Items left behind that the line about them names; the report names all."""
CONFORMS, FAILURES, USAGE, NOT_JUDGED = 0, 1, 2, 3
TESTED = ("passed", "failed", "accepted")
ORDER = {rule.id: number for number, rule in enumerate(CATALOGUE)}


@dataclass(frozen=True)
class RunSummary:
    """What a run that has ended passes on; `started` is in seconds since the epoch."""

    settings: Settings
    run_id: str
    started: float
    stopped: str
    is_narrowed: bool
    filters: Mapping[str, list[str]]
    results: list[Result]
    processes: list[ProcessReport]
    flaky: list[str] = field(default_factory=list)
    """What failed and passed when it was run again."""
    others: Mapping[str, str] = field(default_factory=dict)
    """The options of the run that are neither settings nor filters, such as `workers`."""


@dataclass
class Verdict:
    """Everything that is known at the end of a run; keys are redacted throughout."""

    target: str
    base_url: str
    profile: str
    seed: int
    run_id: str
    writes: bool
    started: str
    seconds: float
    requests: int
    results: list[Result]
    failures: list[dict[str, Any]]
    accepted: list[dict[str, Any]]
    problems: list[str]
    """Accepted failures that expired or no longer occur, and what was left behind."""
    coverage: dict[str, dict[int, int]]
    not_reached: list[str]
    unreachable_here: dict[str, str]
    """Operations that this run cannot reach, each with the reason."""
    notices: list[str]
    left_behind: list[str]
    exchanges: list[dict[str, Any]]
    effects: dict[str, Any] = field(default_factory=dict)
    """What the run did to the target, see `add_effects`."""
    permanent: list[str] = field(default_factory=list)
    """What stays on a disposable target because the API offers no way to delete it."""
    stopped: str = ""
    exit_code: int = CONFORMS
    headline: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    filters: Mapping[str, list[str]] = field(default_factory=dict)
    repeat: Mapping[str, str] = field(default_factory=dict)
    """The commands that repeat the run, clean up after it, and test its first failure again."""

    @cached_property
    def causes(self) -> list[RootCause]:
        """The failures, grouped by what they have in common."""
        return group_findings(self.failures, self.results)

    def describe_counts(self) -> str:
        """Return how many tests had each outcome, as a phrase."""
        outcomes = ["passed", "failed", "not tested"]
        outcomes += ["accepted"] * bool(self.counts.get("accepted"))
        counts = ", ".join(f"{self.counts.get(outcome, 0)} {outcome}" for outcome in outcomes)
        return f"{counts}, {self.counts.get('request failed', 0)} with failed requests"


def make_verdict(run: RunSummary) -> Verdict:
    """Return the verdict of a run that has ended."""
    settings, processes = run.settings, run.processes
    coverage = add_coverage(processes)
    redact = Redactor.from_settings(settings)
    results = [Result(**redact.redact_value(vars(result))) for result in run.results]
    results.sort(key=lambda result: ORDER[result.rule])
    accepted = read_accepted_failures(settings.accept)
    failures, tolerated = sort_findings(results, accepted)
    left_behind = [item for process in processes for item in process.left_behind]
    unreachable = find_unreachable(settings) | find_lacking(coverage, results)
    verdict = Verdict(
        target=settings.name,
        base_url=settings.base_url,
        profile=settings.profile,
        seed=settings.seed,
        run_id=run.run_id,
        writes=settings.allow_writes,
        started=datetime.fromtimestamp(run.started, UTC).isoformat(timespec="seconds"),
        seconds=round(datetime.now(UTC).timestamp() - run.started, 1),
        requests=sum(process.requests for process in processes),
        results=results,
        failures=failures,
        accepted=tolerated,
        problems=list(find_problems(accepted, results, left_behind)),
        coverage=coverage,
        not_reached=[] if run.is_narrowed else find_not_reached(coverage, unreachable),
        unreachable_here=unreachable,
        notices=sorted(
            {*run.flaky, *(notice for process in processes for notice in process.notices)}
        ),
        left_behind=left_behind,
        permanent=[
            item
            for process in processes
            for item in process.permanent
            if settings.application != "mock"  # which ends with the run
        ],
        exchanges=[exchange for process in processes for exchange in process.exchanges],
        effects=add_effects((process.effects for process in processes), len(left_behind)),
        stopped=run.stopped,
        counts=dict(Counter(result.outcome for result in results)),
        context=select_context(settings),
        filters=run.filters,
    )
    verdict.exit_code, verdict.headline = decide(verdict)
    first = verdict.causes[0].leader["rule"] if verdict.causes else ""
    verdict.repeat = format_commands(settings, run.filters, run.others, first)
    return verdict


def select_context(settings: Settings) -> dict[str, Any]:
    """Return the settings beside the target's name that `replay` needs."""
    context = {name: getattr(settings, name) for name in CONTEXT}
    return {name: value for name, value in context.items() if value not in ("", None, False, ())}


def add_coverage(processes: list[ProcessReport]) -> dict[str, dict[int, int]]:
    """Return how often each operation returned each status code, in all processes."""
    coverage: dict[str, Counter[int]] = {name: Counter() for name in load_contract().operations}
    for process in processes:
        for operation, counts in process.coverage.items():
            coverage[operation].update({int(status): count for status, count in counts.items()})
    return {operation: dict(sorted(counts.items())) for operation, counts in coverage.items()}


def sort_findings(
    results: list[Result], accepted: list[AcceptedFailure]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the findings, each cause once: those that count, and those that are accepted."""
    failures, tolerated, seen = [], [], set()
    for finding in sorted(
        (finding for result in results for finding in result.findings),
        key=lambda finding: ORDER[finding["rule"]],
    ):
        cause = (finding["rule"], finding["operation"], finding["message"])
        if cause in seen:
            continue
        seen.add(cause)
        known = find_accepted(accepted, finding)
        if known:
            details = {"reason": known.reason, "owner": known.owner, "until": str(known.expires)}
            tolerated.append({**finding, **details})
        else:
            failures.append(finding)
    return failures, tolerated


def find_problems(
    accepted: list[AcceptedFailure], results: list[Result], left_behind: list[str]
) -> Iterator[str]:
    """Yield what else makes a run fail."""
    today = datetime.now(UTC).date()
    findings = [finding for result in results for finding in result.findings]
    tested = {result.rule for result in results if result.outcome in TESTED}
    for failure in accepted:
        name = f"accepted failure {failure.rule} {failure.operation}".rstrip()
        if failure.expires < today:
            yield f"{name} expired on {failure.expires}; its owner is {failure.owner}"
        elif failure.rule in tested and not any(map(failure.covers, findings)):
            yield f"{name} no longer occurs; remove it from the file"
    if left_behind:
        more = len(left_behind) - MOST_NAMED
        items = ", ".join(left_behind[:MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
        yield (
            f"{len(left_behind)} left behind: {items}; the journal is kept, and "
            "`credcheck cleanup` tries again"
        )


def find_unreachable(settings: Settings) -> dict[str, str]:
    """Return the operations that a run with these settings cannot reach, each with the reason."""
    contract = load_contract()
    unreachable = contract.find_missing_operations(settings.without, settings.later_releases)
    for operation in contract.operations.values():
        if not operation.is_read and not settings.allow_writes:
            unreachable.setdefault(operation.id, "the run is read-only")
        elif operation.id in ISSUING and not settings.username:
            unreachable.setdefault(operation.id, "username is not set")
    if not settings.disposable:
        for operation_id, reason in IRREVERSIBLE.items():
            unreachable.setdefault(operation_id, f"{reason}, and the target is not disposable")
    return unreachable


def find_lacking(
    coverage: Mapping[str, Mapping[int, int]], results: list[Result]
) -> dict[str, str]:
    """Return the operations that never returned a success since the run lacks what they need."""
    reasons = [result.reason for result in results if result.outcome == "not tested"]
    return {
        operation: next(reason for reason in reasons if reason.startswith(start))
        for start, operations in UNREACHABLE.items()
        if any(reason.startswith(start) for reason in reasons)
        for operation in find_not_reached({name: coverage[name] for name in operations}, {})
    }


def find_not_reached(
    coverage: Mapping[str, Mapping[int, int]], unreachable: Mapping[str, str]
) -> list[str]:
    """Return the operations that never returned a success and could have."""
    return [
        operation
        for operation, counts in coverage.items()
        if operation not in unreachable and not any(200 <= status < 300 for status in counts)
    ]


def decide(verdict: Verdict) -> tuple[int, str]:
    """Return the exit code and the sentence that gives the reason."""
    if not verdict.results and not verdict.stopped:
        return USAGE, "nothing was tested: no rule matches --rule, --subject and --operation"
    if verdict.stopped == INTERRUPTED and verdict.failures:
        found = count(len(verdict.failures), "failure")[0]
        return NOT_JUDGED, f"not judged: {INTERRUPTED}, after {found}"
    if verdict.failures or (verdict.problems and not verdict.stopped):
        failures, causes = count(len(verdict.failures), "failure"), len(verdict.causes)
        if causes < len(verdict.failures):
            failures = [f"{failures[0]} with {count(causes, 'cause')[0]}"]
        parts = [*failures, *count(len(verdict.problems), "problem")]
        return FAILURES, f"breaks the contract: {' and '.join(parts)}"
    if verdict.stopped:
        left = f"; {len(verdict.left_behind)} left behind" if verdict.left_behind else ""
        return NOT_JUDGED, f"not judged: {verdict.stopped}{left}"
    lost = verdict.counts.get("request failed", 0)
    if lost:
        return NOT_JUDGED, f"not judged: requests failed in {' '.join(count(lost, 'test'))}"
    if verdict.not_reached:
        return NOT_JUDGED, f"not judged: {len(verdict.not_reached)} operations were not reached"
    if not verdict.counts.get("passed") and not verdict.accepted:
        return NOT_JUDGED, "not judged: no rule could be tested"
    return CONFORMS, "conforms"


def count(number: int, noun: str) -> list[str]:
    """Return a number of things as a phrase, no phrase for none."""
    return [f"{number} {noun}{'s' if number > 1 else ''}"] if number else []
