"""Providers of badges outside, their configuration, and what credentials are there."""

import pytest

from mockserver.api.operations.providers import mask_secret
from tests.conftest import API
from tests.support.world import DOCUMENT, listed

CONFIGS = "/api/credentials/provider-config/"
MAPPINGS = "/api/credentials/external-mapping/"
SECRET = "a-very-long-secret-0042"


def test_providers_are_listed(shared_api: API) -> None:
    """The providers of the world, as a bare array."""
    assert shared_api.get("/api/credentials/providers/").json == DOCUMENT["providers"]


def test_secrets_are_masked(api: API) -> None:
    """No answer holds a secret, neither of the world nor one that was just sent."""
    body = {"provider": "badgr", "api_key": SECRET, "base_url": "https://example.com/v2"}
    answers = [api.post(body, CONFIGS), api.get(CONFIGS)]
    for each in answers:
        assert each.status_code == 200
        assert SECRET not in each.text
        assert "demo-0b7d5c1e8a2f4d6b" not in each.text
    assert answers[0].json == {
        "provider": "badgr",
        "base_url": "https://example.com/v2",
        "api_key": "********0042",
        "enabled": True,
    }
    assert answers[0].json in answers[1].json


def test_a_change_leaves_what_it_does_not_name(api: API) -> None:
    """A second POST changes the fields that it sends; a masked secret is no new one."""
    first = api.post({"provider": "badgr", "api_key": SECRET}, CONFIGS).json
    second = api.post({**first, "enabled": False}, CONFIGS).json
    assert second == {**first, "enabled": False}
    store = api.app.extensions["mockserver"].sandbox.store
    assert store.provider_configs["main", "badgr"].api_key == SECRET


@pytest.mark.parametrize("secret", ["", "a", "fifteen-letters", SECRET])
def test_a_mask_hides(secret: str) -> None:
    """At most the end of a long secret shows."""
    shown = mask_secret(secret) or ""
    assert shown.strip("*") in ("", secret[-4:])
    assert len(shown.strip("*")) * 4 <= len(secret)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"provider": ["This field is required."]}),
        ({"provider": "none"}, {"provider": ["Object with slug=none does not exist."]}),
        (
            {"provider": "credly", "base_url": "x", "enabled": "x"},
            {"base_url": ["Enter a valid URL."], "enabled": ["Must be a valid boolean."]},
        ),
    ],
)
def test_a_bad_configuration_is_400(api: API, body: object, errors: object) -> None:
    """Unknown providers and bad values are told at their fields."""
    response = api.post(body, CONFIGS)
    assert (response.status_code, response.json) == (400, errors)


def test_platforms_are_apart(api: API) -> None:
    """A platform sees its own configurations and mappings, and cannot map another's credential."""
    acme = api.acting("acme-admin-key")
    assert [each["provider"] for each in acme.get(CONFIGS).json] == ["badgr"]
    assert acme.get(CONFIGS + "?platform_org=main").status_code == 403
    mine = {each["credential"] for each in api.get(MAPPINGS).json}
    theirs = {each["credential"] for each in acme.get(MAPPINGS).json}
    assert mine and theirs and not mine & theirs  # noqa: PT018
    entity_id = listed()[0]["entityId"]
    body = {"credential": entity_id, "provider": "credly", "external_id": "1"}
    assert acme.post(body, MAPPINGS).json == {
        "credential": [f"Object with entity_id={entity_id} does not exist."]
    }


def test_a_mapping_is_replaced_and_goes_with_its_credential(api: API) -> None:
    """One word for each credential and provider, as long as the credential is there."""
    entity_id = api.create()["entityId"]
    for external_id in ("1", "2"):
        body = {"credential": entity_id, "provider": "credly", "external_id": external_id}
        assert api.post(body, MAPPINGS).json == body
    assert api.get(MAPPINGS, query_string={"credential": entity_id}).json == [body]
    api.delete(entity_id)
    assert api.get(MAPPINGS, query_string={"credential": entity_id}).json == []


def test_a_configuration_needs_no_secret(api: API) -> None:
    """A provider that has no secret yet is configured without one, and again, and is shown so."""
    for enabled in (False, True):
        sent = {"provider": "accredible", "enabled": enabled}
        made = api.post(sent, "/api/credentials/provider-config/")
        assert made.status_code == 200, made.text
        assert (made.json["api_key"], made.json["enabled"]) == (None, enabled)
