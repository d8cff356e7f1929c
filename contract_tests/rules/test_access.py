"""Access: who may do what; 401 and 403 are not confused, and a refusal tells nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.catalogue.operations import CREATE_ISSUER
from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply, collection
from contract_tests.rules.test_errors import check_refusal
from contract_tests.vocabulary.deployment import JSON, Deployment, created, result, stable

Place = tuple[str, str]


def reads(deployment: Deployment, entity_id: str) -> Iterator[Place]:
    """Yield method and path of every read, below a collection."""
    yield from (("GET", ""), ("HEAD", ""), ("OPTIONS", ""))
    yield from (("GET", entity_id), ("HEAD", entity_id), ("OPTIONS", entity_id))
    if "issuers" not in deployment.settings.without:
        yield ("GET", "issuers/")
        for issuer in deployment.page({"page_size": 1}, "issuers/").ids:
            yield ("GET", f"issuers/{issuer}")


def writes(entity_id: str) -> Iterator[Place]:
    """Yield method and path of every write."""
    yield from (("POST", ""), ("PUT", entity_id), ("DELETE", entity_id))


def some_item(deployment: Deployment) -> dict[str, Any]:
    """Return a listed credential, or one that this run creates."""
    items = deployment.page({"page_size": 1}).items
    if items:
        return items[0]
    if not deployment.settings.allow_writes:
        pytest.skip("there is no credential")
    return deployment.create()


def ask(
    deployment: Deployment, place: Place, actor: str | None, base: str = "", **headers: str
) -> Reply:
    """Send the request of a place, below the collection or another base, with a body that fits."""
    method, path = place
    where = base + path if base else path
    if method not in ("POST", "PUT"):
        return deployment.send(method, where, actor=actor, headers=headers)
    if path == "issuers/":
        body = {"name": deployment.name("issuer")}
    else:
        body = deployment.body() if method == "POST" else {"description": "by somebody else"}
    return deployment.send_json(method, where, body, actor=actor, headers=headers)


@contextmanager
def untouched_item(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Give a credential of this run, which must be as it was in the end, and delete it."""
    item = deployment.create()
    yield item
    unchanged(deployment, item)
    deployment.delete(item["entityId"])


def unknown_key(deployment: Deployment) -> str:
    """Return an Authorization header with a key that does not exist."""
    return f"{deployment.settings.auth_scheme} no-such-key-{deployment.run_id}".strip()


def check_challenge(reply: Reply, who: str) -> None:
    """Raise Breach unless a reply is 401 with a challenge."""
    require(reply.status == 401, f"{who} is not 401", reply, expected=401, got=reply.status)
    require("www-authenticate" in reply.headers, "a 401 has no WWW-Authenticate", reply)


@pytest.mark.rule("ACCESS-01")
def test_reads_need_a_key(deployment: Deployment) -> None:
    """Without a key every read is 401, also right after an admin asked the same."""
    item = some_item(deployment)
    for place in reads(deployment, item["entityId"]):
        ask(deployment, place, "admin")
        reply = ask(deployment, place, None)
        check_challenge(reply, "a request without a key")
    for headers in ({"Authorization": ""}, {"Authorization": "Basic YTpi"}):
        check_challenge(deployment.get(actor=None, headers=headers), "an unknown scheme")


@pytest.mark.rule("ACCESS-01")
@pytest.mark.needs("write")
def test_writes_need_a_key(deployment: Deployment) -> None:
    """Without a key every write is 401 and changes nothing."""
    with untouched_item(deployment) as item:
        for place in writes(item["entityId"]):
            check_challenge(ask(deployment, place, None), "a write without a key")


@pytest.mark.rule("ACCESS-02")
def test_unknown_keys_are_401(deployment: Deployment) -> None:
    """A key that does not exist is 401 on every read."""
    item = some_item(deployment)
    header = unknown_key(deployment)
    for place in reads(deployment, item["entityId"]):
        reply = ask(deployment, place, None, Authorization=header)
        check_challenge(reply, "an unknown key")


@pytest.mark.rule("ACCESS-02")
@pytest.mark.needs("write")
def test_unknown_keys_do_not_write(deployment: Deployment) -> None:
    """A key that does not exist is 401 on every write, and nothing changes."""
    header = unknown_key(deployment)
    with untouched_item(deployment) as item:
        for place in writes(item["entityId"]):
            reply = ask(deployment, place, None, Authorization=header)
            check_challenge(reply, "a write with an unknown key")


