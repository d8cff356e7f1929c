"""Sequences of generated requests: schemathesis follows the links of the contract."""

from contextlib import suppress
from functools import partial
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Flaky
from schemathesis import BaseSchema, Case
from schemathesis import Response as CheckedResponse
from schemathesis.generation.stateful import APIStateMachine

from contract_tests.catalogue.operations import ADD_SIGNATORY
from contract_tests.engine.contract import load_contract
from contract_tests.engine.creations import is_private
from contract_tests.errors import RequestFailed
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.fitting import fit_case
from contract_tests.vocabulary.judging import judge_response
from contract_tests.vocabulary.laws import LAWS, find_operation
from contract_tests.vocabulary.session import TargetSession

LINKED = ("credentials", "issuers", "assertions")
"""The tags of the operations that the links of the contract lead to."""
LONGEST = 8
"""Requests of one sequence."""
ATTEMPTS = 3
"""How often sequences are begun anew, if the service answers a repeated one differently."""


def follow_links(api: BaseSchema, deployment: Deployment) -> None:
    """Send sequences of linked requests; the failures are kept as findings of the run."""
    settings = deployment.settings
    missing = load_contract().find_missing_operations(settings.without, settings.later_releases)
    offered = api.include(tag=[*LINKED]).exclude(operation_id=[ADD_SIGNATORY, *missing])
    machine = build_machine(offered.as_state_machine(), deployment)
    effort = hypothesis.settings(
        max_examples=deployment.effort.sequences,
        stateful_step_count=LONGEST,
        deadline=None,
        database=None,
        # A sequence is not made smaller: repeated on the same service it meets other ids.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for attempt in range(ATTEMPTS):
        # Hypothesis repeats beginnings of sequences. Which links can be followed then depends on
        # what the service answers this time, which is nobody's fault: what failed is kept.
        with suppress(Flaky):
            hypothesis.seed(settings.seed + attempt)(machine).run(settings=effort)
            return


def build_machine(workflow: type[APIStateMachine], deployment: Deployment) -> type[APIStateMachine]:
    """Return a machine of schemathesis that sends through the target and keeps what fails."""
    session = TargetSession(deployment.target)

    class LinkedRequests(workflow):  # type: ignore[valid-type, misc]
        """One sequence of requests."""

        def setup(self) -> None:
            """Forget the steps of the sequence before."""
            self.taken: list[str] = []

        def before_call(self, case: Case[Any]) -> None:
            """Fit a case to the deployment; a write is about what this run created, or nothing."""
            operation = find_operation(case)
            if operation is None:
                raise RequestFailed(f"{case.method} {case.path} is not in the contract")
            entity_id = str(case.path_parameters.get("entity_id", ""))
            if not operation.is_read and not deployment.target.guard.is_own(entity_id):
                entity_id = deployment.make_unknown_id()
            fit_case(case, deployment, operation, entity_id)
            if isinstance(case.body, dict) and is_private(case.body):
                case.body = {name: case.body[name] for name in case.body if name != "public"}

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            """Send cases through the target."""
            return {"session": session}

        def validate_response(
            self, response: CheckedResponse, case: Case[Any], *_: Any, **options: Any
        ) -> None:
            """Run the checks, and keep what fails."""
            operation = find_operation(case)
            if operation is None:
                return
            self.taken.append(f"{operation.summary}: {response.status_code}")
            validate = partial(
                super().validate_response, response, case, additional_checks=[*LAWS], **options
            )
            steps = tuple(self.taken)
            judge_response(session, deployment.target, operation, validate, steps)

    return LinkedRequests
