"""Issuers: ranges of the list, what is stored, deletions, and signatories."""

from typing import Any

import pytest

from contract_tests.catalogue.operations import CREATE_ISSUER
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.bodies import SIGNATORY
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_fields,
    check_refused,
    format_json,
)
from contract_tests.vocabulary.deployment import Deployment, read_result
from contract_tests.vocabulary.issuing import (
    create_issuer,
    delete_issuer,
    find_listed_issuer,
    put_issuer,
    read_created_issuer,
    read_record,
    read_single_issuer,
    retrieve_issuer,
    temporary_issuer,
)

FULL: dict[str, Any] = {
    "url": "https://example.com/board?a=1",
    "iconImage": "https://example.com/board.png",
    "email": "board@example.com",
    "allowed_template_tags": ["learner_name", "issued_on"],
}
PERSON = {**SIGNATORY, "name": "Ines Ålbrecht 🎓", "title": "Dean of “Studies”"}
LONG_TITLE = "Professor of everything that there is, " * 3 + "and more"
SHOWN = ("url", "iconImage", "allowed_template_tags")
SIGNATORIES_PATH = "issuers/authority/"
MOST_RANGES = 120
"""Ranges that are followed one by one."""


def list_issuer_ids(deployment: Deployment, most: int = 1000) -> list[str]:
    """Return the ids of all issuers; raises NotTested where there are more than so many."""
    newest = deployment.list_newest(path="issuers/")
    if not newest.is_complete or len(newest.items) > most:
        raise NotTested("the platform has too many issuers to compare all of them")
    return [issuer["entityId"] for issuer in newest.items]


