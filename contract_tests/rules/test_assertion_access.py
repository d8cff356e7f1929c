"""Who sees and does what with issuers and assertions: keys, platforms, learners, the public."""

from collections.abc import Iterator

import pytest

from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply, collection
from contract_tests.oracle.machine import check_shown
from contract_tests.rules.test_access import check_challenge
from contract_tests.rules.test_errors import UNKNOWN_USER, check_refusal
from contract_tests.vocabulary.deployment import Deployment, as_page
from contract_tests.vocabulary.issuing import (
    REASON,
    assertions_of,
    bare,
    issue,
    issued,
    look_up,
    own_credential,
    path_of,
    put_assertion,
    revoke,
    send_issue,
    some_assertion,
    take_back,
)

Place = tuple[str, str]
BODIES = {
    "PUT": {"revoked": True, "revocationReason": "x", "name": "x"},
    "POST": {"recipient": {"identity": "x"}, "users": ["x"], "name": "x"},
}


def reads(item: str) -> Iterator[Place]:
    """Yield method and path of the reads, below a collection."""
    yield from (("GET", "assertions/"), ("GET", f"assertions/{item}"), ("OPTIONS", "assertions/"))
    yield from (("GET", f"{item}/assertions/"), ("HEAD", f"{item}/assertions/"))


def writes(item: str) -> Iterator[Place]:
    """Yield method and path of the writes to something that the run made up."""
    yield from (("PUT", f"issuers/{item}"), ("DELETE", f"issuers/{item}"))
    yield from (("PUT", f"assertions/{item}"), ("POST", f"{item}/assertions/"))
    yield from (("POST", f"{item}/assertions/bulk/"), ("POST", "issuers/"))


def ask(deployment: Deployment, place: Place, base: str = "", **options: object) -> Reply:
    """Send the request of a place."""
    method, path = place
    if method in BODIES:
        return deployment.send_json(method, base + path, BODIES[method], **options)
    return deployment.send(method, base + path, **options)


@pytest.mark.rule("ACCESS-01")
def test_reads_of_assertions_need_a_key(deployment: Deployment) -> None:
    """Without a key each read is 401, also right after an admin asked."""
    for place in reads(deployment.made_up_id()):
        ask(deployment, place)
        check_challenge(ask(deployment, place, actor=None), "a request without a key")


@pytest.mark.rule("ACCESS-01")
@pytest.mark.needs("write")
def test_writes_of_the_family_need_a_key(deployment: Deployment) -> None:
    """Without a key each write is 401 before anything is looked up."""
    for place in writes(deployment.made_up_id()):
        check_challenge(ask(deployment, place, actor=None), "a write without a key")


@pytest.mark.rule("ACCESS-02")
def test_unknown_keys_read_no_assertions(deployment: Deployment) -> None:
    """A key that does not exist is 401."""
    header = f"{deployment.settings.auth_scheme} no-such-key-{deployment.run_id}".strip()
    for place in reads(deployment.made_up_id()):
        reply = ask(deployment, place, actor=None, headers={"Authorization": header})
        check_challenge(reply, "an unknown key")


@pytest.mark.rule("ACCESS-03")
def test_retired_keys_read_no_assertions(deployment: Deployment) -> None:
    """A retired key is 401."""
    for place in reads(deployment.made_up_id()):
        check_challenge(ask(deployment, place, actor="retired"), "a retired key")


@pytest.mark.rule("ACCESS-08")
def test_another_platforms_key_reads_no_assertions(deployment: Deployment) -> None:
    """Another platform's admin is 403, before anything is looked up."""
    for place in reads(deployment.made_up_id()):
        reply = ask(deployment, place, actor="other_org_admin")
        require(reply.status == 403, "another platform's key is not 403", reply,
                expected=403, got=reply.status)  # fmt: skip


@pytest.mark.rule("ACCESS-08")
@pytest.mark.needs("write")
def test_another_platforms_key_writes_nothing_of_the_family(deployment: Deployment) -> None:
    """Another platform's admin is 403 at each write."""
    for place in writes(deployment.made_up_id()):
        reply = ask(deployment, place, actor="other_org_admin")
        check_refusal(reply, 403, "a write by another platform's key")


