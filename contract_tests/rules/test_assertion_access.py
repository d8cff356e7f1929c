"""Access to issuers and assertions: keys, platforms, learners, the public."""

import re
from collections.abc import Iterator

import pytest

from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_fields,
    check_refused,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import Deployment, read_page
from contract_tests.vocabulary.endpoints import receives_options
from contract_tests.vocabulary.issuing import (
    REASON,
    build_user_path,
    find_assertion,
    find_item,
    issue,
    issue_in_bulk,
    list_assertions,
    look_up_assertion,
    read_all,
    read_assertion,
    read_record,
    reinstate,
    request_issue,
    revoke,
    temporary_credential,
)
from contract_tests.vocabulary.records import UNKNOWN_USER

Endpoint = tuple[str, str]
"""Method and path, below a collection."""
ADDRESS = re.compile(r"[^@\s]@[^@\s]+\.")
BODIES = {
    "PUT": {"revoked": True, "revocationReason": "x", "name": "x"},
    "POST": {"recipient": {"identity": "x"}, "users": ["x"], "name": "x"},
}


def list_reads(deployment: Deployment, item: str) -> Iterator[Endpoint]:
    """Yield the reads of assertions."""
    yield from (("GET", "assertions/"), ("GET", f"assertions/{item}"))
    if receives_options(deployment):
        yield ("OPTIONS", "assertions/")
    yield from (("GET", f"{item}/assertions/"), ("HEAD", f"{item}/assertions/"))


def list_writes(item: str) -> Iterator[Endpoint]:
    """Yield the writes to an unknown issuer, assertion or credential."""
    yield from (("PUT", f"issuers/{item}"), ("DELETE", f"issuers/{item}"))
    yield from (("PUT", f"assertions/{item}"), ("POST", f"{item}/assertions/"))
    yield from (("POST", f"{item}/assertions/bulk/"), ("POST", "issuers/"))


def send_to(
    deployment: Deployment, endpoint: Endpoint, base: str = "", **options: object
) -> Response:
    """Send a request to an endpoint."""
    method, path = endpoint
    if method in BODIES:
        return deployment.send_json(method, base + path, BODIES[method], **options)
    return deployment.send(method, base + path, **options)


@pytest.mark.credcheck_rule("ACCESS-01")
def test_reads_of_assertions_need_a_key(deployment: Deployment) -> None:
    """Every read without a key returns 401, also right after the same read by an admin."""
    for endpoint in list_reads(deployment, deployment.make_unknown_id()):
        send_to(deployment, endpoint)
        response = send_to(deployment, endpoint, actor=None)
        check_unauthorized(response, "a request without a key")


@pytest.mark.credcheck_rule("ACCESS-01")
@pytest.mark.credcheck_needs("write")
def test_writes_of_assertions_need_a_key(deployment: Deployment) -> None:
    """Every write without a key returns 401 before anything is looked up."""
    for endpoint in list_writes(deployment.make_unknown_id()):
        response = send_to(deployment, endpoint, actor=None)
        check_unauthorized(response, "a write without a key")


@pytest.mark.credcheck_rule("ACCESS-02")
def test_unknown_keys_cannot_read_assertions(deployment: Deployment) -> None:
    """An unknown key returns 401."""
    header = f"{deployment.settings.auth_scheme} no-such-key-{deployment.run_id}".strip()
    for endpoint in list_reads(deployment, deployment.make_unknown_id()):
        response = send_to(deployment, endpoint, actor=None, headers={"Authorization": header})
        check_unauthorized(response, "an unknown key")


@pytest.mark.credcheck_rule("ACCESS-03")
def test_retired_keys_cannot_read_assertions(deployment: Deployment) -> None:
    """A retired key returns 401."""
    for endpoint in list_reads(deployment, deployment.make_unknown_id()):
        response = send_to(deployment, endpoint, actor="retired")
        check_unauthorized(response, "a retired key")


@pytest.mark.credcheck_rule("ACCESS-08")
def test_another_platforms_key_cannot_read_assertions(deployment: Deployment) -> None:
    """Another platform's admin is refused, before anything is looked up."""
    for endpoint in list_reads(deployment, deployment.make_unknown_id()):
        response = send_to(deployment, endpoint, actor="other_org_admin")
        check_refused(response, "a read with another platform's key")


@pytest.mark.credcheck_rule("ACCESS-08")
@pytest.mark.credcheck_needs("write")
def test_another_platforms_key_cannot_write_assertions(deployment: Deployment) -> None:
    """Another platform's admin is refused on every write."""
    for endpoint in list_writes(deployment.make_unknown_id()):
        response = send_to(deployment, endpoint, actor="other_org_admin")
        check_refused(response, "a write with another platform's key")


