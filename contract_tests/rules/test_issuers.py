"""Issuers: windows, what is written is what is read, deletions, and who signs."""

from typing import Any

import pytest

from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply
from contract_tests.oracle.machine import check_shown
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.vocabulary.deployment import Deployment, result
from contract_tests.vocabulary.issuing import (
    bare,
    create_issuer,
    delete_issuer,
    own_issuer,
    the_one,
)

FULL: dict[str, Any] = {
    "url": "https://example.com/board?a=1",
    "iconImage": "https://example.com/board.png",
    "email": "board@example.com",
    "allowed_template_tags": ["learner_name", "issued_on"],
}
PERSON = {
    "name": "Ines Ålbrecht 🎓",
    "title": "Dean of “Studies”",
    "signature": "https://example.com/signature.png",
}
SHOWN = ("url", "iconImage", "allowed_template_tags")


def listed(deployment: Deployment, issuer: dict[str, Any]) -> dict[str, Any] | None:
    """Return an issuer as the list shows it, or nothing."""
    page = deployment.page({"page_size": 1000, "q": issuer["name"]}, "issuers/")
    return next((e for e in page.items if e["entityId"] == issuer["entityId"]), None)


def retrieved(deployment: Deployment, entity_id: str) -> dict[str, Any]:
    """Return an issuer, which must be there."""
    return the_one(deployment.get(f"issuers/{entity_id}"))


def put(deployment: Deployment, entity_id: str, fields: dict[str, Any], **options: Any) -> Reply:
    """Send a change of an issuer."""
    return deployment.send_json("PUT", f"issuers/{entity_id}", fields, **options)


