"""Generated requests: what schemathesis varies of an operation, sent with an id and a key that fit.

Everything that would make a request fail for another reason is left as it is: a generated path,
header or platform would hide what else is unusual in the request.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contract_tests.catalogue.operations import CREATE_ISSUER, ISSUING
from contract_tests.engine.contract import JSON, Operation, load_contract
from contract_tests.engine.creations import is_private
from contract_tests.engine.exchange import Response
from contract_tests.engine.results import Cause
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.forms import FORM

CONTRACT = load_contract()
SHORT = 8
"""Characters of the shortest text that a reduced request contains."""


@dataclass(frozen=True)
class Sample:
    """The parts of a generated request that schemathesis varies."""

    query: dict[str, str]
    body: Any
    media_type: str


def try_generated(
    deployment: Deployment, operation: Operation, try_sample: Callable[[Sample], None]
) -> None:
    """Try generated requests, each different one once."""
    from schemathesis.generation import GenerationMode  # takes a second to load

    api_operation = get_api_operation(operation)
    cases = st.one_of(
        api_operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        api_operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )
    tried: set[str] = set()

    @seed(deployment.settings.seed)
    @settings(
        max_examples=deployment.effort.generated,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def run(case: Any) -> None:
        sample = make_sample(case)
        if repr(sample) not in tried:
            tried.add(repr(sample))
            try_sample(sample)

    run()


def try_covering(
    deployment: Deployment, operation: Operation, try_sample: Callable[[Sample], None]
) -> None:
    """Try boundary and invalid values of each parameter and field, one at a time."""
    samples = list_covering(operation)
    most = min(deployment.effort.covering, len(samples))
    for sample in deployment.random.sample(samples, most):
        try_sample(sample)


def list_covering(operation: Operation) -> list[Sample]:
    """Return the requests with which schemathesis covers an operation, each different one once."""
    from schemathesis.generation.hypothesis.builder import (
        HypothesisTestConfig,
        HypothesisTestMode,
        create_test,
    )

    api_operation = get_api_operation(operation)
    config = HypothesisTestConfig(
        project=api_operation.schema.config,
        modes=[HypothesisTestMode.COVERAGE],
        settings=settings(phases=[Phase.explicit], database=None, deadline=None),
    )
    test: Any = create_test(operation=api_operation, test_func=lambda case: None, config=config)
    # The cases are the explicit examples of the test. Running it to get them would take twice as
    # long.
    cases = [example.kwargs["case"] for example in test.hypothesis_explicit_examples]
    samples = [make_sample(case) for case in cases if case.method == operation.method]
    return list({repr(sample): sample for sample in samples}.values())


def reduce_sample(
    sample: Sample, cause: Cause, find_causes: Callable[[Sample], set[Cause]]
) -> None:
    """Leave out each parameter and field that a failure does not need, and shorten long texts.

    The target remembers the smallest request of each cause.
    """
    for part in ("query", "body"):
        for name in list(fields) if isinstance(fields := getattr(sample, part), dict) else ():
            for smaller in make_smaller(sample, part, name):
                if cause in find_causes(smaller):
                    sample = smaller
                    break


def make_smaller(sample: Sample, part: str, name: str) -> Iterator[Sample]:
    """Yield a sample without a field, then with ever longer beginnings of its text."""
    fields: dict[str, Any] = getattr(sample, part)

    def replace_fields(fields: dict[str, Any]) -> Sample:
        return replace(sample, query=fields) if part == "query" else replace(sample, body=fields)

    yield replace_fields({other: value for other, value in fields.items() if other != name})
    text, length = fields[name], SHORT
    while isinstance(text, str) and length < len(text):
        yield replace_fields({**fields, name: text[:length]})
        length *= 4


def get_api_operation(operation: Operation) -> Any:
    """Return an operation as schemathesis knows it."""
    return load_varied_contract()[build_varied_path(operation)][operation.method]


def build_varied_path(operation: Operation) -> str:
    """Return the path of an operation in the document for schemathesis."""
    return f"/{operation.id}"


@cache
def load_varied_contract() -> Any:
    """Return the contract for schemathesis, reduced to what generated requests vary."""
    import schemathesis

    paths: dict[str, Any] = {}
    for operation in CONTRACT.operations.values():
        parameters = [*CONTRACT.document["paths"][operation.path].get("parameters", ())]
        parameters += operation.source.get("parameters", ())
        source = {
            "operationId": operation.id,
            "parameters": [one for one in map(CONTRACT.resolve, parameters) if is_varied(one)],
            "responses": {"default": {"description": "any"}},
        }
        if "requestBody" in operation.source:
            source["requestBody"] = operation.source["requestBody"]
        paths[build_varied_path(operation)] = {operation.method.lower(): source}
    document = {name: CONTRACT.document[name] for name in ("openapi", "info", "components")}
    return schemathesis.openapi.from_dict({**document, "paths": paths})


def is_varied(parameter: Any) -> bool:
    """Tell whether generated requests vary a parameter."""
    return bool(parameter["in"] == "query" and parameter["name"] != "platform_org")


def make_sample(case: Any) -> Sample:
    """Return the parts of a case of schemathesis that are sent."""
    query = {
        str(name): str(value)
        for name, value in (case.query or {}).items()
        if isinstance(value, str | int | float | bool)
    }
    return Sample(query, case.body, case.media_type or "")


def send_sample(
    deployment: Deployment, operation: Operation, sample: Sample, entity_id: str
) -> Response:
    """Send a generated request to a path that exists."""
    path = operation.path.split("{user_id}/")[-1].replace("{entity_id}", entity_id)
    if sample.query:
        query = {to_text(name): to_text(value) for name, value in sample.query.items()}
        path += "?" + urlencode(query)
    if operation.is_read:
        return deployment.send(operation.method, path, proxy_may_refuse=True)
    if sample.media_type == JSON:
        body, media_type = encode_json(deployment, sample.body, operation.id), JSON
    else:
        body, media_type = encode_form(deployment, sample.body, operation.id), FORM
    headers = {"Content-Type": media_type}
    return deployment.send(
        operation.method, path, headers=headers, body=body, proxy_may_refuse=True
    )


def encode_form(deployment: Deployment, value: Any, operation_id: str) -> bytes:
    """Return a generated body as a form, with a real issuer and the mark of the run."""
    pairs = {"name": deployment.make_name(), "issuer": deployment.issuer}
    if operation_id in ISSUING:
        pairs |= {"users": deployment.settings.username, "recipient": "{}"}
    form = value if isinstance(value, dict) else {}
    pairs |= {to_text(name): to_text(field) for name, field in form.items() if name not in pairs}
    if is_private(pairs) and not deployment.settings.disposable:
        del pairs["public"]
    return urlencode(pairs).encode()


def encode_json(deployment: Deployment, value: Any, operation_id: str) -> bytes:
    """Return a generated body as JSON, with a real issuer and user, and the mark of the run."""
    if isinstance(value, dict):
        value = add_mark(deployment, value)
        if is_private(value) and not deployment.settings.disposable:
            del value["public"]
        if operation_id != CREATE_ISSUER and isinstance(value.get("issuer"), str):
            value["issuer"] = deployment.issuer
        if isinstance(value.get("recipient"), dict) and "identity" in value["recipient"]:
            value["recipient"] = {**value["recipient"], "identity": deployment.settings.username}
        if value.get("users") and isinstance(value["users"], list):
            value["users"] = [deployment.settings.username]
    if not isinstance(value, dict | list | str | int | float | bool | None):
        value = {}
    return json.dumps(value).encode("utf-8", "replace")


def add_mark(deployment: Deployment, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields whose name, or else whose description, contains the mark of the run.

    A number is accepted as a name (FACTS, "a character field takes a number"), so it gets the mark,
    too; what cannot be a name stays as it is.
    """
    name = fields.get("name")
    is_number = isinstance(name, int | float) and not isinstance(name, bool)
    if is_number or (isinstance(name, str) and name.strip()):
        return {**fields, "name": deployment.make_name(str(name))}
    if isinstance(fields.get("description"), str | None):
        return {**fields, "description": deployment.mark}
    return dict(fields)


def to_text(value: Any) -> str:
    """Return any generated value as the text of a form or query."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace").decode()
