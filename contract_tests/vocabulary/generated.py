"""Generated requests: schemathesis on the contract, its cases sent through `Target.send`.

What would make a request fail for another reason is replaced before it is sent: a generated path,
header, platform or issuer would hide what else is unusual in the request.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from schemathesis import BaseSchema, Case
from schemathesis.config import HealthCheck
from schemathesis.errors import FailureGroup

from contract_tests.catalogue.operations import ISSUE_CREDENTIAL, ISSUE_IN_BULK
from contract_tests.engine.contract import Operation, contract_file
from contract_tests.engine.results import Cause, Finding
from contract_tests.errors import RequestFailed, RuleFailed, require
from contract_tests.settings.settings import Settings
from contract_tests.vocabulary.deployment import EFFORTS, Deployment
from contract_tests.vocabulary.fitting import fit_case, is_poisonous
from contract_tests.vocabulary.issuing import revoke_and_delete
from contract_tests.vocabulary.laws import LAWS
from contract_tests.vocabulary.records import find_record
from contract_tests.vocabulary.session import TargetSession

ALWAYS_SENT = 3
"""Cases of the coverage phase that every profile sends of each operation."""
MOST_REDUCED = 6
"""Causes of one operation whose smallest request is searched for."""
MOST_PARTS = 60
"""Parts of a request among which one that fails, too, is looked for."""
RECORDED_ON_THE_WAY = frozenset({"ERR-01", "SCHEMA-01"})
"""The rules that `Target.send` holds every response against, whoever sent it."""
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

    The file schemathesis.toml of a user is for the user's own runs and is not read.
    """
    api = schemathesis.openapi.from_path(contract_file(), config=schemathesis.Config())
    # A failure of a case would end the generation: see `GeneratedRequests`.
    api.config.generation.update(no_shrink=True, database="none", with_security_parameters=False)
    api.config.update(max_redirects=0, suppress_health_check=[HealthCheck.all])
    api.config.phases.coverage.unexpected_methods = set()
    return api


def configure_api(api: BaseSchema, settings: Settings) -> None:
    """Set what depends on the run: the target, the seed and how much is generated."""
    api.config.update(base_url=settings.base_url)
    api.config.seed = settings.seed
    api.config.generation.update(max_examples=EFFORTS[settings.profile].generated)


@dataclass
class GeneratedRequests:
    """What one test sends of an operation: each different request once.

    A case that fails raises nothing, because Hypothesis stops soon after the first failure, and
    does not make the examples smaller that the coverage phase gives it. Instead its failures are
    kept as findings, and `hypothesis.find` looks for the smallest part of the request that fails
    in the same way, for as long as the profile allows.
    """

    deployment: Deployment
    operation: Operation
    entity_id: str = ""
    _causes: dict[str, frozenset[Cause]] = field(default_factory=dict)
    _reduced: set[Cause] = field(default_factory=set)
    _covering: int = 0
    _stopped: RequestFailed | None = None

    def __post_init__(self) -> None:
        self.entity_id = find_record(self.deployment, self.operation)
        self._session = TargetSession(self.deployment.target)
        self._deadline = self.deployment.get_deadline()

    def close(self) -> None:
        """Delete what was issued on the way."""
        if self.operation.id in (ISSUE_CREDENTIAL, ISSUE_IN_BULK) and not self._stopped:
            revoke_and_delete(self.deployment, self.entity_id)

    def check(self, case: Case) -> None:
        """Send a case, and look for the smallest request of each new failure."""
        if not self._is_chosen(case) or time.monotonic() > self._deadline:
            return
        for cause in sorted(self._find_causes(case)):
            if cause not in self._reduced and len(self._reduced) < MOST_REDUCED:
                self._reduced.add(cause)
                self._reduce(case, cause)

    def _is_chosen(self, case: Case) -> bool:
        """Tell whether this profile sends a case: of the coverage phase every n-th."""
        if case.meta is None or case.meta.phase.name != "coverage":
            return True
        number, self._covering = self._covering, self._covering + 1
        every = self.deployment.effort.covering_every
        return number < ALWAYS_SENT or number % every == self.deployment.settings.seed % every

    def _find_causes(self, case: Case) -> frozenset[Cause]:
        """Return what is wrong with the response to a case; a known case is not sent again."""
        parts = repr((case.query, case.body, case.media_type))
        if parts not in self._causes:
            if self._stopped:  # no response, or none that may be asked for: no further one is
                raise self._stopped
            fit_case(case, self.deployment, self.operation, self.entity_id)
            try:
                failures = self._send(case)
            except RequestFailed as error:
                self._stopped = error
                raise
            self._causes[parts] = frozenset(map(self._keep, failures))
        return self._causes[parts]

    def _send(self, case: Case) -> Iterable[RuleFailed]:
        """Send a case, and return the laws that its response breaks."""
        failures = check_exchange(case, self._session)
        if not self.operation.is_read and is_poisonous(case.body):
            response = self.deployment.get("", {"page_size": 10})
            message = "after a write of unusual text the list is not answered"
            require(response.status == 200, message, self._session.last)
        return failures

    def _keep(self, failure: RuleFailed) -> Cause:
        """Keep a failure as a finding, and return its cause."""
        redact = self.deployment.target.redact
        finding = Finding(
            failure.rule,
            self.operation.id,
            failure.message,
            redact(failure.expected),
            redact(failure.got),
            self._session.last.exchange,
        )
        if failure.rule not in RECORDED_ON_THE_WAY:
            self.deployment.target.observations.keep(finding)
        return finding.cause

    def _reduce(self, case: Case, cause: Cause) -> None:
        """Find the smallest part of a request that fails in the same way.

        It is not returned: of one cause the observations keep the smallest request.
        """
        until = time.monotonic() + self.deployment.effort.reducing

        def fails(part: Case) -> bool:
            is_known = repr((part.query, part.body, part.media_type)) in self._causes
            return (is_known or time.monotonic() < until) and cause in self._find_causes(part)

        try:
            hypothesis.find(
                list_parts(case),
                fails,
                settings=QUIET,
                random=Random(self.deployment.settings.seed),
            )
        except NoSuchExample:
            return  # nothing but the whole request fails


def check_exchange(case: Case, session: TargetSession) -> list[RuleFailed]:
    """Send a case through a target, and return the laws that its response breaks."""
    response = case.call(session=session)
    if session.last.is_from_proxy:
        return []
    try:
        case.validate_response(response, checks=[*LAWS])
    except FailureGroup as group:
        errors = [getattr(failure, "exception", failure) for failure in group.exceptions]
        return [error for error in errors if isinstance(error, RuleFailed)]
    return []


def list_parts(case: Case) -> st.SearchStrategy[Case]:
    """Return the cases with some of the parameters and fields of a case, and shorter texts."""
    parts = {"query": list_values(case.query), "body": list_values(case.body)}

    def make_case(query: Any, body: Any) -> Case:
        return case.operation.Case(
            path_parameters=dict(case.path_parameters),
            query=query,
            body=body,
            media_type=case.media_type,
        )

    return st.builds(make_case, **parts)


def list_values(value: Any) -> st.SearchStrategy[Any]:
    """Return the parts of a value: some of its fields, the beginning of its text, or all of it."""
    if isinstance(value, dict):
        fields = {name: list_values(field) for name, field in value.items()}
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(value, str) and value:
        beginnings = st.integers(0, len(value) - 1).map(lambda length: value[:length])
        return beginnings | st.just(value)
    return st.just(value)
