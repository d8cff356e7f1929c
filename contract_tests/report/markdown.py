"""The summary of a verdict in Markdown, for a pull request or the page of a CI job."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from contract_tests.engine.curl import shorten_curl
from contract_tests.engine.redaction import escape_surrogates
from contract_tests.errors import UsageError
from contract_tests.report.callers import list_callers
from contract_tests.report.causes import RootCause
from contract_tests.report.not_tested import find_best_option, gather_not_tested
from contract_tests.report.summary import describe_start
from contract_tests.report.verdict import Verdict

MARKS = {0: "✅", 1: "❌", 2: "⚠️", 3: "⚠️"}
MOST_CAUSES = 20
MOST_REASONS = 10
LONGEST_CURL = 2_000
_SPECIAL = re.compile(r"([\\*_{}\[\]()#+!|~>-])")


def write_summary(verdict: Verdict, path: Path, *, append: bool, where: str = "--summary") -> None:
    """Write the summary into a file, or add it to one; raises UsageError that names `where`."""
    text = "\n".join(render_markdown(verdict)) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(escape_surrogates(text))
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{where}: {path} cannot be written: {reason}") from error


def render_markdown(verdict: Verdict) -> Iterator[str]:
    """Yield the lines of the summary; no text of the target becomes markup."""
    mark = MARKS[verdict.exit_code]
    yield f"## {mark} credcheck: {escape(verdict.target)} {escape(verdict.headline)}"
    yield ""
    yield (
        f"{escape(verdict.describe_counts())}; {verdict.requests} requests in {verdict.seconds} s, "
        f"profile {verdict.profile}, seed {verdict.seed}"
    )
    if verdict.causes:
        yield ""
        yield "| rule | cause | operations | checks |"
        yield "| --- | --- | --- | --- |"
        for cause in verdict.causes[:MOST_CAUSES]:
            rule, title = cause.leader["rule"], escape(cause.title)
            yield f"| {rule} | {title} | {len(cause.operations) or ''} | {cause.checks} |"
        more = len(verdict.causes) - MOST_CAUSES
        if more > 0:
            yield f"| | and {more} more | | |"
        for cause in verdict.causes[:MOST_CAUSES]:
            yield from render_cause(cause)
        if describe_start(verdict.target):
            yield ""
            yield escape(describe_start(verdict.target))
    for problem in verdict.problems:
        yield f"- {escape(problem)}"
    yield from render_gaps(verdict)
    if verdict.repeat.get("run"):
        yield ""
        yield "Repeat this run:"
        yield ""
        yield from quote_block(verdict.repeat["run"])


def render_cause(cause: RootCause) -> Iterator[str]:
    """Yield the lines of one cause, folded in."""
    leader = cause.leader
    yield ""
    yield f"<details><summary>{leader['rule']}: {_escape_tag(cause.title)}</summary>"
    yield ""
    for reason in cause.reasons[:3]:
        yield f"- {escape(reason)}"
    callers = list_callers(cause.operations)
    if callers:
        yield f"- reaches {escape(', '.join(callers))}"
    for name in ("expected", "got"):
        if leader[name]:
            yield f"- {name}: {quote_code(leader[name])}"
    if len(cause.rules) > 1:
        yield f"- what follows from it also fails {', '.join(cause.rules[1:])}"
    if leader["exchange"]:
        yield ""
        yield from quote_block(shorten_curl(leader["exchange"]["curl"], LONGEST_CURL))
    yield ""
    yield "</details>"


def render_gaps(verdict: Verdict) -> Iterator[str]:
    """Yield the lines about what was not tested."""
    gaps = [gap for gap in gather_not_tested(verdict) if gap.checks]
    if not gaps:
        return
    option, _ = find_best_option(gaps)
    yield ""
    yield f"Not tested{f' (`{option}` would enable the most)' if option else ''}:"
    yield ""
    for gap in gaps[:MOST_REASONS]:
        enabling = f" (set `{gap.option}`)" if gap.option else ""
        yield f"- {gap.checks} checks: {escape(gap.reason)}{enabling}"
    if len(gaps) > MOST_REASONS:
        yield f"- and {len(gaps) - MOST_REASONS} more reasons, which are in the report"


def escape(text: str) -> str:
    """Return a text in which only pairs of backticks are markup, in one line."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # a backtick that opens nothing
        parts = ["'".join(parts)]
    return "".join(
        f"`{part.replace('|', '/')}`" if number % 2 else _escape_plain(part)
        for number, part in enumerate(parts)
    )


def _escape_plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _escape_html(text))


def _escape_tag(text: str) -> str:
    """Return a text for a line of HTML, in which some renderers look for Markdown, too."""
    return re.sub(r"[\[\]()*_`~|]", lambda sign: f"&#{ord(sign[0])};", _escape_html(text))


def _escape_html(text: str) -> str:
    # Nobody is notified because of what a deployment says.
    return html.escape(text.replace("\n", " "), quote=False).replace("@", "@\u200b")


def quote_code(text: str) -> str:
    """Return a text as code within a line."""
    line = " ".join(text.split())[:LONGEST_CURL]
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if line else ""


def quote_block(text: str) -> Iterator[str]:
    """Yield the lines of a block of code."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    yield f"{fence}sh"
    yield text
    yield fence
