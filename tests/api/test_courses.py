"""Credentials by course, and export and import of a course's credentials."""

from typing import Any

import pytest

from tests.conftest import API
from tests.support.world import DOCUMENT, ids, listed

COURSES = {c["course_id"]: c["name"] for c in DOCUMENT["courses"] if c["platform"] == "main"}
LINKED = sorted({each for record in listed() for each in record["courses"]})
IN_COURSE = {k: [c["name"] for c in DOCUMENT["credentials"] if k in c["courses"]] for k in LINKED}
COURSE = max(  # of those without two credentials of one name, which an import does not tell apart
    (k for k, names in IN_COURSE.items() if len(set(names)) == len(names)),
    key=lambda each: len(IN_COURSE[each]),
)


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
    page = shared_api.result("course-credentials/?page_size=100")
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
    first = shared_api.result("course-credentials/?search=&page_size=2")
    assert first.keys() == {
        *("next", "previous", "count", "num_pages", "page_number", "max_page_size", "results")
    }
    assert first["next"].endswith("/course-credentials/?page=2&page_size=2&search=")
    assert len(first["results"]) == 2
    assert len(shared_api.result("course-credentials/")["results"]) == min(10, len(LINKED))
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
    assert [each["course_id"] for each in page.json["result"]["results"]] == expected


def test_a_course_without_public_credentials_is_not_listed(api: API) -> None:
    """A course appears with its first public credential and goes with its last."""
    course_id = next(each for each in COURSES if each not in LINKED)
    before = api.result("course-credentials/")["count"]
    created = api.create(courses=[course_id], public=False)
    assert api.result("course-credentials/")["count"] == before
    api.put(created["entityId"], {"public": True})
    assert api.result("course-credentials/")["count"] == before + 1
    api.delete(created["entityId"])
    assert api.result("course-credentials/")["count"] == before


def test_an_export_holds_every_credential_of_the_course(api: API) -> None:
    """Also private ones, each as it is retrieved, oldest first."""
    private = api.create(courses=[COURSE], public=False)
    document = exported(api)
    assert document["credentials"].pop() == private
    expected = [
        c for c in DOCUMENT["credentials"] if c["platform"] == "main" and COURSE in c["courses"]
    ]
    assert document.keys() == {"course_id", "credentials"}
    assert document["course_id"] == COURSE
    assert sorted(ids(document["credentials"])) == sorted(ids(expected))
    for each in document["credentials"]:
        assert each == api.result(each["entityId"])
    times = [each["createdAt"] for each in document["credentials"]]
    assert times == sorted(times)


def import_into(api: API, course_id: str, body: Any) -> tuple[int, dict[str, Any]]:
    """Import a document into a course; return the status and the result."""
    response = api.post(body, course_path(course_id, "import"))
    assert response.json["status"]["success"] == (response.status_code < 300)
    result: dict[str, Any] = response.json["result"]
    assert result["course_id"] == course_id
    return response.status_code, result


def outcomes(result: dict[str, Any]) -> list[str]:
    """Return the outcome of each credential that was imported."""
    return [each["status"] for each in result["imported_credentials"]]


def test_importing_an_export_twice_changes_nothing(api: API) -> None:
    """What has the default issuer is updated to what it was; other issuers' are copied once."""
    default = api.get("issuers/main").json[0]
    document = exported(api)
    own = [e for e in document["credentials"] if e["issuerDetails"] == default]
    status, first = import_into(api, COURSE, document)
    assert status == 201
    assert outcomes(first).count("updated") == len(own)
    after = exported(api)
    for each in own:
        assert each in after["credentials"]
    status, second = import_into(api, COURSE, document)
    assert (status, {*outcomes(second)}) == (201, {"updated"})
    assert exported(api) == after


