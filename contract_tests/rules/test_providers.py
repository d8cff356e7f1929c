"""External badge providers: who may ask, configurations, mappings."""

import re
from itertools import islice
from typing import Any

import pytest

from contract_tests.catalogue.operations import SAVE_CONFIGURATION, SAVE_MAPPING
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_refused,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import Deployment, read_result

PROVIDERS = "/api/credentials/providers/"
CONFIGURATIONS, MAPPINGS = "provider-config/", "external-mapping/"
MAXIMUM_PAGE_SIZE = 1000
MASKED = re.compile(r"^$|[*•●x]{3}|…|redacted|masked|hidden|secret", re.IGNORECASE)
MOST_WALKED = 20
NEEDS_A_SETTING = {"accredible": "accredible_api_key"}


def list_all(deployment: Deployment, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the first page of a list, which must hold all of it."""
    page = deployment.get_page({"page_size": MAXIMUM_PAGE_SIZE, **query}, path)
    if page["next"] is not None:
        raise NotTested(f"{path} has more than one page")
    return page.items


def find_provider(deployment: Deployment) -> str:
    """Return the name of a provider, preferably one without a configuration."""
    names = [provider["name"] for provider in list_all(deployment, PROVIDERS)]
    names = [name for name in names if name not in NEEDS_A_SETTING]
    if not names:
        raise NotTested("no provider is enabled")
    used = {config["provider_name"] for config in list_all(deployment, CONFIGURATIONS)}
    unused = [name for name in names if name not in used]
    return str((unused or names)[-1])


def read_written(response: Response, *, is_new: bool) -> dict[str, Any]:
    """Return what a POST created, with 201, or updated, with 200."""
    status, description = (201, "Created") if is_new else (200, "Updated")
    check_status(response, status, f"the POST that must answer “{description}”")
    record = read_result(response)
    got = response.value["status"].get("description")
    check_equal(got, description, "the `description` of the status", response)
    return record


def is_masked(value: Any) -> bool:
    """Tell whether a value is hidden: whether a service shows what may be a secret is not known."""
    return value is None or (isinstance(value, str) and bool(MASKED.search(value)))


@pytest.mark.credcheck_rule("PROVIDER-01")
@pytest.mark.parametrize("path", [PROVIDERS, CONFIGURATIONS, MAPPINGS])
def test_lists_are_pages_and_need_a_key(deployment: Deployment, path: str) -> None:
    """An admin gets a page of at most 1000, a request without a key 401."""
    page = deployment.get_page({"page_size": 1}, path)
    message = "`max_page_size` is wrong"
    check_equal(page["max_page_size"], MAXIMUM_PAGE_SIZE, message, page.response)
    require(len(page.items) <= 1, "`page_size` has no effect", page.response, got=len(page.items))
    check_unauthorized(deployment.get(path, actor=None), "a list without a key")

    def check() -> None:
        pages = list(islice(deployment.walk_pages({"page_size": 1}, path), MOST_WALKED))
        shown = [item for page in pages for item in page.items]
        whole = list_all(deployment, path)[: len(shown)]
        check_equal(shown, whole, "pages of one show other items than one page of all")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PROVIDER-02")
def test_a_configuration_is_kept(deployment: Deployment) -> None:
    """Created, updated and deactivated, it is one record, whose keys are in lower case."""
    name, value = find_provider(deployment), f"Eu-{deployment.mark}"
    is_new = not list_all(deployment, CONFIGURATIONS, provider_name=name)
    body = {"provider_name": name, "config": {"Region_Name": value}, "enabled": True}
    first = read_written(deployment.send_json("POST", CONFIGURATIONS, body), is_new=is_new)
    message = "the keys of `config` are not in lower case"
    check_equal(list(first["config"]), ["region_name"], message)
    got = first["config"]["region_name"]
    is_kept = got == value or is_masked(got)
    require(is_kept, "a value of `config` is not kept", expected=value, got=got)
    body = {"provider_name": name, "config": {"region_name": value}, "enabled": False}
    second = read_written(deployment.send_json("POST", CONFIGURATIONS, body), is_new=False)
    listed = list_all(deployment, CONFIGURATIONS, provider_name=name)
    got = [(item["id"], item["provider_name"], item["enabled"]) for item in listed]
    check_equal(got, [(second["id"], name, False)], "the list does not show the one configuration")
    deployment.send_json("POST", CONFIGURATIONS, {**body, "enabled": True})
    response = deployment.send_json("DELETE", CONFIGURATIONS, {"provider_name": name})
    check_status(response, 200, "deactivating a configuration")
    listed = list_all(deployment, CONFIGURATIONS, provider_name=name)
    enabled = [item["enabled"] for item in listed]
    check_equal(enabled, [False], "a configuration was not kept with `enabled` false", response)


@pytest.mark.credcheck_rule("PROVIDER-03")
def test_a_mapping_is_stored(deployment: Deployment) -> None:
    """One for a credential and a provider: created, updated, deleted."""
    name, entity_id = find_provider(deployment), deployment.create()["entityId"]
    key = {"credential_id": entity_id, "provider_name": name}
    ids = []
    for number, template in enumerate(("first", deployment.mark)):
        body = {**key, "external_template_id": template}
        response = deployment.send_json("POST", MAPPINGS, body)
        ids.append(read_written(response, is_new=number == 0)["id"])
    check_equal(ids[1], ids[0], "an update created another mapping", response)
    mappings = list_all(deployment, MAPPINGS, credential_id=entity_id)
    got = [(item["id"], item["external_template_id"]) for item in mappings]
    check_equal(got, [(ids[0], deployment.mark)], "the list does not show the one mapping")
    listed = list_all(deployment, MAPPINGS, provider_name=name)
    is_listed = ids[0] in [item["id"] for item in listed]
    require(is_listed, "`provider_name` hides a mapping of the provider", got=listed[:3])
    others = [item for item in listed if item["provider_name"] != name]
    require(not others, "`provider_name` lists another provider", got=others[:3])
    response = deployment.send_json("DELETE", MAPPINGS, key)
    check_status(response, 200, "deleting a mapping")
    left = list_all(deployment, MAPPINGS, credential_id=entity_id)
    require(not left, "a deleted mapping is listed", response, got=left)
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("PROVIDER-03")
def test_a_credential_has_a_mapping_at_each_provider(deployment: Deployment) -> None:
    """A second provider has a mapping of its own, which stays when the first is deleted."""
    names = [provider["name"] for provider in list_all(deployment, PROVIDERS)][:2]
    if len(names) < 2:
        raise NotTested("there are no two providers")
    entity_id = deployment.create()["entityId"]
    for name in names:
        body = {"credential_id": entity_id, "provider_name": name, "external_template_id": name}
        read_written(deployment.send_json("POST", MAPPINGS, body), is_new=True)
    for expected in (names, names[1:], []):
        listed = list_all(deployment, MAPPINGS, credential_id=entity_id)
        got = {item["provider_name"]: item["external_template_id"] for item in listed}
        check_equal(got, {name: name for name in expected}, "a credential has other mappings")
        key = {"credential_id": entity_id, "provider_name": (expected or names)[0]}
        if expected:
            check_status(deployment.send_json("DELETE", MAPPINGS, key), 200, "deleting a mapping")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("PROVIDER-04")
@pytest.mark.credcheck_needs("other_org", "other_user_id")
@pytest.mark.parametrize("path", [CONFIGURATIONS, MAPPINGS])
def test_each_platform_has_its_own(deployment: Deployment, path: str) -> None:
    """A list has the configurations and mappings of one platform, and the other's none of them."""

    def check() -> None:
        own = deployment.get_page({"page_size": 100}, path)
        base = deployment.other_path + path
        others = deployment.get_page({"page_size": 100}, base, actor="other_org_admin")
        for page in (own, others):
            platforms = {item["platform_key"] for item in page.items}
            message = "a list has what belongs to several platforms"
            require(len(platforms) <= 1, message, page.response, got=sorted(platforms))
        both = {item["id"] for item in own.items} & {item["id"] for item in others.items}
        require(not both, "two platforms show the same", others.response, got=sorted(both))

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PROVIDER-04")
def test_platform_admins_only(deployment: Deployment) -> None:
    """A learner, also below the own path, and an admin of another platform are refused a list."""
    for actor, base in list_roles_without_access(deployment):
        for path in (CONFIGURATIONS, MAPPINGS):
            response = deployment.get(base + path, actor=actor)
            check_no_access(response, actor, "a list")


@pytest.mark.credcheck_rule("PROVIDER-04")
@pytest.mark.credcheck_needs("write", "disposable", SAVE_CONFIGURATION, SAVE_MAPPING)
def test_platform_admins_only_write(deployment: Deployment) -> None:
    """A learner, also below the own path, and an admin of another platform are refused a write."""
    for actor, base in list_roles_without_access(deployment):
        for path in (CONFIGURATIONS, MAPPINGS):
            response = deployment.send_json("POST", base + path, {}, actor=actor)
            check_no_access(response, actor, "a write")


def check_no_access(response: Response, actor: str, what: str) -> None:
    """Require 403, of another platform's admin 403 or 404: which of both is not known."""
    what = f"{what} as the {actor.replace('_', ' ')}"
    if actor == "learner":
        check_error(response, 403, what)
    else:
        check_refused(response, what)


def list_roles_without_access(deployment: Deployment) -> tuple[tuple[str, str], ...]:
    """Return the roles without access, each with the collection that it tries."""
    own = deployment.own_path
    return ("learner", deployment.learner_path), ("learner", own), ("other_org_admin", own)


@pytest.mark.credcheck_rule("PROVIDER-05")
def test_incomplete_bodies_are_refused(deployment: Deployment) -> None:
    """What a body must name is 400 on its field; `accredible` is 400 without its key."""
    response = deployment.send_json("POST", CONFIGURATIONS, {"config": {}})
    check_field_error(response, "provider_name", "a configuration without a provider")
    response = deployment.send_json("POST", MAPPINGS, {"external_template_id": "1"})
    check_field_error(response, "credential_id", "a mapping without a credential")
    names = [provider["name"] for provider in list_all(deployment, PROVIDERS)]
    for name in NEEDS_A_SETTING.keys() & names:
        body = {"provider_name": name, "config": {"other": "1"}}
        response = deployment.send_json("POST", CONFIGURATIONS, body)
        check_status(response, 400, f"a configuration of {name} without its key")
