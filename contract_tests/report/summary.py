"""The summary of a verdict that the terminal shows."""

import shlex
from collections import Counter
from collections.abc import Iterator

from contract_tests.catalogue import RULES
from contract_tests.engine.effects import describe_effects
from contract_tests.report.causes import RootCause
from contract_tests.report.difference import compare_json
from contract_tests.report.not_tested import Gap, find_best_option, gather_not_tested
from contract_tests.report.verdict import TESTED, Verdict

HOLD_CHOICES = "--hold-choices"
MOST_FOLLOWERS = 5
"""Findings that are listed under the one that leads; the report has all."""


def summarize_verdict(verdict: Verdict) -> Iterator[str]:
    """Yield the lines that the terminal shows."""
    for cause in verdict.causes:
        yield from describe_cause(cause)
    advice = describe_start(verdict.target)
    if verdict.causes and advice:
        yield ""
        yield advice
    for finding in verdict.accepted:
        yield f"accepted {finding['rule']}  {finding['message']}: {finding['reason']}"
    for problem in verdict.problems:
        yield f"PROBLEM  {problem}"
    yield ""
    gaps = gather_not_tested(verdict)
    yield from summarize_not_tested(verdict, gaps)
    if verdict.stopped and verdict.stopped not in verdict.headline:
        yield f"STOPPED  {verdict.stopped}"
    stays = ""
    if verdict.permanent:
        number = len(verdict.permanent)
        stays = f", {number} cannot be deleted"
        yield f"stays           {', '.join(verdict.permanent)}: the API offers no way to delete it"
    yield f"VERDICT  {verdict.target}: {verdict.headline}"
    yield (
        f"  {verdict.describe_counts()}; {verdict.requests} requests in {verdict.seconds} s; "
        f"{len(verdict.left_behind)} left behind{stays}; seed {verdict.seed}"
    )
    if verdict.effects:
        yield f"  on the target: {describe_effects(verdict.effects)}"
    option, checks = find_best_option(gaps)
    if checks:
        yield f"  {option} would enable the most of what was not tested: {checks} checks"


def summarize_not_tested(verdict: Verdict, gaps: list[Gap]) -> Iterator[str]:
    """Yield the lines about what was not tested or not reached, and the notices."""
    was_tested = any(verdict.counts.get(outcome) for outcome in TESTED)
    # What a run that never began would not have tested either is of no use to anybody.
    for gap, more in join_choices(gaps) if was_tested or not verdict.stopped else ():
        enabling = f" (set {gap.option})" if gap.option else ""
        enabling = f" and {more} more{enabling}" if more else enabling
        for names in filter(None, (gap.rules, gap.operations)):
            yield f"{gap.outcome:<15} {', '.join(names)}: {gap.reason}{enabling}"
    for operation in verdict.not_reached if not verdict.stopped else ():
        statuses = ", ".join(map(str, verdict.coverage[operation])) or "nothing"
        yield f"not reached     {operation}: returned {statuses}, never 2xx"
    for notice in verdict.notices:
        yield f"notice          {notice}"


def join_choices(gaps: list[Gap]) -> Iterator[tuple[Gap, int]]:
    """Yield the gaps with how many others each stands for.

    Of what differs from choices of the contract the first of each rule stands for all.
    """
    choices = Counter(tuple(gap.rules) for gap in gaps if gap.option == HOLD_CHOICES)
    for gap in gaps:
        rules = tuple(gap.rules)
        if gap.option != HOLD_CHOICES:
            yield gap, 0
        elif rules in choices:
            yield gap, choices.pop(rules) - 1


def describe_start(target: str) -> str:
    """Return how to start a target that ran in this process, so that curl reaches it; or nothing.

    The address in the curl lines is the one that is shown here.
    """
    if target == "mock":
        command = "`credmock serve --api-version 4.202`"
    elif target.startswith("wsgi:"):
        application = shlex.quote(target.removeprefix("wsgi:"))
        command = f"`gunicorn --bind 127.0.0.1:80 {application}`, or with another WSGI server"
    else:
        return ""
    return f"{target} ran in this process: for curl to repeat a request, start it with {command}"


def describe_cause(cause: RootCause) -> Iterator[str]:
    """Yield the lines about one cause."""
    finding = cause.leader
    exchange = finding["exchange"] or {}
    rule = RULES[finding["rule"]]
    extent = f": {cause.extent}" if cause.extent else ""
    yield ""
    yield f"FAILED {finding['rule']}  {cause.title}{extent}"
    yield f"  rule      {rule.requirement} [{' '.join(rule.evidence)}]"
    difference = compare_json(finding["expected"], finding["got"])
    if difference:
        yield "  difference between expected (-) and got (+)"
        yield from (f"    {line}" for line in difference)
    elif finding["expected"] or finding["got"]:
        yield f"  expected  {finding['expected']}"
        yield f"  got       {finding['got']}"
    for step in finding["steps"]:
        yield f"  step      {step}"
    if exchange:
        yield f"  {exchange['curl']}"
    counts = Counter((finding["rule"], finding["message"]) for finding in cause.followers)
    for (rule_id, message), count in list(counts.items())[:MOST_FOLLOWERS]:
        times = f" ({count} operations)" if count > 1 else ""
        yield f"  follows   {rule_id}  {message}{times}"
    rest = list(counts)[MOST_FOLLOWERS:]
    if rest:
        rules = ", ".join(dict.fromkeys(rule_id for rule_id, _ in rest))
        yield f"  follows   {len(rest)} more: {rules}"
