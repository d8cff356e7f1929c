"""The summary of a verdict that the terminal shows."""

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.catalogue import RULES
from contract_tests.engine.effects import describe_effects
from contract_tests.report.verdict import Verdict


def summarize_verdict(verdict: Verdict) -> Iterator[str]:
    """Yield the lines that the terminal shows."""
    for finding in verdict.failures:
        yield from describe_failure(finding)
    for finding in verdict.accepted:
        yield f"accepted {finding['rule']}  {finding['message']}: {finding['reason']}"
    for problem in verdict.problems:
        yield f"PROBLEM  {problem}"
    yield ""
    yield from list_not_tested(verdict)
    for operation in verdict.not_reached if not verdict.stopped else ():
        statuses = ", ".join(map(str, verdict.coverage[operation])) or "nothing"
        yield f"not reached     {operation}: returned {statuses}, never 2xx"
    for notice in verdict.notices:
        yield f"notice          {notice}"
    yield f"VERDICT  {verdict.target}: {verdict.headline}"
    counts = verdict.counts
    yield (
        f"  {counts.get('passed', 0)} passed, {counts.get('failed', 0)} failed, "
        f"{counts.get('not tested', 0)} not tested, "
        f"{counts.get('request failed', 0)} with failed requests; "
        f"{verdict.requests} requests in {verdict.seconds} s; "
        f"{len(verdict.left_behind)} left behind; seed {verdict.seed}"
    )
    if verdict.effects:
        yield f"  on the target: {describe_effects(verdict.effects)}"


def describe_failure(finding: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about one failure."""
    exchange = finding["exchange"] or {}
    rule = RULES[finding["rule"]]
    yield ""
    yield f"FAILED {finding['rule']}  {finding['message']}"
    yield f"  rule      {rule.requirement} [{' '.join(rule.evidence)}]"
    if finding["expected"] or finding["got"]:
        yield f"  expected  {finding['expected']}"
        yield f"  got       {finding['got']}"
    for step in finding["steps"]:
        yield f"  step      {step}"
    if exchange:
        yield f"  {exchange['curl']}"


def list_not_tested(verdict: Verdict) -> Iterator[str]:
    """Yield a line for each reason why rules and operations were not tested."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in verdict.results:
        is_in_headline = bool(verdict.stopped) and verdict.stopped in result.reason
        if result.outcome in ("not tested", "request failed") and not is_in_headline:
            reasons.setdefault((result.outcome, result.reason), []).append(result.rule)
    for (outcome, reason), rules in reasons.items():
        yield f"{outcome:<15} {', '.join(dict.fromkeys(rules))}: {reason}"
    for operation, reason in verdict.unreachable_here.items():
        yield f"not tested      {operation}: {reason}"
