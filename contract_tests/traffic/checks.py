"""What one look at recorded calls finds: a rule, the call that shows it, and whether it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import schemathesis
from requests import PreparedRequest
from schemathesis import Case
from schemathesis import Response as CheckedResponse

from contract_tests.engine.contract import Contract
from contract_tests.errors import RuleFailed
from contract_tests.traffic.service import Call
from contract_tests.vocabulary.laws import (
    Law,
    absolute_images,
    consistent_links,
    envelope_of_success,
    newest_first,
)

NO_CONTEXT: Any = None
"""The laws look at no context, which only a run of schemathesis has."""
LAWS: dict[str, Law] = {
    "SCHEMA-06": envelope_of_success,
    "SCHEMA-07": absolute_images,
    "PAGE-07": newest_first,
    "PAGE-03": consistent_links,
}
"""The laws on a single exchange that the contract's schemas do not contain, by their rule."""


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

    def __init__(self, contract: Contract) -> None:
        self._schema = schemathesis.openapi.from_dict(dict(contract.document))

    def check(self, call: Call) -> Iterator[Check]:
        """Yield the laws that a success is held to; a response that was cut shows nothing."""
        if call.operation is None or not call.is_whole or not call.response.body:
            return
        case = self._build_case(call)
        response = _build_response(call)
        for rule, law in LAWS.items():
            yield hold(rule, call, partial(law, NO_CONTEXT, response, case))

    def _build_case(self, call: Call) -> Case[Any]:
        operation = call.operation
        assert operation is not None  # noqa: S101  the caller has looked
        api_operation = self._schema[operation.path][operation.method]
        case: Case[Any] = api_operation.Case(
            path_parameters=dict(call.place), query=dict(call.query)
        )
        return case


def _build_response(call: Call) -> CheckedResponse:
    request = PreparedRequest()
    request.method, request.url = call.recorded.method, call.recorded.url
    headers = {name: [value] for name, value in call.response.headers.items()}
    return CheckedResponse(
        call.response.status, headers, call.response.body, request, elapsed=0.0, verify=False
    )