@pytest.mark.rule("ERR-02")
@pytest.mark.needs("write")
def test_unknown_ids_of_the_family_are_404(deployment: Deployment) -> None:
    """Whatever the body is, an id that nobody has is 404 with a `detail`."""
    item = deployment.made_up_id()
    for place in (*reads(item), *writes(item)):
        if item in place[1] and place[0] != "HEAD":
            check_refusal(ask(deployment, place), 404, "an unknown id")


@pytest.mark.rule("ERR-03")
def test_unknown_platforms_have_no_assertions(deployment: Deployment) -> None:
    """Under a platform that is not there each read is 404."""
    base = collection(f"no-such-platform-{deployment.run_id}", deployment.settings.user_id)
    for place in reads(deployment.made_up_id()):
        if place[0] == "GET":
            check_refusal(ask(deployment, place, base), 404, "an unknown platform")


@pytest.mark.rule("ERR-04")
def test_unknown_users_have_no_assertions(deployment: Deployment) -> None:
    """Under a user who is not there each read is 404."""
    base = collection(deployment.settings.org, UNKNOWN_USER)
    for place in reads(deployment.made_up_id()):
        if place[0] == "GET":
            check_refusal(ask(deployment, place, base), 404, "an unknown user")


@pytest.mark.rule("ASSERT-10")
def test_the_public_look_up_needs_no_key(deployment: Deployment) -> None:
    """Without a key, and with a key that does not exist, it shows what an admin sees."""

    def check() -> None:
        assertion = some_assertion(deployment)
        reply = deployment.get(f"assertions/{assertion['entityId']}")
        expected = bare(reply)
        for headers in ({}, {"Authorization": "Api-Key no-such-key"}):
            public = look_up(deployment, assertion["entityId"], headers=headers)
            check_shown(public, bare(public), expected, "an assertion in public")

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-10")
def test_an_unknown_one_is_404_without_a_body(deployment: Deployment) -> None:
    """An id that nobody has, or one that is no id, is an empty 404."""
    for entity_id in (deployment.made_up_id(), "x", "..."):
        reply = look_up(deployment, entity_id)
        require(reply.status == 404, "an unknown assertion is not 404", reply, got=reply.status)
        require(not reply.body, "an unknown assertion is told more", reply, got=reply.body[:100])


@pytest.mark.rule("ASSERT-11")
def test_a_revoked_one_tells_its_reason_only(deployment: Deployment) -> None:
    """404 with the reason, and nothing of the credential or the person; afterwards as before."""
    secret = f"secret{deployment.random.getrandbits(48)}"
    with own_credential(deployment, description=secret) as credential:
        assertion = issue(deployment, credential["entityId"], metadata={"note": secret})
        expected = bare(look_up(deployment, assertion["entityId"]))
        revoke(deployment, assertion["entityId"])
        reply = look_up(deployment, assertion["entityId"])
        check_refusal(reply, 404, "a revoked assertion in public")
        require(REASON.encode() in reply.body, "the reason is not told", reply)
        told = [each for each in (secret, assertion["recipient"]["name"], credential["entityId"])
                if each.encode() in reply.body]  # fmt: skip
        require(not told, "a revoked assertion tells more than its reason", reply, got=told)
        take_back(deployment, assertion["entityId"])
        again = look_up(deployment, assertion["entityId"])
        check_shown(again, bare(again), expected, "an assertion that was taken back")


@pytest.mark.rule("ASSERT-11")
def test_no_address_is_told(deployment: Deployment) -> None:
    """The e-mail address that it was issued with is in no answer, in public least of all."""
    email = f"someone-{deployment.random.getrandbits(32)}@example.com"
    with own_credential(deployment) as credential:
        recipient = {"identity": deployment.settings.username, "email": email}
        path = f"{credential['entityId']}/assertions/"
        assertion = issued(deployment.send_json("POST", path, {"recipient": recipient}))
        reply = look_up(deployment, assertion["entityId"])
        shown = bare(reply)["recipient"]
        keys = set(shown) - {"username", "name"}
        require(not keys and email.encode() not in reply.body,
                "the public look-up tells more of the recipient", reply, got=shown)  # fmt: skip


