"""Access: what each role may do, 401 and 403, and what an error response must not reveal."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.catalogue.operations import CREATE_ISSUER
from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import build_collection_path
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_refused,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import (
    Deployment,
    read_created,
    read_result,
)
from contract_tests.vocabulary.endpoints import Endpoint, list_reads, list_writes, send_to
from contract_tests.vocabulary.records import find_credential
from contract_tests.vocabulary.signatures import strip_signatures


@contextmanager
def unchanged_credential(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Create a credential, which must be unchanged at the end, and delete it."""
    item = deployment.create()
    yield item
    check_unchanged(deployment, item)
    deployment.delete(item["entityId"])


def build_unknown_key(deployment: Deployment) -> str:
    """Return an Authorization header with a key that does not exist."""
    return f"{deployment.settings.auth_scheme} no-such-key-{deployment.run_id}".strip()


@pytest.mark.credcheck_rule("ACCESS-02")
def test_a_key_is_compared_whole(deployment: Deployment) -> None:
    """A key with a letter more, before or behind it, returns 401."""
    key = deployment.settings.keys["admin"]
    for other in (f"{key}x", f"x{key}"):
        header = f"{deployment.settings.auth_scheme} {other}".strip()
        response = deployment.get(actor=None, headers={"Authorization": header})
        check_unauthorized(response, "a key that is almost known")


@pytest.mark.credcheck_rule("ACCESS-01")
def test_reads_need_a_key(deployment: Deployment) -> None:
    """Every read without a key returns 401, also right after the same read by an admin."""
    item = find_credential(deployment)
    for endpoint in list_reads(deployment, item["entityId"]):
        send_to(deployment, endpoint, "admin")
        response = send_to(deployment, endpoint, None)
        check_unauthorized(response, "a request without a key")
    for headers in ({"Authorization": ""}, {"Authorization": "Basic YTpi"}):
        response = deployment.get(actor=None, headers=headers)
        check_unauthorized(response, "an unknown authentication scheme")


@pytest.mark.credcheck_rule("ACCESS-01")
@pytest.mark.credcheck_needs("write")
def test_writes_need_a_key(deployment: Deployment) -> None:
    """Every write without a key returns 401 and changes nothing."""
    with unchanged_credential(deployment) as item:
        for endpoint in list_writes(item["entityId"]):
            check_unauthorized(send_to(deployment, endpoint, None), "a write without a key")


@pytest.mark.credcheck_rule("ACCESS-02")
def test_unknown_keys_are_401(deployment: Deployment) -> None:
    """Every read with an unknown key returns 401."""
    item = find_credential(deployment)
    header = build_unknown_key(deployment)
    for endpoint in list_reads(deployment, item["entityId"]):
        response = send_to(deployment, endpoint, None, Authorization=header)
        check_unauthorized(response, "an unknown key")


@pytest.mark.credcheck_rule("ACCESS-02")
@pytest.mark.credcheck_needs("write")
def test_unknown_keys_cannot_write(deployment: Deployment) -> None:
    """Every write with an unknown key returns 401, and nothing changes."""
    header = build_unknown_key(deployment)
    with unchanged_credential(deployment) as item:
        for endpoint in list_writes(item["entityId"]):
            response = send_to(deployment, endpoint, None, Authorization=header)
            check_unauthorized(response, "a write with an unknown key")


@pytest.mark.credcheck_rule("ACCESS-02")
@pytest.mark.credcheck_needs("disposable", CREATE_ISSUER)
@pytest.mark.credcheck_last
def test_creating_issuers_needs_a_key(deployment: Deployment) -> None:
    """A request without a key, or with an unknown key, creates no issuer."""
    for headers in ({}, {"Authorization": build_unknown_key(deployment)}):
        response = send_to(deployment, ("POST", "issuers/"), None, **headers)
        check_unauthorized(response, "creating an issuer without a key")


@pytest.mark.credcheck_rule("ACCESS-02")
@pytest.mark.parametrize("header", ["Api-Key", "Api-Key a b", "Token", "Bearer a b c"])
def test_malformed_keys_are_401(deployment: Deployment, header: str) -> None:
    """A scheme without a key, or with two, returns 401."""
    response = deployment.get(actor=None, headers={"Authorization": header})
    check_unauthorized(response, "a malformed Authorization header")


