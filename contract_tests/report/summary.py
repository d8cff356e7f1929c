"""The summary of a verdict that the terminal shows.

Failures come first, what was not tested and what is only worth knowing after them, and the last
three lines are the verdict, its numbers, and the option that would let a run test the most more.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping

from contract_tests.catalogue import RULES
from contract_tests.engine.effects import describe_effects
from contract_tests.report.causes import RootCause
from contract_tests.report.difference import compare_json
from contract_tests.report.not_tested import Gap, find_best_option, gather_not_tested
from contract_tests.report.notices import select_notices
from contract_tests.report.verdict import CONFORMS, FAILURES, TESTED, Verdict
from contract_tests.settings.sources import MOCK_KEYS

HOLD_CHOICES = "--hold-choices"
MOST_FOLLOWERS = 5
"""Findings that are listed under the one that leads; the report has all."""
MOST_DETAILED = 10
"""Causes that are shown with their difference and request; of the others one line is shown."""
MOST_DIFFERENCES = 20
"""Lines of a difference that are shown; the report has all."""
Markup = Mapping[str, bool]
"""How pytest writes a line, such as `{"red": True}`; without colours it is plain text."""
MARKUP: tuple[tuple[str, Markup], ...] = (
    ("FAILED ", {"red": True, "bold": True}),
    ("PROBLEM ", {"red": True}),
    ("STOPPED ", {"yellow": True, "bold": True}),
    ("accepted ", {"yellow": True}),
    ("not tested ", {"yellow": True}),
    ("request failed ", {"yellow": True}),
    ("not reached ", {"yellow": True}),
    ("notice ", {"cyan": True}),
    ("    -", {"red": True}),
    ("    +", {"green": True}),
)
"""The markup of lines by what they begin with."""


def mark_up(line: str, exit_code: int) -> Markup:
    """Return how a line of the summary is written, by its meaning."""
    if line.startswith("VERDICT "):
        color = {CONFORMS: "green", FAILURES: "red"}.get(exit_code, "yellow")
        return {color: True, "bold": True}
    return next((markup for start, markup in MARKUP if line.startswith(start)), {})


def summarize_verdict(verdict: Verdict) -> Iterator[str]:
    """Yield the lines that the terminal shows."""
    gaps = gather_not_tested(verdict)
    yield from describe_failures(verdict)
    yield from describe_gaps(verdict, gaps)
    for notice in select_notices(verdict.notices, map(vars, gaps)):
        yield f"notice          {notice}"
    if verdict.effects:
        yield f"on the target   {describe_effects(verdict.effects)}"
    stays = ""
    if verdict.permanent:
        stays = f", {len(verdict.permanent)} cannot be deleted"
        yield f"stays           {', '.join(verdict.permanent)}: the API offers no way to delete it"
    yield ""
    if verdict.stopped and verdict.stopped not in verdict.headline:
        yield f"STOPPED  {verdict.stopped}"
    yield f"VERDICT  {verdict.target}: {verdict.headline}"
    yield (
        f"  {verdict.describe_counts()}; {verdict.requests} requests in {verdict.seconds} s; "
        f"{len(verdict.left_behind)} left behind{stays}; seed {verdict.seed}"
    )
    is_whole = not verdict.stopped and not verdict.counts.get("request failed")
    yield f"  {describe_untested(gaps, is_whole=is_whole)}"


def describe_failures(verdict: Verdict) -> Iterator[str]:
    """Yield the lines about failures, and about what else makes a run fail."""
    for cause in verdict.causes[:MOST_DETAILED]:
        yield from describe_cause(cause)
    others = verdict.causes[MOST_DETAILED:]
    if others:
        yield ""
        yield from (name_cause(cause) for cause in others)
        yield "  --report DIR writes a page with the details of each"
    advice = describe_start(verdict.target)
    if verdict.causes and advice:
        yield ""
        yield advice
    for finding in verdict.accepted:
        yield f"accepted {finding['rule']}  {finding['message']}: {finding['reason']}"
    for problem in verdict.problems:
        yield f"PROBLEM  {problem}"


def describe_gaps(verdict: Verdict, gaps: list[Gap]) -> Iterator[str]:
    """Yield the lines about what was not tested or not reached."""
    if verdict.causes or verdict.accepted or verdict.problems:
        yield ""
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


def describe_untested(gaps: list[Gap], *, is_whole: bool = True) -> str:
    """Return how much was not tested, and the option that would enable the most of it.

    A run `is_whole` that was not stopped, and whose requests were all answered.
    """
    checks = sum(gap.checks for gap in gaps)
    if not checks and not is_whole:
        return "not everything that was selected was tested"
    if not checks:
        return "everything that was selected was tested"
    total = f"{checks} check{'s were' if checks > 1 else ' was'} not tested"
    option, enabled = find_best_option(gaps)
    if not enabled:
        return total
    share = "all" if enabled == checks else f"the most, {enabled}"
    return f"{total}; {option} would enable {share}"


def name_cause(cause: RootCause) -> str:
    """Return the line that begins what is said about a cause."""
    extent = f": {cause.extent}" if cause.extent else ""
    return f"FAILED {cause.leader['rule']}  {cause.title}{extent}"


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
        keys = " ".join(f"CREDCHECK_KEY_{role.upper()}={key}" for role, key in MOCK_KEYS.items())
        command = f"`credmock serve --api-version 4.202`, and its keys with `export {keys}`"
    elif target.startswith("wsgi:"):
        application = shlex.quote(target.removeprefix("wsgi:"))
        command = f"`gunicorn --bind 127.0.0.1:8000 {application}`, or with another WSGI server"
    else:
        return ""
    return f"{target} ran in this process: for curl to repeat a request, start it with {command}"


def describe_cause(cause: RootCause) -> Iterator[str]:
    """Yield the lines about one cause."""
    finding = cause.leader
    exchange = finding["exchange"] or {}
    rule = RULES[finding["rule"]]
    yield ""
    yield name_cause(cause)
    yield f"  rule      {rule.requirement} [{' '.join(rule.evidence)}]"
    difference = compare_json(finding["expected"], finding["got"])
    if difference:
        yield "  difference between expected (-) and got (+)"
        yield from (f"    {line}" for line in difference[:MOST_DIFFERENCES])
        more = len(difference) - MOST_DIFFERENCES
        if more > 0:
            yield f"    … and {more} more lines"
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
