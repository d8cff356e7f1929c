"""Creating, retrieving, changing and deleting credentials."""

import io
import json
import re
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.config import RELEASES, Release
from tests.conftest import API, NOW
from tests.support.world import DOCUMENT, ids

SPELLINGS = [
    ("credentialType", "credential_type", "CERTIFICATE"),
    ("criteriaUrl", "criteria_url", "https://example.com/criteria?x=1"),
    ("criteriaNarrative", "criteria_text", "Pass the test."),
    ("signal", "issuing_signal", "COURSE_COMPLETED"),
    ("iconImage", "icon_image", "https://example.com/icon.png"),
    ("backgroundImage", "background_image", "https://example.com/background.png"),
    ("thumbnailImage", "thumbnail_image", "https://example.com/thumbnail.png"),
]
FULL: dict[str, Any] = {
    "name": "Fair “Trade” & <Ethics> שלום 🎓",
    "name_override": "Ethics",
    "description": "Line one\nline two",
    "credentialType": "PATHWAY_CERTIFICATE",
    "criteriaUrl": "https://example.com/é?q=1#f",
    "criteriaNarrative": "Do it.",
    "signal": "COURSE_COMPLETED",
    "icon_image_id": 1,
    "html_template": "<p>{{ learner_name }}</p>",
    "css_template": "p { color: red }",
    "metadata": {"a": [1, {"b": None}], "ключ": "значение", "big": 10**30},
    "expires": {"amount": 3, "duration": "years"},
    "tags": ["one", "two"],
    "public": False,
}


def test_the_smallest_body_gets_the_defaults(api: API) -> None:
    """Name and issuer are enough; every other field is there with its default."""
    issuer = api.issuer()
    response = api.post({"name": "Small", "issuer": issuer})
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["status"] == {"success": True, "description": "Created"}
    created = response.json["result"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", created["entityId"])
    assert created["createdAt"] == "2026-11-01T12:00:00Z"
    assert created["issuerDetails"]["entityId"] == issuer
    assert created["signatories"] == created["issuerDetails"]["signatories"]
    expected = dict.fromkeys(created) | {
        "name": "Small",
        "credentialType": "MICRO_CREDENTIAL",
        "signal": "COURSE_PASSED",
        "expires": {"amount": None, "duration": None},
        "catalog_items": [],
        "courses": [],
        "programs": [],
        "pathways": [],
    }
    for name in ("entityId", "createdAt", "issuerDetails", "signatories"):
        expected[name] = created[name]
    assert created == expected


def test_what_is_created_is_read_everywhere(api: API) -> None:
    """A new credential is retrieved, comes first in the list and is found by search."""
    created = api.create(name="Zymurgy 101", description="Yeast")
    assert api.result(created["entityId"]) == created
    assert api.result("?page_size=1")["data"] == [created]
    assert api.result("?search=YEAST")["data"] == [created]


def test_every_field_is_stored(api: API) -> None:
    """A full body comes back as it was sent."""
    course = next(c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "main")
    created = api.create(**FULL, courses=[course])
    shown = {name: created[name] for name in FULL if name != "public"}
    assert shown == {name: value for name, value in FULL.items() if name != "public"}
    assert [each["course_id"] for each in created["courses"]] == [course]
    assert created["iconImage"].startswith("http://localhost/__mock__/images/")
    assert api.result(created["entityId"]) == created
    assert created["entityId"] not in ids(api.result("?page_size=100")["data"]), "it is private"
    of_course = {"query_string": {"course": course, "page_size": "100"}}
    assert created["entityId"] not in ids(api.result(**of_course)["data"])
    api.put(created["entityId"], {"public": True})
    assert api.result(**of_course)["data"][0]["entityId"] == created["entityId"]


@pytest.mark.parametrize(("canonical", "other", "value"), SPELLINGS)
def test_both_spellings_are_one_field(api: API, canonical: str, other: str, value: str) -> None:
    """Either spelling sets the field; both are fine when they agree and refused when not."""
    for body in ({canonical: value}, {other: value}, {canonical: value, other: value}):
        assert api.create(**body)[canonical] == value
    different = {canonical: value, other: value.replace("COMPLETED", "PASSED") + "x"}
    if canonical == "signal":
        different[other] = "COURSE_PASSED"
    response = api.post({"name": "n", "issuer": api.issuer(), **different})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json.keys() == {canonical}
    assert other in response.json[canonical][0]


def test_all_three_media_types_store_the_same(api: API) -> None:
    """JSON, urlencoded and multipart bodies with the same fields make the same credential."""
    issuer = api.issuer()
    fields = {**FULL, "issuer": issuer}
    form = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in fields.items()
    }
    form["public"] = "false"
    created = [
        api.post(fields),
        api.post(data=form, content_type="application/x-www-form-urlencoded"),
        api.post(data=form, content_type="multipart/form-data"),
        api.post(data={**form, "tags": '["one", "two"]'}, content_type="multipart/form-data"),
    ]
    results = []
    for response in created:
        assert response.status_code == 200, response.text
        result = response.json["result"]
        del result["entityId"]
        results.append(result)
    assert results[0] == results[1] == results[2] == results[3]


