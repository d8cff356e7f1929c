"""Groups findings by what they have in common, so that one mistake is one entry of a report.

A deployment that lacks one field fails a dozen rules. Findings belong together if they are about
the same field or header, about the same operation that returns no success, about the same response,
or have the same message for several operations. The first in time leads, and the rest follows.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.catalogue import RULES
from contract_tests.engine.results import Result

Finding = Mapping[str, Any]
Topic = tuple[str, ...]

SHAPE_RULES = frozenset({"SCHEMA-01", "SCHEMA-02"})
ENVELOPE = frozenset({"result", "data", "results", "*", ""})
"""Steps of a path to a field that only say where in a response the record is."""
NESTED = "credentialDetails"
"""The field of an assertion that holds a whole credential."""
_MISSING = re.compile(r"is missing|has no `|lacks `")
_HEADER = re.compile(
    r"\bheader `?([A-Z][\w-]+)|\b([A-Z][\w-]+)`? header\b|`(Vary|Allow|ETag|Location|Retry-After)`"
)
_JSON_FAULT = re.compile(r"the body (?:is not|contains|repeats) .*")
_FIELD = re.compile(r"`([^`]+)`")
_PLACE = re.compile(r"^[A-Z][^:`]*, \d{3}: ")
"""What a message about a response begins with: the operation and the status code."""
_VALUES = re.compile(r"\"[^\"]*\"|'[^']*'|\d+")
_SUCCESS = re.compile(r"^20\d")
MANY_FIELDS = 4
"""Missing fields of one operation from which on they have one cause, such as another serializer."""
MANY_OPERATIONS = 4
"""Operations that return one 5xx from which on that has one cause, such as a lost database."""
NO_TIME = "9999"
"""The time of a finding without an exchange, after all others."""


@dataclass(frozen=True)
class RootCause:
    """Findings that have one cause; the first in time leads."""

    leader: Finding
    followers: tuple[Finding, ...]
    checks: int
    """Tests that found something of it."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the leader first."""
        return (self.leader, *self.followers)

    @property
    def operations(self) -> list[str]:
        """The operations with a finding."""
        names = dict.fromkeys(finding["operation"] for finding in self.findings)
        return [name for name in names if name]

    @property
    def rules(self) -> list[str]:
        """The rules that are broken, that of the leader first."""
        return list(dict.fromkeys(finding["rule"] for finding in self.findings))

    @property
    def reasons(self) -> list[str]:
        """Why it matters: the reasons of the rules that are broken."""
        return list(dict.fromkeys(RULES[rule].why for rule in self.rules))

    @property
    def title(self) -> str:
        """The message of the leader, for several operations without the name of one."""
        message: str = self.leader["message"]
        title = _PLACE.sub("", message) if len(self.operations) > 1 else message
        others = {*map(_find_field, self.findings)} - {_find_field(self.leader), ""}
        if len(others) < MANY_FIELDS - 1 or not _MISSING.search(message):
            return title
        return f"{title}, and so are {len(others)} other fields"

    @property
    def extent(self) -> str:
        """How far it reaches, such as `5 operations, 9 checks`; empty for a single finding."""
        if not self.followers and self.checks < 2:
            return ""
        counts = ((len(self.operations), "operation"), (self.checks, "check"))
        return ", ".join(f"{n} {noun}{'s' * (n > 1)}" for n, noun in counts if n)


