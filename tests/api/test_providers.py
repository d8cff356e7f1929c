"""Providers of badges outside, how a platform uses them, and what credentials are there."""

from typing import Any

import pytest

from tests.conftest import API
from tests.support.world import DOCUMENT, listed

PROVIDERS = "/api/credentials/providers/"
CONFIGS, MAPPINGS = "provider-config/", "external-mapping/"
SECRET = "a-very-long-secret-0042"
ADMINS_ONLY = {"detail": "Requires platform admin access"}
NOW = "2026-11-01T12:00:00Z"


def page_of(api: API, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the items of a page."""
    body = api.get(path, query_string=query).json
    assert body["status"] == {"success": True, "description": "Ok"}
    data: list[dict[str, Any]] = body["result"]["data"]
    return data


@pytest.mark.parametrize("key", ["main-admin-key", "main-learner-key", "acme-learner-key"])
def test_enabled_providers_are_listed_for_everybody(shared_api: API, key: str) -> None:
    """Five fields, by name, without a platform in the path; none that is not enabled."""
    expected = [
        {name: value for name, value in each.items() if name != "id"}
        for each in DOCUMENT["providers"]
        if each["enabled"]
    ]
    assert page_of(shared_api.acting(key), PROVIDERS) == expected
    assert len(expected) < len(DOCUMENT["providers"])


@pytest.mark.parametrize("path", [PROVIDERS, CONFIGS, MAPPINGS])
def test_pages_have_50_items_and_at_most_1000(api: API, path: str) -> None:
    """The default and the maximum of the guide, and links as on every list."""
    if path == MAPPINGS:
        for each in listed()[:52]:
            body = {"credential_id": each["entityId"], "provider_name": "badgr"}
            assert api.post(body, MAPPINGS).status_code == 201
        assert len(api.get(path).json["result"]["data"]) == 50
        assert api.get(path).json["result"]["next"].endswith("/external-mapping/?page=2")
    page = api.get(path + "?page_size=1").json["result"]
    assert (len(page["data"]), page["max_page_size"]) == (1, 1000)
    assert page["next"].endswith("?page=2&page_size=1")
    beyond = api.get(path + "?page=99")
    assert (beyond.status_code, beyond.json) == (404, {"detail": "Invalid page."})


def test_a_configuration_is_created_changed_and_deactivated(api: API) -> None:
    """201 and 200, keys in lower case, values as they were; a DELETE keeps the record."""
    body = {"provider_name": "badgr", "config": {"API_Token": SECRET, "Region": "EU"}}
    created = api.post(body, CONFIGS)
    assert created.status_code == 201
    assert created.json["status"] == {"success": True, "description": "Created"}
    shown = created.json["result"]
    assert {**shown, "id": 0} == {
        "id": 0,
        "platform_key": "main",
        "platform_name": "Main Campus Academy",
        "provider_name": "badgr",
        "provider_name_display": "Canvas Badges",
        "config": {"api_token": SECRET, "region": "EU"},
        "enabled": True,
        "created": NOW,
        "updated": NOW,
    }
    assert page_of(api, CONFIGS, provider_name="badgr") == [shown]
    updated = api.post({"provider_name": "badgr", "enabled": False}, CONFIGS)
    assert updated.status_code == 200
    assert updated.json["status"]["description"] == "Updated"
    assert updated.json["result"] == {**shown, "enabled": False}
    api.post({"provider_name": "badgr", "enabled": True}, CONFIGS)
    gone = api.delete(CONFIGS, json={"provider_name": "badgr"})
    assert gone.status_code == 200
    assert gone.json["status"] == {"success": True, "description": "Deactivated"}
    assert gone.json["result"] == {**shown, "enabled": False}
    assert page_of(api, CONFIGS, provider_name="badgr") == [gone.json["result"]]


@pytest.mark.parametrize(
    "config", [None, {}, {"Accredible_Api_Keys": "x"}, {"accredible_api_key": ""}]
)
def test_accredible_needs_its_key(api: API, config: Any) -> None:
    """Without `accredible_api_key` it is 400 and nothing is stored; with it, in any case, 200."""
    before = page_of(api, CONFIGS)
    body = {"provider_name": "accredible", "config": config or {}}
    refused = api.post(body, CONFIGS)
    assert (refused.status_code, refused.json) == (
        400,
        {"config": ["accredible_api_key is required for accredible."]},
    )
    assert page_of(api, CONFIGS) == before
    stored = api.post({**body, "config": {"ACCREDIBLE_API_KEY": "K"}}, CONFIGS)
    assert stored.json["result"]["config"] == {"accredible_api_key": "K"}


def test_a_mapping_is_created_updated_and_deleted(api: API) -> None:
    """One for a credential at a provider: 201, then 200, then gone, and gone for good."""
    entity_id = api.create(name="Mapped")["entityId"]
    body = {"credential_id": entity_id, "provider_name": "credly", "external_template_id": "481516"}
    created = api.post(body, MAPPINGS)
    assert (created.status_code, created.json["status"]["description"]) == (201, "Created")
    shown = created.json["result"]
    assert {**shown, "id": 0} == {
        "id": 0,
        "credential_id": entity_id,
        "credential_name": "Mapped",
        "platform_key": "main",
        "platform_name": "Main Campus Academy",
        "provider": 3,
        "provider_name": "credly",
        "provider_name_display": "Credly",
        "external_template_id": "481516",
        "group_id": None,
        "metadata": {},
        "created": NOW,
        "updated": NOW,
    }
    assert page_of(api, MAPPINGS, credential_id=entity_id) == [shown]
    assert shown in page_of(api, MAPPINGS, provider_name="credly")
    assert page_of(api, MAPPINGS, credential_id=entity_id, provider_name="badgr") == []
    again = {**body, "group_id": "7", "metadata": {"a": [1]}}
    del again["external_template_id"]
    updated = api.post(again, MAPPINGS)
    assert (updated.status_code, updated.json["status"]["description"]) == (200, "Updated")
    assert updated.json["result"] == {**shown, "group_id": "7", "metadata": {"a": [1]}}
    named = {"credential_id": entity_id, "provider_name": "credly"}
    gone = api.delete(MAPPINGS, json=named)
    assert (gone.status_code, gone.json) == (
        200,
        {"status": {"success": True, "description": "Deleted"}},
    )
    assert page_of(api, MAPPINGS, credential_id=entity_id) == []
    assert api.delete(MAPPINGS, json=named).status_code == 404


@pytest.mark.parametrize("form", [False, True])
def test_forms_write_as_json_does(api: API, form: bool) -> None:
    """`config` is JSON text in a form; a DELETE takes a form as well."""
    sent: dict[str, Any] = {"provider_name": "badgr", "config": '{"A": 1}' if form else {"A": 1}}
    options = {"data": sent} if form else {"json": sent}
    created = api.send("POST", CONFIGS, **options)
    assert (created.status_code, created.json["result"]["config"]) == (201, {"a": 1})
    assert (
        api.delete(CONFIGS, **{next(iter(options)): {"provider_name": "badgr"}}).status_code == 200
    )


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", [CONFIGS, MAPPINGS])
@pytest.mark.parametrize("key", ["main-learner-key", "main-department-admin-key", "acme-admin-key"])
def test_platform_admins_only(shared_api: API, method: str, path: str, key: str) -> None:
    """Any other role, and an admin of another platform, is 403 with the guide's words."""
    refused = shared_api.acting(key).send(method, path)
    assert (refused.status_code, refused.json) == (403, ADMINS_ONLY)


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        (CONFIGS, {}, {"provider_name": ["This field is required."]}),
        (
            CONFIGS,
            {"provider_name": "none"},
            {"provider_name": ["Object with name=none does not exist."]},
        ),
        (
            CONFIGS,
            {"provider_name": "credly", "enabled": "x", "config": 7},
            {"enabled": ["Must be a valid boolean."]},
        ),
        (
            CONFIGS,
            {"provider_name": "credly", "config": 7},
            {"config": ['Expected a dictionary of items but got type "int".']},
        ),
        (
            MAPPINGS,
            {},
            {
                "credential_id": ["This field is required."],
                "provider_name": ["This field is required."],
            },
        ),
        (
            MAPPINGS,
            {"credential_id": "x", "provider_name": "credly", "group_id": "x" * 256},
            {
                "credential_id": ["Object with entity_id=x does not exist."],
                "group_id": ["Ensure this field has no more than 255 characters."],
            },
        ),
    ],
)
def test_a_bad_body_is_400(api: API, path: str, body: object, errors: object) -> None:
    """Unknown providers and bad values are reported at their fields."""
    response = api.post(body, path)
    assert (response.status_code, response.json) == (400, errors)


