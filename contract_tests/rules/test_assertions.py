"""Assertions: issued, expired, revoked and deleted, one at a time, in bulk and by forms."""

from datetime import timedelta
from typing import Any

import pytest

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
    check_issue_refused,
    expired_assertion,
    find_item,
    find_items,
    is_final,
    issue,
    issue_in_bulk,
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


@pytest.mark.credcheck_rule("ASSERT-05")
def test_an_issued_assertion_is_shown_everywhere(deployment: Deployment) -> None:
    """The item, both lists and the public look-up show what the response contains."""
    fields: dict[str, Any] = {"metadata": {"grade": "A", "ключ": [1, None]}}
    with temporary_credential(deployment) as credential:
        response = request_issue(deployment, credential["entityId"], **fields)
        assertion = read_assertion(response)
        item = find_item(deployment)
        expected: dict[str, Any] = {
            "revoked": False,
            "revocationReason": None,
            "expires": None,
            "credentialDetails": credential,
        }
        earned = assertion["credentialDetails"].get(f"{item.kind}s")
        expected |= {name: None for name in ("course", "program") if name != item.kind}
        if item.kind in ("course", "program"):
            expected[item.kind] = earned[0] if earned else None
        metadata = assertion["metadata"]  # a service may add keys of its own
        kept = {name: metadata.get(name) for name in fields["metadata"]} if metadata else metadata
        message = "an issued assertion lacks its metadata"
        check_equal(kept, fields["metadata"], message, response)
        check_fields(response, assertion, expected, "an issued assertion")
        got = assertion["recipient"].get("username")
        message = "an assertion was issued to another user"
        is_same = str(got).casefold() == deployment.settings.username.casefold()
        require(is_same, message, response, expected=deployment.settings.username, got=got)
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
    item = find_items(deployment).get(name)
    if item is None:
        pytest.skip(f"no credential is linked to a {name}")
    listed = [link for each in deployment.list_items() for link in each[f"{name}s"]]
    links = {link[f"{name}_id"]: link for link in listed}
    some = [item.entity_id, *(each for each in links if each != item.entity_id)][:2]
    with temporary_credential(deployment, **{f"{name}s": some}) as credential:
        for entity_id in some:
            response = request_issue(deployment, credential["entityId"], **{kind: entity_id})
            assertion = read_assertion(response)
            expected: dict[str, Any] = {"course": None, "program": None}
            if name != "pathway":
                expected[name] = links[entity_id]
            check_fields(response, assertion, expected, f"an assertion earned with a {name}")
            check_everywhere(deployment, credential["entityId"], assertion)
            revoke(deployment, assertion["entityId"])


PERIODS: tuple[tuple[int | None, str | None, int, int], ...] = (
    (10, "days", 10, 10), (40, "days", 40, 40), (3, "weeks", 21, 21), (1, "months", 28, 31),
    (12, "months", 360, 366), (6, "months", 180, 184), (1, "years", 360, 366),
    (3, "years", 1080, 1096), (None, None, 0, 0), (None, "days", 0, 0),
)  # fmt: skip
"""Amount and duration of `expires`, and the least and the most days that it lasts.

Whether a month is one of the calendar, or thirty days, is not known.
"""
SLACK = timedelta(hours=26)
"""An assertion may hold until the end of its last day, in a zone with daylight saving time."""


@pytest.mark.credcheck_rule("ASSERT-06")
@pytest.mark.parametrize(("amount", "duration", "least", "most"), PERIODS)
def test_when_an_assertion_expires(
    deployment: Deployment, amount: int | None, duration: str | None, least: int, most: int
) -> None:
    """After so many days, weeks, months or years; or never."""
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
        is_fine = timedelta(days=least) - SLACK <= period <= timedelta(days=most) + SLACK
        message = "an assertion expires at the wrong time"
        expected = f"{least} to {most} days after its issue"
        require(is_fine, message, response, expected=expected, got=period)


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
            check_status(response, 400, "a revocation without a reason")
        after = deployment.get(f"assertions/{assertion['entityId']}")
        check_fields(after, read_record(after), assertion, "after a refused revocation")


