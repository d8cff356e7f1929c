"""What a run covers: each rule at each operation, each status and parameter of the contract."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.catalogue import CATALOGUE, Rule
from contract_tests.engine.contract import Operation, load_contract
from contract_tests.report.verdict import Verdict

WATCHED = frozenset({"SCHEMA-01", "SCHEMA-02", "ERR-01"})
"""Rules that every reply is held to, whatever is tested; a breach of theirs ends no test."""


def matrix(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield what came of each rule at each operation, in the order of the catalogue."""
    findings = {(each["rule"], each["operation"]): "accepted" for each in verdict.accepted}
    findings |= {(each["rule"], each["operation"]): "breached" for each in verdict.breaches}
    asked = {(each["rule"], each["operation"]) for each in verdict.exchanges}
    for rule in CATALOGUE:
        broken = any(each == rule.id for each, _ in findings)
        outcome, reason = _apart_from_findings(rule, verdict, broken)
        cells = []
        # The last column is for requests to none of the operations, such as OPTIONS.
        for operation in (*load_contract().operations, ""):
            cell = {"operation": operation, "outcome": outcome, "reason": reason}
            if (rule.id, operation) in findings:
                cell |= {"outcome": findings[rule.id, operation], "reason": ""}
            elif operation not in rule.operations:
                cell |= {"outcome": "not applicable", "reason": ""}
            elif outcome == "kept":
                why = _why_not_asked(rule, operation, verdict, asked, broken)
                cell |= {"outcome": "not tested", "reason": why} if why else {}
            cells.append(cell)
        yield {"rule": rule.id, "subject": rule.subject, "law": rule.requirement, "cells": cells}


def _apart_from_findings(rule: Rule, verdict: Verdict, broken: bool) -> tuple[str, str]:
    """Return what came of a rule where no finding tells, the gravest outcome first."""
    reasons: dict[str, str] = {}
    for each in verdict.results:
        if each.rule == rule.id:
            outcome = each.outcome
            if outcome == "breached":
                # A test fails for whatever its replies show, so its own rule may have been kept.
                own = any(found["rule"] == rule.id for found in each.findings)
                ended = own and rule.id not in WATCHED
                outcome = "could not ask" if each.reason else "ended" if ended else "kept"
            reasons.setdefault(outcome, each.reason)
    for outcome in ("could not ask", "kept", "not tested"):
        if outcome in reasons:
            return outcome, reasons[outcome] or reasons.get("not tested", "")
    reason = "the test ended at the breach" if broken else "not a part of this run"
    return "not tested", reason


def _why_not_asked(
    rule: Rule, operation: str, verdict: Verdict, asked: set[tuple[str, str]], broken: bool
) -> str:
    """Return why a rule that was kept says nothing about one of its operations, or nothing."""
    if operation in verdict.unreachable_here:
        return verdict.unreachable_here[operation]
    if not verdict.coverage.get(operation):
        return "no request went to it"
    if rule.id in WATCHED or (rule.id, operation) in asked:
        return ""
    if broken:
        return "the test ended at the breach"
    # Where requests are not told apart, the rule's own word counts.
    apart = any(each == rule.id for each, _ in asked) and (rule.id, "") not in asked
    complete = len(verdict.exchanges) == verdict.requests
    return "no request of this rule went to it" if apart and complete else ""


def coverage(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield for each operation how often its statuses were seen and its parameters sent."""
    for operation in load_contract().operations.values():
        seen = verdict.coverage.get(operation.id, {})
        kept = [each for each in verdict.exchanges if each["operation"] == operation.id]
        sent = Counter(found for each in kept for found in _sent(operation, each))
        yield {
            "operation": operation.id,
            "method": operation.method,
            "path": operation.path,
            "reached": any(200 <= status < 300 for status in seen),
            "requests": sum(seen.values()),
            "exchanges_kept": len(kept),
            "statuses": [
                {
                    "status": status,
                    "seen": seen.get(status, 0),
                    "documented": status in operation.responses,
                }
                for status in sorted({*seen, *operation.responses})
            ],
            "never_seen": sorted(set(operation.responses) - set(seen)),
            "parameters": [
                {"in": place, "name": name, "sent": sent[place, name]}
                for place, name in _parameters(operation)
            ],
        }


def _parameters(operation: Operation) -> list[tuple[str, str]]:
    """Return where and how an operation takes what; a body counts by its media type."""
    contract = load_contract()
    shared = contract.document["paths"][operation.path].get("parameters", [])
    each = map(contract.resolve, [*shared, *operation.source.get("parameters", [])])
    body = contract.resolve(operation.source.get("requestBody", {})).get("content", {})
    found = [(part["in"], part["name"]) for part in each] + [("body", name) for name in body]
    return list(dict.fromkeys(found))


def _sent(operation: Operation, exchange: Mapping[str, Any]) -> set[tuple[str, str]]:
    headers = lower_case(exchange["request_headers"])
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return {
        *(("path", name) for name in re.findall(r"\{([^}]+)\}", operation.path)),
        *(("query", name) for name, _ in query_of(exchange["url"])),
        *(("header", name) for name in headers),
        ("body", media_type),
    }


def query_of(url: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, in their order."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by name in lower case."""
    return {name.lower(): value for name, value in headers.items()}
