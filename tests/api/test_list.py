"""Listing: which credentials, in which order, on which page, with which links."""

from typing import Any

import pytest

from mockserver import Config, create_app
from tests.conftest import API, MAIN
from tests.support.world import DOCUMENT, ids, listed, matches

NAMES = ("next", "previous", "count", "num_pages", "page_number", "max_page_size", "data")


def walk(api: API, path: str) -> list[dict[str, Any]]:
    """Follow `next` from a first page and return all items, checking the page's arithmetic."""
    items: list[dict[str, Any]] = []
    page = api.result(path)
    while True:
        items += page["data"]
        if page["next"] is None:
            assert page["page_number"] == page["num_pages"]
            assert len(items) == page["count"]
            return items
        following = api.result(page["next"].removeprefix("http://localhost"))
        assert following["page_number"] == page["page_number"] + 1
        page = following


def test_a_page_has_the_envelope_of_production(shared_api: API) -> None:
    """A list is `status` and `result`, and `result` a page with exactly seven fields."""
    body = shared_api.get().json
    assert body is not None
    assert body["status"] == {"success": True, "description": "Ok"}
    assert body["result"].keys() == set(NAMES)
    assert body["result"]["max_page_size"] == 100
    assert len(body["result"]["data"]) == 10


def test_only_public_credentials_newest_first(shared_api: API) -> None:
    """Every public credential of the platform is listed once, newest first, ties stable."""
    assert ids(walk(shared_api, "?page_size=7")) == ids(listed())
    assert any(not each["public"] for each in DOCUMENT["credentials"])


@pytest.mark.parametrize("size", [1, 2, 3, 10, 57, 58, 59, 100])
def test_every_page_size_visits_everything_once(shared_api: API, size: int) -> None:
    """Walking `next` gives the same list whatever the size of the pages."""
    assert ids(walk(shared_api, f"?page_size={size}")) == ids(listed())


def test_the_other_platform_sees_its_own(shared_api: API) -> None:
    """A list holds the credentials of one platform only."""
    acme = shared_api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/11/")
    assert ids(walk(acme, "?page_size=4")) == ids(listed("acme"))


@pytest.mark.parametrize(
    "term",
    [
        "python",
        "PYTHON",
        "Data",
        "leadership",
        "100%",
        "snake_case",
        "%",
        "_",
        "straße",
        "STRASSE",
        "'",
        '"',
        "\\",
        "<",
        "no such text",
        "é",
    ],
)
def test_search_is_one_plain_substring_in_any_case(shared_api: API, term: str) -> None:
    """A search finds what contains the text in name, override or description, and nothing else."""
    found = shared_api.result(query_string={"search": term, "page_size": "100"})
    assert ids(found["data"]) == [each["entityId"] for each in listed() if matches(each, term)]
    assert found["count"] == len(found["data"])


def test_filters_are_combined(shared_api: API) -> None:
    """Course, program and search together keep the credentials that pass all of them."""
    with_both = next(each for each in listed() if each["courses"] and each["programs"])
    course, program = with_both["courses"][0], with_both["programs"][0]
    term = with_both["name"][:4]
    for query in (
        {"course": course},
        {"program": program},
        {"course": course, "program": program},
        {"course": course, "program": program, "search": term},
        {"course": course, "search": "no such text"},
    ):
        found = shared_api.result(query_string={**query, "page_size": "100"})
        expected = [
            each
            for each in listed()
            if ("course" not in query or course in each["courses"])
            and ("program" not in query or program in each["programs"])
            and matches(each, query.get("search", ""))
        ]
        assert ids(found["data"]) == ids(expected), query


@pytest.mark.parametrize("query", ["course=nowhere", "program=nowhere", "search=nowhere"])
def test_nothing_found_is_one_empty_page(shared_api: API, query: str) -> None:
    """An empty result has one page, and a second one does not exist."""
    page = shared_api.result(f"?{query}")
    assert (page["count"], page["num_pages"], page["page_number"]) == (0, 1, 1)
    assert (page["next"], page["previous"], page["data"]) == (None, None, [])
    assert shared_api.get(f"?{query}&page=2").status_code == 404


@pytest.mark.parametrize("query", ["search=", "course=", "program=", "platform_org=", "page="])
def test_empty_parameters_are_ignored(shared_api: API, query: str) -> None:
    """A parameter without a value changes nothing."""
    assert ids(shared_api.result(f"?{query}")["data"]) == ids(listed())[:10]


@pytest.mark.parametrize("page", ["0", "-1", "7", "x", "1.5", "%20x", "last%20", "99999999999999"])
def test_a_page_that_does_not_exist_is_404(shared_api: API, page: str) -> None:
    """Out of range, zero, negative or no number: 404 with the paginator's words."""
    response = shared_api.get(f"?page={page}")
    assert response.status_code == 404
    assert response.json == {"detail": "Invalid page."}


