"""Credentials by course, and a course's export and import."""

from typing import Any

import pytest

from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.bodies import FULL
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
    list_outcomes,
    read_export,
    read_exported,
    read_report,
)
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.pages import check_link, count_pages
from contract_tests.vocabulary.signatures import strip_signatures

COPIED = (
    *("name", "description", "metadata", "tags", "expires", "credentialType", "signal"),
    *("criteriaUrl", "criteriaNarrative", "html_template", "css_template"),
)
EXPORTED = ("name", "description", "metadata", "tags", "expires", "icon_image_id")


@pytest.mark.credcheck_rule("COURSE-01")
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
            shown = {item["entityId"]: item for item in strip_signatures(course["credentials"])}
            for item in strip_signatures(listed):
                copy = shown[item["entityId"]]
                other = [name for name in item if name in copy and copy[name] != item[name]]
                message = "a course shows a credential otherwise than the list"
                require(not other, message, expected=item["entityId"], got=other)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("COURSE-02")
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
        query = {"page_size": 1, "search": "e"}
        page = get_course_page(deployment, **query)
        if page["next"] is not None:
            check_link(page["next"], query, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("COURSE-03")
def test_a_search_filters_the_courses(deployment: Deployment) -> None:
    """A complete course id finds its course, in upper and lower case; an unknown text nothing."""

    def check() -> None:
        whole = {course["course_id"]: course for course in list_courses(deployment)}
        for course_id in list(whole)[:3]:
            name = whole[course_id].get("name") or ""
            names = [name, name.swapcase()] if name.isascii() and name.strip() else []
            for term in (course_id, course_id.swapcase(), *names):
                found = list_courses(deployment, search=term)
                is_found = whole[course_id] in found
                require(is_found, "a course's id or name does not find it", got=term)
                wrong = [course for course in found if course not in whole.values()]
                require(not wrong, "a search finds a course that is not listed", got=wrong[:1])
        found = list_courses(deployment, search=f"{deployment.mark}-none")
        require(not found, "a search for an unknown text finds courses", got=found[:1])

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("COURSE-04")
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


@pytest.mark.credcheck_rule("EXIM-01")
def test_an_export_is_complete(deployment: Deployment) -> None:
    """An export contains each listed credential of the course, with the same values."""

    def check() -> None:
        course_id = find_course(deployment)
        response = export_course(deployment, course_id)
        exported = {item["entityId"]: item for item in read_exported(response)}
        for item in deployment.list_items({"course": course_id}):
            is_there = item["entityId"] in exported
            message = "a credential is missing in the export"
            require(is_there, message, response, expected=item["entityId"])
            copy = exported[item["entityId"]]
            for name in EXPORTED:
                message = f"an export contains another `{name}`"
                check_equal(copy.get(name), item[name], message, response)
        for copy in exported.values():
            courses = [link["course_id"] for link in copy["courses"]]
            message = "an export contains a credential of another course"
            require(course_id in courses, message, response, expected=course_id, got=courses)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("EXIM-02")
def test_an_import_updates_what_is_there(deployment: Deployment) -> None:
    """The guide's body creates a credential; imported as it was exported, it exists once."""
    course_id, name = find_course(deployment), deployment.make_name("imported")
    course = {"name": "ignored", "course_id": course_id}
    item = {"name": name, "credentialType": "MICRO_CREDENTIAL", "courses": [course]}
    response = import_course(deployment, course_id, {"course_id": course_id, "credentials": [item]})
    created = read_report(response, 201, "an import of the guide's body")
    message = "the credential was not created"
    check_equal(list_outcomes(created), [(name, "created")], message, response)

    def export_own() -> list[Any]:
        credentials = read_exported(export_course(deployment, course_id))
        return [copy for copy in credentials if copy["name"] == name]

    before = export_own()
    require(len(before) == 1, "an imported credential is not exported once", got=before)
    response = import_course(deployment, course_id, {"course_id": course_id, "credentials": before})
    updated = read_report(response, 201, "importing an export")
    message = "importing an export created a credential"
    check_equal(list_outcomes(updated), [(name, "updated")], message, response)
    for after in export_own():
        for field in ("entityId", *EXPORTED):
            message = f"importing an export changed `{field}`"
            check_equal(after.get(field), before[0].get(field), message, response)
    count = deployment.get_page({"search": name})["count"]
    check_equal(count, 1, "an imported credential does not exist once", response)
    changed = {**before[0], "description": "Changed by an import."}
    body = {"course_id": course_id, "credentials": [changed]}
    read_report(import_course(deployment, course_id, body), 201, "importing a changed export")
    after = [item["description"] for item in export_own()]
    message = "an import that updates does not change the credential"
    check_equal(after, [changed["description"]], message)


@pytest.mark.credcheck_rule("EXIM-03")
def test_failed_imports_are_reported(deployment: Deployment) -> None:
    """207 if some credentials are invalid, 400 if all are; only valid ones stay."""
    course_id = find_course(deployment)
    valid, invalid = {"name": deployment.make_name("good")}, {"description": deployment.mark}
    response = import_course(deployment, course_id, {"credentials": [invalid, valid]})
    report = read_report(response, 207, "importing a valid and an invalid credential")
    check_equal(list_outcomes(report), [(valid["name"], "created")], "not the valid one", response)
    check_equal(len(report["errors"]), 1, "the invalid credential is not reported", response)
    count = deployment.get_page({"search": valid["name"]})["count"]
    check_equal(count, 1, "the valid credential is not stored")
    response = import_course(deployment, course_id, {"credentials": [invalid]})
    check_status(response, 400, "importing an invalid credential")


@pytest.mark.credcheck_rule("EXIM-05")
def test_an_export_imports_into_another_course(deployment: Deployment) -> None:
    """Unchanged, into a course that it was not exported from: a copy is created there."""
    courses = [course["course_id"] for course in list_courses(deployment)]
    if len(courses) < 2:
        raise NotTested("only one course has a credential")
    source, target = courses[:2]
    item = deployment.create(**FULL, courses=[source])
    document = read_export(export_course(deployment, source))
    own = [copy for copy in document["credentials"] if copy["entityId"] == item["entityId"]]
    response = import_course(deployment, target, {**document, "credentials": own})
    report = read_report(response, 201, "importing an export into another course")
    message = "the copy was not created"
    check_equal(list_outcomes(report), [(item["name"], "created")], message, response)
    listed = deployment.list_items({"course": target})
    copies = [copy for copy in listed if copy["name"] == item["name"]]
    is_copy = len(copies) == 1 and copies[0]["entityId"] != item["entityId"]
    require(is_copy, "the other course does not have one copy", response, got=copies)
    for field in COPIED:
        message = f"the copy has another `{field}`"
        check_equal(copies[0][field], item[field], message, response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("EXIM-04")
def test_access_to_an_export(deployment: Deployment) -> None:
    """401 without a key, 403 for a learner, 404 for an unknown course."""
    query = {"platform_org": deployment.settings.org}
    path = build_exim_path(find_course(deployment), "export")
    response = deployment.get(path, query, actor=None)
    check_unauthorized(response, "an export without a key")
    response = deployment.get(path, query, actor="learner")
    check_error(response, 403, "an export by a learner")
    unknown = build_exim_path(f"course-v1:{deployment.mark}", "export")
    export_course(deployment, find_course(deployment))
    check_error(deployment.get(unknown, query), 404, "the export of an unknown course")
