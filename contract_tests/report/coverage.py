"""What a run covers: rules by operation, and status codes and parameters of the contract."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.catalogue import CATALOGUE, Rule
from contract_tests.engine.contract import Operation, load_contract
from contract_tests.report.verdict import Verdict

CHECKED_ALWAYS = frozenset({"SCHEMA-01", "SCHEMA-02", "ERR-01"})
"""Rules that every response is checked against; a failure of theirs ends no test."""


def build_matrix(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield the result of each rule at each operation, in the order of the catalogue."""
    findings = dict.fromkeys(map(get_place, verdict.accepted), "accepted")
    findings |= dict.fromkeys(map(get_place, verdict.failures), "failed")
    sent = set(map(get_place, verdict.exchanges))
    for rule in CATALOGUE:
        has_failed = any(rule_id == rule.id for rule_id, _ in findings)
        outcome, reason = combine_results(rule, verdict, has_failed)
        cells = []
        # The last column is for requests to none of the operations, such as OPTIONS.
        for operation in (*load_contract().operations, ""):
            cell = {"operation": operation, "outcome": outcome, "reason": reason}
            if (rule.id, operation) in findings:
                cell |= {"outcome": findings[rule.id, operation], "reason": ""}
            elif operation not in rule.operations:
                cell |= {"outcome": "not applicable", "reason": ""}
            elif outcome == "passed":
                why = explain_missing_request(rule, operation, verdict, sent, has_failed)
                cell |= {"outcome": "not tested", "reason": why} if why else {}
            cells.append(cell)
        yield {
            "rule": rule.id,
            "subject": rule.subject,
            "requirement": rule.requirement,
            "seconds": round(
                sum(result.seconds for result in verdict.results if result.rule == rule.id), 3
            ),
            "cells": cells,
        }


def get_place(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return the rule and the operation of a finding or an exchange."""
    return record["rule"], record["operation"]


def combine_results(rule: Rule, verdict: Verdict, has_failed: bool) -> tuple[str, str]:
    """Return the outcome of a rule where it has no finding, the most severe one, and the reason."""
    reasons: dict[str, str] = {}
    for result in verdict.results:
        if result.rule == rule.id:
            outcome: str = result.outcome
            if outcome in ("failed", "accepted"):
                # A test fails for whatever its responses show, so its own rule may have passed.
                own = any(finding["rule"] == rule.id for finding in result.findings)
                was_ended = own and rule.id not in CHECKED_ALWAYS
                outcome = "ended" if was_ended else "passed"
                if result.reason:
                    outcome = "request failed"
            reasons.setdefault(outcome, result.reason)
    for outcome in ("request failed", "passed", "not tested"):
        if outcome in reasons:
            return outcome, reasons[outcome] or reasons.get("not tested", "")
    return "not tested", "the test ended at the failure" if has_failed else "not part of this run"


def explain_missing_request(
    rule: Rule, operation: str, verdict: Verdict, sent: set[tuple[str, str]], has_failed: bool
) -> str:
    """Return why a rule that passed was not tested at one of its operations, or an empty text."""
    if operation in verdict.unreachable_here:
        return verdict.unreachable_here[operation]
    if not verdict.coverage.get(operation):
        return "no request was sent to it"
    if rule.id in CHECKED_ALWAYS or (rule.id, operation) in sent:
        return ""
    if has_failed:
        return "the test ended at the failure"
    # Where the requests of a rule cannot be assigned to operations, the rule's own list counts.
    is_assigned = any(rule_id == rule.id for rule_id, _ in sent) and (rule.id, "") not in sent
    is_complete = len(verdict.exchanges) == verdict.requests
    return "no request of this rule was sent to it" if is_assigned and is_complete else ""


def count_coverage(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield for each operation how often each status code was seen and each parameter sent."""
    for operation in load_contract().operations.values():
        seen = verdict.coverage.get(operation.id, {})
        kept = [exchange for exchange in verdict.exchanges if exchange["operation"] == operation.id]
        sent = Counter(place for exchange in kept for place in find_sent(operation, exchange))
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
                {"in": location, "name": name, "sent": sent[location, name]}
                for location, name in list_parameters(operation)
            ],
        }


def list_parameters(operation: Operation) -> list[tuple[str, str]]:
    """Return location and name of each parameter; a body counts by its media type."""
    contract = load_contract()
    shared = contract.document["paths"][operation.path].get("parameters", [])
    parameters = map(contract.resolve, [*shared, *operation.source.get("parameters", [])])
    body = contract.resolve(operation.source.get("requestBody", {})).get("content", {})
    names = [(parameter["in"], parameter["name"]) for parameter in parameters]
    return list(dict.fromkeys([*names, *(("body", media_type) for media_type in body)]))


def find_sent(operation: Operation, exchange: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return location and name of each parameter that a request contains."""
    headers = lower_names(exchange["request_headers"])
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return {
        *(("path", name) for name in re.findall(r"\{([^}]+)\}", operation.path)),
        *(("query", name) for name, _ in parse_query(exchange["url"])),
        *(("header", name) for name in headers),
        ("body", media_type),
    }


def parse_query(url: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, in their order."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by name in lower case."""
    return {name.lower(): value for name, value in headers.items()}