@pytest.mark.rule("ACCESS-02")
@pytest.mark.needs("disposable", CREATE_ISSUER)
@pytest.mark.last
def test_issuers_are_not_created_without_a_key(deployment: Deployment) -> None:
    """No key and an unknown key create no issuer."""
    for headers in ({}, {"Authorization": unknown_key(deployment)}):
        reply = ask(deployment, ("POST", "issuers/"), None, **headers)
        check_challenge(reply, "the creation of an issuer without a key")


@pytest.mark.rule("ACCESS-02")
@pytest.mark.parametrize("header", ["Api-Key", "Api-Key a b", "Token", "Bearer a b c"])
def test_malformed_keys_are_401(deployment: Deployment, header: str) -> None:
    """A scheme without a key, or with two, is 401."""
    reply = deployment.get(actor=None, headers={"Authorization": header})
    check_challenge(reply, "a malformed header")


@pytest.mark.rule("ACCESS-03")
def test_retired_keys_are_401(deployment: Deployment) -> None:
    """A retired key is 401 on every read."""
    item = some_item(deployment)
    for place in reads(deployment, item["entityId"]):
        ask(deployment, place, "admin")
        check_challenge(ask(deployment, place, "retired"), "a retired key")


@pytest.mark.rule("ACCESS-03")
@pytest.mark.needs("write")
def test_retired_keys_do_not_write(deployment: Deployment) -> None:
    """A retired key is 401 on every write, and nothing changes."""
    with untouched_item(deployment) as item:
        for place in writes(item["entityId"]):
            check_challenge(ask(deployment, place, "retired"), "a write with a retired key")


@pytest.mark.rule("ACCESS-04")
def test_a_learner_reads_what_is_public(deployment: Deployment) -> None:
    """A learner's list is the admin's list, and its items are answered."""

    def check() -> None:
        admins = deployment.page({"page_size": 20})
        learners = deployment.page({"page_size": 20}, actor="learner")
        require(learners.ids == admins.ids, "a learner's list is another", learners.reply)
        for item in admins.items[:3]:
            reply = deployment.get(item["entityId"], actor="learner")
            same = stable(result(reply)) == stable(item)
            require(same, "a learner's item is another", reply)
            for path in ("", item["entityId"]):
                head = deployment.send("HEAD", path, actor="learner")
                require(head.status == 200, "a learner's HEAD is refused", head, got=head.status)

    deployment.while_nobody_writes(check)


def unchanged(deployment: Deployment, item: dict[str, Any]) -> None:
    """Raise Breach unless a credential is what it was."""
    reply = deployment.get(item["entityId"])
    require(reply.status == 200 and stable(result(reply)) == stable(item),
            "a refused write has changed the item", reply)  # fmt: skip


def refused(deployment: Deployment, item: dict[str, Any], place: Place, actor: str) -> None:
    """Raise Breach unless an actor's write is 403 and changes nothing."""
    who = f"a write by {actor}"
    reply = ask(deployment, place, actor)
    check_refusal(reply, 403, who)
    unchanged(deployment, item)


@pytest.mark.rule("ACCESS-05")
def test_a_learner_does_not_write(deployment: Deployment) -> None:
    """A learner's create, change and delete are 403, and nothing is created or changed."""
    item = deployment.create()
    for place in writes(item["entityId"]):
        refused(deployment, item, place, "learner")
    body = deployment.body()
    deployment.send_json("POST", "", body, actor="learner")
    page = deployment.page({"search": body["name"]})
    require(page.items == [], "a learner's refused creation made one", page.reply)
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-05")
@pytest.mark.needs("disposable", CREATE_ISSUER)
@pytest.mark.last
def test_a_learner_does_not_create_issuers(deployment: Deployment) -> None:
    """A learner's creation of an issuer is 403."""
    reply = ask(deployment, ("POST", "issuers/"), "learner")
    check_refusal(reply, 403, "the creation of an issuer by a learner")


