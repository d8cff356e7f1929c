"""Assertions: what is issued is what is shown; expiry, revocation, deletion, in bulk, in forms."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply
from contract_tests.oracle.assertion_machine import AssertionMachine
from contract_tests.oracle.machine import check_shown, run_machine
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.rules.test_state import multipart
from contract_tests.vocabulary.deployment import FORM, Deployment
from contract_tests.vocabulary.issuing import (
    assertions_of,
    bare,
    held_by,
    issue,
    issued,
    look_up,
    moment,
    own_credential,
    put_assertion,
    revoke,
    send_issue,
    take_back,
)

UNKNOWN = "nobody-of-this-name"


@pytest.mark.rule("ASSERT-05")
def test_what_is_issued_is_shown_everywhere(deployment: Deployment) -> None:
    """Item, both lists and the public look-up show what the answer says."""
    fields: dict[str, Any] = {"metadata": {"grade": "A", "ключ": [1, None]}}
    with own_credential(deployment) as credential:
        reply = send_issue(deployment, credential["entityId"], **fields)
        assertion = issued(reply)
        expected: dict[str, Any] = {
            **fields,
            "revoked": False,
            "revocationReason": None,
            "course": None,
        }
        expected |= {"program": None, "acceptance": "Unaccepted", "expires": None}
        expected |= {"credentialDetails": credential}
        check_shown(reply, assertion, expected, "what was issued")
        got = assertion["recipient"].get("username")
        require(got == deployment.settings.username, "it was issued to another", reply, got=got)
        check_everywhere(deployment, credential["entityId"], assertion)


def check_everywhere(deployment: Deployment, credential: str, assertion: dict[str, Any]) -> None:
    """Raise Breach unless everything shows an active assertion as it is, at the top of lists."""
    entity_id = assertion["entityId"]
    reply = deployment.get(f"assertions/{entity_id}")
    check_shown(reply, bare(reply), assertion, "an assertion by id")
    public = look_up(deployment, entity_id)
    check_shown(public, bare(public), assertion, "an assertion in public")
    holder = assertion["recipient"]["username"]
    for page in (assertions_of(deployment, credential), held_by(deployment, holder)):
        shown = next((each for each in page.items if each["entityId"] == entity_id), None)
        require(shown is not None, "what was issued is not listed", page.reply)
        check_shown(page.reply, shown or {}, assertion, "an assertion of a list")


@pytest.mark.rule("ASSERT-05")
@pytest.mark.parametrize("kind", ["course", "program", "program_id", "pathway", "pathway_id"])
def test_what_it_was_earned_with(deployment: Deployment, kind: str) -> None:
    """A course or program is shown with its name; both spellings are one field."""
    name = kind.removesuffix("_id")
    known = [each for item in deployment.everything() for each in item[f"{name}s"]]
    if not known:
        pytest.skip(f"no credential is linked to a {name}")
    with own_credential(deployment) as credential:
        reply = send_issue(deployment, credential["entityId"], **{kind: known[0][f"{name}_id"]})
        assertion = issued(reply)
        expected = {
            "course": None,
            "program": None,
            **({} if name == "pathway" else {name: known[0]}),
        }
        check_shown(reply, assertion, expected, f"what was earned with a {name}")
        check_everywhere(deployment, credential["entityId"], assertion)


PERIODS: tuple[tuple[int | None, str | None, int, int], ...] = (
    (1, "days", 1, 1), (10, "days", 10, 10), (2, "weeks", 14, 14), (1, "months", 28, 31),
    (12, "months", 365, 366), (6, "months", 181, 184), (1, "years", 365, 366),
    (3, "years", 1095, 1096), (None, None, 0, 0), (None, "days", 0, 0),
)  # fmt: skip
"""Amount and duration of `expires`, and the least and the most days that it lasts."""


@pytest.mark.rule("ASSERT-06")
@pytest.mark.parametrize(("amount", "duration", "least", "most"), PERIODS)
def test_when_an_assertion_expires(
    deployment: Deployment, amount: int | None, duration: str | None, least: int, most: int
) -> None:
    """So many days, weeks, months or years after its issue, on the same day; or never."""
    expires = {"amount": amount, "duration": duration}
    with own_credential(deployment, expires=expires) as credential:
        reply = send_issue(deployment, credential["entityId"])
        assertion = issued(reply)
        if amount is None:
            require(assertion["expires"] is None, "what never expires has an end", reply,
                    expected=None, got=assertion["expires"])  # fmt: skip
            return
        require(assertion["expires"] is not None, "what expires has no end", reply)
        start, end = moment(assertion["issuedOn"]), moment(assertion["expires"])
        lasts = end - start
        slack = timedelta(hours=2)  # a target whose days follow a summer time
        fine = timedelta(days=least) - slack <= lasts <= timedelta(days=most) + slack
        require(fine, "an assertion expires at another time", reply,
                expected=f"{least} to {most} days after its issue", got=lasts)  # fmt: skip
        if duration in ("months", "years"):
            same = end.day == start.day or (start.day > 28 and end.day >= 28)
            near = abs((end - slack).day - start.day) <= 1 or same
            require(near, "months are counted in days", reply, expected=start.day, got=end.day)


@pytest.mark.rule("ASSERT-06")
def test_a_later_change_moves_no_end(deployment: Deployment) -> None:
    """What was issued keeps its end when the credential's `expires` changes."""
    with own_credential(deployment, expires={"amount": 2, "duration": "days"}) as credential:
        assertion = issue(deployment, credential["entityId"])
        deployment.change(credential["entityId"], {"expires": {"amount": 9}})
        reply = deployment.get(f"assertions/{assertion['entityId']}")
        check_shown(reply, bare(reply), {"expires": assertion["expires"]}, "an issued assertion")