def test_an_export_imports_into_another_course(api: API) -> None:
    """Another course gets credentials of its own, and the second import changes nothing."""
    target = next(each for each in COURSES if each not in LINKED)
    document = exported(api)
    status, first = import_into(api, target, document)
    assert (status, {*outcomes(first)}, first["errors"]) == (201, {"created"}, [])
    made = ids(first["imported_credentials"])
    assert not {*made} & {*ids(document["credentials"])}
    copy = exported(api, target)
    assert ids(copy["credentials"]) == made
    for source, each in zip(document["credentials"], copy["credentials"], strict=True):
        others = [course for course in source["courses"] if course["course_id"] != COURSE]
        assert each["courses"] == [*others, {"course_id": target, "name": COURSES[target]}]
        changed = {"entityId", "createdAt", "courses", "issuerDetails", "signatories"}
        assert {n: v for n, v in each.items() if n not in changed} == {
            n: v for n, v in source.items() if n not in changed
        }
    assert import_into(api, target, document)[1]["imported_credentials"] == [
        {**each, "status": "updated"} for each in first["imported_credentials"]
    ]
    assert exported(api, target) == copy
    assert api.get(course_path(COURSE, "export")).json == document


def test_an_export_imports_into_another_platform(api: API) -> None:
    """Unchanged: the issuer is the other platform's, and what it does not have is left out."""
    acme = api.acting("acme-admin-key")
    theirs = next(c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "acme")
    document = exported(api)
    before = ids(exported(acme, theirs)["credentials"])
    status, result = import_into(acme, theirs, document)
    assert (status, len(outcomes(result))) == (201, len(document["credentials"]))
    assert "created" in outcomes(result)
    for each in exported(acme, theirs)["credentials"][len(before) :]:
        assert each["issuerDetails"]["org"] == "acme"
        assert [course["course_id"] for course in each["courses"]] == [theirs]
        assert each["programs"] == each["pathways"] == []
        assert each["icon_image_id"] is None


def test_the_body_of_the_guide(api: API) -> None:
    """No issuer, courses as objects; a second time the same credential is updated."""
    item = {"name": "From the guide", "courses": [{"name": "n", "course_id": COURSE}]}
    body = {"course_id": COURSE, "credentials": [item]}
    status, created = import_into(api, COURSE, body)
    assert (status, outcomes(created)) == (201, ["created"])
    credential = api.result(created["imported_credentials"][0]["entityId"])
    assert credential["issuerDetails"] == api.get("issuers/main").json[0]
    item["description"] = "Changed"
    status, updated = import_into(api, COURSE, body)
    assert (status, outcomes(updated)) == (201, ["updated"])
    assert ids(updated["imported_credentials"]) == [credential["entityId"]]
    assert api.result(credential["entityId"]) == {**credential, "description": "Changed"}


def test_some_are_imported(api: API) -> None:
    """What is refused is reported with its place and errors; the others are stored."""
    good = {"name": "Good"}
    body = {"credentials": [good, {"description": "x"}, 7, None, {**good, "signal": "x"}]}
    status, result = import_into(api, COURSE, body)
    assert status == 207
    assert [each["name"] for each in result["imported_credentials"]] == ["Good"]
    assert result["errors"] == [
        {"index": 1, "name": "", "errors": {"name": ["This field is required."]}},
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
    ("field", "value", "message"),
    [
        *(
            (field, value, message)
            for field in ("courses", "programs", "pathways")
            for value, message in (
                (None, "This field may not be null."),
                (5, 'Expected a list of items but got type "int".'),
                ("x", 'Expected a list of items but got type "str".'),
            )
        ),
        ("tags", 5, 'Expected a list of items but got type "int".'),
    ],
)
def test_a_field_that_is_no_list_is_refused(api: API, field: str, value: Any, message: str) -> None:
    """It is an error of its credential, of whatever type the value is."""
    body = {"credentials": [{"name": "n", field: value}]}
    status, result = import_into(api, COURSE, body)
    assert (status, result["imported_credentials"]) == (400, [])
    assert [each["errors"] for each in result["errors"]] == [{field: [message]}]


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
    """Where every credential is refused, the response is 400 with the report: nothing changes."""
    before = api.get(course_path(COURSE, "export")).data
    status, result = import_into(api, COURSE, {"credentials": [{"description": "x"}]})
    assert (status, result["imported_credentials"], len(result["errors"])) == (400, [], 1)
    assert api.get(course_path(COURSE, "export")).data == before


def test_courses_belong_to_their_platform(api: API) -> None:
    """Another platform's course does not exist here, and is closed to an admin from here."""
    refused = api.acting("acme-admin-key").get(course_path(COURSE, "export"))
    assert (refused.status_code, refused.json) == (
        404,
        {"detail": "No Course matches the given query."},
    )
    theirs = next(c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "acme")
    there = api.get(course_path(theirs, "export") + "?platform_org=acme")
    assert there.status_code == 403
