"""Providers of badges outside: configuration, secrets, mappings."""

from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_access import check_challenge
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.vocabulary.deployment import Deployment

PROVIDERS = "/api/credentials/providers/"
CONFIGS = "/api/credentials/provider-config/"
MAPPINGS = "/api/credentials/external-mapping/"


def listed(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return a list of the platform, which must be an array."""
    reply = deployment.get(path, {"platform_org": deployment.settings.org, **query})
    fine = reply.status == 200 and isinstance(reply.value, list)
    require(fine, "a list of providers' matters is no array", reply)
    items: list[dict[str, Any]] = reply.value
    return items


def post(deployment: Deployment, path: str, body: Any, **options: Any) -> Reply:
    """Send a body to the platform."""
    where = f"{path}?platform_org={quote(deployment.settings.org)}"
    return deployment.send_json("POST", where, body, **options)


def some_provider(deployment: Deployment) -> str:
    """Return the slug of a provider."""
    providers = listed(deployment, PROVIDERS)
    if not providers:
        raise NotTested("there is no provider")
    slug: str = providers[-1]["slug"]
    return slug


@pytest.mark.rule("PROVIDER-01")
@pytest.mark.parametrize("path", [PROVIDERS, CONFIGS, MAPPINGS])
def test_lists_are_answered_and_closed(deployment: Deployment, path: str) -> None:
    """An array to an admin, 401 without a key."""
    listed(deployment, path)
    check_challenge(deployment.get(path, actor=None), "a list without a key")


@pytest.mark.rule("PROVIDER-02")
def test_secrets_are_not_shown(deployment: Deployment) -> None:
    """Neither what answers a configuration nor the list holds the secret that was sent."""
    slug = some_provider(deployment)
    secret = f"{deployment.random.getrandbits(80):020x}-secret"
    replies = [post(deployment, CONFIGS, {"provider": slug, "api_key": secret})]
    require(replies[0].status in (200, 201), "a configuration is refused", replies[0])
    query = {"platform_org": deployment.settings.org}
    replies.append(post(deployment, CONFIGS, replies[0].value))
    replies.append(deployment.get(CONFIGS, query))
    for reply in replies:
        told = secret.encode() in reply.body or secret[:-4].encode() in reply.body
        require(not told, "a secret is shown", reply)
    masks = [replies[0].value["api_key"], replies[1].value["api_key"]]
    require(masks[0] == masks[1], "a masked secret counts as a new one", replies[1], got=masks)


@pytest.mark.rule("PROVIDER-03")
def test_a_mapping_is_read_again(deployment: Deployment) -> None:
    """The last word on a credential and provider counts, until the credential is gone."""
    slug, entity_id = some_provider(deployment), deployment.create()["entityId"]
    for external_id in ("first", deployment.mark):
        body = {"credential": entity_id, "provider": slug, "external_id": external_id}
        reply = post(deployment, MAPPINGS, body)
        require(reply.status in (200, 201), "a mapping is refused", reply, got=reply.status)
    mine = listed(deployment, MAPPINGS, credential=entity_id)
    require(mine == [body], "a mapping is not read again", expected=[body], got=mine)
    deployment.delete(entity_id)
    left = [e for e in listed(deployment, MAPPINGS) if e["credential"] == entity_id]
    require(not left, "a mapping outlives its credential", got=left)


@pytest.mark.rule("PROVIDER-04")
def test_links_to_nothing_are_refused(deployment: Deployment) -> None:
    """400 on the field for an admin, 403 for a learner."""
    slug, made_up = some_provider(deployment), deployment.made_up_id()
    reply = post(deployment, CONFIGS, {"provider": made_up})
    check_invalid(reply, "provider", "an unknown provider")
    body = {"credential": made_up, "provider": slug, "external_id": "1"}
    check_invalid(post(deployment, MAPPINGS, body), "credential", "an unknown credential")
    for path, sent in ((CONFIGS, {"provider": slug}), (MAPPINGS, body)):
        check_refusal(post(deployment, path, sent, actor="learner"), 403, "a learner's write")