@pytest.mark.credcheck_rule("ERR-02")
@pytest.mark.credcheck_needs("write")
def test_unknown_ids_of_assertions_are_404(deployment: Deployment) -> None:
    """An unknown id returns 404 with a `detail`, whatever the body is."""
    item = deployment.make_unknown_id()
    for method, path in (*list_reads(deployment, item), *list_writes(item)):
        if item in path and method != "HEAD":
            check_error(send_to(deployment, (method, path)), 404, "an unknown id")


@pytest.mark.credcheck_rule("ERR-03")
def test_unknown_platforms_have_no_assertions(deployment: Deployment) -> None:
    """Every read below an unknown platform returns 404."""
    unknown = f"no-such-platform-{deployment.run_id}"
    base = build_collection_path(unknown, deployment.settings.user_id)
    for method, path in list_reads(deployment, deployment.make_unknown_id()):
        if method == "GET":
            check_error(send_to(deployment, (method, path), base), 404, "an unknown platform")


@pytest.mark.credcheck_rule("ERR-03")
def test_unknown_users_have_no_assertions(deployment: Deployment) -> None:
    """Every read below an unknown user returns 404."""
    base = build_collection_path(deployment.settings.org, UNKNOWN_USER)
    for method, path in list_reads(deployment, deployment.make_unknown_id()):
        if method == "GET":
            check_error(send_to(deployment, (method, path), base), 404, "an unknown user")


@pytest.mark.credcheck_rule("ASSERT-10")
def test_the_public_look_up_needs_no_key(deployment: Deployment) -> None:
    """Without a key it shows what an admin sees."""

    def check() -> None:
        entity_id = find_assertion(deployment)["entityId"]
        expected = read_record(deployment.get(f"assertions/{entity_id}"))
        public = look_up_assertion(deployment, entity_id)
        check_fields(public, read_record(public), expected, "an assertion in public")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-10")
def test_an_unknown_assertion_is_404_without_a_body(deployment: Deployment) -> None:
    """An unknown or invalid id returns an empty 404."""
    for entity_id in (deployment.make_unknown_id(), "x", "..."):
        response = look_up_assertion(deployment, entity_id)
        check_status(response, 404, "an unknown assertion in public")
        message = "the 404 of an unknown assertion has a body"
        require(not response.body, message, response, got=response.body[:100])


@pytest.mark.credcheck_rule("ASSERT-11")
def test_a_revoked_assertion_reveals_only_its_reason(deployment: Deployment) -> None:
    """404 with the reason, and nothing about the credential or the user, while it is revoked."""
    secret = f"secret{deployment.random.getrandbits(48)}"
    with temporary_credential(deployment, description=secret) as credential:
        assertion = issue(deployment, credential["entityId"], metadata={"note": secret})
        expected = read_record(look_up_assertion(deployment, assertion["entityId"]))
        expected = {name: value for name, value in expected.items() if name != "revocationReason"}
        revoke(deployment, assertion["entityId"])
        response = look_up_assertion(deployment, assertion["entityId"])
        check_error(response, 404, "a revoked assertion in public")
        require(REASON.encode() in response.body, "the reason is missing", response)
        private = (secret, assertion["recipient"]["name"], credential["entityId"])
        revealed = [text for text in private if text and text.encode() in response.body]
        message = "a revoked assertion reveals more than its reason"
        require(not revealed, message, response, got=revealed)
        if not reinstate(deployment, assertion["entityId"]):
            return
        again = look_up_assertion(deployment, assertion["entityId"])
        check_fields(again, read_record(again), expected, "a reinstated assertion")


@pytest.mark.credcheck_rule("ASSERT-11")
def test_no_email_address_is_revealed(deployment: Deployment) -> None:
    """The public look-up does not show the e-mail address of the recipient."""
    email = f"someone-{deployment.random.getrandbits(32)}@example.com"
    with temporary_credential(deployment) as credential:
        recipient = {"identity": deployment.settings.username, "email": email}
        path = f"{credential['entityId']}/assertions/"
        body = {"recipient": recipient, **find_item(deployment).fields}
        assertion = read_assertion(deployment.send_json("POST", path, body))
        response = look_up_assertion(deployment, assertion["entityId"])
        shown = response.value["recipient"]
        addresses = [text for text in map(str, shown.values()) if ADDRESS.search(text)]
        is_fine = not addresses and email.encode() not in response.body
        message = "the public look-up reveals the e-mail address of the recipient"
        require(is_fine, message, response, got=shown)


