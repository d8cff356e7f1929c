"""Turns the outcome of each test into a result, and collects the results of all processes.

What pytest would show of a failed test, its code with the values of variables, is replaced by the
findings: pytest shortens values, and half of a key is one that no redactor knows.
"""

import json
import traceback
from collections.abc import Generator
from typing import Any

import pytest

from contract_tests.catalogue import RULES
from contract_tests.engine.results import Cause, Finding, Result, format_finding, shorten
from contract_tests.errors import NotTested, RequestFailed, RuleFailed, TargetUnavailable
from contract_tests.report.accepted import find_accepted, read_accepted_failures
from contract_tests.runner.selection import find_rule
from contract_tests.runner.state import RunState

PROPERTY = "credcheck"
"""The property of a test report by which a worker sends a result to the controller."""
UNREADABLE = (TypeError, AttributeError, LookupError, ValueError)
"""What a rule raises that reads a field of another type than the contract has."""
VERDICT = "credcheck::verdict"
"""The id of the report by which the verdict is in what other plugins write, such as junit.xml."""


class Recorder:
    """The results of a run; a plugin of pytest that reads them from its test reports."""

    def __init__(self, state: RunState) -> None:
        self.results: list[Result] = []
        self.has_errors = False
        """Whether a test has an error that pytest and its plugins count as one."""
        self._state = state
        self._reported: set[Cause] = set()
        self._accepted = read_accepted_failures(state.settings.accept)
        self._repeated: dict[str, Result] = {}
        """Results of tests that failed and were run again, by the id of the test."""
        self._noticed: set[str] = set()

    @property
    def flaky(self) -> list[str]:
        """A sentence for each test that failed and passed when it was run again."""
        passed = {(result.rule, result.test) for result in self.results if not result.findings}
        return [
            f"{result.rule} failed and passed when it was run again: {finding['message']}"
            for result in self._repeated.values()
            if (result.rule, result.test) in passed
            for finding in result.findings
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the result to a test report; findings of other rules fail the test, too."""
        report = yield
        redact = self._state.redact
        report.sections = [(name, redact(text)) for name, text in report.sections]
        rule = find_rule(item)
        if (
            rule is None
            and report.longrepr
            and "credcheck_deployment" in getattr(item, "fixturenames", ())
        ):
            report.longrepr = redact(str(report.longrepr))
        if rule is None or (report.when != "call" and report.outcome == "passed"):
            return report
        result = self._make_result(rule.id, item.name, call)
        if result.outcome == "failed":
            report.outcome = "failed"
            report.longrepr = redact("\n".join(map(format_finding, result.findings)))
        elif result.outcome != "passed":
            report.outcome = "skipped"
            messages = [finding["message"] for finding in result.findings]
            reason = redact(f"{result.outcome}: {result.reason or '; '.join(messages)}")
            report.longrepr = (str(item.path), 0, reason)
            if result.outcome == "accepted":
                report.wasxfail = reason
        report.user_properties.append((PROPERTY, json.dumps(vars(result))))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results of this process and of workers."""
        texts = [str(text) for name, text in report.user_properties if name == PROPERTY]
        results = [Result(**json.loads(text)) for text in texts]
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # pytest-rerunfailures
            self._forget(report.nodeid, results)
        elif not self._state.is_worker:
            self.results += results
            if report.failed and not texts and report.nodeid != VERDICT:
                # A worker that crashed sends no result.
                self._state.stopped = f"the harness failed at {report.nodeid}"
                self.has_errors = True
        if not self._state.is_worker:
            # Plugins that write reports take a result for a property that is theirs to show.
            report.user_properties = [
                pair for pair in report.user_properties if pair[0] != PROPERTY
            ]

    def _forget(self, nodeid: str, results: list[Result]) -> None:
        """Let what a test found count only if it is found when the test runs again."""
        for result in results:
            self._repeated[nodeid] = result
            for finding in result.findings:
                self._reported.discard((finding["rule"], finding["operation"], finding["message"]))

    def _make_result(self, rule: str, name: str, call: pytest.CallInfo[None]) -> Result:
        result = Result(rule, name, "passed", seconds=round(call.duration, 3))
        taken = self._state.take_findings()
        if call.excinfo:
            error = find_cause(call.excinfo.value)
            departure = self._state.find_departure(error) if isinstance(error, UNREADABLE) else ""
            if departure:
                error = NotTested(f"a response is not as documented: {departure}")
            self._add_error(result, error)
        self._state.forget_departures()
        result.findings += self._select_new(taken)
        if result.findings:
            counts = [not find_accepted(self._accepted, finding) for finding in result.findings]
            if any(counts):
                result.outcome = "failed"
            elif result.outcome == "passed":  # else the rest of the rule is not tested
                result.outcome = "accepted"
        return result

    def _add_error(self, result: Result, error: BaseException) -> None:
        """Set the outcome of a test that raised an error."""
        redact = self._state.redact
        if isinstance(error, pytest.skip.Exception | NotTested):
            result.outcome, result.reason = "not tested", redact(str(error))
        elif isinstance(error, RequestFailed):
            result.outcome, result.reason = "request failed", redact(str(error))
            if isinstance(error, TargetUnavailable):
                self._state.stopped = result.reason
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
        got = redact(failure.got)
        if exchange and not got:
            body = shorten(exchange.response_body) or "without a body"
            got = f"{exchange.status} {body}"
        return Finding(
            rule,
            exchange.operation if exchange else "",
            redact(failure.message),
            redact(failure.expected),
            got,
            exchange,
            tuple(map(redact, failure.steps)),
        )

    def _select_new(self, taken: list[Finding]) -> list[dict[str, Any]]:
        """Return what the responses of this test showed, and those of no earlier test."""
        fresh = [finding.as_dict() for finding in taken if finding.cause not in self._reported]
        self._reported |= {finding.cause for finding in taken}
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
