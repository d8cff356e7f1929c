"""Schema: every reply is one that the contract documents."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contract_tests.catalogue import RULES
from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    CREATE_CREDENTIAL,
    CREATE_ISSUER,
    ISSUE_CREDENTIAL,
    ISSUE_IN_BULK,
    ISSUING,
    LIST_GROUP_ASSIGNMENTS,
    LIST_USER_ASSIGNMENTS,
    LOOK_UP_ASSERTION,
    RETRIEVE_ASSERTION,
    RETRIEVE_ISSUER,
    UPDATE_ASSERTION,
    UPDATE_CREDENTIAL,
    UPDATE_ISSUER,
)
from contract_tests.engine.contract import Operation, load_contract
from contract_tests.engine.outcome import Cause, require
from contract_tests.engine.target import Reply, is_hidden
from contract_tests.vocabulary.deployment import FORM, JSON, Deployment, created, result, stable
from contract_tests.vocabulary.issuing import create_issuer, issue, some_assertion, withdraw

CONTRACT = load_contract()
MOST_REDUCED = 6
"""Causes of one operation whose smallest request is looked for."""
SHORT = 8
IMAGES = ("iconImage", "backgroundImage", "thumbnailImage")


@dataclass(frozen=True)
class Sample:
    """A generated request: what a case of schemathesis varies of it."""

    query: dict[str, str]
    body: Any
    media_type: str


Ask = Callable[[Sample], set[Cause]]
TryOut = Callable[[Sample], None]


@pytest.mark.rule("SCHEMA-01")
def test_every_operation_answers_as_documented(deployment: Deployment) -> None:
    """Each operation is asked once as the contract shows it; every reply of a run is judged."""

    def check() -> None:
        page = deployment.page({"page_size": 100})
        issuers = deployment.page(path="issuers/")
        for entity_id in page.ids[:3]:
            result(deployment.get(entity_id))
        for entity_id in issuers.ids[:3]:
            reply = deployment.get(f"issuers/{entity_id}")
            is_array = isinstance(reply.value, list) and len(reply.value) == 1
            require(is_array, "one issuer is not an array of one", reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SCHEMA-01")
@pytest.mark.parametrize(
    "operation_id",
    [
        pytest.param(each, marks=pytest.mark.needs(each), id=each)
        for each in (LIST_USER_ASSIGNMENTS, LIST_GROUP_ASSIGNMENTS)
    ],
)
def test_assignments_are_listed(deployment: Deployment, operation_id: str) -> None:
    """Who may read asks for the assignments, of which there may be none."""
    reply = deployment.get(CONTRACT.operations[operation_id].path.partition("{user_id}/")[2])
    refused = "a request that must succeed is refused"
    require(reply.status == 200, refused, reply, expected=200, got=reply.status)


@pytest.mark.rule("SCHEMA-02")
def test_no_field_is_unknown(deployment: Deployment) -> None:
    """Lists and items hold the fields of the contract; others are told by the way."""

    def check() -> None:
        for entity_id in deployment.page({"page_size": 5}).ids:
            deployment.retrieve(entity_id)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SCHEMA-03")
def test_examples_are_accepted(deployment: Deployment) -> None:
    """The example bodies create and change credentials, with a real issuer in them."""
    entity_id = ""
    for operation_id in (CREATE_CREDENTIAL, UPDATE_CREDENTIAL):
        operation = CONTRACT.operations[operation_id]
        for name, body in examples(operation):
            body = {**body, "name": deployment.name(str(body.get("name", name)))}
            if "issuer" in body:
                body["issuer"] = deployment.issuer
            if operation_id == CREATE_CREDENTIAL:
                reply = deployment.send_json("POST", "", body)
                entity_id = created(reply)["entityId"]
            else:
                reply = deployment.put(entity_id, body)
                result(reply)


def examples(operation: Operation) -> list[tuple[str, dict[str, Any]]]:
    """Return the example bodies of an operation by name."""
    content = operation.source["requestBody"]["content"][JSON]
    return [
        (name, dict(CONTRACT.resolve(each)["value"])) for name, each in content["examples"].items()
    ]


@pytest.mark.rule("SCHEMA-04")
@pytest.mark.parametrize(
    "operation_id",
    [
        pytest.param(
            each.id,
            marks=[
                pytest.mark.needs(
                    each.id,
                    *() if each.is_read else ("write",),
                    *("disposable",) if each.id == ADD_SIGNATORY else (),
                    *("username",) if each.id in ISSUING else (),
                ),
                *[pytest.mark.last] * (each.id in (CREATE_ISSUER, ADD_SIGNATORY)),
            ],
        )
        for each in CONTRACT.operations.values()
        if each.method != "DELETE" and each.id in RULES["SCHEMA-04"].operations
    ],
)
def test_generated_requests_get_documented_answers(
    deployment: Deployment, operation_id: str
) -> None:
    """Requests that the contract allows, and some that it does not, get documented answers."""
    operation = CONTRACT.operations[operation_id]
    entity_id = target_of(deployment, operation)

    until = deployment.share_of_time()
    shown: dict[Cause, Sample] = {}

    def ask(sample: Sample) -> set[Cause]:
        reply = send_sample(deployment, operation, sample, entity_id)
        return deployment.target.causes(reply)

    def try_out(sample: Sample) -> None:
        for cause in ask(sample) if time.monotonic() < until else ():
            shown[cause] = min(sample, shown.get(cause, sample), key=lambda each: len(repr(each)))

    try_generated(deployment, operation, try_out)
    try_covering(deployment, operation, try_out)
    for cause in sorted(shown)[:MOST_REDUCED]:
        reduce(shown[cause], cause, ask)
    if operation_id in (ISSUE_CREDENTIAL, ISSUE_IN_BULK):
        withdraw(deployment, entity_id)


def target_of(deployment: Deployment, operation: Operation) -> str:
    """Return the id of what a generated request is about: of this run where it writes."""
    if operation.id == RETRIEVE_ISSUER:
        return deployment.issuer
    if operation.id == UPDATE_ISSUER:
        return str(create_issuer(deployment)["entityId"])
    if operation.id in (RETRIEVE_ASSERTION, LOOK_UP_ASSERTION):
        return str(some_assertion(deployment)["entityId"])
    if operation.is_read or "{entity_id}" not in operation.path:
        return (deployment.page({"page_size": 1}).ids or [deployment.made_up_id()])[0]
    entity_id = str(deployment.create()["entityId"])
    if operation.id == UPDATE_ASSERTION:
        return str(issue(deployment, entity_id)["entityId"])
    return entity_id


def try_generated(deployment: Deployment, operation: Operation, try_out: TryOut) -> None:
    """Try each different one of generated requests."""
    from schemathesis.generation import GenerationMode

    api_operation = described(operation)
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
        sample = sample_of(case)
        if repr(sample) not in tried:
            tried.add(repr(sample))
            try_out(sample)

    run()


def try_covering(deployment: Deployment, operation: Operation, try_out: TryOut) -> None:
    """Try the boundary and the invalid values of each parameter and field, one at a time."""
    samples = covering(operation)
    most = min(deployment.effort.covering, len(samples))
    for sample in deployment.random.sample(samples, most):
        try_out(sample)


def covering(operation: Operation) -> list[Sample]:
    """Return what schemathesis covers an operation with, each different request once."""
    from schemathesis.generation.hypothesis.builder import (
        HypothesisTestConfig,
        HypothesisTestMode,
        create_test,
    )

    api_operation = described(operation)
    config = HypothesisTestConfig(
        project=api_operation.schema.config,
        modes=[HypothesisTestMode.COVERAGE],
        settings=settings(phases=[Phase.explicit], database=None, deadline=None),
    )
    test: Any = create_test(operation=api_operation, test_func=lambda case: None, config=config)
    # The cases are the test's explicit examples. Running it to see them would take as long again.
    cases = [each.kwargs["case"] for each in test.hypothesis_explicit_examples]
    samples = [sample_of(case) for case in cases if case.method == operation.method]
    return list({repr(each): each for each in samples}.values())


def reduce(sample: Sample, cause: Cause, ask: Ask) -> None:
    """Leave out each parameter and field that a breach does not need, and halve long texts.

    The target remembers the smallest request that shows a cause.
    """
    for part in ("query", "body"):
        for name in list(fields) if isinstance(fields := getattr(sample, part), dict) else ():
            for smaller in smaller_ones(sample, part, name):
                if cause in ask(smaller):
                    sample = smaller
                    break


def smaller_ones(sample: Sample, part: str, name: str) -> Iterator[Sample]:
    """Yield a sample without a field, then with ever longer beginnings of its text."""
    fields: dict[str, Any] = getattr(sample, part)

    def with_fields(changed: dict[str, Any]) -> Sample:
        return replace(sample, query=changed) if part == "query" else replace(sample, body=changed)

    yield with_fields({each: value for each, value in fields.items() if each != name})
    text, length = fields[name], SHORT
    while isinstance(text, str) and length < len(text):
        yield with_fields({**fields, name: text[:length]})
        length *= 4


def described(operation: Operation) -> Any:
    """Return what varies of an operation, as schemathesis knows it."""
    return varied()[place_of(operation)][operation.method]


def place_of(operation: Operation) -> str:
    """Return the path of an operation in the document of what varies."""
    return f"/{operation.id}"


@cache
def varied() -> Any:
    """Return the contract for schemathesis, which takes a second to load, with what varies.

    A request is sent to a place that is there, with a key that may: a generated path, header or
    platform would be thrown away, and with it the case, where that was all that was odd in it.
    """
    import schemathesis

    paths: dict[str, Any] = {}
    for each in CONTRACT.operations.values():
        parameters = [*CONTRACT.document["paths"][each.path].get("parameters", ())]
        parameters += each.source.get("parameters", ())
        source = {
            "operationId": each.id,
            "parameters": [one for one in map(CONTRACT.resolve, parameters) if varies(one)],
            "responses": {"default": {"description": "any"}},
        }
        if "requestBody" in each.source:
            source["requestBody"] = each.source["requestBody"]
        paths[place_of(each)] = {each.method.lower(): source}
    known = ("openapi", "info", "components")
    document = {name: CONTRACT.document[name] for name in known}
    return schemathesis.openapi.from_dict({**document, "paths": paths})


def varies(parameter: Any) -> bool:
    """Tell whether a parameter is one that generated requests vary."""
    return bool(parameter["in"] == "query" and parameter["name"] != "platform_org")


def sample_of(case: Any) -> Sample:
    """Return what of a case of schemathesis is sent."""
    query = {
        str(name): str(value)
        for name, value in (case.query or {}).items()
        if isinstance(value, str | int | float | bool)
    }
    return Sample(query, case.body, case.media_type or "")


def send_sample(
    deployment: Deployment, operation: Operation, sample: Sample, entity_id: str
) -> Reply:
    """Send a generated request to a place that is there, with the query and body that it has."""
    path = operation.path.split("{user_id}/")[-1].replace("{entity_id}", entity_id)
    if sample.query:
        encoded = {text(name): text(value) for name, value in sample.query.items()}
        path += "?" + urlencode(encoded)
    if operation.is_read:
        return deployment.send(operation.method, path, odd=True)
    if sample.media_type == JSON:
        body, kind = encoded_json(deployment, sample.body, operation.id), JSON
    else:
        form = sample.body if isinstance(sample.body, dict) else {}
        pairs = {"name": deployment.name(), "issuer": deployment.issuer}
        if operation.id in ISSUING:
            pairs |= {"users": deployment.settings.username, "recipient": "{}"}
        pairs |= {text(k): text(v) for k, v in form.items() if k not in pairs}
        if is_hidden(pairs) and not deployment.settings.disposable:
            del pairs["public"]
        body, kind = urlencode(pairs).encode(), FORM
    headers = {"Content-Type": kind}
    return deployment.send(operation.method, path, headers=headers, body=body, odd=True)


def encoded_json(deployment: Deployment, value: Any, operation_id: str) -> bytes:
    """Return a generated body as JSON, with a real issuer and the mark wherever a text can be."""
    if isinstance(value, dict):
        value = marked(deployment, value)
        if is_hidden(value) and not deployment.settings.disposable:
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


def marked(deployment: Deployment, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields whose name tells whose they are, or else their description does.

    A number counts as a name (FACTS, "a character field takes a number"), so it gets the mark too;
    what a name cannot be stays as it is.
    """
    name = fields.get("name")
    is_number = isinstance(name, int | float) and not isinstance(name, bool)
    if is_number or (isinstance(name, str) and name.strip()):
        return {**fields, "name": deployment.name(str(name))}
    if isinstance(fields.get("description"), str | None):
        return {**fields, "description": deployment.mark}
    return dict(fields)