@pytest.mark.credcheck_rule("ISSUER-01")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_following_ranges_returns_all_issuers(deployment: Deployment, limit: int) -> None:
    """Following `next` from the first range returns each issuer once, in the list's order."""

    def check() -> None:
        expected = list_issuer_ids(deployment, MOST_RANGES * limit)
        pages = list(deployment.walk_pages({"limit": limit}, "issuers/"))
        ids = [entity_id for page in pages for entity_id in page.ids]
        message = "following ranges does not return each issuer once"
        check_equal(ids, expected, message, pages[-1].response)
        for at, page in enumerate(pages):
            length = len(expected[at * limit : (at + 1) * limit])
            check_equal(len(page.ids), length, "the length of a range", page.response)
            check_equal(page["count"], len(expected), "`count` of a range", page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ISSUER-01")
def test_an_offset_skips_items(deployment: Deployment) -> None:
    """Any limit at any offset returns that part of the list, and nothing beyond its end."""

    def check() -> None:
        expected = list_issuer_ids(deployment)
        for limit, offset in ((2, 1), (1, 2), (3, 0), (2, len(expected)), (1000, 1)):
            page = deployment.get_page({"limit": limit, "offset": offset}, "issuers/")
            part = expected[offset : offset + limit]
            message = f"limit {limit} at offset {offset} returns the wrong issuers"
            check_equal(page.ids, part, message, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ISSUER-03")
@pytest.mark.credcheck_needs(CREATE_ISSUER)
def test_an_issuer_is_stored(deployment: Deployment) -> None:
    """The response, the item, the list and a credential show a complete body."""
    body = {"name": deployment.make_name("Prüfstelle"), **FULL}
    response = deployment.send_json("POST", "issuers/", body)
    created = read_created_issuer(response)
    issuer = retrieve_issuer(deployment, created["entityId"])
    created = {name: created.get(name) for name in issuer if name in created}
    check_fields(response, issuer, created, "the response to a create of an issuer")
    expected = {name: body[name] for name in ("name", *SHOWN)} | {"signatories": []}
    check_fields(response, issuer, expected, "a created issuer")
    listed = find_listed_issuer(deployment, issuer)
    check_equal(listed, issuer, "the list shows a created issuer otherwise", response)
    credential = deployment.create(issuer=issuer["entityId"])
    message = "a credential shows its issuer otherwise"
    check_equal(credential["issuerDetails"], issuer, message, response)
    deployment.delete(credential["entityId"])
    delete_issuer(deployment, issuer["entityId"])


@pytest.mark.credcheck_rule("ISSUER-11")
def test_a_created_issuer_is_enveloped(deployment: Deployment) -> None:
    """The response to a create of an issuer has the envelope."""
    body = {"name": deployment.make_name("issuer")}
    response = deployment.send_json("POST", "issuers/", body)
    delete_issuer(deployment, read_created_issuer(response)["entityId"])
    read_result(response)


@pytest.mark.credcheck_rule("ISSUER-03")
def test_an_update_of_an_issuer(deployment: Deployment) -> None:
    """Each field changes on its own, and the issuer's credentials show it."""
    with (
        temporary_issuer(deployment, **FULL) as issuer,
        temporary_issuer(deployment, **FULL) as neighbour,
    ):
        credential = deployment.create(issuer=issuer["entityId"])
        updates: tuple[dict[str, Any], ...] = (
            {"url": "https://example.com/other"}, {"iconImage": None},
            {"email": "other@example.com"},
            {"allowed_template_tags": ["z", "a"]}, {"allowed_template_tags": None}, {},
            {"name": deployment.make_name("renamed")}, {"iconImage": "https://example.com/2.png"},
        )  # fmt: skip
        for fields in updates:
            shown = {name: value for name, value in fields.items() if name != "email"}
            issuer = {**issuer, **shown}
            what = f"an update of {', '.join(fields) or 'nothing'} of an issuer"
            response = put_issuer(deployment, issuer["entityId"], fields)
            check_fields(response, read_single_issuer(response), issuer, what)
            again = deployment.get(f"issuers/{issuer['entityId']}")
            check_fields(again, read_single_issuer(again), issuer, f"{what}, read again")
            response = deployment.get(credential["entityId"])
            details = read_result(response)["issuerDetails"]
            check_fields(response, details, issuer, f"{what}, in a credential")
            page = deployment.get_page({"search": credential["name"]})
            details = page.items[0]["issuerDetails"] if page.items else {}
            check_fields(page.response, details, issuer, f"{what}, in a list of credentials")
            page = deployment.get_page({"page_size": 100, "q": deployment.mark}, "issuers/")
            listed = {item["entityId"]: item for item in page.items}
            for expected in (issuer, neighbour):
                got = listed.get(expected["entityId"], {})
                check_fields(page.response, got, expected, f"{what}, in the list of issuers")
        deployment.delete(credential["entityId"])


@pytest.mark.credcheck_rule("ISSUER-04")
def test_a_deleted_issuer_is_gone(deployment: Deployment) -> None:
    """404 on every method, in no list, refused as the issuer of a credential; others stay."""
    namesake = create_issuer(deployment)
    issuer = create_issuer(deployment, name=f"{namesake['name']} too")
    delete_issuer(deployment, issuer["entityId"])
    path = f"issuers/{issuer['entityId']}"
    check_error(deployment.get(path), 404, "GET of a deleted issuer")
    response = put_issuer(deployment, issuer["entityId"], {"name": "x"})
    check_error(response, 404, "PUT of a deleted issuer")
    check_error(deployment.send("DELETE", path), 404, "DELETE of a deleted issuer")
    check_equal(find_listed_issuer(deployment, issuer), None, "a deleted issuer is listed")
    message = "a deletion changed or deleted another issuer"
    check_equal(find_listed_issuer(deployment, namesake), namesake, message)
    body = deployment.build_body(issuer=issuer["entityId"])
    response = deployment.send_json("POST", "", body)
    check_field_error(response, "issuer", "a deleted issuer of a new credential")
    delete_issuer(deployment, namesake["entityId"])


@pytest.mark.credcheck_rule("ISSUER-05")
@pytest.mark.parametrize(
    "public", [True, pytest.param(False, marks=pytest.mark.credcheck_needs("disposable"))]
)
def test_an_issuer_in_use_is_not_deleted(deployment: Deployment, public: bool) -> None:
    """409 while a credential, public or private, uses it; later the deletion succeeds."""
    with temporary_issuer(deployment) as issuer:
        created = deployment.create(issuer=issuer["entityId"], public=public)
        # Seen before it may go with its issuer: no list would show a private one.
        credential = deployment.retrieve(created["entityId"])
        response = deployment.send("DELETE", f"issuers/{issuer['entityId']}")
        check_error(response, 409, "deleting an issuer in use")
        after = retrieve_issuer(deployment, issuer["entityId"])
        check_equal(after, issuer, "a refused deletion changed the issuer", response)
        response = deployment.get(credential["entityId"])
        message = "a refused deletion changed a credential"
        check_equal(read_result(response), credential, message, response)
        deployment.delete(credential["entityId"])


@pytest.mark.credcheck_rule("ISSUER-06")
def test_a_signatory_of_an_issuer(deployment: Deployment) -> None:
    """It appears in that issuer, beside earlier ones, and in no other."""
    with temporary_issuer(deployment) as issuer, temporary_issuer(deployment) as other:
        credential = deployment.create(issuer=issuer["entityId"])
        expected: list[dict[str, Any]] = []
        for name, title in (("First", LONG_TITLE), ("Second", "Dean"), ("Second", "Rector")):
            body = {**PERSON, "name": name, "title": title, "entityId": issuer["entityId"]}
            response = deployment.send_json("POST", SIGNATORIES_PATH, body)
            fields = {key: body[key] for key in PERSON}
            check_fields(response, read_signatory(response), fields, "a signatory")
            expected.append(fields)
            shown = retrieve_issuer(deployment, issuer["entityId"])
            check_signatories(response, shown["signatories"], expected, "an issuer")
            listed = find_listed_issuer(deployment, issuer)
            signatories = (listed or {}).get("signatories", [])
            check_signatories(response, signatories, expected, "an issuer in the list")
            record = deployment.retrieve(credential["entityId"])
            signatories = record["issuerDetails"]["signatories"]
            check_signatories(response, signatories, expected, "the issuer of a credential")
        response = put_issuer(deployment, issuer["entityId"], {"url": "https://example.com/new"})
        signatories = read_single_issuer(response)["signatories"]
        check_signatories(response, signatories, expected, "an updated issuer")
        signatories = retrieve_issuer(deployment, other["entityId"])["signatories"]
        check_signatories(response, signatories, [], "another issuer")
        deployment.delete(credential["entityId"])


@pytest.mark.credcheck_rule("ISSUER-11")
def test_an_issuers_signatories_sign_its_credentials(deployment: Deployment) -> None:
    """A signatory of an issuer appears in its existing credentials."""
    with temporary_issuer(deployment) as issuer:
        credential = deployment.create(issuer=issuer["entityId"])
        body = {**PERSON, "entityId": issuer["entityId"]}
        response = deployment.send_json("POST", SIGNATORIES_PATH, body)
        read_signatory(response)
        signatories = deployment.retrieve(credential["entityId"])["signatories"]
        check_signatories(response, signatories, [PERSON], "a credential")
        deployment.delete(credential["entityId"])


def read_signatory(response: Response) -> dict[str, Any]:
    """Return the signatory in a response: in `data`, or bare as it is published (FACTS, S6)."""
    record = read_record(response)
    data = response.value.get("data")
    return data if isinstance(data, dict) else record


@pytest.mark.credcheck_rule("ISSUER-06")
def test_a_signatory_of_a_credential(deployment: Deployment) -> None:
    """It appears in that credential, and in neither the issuer nor others."""
    with temporary_issuer(deployment) as issuer:
        first, second = (deployment.create(issuer=issuer["entityId"]) for _ in range(2))
        body = {**PERSON, "credential": first["entityId"]}
        response = deployment.send_json("POST", SIGNATORIES_PATH, body)
        read_signatory(response)
        record = deployment.retrieve(first["entityId"])
        check_signatories(response, record["signatories"], [PERSON], "a credential")
        signatories = record["issuerDetails"]["signatories"]
        check_signatories(response, signatories, [], "the issuer in a credential")
        signatories = retrieve_issuer(deployment, issuer["entityId"])["signatories"]
        check_signatories(response, signatories, [], "the issuer of a credential")
        signatories = deployment.retrieve(second["entityId"])["signatories"]
        check_signatories(response, signatories, [], "another credential")
        for entity_id in (first["entityId"], second["entityId"]):
            deployment.delete(entity_id)


def check_signatories(
    response: Response,
    signatories: list[dict[str, Any]],
    expected: list[dict[str, Any]],
    owner: str,
) -> None:
    """Require these signatories; in which order they are shown is not known."""
    got = [{name: person.get(name) for name in PERSON} for person in signatories]
    is_same = sorted(got, key=format_json) == sorted(expected, key=format_json)
    message = f"the `signatories` of {owner} are wrong"
    require(is_same, message, response, expected=expected, got=got)


@pytest.mark.credcheck_rule("ISSUER-07")
@pytest.mark.parametrize(("field", "value"), [("name", ""), ("name", None), ("name", [])])
def test_invalid_values_of_an_issuer(deployment: Deployment, field: str, value: Any) -> None:
    """400 with messages on the field, in a create and an update, and nothing is stored."""
    check_issuer_refused(deployment, field, value)


@pytest.mark.credcheck_rule("ISSUER-11")
@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "x" * 256), ("url", "nowhere"), ("email", "nobody"), ("iconImage", "/i.png"),
     ("allowed_template_tags", "x"), ("allowed_template_tags", [""])],
)  # fmt: skip
def test_doubtful_values_of_an_issuer(deployment: Deployment, field: str, value: Any) -> None:
    """What is too long, not an address or not a list returns 400, as this contract has it."""
    check_issuer_refused(deployment, field, value)