@pytest.mark.credcheck_rule("ACCESS-03")
def test_retired_keys_are_401(deployment: Deployment) -> None:
    """Every read with a retired key returns 401."""
    item = find_credential(deployment)
    for endpoint in list_reads(deployment, item["entityId"]):
        send_to(deployment, endpoint, "admin")
        check_unauthorized(send_to(deployment, endpoint, "retired"), "a retired key")


@pytest.mark.credcheck_rule("ACCESS-03")
@pytest.mark.credcheck_needs("write")
def test_retired_keys_cannot_write(deployment: Deployment) -> None:
    """Every write with a retired key returns 401, and nothing changes."""
    with unchanged_credential(deployment) as item:
        for endpoint in list_writes(item["entityId"]):
            response = send_to(deployment, endpoint, "retired")
            check_unauthorized(response, "a write with a retired key")


@pytest.mark.credcheck_rule("ACCESS-04")
def test_a_learner_reads_what_is_public(deployment: Deployment) -> None:
    """Below the learner's path a learner's list is an admin's, and its items can be retrieved."""
    base = deployment.learner_path

    def check() -> None:
        admins = deployment.get_page({"page_size": 20}, base)
        learners = deployment.get_page({"page_size": 20}, base, actor="learner")
        message = "a learner's list differs from the admin's"
        check_equal(learners.ids, admins.ids, message, learners.response)
        for item in admins.items[:3]:
            response = deployment.get(base + item["entityId"], actor="learner")
            is_same = strip_signatures(read_result(response)) == strip_signatures(item)
            require(is_same, "an item differs for a learner", response)
            for path in ("", item["entityId"]):
                head = deployment.send("HEAD", base + path, actor="learner")
                check_status(head, 200, "a learner's HEAD")

    deployment.run_undisturbed(check)


def check_unchanged(
    deployment: Deployment, item: dict[str, Any], path: str = "", actor: str = "admin"
) -> None:
    """Require a credential to be what it was."""
    response = deployment.get(path + item["entityId"], actor=actor)
    is_same = strip_signatures(read_result(response)) == strip_signatures(item)
    require(is_same, "a refused write has changed the item", response)


def check_write_refused(
    deployment: Deployment, item: dict[str, Any], endpoint: Endpoint, actor: str, base: str = ""
) -> None:
    """Require an actor's write to be refused and to change nothing."""
    response = send_to(deployment, endpoint, actor, base)
    check_refused(response, f"a write by {actor}")
    check_unchanged(deployment, item)


