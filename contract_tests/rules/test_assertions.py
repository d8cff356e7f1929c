"""Assertions: issued, expired, revoked and deleted, one at a time, in bulk and by forms."""

import json
from datetime import timedelta
from typing import Any

import pytest

from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.oracle.assertion_machine import AssertionMachine
from contract_tests.oracle.machine import run_machine
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_fields,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.forms import KINDS, send_form
from contract_tests.vocabulary.issuing import (
    issue,
    list_assertions,
    list_user_assertions,
    look_up_assertion,
    parse_time,
    put_assertion,
    read_assertion,
    read_record,
    reinstate,
    request_issue,
    revoke,
    temporary_credential,
)
from contract_tests.vocabulary.records import UNKNOWN_USERNAME


@pytest.mark.credcheck_rule("ASSERT-05")
def test_an_issued_assertion_is_shown_everywhere(deployment: Deployment) -> None:
    """The item, both lists and the public look-up show what the response contains."""
    fields: dict[str, Any] = {"metadata": {"grade": "A", "ключ": [1, None]}}
    with temporary_credential(deployment) as credential:
        response = request_issue(deployment, credential["entityId"], **fields)
        assertion = read_assertion(response)
        expected: dict[str, Any] = {
            **fields,
            "revoked": False,
            "revocationReason": None,
            "course": None,
            "program": None,
            "acceptance": "Unaccepted",
            "expires": None,
            "credentialDetails": credential,
        }
        check_fields(response, assertion, expected, "an issued assertion")
        got = assertion["recipient"].get("username")
        message = "an assertion was issued to another user"
        check_equal(got, deployment.settings.username, message, response)
        check_everywhere(deployment, credential["entityId"], assertion)


def check_everywhere(deployment: Deployment, credential: str, assertion: dict[str, Any]) -> None:
    """Require the item, both lists and the public look-up to show an active assertion as it is."""
    entity_id = assertion["entityId"]
    response = deployment.get(f"assertions/{entity_id}")
    check_fields(response, read_record(response), assertion, "an assertion by id")
    public = look_up_assertion(deployment, entity_id)
    check_fields(public, read_record(public), assertion, "an assertion in public")
    holder = assertion["recipient"]["username"]
    lists = (list_assertions(deployment, credential), list_user_assertions(deployment, holder))
    for page in lists:
        listed = [item for item in page.items if item["entityId"] == entity_id]
        require(listed, "an issued assertion is not listed", page.response)
        check_fields(page.response, listed[0], assertion, "a listed assertion")


@pytest.mark.credcheck_rule("ASSERT-05")
@pytest.mark.parametrize("kind", ["course", "program", "program_id", "pathway", "pathway_id"])
def test_the_course_or_program_is_shown(deployment: Deployment, kind: str) -> None:
    """A course or program is shown with its name; both spellings are one field."""
    name = kind.removesuffix("_id")
    known = [link for item in deployment.list_items() for link in item[f"{name}s"]]
    if not known:
        pytest.skip(f"no credential is linked to a {name}")
    with temporary_credential(deployment) as credential:
        fields = {kind: known[0][f"{name}_id"]}
        response = request_issue(deployment, credential["entityId"], **fields)
        assertion = read_assertion(response)
        expected: dict[str, Any] = {"course": None, "program": None}
        if name != "pathway":
            expected[name] = known[0]
        check_fields(response, assertion, expected, f"an assertion earned with a {name}")
        check_everywhere(deployment, credential["entityId"], assertion)


PERIODS: tuple[tuple[int | None, str | None, int, int], ...] = (
    (1, "days", 1, 1), (10, "days", 10, 10), (2, "weeks", 14, 14), (1, "months", 28, 31),
    (12, "months", 365, 366), (6, "months", 181, 184), (1, "years", 365, 366),
    (3, "years", 1095, 1096), (None, None, 0, 0), (None, "days", 0, 0),
)  # fmt: skip
"""Amount and duration of `expires`, and the least and the most days that it lasts."""


