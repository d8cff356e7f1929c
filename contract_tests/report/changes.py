"""What changed between two reports of `run`: new failures, fixed ones, and what is not tested."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract_tests.report.markdown import LONGEST_CURL, MARKS, escape, quote_block, quote_code

Report = Mapping[str, Any]
Finding = Mapping[str, Any]
Place = tuple[str, str]
"""A rule's id and an operationId."""

NO_NEW_FAILURES, NEW_FAILURES, NOT_JUDGED = 0, 1, 3
TESTED = ("passed", "failed", "accepted")
COMPARABLE = ("target", "profile", "writes")
"""Fields of a report that make two reports less comparable if they differ."""
MOST_SHOWN = 30
"""Entries of one section that are listed."""
_VALUES = re.compile(r"\"[^\"]*\"|'[^']*'|\d+")
"""What a message quotes of the data, which differs from run to run."""


@dataclass(frozen=True)
class Change:
    """A failure that is new, fixed or no longer tested; `note` is what a reader has to know."""

    finding: Finding
    note: str = ""


@dataclass
class Changes:
    """The difference of two reports."""

    new: list[Change] = field(default_factory=list)
    fixed: list[Change] = field(default_factory=list)
    remaining: list[Change] = field(default_factory=list)
    accepted: list[Change] = field(default_factory=list)
    unknown: list[Change] = field(default_factory=list)
    """Failures of the old report whose rules the new run did not test."""
    untested: dict[Place, str] = field(default_factory=dict)
    """What passed in the old report and was not tested in the new one, each with the reason."""
    notes: list[str] = field(default_factory=list)
    """Why the reports are less comparable than they could be."""
    stopped: str = ""
    """Why the new run came to no verdict."""

    @property
    def exit_code(self) -> int:
        """1 for new failures, 3 if the new run came to no verdict, else 0."""
        if self.new:
            return NEW_FAILURES
        return NOT_JUDGED if self.stopped else NO_NEW_FAILURES

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        counts = (
            (len(self.new), "new"),
            (len(self.fixed), "fixed"),
            (len(self.remaining), "still there"),
            (len(self.accepted), "accepted now"),
            (len(self.unknown) + len(self.untested), "no longer tested"),
        )
        parts = [f"{number} {what}" for number, what in counts if number]
        return ", ".join(parts) or "nothing changed, and nothing fails"


def compare_reports(old: Report, new: Report) -> Changes:
    """Return what changed from an old report to a new one."""
    changes = Changes(notes=list(_find_notes(old, new)))
    if new["verdict"]["exit_code"] not in (0, 1) or new["verdict"]["stopped"]:
        changes.stopped = new["verdict"]["headline"]
    was, now = _read_cells(old), _read_cells(new)
    matched, before = _match(old["failures"], new["failures"])
    tolerated, _ = _match(old["failures"], new["accepted"])
    accepted_before = set(map(_name, old["accepted"]))
    for number, finding in enumerate(new["failures"]):
        if number in before:
            changes.remaining.append(Change(finding))
        else:
            changes.new.append(Change(finding, _explain_new(finding, was, accepted_before)))
    for number, finding in enumerate(old["failures"]):
        if number in matched:
            continue
        outcome, reason = now.get(_place(finding), ("not tested", "the rule does not exist"))
        if number in tolerated:
            changes.accepted.append(Change(finding))
        elif outcome not in TESTED:
            changes.unknown.append(Change(finding, reason))
        else:
            note = "" if outcome == "passed" else "its rule still fails at this operation"
            changes.fixed.append(Change(finding, note))
    changes.untested = {
        place: reason
        for place, (outcome, reason) in now.items()
        if outcome in ("not tested", "request failed")
        and was.get(place, ("", ""))[0] in ("passed", "accepted")
    }
    return changes


def _find_notes(old: Report, new: Report) -> Iterator[str]:
    for name in COMPARABLE:
        if old[name] != new[name]:
            yield f"the {name} differs: {_format(old[name])}, now {_format(new[name])}"
    releases = [report["context"].get("api_version") for report in (old, new)]
    if releases[0] != releases[1]:
        yield f"the api_version differs: {releases[0]}, now {releases[1]}"
    if old["started"] > new["started"]:
        yield "the old report is of a later run than the new one: are they in the right order?"
    if old["verdict"]["exit_code"] not in (0, 1) or old["verdict"]["stopped"]:
        yield f"the old run came to no verdict ({old['verdict']['headline']})"