@pytest.mark.credcheck_rule("ACCESS-05")
def test_a_learner_cannot_write(deployment: Deployment) -> None:
    """Below the own path a learner's writes return 403, and nothing is created or changed."""
    base = deployment.learner_path
    item = deployment.create()
    for endpoint in list_writes(item["entityId"]):
        response = send_to(deployment, endpoint, "learner", base)
        check_error(response, 403, "a learner's write below the own path")
        check_unchanged(deployment, item)
    body = deployment.build_body()
    deployment.send_json("POST", base, body, actor="learner")
    page = deployment.get_page({"search": body["name"]})
    require(page.items == [], "a learner's refused create stored a credential", page.response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-05")
def test_a_learner_cannot_write_below_an_admins_path(deployment: Deployment) -> None:
    """Below an admin's path a learner's writes are refused and change nothing."""
    item = deployment.create()
    for endpoint in list_writes(item["entityId"]):
        check_write_refused(deployment, item, endpoint, "learner")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-06")
def test_a_department_admin_writes_but_cannot_delete(deployment: Deployment) -> None:
    """A department admin's reads, create and update succeed, the delete returns 403."""
    actor = "department_admin"
    item = read_result(deployment.send_json("POST", "", deployment.build_body(), actor=actor))
    for endpoint in (("GET", ""), ("GET", item["entityId"])):
        check_status(send_to(deployment, endpoint, actor), 200, "a read by a department admin")
    read_result(deployment.put(item["entityId"], {"description": "x"}, actor=actor))
    item = deployment.retrieve(item["entityId"])
    check_write_refused(deployment, item, ("DELETE", item["entityId"]), actor)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-07")
def test_a_learner_cannot_read_a_private_credential(deployment: Deployment) -> None:
    """A learner gets 403 or 404 for a private credential, also right after a read by an admin."""
    bases = (deployment.learner_path, deployment.own_path)
    item = deployment.create()
    deployment.update(item["entityId"], {"public": False})
    for base in bases:
        deployment.retrieve(base + item["entityId"])
        response = deployment.get(base + item["entityId"], actor="learner")
        check_refused(response, "a private credential for a learner")
        head = deployment.send("HEAD", base + item["entityId"], actor="learner")
        check_refused(head, "HEAD of a private credential for a learner")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-08")
def test_another_platforms_key_cannot_read(deployment: Deployment) -> None:
    """Another platform's admin gets 403 on every read, also right after a read by an admin."""
    item = find_credential(deployment)
    for endpoint in list_reads(deployment, item["entityId"]):
        send_to(deployment, endpoint, "admin")
        response = send_to(deployment, endpoint, "other_org_admin")
        check_refused(response, "a read with another platform's key")


@pytest.mark.credcheck_rule("ACCESS-08")
@pytest.mark.credcheck_needs("other_org", "other_user_id")
def test_platform_org_gives_no_access(deployment: Deployment) -> None:
    """`platform_org` with a platform that the key does not belong to returns 403."""
    settings = deployment.settings
    own, other = settings.org, settings.other_org
    users = settings.user_id, settings.other_user_id
    # A user of the other platform is not found there: one of each platform is in the path.
    for path, org, actor in (
        *((build_collection_path(other, user), own, "other_org_admin") for user in users),
        *((build_collection_path(own, user), other, "admin") for user in users),
    ):
        for suffix in ("", "issuers/"):
            response = deployment.get(path + suffix, {"platform_org": org}, actor=actor)
            if suffix and response.status == 200:
                continue  # that issuers take `platform_org` is not documented
            check_refused(response, "another platform by `platform_org`")


@pytest.mark.credcheck_rule("ACCESS-08")
@pytest.mark.credcheck_needs("write")
def test_another_platforms_key_cannot_write(deployment: Deployment) -> None:
    """Another platform's admin gets 403 on every write, and nothing changes."""
    item = deployment.create()
    for endpoint in list_writes(item["entityId"]):
        check_write_refused(deployment, item, endpoint, "other_org_admin")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-08")
@pytest.mark.credcheck_needs("write", "other_org", "other_user_id")
def test_platform_org_gives_no_write_access(deployment: Deployment) -> None:
    """From the other platform's path, `platform_org` gives no write access to this one."""
    settings = deployment.settings
    # The user of the path may be one of either platform.
    bases = (deployment.other_path, build_collection_path(settings.other_org, settings.user_id))
    query = f"?platform_org={quote(deployment.settings.org)}"
    with unchanged_credential(deployment) as item:
        for method, path in list_writes(item["entityId"]):
            endpoint = (method, path + query)
            for base in bases:
                response = send_to(deployment, endpoint, "other_org_admin", base)
                check_refused(response, "another platform's write by `platform_org`")


@pytest.mark.credcheck_rule("ACCESS-08")
@pytest.mark.credcheck_needs("disposable", CREATE_ISSUER)
@pytest.mark.credcheck_last
def test_another_platforms_key_cannot_create_issuers(deployment: Deployment) -> None:
    """Another platform's admin who creates an issuer here is refused."""
    response = send_to(deployment, ("POST", "issuers/"), "other_org_admin")
    check_refused(response, "creating an issuer with another platform's key")


@pytest.mark.credcheck_rule("ACCESS-09")
def test_platform_org_takes_precedence(deployment: Deployment) -> None:
    """With `platform_org` the platform in the path is ignored."""

    def check() -> None:
        own = deployment.get_page({"page_size": 20})
        settings = deployment.settings
        path = build_collection_path(settings.other_org, settings.user_id)
        page = deployment.get_page({"page_size": 20, "platform_org": settings.org}, path)
        message = "`platform_org` does not take precedence"
        check_equal(page.ids, own.ids, message, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ACCESS-09")
@pytest.mark.credcheck_needs("write")
def test_platform_org_takes_precedence_for_writes(deployment: Deployment) -> None:
    """A credential belongs to the platform in `platform_org`, whatever the path is."""
    path = build_collection_path(deployment.settings.other_org, deployment.settings.user_id)
    path += f"?platform_org={quote(deployment.settings.org)}"
    item = read_created(deployment.send_json("POST", path, deployment.build_body()))
    check_unchanged(deployment, item)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-10")
def test_another_platforms_item_is_404(deployment: Deployment) -> None:
    """Another platform's credentials and issuers return 404 under one's own platform."""
    actor = "other_org_admin"
    others = deployment.get_page({"page_size": 3}, deployment.other_path, actor=actor)
    for entity_id in others.ids:
        check_refused(deployment.get(entity_id), "another platform's credential")
    issuers = deployment.get_page(path=deployment.other_path + "issuers/", actor=actor)
    for entity_id in issuers.ids[:2]:
        response = deployment.get(f"issuers/{entity_id}")
        check_refused(response, "another platform's issuer")


@pytest.mark.credcheck_rule("ACCESS-10")
@pytest.mark.credcheck_needs("write")
def test_another_platforms_item_cannot_be_changed(deployment: Deployment) -> None:
    """Updating or deleting another platform's credential returns 404 under one's own platform."""
    actor, path = "other_org_admin", deployment.other_path
    issuers = deployment.list_lasting_issuers(path, actor)
    if not issuers:
        pytest.skip("the other platform has no issuer")
    body = {"name": deployment.make_name("elsewhere"), "issuer": issuers[0]}
    item = read_result(deployment.send_json("POST", path, body, actor=actor))
    for endpoint in (("PUT", item["entityId"]), ("DELETE", item["entityId"])):
        response = send_to(deployment, endpoint, "admin")
        check_refused(response, "another platform's credential")
    check_unchanged(deployment, item, path, actor)
    deployment.send("DELETE", path + item["entityId"], actor=actor)


@pytest.mark.credcheck_rule("ACCESS-11")
def test_a_scheme_in_any_case(deployment: Deployment) -> None:
    """The name of the scheme may be in upper and lower case."""
    scheme, key = deployment.settings.auth_scheme, deployment.settings.keys["admin"]
    if not scheme:
        raise NotTested("auth_scheme is empty")
    for name in (scheme, scheme.upper(), scheme.lower(), scheme.swapcase()):
        response = deployment.get(actor=None, headers={"Authorization": f"{name} {key}"})
        check_status(response, 200, f"the scheme {name}")


@pytest.mark.credcheck_rule("ACCESS-12")
def test_a_user_by_number_or_by_name(deployment: Deployment) -> None:
    """The number and the username of a user give the same list."""

    def check() -> None:
        by_number = deployment.get_page({"page_size": 20})
        path = build_collection_path(deployment.settings.org, deployment.settings.username)
        by_name = deployment.get_page({"page_size": 20}, path)
        message = "the list by username differs from the list by number"
        check_equal(by_name.ids, by_number.ids, message, by_name.response)

    deployment.run_undisturbed(check)


def find_learner_path(deployment: Deployment) -> str:
    """Return the path of the learner's collection, or an empty text where it is not known."""
    return deployment.learner_path if deployment.settings.learner_username else ""


@pytest.mark.credcheck_rule("ACCESS-13")
def test_an_error_reveals_nothing(deployment: Deployment) -> None:
    """No error response contains anything of the credential that was refused."""
    secret = deployment.make_word()
    item = deployment.create(name=deployment.make_name(secret), description=secret)
    deployment.update(item["entityId"], {"public": False})
    entity_id = item["entityId"]
    endpoints = (("GET", entity_id), ("PUT", entity_id), ("DELETE", entity_id))
    bases = (deployment.own_path, *filter(None, [find_learner_path(deployment)]))
    for actor in ("learner", "other_org_admin", None):
        for base, endpoint in product(bases, endpoints):
            response = send_to(deployment, endpoint, actor, base)
            is_revealed = secret.encode() in response.body
            message = "an error response reveals what was refused"
            require(not is_revealed, message, response, got=response.body[:200])
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ACCESS-13")
def test_an_invalid_body_reveals_nothing(deployment: Deployment) -> None:
    """A request without a key is refused before its body is parsed."""
    response = deployment.send("POST", actor=None, headers={"Content-Type": JSON}, body=b"{")
    check_unauthorized(response, "an invalid body without a key")
