"""Open rules on assertions: what an issue needs, and what a service may do otherwise."""

import json
from datetime import timedelta
from typing import Any

import pytest

from contract_tests.errors import require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_fields,
    check_order,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.forms import KINDS, send_form
from contract_tests.vocabulary.issuing import (
    ALL_ASSERTIONS,
    check_issue_refused,
    expired_assertion,
    find_assertion,
    find_item,
    find_items,
    find_longest_list,
    issue,
    issue_in_bulk,
    issued_credential,
    list_assertions,
    look_up_assertion,
    parse_time,
    put_assertion,
    read_assertion,
    read_record,
    request_issue,
    revoke,
    temporary_credential,
)
from contract_tests.vocabulary.pages import check_page
from contract_tests.vocabulary.records import UNKNOWN_USERNAME

MAIN_TENANT = "main"


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
@pytest.mark.parametrize(("amount", "duration"), [(1, "months"), (12, "months"), (3, "years")])
def test_a_month_is_one_of_the_calendar(deployment: Deployment, amount: int, duration: str) -> None:
    """A month and a year end on the same day of the month."""
    expires = {"amount": amount, "duration": duration}
    with temporary_credential(deployment, expires=expires) as credential:
        response = request_issue(deployment, credential["entityId"])
        assertion = read_assertion(response)
        start, end = parse_time(assertion["issuedOn"]), parse_time(assertion["expires"] or "")
        slack = timedelta(hours=2)
        is_end_of_month = start.day > 28 and end.day >= 28
        is_same_day = end.day == start.day or abs((end - slack).day - start.day) <= 1
        message = "a month is counted in days"
        is_fine = is_same_day or is_end_of_month
        require(is_fine, message, response, expected=start.day, got=end.day)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_a_later_update_keeps_the_expiry(deployment: Deployment) -> None:
    """An issued assertion keeps its expiry when its credential's `expires` changes."""
    expires = {"amount": 2, "duration": "days"}
    with temporary_credential(deployment, expires=expires) as credential:
        assertion = issue(deployment, credential["entityId"])
        deployment.update(credential["entityId"], {"expires": {"amount": 9}})
        response = deployment.get(f"assertions/{assertion['entityId']}")
        expected = {"expires": assertion["expires"]}
        check_fields(response, read_record(response), expected, "an issued assertion")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_an_update_of_an_assertion_is_partial(deployment: Deployment) -> None:
    """A new reason alone is stored, `{}` changes nothing, a reinstatement removes the reason."""
    with temporary_credential(deployment) as credential:
        assertion = issue(deployment, credential["entityId"])
        revoke(deployment, assertion["entityId"], "First.")
        for body, reason in (
            ({"revocationReason": "Another."}, "Another."),
            ({}, "Another."),
            ({"revoked": False}, None),
        ):
            response = put_assertion(deployment, assertion["entityId"], body)
            got = read_record(response)["revocationReason"]
            check_equal(got, reason, "the reason after an update of an assertion", response)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_the_missing_reason_is_reported(deployment: Deployment) -> None:
    """The messages about a missing reason are on its field."""
    with temporary_credential(deployment) as credential:
        assertion = issue(deployment, credential["entityId"])
        response = put_assertion(deployment, assertion["entityId"], {"revoked": True})
        check_field_error(response, "revocationReason", "a revocation without a reason")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_revoked_assertions_go_with_their_credential(deployment: Deployment) -> None:
    """An assertion of a deleted credential is 404, and so is its public look-up without a body."""
    with issued_credential(deployment) as (entity_id, assertion):
        revoke(deployment, assertion)
        deployment.delete(entity_id)
        check_error(deployment.get(f"assertions/{assertion}"), 404, "of a deleted credential")
        public = look_up_assertion(deployment, assertion)
        check_status(public, 404, "an assertion of a deleted credential in public")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_issuing_in_bulk_after_a_revocation(deployment: Deployment) -> None:
    """A user whose assertion was revoked gets another one; a name that is repeated counts once."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        assertion = issue(deployment, entity_id)
        revoke(deployment, assertion["entityId"])
        response = issue_in_bulk(deployment, entity_id, [name, name])
        expected = {"issued": [name], "skipped": []}
        check_fields(response, read_record(response), expected, "issuing in bulk")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_an_unknown_user_stops_issuing_in_bulk(deployment: Deployment) -> None:
    """One unknown user returns 400 on `users`, and nothing is issued."""
    with temporary_credential(deployment) as credential:
        names = [deployment.settings.username, UNKNOWN_USERNAME]
        response = issue_in_bulk(deployment, credential["entityId"], names)
        check_field_error(response, "users", "an unknown user in bulk")
        page = list_assertions(deployment, credential["entityId"])
        check_equal(page.items, [], "a refused request issued an assertion", page.response)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
@pytest.mark.parametrize(
    ("field", "value"),
    [("recipient", {"identity": UNKNOWN_USERNAME}), ("course", "nothing"), ("program", "nothing"),
     ("program_id", "nothing"), ("pathway", "nothing")],
)  # fmt: skip
def test_unknown_items_issue_nothing(deployment: Deployment, field: str, value: Any) -> None:
    """An unknown user or item returns 400 with messages on it, and nothing is issued."""
    fields = {field: value} if field == "recipient" else {"course": None, field: value}
    check_issue_refused(deployment, fields, field)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_a_course_and_a_program_exclude_each_other(deployment: Deployment) -> None:
    """A request with both a course and a program returns 400."""
    items = find_items(deployment)
    if not {"course", "program"} <= items.keys():
        pytest.skip("no credential is linked to a course, or none to a program")
    both = (items["course"], items["program"])
    with temporary_credential(deployment, **both[0].links, **both[1].links) as credential:
        fields = {**both[0].fields, **both[1].fields}
        response = request_issue(deployment, credential["entityId"], **fields)
        check_status(response, 400, "issuing with a course and a program")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
@pytest.mark.parametrize("kind", KINDS)
def test_the_recipient_of_a_form(deployment: Deployment, kind: str) -> None:
    """Forms issue: the recipient is JSON text or has a dotted key."""
    name = deployment.settings.username
    with temporary_credential(deployment) as credential:
        path = f"{credential['entityId']}/assertions/"
        for pair in (("recipient", json.dumps({"identity": name})), ("recipient.identity", name)):
            pairs = [pair, ("metadata", '{"a": [1]}'), *find_item(deployment).fields.items()]
            response = send_form(deployment, "POST", path, pairs, kind)
            assertion = read_assertion(response)
            expected = {"metadata": {"a": [1]}}
            check_fields(response, assertion, expected, "an assertion issued by a form")
            got = assertion["recipient"]["username"]
            check_equal(got, name, "a form issues to another user", response)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_issuing_needs_an_item(deployment: Deployment) -> None:
    """Without an item, or with one that the credential is not attached to, issuing returns 400."""
    items = find_items(deployment)
    for item in items.values():
        with temporary_credential(deployment, **item.links) as credential:
            others = [other.fields for kind, other in items.items() if kind != item.kind]
            for fields in ({}, {"catalog_item": "no-such-item"}, *others):
                what = f"issuing with {', '.join(fields) or 'nothing'} that it is not attached to"
                response = request_issue(deployment, credential["entityId"], item=False, **fields)
                check_status(response, 400, what)
                body = {"users": [deployment.settings.username], **fields}
                path = f"{credential['entityId']}/assertions/bulk/"
                check_status(deployment.send_json("POST", path, body), 400, f"{what}, in bulk")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_a_negative_period_is_over(deployment: Deployment) -> None:
    """An assertion that is valid for less than nothing has expired when it is issued."""
    with temporary_credential(deployment, expires={"amount": -2, "duration": "days"}) as credential:
        response = request_issue(deployment, credential["entityId"])
        assertion = read_assertion(response)
        end = parse_time(assertion["expires"] or "9999-12-31T00:00:00+00:00")
        is_over = end < parse_time(assertion["issuedOn"])
        message = "an assertion of a negative period has not expired"
        require(is_over, message, response, expected="a past time", got=assertion["expires"])


@pytest.mark.credcheck_rule("ASSERT-18")
def test_the_public_look_up_reads_no_key(deployment: Deployment) -> None:
    """An unknown key does not matter to the public look-up."""

    def check() -> None:
        entity_id = find_assertion(deployment)["entityId"]
        headers = {"Authorization": "Api-Key no-such-key"}
        response = look_up_assertion(deployment, entity_id, headers=headers)
        check_status(response, 200, "a public look-up with an unknown key")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-18")
def test_the_newest_assertion_comes_first(deployment: Deployment) -> None:
    """A list of assertions is ordered from newest to oldest."""

    def check() -> None:
        path, query = find_longest_list(deployment)
        page = deployment.get_page({**query, "page_size": 100}, path, envelope=False)
        message = "a list is not ordered from newest to oldest"
        check_order(page.items, message, page.response, lambda item: parse_time(item["issuedOn"]))

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-18")
def test_the_maximum_is_a_thousand(deployment: Deployment) -> None:
    """`max_page_size` of both lists is 1000."""

    def check() -> None:
        paths = ["assertions/"]
        paths += [f"{entity}/assertions/" for entity in deployment.get_page({"page_size": 1}).ids]
        for path in paths:
            page = deployment.get_page({}, path, envelope=False)
            check_equal(page["max_page_size"], 1000, "`max_page_size` is wrong", page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.parametrize("of", ["user", "credential"])
def test_the_page_size_of_assertions(deployment: Deployment, of: str) -> None:
    """Both lists have ten assertions on a page, and as many as `page_size` says."""

    def check() -> None:
        path, query = find_longest_list(deployment, of)
        page = deployment.get_page(query, path, envelope=False)
        check_page(page, 1, 10)
        page = deployment.get_page({**query, "page_size": 1}, path, envelope=False)
        check_page(page, 1, 1)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username")
def test_an_expired_assertion_is_history(deployment: Deployment) -> None:
    """A credential's list and the public look-up show it, and a bulk issues another one."""
    with expired_assertion(deployment) as assertion:
        public = look_up_assertion(deployment, assertion["entityId"])
        check_fields(public, read_record(public), assertion, "an expired assertion in public")
        entity_id = assertion["credentialDetails"]["entityId"]
        page = list_assertions(deployment, entity_id)
        message = "a credential's list lacks an expired assertion"
        check_equal(page.ids, [assertion["entityId"]], message, page.response)
        name = deployment.settings.username
        response = issue_in_bulk(deployment, entity_id, [name])
        what = "issuing in bulk to whom it expired"
        check_fields(response, read_record(response), {"issued": [name], "skipped": []}, what)


@pytest.mark.credcheck_rule("ASSERT-18")
def test_the_main_tenant_is_called_main(deployment: Deployment) -> None:
    """`exclude_main_tenant_assertions` leaves nothing of a list on the platform `main`."""
    if deployment.settings.org != MAIN_TENANT:
        pytest.skip(f"the platform is not `{MAIN_TENANT}`")
    query = {**ALL_ASSERTIONS, "exclude_main_tenant_assertions": "true"}
    page = deployment.get_page(query, "assertions/", envelope=False)
    own = [each for each in page.items if is_of_platform(each, MAIN_TENANT)]
    message = "`exclude_main_tenant_assertions` leaves in what the main tenant issued"
    require(not own, message, page.response, got=len(own))


def is_of_platform(assertion: dict[str, Any], org: str) -> bool:
    """Tell whether the issuer of an assertion's credential belongs to a platform."""
    return bool(assertion["credentialDetails"]["issuerDetails"]["org"] == org)