@pytest.mark.rule("ACCESS-06")
def test_a_department_admin_writes_but_does_not_delete(deployment: Deployment) -> None:
    """A department admin's reads, create and change succeed, the delete is 403."""
    reply = deployment.send_json("POST", "", deployment.body(), actor="department_admin")
    item = result(reply)
    for place in (("GET", ""), ("GET", item["entityId"])):
        reply = ask(deployment, place, "department_admin")
        require(reply.status == 200, "a department admin's read is refused", reply,
                expected=200, got=reply.status)  # fmt: skip
    reply = deployment.put(item["entityId"], {"description": "x"}, actor="department_admin")
    result(reply)
    item = deployment.retrieve(item["entityId"])
    refused(deployment, item, ("DELETE", item["entityId"]), "department_admin")
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-07")
def test_private_ones_do_not_exist_for_a_learner(deployment: Deployment) -> None:
    """A credential that is not public is 404 for a learner, also right after an admin asked."""
    item = deployment.create()
    deployment.change(item["entityId"], {"public": False})
    for _ in range(2):
        deployment.retrieve(item["entityId"])
        reply = deployment.get(item["entityId"], actor="learner")
        check_refusal(reply, 404, "a private credential, to a learner,")
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-08")
def test_another_platforms_key_reads_nothing(deployment: Deployment) -> None:
    """Another platform's admin is 403 on every read, right after an admin of this one asked."""
    item = some_item(deployment)
    for place in reads(deployment, item["entityId"]):
        ask(deployment, place, "admin")
        reply = ask(deployment, place, "other_org_admin")
        require(reply.status == 403, "another platform's key is not 403", reply,
                expected=403, got=reply.status)  # fmt: skip


@pytest.mark.rule("ACCESS-08")
@pytest.mark.needs("other_org", "other_user_id")
def test_platform_org_opens_no_door(deployment: Deployment) -> None:
    """`platform_org` names a platform; whose key it is not gets 403."""
    here, there = deployment.settings.org, deployment.settings.other_org
    for path, org, actor in (
        (deployment.elsewhere, here, "other_org_admin"),
        (deployment.here, there, "admin"),
    ):
        for more in ("", "issuers/"):
            reply = deployment.get(path + more, {"platform_org": org}, actor=actor)
            check_refusal(reply, 403, "another platform by `platform_org`")


@pytest.mark.rule("ACCESS-08")
@pytest.mark.needs("write")
def test_another_platforms_key_writes_nothing(deployment: Deployment) -> None:
    """Another platform's admin is 403 on every write, and nothing changes."""
    item = deployment.create()
    for place in writes(item["entityId"]):
        refused(deployment, item, place, "other_org_admin")
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-08")
@pytest.mark.needs("write", "other_org", "other_user_id")
def test_platform_org_lets_nobody_write(deployment: Deployment) -> None:
    """From the other platform's own path `platform_org` leads to no write on this one."""
    here = f"?platform_org={quote(deployment.settings.org)}"
    with untouched_item(deployment) as item:
        for method, path in writes(item["entityId"]):
            place = (method, path + here)
            reply = ask(deployment, place, "other_org_admin", deployment.elsewhere)
            check_refusal(reply, 403, "another platform's write by `platform_org`")


@pytest.mark.rule("ACCESS-08")
@pytest.mark.needs("disposable", CREATE_ISSUER)
@pytest.mark.last
def test_another_platforms_key_creates_no_issuer(deployment: Deployment) -> None:
    """Another platform's admin is 403 when creating an issuer here."""
    reply = ask(deployment, ("POST", "issuers/"), "other_org_admin")
    check_refusal(reply, 403, "the creation of an issuer by another platform's admin")


@pytest.mark.rule("ACCESS-09")
def test_platform_org_takes_precedence(deployment: Deployment) -> None:
    """With `platform_org` the platform of the path does not count."""

    def check() -> None:
        mine = deployment.page({"page_size": 20})
        path = collection(deployment.settings.other_org, deployment.settings.user_id)
        query = {"page_size": 20, "platform_org": deployment.settings.org}
        reply = deployment.get(path, query)
        ids = []
        if reply.status == 200:
            ids = [each["entityId"] for each in reply.value["result"]["data"]]
        require(ids == mine.ids, "`platform_org` does not take precedence", reply,
                expected=mine.ids[:3], got=ids[:3] or reply.status)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ACCESS-09")