def test_an_empty_form_value_is_null_where_null_is_allowed(api: API) -> None:
    """A form has no null; an empty value stands for it, or for an empty text."""
    issuer = api.issuer()
    form = {"name": "n", "issuer": issuer, "criteriaUrl": "", "description": "", "signal": ""}
    created = api.post(data=form).json
    assert created is not None
    result = created["result"]
    assert (result["criteriaUrl"], result["description"]) == (None, "")
    assert result["signal"] == "COURSE_PASSED", "as good as not sent"


def test_a_put_changes_only_what_it_names(api: API) -> None:
    """Fields that a PUT does not name stay; metadata is merged; the answer is the whole."""
    before = api.create(**{**FULL, "public": True, "metadata": {"a": 1, "b": {"c": 2}}})
    response = api.put(before["entityId"], {"description": "New", "metadata": {"b": 3, "d": 4}})
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["status"] == {"success": True, "description": "Updated"}
    expected = {**before, "description": "New", "metadata": {"a": 1, "b": 3, "d": 4}}
    assert response.json["result"] == expected
    assert api.result(before["entityId"]) == expected
    assert api.result("?page_size=1")["data"] == [expected]


@pytest.mark.parametrize("metadata", [None, [1], "text", 5])
def test_metadata_that_is_no_object_replaces(api: API, metadata: Any) -> None:
    """Only two objects are merged."""
    created = api.create(metadata={"a": 1})
    changed = api.put(created["entityId"], {"metadata": metadata}).json
    assert changed is not None
    assert changed["result"]["metadata"] == metadata


def test_an_empty_put_changes_nothing(api: API) -> None:
    """A PUT without fields answers 200 and leaves everything as it is."""
    created = api.create(**FULL)
    for response in (api.put(created["entityId"], {}), api.put(created["entityId"])):
        assert response.status_code == 200
        assert response.json is not None
        assert response.json["result"] == created


def test_a_put_moves_between_filters(api: API) -> None:
    """Filters and search follow a change."""
    first, second = [c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "main"][:2]
    created = api.create(name="Aardvark", courses=[first])
    api.put(created["entityId"], {"name": "Bandicoot", "courses": [second]})
    for query, expected in (
        ({"course": first}, False),
        ({"course": second}, True),
        ({"search": "aardvark"}, False),
        ({"search": "bandicoot"}, True),
    ):
        found = api.result(query_string={**query, "page_size": "100"})["data"]
        assert (created["entityId"] in ids(found)) is expected, query


def test_an_image_is_an_id_or_an_address(api: API) -> None:
    """Setting the id shows that image; setting an address clears the id."""
    created = api.create(icon_image_id=1)
    address = "https://example.com/a.png"
    changed = api.put(created["entityId"], {"icon_image": address}).json
    assert changed is not None
    assert (changed["result"]["iconImage"], changed["result"]["icon_image_id"]) == (address, None)
    changed = api.put(created["entityId"], {"icon_image_id": 2}).json
    assert changed is not None
    assert changed["result"]["icon_image_id"] == 2
    assert changed["result"]["iconImage"] != address


def test_read_only_fields_in_a_body_are_ignored(api: API) -> None:
    """What the server generates cannot be sent."""
    sent = {"entityId": "x", "createdAt": "2000-01-01", "issuerDetails": {}, "catalog_items": ["x"]}
    created = api.create(**sent, nonsense=1)
    for name in sent:
        assert created[name] != sent[name]
    changed = api.put(created["entityId"], sent).json
    assert changed is not None
    assert changed["result"] == created


