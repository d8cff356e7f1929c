"""Credentials by course, and a course's export and import."""

from typing import Any

import pytest

from contract_tests.errors import require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.courses import (
    COURSES_PATH,
    build_exim_path,
    export_course,
    find_course,
    get_course_page,
    import_course,
    list_courses,
)
from contract_tests.vocabulary.deployment import Deployment, read_result
from contract_tests.vocabulary.pages import count_pages

EXPORTED = ("name", "description", "metadata", "tags", "expires", "icon_image_id")


@pytest.mark.rule("COURSE-01")
def test_each_course_has_its_credentials(deployment: Deployment) -> None:
    """No course is listed twice, and each has the credentials that the list returns for it."""

    def check() -> None:
        courses = list_courses(deployment)
        ids = [course["course_id"] for course in courses]
        require(len(ids) == len(set(ids)), "a course is listed twice", got=ids[:10])
        for course in deployment.random.sample(courses, min(len(courses), 5)):
            listed = deployment.list_items({"course": course["course_id"]})
            message = "a course has other credentials than the list returns for it"
            expected = sorted(item["entityId"] for item in listed)
            got = sorted(item["entityId"] for item in course["credentials"])
            check_equal(got, expected, message)

    deployment.run_undisturbed(check)


@pytest.mark.rule("COURSE-02")
def test_courses_are_paginated(deployment: Deployment) -> None:
    """Pages of two contain each course once; a page out of range returns 404."""

    def check() -> None:
        whole = [course["course_id"] for course in list_courses(deployment)]
        by_two = [course["course_id"] for course in list_courses(deployment, page_size=2)]
        check_equal(by_two, whole, "pages of two contain other courses")
        page = get_course_page(deployment, page_size=2)
        got = (page["count"], page["num_pages"], page["page_number"])
        pages = count_pages(len(whole), 2)
        message = "`count`, `num_pages` or `page_number` is wrong"
        check_equal(got, (len(whole), pages, 1), message, page.response)
        response = deployment.get(COURSES_PATH, {"page_size": 2, "page": pages + 1})
        check_error(response, 404, "a page that is out of range")

    deployment.run_undisturbed(check)


@pytest.mark.rule("COURSE-03")
def test_a_search_filters_the_courses(deployment: Deployment) -> None:
    """A complete course id finds its course, in upper and lower case; an unknown text nothing."""

    def check() -> None:
        whole = {course["course_id"]: course for course in list_courses(deployment)}
        for course_id in list(whole)[:3]:
            for term in (course_id, course_id.swapcase()):
                found = list_courses(deployment, search=term)
                is_found = whole[course_id] in found
                require(is_found, "a course id does not find its course", got=term)
                wrong = [course for course in found if course not in whole.values()]
                require(not wrong, "a search finds a course that is not listed", got=wrong[:1])
        found = list_courses(deployment, search=f"{deployment.mark}-none")
        require(not found, "a search for an unknown text finds courses", got=found[:1])

    deployment.run_undisturbed(check)


@pytest.mark.rule("COURSE-04")
def test_a_credential_appears_and_disappears(deployment: Deployment) -> None:
    """A credential is listed under its course while it exists and is public."""
    course_id = find_course(deployment)

    def is_listed(entity_id: str) -> bool:
        found = list_courses(deployment, search=course_id)
        own = [course for course in found if course["course_id"] == course_id]
        ids = [item["entityId"] for course in own for item in course["credentials"]]
        return entity_id in ids

    item = deployment.create(courses=[course_id])
    require(is_listed(item["entityId"]), "a new credential is not listed under its course")
    deployment.update(item["entityId"], {"public": False})
    require(not is_listed(item["entityId"]), "a private credential is listed under its course")
    deployment.update(item["entityId"], {"public": True})
    deployment.delete(item["entityId"])
    require(not is_listed(item["entityId"]), "a deleted credential is listed under its course")


@pytest.mark.rule("EXIM-01")
def test_an_export_is_complete(deployment: Deployment) -> None:
    """An export contains each listed credential of the course, with the same values."""

    def check() -> None:
        course_id = find_course(deployment)
        response = export_course(deployment, course_id)
        exported = {item["entityId"]: item for item in response.value["credentials"]}
        for item in deployment.list_items({"course": course_id}):
            is_there = item["entityId"] in exported
            message = "a credential is missing in the export"
            require(is_there, message, response, expected=item["entityId"])
            copy = exported[item["entityId"]]
            for name in EXPORTED:
                message = f"an export contains another `{name}`"
                check_equal(copy.get(name), item[name], message, response)

    deployment.run_undisturbed(check)


@pytest.mark.rule("EXIM-02")
def test_importing_an_export_changes_nothing(deployment: Deployment) -> None:
    """A credential that is imported as it was exported is unchanged, and exists once."""
    course_id = find_course(deployment)
    item = deployment.create(courses=[course_id], metadata={"a": [1, None]}, tags=["x"])

    def export_own() -> list[Any]:
        credentials = export_course(deployment, course_id).value["credentials"]
        return [copy for copy in credentials if copy["name"] == item["name"]]

    before = export_own()
    message = "a new credential of the course is not exported once"
    require(len(before) == 1, message, got=before)
    body = {"course_id": course_id, "credentials": before}
    response = import_course(deployment, course_id, body)
    check_status(response, 201, "importing an export")
    imported = [(entry["entityId"], entry["created"]) for entry in response.value["imported"]]
    expected = [(item["entityId"], False)]
    check_equal(imported, expected, "importing an export created a credential", response)
    check_equal(export_own(), before, "importing an export changed the export")
    response = deployment.get(item["entityId"])
    message = "importing an export changed the credential"
    check_equal(read_result(response), item, message, response)
    deployment.delete(item["entityId"])


@pytest.mark.rule("EXIM-03")
def test_failed_imports_are_reported(deployment: Deployment) -> None:
    """207 if some credentials are invalid, 400 if all are or none is sent; only valid ones stay."""
    course_id = find_course(deployment)
    valid, invalid = deployment.build_body(), {"name": deployment.make_name("bad")}
    response = import_course(deployment, course_id, {"credentials": [invalid, valid]})
    check_status(response, 207, "importing a valid and an invalid credential")
    failed = [(entry["index"], sorted(entry["errors"])) for entry in response.value["failed"]]
    check_equal(failed, [(0, ["issuer"])], "the invalid credential is not reported", response)
    count = deployment.get_page({"search": valid["name"]})["count"]
    check_equal(count, 1, "the valid credential is not stored")
    response = import_course(deployment, course_id, {"credentials": [invalid]})
    check_status(response, 400, "importing an invalid credential")
    count = deployment.get_page({"search": invalid["name"]})["count"]
    check_equal(count, 0, "the invalid credential is stored")
    response = import_course(deployment, course_id, {"credentials": []})
    check_status(response, 400, "an empty import")


@pytest.mark.rule("EXIM-04")
def test_access_to_an_export(deployment: Deployment) -> None:
    """401 without a key, 403 for a learner, 404 for an unknown course."""
    query = {"platform_org": deployment.settings.org}
    path = build_exim_path(find_course(deployment), "export")
    response = deployment.get(path, query, actor=None)
    check_unauthorized(response, "an export without a key")
    response = deployment.get(path, query, actor="learner")
    check_error(response, 403, "an export by a learner")
    unknown = build_exim_path(f"course-v1:{deployment.mark}", "export")
    check_error(deployment.get(unknown, query), 404, "the export of an unknown course")