def check_issuer_refused(deployment: Deployment, field: str, value: Any) -> None:
    """Require a create and an update of an issuer to return 400 on a field and store nothing."""
    name = deployment.make_name("refused")
    response = deployment.send_json("POST", "issuers/", {"name": name, field: value})
    check_field_error(response, field, f"a create of an issuer with an invalid `{field}`")
    found = deployment.get_page({"q": name}, "issuers/")
    check_equal(found.items, [], "a refused create stored an issuer", response)
    with temporary_issuer(deployment, **FULL) as issuer:
        fields = {"name": deployment.make_name("refused"), field: value}
        response = put_issuer(deployment, issuer["entityId"], fields)
        check_field_error(response, field, f"an update of an issuer with an invalid `{field}`")
        after = retrieve_issuer(deployment, issuer["entityId"])
        message = "a refused update changed an issuer"
        require(after == issuer, message, response, got=after)


@pytest.mark.credcheck_rule("ISSUER-07")
@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("title", None), ("title", []), ("signature", "x")],
)
def test_invalid_values_of_a_signatory(deployment: Deployment, field: str, value: Any) -> None:
    """400 with messages on the field, and no signatory is added."""
    check_signatory_refused(deployment, field, value)


@pytest.mark.credcheck_rule("ISSUER-11")
@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "x" * 255), ("signature", "https://example.com/" + "x" * 200),
     pytest.param("credential", "nowhere", marks=pytest.mark.credcheck_needs("disposable"))],
)  # fmt: skip
def test_doubtful_values_of_a_signatory(deployment: Deployment, field: str, value: Any) -> None:
    """What is too long, or belongs to nothing, returns 400, as this contract has it."""
    check_signatory_refused(deployment, field, value)


