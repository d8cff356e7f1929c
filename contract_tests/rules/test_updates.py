"""State: an update of a field, a link, an image or the issuer changes that, and nothing else."""

from typing import Any

import pytest

from contract_tests.errors import NotTested, RuleFailed
from contract_tests.oracle.model import apply_write
from contract_tests.vocabulary.bodies import FULL
from contract_tests.vocabulary.checks import check_equal, check_fields
from contract_tests.vocabulary.deployment import Deployment, read_result
from contract_tests.vocabulary.issuing import find_items

UPDATES: tuple[dict[str, Any], ...] = (
    {"name_override": "Another"}, {"name_override": None}, {"description": "Another"},
    {"description": ""}, {"description": None}, {"credentialType": "MICRO_CREDENTIAL"},
    {"criteriaUrl": None}, {"criteriaUrl": "https://example.com/other/"},
    {"credentialType": "MICROCREDENTIAL"},
    {"criteriaNarrative": "Other"}, {"signal": "COURSE_PASSED"}, {"iconImage": None},
    {"backgroundImage": "https://example.com/b2.png"}, {"html_template": None},
    {"css_template": ""}, {"metadata": {"more": 1}}, {"metadata": {"level": 3}},
    {"expires": {"amount": 9, "duration": "years"}},
    {"expires": {"amount": None, "duration": None}}, {"tags": []}, {"tags": None},
    {"tags": ["z", "y", "z"]}, {"tags": list("abcdefghijkl")}, {"public": False},
    {"public": True}, {"courses": []}, {},
)  # fmt: skip


def find_links(deployment: Deployment) -> dict[str, list[str]]:
    """Return what attaches a credential to a course, a program and a pathway, as far as known."""
    return {k: v for item in find_items(deployment).values() for k, v in item.links.items()}


@pytest.mark.credcheck_rule("STATE-02")
@pytest.mark.parametrize("kind", ["course", "program", "pathway"])
def test_links_are_stored(deployment: Deployment, kind: str) -> None:
    """Courses, programs and pathways are linked, replaced and removed."""
    links = [link[f"{kind}_id"] for item in deployment.list_items() for link in item[f"{kind}s"]]
    known = list(dict.fromkeys(links))[:3]
    if not known:
        pytest.skip(f"no credential is linked to a {kind}")
    others = find_links(deployment)
    item = deployment.create(**{**others, f"{kind}s": known})
    for keys in (known, known[:1], known[::-1], []):
        response = deployment.put(item["entityId"], {f"{kind}s": keys})
        for record in (read_result(response), deployment.retrieve(item["entityId"])):
            got = [link.get(f"{kind}_id") for link in record[f"{kind}s"]]
            check_equal(sorted(got), sorted(keys), f"the {kind}s are not those sent", response)
            kept = {name: item[name] for name in others if name != f"{kind}s"}
            check_fields(response, record, kept, f"an update of {kind}s")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-04")
def test_an_update_changes_only_its_fields(deployment: Deployment) -> None:
    """Each field changes on its own, and nothing else: not the id, not the creation time."""
    neighbour = deployment.create(description="a neighbour")
    item = deployment.create(**FULL, **find_links(deployment))
    for fields in ({"name": deployment.make_name("renamed")}, *UPDATES):
        expected = apply_write(item, fields)
        response = deployment.put(item["entityId"], fields)
        if response.status == 400 and "" in fields.values():
            continue  # a text may be null and not blank, as the framework's own fields have it
        what = f"an update of {', '.join(fields) or 'nothing'}"
        check_fields(response, read_result(response), expected, what)
        response = deployment.get(item["entityId"])
        check_fields(response, read_result(response), expected, f"{what}, read again")
        item = expected
    response = deployment.get(neighbour["entityId"])
    check_fields(response, read_result(response), neighbour, "a credential that was not updated")
    for entity_id in (item["entityId"], neighbour["entityId"]):
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("STATE-04")
def test_the_issuer_can_be_changed(deployment: Deployment) -> None:
    """Another issuer of the platform replaces the current one."""
    issuers = deployment.list_lasting_issuers()
    if len(issuers) < 2:
        raise NotTested("the platform has one issuer only")
    item = deployment.create(**FULL, **find_links(deployment))
    kept = {name: item[name] for name in item if name not in ("issuerDetails", "signatories")}
    for issuer in issuers[:3]:
        try:
            response = deployment.put(item["entityId"], {"issuer": issuer})
            for record in (read_result(response), deployment.retrieve(item["entityId"])):
                got = record["issuerDetails"].get("entityId")
                check_equal(got, issuer, "an update does not change the issuer", response)
                check_fields(response, record, kept, "an update of the issuer")
        except RuleFailed:
            if deployment.get(f"issuers/{issuer}").status != 404:
                raise
            raise NotTested("somebody else deleted an issuer that was to be another one") from None
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-04")
@pytest.mark.parametrize("slot", ["icon", "background", "thumbnail"])
def test_an_image_is_replaced(deployment: Deployment, slot: str) -> None:
    """By an image of the gallery, and then by none; the other images stay."""
    field, address = f"{slot}_image_id", f"{slot}Image"
    shown = [item for item in deployment.list_items() if item[field] is not None]
    if not shown:
        raise NotTested(f"no credential shows an image of the gallery in `{field}`")
    item = deployment.create(**FULL)
    updates: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({field: shown[0][field]}, {field: shown[0][field]}),
        ({field: None, address: None}, {field: None, address: None}),
    )
    others = {name: item[name] for name in item if not name.startswith(slot)}
    for fields, expected in updates:
        response = deployment.put(item["entityId"], fields)
        for record in (read_result(response), deployment.retrieve(item["entityId"])):
            what = f"an update of {' and '.join(fields)}"
            check_fields(response, record, {**others, **expected}, what)
    deployment.delete(item["entityId"])
