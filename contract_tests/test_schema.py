"""Schema: every reply is one that the contract documents."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contract_tests.contract import Operation, load_contract
from contract_tests.deployment import JSON, Deployment, created, result
from contract_tests.issuing import create_issuer, issue, some_assertion, withdraw
from contract_tests.outcome import require
from contract_tests.rules import (
    ALL,
    ASSERTION,
    ASSERTION_UPDATE,
    AUTHORITY,
    BULK_ISSUE,
    CREATE,
    ISSUE,
    ISSUER,
    ISSUER_CREATE,
    ISSUER_UPDATE,
    ISSUES,
    PUBLIC,
    UPDATE,
)
from contract_tests.target import Reply

CONTRACT = load_contract()
IMAGES = ("iconImage", "backgroundImage", "thumbnailImage")


@pytest.mark.rule("SCHEMA-01")
def test_every_operation_answers_as_documented(deployment: Deployment) -> None:
    """Each operation is asked once as the contract shows it; every reply of a run is judged."""
    page = deployment.page({"page_size": 100})
    issuers = deployment.page(path="issuers/")
    for entity_id in page.ids[:3]:
        result(deployment.get(entity_id))
    for entity_id in issuers.ids[:3]:
        reply = deployment.get(f"issuers/{entity_id}")
        is_array = isinstance(reply.value, list) and len(reply.value) == 1
        require(is_array, "one issuer is not an array of one", reply)


@pytest.mark.rule("SCHEMA-02")
def test_no_field_is_unknown(deployment: Deployment) -> None:
    """Lists and items hold the fields of the contract; others are told by the way."""
    page = deployment.page({"page_size": 5})
    for entity_id in page.ids:
        deployment.retrieve(entity_id)


@pytest.mark.rule("SCHEMA-03")
def test_examples_are_accepted(deployment: Deployment) -> None:
    """The example bodies create and change credentials, with a real issuer in them."""
    entity_id = ""
    for operation_id in (CREATE, UPDATE):
        operation = CONTRACT.operations[operation_id]
        for name, body in examples(operation):
            body = {**body, "name": deployment.name(str(body.get("name", name)))}
            if "issuer" in body:
                body["issuer"] = deployment.issuer
            if operation_id == CREATE:
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
                    *() if each.is_read else ("write",),
                    *("disposable",) if each.id == AUTHORITY else (),
                    *("username",) if each.id in ISSUES else (),
                ),
                *[pytest.mark.last] * (each.id in (ISSUER_CREATE, AUTHORITY)),
            ],
        )
        for each in CONTRACT.operations.values()
        if each.method != "DELETE" and each.id in ALL
    ],
)
def test_generated_requests_get_documented_answers(
    deployment: Deployment, operation_id: str
) -> None:
    """Requests that the contract allows, and some that it does not, get documented answers."""
    import schemathesis
    from schemathesis.generation import GenerationMode

    operation = CONTRACT.operations[operation_id]
    schema = schemathesis.openapi.from_dict(dict(CONTRACT.document))
    api_operation = schema[operation.path][operation.method]
    cases = st.one_of(
        api_operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        api_operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )
    entity_id = target_of(deployment, operation)
    until = deployment.share_of_time()

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
        if time.monotonic() < until:
            send_case(deployment, operation, case, entity_id)

    run()
    if operation_id in (ISSUE, BULK_ISSUE):
        withdraw(deployment, entity_id)


def target_of(deployment: Deployment, operation: Operation) -> str:
    """Return the id of what a generated request is about: of this run where it writes."""
    if operation.id == ISSUER:
        return deployment.issuer
    if operation.id == ISSUER_UPDATE:
        return str(create_issuer(deployment)["entityId"])
    if operation.id in (ASSERTION, PUBLIC):
        return str(some_assertion(deployment)["entityId"])
    if operation.is_read or "{entity_id}" not in operation.path:
        return (deployment.page({"page_size": 1}).ids or [deployment.made_up_id()])[0]
    entity_id = str(deployment.create()["entityId"])
    if operation.id == ASSERTION_UPDATE:
        return str(issue(deployment, entity_id)["entityId"])
    return entity_id


def send_case(deployment: Deployment, operation: Operation, case: Any, entity_id: str) -> Reply:
    """Send a generated case to a place that is there, with the query and body that it has."""
    from urllib.parse import urlencode

    query = {
        name: value
        for name, value in (case.query or {}).items()
        if name != "platform_org" and isinstance(value, str | int | float | bool)
    }
    path = operation.path.split("{user_id}/")[-1].replace("{entity_id}", entity_id)
    if query:
        encoded = {str(k): str(v).encode("utf-8", "replace") for k, v in query.items()}
        path += "?" + urlencode(encoded)
    if operation.is_read:
        return deployment.send(operation.method, path)
    if case.media_type == JSON:
        body, kind = encoded_json(deployment, case.body, operation.id), JSON
    else:
        form = case.body if isinstance(case.body, dict) else {}
        pairs = {"name": deployment.name(), "issuer": deployment.issuer}
        if operation.id in ISSUES:
            pairs |= {"users": deployment.settings.username, "recipient": "{}"}
        pairs |= {text(k): text(v) for k, v in form.items() if k not in pairs}
        body, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    return deployment.send(operation.method, path, headers={"Content-Type": kind}, body=body)


def encoded_json(deployment: Deployment, value: Any, operation_id: str) -> bytes:
    """Return a generated body as JSON, with a name that tells whose it is and a real issuer."""
    if isinstance(value, dict):
        value = dict(value)
        if isinstance(value.get("name"), str) and 0 < len(value["name"].strip()) < 900:
            value["name"] = deployment.name(value["name"])
        if operation_id != ISSUER_CREATE and isinstance(value.get("issuer"), str):
            value["issuer"] = deployment.issuer
        if isinstance(value.get("recipient"), dict) and "identity" in value["recipient"]:
            value["recipient"] = {**value["recipient"], "identity": deployment.settings.username}
        if value.get("users") and isinstance(value["users"], list):
            value["users"] = [deployment.settings.username]
    if not isinstance(value, dict | list | str | int | float | bool | None):
        value = {}
    return json.dumps(value).encode("utf-8", "replace")


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
            require(result(reply) == item, "an item differs from its list", reply, expected=item)
        issuers = {each["entityId"]: each for each in deployment.everything(path="issuers/")}
        for item in items:
            details = item["issuerDetails"]
            known = issuers.get(details["entityId"])
            require(known == details, "an item's issuer is not the listed one", got=details)
        for entity_id, issuer in list(issuers.items())[:3]:
            reply = deployment.get(f"issuers/{entity_id}")
            require(reply.value == [issuer], "an issuer differs from its list", reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SCHEMA-06")
def test_the_envelope_tells_success(deployment: Deployment) -> None:
    """Reads are `Ok`."""
    page = deployment.page({"page_size": 1})
    check_status(page.reply, "Ok")
    for entity_id in page.ids:
        check_status(deployment.get(entity_id), "Ok")


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
