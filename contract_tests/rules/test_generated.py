"""Generated requests: what schemathesis makes of the contract gets documented responses."""

from collections.abc import Iterator

import pytest
from schemathesis import Case

from contract_tests.catalogue import RULES
from contract_tests.engine.contract import load_contract
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.generated import GeneratedRequests, load_api

api = load_api()


@pytest.fixture
def requests(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[GeneratedRequests]:
    """Return the requests of one test, to the operation that schemathesis names in brackets."""
    operation = load_contract().find_labelled(request.node.name.partition("[")[2][:-1])
    requests = GeneratedRequests(deployment, operation)
    yield requests
    requests.close()


@pytest.mark.rule("SCHEMA-04")
@api.include(operation_id=list(RULES["SCHEMA-04"].operations)).exclude(method="DELETE").parametrize()
def test_generated_requests_get_documented_responses(
    requests: GeneratedRequests, case: Case
) -> None:
    """Requests that the contract allows, and some that it does not, get documented responses."""
    requests.check(case)
