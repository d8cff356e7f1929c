"""Credentials by course, and export and import of a course's credentials."""

from typing import Any

import pytest

from tests.conftest import API
from tests.support.world import DOCUMENT, ids, listed

COURSES = {c["course_id"]: c["name"] for c in DOCUMENT["courses"] if c["platform"] == "main"}
LINKED = sorted({each for record in listed() for each in record["courses"]})
COURSE = max(LINKED, key=lambda each: sum(each in c["courses"] for c in DOCUMENT["credentials"]))


def course_path(course_id: str, what: str) -> str:
    """Return the path of a course's export or import."""
    return f"/api/credentials/exim/credentials/course/{course_id}/{what}/"


def exported(api: API, course_id: str = COURSE) -> dict[str, Any]:
    """Return the export of a course."""
    response = api.get(course_path(course_id, "export"))
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json
    return document


def test_each_course_has_its_public_credentials(shared_api: API) -> None:
    """Every course with public credentials, by id, each with all of them, newest first."""
    page = shared_api.get("course-credentials/?page_size=100").json
    assert [each["course_id"] for each in page["results"]] == LINKED
    for course in page["results"]:
        expected = [c for c in listed() if course["course_id"] in c["courses"]]
        assert course["name"] == COURSES[course["course_id"]]
        assert ids(course["credentials"]) == ids(expected)
        assert course["credentials"][0] == shared_api.result(course["credentials"][0]["entityId"])
    assert page["count"] == len(LINKED)
    assert (page["num_pages"], page["max_page_size"], page["next"]) == (1, 100, None)


def test_courses_are_paged(shared_api: API) -> None:
    """Ten on a page by default, links as everywhere, and `results` in the place of `data`."""
    first = shared_api.get("course-credentials/?search=&page_size=2").json
    assert first.keys() == {
        *("next", "previous", "count", "num_pages", "page_number", "max_page_size", "results")
    }
    assert first["next"].endswith("/course-credentials/?page=2&page_size=2&search=")
    assert len(first["results"]) == 2
    assert len(shared_api.get("course-credentials/").json["results"]) == min(10, len(LINKED))
    beyond = shared_api.get("course-credentials/?page=99")
    assert (beyond.status_code, beyond.json) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize("term", ["python", "PYTHON", "course-v1", "zzz", "%"])
def test_search_looks_at_names_and_ids_of_courses(shared_api: API, term: str) -> None:
    """Exactly the courses whose name or id contains the text, in any case."""
    page = shared_api.get("course-credentials/", query_string={"search": term, "page_size": 100})
    expected = [
        each
        for each in LINKED
        if term.lower() in each.lower() or term.lower() in COURSES[each].lower()
    ]
    assert [each["course_id"] for each in page.json["results"]] == expected


def test_a_course_without_public_credentials_is_not_listed(api: API) -> None:
    """A course appears with its first public credential and goes with its last."""
    course_id = next(each for each in COURSES if each not in LINKED)
    before = api.get("course-credentials/").json["count"]
    created = api.create(courses=[course_id], public=False)
    assert api.get("course-credentials/").json["count"] == before
    api.put(created["entityId"], {"public": True})
    assert api.get("course-credentials/").json["count"] == before + 1
    api.delete(created["entityId"])
    assert api.get("course-credentials/").json["count"] == before


def test_an_export_holds_every_credential_of_the_course(shared_api: API) -> None:
    """Also private ones, under the names of a create."""
    document = exported(shared_api)
    expected = [
        c for c in DOCUMENT["credentials"] if c["platform"] == "main" and COURSE in c["courses"]
    ]
    assert document["course_id"] == COURSE
    assert sorted(ids(document["credentials"])) == sorted(ids(expected))
    for each in document["credentials"]:
        record = next(c for c in expected if c["entityId"] == each["entityId"])
        for name in ("name", "issuer", "public", "expires", "tags", "metadata", "icon_image_id"):
            assert each[name] == record[name]


def test_importing_an_export_changes_nothing(api: API) -> None:
    """Export, import, export: the same bytes; and the credentials are what they were."""
    before = api.get("?page_size=100").data
    first = api.get(course_path(COURSE, "export"))
    response = api.post(first.json, course_path(COURSE, "import"))
    assert response.status_code == 201
    assert {each["created"] for each in response.json["imported"]} == {False}
    assert api.get(course_path(COURSE, "export")).data == first.data
    assert api.get("?page_size=100").data == before