@pytest.mark.needs("write")
def test_platform_org_takes_precedence_for_writes(deployment: Deployment) -> None:
    """What is created by another path belongs to the platform that `platform_org` names."""
    path = collection(deployment.settings.other_org, deployment.settings.user_id)
    reply = deployment.send_json(
        "POST", f"{path}?platform_org={quote(deployment.settings.org)}", deployment.body()
    )
    item = created(reply)
    unchanged(deployment, item)
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-10")
def test_another_platforms_item_does_not_exist_here(deployment: Deployment) -> None:
    """Under one's own platform another's credential and issuer are 404."""
    theirs = deployment.page({"page_size": 3}, deployment.elsewhere, actor="other_org_admin")
    for entity_id in theirs.ids:
        check_refusal(deployment.get(entity_id), 404, "another platform's credential")
    issuers = deployment.page(path=deployment.elsewhere + "issuers/", actor="other_org_admin")
    for entity_id in issuers.ids[:2]:
        check_refusal(deployment.get(f"issuers/{entity_id}"), 404, "another platform's issuer")


@pytest.mark.rule("ACCESS-10")
@pytest.mark.needs("write")
def test_another_platforms_item_is_not_changed_here(deployment: Deployment) -> None:
    """Under one's own platform a change or deletion of another's credential is 404."""
    issuers = deployment.page(path=deployment.elsewhere + "issuers/", actor="other_org_admin").ids
    if not issuers:
        pytest.skip("the other platform has no issuer")
    body = {"name": deployment.name("elsewhere"), "issuer": issuers[0]}
    reply = deployment.send_json("POST", deployment.elsewhere, body, actor="other_org_admin")
    item = result(reply)
    for place in (("PUT", item["entityId"]), ("DELETE", item["entityId"])):
        check_refusal(ask(deployment, place, "admin"), 404, "another platform's credential")
    after = deployment.get(deployment.elsewhere + item["entityId"], actor="other_org_admin")
    require(after.status == 200 and stable(result(after)) == stable(item),
            "another platform's item was changed", after)  # fmt: skip
    deployment.send("DELETE", deployment.elsewhere + item["entityId"], actor="other_org_admin")


@pytest.mark.rule("ACCESS-11")
@pytest.mark.parametrize(
    "scheme", ["Api-Key", "Api-Token", "Token", "Bearer", "api-key", "BEARER", "tOkEn", ""]
)
def test_schemes(deployment: Deployment, scheme: str) -> None:
    """Each scheme in any case, and the bare key, open the list."""
    header = f"{scheme} {deployment.settings.keys['admin']}".strip()
    reply = deployment.get(actor=None, headers={"Authorization": header})
    require(reply.status == 200, "a scheme is not accepted", reply,
            expected=f"200 for {scheme or 'the bare key'}", got=reply.status)  # fmt: skip


@pytest.mark.rule("ACCESS-12")
def test_a_user_by_number_or_by_name(deployment: Deployment) -> None:
    """Number and name of a user lead to the same list."""

    def check() -> None:
        by_number = deployment.page({"page_size": 20})
        path = collection(deployment.settings.org, deployment.settings.username)
        by_name = deployment.page({"page_size": 20}, path)
        require(by_name.ids == by_number.ids, "a username has another list", by_name.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ACCESS-13")
def test_a_refusal_tells_nothing(deployment: Deployment) -> None:
    """No refusal holds anything of the credential that was refused."""
    secret = deployment.word()
    item = deployment.create(name=deployment.name(secret), description=secret)
    deployment.change(item["entityId"], {"public": False})
    places = [("GET", item["entityId"]), *writes(item["entityId"])]
    for actor in ("learner", "other_org_admin", None):
        for place in places:
            if place[0] == "POST":
                continue
            reply = ask(deployment, place, actor)
            told = secret.encode() in reply.body
            require(not told, "a refusal tells what was refused", reply, got=reply.body[:200])
    deployment.delete(item["entityId"])


@pytest.mark.rule("ACCESS-13")
def test_a_bad_key_learns_nothing_from_a_body(deployment: Deployment) -> None:
    """A request without a key is refused before its body is read."""
    reply = deployment.send("POST", actor=None, headers={"Content-Type": JSON}, body=b"{")
    check_challenge(reply, "a bad body without a key")
