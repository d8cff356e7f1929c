"""What the stock command of schemathesis needs to know of a target, and what it gets wrong.

`contract_tests.schemathesis_hooks` uses it; importing that module registers hooks for the process.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from schemathesis import Case, Response

from contract_tests.engine.journal import make_run_id
from contract_tests.engine.target import Target
from contract_tests.settings.settings import Settings
from contract_tests.settings.sources import current_environment, load_settings
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.laws import find_operation, is_odd_read_refused

FalseAlarm = Callable[[Response, Case[Any]], bool]


def is_always_false(response: Response, case: Case[Any]) -> bool:
    """Tell that a kind of failure is a false alarm of every operation."""
    return True


def may_be_empty(response: Response, case: Case[Any]) -> bool:
    """Tell whether the contract allows a response to have neither body nor content type."""
    operation = find_operation(case)
    documented = operation.responses.get(response.status_code, {}) if operation else {}
    return bool(documented.get("x-may-be-empty")) and not response.content


FALSE_ALARMS: Mapping[str, tuple[FalseAlarm, str]] = {
    # positive_data_acceptance
    "ST202": (is_always_false, "an id, issuer or course that does not exist is refused with 400"),
    # negative_data_rejection
    "ST201": (is_always_false, "the framework reads more than a schema says, and ignores the rest"),
    # status_code_conformance
    "ST103": (is_odd_read_refused, "control characters and the like in a query may be refused"),
    # content_type_conformance, response_schema_conformance
    "ST104": (may_be_empty, "the public look-up answers 404 without a body"),
    "ST109": (may_be_empty, "the public look-up answers 404 without a body"),
}
"""The failures of stock checks that say nothing about this service, by their code, with why."""


@cache
def open_deployment(base_url: str) -> Deployment:
    """Return the deployment at a URL, with the settings that the environment has for it."""
    run_id = make_run_id()
    target = Target(read_settings(base_url, current_environment()), run_id, "schemathesis", 1)
    return Deployment(target, run_id)


def read_settings(base_url: str, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a target: those of the mock for a URL on this machine without any."""
    base_url = base_url.rstrip("/")
    mock = load_settings("mock", {}, environment)
    here = replace(mock, name=base_url, base_url=base_url, application="")
    if here.is_local and "CREDCHECK_ORG" not in environment:
        return here
    return load_settings(base_url, {}, environment)


def may_write(settings: Settings) -> bool:
    """Tell whether schemathesis may change a target."""
    return settings.allow_writes and settings.disposable