def group_findings(findings: Iterable[Finding], results: Iterable[Result]) -> list[RootCause]:
    """Return the causes of findings, the first in time first."""
    ordered = sorted(findings, key=_get_time)
    topics = {id(finding): find_topic(finding) for finding in ordered}
    damaged = {topic[1] for topic in topics.values() if topic[0] == "shape"}
    of_exchange: dict[tuple[str, str, str], Topic] = {}
    for finding in ordered:
        topic = topics[id(finding)]
        if topic[0] == "field" and topic[1] in damaged:
            topic = topics[id(finding)] = ("shape", topic[1])
        if topic[0] != "message" and finding["exchange"]:
            of_exchange.setdefault(_identify(finding["exchange"]), topic)
    _gather_missing(ordered, topics)
    _gather_server_errors(ordered, topics)
    groups: dict[Topic, list[Finding]] = {}
    for finding in ordered:
        topic = topics[id(finding)]
        if topic[0] == "message" and finding["exchange"]:
            topic = of_exchange.get(_identify(finding["exchange"]), topic)
        groups.setdefault(topic, []).append(finding)
    found_by = [set(map(_get_cause, result.findings)) for result in results]
    return [
        RootCause(
            group[0],
            tuple(group[1:]),
            sum(not causes.isdisjoint(map(_get_cause, group)) for causes in found_by),
        )
        for group in groups.values()
    ]


def find_topic(finding: Finding) -> Topic:
    """Return what a finding is about: a kind of topic, and what two findings of one cause share."""
    message, operation, exchange = finding["message"], finding["operation"], finding["exchange"]
    status = exchange["status"] if exchange else 0
    if status >= 500:
        return ("server error", operation, str(status))
    is_refused = status >= 300 and finding["got"] == str(status)
    if is_refused and (_SUCCESS.match(finding["expected"]) or "not documented" in message):
        return ("no success", operation, str(status))
    header = _HEADER.search(message)
    if header:
        return ("header", next(filter(None, header.groups())).lower())
    fault = _JSON_FAULT.search(message)
    if fault:
        return ("JSON", fault[0])
    name = _find_field(finding)
    if name:
        if finding["rule"] in SHAPE_RULES or _MISSING.search(message):
            return ("shape", name)
        return ("field", name, RULES[finding["rule"]].subject)
    return ("message", _VALUES.sub("…", _PLACE.sub("", message)))


def _find_field(finding: Finding) -> str:
    """Return the field that a finding is about, or the only one in which two objects differ."""
    field = _FIELD.search(finding["message"])
    if field:
        steps = [step for step in field[1].split(".") if step not in ENVELOPE]
        if len(steps) > 1 and steps[0] == NESTED:
            return steps[1]
        return steps[0] if steps else field[1]
    try:
        expected, got = json.loads(finding["expected"]), json.loads(finding["got"])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(expected, dict) or not isinstance(got, dict):
        return ""
    names = {*expected, *got}
    different = [name for name in names if expected.get(name, ...) != got.get(name, ...)]
    return different[0] if len(different) == 1 else ""


def _gather_missing(findings: list[Finding], topics: dict[int, Topic]) -> None:
    """Give one topic to many fields that the responses of one operation lack."""
    missing: dict[str, set[str]] = {}
    for finding in findings:
        if topics[id(finding)][0] == "shape" and _MISSING.search(finding["message"]):
            missing.setdefault(finding["operation"], set()).add(topics[id(finding)][1])
    many = set().union(*(names for names in missing.values() if len(names) >= MANY_FIELDS))
    for finding in findings:
        if topics[id(finding)][0] == "shape" and topics[id(finding)][1] in many:
            topics[id(finding)] = ("shape", "many fields")


def _gather_server_errors(findings: list[Finding], topics: dict[int, Topic]) -> None:
    """Give one topic to a server error that many operations return."""
    operations: dict[str, set[str]] = {}
    for kind, *rest in topics.values():
        if kind == "server error":
            operations.setdefault(rest[1], set()).add(rest[0])
    for finding in findings:
        topic = topics[id(finding)]
        if topic[0] == "server error" and len(operations[topic[2]]) >= MANY_OPERATIONS:
            topics[id(finding)] = ("server error", "many operations", topic[2])


def _get_time(finding: Finding) -> str:
    return finding["exchange"]["started"] if finding["exchange"] else NO_TIME


def _get_cause(finding: Finding) -> tuple[str, str, str]:
    return finding["rule"], finding["operation"], finding["message"]


def _identify(exchange: Mapping[str, Any]) -> tuple[str, str, str]:
    return exchange["started"], exchange["method"], exchange["url"]
