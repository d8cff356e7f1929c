"""The real generated client and the rest of the family: issuers, assertions, assignments, numbers.

What its models read, and, where they cannot, the row of the ledger that says why.
"""

import inspect
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.clients.generated_client import HERE, ROWS, Client, result, wrong_fields
from tests.support.paths import PICTURES

LEARNER = "learner"
COURSE = "course-v1:main+PY101+2026"
PICTURE = PICTURES


def rows(where: str) -> list[str]:
    """Return why the ledger's rows about a place are there; at least one."""
    found = [row["why"] for pattern, row in ROWS.items() if fnmatchcase(where, pattern)]
    assert found, where
    return found


def body(client: Client, model: str, **fields: Any) -> Any:
    """Return a model without what only a server can know: its validation asks for that."""
    return getattr(client.package, model).model_construct(**fields)


def fails_as(client: Client, reply: Any, model: str, *fields: str) -> None:
    """Assert that a success cannot be read as a model, for fields that the ledger explains."""
    assert reply.status == 200, reply.data
    with pytest.raises(ValidationError) as raised:
        client.modelled(reply, model)
    wrong = wrong_fields(raised.value)
    assert wrong >= set(fields)
    for each in wrong:
        rows(f"schemas/{model}/{each}")


def issued(client: Client, entity_id: str, username: str = LEARNER) -> dict[str, Any]:
    """Issue a credential, with the body that the package's model cannot carry."""
    body = {"recipient": {"identity": username}, "course": COURSE}
    reply = client.send("POST", f"{entity_id}/assertions/", body)
    assert reply.status == 200, reply.data
    answer: dict[str, Any] = reply.json()
    return answer


def test_every_method_is_driven(package: Any) -> None:
    """No method of the package on credentials is left out of these two modules."""
    folder = Path(__file__).parent
    text = "".join((folder / n).read_text() for n in ("test_client.py", "test_client_family.py"))
    methods = [
        name
        for name, _ in inspect.getmembers(package.CredentialsApi, inspect.isfunction)
        if not name.startswith("_") and not re.search("_with_http_info|_without_preload", name)
    ]
    assert len(methods) == 29
    assert [each for each in methods if not re.search(rf"\b{each}\b(?! import)", text)] == []


# Assertions


def test_the_models_of_bodies_cannot_issue(client: Client) -> None:
    """The models have the answers' fields, and neither `identity` nor `users`."""
    entity_id = client.create(courses=[COURSE])["entityId"]
    recipient = {"identity": LEARNER}
    one = client.api.credentials_orgs_users_assertions_create(
        entity_id, *HERE, body(client, "Assertion", recipient=recipient)
    )
    assert (one.status, one.json()) == (400, {"recipient": ["This field is required."]})
    bulk = body(client, "BulkCreateAssertion", users=[LEARNER])
    many = client.api.credentials_orgs_users_assertions_bulk_create(entity_id, *HERE, bulk)
    assert (many.status, many.json()) == (400, {"users": ["This field is required."]})
    assert "The published body is the response" in rows("schemas/AssertionCreate")[0]
    assert rows("schemas/AssertionBulkCreate") == ["The published body is the response."]


def test_issuing_in_bulk_is_read_by_its_model(client: Client) -> None:
    """Who has it is skipped, the others are issued it, and the model reads both."""
    entity_id = client.create(courses=[COURSE])["entityId"]
    issued(client, entity_id)
    reply = client.send(
        "POST", f"{entity_id}/assertions/bulk/", {"users": [LEARNER, "admin"], "course": COURSE}
    )
    answer = client.modelled(reply, "BulkCreateAssertion")
    assert (answer.skipped, answer.issued) == ([LEARNER], ["admin"])


