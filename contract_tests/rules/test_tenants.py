"""Two platforms that both have records of this run: neither writes to the other, nor names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

from contract_tests.catalogue.operations import ADD_SIGNATORY, CREATE_ISSUER
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.bodies import SIGNATORY
from contract_tests.vocabulary.checks import (
    check_equal,
    check_field_error,
    check_refused,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment, read_created, read_page, read_result
from contract_tests.vocabulary.issuing import (
    REASON,
    find_item,
    issue,
    issue_in_bulk,
    list_assertions,
    put_assertion,
    read_assertion,
    read_created_issuer,
    read_record,
    read_single_issuer,
    request_issue,
    temporary_credential,
)
from contract_tests.vocabulary.searching import list_keys

MOST_CREDENTIALS = 30
OTHER = "other_org_admin"
OTHER_PLATFORM = pytest.mark.credcheck_needs("write", "other_org", OTHER, "other_user_id")
KINDS = ("course", "program", "pathway")
REVOCATION = {"revoked": True, "revocationReason": REASON}


def list_other_credentials(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the credentials of the other platform."""
    return deployment.list_items(path=deployment.other_path, actor=OTHER)


@contextmanager
def credential_elsewhere(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Create a credential on the other platform, attached to something, and delete it."""
    base = deployment.other_path
    items = list_other_credentials(deployment)
    links = [(kind, link) for item in items for kind in KINDS for link in item[f"{kind}s"]]
    issuers = deployment.list_lasting_issuers(base, OTHER)
    if not issuers or not links:
        raise NotTested("the other platform has no issuer, or nothing that one can earn")
    kind, link = links[0]
    body = {
        "name": deployment.make_name("elsewhere"),
        "issuer": issuers[0],
        f"{kind}s": [link[f"{kind}_id"]],
    }
    credential = read_created(deployment.send_json("POST", base, body, actor=OTHER))
    yield {**credential, "earned_with": {kind: link[f"{kind}_id"]}}
    deployment.send("DELETE", base + credential["entityId"], actor=OTHER)


def find_holder(deployment: Deployment) -> str:
    """Return the username of somebody who holds a credential of the other platform."""
    for credential in islice(list_other_credentials(deployment), MOST_CREDENTIALS):
        path = f"{deployment.other_path}{credential['entityId']}/assertions/"
        response = deployment.get(path, actor=OTHER)
        if response.status == 404:
            continue  # its credential went meanwhile: another run or worker created it
        for assertion in read_page(response, envelope=False).items:
            return str(assertion["recipient"]["username"])
    raise NotTested("nobody holds a credential of the other platform")


@pytest.mark.credcheck_rule("ASSERT-15")
@pytest.mark.credcheck_needs("write", "username")
def test_another_platforms_key_cannot_issue_or_revoke(deployment: Deployment) -> None:
    """Another platform's admin who issues, also in bulk, or revokes here changes nothing."""
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        assertion = issue(deployment, entity_id)
        before = list_assertions(deployment, entity_id).items
        names = [deployment.settings.learner_username or deployment.settings.username]
        for response in (
            request_issue(deployment, entity_id, names[0], actor=OTHER),
            issue_in_bulk(deployment, entity_id, names, actor=OTHER),
            put_assertion(deployment, assertion["entityId"], REVOCATION, actor=OTHER),
        ):
            check_refused(response, "a write with another platform's key")
            after = list_assertions(deployment, entity_id).items
            require(after == before, "a refused write changed assertions", response)


@pytest.mark.credcheck_rule("ASSERT-15")
@pytest.mark.credcheck_needs("write", "username")
def test_another_platforms_credential_is_not_issued(deployment: Deployment) -> None:
    """Below one's own platform nobody issues, lists or revokes what the other platform has."""
    holder, base = find_holder(deployment), deployment.other_path
    with credential_elsewhere(deployment) as credential:
        entity_id, fields = credential["entityId"], credential["earned_with"]
        path = f"{entity_id}/assertions/"
        body = {"recipient": {"identity": holder}, **fields}
        assertion = read_assertion(deployment.send_json("POST", base + path, body, actor=OTHER))
        item = f"assertions/{assertion['entityId']}"
        own = find_item(deployment).fields
        for sent in (fields, own):
            for response in (
                request_issue(deployment, entity_id, **sent),
                deployment.send_json("PUT", item, REVOCATION),
            ):
                check_refused(response, "a write to what another platform has")
        response = deployment.get(base + item, actor=OTHER)
        message = "a refused revocation revoked another platform's assertion"
        check_equal(read_record(response)["revoked"], False, message, response)
        deployment.send_json("PUT", base + item, REVOCATION, actor=OTHER)


@pytest.mark.credcheck_rule("ISSUER-09")
@pytest.mark.credcheck_needs("disposable", CREATE_ISSUER, ADD_SIGNATORY)
@OTHER_PLATFORM
def test_another_platforms_issuer_is_not_changed(deployment: Deployment) -> None:
    """Below one's own platform nobody renames, deletes or signs for another platform's issuer."""
    base = deployment.other_path
    with credential_elsewhere(deployment) as credential:
        body = {"name": deployment.make_name("issuer elsewhere")}
        response = deployment.send_json("POST", f"{base}issuers/", body, actor=OTHER)
        issuer = read_created_issuer(response)
        path = f"issuers/{issuer['entityId']}"
        for owner in ({"entityId": issuer["entityId"]}, {"credential": credential["entityId"]}):
            response = deployment.send_json("POST", "issuers/authority/", {**SIGNATORY, **owner})
            is_refused = response.status in (400, 403, 404)
            require(is_refused, "a signatory elsewhere is not refused", response)
        shown = deployment.get(base + credential["entityId"], actor=OTHER)
        names = [person["name"] for person in read_result(shown)["signatories"]]
        message = "a refused signatory signs another platform's credential"
        require(SIGNATORY["name"] not in names, message, shown, got=names)
        for response in (
            deployment.send_json("PUT", path, {"name": "renamed"}),
            deployment.send("DELETE", path),
        ):
            check_refused(response, "a write to another platform's issuer")
        after = deployment.get(base + path, actor=OTHER)
        message = "a refused write changed another platform's issuer"
        check_equal(read_single_issuer(after)["name"], issuer["name"], message, after)
        check_equal(read_single_issuer(after)["signatories"], [], message, after)
        deployment.send("DELETE", base + path, actor=OTHER)


@pytest.mark.credcheck_rule("ERR-14")
@OTHER_PLATFORM
@pytest.mark.parametrize("kind", KINDS)
def test_another_platforms_courses_are_400(deployment: Deployment, kind: str) -> None:
    """A course, program or pathway that only another platform has is unknown here."""
    own = list_keys(deployment.list_items(), kind)
    others = [key for key in list_keys(list_other_credentials(deployment), kind) if key not in own]
    if not others:
        raise NotTested(f"the other platform shows no {kind} of its own")
    body = deployment.build_body(**{f"{kind}s": others[:1]})
    response = deployment.send_json("POST", "", body)
    check_field_error(response, f"{kind}s", f"another platform's {kind}")


@pytest.mark.credcheck_rule("ERR-14")
@OTHER_PLATFORM
def test_another_platforms_images_are_400(deployment: Deployment) -> None:
    """The number of an image that only another platform shows is unknown here."""
    fields = [f"{slot}_image_id" for slot in ("icon", "background", "thumbnail")]
    own = {item[field] for item in deployment.list_items() for field in fields}
    shown = {item[field] for item in list_other_credentials(deployment) for field in fields}
    others = sorted(number for number in shown - own if number is not None)
    if not others:
        raise NotTested("the other platform shows no image of its own")
    for field in fields:
        body = deployment.build_body(**{field: others[0]})
        response = deployment.send_json("POST", "", body)
        check_field_error(response, field, "another platform's image")


@pytest.mark.credcheck_rule("ASSERT-18")
@pytest.mark.credcheck_needs("write", "username", "other_org", OTHER, "other_user_id")
def test_another_platforms_users_receive_nothing(deployment: Deployment) -> None:
    """A user of another platform is unknown here, alone and in bulk."""
    holder = find_holder(deployment)
    with temporary_credential(deployment) as credential:
        entity_id = credential["entityId"]
        for response in (
            request_issue(deployment, entity_id, holder),
            issue_in_bulk(deployment, entity_id, [holder]),
        ):
            check_status(response, 400, "issuing to another platform's user")
