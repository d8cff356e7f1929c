"""Turns what the checks of schemathesis raise into findings of the run."""

from collections.abc import Callable, Mapping

from schemathesis.core.failures import Failure
from schemathesis.errors import FailureGroup

from contract_tests.engine.contract import Operation
from contract_tests.engine.results import Cause, Finding
from contract_tests.engine.target import Target
from contract_tests.errors import RuleFailed
from contract_tests.vocabulary.session import TargetSession

RECORDED_ON_THE_WAY = frozenset({"ERR-01", "SCHEMA-01"})
"""The rules that `Target.send` holds every response against, whatever rule asked."""
RULES_OF_CHECKS: Mapping[str, str] = {
    "use_after_free": "STATE-09",
    "ensure_resource_availability": "STATE-14",
}
"""The checks of schemathesis that a run uses beside the laws, each with the rule that it tests."""


def judge_response(
    session: TargetSession,
    target: Target,
    operation: Operation,
    validate: Callable[[], None],
    steps: tuple[str, ...] = (),
) -> frozenset[Cause]:
    """Run checks on the last response of a session, and return the causes of what failed.

    The failures are kept as findings. What is not documented breaks most other laws, too: that is
    one failure.
    """
    if session.last.is_from_proxy:
        return frozenset()
    try:
        validate()
    except FailureGroup as group:
        failures = [read_failure(failure) for failure in group.exceptions]
    else:
        return frozenset()
    undocumented = [one for one in failures if one.rule in RECORDED_ON_THE_WAY]
    findings = [
        Finding(
            failure.rule,
            operation.id,
            target.redact(failure.message),
            target.redact(failure.expected),
            target.redact(failure.got),
            session.last.exchange,
            steps if failure.rule in RULES_OF_CHECKS.values() else (),
        )
        for failure in undocumented or failures
    ]
    for finding in findings:
        if finding.rule not in RECORDED_ON_THE_WAY:
            target.observations.keep(finding)
    return frozenset(finding.cause for finding in findings)


def read_failure(failure: Failure) -> RuleFailed:
    """Return a failure of a check: a law raised it, or schemathesis did."""
    error = getattr(failure, "exception", None)
    if isinstance(error, RuleFailed):
        return error
    rule = next((RULES_OF_CHECKS[name] for name in failure.checks if name in RULES_OF_CHECKS), "")
    return RuleFailed(failure.title, got=failure.message, rule=rule)
