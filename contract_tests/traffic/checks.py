"""What one look at recorded calls finds: a rule, the call that shows it, and whether it holds."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import schemathesis
from requests import PreparedRequest
from schemathesis import Case
from schemathesis import Response as CheckedResponse

from contract_tests.catalogue.operations import LIST_CREDENTIALS, LIST_ISSUERS
from contract_tests.engine.contract import load_contract
from contract_tests.errors import RuleFailed
from contract_tests.traffic.service import Call
from contract_tests.vocabulary.laws import (
    DESCRIPTIONS,
    Law,
    absolute_images,
    consistent_links,
    envelope_of_success,
    newest_first,
)

NO_CONTEXT: Any = None
"""The laws look at no context, which only a run of schemathesis has."""
LAWS: dict[str, tuple[Law, Collection[str]]] = {
    "SCHEMA-06": (envelope_of_success, DESCRIPTIONS),
    "SCHEMA-07": (absolute_images, DESCRIPTIONS),
    "PAGE-07": (newest_first, (LIST_CREDENTIALS,)),
    "PAGE-03": (consistent_links, (LIST_CREDENTIALS, LIST_ISSUERS)),
}
"""The laws that the contract's schemas do not contain, by rule, each with its operations."""


@dataclass(frozen=True)
class Check:
    """A rule that was held against a call, and how it failed; `earlier` calls lead to it."""

    rule: str
    call: Call
    failure: RuleFailed | None = None
    earlier: tuple[Call, ...] = ()


def hold(rule: str, call: Call, require: Callable[[], Any], *earlier: Call) -> Check:
    """Return the check of a call by a function that raises RuleFailed."""
    try:
        require()
    except RuleFailed as failure:
        return Check(failure.rule or rule, call, failure, earlier)
    return Check(rule, call, None, earlier)


class SingleLaws:
    """Holds calls to the laws on a single exchange, which are checks of schemathesis."""

    def __init__(self) -> None:
        self._schema = _load_schema()

    def check(self, call: Call) -> Iterator[Check]:
        """Yield the laws that a success is held to; a response that was cut shows nothing."""
        if call.operation is None or not call.is_whole or not call.response.body:
            return
        case = self._build_case(call)
        response = _build_response(call)
        for rule, (law, operations) in LAWS.items():
            if call.operation_id in operations and call.is_success:
                yield hold(rule, call, partial(law, NO_CONTEXT, response, case))

    def _build_case(self, call: Call) -> Case[Any]:
        operation = call.operation
        assert operation is not None  # noqa: S101  the caller has looked
        api_operation = self._schema[operation.path][operation.method]
        case: Case[Any] = api_operation.Case(
            path_parameters=dict(call.place), query=dict(call.query)
        )
        return case


@cache
def _load_schema() -> Any:
    """Return the contract as schemathesis reads it, which takes as long as judging does."""
    return schemathesis.openapi.from_dict(dict(load_contract().document))


def _build_response(call: Call) -> CheckedResponse:
    request = PreparedRequest()
    request.method, request.url = call.recorded.method, call.recorded.url
    headers = {name: [value] for name, value in call.response.headers.items()}
    return CheckedResponse(
        call.response.status, headers, call.response.body, request, elapsed=0.0, verify=False
    )
