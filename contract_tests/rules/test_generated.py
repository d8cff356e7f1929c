"""Generated requests: what schemathesis makes of the contract gets documented responses."""

from typing import Any

import pytest
from schemathesis import Case

from contract_tests.catalogue import RULES
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.generated import GeneratedRequests, load_api
from contract_tests.vocabulary.linked import follow_links

api = load_api()


@pytest.fixture
def requests(deployment: Deployment) -> GeneratedRequests:
    """Return the requests of one test, which Hypothesis calls with every case."""
    return GeneratedRequests(deployment)


@pytest.mark.credcheck_rule("SCHEMA-04")
@(
    api.include(operation_id=list(RULES["SCHEMA-04"].operations))
    .exclude(method="DELETE")
    .parametrize()
)
def test_generated_requests_get_documented_responses(
    requests: GeneratedRequests, case: Case[Any]
) -> None:
    """Requests that the contract allows, and some that it does not, get documented responses."""
    requests.check(case)


@pytest.mark.credcheck_rule("SCHEMA-04")
@pytest.mark.credcheck_needs("write")
@pytest.mark.credcheck_last
def test_linked_requests_get_documented_responses(deployment: Deployment) -> None:
    """What is created can be retrieved, changed, issued and deleted along the contract's links."""
    follow_links(api, deployment)
