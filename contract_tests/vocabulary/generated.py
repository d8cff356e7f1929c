"""Generated requests: schemathesis on the contract, its cases sent through `Target.send`.

What would make a request fail for another reason is replaced before it is sent: a generated path,
header, platform or issuer would hide what else is unusual in the request.
"""

import os
import time
from functools import cache, partial
from random import Random
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.config import HealthCheck

from contract_tests.engine.contract import contract_file
from contract_tests.engine.results import Cause
from contract_tests.errors import Disturbed, InputRefused, NotTested, RequestFailed, RuleFailed
from contract_tests.settings.settings import Settings
from contract_tests.vocabulary.deployment import EFFORTS, Deployment
from contract_tests.vocabulary.fitting import add_formats, fit_case
from contract_tests.vocabulary.judging import RULES_OF_CHECKS, judge_response
from contract_tests.vocabulary.laws import LAWS, find_operation
from contract_tests.vocabulary.records import find_record
from contract_tests.vocabulary.session import TargetSession

HOOKS = "SCHEMATHESIS_HOOKS"
"""The variable that names a module of hooks."""
ALWAYS_SENT = 3
"""Cases of the coverage phase that every profile sends of each operation."""
MOST_REDUCED = 6
"""Causes of one operation whose smallest request is searched for."""
MOST_PARTS = 60
"""Parts of a request among which one that fails, too, is looked for."""
QUIET = hypothesis.settings(
    max_examples=MOST_PARTS,
    deadline=None,
    database=None,
    phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@cache
def load_api() -> BaseSchema:
    """Return the contract as schemathesis loads it, with settings that hold for every run.

    The hooks and the schemathesis.toml of a user are for the user's own runs and are not read.
    """
    add_formats()
    hooks = os.environ.pop(HOOKS, None)
    api = schemathesis.openapi.from_path(contract_file(), config=schemathesis.Config())
    if hooks is not None:
        os.environ[HOOKS] = hooks
    # A failure of a case would end the generation: see `GeneratedRequests`.
    api.config.generation.update(no_shrink=True, database="none", with_security_parameters=False)
    api.config.update(max_redirects=0, suppress_health_check=[HealthCheck.all])
    api.config.phases.coverage.unexpected_methods = set()
    # The links of the contract, not those that schemathesis guesses from names.
    api.config.phases.stateful.inference.algorithms = []
    api.config.phases.stateful.generation.update(modes=[GenerationMode.POSITIVE])
    # The other checks of schemathesis are rules of their own here, or false alarms.
    api.config.checks.update(included_check_names=[*RULES_OF_CHECKS])
    return api


def configure_api(api: BaseSchema, settings: Settings) -> None:
    """Set what depends on the run: the target, the seed and how much is generated."""
    api.config.update(base_url=settings.base_url)
    api.config.seed = settings.seed
    api.config.generation.update(max_examples=EFFORTS[settings.profile].generated)
    # Making them takes a twentieth of a run, and SCHEMA-03 sends the bodies that are examples.
    api.config.phases.examples.enabled = settings.profile == "thorough"


class GeneratedRequests:
    """What one test sends of an operation: each different request once.

    A case that fails raises nothing, because Hypothesis stops soon after the first failure, and
    does not make the examples smaller that the coverage phase gives it. Instead its failures are
    kept as findings, and `hypothesis.find` looks for the smallest part of the request that fails
    in the same way, for as long as the profile allows.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._session = TargetSession(deployment.target)
        self._deadline = deployment.get_deadline()
        self._entity_id: str | None = None
        self._causes: dict[str, frozenset[Cause]] = {}
        self._reduced: set[Cause] = set()
        self._covering = 0
        self._invalid: set[tuple[str, str]] = set()
        """Query parameters, each with a kind of invalid value that the coverage phase sent."""
        self._obstacle: Exception | None = None

    def check(self, case: Case[Any]) -> None:
        """Send a case, and look for the smallest request of each new failure."""
        if self._obstacle:  # Hypothesis has more examples, and none of them can be sent
            raise self._obstacle
        if not self._is_chosen(case) or time.monotonic() > self._deadline:
            return
        try:
            causes = self._find_causes(case)
            for cause in sorted(causes - self._reduced):
                if len(self._reduced) < MOST_REDUCED:
                    self._reduced.add(cause)
                    self._reduce(case, cause)
        except Disturbed:  # the run repeats the test, which sends what is not known yet
            raise
        except (RequestFailed, NotTested, RuleFailed) as error:
            self._obstacle = error
            raise

    def _is_chosen(self, case: Case[Any]) -> bool:
        """Tell whether this profile sends a case: of the coverage phase every n-th.

        It always sends each kind of invalid value of a query parameter once, whatever the seed is.
        """
        if case.meta is None or case.meta.phase.name != "coverage":
            return True
        number, self._covering = self._covering, self._covering + 1
        every = self._deployment.effort.covering_every
        invalid = find_invalid_parameter(case)
        if invalid and invalid not in self._invalid:
            self._invalid.add(invalid)
            return True
        return number < ALWAYS_SENT or number % every == self._deployment.settings.seed % every

    def _find_causes(self, case: Case[Any]) -> frozenset[Cause]:
        """Return what is wrong with the response to a case; a known case is not sent again."""
        parts = describe_parts(case)
        if parts not in self._causes:
            operation = find_operation(case)
            if operation is None:  # a method that the path does not have
                return frozenset()
            if self._entity_id is None:
                self._entity_id = find_record(self._deployment, operation)
            sent = copy_case(case, case.query, case.body)
            fit_case(sent, self._deployment, operation, self._entity_id)
            try:
                response = sent.call(session=self._session)
            except InputRefused:  # PROTO-12 says so once
                return frozenset()
            validate = partial(sent.validate_response, response, additional_checks=[*LAWS])
            target = self._deployment.target
            self._causes[parts] = judge_response(self._session, target, operation, validate)
        return self._causes[parts]

    def _reduce(self, case: Case[Any], cause: Cause) -> None:
        """Find the smallest part of a request that fails in the same way.

        It is not returned: of one cause the observations keep the smallest request.
        """
        until = time.monotonic() + self._deployment.effort.reducing

        def fails(part: Case[Any]) -> bool:
            is_known = describe_parts(part) in self._causes
            return (is_known or time.monotonic() < until) and cause in self._find_causes(part)

        try:
            hypothesis.find(
                list_parts(case),
                fails,
                settings=QUIET,
                random=Random(self._deployment.settings.seed),
            )
        except NoSuchExample:
            return  # nothing but the whole request fails


def find_invalid_parameter(case: Case[Any]) -> tuple[str, str] | None:
    """Return the query parameter that a case of the coverage phase makes invalid, and how.

    A missing, doubled or unknown parameter has no value of its own.
    """
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.NEGATIVE:
        return None
    place = getattr(meta.phase.data, "parameter_location", None)
    name = getattr(meta.phase.data, "parameter", None)
    if place is None or place.value != "query" or not name or name not in (case.query or {}):
        return None
    return str(name), str(getattr(meta.phase.data, "scenario", ""))


def describe_parts(case: Case[Any]) -> str:
    """Return what tells one generated case from another."""
    return repr((case.query, case.body, case.media_type))


def list_parts(case: Case[Any]) -> st.SearchStrategy[Case[Any]]:
    """Return the cases with some of the parameters and fields of a case, and shorter texts."""
    query, body = list_values(case.query), list_values(case.body)
    return st.builds(partial(copy_case, case), query, body)


def copy_case(case: Case[Any], query: Any, body: Any) -> Case[Any]:
    """Return a case like another one, with these parameters and this body."""
    copied: Case[Any] = case.operation.Case(
        path_parameters=dict(case.path_parameters),
        query=query,
        body=body,
        media_type=case.media_type,
    )
    return copied


def list_values(value: Any) -> st.SearchStrategy[Any]:
    """Return the parts of a value: some of its fields, the beginning of a text or list, or all."""
    if isinstance(value, dict):
        fields = {name: list_values(field) for name, field in value.items()}
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(value, str | list):
        # Half of them are the whole value, since often nothing less fails.
        return st.integers(0, 2 * len(value)).map(lambda length: value[:length])
    return st.just(value)