@pytest.mark.credcheck_rule("ASSERT-07")
def test_a_revocation_can_be_undone(deployment: Deployment) -> None:
    """An assertion is revoked with a reason, and reinstated or not; the rest stays."""
    reason = "Ungültig – “twice” 🎓"
    expires = {"amount": 1, "duration": "years"}
    with temporary_credential(deployment, expires=expires) as credential:
        assertion = issue(deployment, credential["entityId"], metadata={"a": 1})
        path = f"assertions/{assertion['entityId']}"
        revoked = {**assertion, "revoked": True, "revocationReason": reason}
        again = {name: value for name, value in assertion.items() if name != "revocationReason"}
        for body, expected in (
            ({"revoked": True, "revocationReason": reason}, revoked),
            ({"revoked": False}, again),
            ({"revoked": True, "revocationReason": reason}, revoked),
            ({"revoked": False}, again),
        ):
            response = put_assertion(deployment, assertion["entityId"], body)
            if is_final(response) and body == {"revoked": False}:
                expected = revoked
            else:
                check_fields(response, read_record(response), expected, "an updated assertion")
            response = deployment.get(path)
            what = "an updated assertion, read again"
            check_fields(response, read_record(response), expected, what)


@pytest.mark.credcheck_rule("ASSERT-07")
def test_another_reason_is_stored(deployment: Deployment) -> None:
    """A reason may be of any length; a second one replaces it or not; alone it revokes nothing."""
    with temporary_credential(deployment) as credential:
        assertion = issue(deployment, credential["entityId"])
        path = f"assertions/{assertion['entityId']}"
        put_assertion(deployment, assertion["entityId"], {"revocationReason": "Alone."})
        response = deployment.get(path)
        check_fields(response, read_record(response), {"revoked": False}, "a reason alone")
        sent: list[str] = []
        for reason in ("First.", "Another.", "Long. " * 40 + "End."):
            body = {"revoked": True, "revocationReason": reason}
            response = put_assertion(deployment, assertion["entityId"], body)
            if response.status == 400:
                continue  # neither the length of a reason nor whether it is final is known
            sent.append(reason)
            got = read_record(response)["revocationReason"]
            require(got in sent, "an assertion has a reason that was not sent", response, got=got)
            response = deployment.get(path)
            expected = {"revoked": True, "revocationReason": got}
            check_fields(response, read_record(response), expected, "an assertion revoked again")


@pytest.mark.credcheck_rule("ASSERT-07")
def test_a_revocation_affects_one_assertion(deployment: Deployment) -> None:
    """Another assertion of the same credential is unchanged."""
    with temporary_credential(deployment) as credential:
        names = (deployment.settings.username, deployment.settings.learner_username)
        if not all(names) or names[0] == names[1]:
            pytest.skip("learner_username is not set")
        first, second = (issue(deployment, credential["entityId"], name) for name in names)
        revoke(deployment, first["entityId"])
        response = deployment.get(f"assertions/{second['entityId']}")
        check_fields(response, read_record(response), second, "another assertion")


@pytest.mark.credcheck_rule("ASSERT-07")
def test_a_revocation_affects_one_of_a_user(deployment: Deployment) -> None:
    """What the user holds of another credential, or held before, is unchanged."""
    with temporary_credential(deployment) as one, temporary_credential(deployment) as other:
        elsewhere = issue(deployment, other["entityId"])
        earlier = issue(deployment, one["entityId"])
        revoke(deployment, earlier["entityId"], "First.")
        response = request_issue(deployment, one["entityId"])
        later = read_record(response) if response.status in (200, 201) else earlier
        kept = [elsewhere]
        if later["entityId"] != earlier["entityId"]:  # a user may get a credential again
            response = deployment.get(f"assertions/{earlier['entityId']}")
            kept += [read_record(response)] if response.status == 200 else []
            revoke(deployment, later["entityId"], "Second.")
        for assertion in kept:
            response = deployment.get(f"assertions/{assertion['entityId']}")
            what = "another assertion of a user, of whose assertions one was revoked"
            check_fields(response, read_record(response), assertion, what)


