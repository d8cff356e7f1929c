"""From results to a verdict: what counts, what is accepted, what was not reached, the exit code."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contract_tests.catalogue import CATALOGUE, RULES
from contract_tests.catalogue.operations import IRREVERSIBLE, ISSUING
from contract_tests.engine.accepted import Accepted, read_accepted
from contract_tests.engine.contract import load_contract
from contract_tests.engine.outcome import Result
from contract_tests.engine.settings import Settings

CONTEXT = (
    *(
        "org",
        "user_id",
        "username",
        "learner_username",
        "other_org",
        "other_user_id",
        "issuer",
        "auth_scheme",
    ),
    *("ca_bundle", "rate", "max_latency", "profile", "allow_writes", "disposable"),
    *("no_unknown_fields", "hold_choices", "yes_this_is_production", "without"),
    "api_version",
)
CONFORMS, BREACHES, USAGE, NOT_JUDGED = 0, 1, 2, 3


@dataclass
class Verdict:
    """All that is known at the end of a run; keys are redacted throughout."""

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
    breaches: list[dict[str, Any]]
    accepted: list[dict[str, Any]]
    complaints: list[str]
    """Lines about accepted breaches that are expired or gone, and about what was left behind."""
    coverage: dict[str, dict[int, int]]
    not_reached: list[str]
    unreachable_here: dict[str, str]
    """Operations that this run may not reach, and why."""
    notices: list[str]
    left_behind: list[str]
    exchanges: list[dict[str, Any]]
    stopped: str = ""
    exit_code: int = CONFORMS
    headline: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    """The options beside the target's name that `replay` needs; none of them is a secret."""


def judge(run: Any) -> Verdict:
    """Return the verdict of a run that has ended (a `plugin.Run`)."""
    settings: Settings = run.settings
    parts = run.parts
    coverage = _coverage(parts)
    results = sorted(run.results, key=lambda each: _order(each.rule))
    accepted = read_accepted(settings.accept)
    breaches, tolerated = _sorted_out(results, accepted)
    left_behind = [each for part in parts for each in part["left_behind"]]
    narrowed = any(
        run.config.getoption(f"--credcheck-{n}") for n in ("rule", "subject", "operation")
    )
    unreachable = _unreachable(settings)
    verdict = Verdict(
        target=settings.name,
        base_url=settings.base_url,
        profile=settings.profile,
        seed=settings.seed,
        run_id=run.run_id,
        writes=settings.allow_writes,
        started=datetime.fromtimestamp(run.started, UTC).isoformat(timespec="seconds"),
        seconds=round(datetime.now(UTC).timestamp() - run.started, 1),
        requests=sum(part["requests"] for part in parts),
        results=results,
        breaches=breaches,
        accepted=tolerated,
        complaints=list(_complaints(accepted, results, left_behind)),
        coverage=coverage,
        not_reached=[] if narrowed else _not_reached(coverage, unreachable),
        unreachable_here=unreachable,
        notices=sorted({each for part in parts for each in part["notices"]}),
        left_behind=left_behind,
        exchanges=[each for part in parts for each in part["exchanges"]],
        stopped=run.stopped,
        counts=dict(Counter(each.outcome for each in results)),
        context=_context(settings),
    )
    verdict.exit_code, verdict.headline = _decide(verdict)
    return verdict


def _context(settings: Settings) -> dict[str, Any]:
    found = {name: getattr(settings, name) for name in CONTEXT}
    return {name: value for name, value in found.items() if value not in ("", None, False, ())}


def _order(rule: str) -> int:
    return next(index for index, each in enumerate(CATALOGUE) if each.id == rule)


def _coverage(parts: list[dict[str, Any]]) -> dict[str, dict[int, int]]:
    coverage: dict[str, Counter[int]] = {name: Counter() for name in load_contract().operations}
    for part in parts:
        for operation, statuses in part["coverage"].items():
            coverage[operation].update({int(status): n for status, n in statuses.items()})
    return {name: dict(sorted(each.items())) for name, each in coverage.items()}