def test_last_is_the_last_page(shared_api: API) -> None:
    """`page=last` is the page that has no next one."""
    page = shared_api.result("?page=last")
    assert page["page_number"] == page["num_pages"] == 6
    assert page["next"] is None
    assert ids(page["data"]) == ids(listed())[50:]


@pytest.mark.parametrize(
    ("sent", "used"),
    [("0", 10), ("-5", 10), ("x", 10), ("", 10), ("2.5", 10), ("100", 58), ("1000", 58), ("3", 3)],
)
def test_page_sizes_that_cannot_be_used_fall_back(shared_api: API, sent: str, used: int) -> None:
    """An unusable size is the default of 10, one over 100 is capped, and nothing is refused."""
    assert len(shared_api.result(f"?page_size={sent}")["data"]) == used


def test_links_keep_every_other_parameter(shared_api: API) -> None:
    """`next` and `previous` are absolute, sorted, and keep what was asked, blanks too."""
    page = shared_api.result("?search=a&page_size=5&page=2&course=&x=a%20b")
    start = f"http://localhost{MAIN}?course=&page"
    assert page["next"] == f"{start}=3&page_size=5&search=a&x=a+b"
    assert page["previous"] == f"{start}_size=5&search=a&x=a+b"
    third = shared_api.result("?page_size=5&page=3")
    assert third["previous"] == f"http://localhost{MAIN}?page=2&page_size=5"


def test_links_use_the_host_and_the_prefix_of_the_client() -> None:
    """The client's host and a prefix in front of the API come back in links and images."""
    api = API(create_app(Config(strict=True, prefix="/dm")), base=f"/dm{MAIN}")
    body = api.get("?page_size=100", headers={"Host": "mock.example:81"}).json
    assert body is not None
    first = api.get("?page_size=1", headers={"Host": "mock.example:81"}).json
    assert first is not None
    assert first["result"]["next"] == f"http://mock.example:81/dm{MAIN}?page=2&page_size=1"
    images = [each["iconImage"] for each in body["result"]["data"] if each["icon_image_id"]]
    assert images
    assert all(each.startswith("http://mock.example:81/dm/__mock__/images/") for each in images)
    assert api.get(images[0].removeprefix("http://mock.example:81")).status_code == 200
    assert API(api.app).get().status_code == 404, "without the prefix there is nothing"


def test_platform_org_takes_precedence(shared_api: API) -> None:
    """`platform_org` decides which platform is meant, and who may see it."""
    acme = shared_api.acting("acme-admin-key")
    assert acme.get().status_code == 403
    response = acme.get("/api/credentials/orgs/main/users/11/?platform_org=acme&page_size=100")
    assert response.json is not None
    assert ids(response.json["result"]["data"]) == ids(listed("acme"))
    assert shared_api.get("?platform_org=acme").status_code == 403
    assert shared_api.get("?platform_org=nowhere").json == {
        "detail": "No Platform matches the given query."
    }
    assert shared_api.result("/api/credentials/orgs/nowhere/users/1/?platform_org=main")["count"]


def test_of_a_repeated_parameter_the_last_counts(shared_api: API) -> None:
    """As in Django, the last value of a repeated parameter is the one that is read."""
    assert len(shared_api.result("?page_size=3&page_size=2")["data"]) == 2


def test_a_user_goes_by_number_or_by_name(shared_api: API) -> None:
    """The user in the path may be an id or a username, and must be of the platform."""
    root = "/api/credentials/orgs/main/users"
    for name in ("1", "admin", "7", "learner"):
        assert shared_api.get(f"{root}/{name}/").status_code == 200, name
    for name in ("999", "nobody", "11", "acme-admin", "1.0", "%00"):
        response = shared_api.get(f"{root}/{name}/")
        assert (response.status_code, response.json) == (
            404,
            {"detail": "No User matches the given query."},
        ), name


def test_every_field_of_a_listed_credential_is_what_the_world_says(shared_api: API) -> None:
    """What is listed is what the world holds, field by field."""
    shown = {each["entityId"]: each for each in walk(shared_api, "?page_size=100")}
    plain = ("name", "name_override", "description", "criteriaUrl", "criteriaNarrative")
    plain += ("createdAt", "html_template", "css_template", "metadata", "credentialType")
    plain += ("expires", "tags", "signal", "catalog_items", "icon_image_id")
    for record in listed():
        credential = shown[record["entityId"]]
        assert {name: credential[name] for name in plain} == {name: record[name] for name in plain}
        assert [each["course_id"] for each in credential["courses"]] == record["courses"]
        assert [each["program_id"] for each in credential["programs"]] == record["programs"]
        assert [each["pathway_id"] for each in credential["pathways"]] == record["pathways"]
        assert credential["issuerDetails"]["entityId"] == record["issuer"]
        assert ids(credential["signatories"]) == record["signatories"]
