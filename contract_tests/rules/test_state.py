"""State: what is written is what is read, in any order and with concurrent clients."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from contract_tests.engine.contract import JSON
from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.oracle.concurrency import check_concurrent_updates
from contract_tests.oracle.machine import run_machine
from contract_tests.oracle.model import apply_write
from contract_tests.vocabulary.bodies import FULL, SPELLINGS
from contract_tests.vocabulary.checks import (
    check_deleted,
    check_equal,
    check_fields,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment, read_created, read_result
from contract_tests.vocabulary.forms import FORM, KINDS, list_form_fields, send_form

INVALID: tuple[dict[str, Any], ...] = (
    {"signal": "x"}, {"issuer": "nowhere"}, {"courses": ["nowhere"]}, {"tags": "x"},
    {"expires": {"amount": "x"}}, {"criteriaUrl": "x"},
)  # fmt: skip
"""Where a service accepts one of these, another rule says whether it may."""
GENERATED_FIELDS = ("entityId", "createdAt", "issuerDetails", "signatories")


def check_item_and_list(deployment: Deployment, item: dict[str, Any], what: str) -> None:
    """Require the item and the list to show a record as it is."""
    response = deployment.get(item["entityId"])
    check_fields(response, read_result(response), item, f"{what}, by id")
    page = deployment.get_page({"search": item["name"][:200], "page_size": 100})
    listed = [record for record in page.items if record["entityId"] == item["entityId"]]
    require(listed, f"{what} is missing in the list", page.response)
    check_fields(page.response, listed[0], item, f"{what}, in the list")


@pytest.mark.credcheck_rule("STATE-01")
def test_any_order_of_operations(deployment: Deployment) -> None:
    """Create, update, delete, list and search in any order match the model."""
    run_machine(deployment)


@pytest.mark.credcheck_rule("STATE-02")
def test_every_field_is_stored(deployment: Deployment) -> None:
    """The item and the list show all fields of a complete body."""
    body = deployment.build_body(**FULL)
    response = deployment.send_json("POST", "", body)
    item = read_created(response)
    fields = {name: value for name, value in body.items() if name != "issuer"}
    check_fields(response, item, fields, "a created credential")
    issuer = item["issuerDetails"].get("entityId")
    check_equal(issuer, body["issuer"], "a created credential has another issuer", response)
    check_item_and_list(deployment, item, "a created credential")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-03")
def test_defaults_of_the_smallest_body(deployment: Deployment) -> None:
    """Fields that are not sent are null or empty, the signal COURSE_PASSED, the item public."""
    response = deployment.send_json("POST", "", deployment.build_body())
    item = read_created(response)
    not_known = ("credentialType", "metadata", "tags", "expires")
    expected: dict[str, Any] = dict.fromkeys(name for name in FULL if name not in not_known)
    expected |= {"signal": "COURSE_PASSED"}
    expected |= {name: [] for name in ("courses", "programs", "pathways")}
    check_fields(response, item, expected, "the smallest body")
    check_item_and_list(deployment, item, "the smallest body")
    form = {"name": deployment.make_name("form"), "issuer": deployment.issuer}
    headers = {"Content-Type": FORM}
    response = deployment.send("POST", headers=headers, body=urlencode(form).encode())
    check_item_and_list(deployment, read_created(response), "the smallest form")


@pytest.mark.credcheck_rule("STATE-03")
@pytest.mark.credcheck_needs("disposable")
def test_an_item_created_as_private_is_not_listed(deployment: Deployment) -> None:
    """A credential that is created with `public: false` is in no list."""
    private = deployment.create(public=False)
    page = deployment.get_page({"search": private["name"]})
    check_equal(page.items, [], "a credential created as private is listed", page.response)
    deployment.delete(private["entityId"])


@pytest.mark.credcheck_rule("STATE-05")
def test_metadata_is_merged(deployment: Deployment) -> None:
    """New keys are added, existing ones replaced, all others stay."""
    metadata: dict[str, Any] = {"a": 1, "b": {"c": 2}, "empty": None}
    item = deployment.create(metadata=metadata)
    updates: tuple[dict[str, Any], ...] = (
        {"d": 3}, {"a": "x"}, {"b": [1]}, {}, {"camelCase": {"innerKey": 2**53 + 1}},
    )  # fmt: skip
    for update in updates:
        metadata = {**metadata, **update}
        response = deployment.put(item["entityId"], {"metadata": update})
        expected = {"metadata": metadata}
        for record in (read_result(response), deployment.retrieve(item["entityId"])):
            check_fields(response, record, expected, "an update of metadata")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-06")
@pytest.mark.parametrize(
    ("other", "name"), [pair for pair in SPELLINGS.items() if pair[0] != "credential_type"]
)
def test_both_spellings_set_the_field(deployment: Deployment, other: str, name: str) -> None:
    """Either spelling sets the field, in a create and in an update."""
    value = FULL[name]
    item = deployment.create()
    expected = {field: item[field] for field in FULL} | {name: value}
    for spelling in (name, other):
        response = deployment.send_json("POST", "", deployment.build_body(**{spelling: value}))
        created = read_created(response)
        check_fields(response, created, expected, f"a create with `{spelling}` alone")
        deployment.delete(created["entityId"])
    reset = "COURSE_PASSED" if name == "signal" else None
    for spelling in (name, other):
        response = deployment.put(item["entityId"], {spelling: value})
        check_fields(response, read_result(response), {name: value}, f"an update of `{spelling}`")
        deployment.update(item["entityId"], {name: reset})
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-07")
@pytest.mark.parametrize("kind", KINDS)
def test_forms_store_what_json_stores(deployment: Deployment, kind: str) -> None:
    """The same fields in a form give the same credential, in a create and in an update."""
    plain = {name: value for name, value in FULL.items() if not isinstance(value, dict)}
    fields = {**plain, "description": "one line, “quoted” & é"}
    pairs = list_form_fields({**deployment.build_body(), **fields})
    item = read_created(send_form(deployment, "POST", "", pairs, kind))
    response = deployment.get(item["entityId"])
    check_fields(response, read_result(response), fields, f"a create, {kind}")
    update = {"description": "changed", "tags": ["x", "y", "x"]}
    response = send_form(deployment, "PUT", item["entityId"], list_form_fields(update), kind)
    expected = apply_write({**item, **fields}, update)
    check_fields(response, read_result(response), expected, f"an update, {kind}")
    response = send_form(deployment, "PUT", item["entityId"], [("name_override", "alone")], kind)
    expected = apply_write(expected, {"name_override": "alone"})
    check_fields(response, read_result(response), expected, f"an update of one field, {kind}")
    check_item_and_list(deployment, expected, f"an update of one field, {kind}")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-08")
def test_a_refused_update_changes_nothing(deployment: Deployment) -> None:
    """After a 400 the item is unchanged."""
    item = deployment.create(**FULL)
    for invalid in (*INVALID, {"public": "x"}):
        fields = {"name": deployment.make_name("refused"), "description": "refused", **invalid}
        response = deployment.put(item["entityId"], fields)
        if response.status < 300:
            item = deployment.retrieve(item["entityId"])
            continue
        after = deployment.get(item["entityId"])
        what = f"an item after a refused update ({', '.join(invalid)})"
        check_fields(after, read_result(after), item, what)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-08")
def test_a_refused_create_stores_nothing(deployment: Deployment) -> None:
    """After a 400 there is no new credential."""
    for invalid in INVALID:
        body = {**deployment.build_body(), **invalid}
        response = deployment.send_json("POST", "", body)
        if response.status < 300:
            continue
        page = deployment.get_page({"search": body["name"]})
        message = f"a refused create stored a credential ({', '.join(invalid)})"
        require(page.items == [], message, response)


@pytest.mark.credcheck_rule("STATE-09")
def test_a_deleted_item_is_gone_everywhere(deployment: Deployment) -> None:
    """After a deletion every method is 404, and no list or search shows the item."""
    mark = deployment.make_name("alike")
    namesake, other, item = (deployment.create(name=f"{mark} {letter}") for letter in "abc")
    deployment.retrieve(item["entityId"])
    check_deleted(deployment.send("DELETE", item["entityId"]), "deleting a credential")
    for method in ("GET", "PUT", "DELETE", "GET"):
        body = b"{}" if method == "PUT" else None
        headers = {"Content-Type": JSON} if method == "PUT" else {}
        response = deployment.send(method, item["entityId"], body=body, headers=headers)
        check_status(response, 404, f"{method} of a deleted credential")
    page = deployment.get_page({"search": mark})
    expected = sorted([other["entityId"], namesake["entityId"]])
    message = "the list after a deletion shows the deleted item, or lacks another"
    check_equal(sorted(page.ids), expected, message, page.response)
    for entity_id in (namesake["entityId"], other["entityId"]):
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("STATE-10")
def test_ids_are_not_reused(deployment: Deployment) -> None:
    """Creating and deleting in turn gives a new id each time."""
    seen: set[str] = set()
    for _ in range(6):
        response = deployment.send_json("POST", "", deployment.build_body())
        entity_id = read_created(response)["entityId"]
        require(entity_id not in seen, "an id is used twice", response, got=entity_id)
        seen.add(entity_id)
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("STATE-10")
def test_a_namesake_is_another(deployment: Deployment) -> None:
    """A second credential of a name, also in other letters, is refused or another one."""
    item = deployment.create(description="the first")
    ids = [item["entityId"]]
    for name in (item["name"], item["name"].upper()):
        body = deployment.build_body(name=name, description="another")
        response = deployment.send_json("POST", "", body)
        if response.status != 400:  # whether a name may be there twice is not known
            ids.append(read_created(response)["entityId"])
            require(ids.count(ids[-1]) == 1, "a namesake is the same credential", response)
    after = deployment.get(ids[0])
    check_fields(after, read_result(after), item, "a credential with namesakes")
    for entity_id in ids:
        deployment.delete(entity_id)


TEXTS = (
    "two  spaces", "line\nbreak\n\nand more", "tab\there", "🎓🏳️‍🌈 emoji", "שלום עולם", "مرحبا",
    "ﬁ ① ½ Å", "R&D <b>bold</b> \"quoted\" 'single'", "back\\slash / %41 %s {x}", "\u202eabc\u202c",
    "x" * 990, "é vs e\u0301", "\u200bzero width\u200b", "null", "0", "<script>alert(1)</script>",
)  # fmt: skip
LONG_TEXT = "A sentence of a text that is very long. " * 300 + "Its end."


@pytest.mark.credcheck_rule("STATE-11")
def test_text_is_returned_unchanged(deployment: Deployment) -> None:
    """Line breaks, spaces, emoji, scripts, punctuation and long texts are stored unchanged."""
    item = deployment.create()
    for text in TEXTS:
        fields = {"description": text, "criteriaNarrative": text, "name_override": text[:1000]}
        response = deployment.put(item["entityId"], fields, proxy_may_refuse=True)
        if response.is_from_proxy:
            continue
        check_fields(response, read_result(response), fields, "a text")
        again = deployment.retrieve(item["entityId"])
        check_fields(response, again, fields, "a text, read again")
    deployment.delete(item["entityId"])
    for text in ("ﬁ ① 🎓 R&D <b>", "x" * 960, "שלום  two"):
        body = deployment.build_body(name=f"{text} {deployment.mark}", description=text)
        response = deployment.send_json("POST", "", body, proxy_may_refuse=True)
        if response.is_from_proxy:
            continue
        entity_id = read_created(response)["entityId"]
        fields = {"name": body["name"], "description": text}
        check_fields(response, deployment.retrieve(entity_id), fields, "a name")
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("STATE-11")
def test_a_number_is_a_text(deployment: Deployment) -> None:
    """A number where a text is meant is stored as its digits."""
    item = deployment.create()
    response = deployment.put(item["entityId"], {"description": 2026, "name_override": 7})
    expected = {"description": "2026", "name_override": "7"}
    check_fields(response, read_result(response), expected, "a number for a text")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-11")
def test_what_is_accepted_is_stored_whole(deployment: Deployment) -> None:
    """A very long text, and a type that nobody knows, are refused or stored as they are."""
    item = deployment.create()
    for fields in (
        {"html_template": LONG_TEXT}, {"css_template": LONG_TEXT}, {"description": LONG_TEXT},
        {"criteriaNarrative": LONG_TEXT}, {"credentialType": "Badge of Honour"},
    ):  # fmt: skip
        response = deployment.put(item["entityId"], fields, proxy_may_refuse=True)
        if response.is_from_proxy or response.status in (400, 413):
            continue
        again = deployment.get(item["entityId"])
        check_fields(again, read_result(again), fields, "what was accepted")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-12")
def test_generated_fields_are_ignored(deployment: Deployment) -> None:
    """Id, creation time and issuer details of a body are not stored, nor are unknown fields."""
    sent = {
        "entityId": "zz" * 11,
        "createdAt": "2001-01-01T00:00:00Z",
        "issuerDetails": {},
        "unknown-field": 1,
    }
    response = deployment.send_json("POST", "", deployment.build_body(**sent))
    item = read_created(response)
    for name in ("entityId", "createdAt", "issuerDetails"):
        require(item[name] != sent[name], f"`{name}` of a body is stored", response)
    sent_back = {**item, "issuerDetails": {}, "entityId": "x", "createdAt": sent["createdAt"]}
    sent_back = {name: value for name, value in sent_back.items() if value is not None}
    sent_back |= {"courses": [], "programs": [], "pathways": []}
    response = deployment.put(item["entityId"], sent_back)
    expected = {name: item[name] for name in GENERATED_FIELDS}
    check_fields(response, read_result(response), expected, "an item that was sent back")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("STATE-13")
def test_concurrent_creates(deployment: Deployment) -> None:
    """Many concurrent creates all succeed, each with an id of its own."""
    mark = deployment.make_name("at once")
    bodies = [deployment.build_body(name=f"{number} {mark}") for number in range(24)]

    def create(body: dict[str, Any]) -> Response:
        return deployment.send_json("POST", "", body)

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(create, bodies))
    ids = [read_created(response)["entityId"] for response in responses]
    require(len(set(ids)) == len(ids), "concurrent creates share an id", responses[0])
    page = deployment.get_page({"search": mark, "page_size": 100})
    require(
        sorted(page.ids) == sorted(ids),
        "a concurrent create is lost",
        page.response,
        expected=len(ids),
        got=len(page.ids),
    )
    for entity_id in ids:
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("STATE-13")
def test_concurrent_updates(deployment: Deployment) -> None:
    """Concurrent updates of different fields all succeed, and each field has a value it was sent.

    One may undo another: the framework's own `save()` writes every field (FACTS, S20).
    """
    check_concurrent_updates(deployment, may_undo=True)


@pytest.mark.credcheck_rule("STATE-14")
def test_a_write_is_visible_immediately(deployment: Deployment) -> None:
    """The next reads after a create, an update and a deletion show it."""
    newest = {"page_size": 100}
    deployment.get_page(newest)
    item = deployment.create(description="before")
    page = deployment.get_page(newest)
    is_listed = item["entityId"] in page.ids
    require(is_listed, "a created item is not listed", page.response)
    deployment.retrieve(item["entityId"])
    for text in ("after", "again"):
        name = deployment.make_name(text)
        deployment.update(item["entityId"], {"name": name, "description": text})
        response = deployment.get(item["entityId"])
        expected = {"name": name, "description": text}
        check_fields(response, read_result(response), expected, "an updated item")
        page = deployment.get_page({"search": name})
        check_equal(page.ids, [item["entityId"]], "the new name is not found", page.response)
        page = deployment.get_page({"search": item["name"]})
        check_equal(page.ids, [], "the old name is still found", page.response)
    deployment.delete(item["entityId"])
    page = deployment.get_page(newest)
    require(item["entityId"] not in page.ids, "a deleted item is still listed", page.response)