@pytest.mark.rule("ASSERT-12")
def test_a_learner_sees_their_own(deployment: Deployment) -> None:
    """Own ones are listed and retrieved; another's list is 403, another's item 404, unlisted."""
    settings = deployment.settings
    if settings.username == settings.learner_username:
        pytest.skip("username and learner_username are one user")
    with own_credential(deployment) as credential:
        entity_id = credential["entityId"]
        own = issue(deployment, entity_id, settings.learner_username)
        other = issue(deployment, entity_id, settings.username)
        for _ in range(2):
            page = assertions_of(deployment, entity_id, actor="learner")
            require(page.ids == [own["entityId"]], "a learner's list of a credential is another",
                    page.reply, expected=[own["entityId"]], got=page.ids)  # fmt: skip
            require(page["count"] == 1, "a learner's count tells of others", page.reply)
            page = assertions_of(deployment, entity_id)
            require(sorted(page.ids) == sorted([own["entityId"], other["entityId"]]),
                    "an admin's list of a credential is another", page.reply)  # fmt: skip
        reply = deployment.get(f"assertions/{own['entityId']}", actor="learner")
        check_shown(reply, bare(reply), own, "a learner's own assertion")
        hidden = deployment.get(f"assertions/{other['entityId']}", actor="learner")
        check_refusal(hidden, 404, "another's assertion, to a learner,")
        mine = as_page(deployment.get(path_of(deployment, settings.learner_username),
                                      actor="learner"), bare=True)  # fmt: skip
        require(own["entityId"] in mine.ids, "a learner's own list lacks their own", mine.reply)
        for user in (settings.username, settings.user_id):
            refused = deployment.get(path_of(deployment, user), actor="learner")
            check_refusal(refused, 403, "another's list, to a learner,")


@pytest.mark.rule("ASSERT-15")
def test_another_platforms_key_reaches_nothing(deployment: Deployment) -> None:
    """Its admin is 403 at every list and item here."""

    def check() -> None:
        assertion = some_assertion(deployment)
        credential = assertion["credentialDetails"]["entityId"]
        for path in (
            "assertions/",
            f"assertions/{assertion['entityId']}",
            f"{credential}/assertions/",
        ):
            deployment.get(path)
            check_refusal(
                deployment.get(path, actor="other_org_admin"), 403, "another platform's key"
            )

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-15")
def test_another_platforms_assertions_do_not_exist_here(deployment: Deployment) -> None:
    """Its items and lists are 404 under one's own platform, its users unknown."""

    def check() -> None:
        settings = deployment.settings
        check_refusal(
            deployment.get(path_of(deployment, settings.other_user_id)), 404, "another's user"
        )
        theirs = deployment.page({"page_size": 100}, deployment.elsewhere, actor="other_org_admin")
        seen = 0
        for credential in theirs.ids:
            check_refusal(deployment.get(f"{credential}/assertions/"), 404, "another's credential")
            path = (
                f"{collection(settings.other_org, settings.other_user_id)}{credential}/assertions/"
            )
            page = deployment.page({}, path, bare=True, actor="other_org_admin")
            for entity_id in page.ids[:2]:
                check_refusal(deployment.get(f"assertions/{entity_id}"), 404, "another's assertion")
                seen += 1
            if seen > 3:
                return

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-16")
def test_a_learner_issues_and_revokes_nothing(deployment: Deployment) -> None:
    """Issue, bulk and change are 403 also where it is about the learner, and change nothing."""
    name = deployment.settings.learner_username or deployment.settings.username
    with own_credential(deployment) as credential:
        entity_id = credential["entityId"]
        assertion = issue(deployment, entity_id, name)
        revoke(deployment, assertion["entityId"])
        before = assertions_of(deployment, entity_id).items
        for reply in (
            send_issue(deployment, entity_id, name, actor="learner"),
            deployment.send_json(
                "POST", f"{entity_id}/assertions/bulk/", {"users": [name]}, actor="learner"
            ),
            put_assertion(deployment, assertion["entityId"], {"revoked": False}, actor="learner"),
        ):
            check_refusal(reply, 403, "a write by a learner")
            after = assertions_of(deployment, entity_id).items
            require(after == before, "a refused write changed assertions", reply)
