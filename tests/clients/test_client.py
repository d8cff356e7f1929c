"""The real generated client, PyPI package iblai 3.66.0, against a mock that really serves.

The operations of this release return the raw reply of urllib3. The models come in when a reply is
given to the package's own `response_deserialize`, with the type that the operation declares. Where
a model cannot take what production sends, the ledger must say why.
"""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.clients.generated_client import (
    COLLECTION,
    HERE,
    JSON_BODY,
    ROWS,
    Client,
    result,
    wrong_fields,
)
from tests.support.world import ids, listed


def model_of(package: Any, **fields: Any) -> Any:
    """Return a credential that satisfies the package's model."""
    return package.Credential.from_dict(
        {
            "entityId": "x" * 22,
            "name": "By model",
            "criteriaUrl": "https://example.com/criteria",
            "criteriaNarrative": "Do it.",
            "createdAt": "2020-01-01T00:00:00Z",
            "iconImage": "https://example.com/icon.png",
            "icon_image_id": 14,
            "backgroundImage": "https://example.com/background.png",
            "background_image_id": 15,
            "thumbnailImage": "https://example.com/thumbnail.png",
            "thumbnail_image_id": 14,
            "catalog_items": [],
            "courses": [],
            "programs": "",
            "pathways": [],
            "issuerDetails": {},
            "credentialType": "CERTIFICATE",
            "expires": {},
            "signatories": [],
            "signal": "COURSE_COMPLETED",
            **fields,
        }
    )


# List