@pytest.mark.credcheck_rule("ASSERT-06")
@pytest.mark.parametrize(("amount", "duration", "least", "most"), PERIODS)
def test_when_an_assertion_expires(
    deployment: Deployment, amount: int | None, duration: str | None, least: int, most: int
) -> None:
    """After so many days, weeks, months or years, on the same day of the month; or never."""
    expires = {"amount": amount, "duration": duration}
    with temporary_credential(deployment, expires=expires) as credential:
        response = request_issue(deployment, credential["entityId"])
        assertion = read_assertion(response)
        if amount is None:
            message = "an assertion that must not expire has an expiry"
            check_equal(assertion["expires"], None, message, response)
            return
        message = "an assertion that must expire has no expiry"
        require(assertion["expires"] is not None, message, response)
        start, end = parse_time(assertion["issuedOn"]), parse_time(assertion["expires"])
        period = end - start
        slack = timedelta(hours=2)  # the days of a target may follow daylight saving time
        is_fine = timedelta(days=least) - slack <= period <= timedelta(days=most) + slack
        message = "an assertion expires at the wrong time"
        expected = f"{least} to {most} days after its issue"
        require(is_fine, message, response, expected=expected, got=period)
        if duration in ("months", "years"):
            is_end_of_month = start.day > 28 and end.day >= 28
            is_same_day = end.day == start.day or abs((end - slack).day - start.day) <= 1
            message = "a month is counted in days"
            is_fine = is_same_day or is_end_of_month
            require(is_fine, message, response, expected=start.day, got=end.day)


@pytest.mark.credcheck_rule("ASSERT-06")
def test_a_later_update_keeps_the_expiry(deployment: Deployment) -> None:
    """An issued assertion keeps its expiry when its credential's `expires` changes."""
    expires = {"amount": 2, "duration": "days"}
    with temporary_credential(deployment, expires=expires) as credential:
        assertion = issue(deployment, credential["entityId"])
        deployment.update(credential["entityId"], {"expires": {"amount": 9}})
        response = deployment.get(f"assertions/{assertion['entityId']}")
        expected = {"expires": assertion["expires"]}
        check_fields(response, read_record(response), expected, "an issued assertion")


@pytest.mark.credcheck_rule("ASSERT-07")
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_revocation_needs_a_reason(deployment: Deployment, reason: str | None) -> None:
    """A missing or blank reason returns 400 on it, and nothing is revoked."""
    with temporary_credential(deployment) as credential:
        assertion = issue(deployment, credential["entityId"])
        bodies: list[dict[str, Any]] = [{"revoked": True, "revocationReason": reason}]
        bodies += [{"revoked": True}] if reason is None else []
        for body in bodies:
            response = put_assertion(deployment, assertion["entityId"], body)
            check_field_error(response, "revocationReason", "a revocation without a reason")
        after = deployment.get(f"assertions/{assertion['entityId']}")
        check_fields(after, read_record(after), assertion, "after a refused revocation")


@pytest.mark.credcheck_rule("ASSERT-07")
def test_a_revocation_can_be_undone(deployment: Deployment) -> None:
    """An assertion is revoked with a reason, and reinstated without one; the rest stays."""
    reason = "Ungültig – “twice” 🎓"
    expires = {"amount": 1, "duration": "years"}
    with temporary_credential(deployment, expires=expires) as credential:
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
            response = put_assertion(deployment, assertion["entityId"], body)
            check_fields(response, read_record(response), expected, "an updated assertion")
            response = deployment.get(path)
            what = "an updated assertion, read again"
            check_fields(response, read_record(response), expected, what)


@pytest.mark.credcheck_rule("ASSERT-07")
def test_a_revocation_affects_one_assertion(deployment: Deployment) -> None:
    """Another assertion of the same credential is unchanged."""
    with temporary_credential(deployment) as credential:
        first, second = (issue(deployment, credential["entityId"]) for _ in range(2))
        revoke(deployment, first["entityId"])
        response = deployment.get(f"assertions/{second['entityId']}")
        check_fields(response, read_record(response), second, "another assertion")