def _format(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _read_cells(report: Report) -> dict[Place, tuple[str, str]]:
    """Return outcome and reason of each rule at each operation."""
    cells = {}
    for row in report["matrix"]:
        outcomes = {cell["outcome"]: cell["reason"] for cell in row["cells"]}
        # A rule may fail where it is not about: then what it was elsewhere counts.
        elsewhere = next((one for one in outcomes if one in TESTED), "not tested")
        for cell in row["cells"]:
            is_applicable = cell["outcome"] != "not applicable"
            outcome = cell["outcome"] if is_applicable else elsewhere
            reason = cell["reason"] if is_applicable else outcomes.get(outcome, "")
            cells[row["rule"], cell["operation"]] = (outcome, reason)
    return cells


def _match(old: list[Finding], new: list[Finding]) -> tuple[set[int], set[int]]:
    """Return the places of the findings that are in both lists, in each.

    Findings that have the same message are matched first. Then those that differ only in what
    they quote of the data, such as a count, each with one other.
    """
    matched: tuple[set[int], set[int]] = (set(), set())
    for name in (_name, _name_without_values):
        left = Counter(name(one) for number, one in enumerate(old) if number not in matched[0])
        right = Counter(name(one) for number, one in enumerate(new) if number not in matched[1])
        for findings, places in zip((old, new), matched, strict=True):
            common = left & right
            for number, finding in enumerate(findings):
                if number not in places and common[name(finding)]:
                    common[name(finding)] -= 1
                    places.add(number)
    return matched


def _place(finding: Finding) -> Place:
    return finding["rule"], finding["operation"]


def _name(finding: Finding) -> tuple[str, ...]:
    return finding["rule"], finding["operation"], finding["message"]


def _name_without_values(finding: Finding) -> tuple[str, ...]:
    return (*_place(finding), _VALUES.sub("…", finding["message"]))


def _explain_new(
    finding: Finding, was: Mapping[Place, tuple[str, str]], accepted: set[tuple[str, ...]]
) -> str:
    outcome, reason = was.get(_place(finding), ("not tested", "the rule did not exist"))
    if _name(finding) in accepted:
        return "it was accepted before"
    return (
        "" if outcome in TESTED else f"it was not tested before: {reason or 'no reason is given'}"
    )


def render_changes(changes: Changes, old: Report, new: Report) -> Iterator[str]:
    """Yield the lines of the changes in Markdown; no text of a target becomes markup."""
    yield f"## {MARKS[changes.exit_code]} credcheck: {escape(new['target'])}: {changes.headline}"
    yield ""
    yield f"Old: {_describe(old)}. New: {_describe(new)}."
    if changes.stopped:
        yield ""
        yield f"The new run came to no verdict: {escape(changes.stopped)}."
    for note in changes.notes:
        yield f"- {escape(note)}"
    yield from _render_section("New failures", changes.new, with_details=True)
    yield from _render_section("Fixed", changes.fixed)
    yield from _render_section("Still there", changes.remaining)
    yield from _render_section("Accepted now", changes.accepted)
    yield from _render_section("No longer tested, and failed before", changes.unknown)
    yield from _render_untested(changes.untested)


def _describe(report: Report) -> str:
    return f"{escape(report['verdict']['headline'])} ({report['started'][:16]} UTC)"


def _render_section(
    title: str, entries: list[Change], *, with_details: bool = False
) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield f"### {title} ({len(entries)})"
    yield ""
    for entry in entries[:MOST_SHOWN]:
        finding = entry.finding
        note = f" ({escape(entry.note)})" if entry.note else ""
        at = f" `{finding['operation']}`" if finding["operation"] else ""
        yield f"- **{finding['rule']}**{at}: {escape(finding['message'])}{note}"
    if len(entries) > MOST_SHOWN:
        yield f"- and {len(entries) - MOST_SHOWN} more"
    for entry in entries[:MOST_SHOWN] if with_details else ():
        yield from _render_details(entry.finding)


def _render_details(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{finding['rule']} {finding['operation']}</summary>"
    yield ""
    for name in ("expected", "got"):
        if finding[name]:
            yield f"- {name}: {quote_code(finding[name])}"
    if finding["curl"]:
        yield ""
        yield from quote_block(finding["curl"][:LONGEST_CURL])
    yield ""
    yield "</details>"


def _render_untested(untested: Mapping[Place, str]) -> Iterator[str]:
    """Yield what passed and is no longer tested, gathered by rule and reason."""
    if not untested:
        return
    groups = Counter((rule, reason) for (rule, _), reason in untested.items())
    yield ""
    yield f"### No longer tested, and passed before ({len(untested)})"
    yield ""
    for (rule, reason), number in list(groups.items())[:MOST_SHOWN]:
        where = f"{number} operation{'s' * (number > 1)}"
        yield f"- **{rule}** at {where}: {escape(reason or 'no reason is given')}"
    if len(groups) > MOST_SHOWN:
        yield f"- and {len(groups) - MOST_SHOWN} more"