@pytest.mark.credcheck_rule("ASSERT-08")
def test_a_held_credential_is_not_deleted(deployment: Deployment) -> None:
    """409 while a user holds it, and nothing changes; later its revoked assertions go with it."""
    credential = deployment.create(**find_item(deployment).links)
    entity_id = credential["entityId"]
    assertion = issue(deployment, entity_id)
    path = f"assertions/{assertion['entityId']}"
    for _ in range(2):
        response = deployment.send("DELETE", entity_id)
        check_status(response, 409, "deleting a credential with an active assertion")
        after = deployment.get(path)
        kept = {name: value for name, value in assertion.items() if name != "revocationReason"}
        check_fields(after, read_record(after), kept, "after a refused deletion")
        message = "a refused deletion changed the credential"
        require(deployment.retrieve(entity_id) == credential, message, response)
        page = deployment.get_page({"search": credential["name"]})
        check_equal(page.ids, [entity_id], "a refused deletion hides the credential", response)
        revoke(deployment, assertion["entityId"])
        if not reinstate(deployment, assertion["entityId"]):
            break
    else:
        revoke(deployment, assertion["entityId"])
    deployment.delete(entity_id)
    response = deployment.get(f"{entity_id}/assertions/")
    check_error(response, 404, "the list of a deleted credential")


@pytest.mark.credcheck_rule("ASSERT-08")
@pytest.mark.credcheck_needs("learner_username")
def test_an_older_assertion_holds_a_credential(deployment: Deployment) -> None:
    """409 while somebody holds it, though the newest assertion of it is revoked."""
    names = (deployment.settings.username, deployment.settings.learner_username)
    if names[0] == names[1]:
        pytest.skip("username and learner_username are the same user")
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        _, newest = (issue(deployment, entity_id, name) for name in names)
        revoke(deployment, newest["entityId"])
        response = deployment.send("DELETE", entity_id)
        check_status(response, 409, "deleting a credential with an active assertion")


@pytest.mark.credcheck_rule("ASSERT-08")
def test_an_expired_assertion_holds_nothing(deployment: Deployment) -> None:
    """It is in no list of valid ones, and its credential can be deleted."""
    with expired_assertion(deployment) as assertion:
        page = list_user_assertions(deployment, deployment.settings.username)
        message = "a user's list has an expired assertion"
        require(assertion["entityId"] not in page.ids, message, page.response)