@pytest.mark.parametrize("release", RELEASES)
def test_delete_is_final(release: Release) -> None:
    """A deleted credential is gone from everywhere and stays gone; 4.202 says so in a body."""
    api = API(create_app(Config(strict=True, now=NOW, api_version=release)))
    created = api.create(name="Ephemeral")
    response = api.delete(created["entityId"])
    if release == "4.202":
        assert response.status_code == 200
        assert response.json == {"status": {"success": True, "description": "Deleted"}}
    else:
        assert (response.status_code, response.data) == (204, b"")
        assert "Content-Type" not in response.headers
    for method in ("GET", "PUT", "DELETE"):
        again = api.send(method, created["entityId"])
        assert (again.status_code, again.json) == (
            404,
            {"detail": "No Credential matches the given query."},
        )
    assert api.result("?search=ephemeral")["count"] == 0


def test_active_assertions_forbid_a_delete(api: API) -> None:
    """A credential that somebody holds is 409; revoked and expired assertions do not count."""
    held, free = set(), set()
    for assertion in DOCUMENT["assertions"]:
        expired = assertion["expires"] is not None and assertion["expires"] < "2026-11-01"
        (free if assertion["revoked"] or expired else held).add(assertion["credential"])
    main = {c["entityId"] for c in DOCUMENT["credentials"] if c["platform"] == "main"}
    assert held & main
    assert (free - held) & main
    for entity_id in sorted(held & main)[:3]:
        response = api.delete(entity_id)
        assert response.status_code == 409
        assert response.json == {
            "detail": "This credential has active assertions and cannot be deleted."
        }
        assert api.get(entity_id).status_code == 200
    for entity_id in sorted((free - held) & main)[:3]:
        assert api.delete(entity_id).status_code == 200


def test_a_credential_of_another_platform_does_not_exist(api: API) -> None:
    """Under one's own platform, another platform's credential is 404 for every method."""
    foreign = next(c["entityId"] for c in DOCUMENT["credentials"] if c["platform"] == "acme")
    for method in ("GET", "PUT", "DELETE"):
        assert api.send(method, foreign).status_code == 404


@pytest.mark.parametrize("issuer", ["nowhere", "", None, 5, ["x"], {"a": 1}, True])
def test_an_issuer_must_exist(api: API, issuer: Any) -> None:
    """An unknown issuer is refused on `issuer`, whatever was sent for it."""
    response = api.post({"name": "n", "issuer": issuer})
    assert response.status_code == 400
    assert response.json is not None
    text = (
        "This field may not be null."
        if issuer in ("", None)
        else f"Object with entity_id={issuer} does not exist."
    )
    assert response.json == {"issuer": [text]}


def test_an_issuer_of_another_platform_does_not_exist(api: API) -> None:
    """An issuer belongs to one platform."""
    foreign = next(i["entityId"] for i in DOCUMENT["issuers"] if i["platform"] == "acme")
    created = api.create()
    for response in (
        api.post({"name": "n", "issuer": foreign}),
        api.put(created["entityId"], {"issuer": foreign}),
    ):
        assert response.status_code == 400
        assert response.json == {"issuer": [f"Object with entity_id={foreign} does not exist."]}


def test_a_refused_request_changes_nothing(api: API) -> None:
    """After a 400 the list and the item are what they were."""
    created = api.create(**FULL)
    before = api.result("?page_size=100")
    assert api.post({"name": "", "issuer": "x"}).status_code == 400
    assert api.put(created["entityId"], {"name": "ok", "signal": "no"}).status_code == 400
    assert api.result("?page_size=100") == before
    assert api.result(created["entityId"]) == created


def test_a_file_where_a_text_belongs_is_refused(api: API) -> None:
    """A file part is no value of a text field."""
    response = api.post(
        data={"name": (io.BytesIO(b"x"), "a.txt"), "issuer": api.issuer()},
        content_type="multipart/form-data",
    )
    assert (response.status_code, response.json) == (400, {"name": ["Not a valid string."]})


def test_the_same_seed_and_requests_give_the_same_bytes() -> None:
    """Two mocks with one seed and a frozen clock answer alike, ids included."""
    from mockserver import Config, create_app
    from tests.conftest import NOW

    replies = []
    for _ in range(2):
        fresh = API(create_app(Config(now=NOW, seed=7)))
        issuer = fresh.issuer()
        replies.append([fresh.post({"name": str(n), "issuer": issuer}).data for n in range(5)])
    assert replies[0] == replies[1]
    other = API(create_app(Config(now=NOW, seed=8)))
    assert other.post({"name": "0", "issuer": other.issuer()}).data != replies[0][0]
