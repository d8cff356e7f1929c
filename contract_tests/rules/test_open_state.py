"""Open rules on what is stored: nulls, parts of objects, forms, concurrent updates."""

from typing import Any

import pytest

from contract_tests.errors import NotTested
from contract_tests.oracle.concurrency import check_concurrent_updates
from contract_tests.vocabulary.bodies import FULL
from contract_tests.vocabulary.checks import (
    check_equal,
    check_fields,
)
from contract_tests.vocabulary.deployment import Deployment, read_created, read_result
from contract_tests.vocabulary.forms import KINDS, list_form_fields, send_form


@pytest.mark.credcheck_rule("STATE-15")
def test_the_narratives_spelling_of_the_type(deployment: Deployment) -> None:
    """`credential_type` sets `credentialType`, which is doubtful in production (FACTS, S9)."""
    item = deployment.create(credential_type="CERTIFICATE")
    message = "`credential_type` of a create is not stored"
    check_equal(item["credentialType"], "CERTIFICATE", message)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
@pytest.mark.parametrize("kind", KINDS)
def test_objects_in_forms_are_json(deployment: Deployment, kind: str) -> None:
    """In a form, an object is JSON text."""
    fields = {name: value for name, value in FULL.items() if isinstance(value, dict)}
    pairs = list_form_fields({**deployment.build_body(), **fields})
    item = read_created(send_form(deployment, "POST", "", pairs, kind))
    response = deployment.get(item["entityId"])
    check_fields(response, read_result(response), fields, f"objects in a form, {kind}")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
@pytest.mark.parametrize("kind", KINDS)
def test_objects_in_forms_have_dotted_keys(deployment: Deployment, kind: str) -> None:
    """In a form, an object is its parts under dotted keys, too."""
    parts = [("expires.amount", "9"), ("expires.duration", "weeks")]
    pairs = [*list_form_fields(deployment.build_body()), *parts]
    item = read_created(send_form(deployment, "POST", "", pairs, kind))
    response = deployment.get(item["entityId"])
    expected = {"expires": {"amount": 9, "duration": "weeks"}}
    check_fields(response, read_result(response), expected, f"dotted keys of a form, {kind}")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
def test_the_parts_of_expires_change_alone(deployment: Deployment) -> None:
    """An amount alone keeps the duration, and the other way round."""
    expires: dict[str, Any] = {"amount": 6, "duration": "months"}
    item = deployment.create(expires=expires)
    for part in ({"amount": 9}, {"duration": "years"}, {"amount": None}):
        expires |= part
        response = deployment.put(item["entityId"], {"expires": part})
        expected = {"expires": expires}
        check_fields(response, read_result(response), expected, "a part of `expires`")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
def test_the_smallest_body_has_nulls(deployment: Deployment) -> None:
    """Texts that are not sent are null, and `expires` has two nulls."""
    item = deployment.create()
    expected: dict[str, Any] = {name: None for name in FULL if name.startswith(("html", "desc"))}
    expected["expires"] = {"amount": None, "duration": None}
    for name, value in expected.items():
        check_equal(item[name], value, f"`{name}` that was not sent")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
def test_null_and_empty_differ(deployment: Deployment) -> None:
    """A text that is null stays null, and an empty one stays empty."""
    item = deployment.create(description=None, criteriaNarrative="")
    null_first: dict[str, Any] = {"description": None, "criteriaNarrative": ""}
    empty_first: dict[str, Any] = {"description": "", "criteriaNarrative": None}
    for fields in (null_first, empty_first):
        response = deployment.put(item["entityId"], fields)
        for record in (read_result(response), deployment.retrieve(item["entityId"])):
            got = {name: record[name] for name in fields}
            check_equal(got, fields, "null and empty are the same", response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-15")
def test_concurrent_updates_undo_nothing(deployment: Deployment) -> None:
    """Concurrent updates of different fields are all stored."""
    check_concurrent_updates(deployment, may_undo=False)


@pytest.mark.credcheck_rule("STATE-15")
def test_an_address_replaces_an_image_of_the_gallery(deployment: Deployment) -> None:
    """Of an image of the gallery and an address the one is shown that was sent last."""
    shown = [item["icon_image_id"] for item in deployment.list_items() if item["icon_image_id"]]
    if not shown:
        raise NotTested("no credential shows an image of the gallery")
    item = deployment.create(icon_image_id=shown[0])
    chosen = {"iconImage": item["iconImage"]}
    sent = {"iconImage": "https://example.com/replaced.png"}
    for fields, expected in ((sent, sent), ({"icon_image_id": shown[0]}, chosen)):
        response = deployment.put(item["entityId"], fields)
        check_fields(response, read_result(response), expected, "the image that was sent last")
    deployment.delete(item["entityId"])