def test_importing_into_another_course_copies_once(api: API) -> None:
    """Another course gets credentials of its own, and the second import changes nothing."""
    target = next(each for each in COURSES if each not in LINKED)
    document = exported(api)
    first = api.post(document, course_path(target, "import"))
    assert {each["created"] for each in first.json["imported"]} == {True}
    assert not {e["entityId"] for e in first.json["imported"]} & set(ids(document["credentials"]))
    copy = api.get(course_path(target, "export"))
    second = api.post(document, course_path(target, "import"))
    assert ids(second.json["imported"]) == ids(first.json["imported"])
    assert api.get(course_path(target, "export")).data == copy.data
    stripped = [
        [{k: v for k, v in each.items() if k != "entityId"} for each in source["credentials"]]
        for source in (document, copy.json)
    ]
    assert stripped[0] == stripped[1]


def test_equal_names_are_not_mixed_up(api: API) -> None:
    """Two credentials of one name stay two, however often they are imported."""
    target = next(each for each in COURSES if each not in LINKED)
    item = {"name": "Twin", "issuer": api.issuer()}
    body = {"credentials": [{**item, "description": "a"}, {**item, "description": "b"}]}
    for created in (True, False, False):
        report = api.post(body, course_path(target, "import")).json
        assert [each["created"] for each in report["imported"]] == [created, created]
    assert [e["description"] for e in exported(api, target)["credentials"]] == ["a", "b"]


def test_some_are_imported(api: API) -> None:
    """What is refused is told with its place and errors; the others are stored."""
    good = {"name": "Good", "issuer": api.issuer()}
    body = {"credentials": [good, {"name": "No issuer"}, 7, None, {**good, "signal": "x"}]}
    response = api.post(body, course_path(COURSE, "import"))
    assert response.status_code == 207
    assert [each["name"] for each in response.json["imported"]] == ["Good"]
    assert response.json["failed"] == [
        {"index": 1, "name": "No issuer", "errors": {"issuer": ["This field is required."]}},
        {
            "index": 2,
            "name": "",
            "errors": {
                "non_field_errors": ["Invalid data. Expected a dictionary, but got int."],
            },
        },
        {"index": 3, "name": "", "errors": {"non_field_errors": ["This field may not be null."]}},
        {"index": 4, "name": "Good", "errors": {"signal": ['"x" is not a valid choice.']}},
    ]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"credentials": ["This field is required."]}),
        ({"credentials": []}, {"credentials": ["This list may not be empty."]}),
        (
            {"credentials": {}},
            {"credentials": ['Expected a list of items but got type "dict".']},
        ),
        (
            {"credentials": [{}] * 1001},
            {"credentials": ["Ensure this field has no more than 1000 elements."]},
        ),
    ],
)
def test_a_document_that_is_none_is_400(api: API, body: Any, errors: Any) -> None:
    """What holds no list of credentials is refused as a whole."""
    response = api.post(body, course_path(COURSE, "import"))
    assert (response.status_code, response.json) == (400, errors)


def test_none_is_imported(api: API) -> None:
    """Where every credential is refused, the answer is 400 with the report and nothing changes."""
    before = api.get(course_path(COURSE, "export")).data
    response = api.post({"credentials": [{"name": "x"}]}, course_path(COURSE, "import"))
    assert response.status_code == 400
    assert response.json["imported"] == []
    assert len(response.json["failed"]) == 1
    assert api.get(course_path(COURSE, "export")).data == before


def test_courses_belong_to_their_platform(api: API) -> None:
    """Another platform's course does not exist, and its issuer is refused."""
    acme = api.acting("acme-admin-key")
    refused = acme.get(course_path(COURSE, "export"))
    assert (refused.status_code, refused.json) == (
        404,
        {"detail": "No Course matches the given query."},
    )
    theirs = next(c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "acme")
    response = acme.post(exported(api), course_path(theirs, "import"))
    assert response.status_code == 400
    assert all("issuer" in each["errors"] for each in response.json["failed"])
    there = api.get(course_path(theirs, "export") + "?platform_org=acme")
    assert there.status_code == 403