@pytest.mark.rule("ASSERT-07")
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_revocation_needs_a_reason(deployment: Deployment, reason: str | None) -> None:
    """Without one, or with a blank one, it is 400 on the reason and nothing is revoked."""
    with own_credential(deployment) as credential:
        assertion = issue(deployment, credential["entityId"])
        bodies: list[dict[str, Any]] = [{"revoked": True, "revocationReason": reason}]
        bodies += [{"revoked": True}] if reason is None else []
        for body in bodies:
            reply = put_assertion(deployment, assertion["entityId"], body)
            check_invalid(reply, "revocationReason", "a revocation without a reason")
        after = deployment.get(f"assertions/{assertion['entityId']}")
        check_shown(after, bare(after), assertion, "after a refused revocation")


@pytest.mark.rule("ASSERT-07")
def test_a_revocation_and_its_end(deployment: Deployment) -> None:
    """Revoked with its reason, taken back without one; id, times and the rest stay."""
    reason = "Ungültig – “twice” 🎓"
    with own_credential(deployment, expires={"amount": 1, "duration": "years"}) as credential:
        assertion = issue(deployment, credential["entityId"], metadata={"a": 1})
        path = f"assertions/{assertion['entityId']}"
        revoked = {**assertion, "revoked": True, "revocationReason": reason}
        for body, expected in (
            ({"revoked": True, "revocationReason": reason}, revoked),
            ({"revocationReason": "Another."}, {**revoked, "revocationReason": "Another."}),
            ({"revoked": False}, assertion),
            ({"revoked": True, "revocationReason": reason}, revoked),
            ({"revoked": False}, assertion),
            ({}, assertion),
        ):
            reply = put_assertion(deployment, assertion["entityId"], body)
            check_shown(reply, bare(reply), expected, "a change of an assertion")
            reply = deployment.get(path)
            check_shown(reply, bare(reply), expected, "a change of an assertion, read again")