def test_assertions_are_listed_raw(client: Client) -> None:
    """Both lists are the bare page; a whole credential in each item is what the model lacks."""
    entity_id = client.create(courses=[COURSE])["entityId"]
    made = issued(client, entity_id, "admin")
    of_user = client.api.credentials_orgs_users_assertions_retrieve(
        *HERE, include_revoked=True, include_expired=True, page=1, page_size=100
    )
    of_credential = client.api.credentials_orgs_users_assertions_retrieve3(entity_id, *HERE)
    for reply in (of_user, of_credential):
        page = reply.json()
        assert page.keys() >= {"next", "previous", "count", "num_pages", "page_number", "data"}
        assert made["entityId"] in {each["entityId"] for each in page["data"]}
        with pytest.raises(ValidationError):
            client.modelled(reply, "PaginatedAssertionsResponse")
    assert of_credential.json()["count"] == 1
    assert "whole credential" in rows("schemas/Assertion/credentialDetails")[0]


def test_an_assertion_is_read_raw_and_revoked(client: Client) -> None:
    """Item, revocation by the model's own fields, and the public look-up before and after."""
    made = issued(client, client.create(courses=[COURSE])["entityId"])
    entity_id = made["entityId"]
    item = client.api.credentials_orgs_users_assertions_retrieve2(entity_id, *HERE)
    fails_as(client, item, "Assertion", "credentialDetails", "program")
    shown = client.api.credentials_public_assertions_retrieve(entity_id)
    fails_as(client, shown, "Assertion", "credentialDetails")
    assert shown.json()["entityId"] == item.json()["entityId"] == entity_id
    change = body(client, "Assertion", revoked=True, revocation_reason="By mistake")
    revoked = client.api.credentials_orgs_users_assertions_update(entity_id, *HERE, change)
    assert revoked.json()["revoked"] is True
    assert revoked.json()["revocationReason"] == "By mistake"
    hidden = client.api.credentials_public_assertions_retrieve(entity_id)
    assert hidden.status == 404
    assert "By mistake" in hidden.data.decode()
    unknown = client.api.credentials_public_assertions_retrieve("no-such-assertion")
    assert (unknown.status, unknown.data) == (404, b"")


# Analytics


@pytest.mark.parametrize(
    ("method", "model"),
    [
        ("credentials_orgs_users_assertions_over_time_retrieve", "OvertimeWithChangeInfo"),
        ("credentials_orgs_users_course_assertions_over_time_retrieve", "OverTime"),
        ("credentials_orgs_users_credentials_over_time_retrieve", "OverTime"),
    ],
)
def test_numbers_are_read_by_their_models(client: Client, method: str, model: str) -> None:
    """A range of ten days has ten numbers, in the model as in the answer."""
    reply = getattr(client.api, method)(*HERE, start_date="2026-05-01", end_date="2026-05-10")
    numbers = client.modelled(reply, model)
    assert numbers.data == reply.json()["data"]
    assert len(numbers.data) == 10


# Images


def test_images_are_searched_and_uploaded_raw(client: Client) -> None:
    """The methods have no `query` and send no file, so their parameters are missing."""
    found = client.api.credentials_orgs_users_images_retrieve(*HERE)
    assert (found.status, found.json()) == (400, {"query": ["This field is required."]})
    assert rows("credentials_orgs_users_images_retrieve/parameters/query/query")
    sent = body(client, "UploadedImage", name="badge", image="https://example.com/badge.png")
    uploaded = client.api.credentials_orgs_users_images_create(*HERE, sent)
    assert (uploaded.status, uploaded.json()) == (400, {"image": ["No file was submitted."]})
    picture = next(PICTURE.glob("*.png"))
    form = client.http.param_serialize(
        "POST",
        "/api/credentials/orgs/main/users/1/images/",
        header_params={"Accept": "application/json", "Content-Type": "multipart/form-data"},
        post_params=[("name", "client badge")],
        files={"image": str(picture)},
        auth_settings=["PlatformApiKeyAuthentication"],
    )
    made = client.http.call_api(*form).response
    assert client.modelled(made, "UploadedImage").name == "client badge"
    listed = client.send("GET", "/api/credentials/orgs/main/users/1/images/?query=client%20badge")
    assert [each["name"] for each in listed.json()] == ["client badge"]


