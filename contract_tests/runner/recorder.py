"""Turns the outcome of each test into a result, and collects the results of all processes."""

import json
import traceback
from collections.abc import Generator
from typing import Any

import pytest

from contract_tests.catalogue import RULES
from contract_tests.engine.results import Cause, Finding, Result, format_finding
from contract_tests.errors import NotTested, RequestFailed, RuleFailed, TargetUnavailable
from contract_tests.runner.selection import find_rule
from contract_tests.runner.state import RunState

PROPERTY = "credcheck"
"""The property of a test report by which a worker sends a result to the controller."""


class Recorder:
    """The results of a run; a plugin of pytest that reads them from its test reports."""

    def __init__(self, state: RunState) -> None:
        self.results: list[Result] = []
        self._state = state
        self._reported: set[Cause] = set()
        self._noticed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the result to a test report; findings of other rules fail the test, too."""
        report = yield
        rule = find_rule(item)
        if rule is None or (report.when != "call" and report.outcome == "passed"):
            return report
        result = self._make_result(rule.id, item.name, call)
        if result.outcome == "failed" and report.outcome != "failed":
            report.outcome = "failed"
            report.longrepr = "\n".join(map(format_finding, result.findings))
        if result.outcome in ("not tested", "request failed"):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"{result.outcome}: {result.reason}")
        report.user_properties.append((PROPERTY, json.dumps(vars(result))))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results of this process and of workers."""
        if self._state.is_worker:
            return
        texts = [str(text) for name, text in report.user_properties if name == PROPERTY]
        self.results += [Result(**json.loads(text)) for text in texts]
        if report.failed and not texts:  # a worker that crashed sends no result
            self._state.stopped = f"the harness failed at {report.nodeid}"

    def _make_result(self, rule: str, name: str, call: pytest.CallInfo[None]) -> Result:
        result = Result(rule, name, "passed", seconds=round(call.duration, 3))
        if call.excinfo:
            self._add_error(result, find_cause(call.excinfo.value))
        result.findings += self._take_new_findings()
        if result.findings:
            result.outcome = "failed"
        return result

    def _add_error(self, result: Result, error: BaseException) -> None:
        """Set the outcome of a test that raised an error."""
        redact = self._state.redact
        if isinstance(error, pytest.skip.Exception | NotTested):
            result.outcome, result.reason = "not tested", str(error)
        elif isinstance(error, RequestFailed):
            result.outcome, result.reason = "request failed", str(error)
            if isinstance(error, TargetUnavailable):
                self._state.stopped = str(error)
        elif isinstance(error, RuleFailed) and self._is_tolerated(result.rule):
            result.outcome = "not tested"
            result.reason = f"differs from a choice of this contract: {redact(error.message)}"
            if result.rule not in self._noticed:
                self._noticed.add(result.rule)
                self._state.add_notice(f"{result.rule} (open): {redact(error.message)}")
        elif isinstance(error, RuleFailed):
            result.findings.append(self._make_finding(result.rule, error).as_dict())
        else:
            result.outcome = "request failed"
            result.reason = redact(f"error in the harness: {error!r} at {find_location(error)}")

    def _is_tolerated(self, rule: str) -> bool:
        """Tell whether a failure of a rule does not count, since production is not known."""
        return RULES[rule].is_open and not self._state.settings.hold_choices

    def _make_finding(self, rule: str, failure: RuleFailed) -> Finding:
        redact = self._state.redact
        exchange = getattr(failure.response, "exchange", None)
        return Finding(
            rule,
            exchange.operation if exchange else "",
            redact(failure.message),
            redact(failure.expected),
            redact(failure.got),
            exchange,
            tuple(map(redact, failure.steps)),
        )

    def _take_new_findings(self) -> list[dict[str, Any]]:
        """Return what the responses of this test showed, and those of no earlier test."""
        findings = self._state.findings
        fresh = [
            finding.as_dict()
            for finding in findings.values()
            if finding.cause not in self._reported
        ]
        self._reported |= findings.keys()
        return fresh


def find_cause(error: BaseException) -> BaseException:
    """Return the first error of a group: Hypothesis wraps several in one."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def find_location(error: BaseException) -> str:
    """Return the line of code that raised an error."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown line"