@pytest.mark.credcheck_rule("ASSERT-09")
def test_issuing_in_bulk_skips_holders(deployment: Deployment) -> None:
    """First the credential is issued, then skipped, and the user holds it once."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        for outcome in ("issued", "skipped"):
            response = issue_in_bulk(deployment, entity_id, [name])
            expected = {"issued": [], "skipped": [], outcome: [name]}
            check_fields(response, read_record(response), expected, "issuing in bulk")
            page = list_assertions(deployment, entity_id)
            active = [item for item in page.items if not item["revoked"]]
            message = "the user does not have exactly one active assertion"
            check_equal(len(active), 1, message, page.response)


@pytest.mark.credcheck_rule("ASSERT-09")
def test_issuing_in_bulk_issues_to_all_others(deployment: Deployment) -> None:
    """A holder is skipped, the other user gets the credential with the fields of the request."""
    names = [deployment.settings.username, deployment.settings.learner_username]
    if not all(names) or names[0] == names[1]:
        pytest.skip("learner_username is not set")
    with temporary_credential(deployment, expires={"amount": 9, "duration": "weeks"}) as credential:
        alone = issue(deployment, credential["entityId"], names[0])
        response = issue_in_bulk(deployment, credential["entityId"], names, metadata={"a": 1})
        expected = {"skipped": names[:1], "issued": names[1:]}
        check_fields(response, read_record(response), expected, "issuing in bulk")
        page = list_assertions(deployment, credential["entityId"])
        issued = {item["recipient"]["username"]: item for item in page.items}
        message = "issuing in bulk issued to others than requested"
        check_equal(sorted(issued), sorted(names), message, response)
        in_bulk = issued[names[1]]
        got = (in_bulk["metadata"] or {}).get("a")
        message = "issuing in bulk issued another assertion than requested"
        check_equal(got, 1, message, page.response)
        same = {name: alone[name] for name in ("course", "program", "revoked", "acceptance")}
        check_fields(page.response, in_bulk, same, "an assertion issued in bulk")
        message = "an assertion issued in bulk expires at another time than one issued alone"
        is_same = measure_validity(in_bulk) == measure_validity(alone)
        require(is_same, message, page.response, expected=alone["expires"], got=in_bulk["expires"])


def measure_validity(assertion: dict[str, Any]) -> int | None:
    """Return the days from an assertion's issue to its end, None where it never expires."""
    if assertion["expires"] is None:
        return None
    period = parse_time(assertion["expires"]) - parse_time(assertion["issuedOn"])
    return round(period / timedelta(days=1))


@pytest.mark.credcheck_rule("ASSERT-13")
def test_any_order_of_issuing_and_revoking(deployment: Deployment) -> None:
    """Issue, revoke, reinstate, delete and list in any order match the model."""
    run_machine(deployment, AssertionMachine)


@pytest.mark.credcheck_rule("ASSERT-14")
@pytest.mark.parametrize(
    ("field", "value"),
    [("recipient", {}), ("recipient", "x"), ("recipient", None), ("recipient", {"identity": ""})],
)
def test_invalid_fields_issue_nothing(deployment: Deployment, field: str, value: Any) -> None:
    """An invalid recipient returns 400 with messages on it, and nothing is issued."""
    check_issue_refused(deployment, {field: value}, field)


@pytest.mark.credcheck_rule("ASSERT-14")
def test_required_fields(deployment: Deployment) -> None:
    """A recipient, or in bulk users, are required."""
    with temporary_credential(deployment) as credential:
        for path, field in (("assertions/", "recipient"), ("assertions/bulk/", "users")):
            body = find_item(deployment).fields
            response = deployment.send_json("POST", f"{credential['entityId']}/{path}", body)
            check_field_error(response, field, f"issuing without `{field}`")
        response = issue_in_bulk(deployment, credential["entityId"], [])
        message = "issuing in bulk to nobody is neither done nor refused"
        require(response.status in (200, 201, 400), message, response, got=response.status)
        page = list_assertions(deployment, credential["entityId"])
        check_equal(page.items, [], "issuing to nobody issued an assertion", page.response)


@pytest.mark.credcheck_rule("ASSERT-17")
@pytest.mark.parametrize("kind", KINDS)
def test_forms_do_what_json_does(deployment: Deployment, kind: str) -> None:
    """Forms issue in bulk, and revoke."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        assertion = issue(deployment, credential["entityId"])
        pairs = [("revoked", "true"), ("revocationReason", "By form – é")]
        response = send_form(deployment, "PUT", f"assertions/{assertion['entityId']}", pairs, kind)
        expected_revocation = {"revoked": True, "revocationReason": "By form – é"}
        record = read_record(response)
        check_fields(response, record, expected_revocation, "an assertion revoked by a form")
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        pairs = [("users", name), *find_item(deployment).fields.items()]
        response = send_form(deployment, "POST", f"{path}bulk/", pairs, kind)
        expected_bulk = {"issued": [name], "skipped": []}
        check_fields(response, read_record(response), expected_bulk, "issuing in bulk by a form")