def _sorted_out(
    results: list[Result], accepted: list[Accepted]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the findings, each cause once: those that count, and those that are accepted."""
    breaches, tolerated, seen = [], [], set()
    today = datetime.now(UTC).date()
    for finding in sorted(
        (finding for each in results for finding in each.findings),
        key=lambda finding: _order(finding["rule"]),
    ):
        cause = (finding["rule"], finding["operation"], finding["message"])
        if cause in seen:
            continue
        seen.add(cause)
        known = next((each for each in accepted if each.covers(finding)), None)
        if known and known.expires >= today:
            about = {"reason": known.reason, "owner": known.owner, "until": str(known.expires)}
            tolerated.append({**finding, **about})
        else:
            breaches.append(finding)
    return breaches, tolerated


def _complaints(
    accepted: list[Accepted], results: list[Result], left_behind: list[str]
) -> Iterator[str]:
    today = datetime.now(UTC).date()
    findings = [finding for each in results for finding in each.findings]
    tested = {each.rule for each in results if each.outcome in ("kept", "breached")}
    for each in accepted:
        name = f"accepted breach {each.rule} {each.operation}".rstrip()
        if each.expires < today:
            yield f"{name} expired on {each.expires}; {each.owner} answers for it"
        elif each.rule in tested and not any(each.covers(finding) for finding in findings):
            yield f"{name} no longer occurs; remove it from the file"
    if left_behind:
        yield f"{len(left_behind)} left behind: {', '.join(left_behind[:10])}; credcheck cleanup"


def _unreachable(settings: Settings) -> dict[str, str]:
    unreachable = load_contract().lacking(settings.without, settings.later_releases)
    for operation in load_contract().operations.values():
        if not operation.is_read and not settings.allow_writes:
            unreachable.setdefault(operation.id, "the run is read-only")
        elif operation.id in ISSUING and not settings.username:
            unreachable.setdefault(operation.id, "username is not set, to issue to")
    if not settings.disposable:
        for operation_id, why in IRREVERSIBLE.items():
            unreachable.setdefault(operation_id, f"{why} and the target is not disposable")
    return unreachable


def _not_reached(
    coverage: Mapping[str, Mapping[int, int]], unreachable: Mapping[str, str]
) -> list[str]:
    return [
        operation
        for operation, statuses in coverage.items()
        if operation not in unreachable and not any(200 <= status < 300 for status in statuses)
    ]


def _decide(verdict: Verdict) -> tuple[int, str]:
    """Return the exit code and the sentence that says why."""
    if not verdict.results and not verdict.stopped:
        return USAGE, "nothing was tested: no rule fits --rule, --subject and --operation"
    if verdict.breaches or verdict.complaints:
        said = [
            *_counted(verdict.breaches, "breach", "es"),
            *_counted(verdict.complaints, "complaint"),
        ]
        return BREACHES, f"breaks the contract: {' and '.join(said)}"
    if verdict.stopped:
        return NOT_JUDGED, f"not judged: {verdict.stopped}"
    lost = verdict.counts.get("could not ask", 0)
    if lost:
        return NOT_JUDGED, f"not judged: {lost} rules could not be asked"
    if verdict.not_reached:
        return NOT_JUDGED, f"not judged: {len(verdict.not_reached)} operations were not reached"
    if not verdict.counts.get("kept"):
        return NOT_JUDGED, "not judged: no rule could be tested"
    return CONFORMS, "conforms"


def _counted(found: list[Any], name: str, plural: str = "s") -> list[str]:
    return [f"{len(found)} {name}{plural if len(found) > 1 else ''}"] if found else []


def summary_lines(verdict: Verdict) -> Iterator[str]:
    """Yield what a person reads first."""
    for finding in verdict.breaches:
        exchange = finding["exchange"] or {}
        law = RULES[finding["rule"]]
        yield ""
        yield f"BREACH {finding['rule']}  {finding['message']}"
        yield f"  law       {law.requirement} [{' '.join(law.evidence)}]"
        if finding["expected"] or finding["got"]:
            yield f"  expected  {finding['expected']}"
            yield f"  got       {finding['got']}"
        for step in finding["steps"]:
            yield f"  step      {step}"
        if exchange:
            yield f"  {exchange['curl']}"
    for finding in verdict.accepted:
        yield f"accepted {finding['rule']} {finding['message']}: {finding['reason']}"
    for complaint in verdict.complaints:
        yield f"FAILED  {complaint}"
    yield ""
    yield from _not_tested(verdict)
    for operation in verdict.not_reached if not verdict.stopped else ():
        statuses = ", ".join(map(str, verdict.coverage[operation])) or "nothing"
        yield f"not reached    {operation}: answered {statuses}, never 2xx"
    for notice in verdict.notices:
        yield f"notice         {notice}"
    yield f"VERDICT  {verdict.target}: {verdict.headline}"
    counts = verdict.counts
    yield (
        f"  {counts.get('kept', 0)} kept, {counts.get('breached', 0)} breached, "
        f"{counts.get('not tested', 0)} not tested, {counts.get('could not ask', 0)} not asked; "
        f"{verdict.requests} requests in {verdict.seconds} s; "
        f"{len(verdict.left_behind)} left behind; seed {verdict.seed}"
    )


def _not_tested(verdict: Verdict) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in verdict.results:
        if each.outcome in ("not tested", "could not ask") and not (
            verdict.stopped and verdict.stopped in each.reason  # which the verdict tells
        ):
            reasons.setdefault((each.outcome, each.reason), []).append(each.rule)
    for (outcome, reason), rules in reasons.items():
        yield f"{outcome:<14} {', '.join(dict.fromkeys(rules))}: {reason}"
    for operation, reason in verdict.unreachable_here.items():
        yield f"not tested     {operation}: {reason}"