def check_signatory_refused(deployment: Deployment, field: str, value: Any) -> None:
    """Require a signatory with this value to return 400 on its field, and to be added nowhere."""
    with temporary_issuer(deployment) as issuer:
        body = {**PERSON, "entityId": issuer["entityId"], field: value}
        response = deployment.send_json("POST", SIGNATORIES_PATH, body)
        check_field_error(response, field, f"an invalid `{field}` of a signatory")
        signatories = retrieve_issuer(deployment, issuer["entityId"])["signatories"]
        check_signatories(response, signatories, [], "an issuer")


@pytest.mark.credcheck_rule("ISSUER-07")
def test_required_fields_of_a_signatory(deployment: Deployment) -> None:
    """Name, title and signature are required."""
    with temporary_issuer(deployment) as issuer:
        body = {"entityId": issuer["entityId"]}
        response = deployment.send_json("POST", SIGNATORIES_PATH, body)
        for field in PERSON:
            check_field_error(response, field, f"a signatory without `{field}`")


@pytest.mark.credcheck_rule("ISSUER-08")
def test_the_platform_key_addresses_an_issuer(deployment: Deployment) -> None:
    """`issuers/{org}` is one issuer of the platform, always the same."""

    def check() -> None:
        org = deployment.settings.org
        if not deployment.get_page(path="issuers/").items:
            pytest.skip("the platform has no issuer")
        response = deployment.get(f"issuers/{org}")
        issuer = read_single_issuer(response)
        platform = deployment.get_page({"page_size": 1}, "issuers/").items[0]["org"]
        message = "the platform key addresses another platform's issuer"
        check_equal(issuer["org"], platform, message, response)
        by_id = retrieve_issuer(deployment, issuer["entityId"])
        message = "the issuer by platform key differs from the one by id"
        check_equal(issuer, by_id, message, response)
        if deployment.settings.other_org:
            response = deployment.get(f"issuers/{deployment.settings.other_org}")
            check_refused(response, "another platform's key")

    deployment.run_undisturbed(check)