def test_the_list_fails_as_a_model_and_works_raw(client: Client) -> None:
    """The declared type is a bare credential; the raw reply carries the page."""
    reply = client.api.credentials_orgs_users_retrieve(*HERE)
    page = result(reply, "Ok")
    assert len(page["data"]) == 10
    assert (page["page_number"], page["previous"], page["max_page_size"]) == (1, None, 100)
    with pytest.raises(ValidationError) as raised:
        client.modelled(reply, "Credential")
    assert {"entityId", "name", "createdAt"} <= wrong_fields(raised.value)
    row = ROWS["credentials_orgs_users_retrieve" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Credential", "CredentialPageEnvelope")


@pytest.mark.parametrize("name", ["page", "page_size", "search", "course", "program"])
def test_the_operation_does_not_know_the_parameters_of_the_list(client: Client, name: str) -> None:
    """No parameter of the query is declared, so the operation refuses it before it is sent."""
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        client.api.credentials_orgs_users_retrieve(*HERE, **{name: "1"})
    assert client.sent == []
    assert ROWS[f"credentials_orgs_users_retrieve/parameters/query/{name}"]["published"] == "absent"


def test_next_leads_through_all_pages(client: Client) -> None:
    """Following `next` as it stands shows every credential once, newest first."""
    seen: list[dict[str, Any]] = []
    page = result(client.api.credentials_orgs_users_retrieve(*HERE))
    while True:
        seen += page["data"]
        if page["next"] is None:
            break
        assert page["next"].startswith(client.host)
        _, _, headers, *_ = client.sent[-1]
        page = result(client.http.call_api("GET", page["next"], headers).response)
    assert (page["page_number"], page["count"]) == (page["num_pages"], len(seen))
    known = ids(listed())
    assert [each for each in ids(seen) if each in known] == known
    assert len(set(ids(seen))) == len(seen)


def test_each_field_that_the_model_refuses_has_its_row(client: Client) -> None:
    """Without its envelope no credential fits the model either; the ledger names each field."""
    page = result(client.send("GET", f"{COLLECTION}?page_size=100"))
    refused: set[str] = set()
    for credential in page["data"]:
        with pytest.raises(ValidationError) as raised:
            client.package.Credential.from_dict(credential)
        assert {"programs", "issuerDetails"} <= wrong_fields(raised.value)
        refused |= wrong_fields(raised.value)
    rows = {where for where in ROWS if where.startswith("schemas/Credential/")}
    assert {f"schemas/Credential/{name}" for name in refused} <= rows
    assert refused == {
        *("criteriaUrl", "criteriaNarrative", "programs", "issuerDetails", "expires"),
        *("iconImage", "backgroundImage", "thumbnailImage"),
        *("icon_image_id", "background_image_id", "thumbnail_image_id"),
    }


# Create


def test_what_the_client_sends(client: Client) -> None:
    """A create is JSON, its key comes under the scheme Api-Token, and it asks for JSON."""
    client.api.credentials_orgs_users_create(*HERE, model_of(client.package))
    method, url, headers, body, *_ = client.sent[-1]
    assert (method, url) == ("POST", client.host + COLLECTION)
    assert headers == {
        "Accept": "application/json",
        "Authorization": "Api-Token main-admin-key",
        "Content-Type": "application/json",
        "User-Agent": "OpenAPI-Generator/3.66.0/python",
    }
    # What the description marks as read-only stays behind, and there is no `issuer`.
    assert {"issuer", "iconImage", "courses", "programs", "expires"}.isdisjoint(body)
    assert (body["name"], body["entityId"], body["icon_image_id"]) == ("By model", "x" * 22, 14)


def test_the_model_cannot_create(client: Client) -> None:
    """The model has no `issuer`, so every create through it is refused for want of one."""
    reply = client.api.credentials_orgs_users_create(*HERE, model_of(client.package))
    with pytest.raises(client.package.exceptions.BadRequestException) as raised:
        client.modelled(reply, "Credential")
    assert json.loads(raised.value.body) == {"issuer": ["This field is required."]}
    row = ROWS["credentials_orgs_users_*/requestBody/*"]
    assert "`issuer`" in row["why"]


def test_a_model_with_an_issuer_creates(client: Client) -> None:
    """With the missing field added, the operation creates; its reply fits no model."""

    class WithIssuer(client.package.Credential):  # type: ignore[misc, name-defined]
        issuer: str

    issuer = client.create()["issuerDetails"]["entityId"]
    body = WithIssuer(**model_of(client.package).model_dump(), issuer=issuer)
    reply = client.api.credentials_orgs_users_create(*HERE, body)
    created = result(reply, "Created")
    assert (created["name"], created["signal"]) == ("By model", "COURSE_COMPLETED")
    assert created["issuerDetails"]["entityId"] == issuer
    # The model sends both, but they are the server's.
    assert created["entityId"] != "x" * 22
    assert created["createdAt"] > "2026"
    with pytest.raises(ValidationError):
        client.modelled(reply, "Credential")
    row = ROWS["credentials_orgs_users_create" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Credential", "CredentialEnvelope")


# Retrieve, update, delete


def test_retrieve_fails_as_a_model_and_works_raw(client: Client) -> None:
    """The model looks for the credential's fields beside the envelope's."""
    created = client.create(tags=["a"], metadata={"b": [1]})
    reply = client.api.credentials_orgs_users_retrieve2(created["entityId"], *HERE)
    assert result(reply, "Ok") == created
    with pytest.raises(ValidationError) as raised:
        client.modelled(reply, "Credential")
    assert {"entityId", "name", "createdAt"} <= wrong_fields(raised.value)
    row = ROWS["credentials_orgs_users_retrieve_2" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Credential", "CredentialEnvelope")


def test_an_update_by_model_reaches_the_server(client: Client) -> None:
    """A whole model is a body that the server takes, though its reply fits no model."""
    created = client.create(description="Before", expires={"amount": 2, "duration": "years"})
    entity_id = created["entityId"]
    body = model_of(client.package, name="After", description=None, expires={"amount": 3})
    reply = client.api.credentials_orgs_users_update(entity_id, *HERE, body)
    updated = result(reply, "Updated")
    assert (updated["name"], updated["description"]) == ("After", None)
    assert (updated["entityId"], updated["createdAt"]) == (entity_id, created["createdAt"])
    # The model keeps `expires` to itself, which the description marks as read-only.
    assert updated["expires"] == {"amount": 2, "duration": "years"}
    assert "the answer's schema" in ROWS["credentials_orgs_users_*/requestBody/*"]["published"]
    with pytest.raises(ValidationError):
        client.modelled(reply, "Credential")
    row = ROWS["credentials_orgs_users_update" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Credential", "CredentialEnvelope")


def test_an_update_may_be_partial(client: Client) -> None:
    """A model made without its check sends one field, and only that one changes."""
    created = client.create(description="Stays")
    body = client.package.Credential.model_construct(name="Changed")
    reply = client.api.credentials_orgs_users_update(created["entityId"], *HERE, body)
    assert client.sent[-1][3] == {"name": "Changed"}
    assert result(reply) == {**created, "name": "Changed"}


def test_delete_works_through_the_model(client: Client) -> None:
    """A 200 with a status, as 4.202 sends, is read as well; afterwards it is not found."""
    entity_id = client.create()["entityId"]
    reply = client.api.credentials_orgs_users_destroy(entity_id, *HERE)
    assert (reply.status, reply.json()["status"]["description"]) == (200, "Deleted")
    assert client.modelled(reply, None) is None
    gone = client.api.credentials_orgs_users_retrieve2(entity_id, *HERE)
    with pytest.raises(client.package.exceptions.NotFoundException):
        client.modelled(gone, "Credential")


# Issuers


def test_the_issuers_fail_as_a_model_and_work_raw(client: Client) -> None:
    """The list is a page in an envelope, and no issuer of it fits the model."""
    reply = client.api.credentials_orgs_users_issuers_retrieve("main", "academy", "1")
    page = result(reply, "Ok")
    assert [each["name"] for each in page["data"]] == ["Main Campus Academy"]
    with pytest.raises(ValidationError) as raised:
        client.modelled(reply, "Issuer")
    assert {"name", "org", "entityId"} <= wrong_fields(raised.value)
    row = ROWS["credentials_orgs_users_issuers_retrieve" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Issuer", "IssuerPageEnvelope")


def test_each_field_of_an_issuer_that_the_model_refuses_has_its_row(client: Client) -> None:
    """Signatories are a list and an icon may be missing; the ledger names both."""
    refused: set[str] = set()
    for issuer in result(client.send("GET", "issuers/"))["data"]:
        with pytest.raises(ValidationError) as raised:
            client.package.Issuer.from_dict(issuer)
        refused |= wrong_fields(raised.value)
    assert refused == {"signatories", "iconImage"}
    assert {f"schemas/Issuer/{name}" for name in refused} <= set(ROWS)


def test_the_operation_demands_a_filter_that_the_server_does_not(client: Client) -> None:
    """`q` is required by the client; without it the server lists all issuers."""
    with pytest.raises(ValidationError, match="at least 1 character"):
        client.api.credentials_orgs_users_issuers_retrieve("main", "", "1")
    assert result(client.send("GET", "issuers/"))["count"] >= 4
    row = ROWS["credentials_orgs_users_issuers_retrieve/parameters/query/q"]
    assert (row["published"], row["contract"]) == ("required string (minLength 1)", "string")


def test_an_issuer_is_retrieved_in_an_array(client: Client) -> None:
    """The model expects an object; the raw reply is an array of one."""
    issuers = client.api.credentials_orgs_users_issuers_retrieve("main", "academy", "1")
    issuer = result(issuers)["data"][0]
    for name in (issuer["entityId"], "main"):
        reply = client.api.credentials_orgs_users_issuers_retrieve2(name, *HERE)
        assert reply.status == 200
        (found,) = reply.json()
        assert found["org"] == "main"
        with pytest.raises(ValidationError, match="valid dictionary or instance of Issuer"):
            client.modelled(reply, "Issuer")
    row = ROWS["credentials_orgs_users_issuers_retrieve_2" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Issuer", "array of Issuer")


def test_an_issuer_by_model_loses_its_name(client: Client) -> None:
    """The model takes `name` and `url` for read-only and does not send them; the raw body does."""
    name = "Institute of Bell Founding"
    fields = {"name": name, "url": "https://bells.example.org/", "org": "main"}
    icon = "https://bells.example.org/icon.png"
    model = client.package.Issuer.from_dict(
        {**fields, "entityId": "x" * 22, "signatories": {}, "iconImage": icon}
    )
    reply = client.api.credentials_orgs_users_issuers_create("main", "ignored", "1", model)
    body = client.sent[-1][3]
    assert body == {"entityId": "x" * 22, "iconImage": icon, "allowed_template_tags": None}
    with pytest.raises(client.package.exceptions.BadRequestException) as raised:
        client.modelled(reply, "Issuer")
    assert json.loads(raised.value.body) == {"name": ["This field is required."]}
    assert "read-only" in ROWS["schemas/IssuerCreate"]["why"]

    reply = client.send("POST", "issuers/", {**fields, "iconImage": icon})
    created = result(reply, "Created")
    assert (created["name"], created["url"], created["iconImage"]) == (name, fields["url"], icon)
    with pytest.raises(ValidationError):
        client.modelled(reply, "Issuer")
    row = ROWS["credentials_orgs_users_issuers_create" + JSON_BODY]
    assert (row["published"], row["contract"]) == ("Issuer", "IssuerEnvelope")
    assert ROWS["credentials_orgs_users_issuers_create/parameters/query/q"]["contract"] == "absent"


# Refusals


OPERATIONS: list[tuple[str, tuple[str, ...], str]] = [
    ("credentials_orgs_users_retrieve", HERE, ""),
    ("credentials_orgs_users_create", HERE, "Credential"),
    ("credentials_orgs_users_retrieve2", ("nothing", *HERE), ""),
    ("credentials_orgs_users_update", ("nothing", *HERE), "Credential"),
    ("credentials_orgs_users_destroy", ("nothing", *HERE), ""),
    ("credentials_orgs_users_issuers_retrieve", ("main", "q", "1"), ""),
    ("credentials_orgs_users_issuers_create", ("main", "q", "1"), "Issuer"),
    ("credentials_orgs_users_issuers_retrieve2", ("nothing", *HERE), ""),
]


def call(client: Client, operation: str, arguments: tuple[str, ...], body: str) -> Any:
    """Call an operation and read its reply as the package does."""
    models = [getattr(client.package, body).model_construct(name="N")] if body else []
    return client.modelled(getattr(client.api, operation)(*arguments, *models), None)


@pytest.mark.parametrize(("operation", "arguments", "body"), OPERATIONS)
def test_an_unknown_key_is_the_clients_unauthorized(
    stranger: Client, operation: str, arguments: tuple[str, ...], body: str
) -> None:
    """Every operation answers 401 as the package's exception, with the challenge."""
    with pytest.raises(stranger.package.exceptions.UnauthorizedException) as raised:
        call(stranger, operation, arguments, body)
    assert json.loads(raised.value.body) == {"detail": "Invalid token."}
    assert raised.value.headers["WWW-Authenticate"] == "Api-Key"


@pytest.mark.parametrize(("operation", "arguments", "body"), OPERATIONS)
def test_an_unknown_platform_is_the_clients_not_found(
    client: Client, operation: str, arguments: tuple[str, ...], body: str
) -> None:
    """Every operation answers 404 for a platform that does not exist."""
    elsewhere = tuple("nowhere" if each == "main" else each for each in arguments)
    with pytest.raises(client.package.exceptions.NotFoundException) as raised:
        call(client, operation, elsewhere, body)
    assert json.loads(raised.value.body) == {"detail": "No Platform matches the given query."}


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o[1][0] == "nothing"])
def test_an_unknown_id_is_the_clients_not_found(
    client: Client, operation: tuple[str, tuple[str, ...], str]
) -> None:
    """Every operation on one record answers 404 for an id that does not exist."""
    with pytest.raises(client.package.exceptions.NotFoundException) as raised:
        call(client, *operation)
    resource = "Issuer" if "issuers" in operation[0] else "Credential"
    assert json.loads(raised.value.body) == {"detail": f"No {resource} matches the given query."}
