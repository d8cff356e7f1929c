"""External badge providers: configurations, secrets, mappings."""

from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import Deployment, check_success

PROVIDERS = "/api/credentials/providers/"
CONFIGURATIONS = "/api/credentials/provider-config/"
MAPPINGS = "/api/credentials/external-mapping/"


def list_all(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return a list of the platform, which must be an array."""
    response = deployment.get(path, {"platform_org": deployment.settings.org, **query})
    is_array = response.status == 200 and isinstance(response.value, list)
    require(is_array, f"{path} does not return an array", response)
    items: list[dict[str, Any]] = response.value
    return items


def post(deployment: Deployment, path: str, body: Any, **options: Any) -> Response:
    """Send a body to the platform."""
    query = f"?platform_org={quote(deployment.settings.org)}"
    return deployment.send_json("POST", path + query, body, **options)


def find_provider(deployment: Deployment) -> str:
    """Return the slug of a provider."""
    providers = list_all(deployment, PROVIDERS)
    if not providers:
        raise NotTested("there is no provider")
    slug: str = providers[-1]["slug"]
    return slug


@pytest.mark.credcheck_rule("PROVIDER-01")
@pytest.mark.parametrize("path", [PROVIDERS, CONFIGURATIONS, MAPPINGS])
def test_lists_need_a_key(deployment: Deployment, path: str) -> None:
    """An admin gets an array, a request without a key 401."""
    list_all(deployment, path)
    check_unauthorized(deployment.get(path, actor=None), "a list without a key")


@pytest.mark.credcheck_rule("PROVIDER-02")
def test_secrets_are_not_shown(deployment: Deployment) -> None:
    """Neither the response to a configuration nor the list contains the secret that was sent."""
    slug = find_provider(deployment)
    secret = f"{deployment.random.getrandbits(80):020x}-secret"
    first = post(deployment, CONFIGURATIONS, {"provider": slug, "api_key": secret})
    check_success(first)
    second = post(deployment, CONFIGURATIONS, first.value)
    listed = deployment.get(CONFIGURATIONS, {"platform_org": deployment.settings.org})
    for response in (first, second, listed):
        is_shown = secret.encode() in response.body or secret[:-4].encode() in response.body
        require(not is_shown, "a secret is shown", response)
    masked = first.value["api_key"]
    message = "a masked secret is stored as a new one"
    check_equal(second.value["api_key"], masked, message, second)


@pytest.mark.credcheck_rule("PROVIDER-03")
def test_a_mapping_is_stored(deployment: Deployment) -> None:
    """The last mapping of a credential and provider counts, until the credential is deleted."""
    slug, entity_id = find_provider(deployment), deployment.create()["entityId"]
    for external_id in ("first", deployment.mark):
        body = {"credential": entity_id, "provider": slug, "external_id": external_id}
        check_success(post(deployment, MAPPINGS, body))
    mappings = list_all(deployment, MAPPINGS, credential=entity_id)
    check_equal(mappings, [body], "the list does not show the last mapping")
    deployment.delete(entity_id)
    mapped = [mapping["credential"] for mapping in list_all(deployment, MAPPINGS)]
    message = "a mapping exists after its credential was deleted"
    require(entity_id not in mapped, message, got=entity_id)


@pytest.mark.credcheck_rule("PROVIDER-04")
def test_unknown_links_are_refused(deployment: Deployment) -> None:
    """400 on the field for an admin, 403 for a learner."""
    slug, unknown = find_provider(deployment), deployment.make_unknown_id()
    response = post(deployment, CONFIGURATIONS, {"provider": unknown})
    check_field_error(response, "provider", "an unknown provider")
    mapping = {"credential": unknown, "provider": slug, "external_id": "1"}
    response = post(deployment, MAPPINGS, mapping)
    check_field_error(response, "credential", "an unknown credential")
    for path, body in ((CONFIGURATIONS, {"provider": slug}), (MAPPINGS, mapping)):
        response = post(deployment, path, body, actor="learner")
        check_error(response, 403, "a write by a learner")