@pytest.mark.rule("ISSUER-01")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_windows_lead_through_all_issuers(deployment: Deployment, limit: int) -> None:
    """Following `next` from the first window shows each issuer once, in the list's order."""

    def check() -> None:
        expected = [each["entityId"] for each in deployment.everything(path="issuers/")]
        windows = list(deployment.pages({"limit": limit}, "issuers/"))
        shown = [each for window in windows for each in window.ids]
        last = windows[-1].reply
        require(shown == expected, "windows do not show each issuer once", last,
                expected=expected, got=shown)  # fmt: skip
        for at, window in enumerate(windows):
            size = len(expected[at * limit : (at + 1) * limit])
            require(len(window.ids) == size, "a window has another length", window.reply)
            require(window["count"] == len(expected), "`count` is another", window.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ISSUER-01")
def test_an_offset_leaves_out_what_is_before_it(deployment: Deployment) -> None:
    """Any limit at any offset is that part of the list; behind the end there is nothing."""

    def check() -> None:
        expected = [each["entityId"] for each in deployment.everything(path="issuers/")]
        for limit, offset in ((2, 1), (1, 2), (3, 0), (2, len(expected)), (1000, 1)):
            window = deployment.page({"limit": limit, "offset": offset}, "issuers/")
            part = expected[offset : offset + limit]
            require(window.ids == part, "a window is not that part of the list", window.reply,
                    expected=part, got=window.ids)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ISSUER-02")
def test_an_issuer_is_stored(deployment: Deployment) -> None:
    """A full body is what the answer, the item, the list and a credential show."""
    body = {"name": deployment.name("Prüfstelle"), **FULL}
    reply = deployment.send_json("POST", "issuers/", body)
    issuer = result(reply)
    expected = {name: body[name] for name in ("name", *SHOWN)}
    expected |= {"org": deployment.settings.org, "signatories": []}
    check_shown(reply, issuer, expected, "a creation of an issuer")
    for shown in (retrieved(deployment, issuer["entityId"]), listed(deployment, issuer)):
        require(shown == issuer, "an issuer is not what was created", reply,
                expected=issuer, got=shown)  # fmt: skip
    credential = deployment.create(issuer=issuer["entityId"])
    details = credential["issuerDetails"]
    require(details == issuer, "a credential shows another issuer", reply, got=details)
    deployment.delete(credential["entityId"])
    delete_issuer(deployment, issuer["entityId"])


@pytest.mark.rule("ISSUER-03")
def test_a_change_of_an_issuer(deployment: Deployment) -> None:
    """Each field alone changes, nothing else does, and the issuer's credentials show it."""
    with own_issuer(deployment, **FULL) as issuer:
        credential = deployment.create(issuer=issuer["entityId"])
        changes: tuple[dict[str, Any], ...] = (
            {"url": "https://example.com/other"}, {"iconImage": None}, {"email": None},
            {"allowed_template_tags": ["z", "a"]}, {"allowed_template_tags": None}, {},
            {"name": deployment.name("renamed")}, {"iconImage": "https://example.com/2.png"},
        )  # fmt: skip
        for fields in changes:
            shown = {name: value for name, value in fields.items() if name != "email"}
            issuer = {**issuer, **shown}
            what = f"a change of {', '.join(fields) or 'nothing'} of an issuer"
            reply = put(deployment, issuer["entityId"], fields)
            check_shown(reply, the_one(reply), issuer, what)
            again = deployment.get(f"issuers/{issuer['entityId']}")
            check_shown(again, the_one(again), issuer, f"{what}, read again")
            reply = deployment.get(credential["entityId"])
            check_shown(reply, result(reply)["issuerDetails"], issuer, f"{what}, in a credential")
        deployment.delete(credential["entityId"])


@pytest.mark.rule("ISSUER-04")
def test_a_deleted_issuer_is_gone(deployment: Deployment) -> None:
    """404 on every method, in no list, refused as the issuer of a credential; others stay."""
    namesake = create_issuer(deployment)
    issuer = create_issuer(deployment, name=namesake["name"])
    delete_issuer(deployment, issuer["entityId"])
    path = f"issuers/{issuer['entityId']}"
    check_refusal(deployment.get(path), 404, "a deleted issuer")
    check_refusal(put(deployment, issuer["entityId"], {"name": "x"}), 404, "a deleted issuer")
    check_refusal(deployment.send("DELETE", path), 404, "a deleted issuer")
    require(listed(deployment, issuer) is None, "a deleted issuer is listed")
    require(listed(deployment, namesake) == namesake, "a deletion took another issuer")
    reply = deployment.send_json("POST", "", deployment.body(issuer=issuer["entityId"]))
    check_invalid(reply, "issuer", "a deleted issuer of a new credential")
    delete_issuer(deployment, namesake["entityId"])


@pytest.mark.rule("ISSUER-05")
@pytest.mark.parametrize(
    "public", [True, pytest.param(False, marks=pytest.mark.needs("disposable"))]
)
def test_an_issuer_in_use_is_not_deleted(deployment: Deployment, public: bool) -> None:
    """409 while a credential, listed or not, names it; it goes after the credential went."""
    with own_issuer(deployment) as issuer:
        credential = deployment.create(issuer=issuer["entityId"], public=public)
        reply = deployment.send("DELETE", f"issuers/{issuer['entityId']}")
        check_refusal(reply, 409, "a deletion of an issuer in use")
        shown = retrieved(deployment, issuer["entityId"])
        require(shown == issuer, "a refused deletion changed the issuer", reply, got=shown)
        after = deployment.get(credential["entityId"])
        require(result(after) == credential, "a refused deletion changed a credential", after)
        deployment.delete(credential["entityId"])


@pytest.mark.rule("ISSUER-06")
def test_a_signatory_joins_an_issuer(deployment: Deployment) -> None:
    """It shows in that issuer and its credentials, in the order of joining, and in no other."""
    with own_issuer(deployment) as issuer, own_issuer(deployment) as other:
        credential = deployment.create(issuer=issuer["entityId"])
        expected: list[dict[str, Any]] = []
        for name in ("First", "Second"):
            body = {**PERSON, "name": name, "entityId": issuer["entityId"]}
            reply = deployment.send_json("POST", "issuers/authority/", body)
            fields = {key: body[key] for key in PERSON}
            check_shown(reply, bare(reply), fields, "a signatory")
            expected.append(fields)
            shown = retrieved(deployment, issuer["entityId"])["signatories"]
            check_signatories(reply, shown, expected, "an issuer's")
            for record in (result(deployment.get(credential["entityId"])),):
                check_signatories(reply, record["signatories"], expected, "a credential's")
                inside = record["issuerDetails"]["signatories"]
                check_signatories(reply, inside, expected, "a credential's issuer's")
        shown = retrieved(deployment, other["entityId"])["signatories"]
        check_signatories(reply, shown, [], "another issuer's")
        deployment.delete(credential["entityId"])


@pytest.mark.rule("ISSUER-06")
def test_a_signatory_joins_a_credential(deployment: Deployment) -> None:
    """It shows in that credential behind the issuer's own, and neither in the issuer nor others."""
    with own_issuer(deployment) as issuer:
        one, other = (deployment.create(issuer=issuer["entityId"]) for _ in range(2))
        body = {**PERSON, "credential": one["entityId"]}
        reply = deployment.send_json("POST", "issuers/authority/", body)
        bare(reply)
        shown = result(deployment.get(one["entityId"]))
        check_signatories(reply, shown["signatories"], [PERSON], "a credential's")
        inside = retrieved(deployment, issuer["entityId"])["signatories"]
        check_signatories(reply, inside, [], "the issuer's")
        another = result(deployment.get(other["entityId"]))["signatories"]
        check_signatories(reply, another, [], "another credential's")
        for each in (one, other):
            deployment.delete(each["entityId"])


def check_signatories(
    reply: Reply, shown: list[dict[str, Any]], expected: list[dict[str, Any]], whose: str
) -> None:
    """Raise Breach unless these people sign, in this order."""
    got = [{name: each.get(name) for name in PERSON} for each in shown]
    require(got == expected, f"{whose} signatories are others", reply, expected=expected, got=got)


@pytest.mark.rule("ISSUER-07")
@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", None), ("name", "x" * 256), ("name", []), ("url", "nowhere"),
     ("email", "nobody"), ("iconImage", "/i.png"), ("allowed_template_tags", "x"),
     ("allowed_template_tags", [""])],
)  # fmt: skip
def test_bad_values_of_an_issuer(deployment: Deployment, field: str, value: Any) -> None:
    """400 with messages on the field, to create and to change, and nothing is stored."""
    name = deployment.name("refused")
    reply = deployment.send_json("POST", "issuers/", {"name": name, field: value})
    check_invalid(reply, field, f"a bad `{field}` of a new issuer")
    found = deployment.page({"q": name}, "issuers/")
    require(found.items == [], "a refused creation made an issuer", reply)
    with own_issuer(deployment, **FULL) as issuer:
        fields = {"name": deployment.name("refused"), field: value}
        check_invalid(put(deployment, issuer["entityId"], fields), field, f"a bad `{field}`")
        after = retrieved(deployment, issuer["entityId"])
        require(after == issuer, "a refused change changed an issuer", reply, got=after)