@pytest.mark.credcheck_rule("ASSERT-12")
def test_a_learner_sees_only_their_own(deployment: Deployment) -> None:
    """Own assertions are shown; another's list returns 403, another's assertion 404."""
    settings = deployment.settings
    if settings.username == settings.learner_username:
        pytest.skip("username and learner_username are the same user")
    base = deployment.learner_path
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        own = issue(deployment, entity_id, settings.learner_username)
        other = issue(deployment, entity_id, settings.username)
        for _ in range(2):
            path = f"{base}{entity_id}/assertions/"
            response = deployment.get(path, {"page_size": 100}, actor="learner")
            if response.status != 403:  # whether a learner may list them is not known
                page = read_page(response, envelope=False)
                message = "a learner's list of a credential has the wrong assertions"
                check_equal(page.ids, [own["entityId"]], message, page.response)
                message = "`count` of a learner's list includes others"
                check_equal(page["count"], 1, message, page.response)
            page = list_assertions(deployment, entity_id)
            both = sorted([own["entityId"], other["entityId"]])
            message = "an admin's list of a credential has the wrong assertions"
            check_equal(sorted(page.ids), both, message, page.response)
        item = f"{base}assertions/{own['entityId']}"
        response = deployment.get(item, actor="learner")
        check_fields(response, read_record(response), own, "a learner's own assertion")
        for path in (base, deployment.own_path):
            response = deployment.get(f"{path}assertions/{other['entityId']}", actor="learner")
            check_refused(response, "another user's assertion for a learner")
        path = build_user_path(deployment, settings.learner_username)
        page = read_all(deployment, path, {}, actor="learner")
        message = "a learner's own list lacks their assertion"
        require(own["entityId"] in page.ids, message, page.response)
        for user in (settings.username, settings.user_id):
            response = deployment.get(build_user_path(deployment, user), actor="learner")
            if response.status == 200:  # a service may show the learner's own there
                seen = [item["recipient"]["username"] for item in response.value["data"]]
                message = "a learner's list shows the assertions of another user"
                check_equal({*seen} - {settings.learner_username}, set(), message, response)
            else:
                check_refused(response, "another user's list for a learner")


@pytest.mark.credcheck_rule("ASSERT-15")
def test_another_platforms_key_has_no_access(deployment: Deployment) -> None:
    """Another platform's admin is refused for every list and item here."""

    def check() -> None:
        assertion = find_assertion(deployment)
        credential = assertion["credentialDetails"]["entityId"]
        item = f"assertions/{assertion['entityId']}"
        for path in ("assertions/", item, f"{credential}/assertions/"):
            deployment.get(path)
            response = deployment.get(path, actor="other_org_admin")
            check_refused(response, "another platform's key")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-15")
def test_another_platforms_assertions_are_404(deployment: Deployment) -> None:
    """Another platform's credentials and assertions are not to be had under one's own platform."""

    def check() -> None:
        actor, base = "other_org_admin", deployment.other_path
        seen = 0
        for credential in deployment.get_page({"page_size": 100}, base, actor=actor).ids:
            path = f"{credential}/assertions/"
            check_refused(deployment.get(path), "another platform's credential")
            page = deployment.get_page({}, base + path, envelope=False, actor=actor)
            for entity_id in page.ids[:2]:
                response = deployment.get(f"assertions/{entity_id}")
                check_refused(response, "another platform's assertion")
                seen += 1
            if seen > 3:
                return

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-16")
@pytest.mark.parametrize("whose", ["learner", "admin"])
def test_a_learner_cannot_issue_or_revoke(deployment: Deployment, whose: str) -> None:
    """Issuing, also in bulk, and updating are refused and change nothing, even for oneself."""
    name, learner_path = deployment.settings.learner_username, deployment.learner_path
    base = learner_path if whose == "learner" else deployment.own_path
    options = {"actor": "learner", "base": base}
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        assertion = issue(deployment, entity_id, name)
        revoke(deployment, assertion["entityId"])
        before = list_assertions(deployment, entity_id).items
        item, body = f"{base}assertions/{assertion['entityId']}", {"revoked": False}
        for response in (
            request_issue(deployment, entity_id, name, **options),
            issue_in_bulk(deployment, entity_id, [name], **options),
            deployment.send_json("PUT", item, body, actor="learner"),
        ):
            check_refused(response, "a write by a learner")
            after = list_assertions(deployment, entity_id).items
            require(after == before, "a refused write changed assertions", response)