@pytest.mark.rule("ASSERT-07")
def test_a_revocation_is_of_one_assertion(deployment: Deployment) -> None:
    """Another assertion of the same credential stays as it is."""
    with own_credential(deployment) as credential:
        one, other = (issue(deployment, credential["entityId"]) for _ in range(2))
        revoke(deployment, one["entityId"])
        reply = deployment.get(f"assertions/{other['entityId']}")
        check_shown(reply, bare(reply), other, "another assertion")


@pytest.mark.rule("ASSERT-08")
def test_who_earned_it_keeps_it(deployment: Deployment) -> None:
    """409 while somebody holds it; the refusal changes nothing; then it goes with what is left."""
    credential = deployment.create()
    entity_id = credential["entityId"]
    assertion = issue(deployment, entity_id)
    for _ in range(2):
        reply = deployment.send("DELETE", entity_id)
        check_refusal(reply, 409, "a deletion of what somebody holds")
        after = deployment.get(f"assertions/{assertion['entityId']}")
        check_shown(after, bare(after), assertion, "after a refused deletion")
        require(
            deployment.retrieve(entity_id) == credential, "a refused deletion changed it", reply
        )
        revoke(deployment, assertion["entityId"])
        take_back(deployment, assertion["entityId"])
    revoke(deployment, assertion["entityId"])
    deployment.delete(entity_id)
    check_refusal(deployment.get(f"assertions/{assertion['entityId']}"), 404, "what went with it")
    require(look_up(deployment, assertion["entityId"]).status == 404, "it is still public", reply)
    check_refusal(deployment.get(f"{entity_id}/assertions/"), 404, "a deleted credential's list")


@pytest.mark.rule("ASSERT-09")
def test_a_bulk_skips_who_holds_it(deployment: Deployment) -> None:
    """The first time it is issued, the second time skipped, after a revocation issued again."""
    name = deployment.settings.username
    with own_credential(deployment) as credential:
        entity_id = credential["entityId"]
        for expected in ("issued", "skipped", "issued"):
            reply = send_bulk(deployment, entity_id, [name, name])
            answer = {"issued": [], "skipped": [], expected: [name]}
            check_shown(reply, bare(reply), answer, "a bulk")
            page = assertions_of(deployment, entity_id)
            active = [each for each in page.items if not each["revoked"]]
            require(len(active) == 1, "a bulk did not issue exactly one", page.reply,
                    expected=1, got=len(active))  # fmt: skip
            if expected == "skipped":
                deployment.target.guard.own.add(active[0]["entityId"])
                revoke(deployment, active[0]["entityId"])


@pytest.mark.rule("ASSERT-09")
def test_a_bulk_issues_to_all_others(deployment: Deployment) -> None:
    """Who holds it is skipped, the other is issued it, with what it was earned with."""
    names = [deployment.settings.username, deployment.settings.learner_username]
    if not all(names) or names[0] == names[1]:
        pytest.skip("learner_username is not set")
    with own_credential(deployment) as credential:
        issue(deployment, credential["entityId"], names[0])
        reply = send_bulk(deployment, credential["entityId"], names, metadata={"a": 1})
        check_shown(reply, bare(reply), {"skipped": names[:1], "issued": names[1:]}, "a bulk")
        newest = assertions_of(deployment, credential["entityId"]).items[0]
        got = (newest["recipient"]["username"], newest["metadata"])
        require(got == (names[1], {"a": 1}), "a bulk issued something else", reply, got=got)


@pytest.mark.rule("ASSERT-09")
def test_an_unknown_name_stops_a_bulk(deployment: Deployment) -> None:
    """One user who does not exist is 400 on `users`, and nobody is issued it."""
    with own_credential(deployment) as credential:
        names = [deployment.settings.username, UNKNOWN]
        reply = send_bulk(deployment, credential["entityId"], names)
        check_invalid(reply, "users", "an unknown user in a bulk")
        page = assertions_of(deployment, credential["entityId"])
        require(page.items == [], "a refused bulk issued something", page.reply)