def test_platforms_are_apart(api: API) -> None:
    """A platform sees its own configurations and mappings, and cannot map another's credential."""
    acme = api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/11/")
    assert [each["provider_name"] for each in page_of(acme, CONFIGS)] == ["badgr"]
    mine = {each["credential_id"] for each in page_of(api, MAPPINGS)}
    theirs = {each["credential_id"] for each in page_of(acme, MAPPINGS)}
    assert mine and theirs and not mine & theirs  # noqa: PT018
    entity_id = listed()[0]["entityId"]
    body = {"credential_id": entity_id, "provider_name": "credly"}
    assert acme.post(body, MAPPINGS).json == {
        "credential_id": [f"Object with entity_id={entity_id} does not exist."]
    }


def test_a_mapping_goes_with_its_credential(api: API) -> None:
    """A deleted credential is at no provider."""
    entity_id = api.create()["entityId"]
    api.post({"credential_id": entity_id, "provider_name": "credly"}, MAPPINGS)
    api.delete(entity_id)
    assert page_of(api, MAPPINGS, credential_id=entity_id) == []


@pytest.mark.parametrize(
    "path", ["provider-config", "external-mapping", "provider-config/", "external-mapping/"]
)
def test_the_paths_of_an_earlier_reading_are_gone(shared_api: API, path: str) -> None:
    """No client asks for them without a platform."""
    gone = shared_api.get(f"/api/credentials/{path}")
    assert (gone.status_code, gone.content_type) == (404, "text/html; charset=utf-8")