# Assignments, and credentials by course


def test_assignments_have_no_models(client: Client) -> None:
    """The lists answer raw; the methods that assign take no body, so the fields are missing."""
    api = client.api
    for listed in (
        api.credentials_orgs_users_assignments_users_retrieve(*HERE),
        api.credentials_orgs_users_assignments_groups_retrieve(*HERE),
    ):
        assert result(listed)
    required = ["This field is required."]
    users = api.credentials_orgs_users_assignments_users_create(*HERE)
    assert users.json() == {"credential_id": required, "user_ids": required}
    groups = api.credentials_orgs_users_assignments_groups_create(*HERE)
    assert groups.json() == {"credential_id": required, "group_ids": required}
    assert rows("credentials_orgs_users_assignments_users_create/requestBody/application~1json")


def test_an_assignment_is_deleted(client: Client) -> None:
    """What the client assigned with a body of its own is gone after its method to delete."""
    sent = {"credential_id": client.create()["entityId"], "user_ids": [3]}
    made = result(client.send("POST", "assignments/users/", sent))
    assignment_id = made["successful_assignments"][0]["assignment_id"]
    reply = client.api.credentials_orgs_users_assignments_destroy(assignment_id, *HERE)
    assert reply.status == 200
    assert rows("credentials_orgs_users_assignments_destroy/responses/200")
    again = client.api.credentials_orgs_users_assignments_destroy(assignment_id, *HERE)
    assert again.status == 404


def test_credentials_by_course(client: Client) -> None:
    """The page carries `results`, and its parameters are the method's."""
    reply = client.api.credentials_orgs_users_course_credentials_list(*HERE, page=2, page_size=2)
    assert len(result(reply, "Ok")["results"]) == 2
    assert (
        "results"
        in rows("credentials_orgs_users_course_credentials_list/responses/200/application~1json")[0]
    )


# Issuers and who signs for them


def test_a_signatory_is_added_by_its_model(client: Client) -> None:
    """The three fields of the model are what the service needs; the response wraps them."""
    signature = "https://example.com/signature.png"
    sent = body(client, "IssuerAuthority", name="Nia", title="Dean", signature=signature)
    reply = client.api.credentials_orgs_users_issuers_authority_create(*HERE, sent)
    assert reply.json() == {"data": {"name": "Nia", "title": "Dean", "signature": signature}}
    with pytest.raises(ValidationError):
        client.modelled(reply, "IssuerAuthority")
    operation = "credentials_orgs_users_issuers_authority_create"
    assert "wraps it" in rows(f"{operation}/responses/200/application~1json")[0]


def test_an_issuer_is_changed_and_deleted(client: Client) -> None:
    """A change answers an array of one, a deletion the envelope; no model reads either."""
    path = "/api/credentials/orgs/main/users/1/issuers/"
    made = result(client.send("POST", path, {"name": "Mine", "url": "https://example.com"}))
    entity_id = made["entityId"]
    # The model takes the name for the server's own, so a change by it is one of other fields.
    change = body(client, "Issuer", name="Renamed", allowed_template_tags=["b"])
    changed = client.api.credentials_orgs_users_issuers_update(entity_id, *HERE, change)
    (issuer,) = json.loads(changed.data)
    assert (issuer["name"], issuer["allowed_template_tags"]) == ("Mine", ["b"])
    assert rows("credentials_orgs_users_issuers_update/responses/200/application~1json")
    deleted = client.api.credentials_orgs_users_issuers_destroy(entity_id, *HERE)
    assert (deleted.status, deleted.json()["status"]["description"]) == (200, "Deleted")
    assert rows("credentials_orgs_users_issuers_destroy/responses/200")
    assert client.api.credentials_orgs_users_issuers_retrieve2(entity_id, *HERE).status == 404
