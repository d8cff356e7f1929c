"""What this project adds to the stock command of schemathesis, which loads this module by name.

    SCHEMATHESIS_HOOKS=contract_tests.schemathesis_hooks \
        schemathesis run spec/openapi.yaml --url http://127.0.0.1:8765

It adds the key, the platform and the user to what is sent, holds every response to the laws of
`contract_tests.vocabulary.laws`, and drops the failures that schemathesis' own checks report of a
sound service. The settings are those of `credcheck`: CREDCHECK_ORG, CREDCHECK_USER_ID,
CREDCHECK_USERNAME, CREDCHECK_KEY_ADMIN and so on; a URL on this machine without CREDCHECK_ORG is
taken for the mock with its default data. Unlike `credcheck`, schemathesis changes and deletes
records that it finds, so that only a disposable target gets more than reads.
"""

from typing import Any

import schemathesis
from schemathesis import AuthContext, BaseSchema, Case, HookContext, Response
from schemathesis.core.failures import Failure

from contract_tests.engine.safety import READS
from contract_tests.errors import RequestFailed
from contract_tests.vocabulary.fitting import add_formats, fit_body, fit_place
from contract_tests.vocabulary.laws import LAWS, find_operation
from contract_tests.vocabulary.stock import FALSE_ALARMS, may_write, open_deployment


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Drop the false alarms of schemathesis' own checks."""
    is_false_alarm, _ = FALSE_ALARMS.get(failure.code, (None, ""))
    return is_false_alarm is None or not is_false_alarm(response, case)


@schemathesis.hook
def after_load_schema(context: HookContext, schema: BaseSchema) -> None:
    """Follow the links of the contract, and send nothing but reads to a target that is kept.

    schemathesis would guess more links from names, and try methods that a path does not have.
    """
    schema.config.phases.stateful.inference.algorithms = []
    base_url = schema.config.base_url
    if base_url is None or not may_write(open_deployment(base_url).settings):
        schema.config.phases.coverage.unexpected_methods = {"options"}


for law in LAWS:
    schemathesis.check(law)
add_formats()


@schemathesis.auth()
class AdminKey:
    """The key of the admin, sent as the target expects it."""

    def get(self, case: Case[Any], context: AuthContext) -> str:
        """Return the header that holds the key."""
        settings = open_deployment(case.operation.base_url or "").settings
        return f"{settings.auth_scheme} {settings.keys['admin']}".lstrip()

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        """Send the header."""
        settings = open_deployment(case.operation.base_url or "").settings
        case.headers[settings.auth_header] = data


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Fit a case to the target; raises RequestFailed for a write to one that is not disposable."""
    operation = find_operation(case)
    deployment = open_deployment(case.operation.base_url or "")
    if case.method not in READS and not may_write(deployment.settings):
        raise RequestFailed(
            f"{case.method} is not sent to a target that is not disposable: select reads with "
            "--include-method GET, or set CREDCHECK_DISPOSABLE=true"
        )
    fit_place(case, deployment)
    if operation is not None:
        fit_body(case, deployment, operation)
