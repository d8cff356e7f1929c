"""State: what is written is what is read, in any order, by anybody at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply
from contract_tests.oracle.machine import check_shown, run_machine
from contract_tests.oracle.model import SPELLINGS, written
from contract_tests.vocabulary.deployment import FORM, Deployment, created, result

FULL: dict[str, Any] = {
    "name_override": "Shown instead",
    "description": "Line one\nline two, with “quotes” & <signs>",
    "credentialType": "CERTIFICATE",
    "criteriaUrl": "https://example.com/criteria?a=1&b=2#c",
    "criteriaNarrative": "Pass the test.",
    "signal": "COURSE_COMPLETED",
    "iconImage": "https://example.com/icon.png",
    "backgroundImage": "https://example.com/background.png",
    "thumbnailImage": "https://example.com/thumbnail.png",
    "html_template": "<p>{{ learner_name }}</p>",
    "css_template": "p { color: #333 }",
    "metadata": {"level": 2, "nested": {"a": [1, None, "x"]}, "ключ": True},
    "expires": {"amount": 6, "duration": "months"},
    "tags": ["b", "a", "b"],
}
CHANGES: tuple[dict[str, Any], ...] = (
    {"name_override": "Another"}, {"name_override": None}, {"description": "Another"},
    {"description": ""}, {"description": None}, {"credentialType": "MICRO_CREDENTIAL"},
    {"criteriaUrl": None}, {"criteriaUrl": "https://example.com/other"},
    {"criteriaNarrative": "Other"}, {"signal": "COURSE_PASSED"}, {"iconImage": None},
    {"backgroundImage": "https://example.com/b2.png"}, {"html_template": None},
    {"css_template": ""}, {"metadata": {"more": 1}}, {"metadata": {"level": 3}},
    {"expires": {"amount": 9}}, {"expires": {"duration": "years"}}, {"expires": {"amount": None}},
    {"tags": []}, {"tags": None}, {"tags": ["z", "y", "z"]}, {"public": False}, {"public": True},
    {"courses": []}, {},
)  # fmt: skip
GENERATED = ("entityId", "createdAt", "issuerDetails", "signatories")


def check_everywhere(deployment: Deployment, item: dict[str, Any], what: str) -> None:
    """Raise Breach unless item and list show a record as it is."""
    reply = deployment.get(item["entityId"])
    check_shown(reply, result(reply), item, f"{what}, by id")
    page = deployment.page({"search": item["name"][:200], "page_size": 100})
    shown = next((each for each in page.items if each["entityId"] == item["entityId"]), None)
    require(shown is not None, f"{what}: it is not in the list", page.reply)
    check_shown(page.reply, shown or {}, item, f"{what}, in the list")


@pytest.mark.rule("STATE-01")
def test_any_order_of_operations(deployment: Deployment) -> None:
    """Create, change, delete, list, search in any order agree with a plain collection."""
    run_machine(deployment)


@pytest.mark.rule("STATE-02")
def test_every_field_is_stored(deployment: Deployment) -> None:
    """A full body is what item and list show."""
    body = deployment.body(**FULL)
    reply = deployment.send_json("POST", "", body)
    item = created(reply)
    fields = {name: value for name, value in body.items() if name != "issuer"}
    check_shown(reply, item, fields, "a creation")
    shown = item["issuerDetails"].get("entityId")
    require(shown == body["issuer"], "the issuer is another", reply, expected=body["issuer"])
    check_everywhere(deployment, item, "what was created")
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-02")
@pytest.mark.parametrize("kind", ["course", "program", "pathway"])
def test_links_are_stored(deployment: Deployment, kind: str) -> None:
    """Courses, programs and pathways are linked, replaced and taken away."""
    known = list(
        dict.fromkeys(
            each[f"{kind}_id"] for item in deployment.everything() for each in item[f"{kind}s"]
        )
    )[:3]
    if not known:
        pytest.skip(f"no credential is linked to a {kind}")
    item = deployment.create(**{f"{kind}s": known})
    for keys in (known, known[:1], known[::-1], []):
        reply = deployment.put(item["entityId"], {f"{kind}s": keys})
        for record in (result(reply), deployment.retrieve(item["entityId"])):
            got = [each.get(f"{kind}_id") for each in record[f"{kind}s"]]
            require(sorted(got) == sorted(keys), f"the {kind}s are others", reply,
                    expected=keys, got=got)  # fmt: skip
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-03")
def test_defaults_of_the_smallest_body(deployment: Deployment) -> None:
    """What is not sent is null or empty, the signal is COURSE_PASSED, the credential public."""
    reply = deployment.send_json("POST", "", deployment.body())
    item = created(reply)
    expected = dict.fromkeys(name for name in FULL if name not in ("credentialType",))
    expected |= {"signal": "COURSE_PASSED", "expires": {"amount": None, "duration": None}}
    expected |= {name: [] for name in ("courses", "programs", "pathways")}
    del expected["metadata"], expected["tags"]
    check_shown(reply, item, expected, "the smallest body")
    check_everywhere(deployment, item, "the smallest body")
    form = urlencode({"name": deployment.name("form"), "issuer": deployment.issuer}).encode()
    reply = deployment.send("POST", headers={"Content-Type": FORM}, body=form)
    check_everywhere(deployment, created(reply), "the smallest form")


@pytest.mark.rule("STATE-03")
@pytest.mark.needs("disposable")
def test_what_is_created_as_private_is_not_listed(deployment: Deployment) -> None:
    """A credential that is created with `public: false` is in no list."""
    private = deployment.create(public=False)
    page = deployment.page({"search": private["name"]})
    require(page.items == [], "what is created as private is listed", page.reply)
    deployment.delete(private["entityId"])


@pytest.mark.rule("STATE-04")
def test_a_change_changes_what_it_names(deployment: Deployment) -> None:
    """Each field alone changes, and nothing else does: not the id, not the time of creation."""
    item = deployment.create(**FULL)
    public = True
    for fields in CHANGES:
        public = fields.get("public", public)
        expected = written(item, fields)
        reply = deployment.put(item["entityId"], fields)
        what = f"a change of {', '.join(fields) or 'nothing'}"
        check_shown(reply, result(reply), expected, what)
        reply = deployment.get(item["entityId"])
        check_shown(reply, result(reply), expected, f"{what}, read again")
        item = expected
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-04")
def test_the_issuer_can_be_changed(deployment: Deployment) -> None:
    """Another issuer of the platform takes the place of the one that is there."""
    issuers = deployment.page(path="issuers/").ids
    item = deployment.create()
    for issuer in issuers[:3]:
        reply = deployment.put(item["entityId"], {"issuer": issuer})
        for record in (result(reply), deployment.retrieve(item["entityId"])):
            got = record["issuerDetails"].get("entityId")
            require(got == issuer, "the issuer is not changed", reply, expected=issuer, got=got)
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-05")
def test_metadata_is_merged(deployment: Deployment) -> None:
    """New keys are added, known ones replaced, others stay."""
    item = deployment.create(metadata={"a": 1, "b": {"c": 2}})
    expected: dict[str, Any] = {"a": 1, "b": {"c": 2}}
    for change in ({"d": 3}, {"a": "x"}, {"b": [1]}, {}):
        expected |= change
        reply = deployment.put(item["entityId"], {"metadata": change})
        check_shown(reply, result(reply), {"metadata": expected}, "a merge")
        check_shown(reply, deployment.retrieve(item["entityId"]), {"metadata": expected}, "a merge")
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-06")
@pytest.mark.parametrize(("other", "name"), SPELLINGS.items())
def test_spellings_are_one_field(deployment: Deployment, other: str, name: str) -> None:
    """Either spelling sets the field, to create and to change."""
    value = FULL[name]
    for spelling in (name, other):
        item = deployment.create(**{spelling: value})
        require(item[name] == value, f"`{spelling}` is not stored", expected=value, got=item[name])
        deployment.delete(item["entityId"])
    item = deployment.create()
    for spelling in (name, other):
        reply = deployment.put(item["entityId"], {spelling: value})
        check_shown(reply, result(reply), {name: value}, f"a change of `{spelling}`")
        if name not in ("credentialType", "signal"):
            deployment.change(item["entityId"], {name: None})
        else:
            deployment.change(item["entityId"], {name: {"signal": "COURSE_PASSED"}.get(name, "X")})
    deployment.delete(item["entityId"])


def multipart(fields: list[tuple[str, str]]) -> tuple[bytes, str]:
    """Return a multipart body and its content type."""
    boundary = "credcheck-boundary"
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    return f"{parts}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def form_fields(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return fields as a form has them: objects as JSON text, lists as repeated keys."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, list):
            pairs += [(name, each) for each in value]
        elif isinstance(value, str):
            pairs.append((name, value))
        else:
            pairs.append((name, json.dumps(value)))
    return pairs


@pytest.mark.rule("STATE-07")
@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_forms_store_what_json_stores(deployment: Deployment, kind: str) -> None:
    """The same fields in a form make the same credential, to create and to change."""
    fields = {**FULL, "description": "one line, “quoted” & é"}
    pairs = form_fields({**deployment.body(), **fields})
    item = created(send_form(deployment, "POST", "", pairs, kind))
    reply = deployment.get(item["entityId"])
    check_shown(reply, result(reply), fields, f"a creation, {kind}")
    change = {"description": "changed", "expires": {"amount": 9}, "tags": ["x", "y", "x"]}
    reply = send_form(deployment, "PUT", item["entityId"], form_fields(change), kind)
    expected = written({**item, **fields}, change)
    check_shown(reply, result(reply), expected, f"a change, {kind}")
    reply = send_form(deployment, "PUT", item["entityId"], [("name_override", "alone")], kind)
    expected = written(expected, {"name_override": "alone"})
    check_shown(reply, result(reply), expected, f"a change of one field, {kind}")
    deployment.delete(item["entityId"])


def send_form(
    deployment: Deployment, method: str, path: str, pairs: list[tuple[str, str]], kind: str
) -> Reply:
    """Send a form of one of the two kinds."""
    body, media_type = (
        multipart(pairs) if kind == "multipart" else (urlencode(pairs).encode(), FORM)
    )
    return deployment.send(method, path, headers={"Content-Type": media_type}, body=body)


@pytest.mark.rule("STATE-08")
def test_a_refused_change_changes_nothing(deployment: Deployment) -> None:
    """After a 400 the item is what it was."""
    item = deployment.create(**FULL)
    for bad in ({"signal": "x"}, {"issuer": "nowhere"}, {"courses": ["nowhere"]}, {"tags": "x"},
                {"expires": {"amount": "x"}}, {"criteriaUrl": "x"}, {"public": "x"}):  # fmt: skip
        fields = {"name": deployment.name("refused"), "description": "refused", **bad}
        reply = deployment.put(item["entityId"], fields)
        require(reply.status == 400, "a bad change is accepted", reply, expected=400)
        after = deployment.get(item["entityId"])
        check_shown(after, result(after), item, f"after a refused change ({', '.join(bad)})")
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-08")
def test_a_refused_creation_makes_nothing(deployment: Deployment) -> None:
    """After a 400 there is no new credential."""
    for bad in ({"signal": "x"}, {"issuer": "nowhere"}, {"courses": ["nowhere"]}, {"tags": "x"},
                {"expires": {"amount": "x"}}, {"criteriaUrl": "x"}):  # fmt: skip
        body = {**deployment.body(), **bad}
        reply = deployment.send_json("POST", "", body)
        require(reply.status == 400, "a bad creation is accepted", reply, expected=400)
        page = deployment.page({"search": body["name"]})
        require(page.items == [], f"a refused creation made one ({', '.join(bad)})", reply)


@pytest.mark.rule("STATE-09")
def test_what_is_deleted_is_gone_everywhere(deployment: Deployment) -> None:
    """204 without a body; then 404 on every method, and no list or search shows it."""
    namesake = deployment.create()
    other = deployment.create(name=namesake["name"])
    item = deployment.create(name=namesake["name"])
    deployment.retrieve(item["entityId"])
    reply = deployment.send("DELETE", item["entityId"])
    require(reply.status == 204, "a deletion is not 204", reply, expected=204, got=reply.status)
    require(not reply.body, "a deletion has a body", reply, got=reply.body[:100])
    for method in ("GET", "PUT", "DELETE", "GET"):
        body = b"{}" if method == "PUT" else None
        headers = {"Content-Type": "application/json"} if method == "PUT" else {}
        again = deployment.send(method, item["entityId"], body=body, headers=headers)
        require(again.status == 404, f"{method} of what is deleted is not 404", again,
                expected=404, got=again.status)  # fmt: skip
    page = deployment.page({"search": namesake["name"]})
    require(page.ids == [other["entityId"], namesake["entityId"]],
            "a deletion took others, or left its own", page.reply)  # fmt: skip
    for each in (namesake, other):
        deployment.delete(each["entityId"])


@pytest.mark.rule("STATE-10")
def test_ids_are_not_given_twice(deployment: Deployment) -> None:
    """Creating and deleting in turn gives a new id each time."""
    seen: set[str] = set()
    for _ in range(6):
        reply = deployment.send_json("POST", "", deployment.body())
        entity_id = created(reply)["entityId"]
        require(entity_id not in seen, "an id is given twice", reply, got=entity_id)
        seen.add(entity_id)
        deployment.delete(entity_id)


TEXTS = (
    "two  spaces", "line\nbreak\n\nand more", "tab\there", "🎓🏳️‍🌈 emoji", "שלום עולם", "مرحبا",
    "ﬁ ① ½ Å", "R&D <b>bold</b> \"quoted\" 'single'", "back\\slash / %41 %s {x}", "\u202eabc\u202c",
    "x" * 990, "é vs e\u0301", "\u200bzero width\u200b", "null", "0", "<script>alert(1)</script>",
)  # fmt: skip


@pytest.mark.rule("STATE-11")
def test_texts_come_back_as_they_were_sent(deployment: Deployment) -> None:
    """Line breaks, spaces, emoji, scripts, signs and long texts are stored as they are."""
    item = deployment.create()
    for text in TEXTS:
        fields = {"description": text, "criteriaNarrative": text, "name_override": text[:1000]}
        reply = deployment.put(item["entityId"], fields)
        check_shown(reply, result(reply), fields, "a text")
        check_shown(reply, deployment.retrieve(item["entityId"]), fields, "a text, read again")
    deployment.delete(item["entityId"])
    for text in ("ﬁ ① 🎓 R&D <b>", "x" * 960, "שלום  two"):
        body = deployment.body(name=f"{text} {deployment.mark}", description=text)
        reply = deployment.send_json("POST", "", body)
        entity_id = created(reply)["entityId"]
        fields = {"name": body["name"], "description": text}
        check_shown(reply, deployment.retrieve(entity_id), fields, "a name")
        deployment.delete(entity_id)


@pytest.mark.rule("STATE-11")
def test_null_and_empty_are_two_things(deployment: Deployment) -> None:
    """A text that is null is not one that is empty."""
    item = deployment.create(description=None, criteriaNarrative="")
    for fields in ({"description": None, "criteriaNarrative": ""},
                   {"description": "", "criteriaNarrative": None}):  # fmt: skip
        reply = deployment.put(item["entityId"], fields)
        check_shown(reply, result(reply), fields, "null or empty")
        check_shown(reply, deployment.retrieve(item["entityId"]), fields, "null or empty")
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-12")
def test_generated_fields_are_ignored(deployment: Deployment) -> None:
    """Id, time of creation and issuer details of a body are not stored, nor are unknown fields."""
    sent = {"entityId": "zz" * 11, "createdAt": "2001-01-01T00:00:00Z", "issuerDetails": {},
            "unknown-field": 1}  # fmt: skip
    reply = deployment.send_json("POST", "", deployment.body(**sent))
    item = created(reply)
    for name in ("entityId", "createdAt", "issuerDetails"):
        require(item[name] != sent[name], f"`{name}` of a body is stored", reply)
    sent_back = {**item, "issuerDetails": {}, "entityId": "x", "createdAt": sent["createdAt"]}
    sent_back |= {"courses": [], "programs": [], "pathways": []}
    reply = deployment.put(item["entityId"], sent_back)
    check_shown(reply, result(reply), {n: item[n] for n in GENERATED}, "sending back an answer")
    deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-13")
def test_creations_at_once(deployment: Deployment) -> None:
    """Many creations at the same time all succeed, each with an id of its own."""
    mark = deployment.name("at once")
    bodies = [deployment.body(name=f"{n} {mark}") for n in range(24)]

    def create(body: dict[str, Any]) -> Reply:
        return deployment.send_json("POST", "", body)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(create, bodies))
    ids = [created(reply)["entityId"] for reply in replies]
    require(len(set(ids)) == len(ids), "creations at once share an id", replies[0])
    page = deployment.page({"search": mark, "page_size": 100})
    require(sorted(page.ids) == sorted(ids), "creations at once are lost", page.reply,
            expected=len(ids), got=len(page.ids))  # fmt: skip
    for entity_id in ids:
        deployment.delete(entity_id)


@pytest.mark.rule("STATE-13")
def test_changes_at_once(deployment: Deployment) -> None:
    """Changes of different fields at the same time are all kept."""
    fields = {
        "description": "d",
        "criteriaNarrative": "c",
        "html_template": "h",
        "css_template": "s",
    }
    for number in range(4):
        item = deployment.create()
        changes = [{name: f"{value}{number}"} for name, value in fields.items()]

        def change(change: dict[str, Any], entity_id: str = item["entityId"]) -> Reply:
            return deployment.put(entity_id, change)

        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(change, changes))
        for reply in replies:
            result(reply)
        expected = {name: value for each in changes for name, value in each.items()}
        reply = deployment.get(item["entityId"])
        check_shown(reply, result(reply), expected, "changes at once")
        deployment.delete(item["entityId"])


@pytest.mark.rule("STATE-14")
def test_a_write_is_seen_at_once(deployment: Deployment) -> None:
    """After a creation, a change and a deletion the next reads show it."""
    everything = {"page_size": 100}
    deployment.page(everything)
    item = deployment.create(description="before")
    page = deployment.page(everything)
    require(item["entityId"] in page.ids, "a creation is not seen", page.reply)
    deployment.retrieve(item["entityId"])
    for text in ("after", "again"):
        name = deployment.name(text)
        deployment.change(item["entityId"], {"name": name, "description": text})
        reply = deployment.get(item["entityId"])
        check_shown(reply, result(reply), {"name": name, "description": text}, "a change")
        page = deployment.page({"search": name})
        require(page.ids == [item["entityId"]], "a change is not found", page.reply)
        page = deployment.page({"search": item["name"]})
        require(page.ids == [], "the old name is still found", page.reply)
    deployment.delete(item["entityId"])
    page = deployment.page(everything)
    require(item["entityId"] not in page.ids, "a deletion is not seen", page.reply)