@pytest.mark.rule("ISSUER-07")
@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("title", None), ("title", "x" * 255), ("signature", "x"),
     ("signature", "https://example.com/" + "x" * 200),
     pytest.param("credential", "nowhere", marks=pytest.mark.needs("disposable"))],
)  # fmt: skip
def test_bad_values_of_a_signatory(deployment: Deployment, field: str, value: Any) -> None:
    """400 with messages on the field, and nobody joins."""
    with own_issuer(deployment) as issuer:
        body = {**PERSON, "entityId": issuer["entityId"], field: value}
        reply = deployment.send_json("POST", "issuers/authority/", body)
        check_invalid(reply, field, f"a bad `{field}` of a signatory")
        shown = retrieved(deployment, issuer["entityId"])["signatories"]
        check_signatories(reply, shown, [], "an issuer's")


@pytest.mark.rule("ISSUER-07")
def test_what_a_signatory_lacks(deployment: Deployment) -> None:
    """Name, title and signature are required."""
    with own_issuer(deployment) as issuer:
        body = {"entityId": issuer["entityId"]}
        reply = deployment.send_json("POST", "issuers/authority/", body)
        for field in PERSON:
            check_invalid(reply, field, f"a signatory without `{field}`")


@pytest.mark.rule("ISSUER-08")
def test_the_key_of_the_platform_names_an_issuer(deployment: Deployment) -> None:
    """`issuers/{org}` is one issuer of this platform, the same one each time."""

    def check() -> None:
        org = deployment.settings.org
        if not deployment.page(path="issuers/").items:
            pytest.skip("the platform has no issuer")
        reply = deployment.get(f"issuers/{org}")
        issuer = the_one(reply)
        require(issuer["org"] == org, "the key names another platform's issuer", reply, got=issuer)
        require(retrieved(deployment, issuer["entityId"]) == issuer, "key and id differ", reply)
        if deployment.settings.other_org:
            foreign = deployment.get(f"issuers/{deployment.settings.other_org}")
            check_refusal(foreign, 404, "another platform's key")

    deployment.while_nobody_writes(check)


def refused(deployment: Deployment, actor: str) -> None:
    """Raise Breach unless an actor's writes to issuers are 403 and change nothing."""
    with own_issuer(deployment, **FULL) as issuer:
        path, name = f"issuers/{issuer['entityId']}", deployment.name("by somebody else")
        person = {**PERSON, "entityId": issuer["entityId"]}
        for reply in (
            deployment.send_json("POST", "issuers/", {"name": name}, actor=actor),
            put(deployment, issuer["entityId"], {"name": name}, actor=actor),
            deployment.send("DELETE", path, actor=actor),
            deployment.send_json("POST", "issuers/authority/", person, actor=actor),
        ):
            check_refusal(reply, 403, f"a write to issuers by {actor}")
            after = retrieved(deployment, issuer["entityId"])
            require(after == issuer, "a refused write changed an issuer", reply, got=after)
        page = deployment.page({"q": name}, "issuers/")
        require(page.items == [], "a refused creation made an issuer", page.reply)


@pytest.mark.rule("ISSUER-09")
@pytest.mark.parametrize("actor", ["learner", "other_org_admin"])
def test_issuers_are_for_admins_to_write(deployment: Deployment, actor: str) -> None:
    """A learner and an admin of another platform create, change, delete and sign nothing."""
    if actor not in deployment.settings.keys:
        pytest.skip(f"no key for {actor}")
    refused(deployment, actor)


@pytest.mark.rule("ISSUER-10")
def test_issuers_are_not_for_department_admins(deployment: Deployment) -> None:
    """A department admin creates, changes, deletes and signs nothing."""
    refused(deployment, "department_admin")