@pytest.mark.credcheck_rule("ASSERT-08")
def test_a_held_credential_is_not_deleted(deployment: Deployment) -> None:
    """409 while a user holds it, and nothing changes; later its revoked assertions go with it."""
    credential = deployment.create()
    entity_id = credential["entityId"]
    assertion = issue(deployment, entity_id)
    path = f"assertions/{assertion['entityId']}"
    for _ in range(2):
        response = deployment.send("DELETE", entity_id)
        check_error(response, 409, "deleting a credential with an active assertion")
        after = deployment.get(path)
        check_fields(after, read_record(after), assertion, "after a refused deletion")
        message = "a refused deletion changed the credential"
        require(deployment.retrieve(entity_id) == credential, message, response)
        revoke(deployment, assertion["entityId"])
        reinstate(deployment, assertion["entityId"])
    revoke(deployment, assertion["entityId"])
    deployment.delete(entity_id)
    check_error(deployment.get(path), 404, "an assertion of a deleted credential")
    public = look_up_assertion(deployment, assertion["entityId"])
    check_status(public, 404, "an assertion of a deleted credential in public")
    response = deployment.get(f"{entity_id}/assertions/")
    check_error(response, 404, "the list of a deleted credential")


@pytest.mark.credcheck_rule("ASSERT-09")
def test_issuing_in_bulk_skips_holders(deployment: Deployment) -> None:
    """First the credential is issued, then skipped, after a revocation issued again."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        for outcome in ("issued", "skipped", "issued"):
            response = issue_in_bulk(deployment, entity_id, [name, name])
            expected = {"issued": [], "skipped": [], outcome: [name]}
            check_fields(response, read_record(response), expected, "issuing in bulk")
            page = list_assertions(deployment, entity_id)
            active = [item for item in page.items if not item["revoked"]]
            message = "the user does not have exactly one active assertion"
            check_equal(len(active), 1, message, page.response)
            if outcome == "skipped":
                deployment.target.guard.own.add(active[0]["entityId"])
                revoke(deployment, active[0]["entityId"])


@pytest.mark.credcheck_rule("ASSERT-09")
def test_issuing_in_bulk_issues_to_all_others(deployment: Deployment) -> None:
    """A holder is skipped, the other user gets the credential with the fields of the request."""
    names = [deployment.settings.username, deployment.settings.learner_username]
    if not all(names) or names[0] == names[1]:
        pytest.skip("learner_username is not set")
    with temporary_credential(deployment) as credential:
        issue(deployment, credential["entityId"], names[0])
        response = issue_in_bulk(deployment, credential["entityId"], names, metadata={"a": 1})
        expected = {"skipped": names[:1], "issued": names[1:]}
        check_fields(response, read_record(response), expected, "issuing in bulk")
        newest = list_assertions(deployment, credential["entityId"]).items[0]
        got = (newest["recipient"]["username"], newest["metadata"])
        message = "issuing in bulk issued another assertion than requested"
        check_equal(got, (names[1], {"a": 1}), message, response)


@pytest.mark.credcheck_rule("ASSERT-09")
def test_an_unknown_user_stops_issuing_in_bulk(deployment: Deployment) -> None:
    """One unknown user returns 400 on `users`, and nothing is issued."""
    with temporary_credential(deployment) as credential:
        names = [deployment.settings.username, UNKNOWN_USERNAME]
        response = issue_in_bulk(deployment, credential["entityId"], names)
        check_field_error(response, "users", "an unknown user in bulk")
        page = list_assertions(deployment, credential["entityId"])
        check_equal(page.items, [], "a refused request issued an assertion", page.response)


def issue_in_bulk(
    deployment: Deployment, credential: str, users: list[str], **fields: Any
) -> Response:
    """Send a request that issues a credential to several users."""
    body = {"users": users, **fields}
    return deployment.send_json("POST", f"{credential}/assertions/bulk/", body)


@pytest.mark.credcheck_rule("ASSERT-13")
def test_any_order_of_issuing_and_revoking(deployment: Deployment) -> None:
    """Issue, revoke, reinstate, delete and list in any order match the model."""
    run_machine(deployment, AssertionMachine)


@pytest.mark.credcheck_rule("ASSERT-14")
@pytest.mark.parametrize(
    ("field", "value"),
    [("recipient", {"identity": UNKNOWN_USERNAME}), ("recipient", {}), ("recipient", "x"),
     ("recipient", None), ("recipient", {"identity": "", "email": "x"}), ("course", "nothing"),
     ("program", "nothing"), ("program_id", "nothing"), ("pathway", "nothing")],
)  # fmt: skip
def test_invalid_fields_issue_nothing(deployment: Deployment, field: str, value: Any) -> None:
    """An invalid field returns 400 with messages on it, and nothing is issued."""
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        body = {"recipient": {"identity": deployment.settings.username}, field: value}
        response = deployment.send_json("POST", path, body)
        check_field_error(response, field, f"an invalid `{field}`")
        page = list_assertions(deployment, credential["entityId"])
        check_equal(page.items, [], "a refused request issued an assertion", page.response)


@pytest.mark.credcheck_rule("ASSERT-14")
def test_required_fields(deployment: Deployment) -> None:
    """A recipient, or in bulk users, are required."""
    with temporary_credential(deployment) as credential:
        for path, field in (("assertions/", "recipient"), ("assertions/bulk/", "users")):
            response = deployment.send_json("POST", f"{credential['entityId']}/{path}", {})
            check_field_error(response, field, f"issuing without `{field}`")


@pytest.mark.credcheck_rule("ASSERT-14")
def test_a_course_and_a_program_exclude_each_other(deployment: Deployment) -> None:
    """A request with both a course and a program returns 400."""
    items = deployment.list_items()
    courses = [link["course_id"] for item in items for link in item["courses"]]
    programs = [link["program_id"] for item in items for link in item["programs"]]
    if not (courses and programs):
        pytest.skip("no credential is linked to a course, or none to a program")
    with temporary_credential(deployment) as credential:
        fields = {"course": courses[0], "program": programs[0]}
        response = request_issue(deployment, credential["entityId"], **fields)
        check_status(response, 400, "issuing with a course and a program")


@pytest.mark.credcheck_rule("ASSERT-17")
@pytest.mark.parametrize("kind", KINDS)
def test_forms_do_what_json_does(deployment: Deployment, kind: str) -> None:
    """Forms issue, also in bulk, and revoke; the recipient is JSON text or has a dotted key."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        for pair in (("recipient", json.dumps({"identity": name})), ("recipient.identity", name)):
            pairs = [pair, ("metadata", '{"a": [1]}')]
            response = send_form(deployment, "POST", path, pairs, kind)
            assertion = read_assertion(response)
            expected = {"metadata": {"a": [1]}}
            check_fields(response, assertion, expected, "an assertion issued by a form")
            got = assertion["recipient"]["username"]
            check_equal(got, name, "a form issues to another user", response)
            pairs = [("revoked", "true"), ("revocationReason", "By form – é")]
            item = f"assertions/{assertion['entityId']}"
            response = send_form(deployment, "PUT", item, pairs, kind)
            expected_revocation = {"revoked": True, "revocationReason": "By form – é"}
            record = read_record(response)
            check_fields(response, record, expected_revocation, "an assertion revoked by a form")
        response = send_form(deployment, "POST", f"{path}bulk/", [("users", name)], kind)
        expected_bulk = {"issued": [name], "skipped": []}
        check_fields(response, read_record(response), expected_bulk, "issuing in bulk by a form")