def text(value: Any) -> str:
    """Return a form's text for any generated value."""
    shown = value if isinstance(value, str) else json.dumps(value, default=str)
    return shown.encode("utf-8", "replace").decode()


@pytest.mark.rule("SCHEMA-05")
def test_what_a_list_shows_is_there(deployment: Deployment) -> None:
    """An item is what its list shows, and its issuer is what the issuers' list shows."""

    def check() -> None:
        items = deployment.page({"page_size": 10}).items
        for item in items[:5]:
            reply = deployment.get(item["entityId"])
            same = stable(result(reply)) == stable(item)
            require(same, "an item differs from its list", reply, expected=item)
        newest = deployment.newest(path="issuers/")
        issuers = {each["entityId"]: each for each in newest.items}
        for item in items:
            details = item["issuerDetails"]
            known = issuers.get(details["entityId"])
            if known is None and not newest.whole:
                continue
            same = stable(known) == stable(details)
            require(same, "an item's issuer is not the listed one", got=details)
        for entity_id, issuer in list(issuers.items())[:3]:
            reply = deployment.get(f"issuers/{entity_id}")
            same = stable(reply.value) == stable([issuer])
            require(same, "an issuer differs from its list", reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SCHEMA-06")
def test_the_envelope_tells_success(deployment: Deployment) -> None:
    """Reads are `Ok`."""

    def check() -> None:
        page = deployment.page({"page_size": 1})
        check_status(page.reply, "Ok")
        for entity_id in page.ids:
            check_status(deployment.get(entity_id), "Ok")

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SCHEMA-06")
@pytest.mark.needs("write")
def test_the_envelope_tells_what_was_done(deployment: Deployment) -> None:
    """A create is `Created`, a change `Updated`."""
    reply = deployment.send_json("POST", "", deployment.body())
    check_status(reply, "Created")
    entity_id = created(reply)["entityId"]
    check_status(deployment.put(entity_id, {"description": "changed"}), "Updated")


def check_status(reply: Reply, description: str) -> None:
    """Raise Breach unless the envelope says success and this."""
    status = reply.value.get("status") if isinstance(reply.value, dict) else None
    expected = {"success": True, "description": description}
    require(status == expected, f"the envelope does not say {description}", reply,
            expected=expected, got=status)  # fmt: skip


@pytest.mark.rule("SCHEMA-07")
def test_images_have_absolute_addresses(deployment: Deployment) -> None:
    """Every image in a list is null or an http(s) address."""
    page = deployment.page({"page_size": 100})
    for item in page.items:
        for name in IMAGES:
            address = item.get(name)
            fine = address is None or str(address).startswith(("http://", "https://"))
            require(fine, f"{name} is not absolute", page.reply, got=address)