def send_bulk(deployment: Deployment, credential: str, users: list[str], **fields: Any) -> Reply:
    """Send what issues a credential to several users."""
    body = {"users": users, **fields}
    return deployment.send_json("POST", f"{credential}/assertions/bulk/", body)


@pytest.mark.rule("ASSERT-13")
def test_any_order_of_issuing_and_revoking(deployment: Deployment) -> None:
    """Issue, revoke, take back, delete, list in any order agree with a plain record."""
    run_machine(deployment, AssertionMachine)


@pytest.mark.rule("ASSERT-14")
@pytest.mark.parametrize(
    ("field", "value"),
    [("recipient", {"identity": UNKNOWN}), ("recipient", {}), ("recipient", "x"),
     ("recipient", None), ("recipient", {"identity": "", "email": "x"}), ("course", "nothing"),
     ("program", "nothing"), ("program_id", "nothing"), ("pathway", "nothing")],
)  # fmt: skip
def test_bad_issues(deployment: Deployment, field: str, value: Any) -> None:
    """400 with messages on the field, and nothing is issued."""
    with own_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        body = {"recipient": {"identity": deployment.settings.username}, field: value}
        check_invalid(deployment.send_json("POST", path, body), field, f"a bad `{field}`")
        page = assertions_of(deployment, credential["entityId"])
        require(page.items == [], "a refused issue issued something", page.reply)


@pytest.mark.rule("ASSERT-14")
def test_what_an_issue_lacks(deployment: Deployment) -> None:
    """A recipient, or users, are required."""
    with own_credential(deployment) as credential:
        for path, field in (("assertions/", "recipient"), ("assertions/bulk/", "users")):
            reply = deployment.send_json("POST", f"{credential['entityId']}/{path}", {})
            check_invalid(reply, field, f"an issue without `{field}`")


@pytest.mark.rule("ASSERT-14")
def test_two_origins_are_one_too_many(deployment: Deployment) -> None:
    """Of course and program one may be sent."""
    items = deployment.everything()
    courses = [each["course_id"] for item in items for each in item["courses"]]
    programs = [each["program_id"] for item in items for each in item["programs"]]
    if not (courses and programs):
        pytest.skip("no credential is linked to a course, or none to a program")
    with own_credential(deployment) as credential:
        origins = {"course": courses[0], "program": programs[0]}
        reply = send_issue(deployment, credential["entityId"], **origins)
        require(reply.status == 400, "two origins are accepted", reply, expected=400)


@pytest.mark.rule("ASSERT-17")
@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_forms_do_what_json_does(deployment: Deployment, kind: str) -> None:
    """Issue, bulk and revoke by a form; a recipient as JSON text or with dotted keys."""
    name = deployment.settings.username
    with own_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        for pair in (("recipient", json.dumps({"identity": name})), ("recipient.identity", name)):
            reply = send_form(deployment, "POST", path, [pair, ("metadata", '{"a": [1]}')], kind)
            assertion = issued(reply)
            check_shown(reply, assertion, {"metadata": {"a": [1]}}, "an issue by form")
            got = assertion["recipient"]["username"]
            require(got == name, "a form issues to another", reply, expected=name, got=got)
            fields = [("revoked", "true"), ("revocationReason", "By form – é")]
            item = f"assertions/{assertion['entityId']}"
            expected = {"revoked": True, "revocationReason": "By form – é"}
            reply = send_form(deployment, "PUT", item, fields, kind)
            check_shown(reply, bare(reply), expected, "a revocation by form")
        reply = send_form(deployment, "POST", f"{path}bulk/", [("users", name)], kind)
        check_shown(reply, bare(reply), {"issued": [name], "skipped": []}, "a bulk by form")


def send_form(
    deployment: Deployment, method: str, path: str, pairs: list[tuple[str, str]], kind: str
) -> Reply:
    """Send a form of one of the two kinds."""
    body, media_type = (
        multipart(pairs) if kind == "multipart" else (urlencode(pairs).encode(), FORM)
    )
    return deployment.send(method, path, headers={"Content-Type": media_type}, body=body)