def check_writes_refused(deployment: Deployment, actor: str, base: str = "") -> None:
    """Require an actor's writes to issuers to be refused and to change nothing."""
    with temporary_issuer(deployment, **FULL) as issuer:
        path, name = f"issuers/{issuer['entityId']}", deployment.make_name("by somebody else")
        signatory = {**PERSON, "entityId": issuer["entityId"]}
        for response in (
            deployment.send_json("POST", f"{base}issuers/", {"name": name}, actor=actor),
            deployment.send_json("PUT", base + path, {"name": name}, actor=actor),
            deployment.send("DELETE", base + path, actor=actor),
            deployment.send_json("POST", base + SIGNATORIES_PATH, signatory, actor=actor),
        ):
            check_refused(response, f"a write to issuers by {actor}")
            after = retrieve_issuer(deployment, issuer["entityId"])
            check_equal(after, issuer, "a refused write changed an issuer", response)
        page = deployment.get_page({"q": name}, "issuers/")
        check_equal(page.items, [], "a refused create stored an issuer", page.response)


@pytest.mark.credcheck_rule("ISSUER-09")
@pytest.mark.parametrize("actor", ["learner", "other_org_admin"])
def test_others_cannot_write_issuers(deployment: Deployment, actor: str) -> None:
    """A learner and an admin of another platform cannot create, update, delete or sign."""
    if actor not in deployment.settings.keys:
        pytest.skip(f"no key for {actor}")
    check_writes_refused(deployment, actor)


@pytest.mark.credcheck_rule("ISSUER-11")
@pytest.mark.credcheck_needs("learner")
def test_learners_cannot_write_issuers_below_their_path(deployment: Deployment) -> None:
    """Below the own path, too, a learner cannot create, update, delete or sign."""
    check_writes_refused(deployment, "learner", deployment.learner_path)


@pytest.mark.credcheck_rule("ISSUER-11")
@pytest.mark.credcheck_needs("department_admin")
def test_department_admins_cannot_write_issuers(deployment: Deployment) -> None:
    """A department admin cannot create, update, delete or sign."""
    check_writes_refused(deployment, "department_admin")
