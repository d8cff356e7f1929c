"""Credentials by course; a course's export and import."""

from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_access import check_challenge
from contract_tests.rules.test_errors import check_refusal
from contract_tests.vocabulary.deployment import Deployment, Page, result

PATH = "course-credentials/"


class Courses(Page):
    """One page of courses."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """The courses on the page."""
        results = self.fields.get("results")
        require(isinstance(results, list), "a page of courses has no `results`", self.reply)
        return results  # type: ignore[return-value]


def as_courses(reply: Reply) -> Courses:
    """Return a reply as a page of courses, without an envelope."""
    require(reply.status == 200, "the courses are not answered", reply, got=reply.status)
    require(isinstance(reply.value, dict), "the courses are no page", reply)
    return Courses(reply, reply.value)


def courses(deployment: Deployment, **query: Any) -> Courses:
    """Return a page of courses."""
    return as_courses(deployment.get(PATH, query))


def all_courses(deployment: Deployment, **query: Any) -> list[dict[str, Any]]:
    """Walk `next` through all courses."""
    page = courses(deployment, **{"page_size": 100, **query})
    found = list(page.items)
    for _ in range(1000):
        if page["next"] is None:
            return found
        page = as_courses(deployment.follow(page["next"], page.reply))
        found += page.items
    require(False, "walking `next` does not end", page.reply)
    return found


def some_course(deployment: Deployment) -> str:
    """Return the id of a course that has a credential."""
    items = courses(deployment, page_size=1).items
    if not items:
        raise NotTested("no course has a credential")
    course_id: str = items[0]["course_id"]
    return course_id


def exim(course_id: str, what: str) -> str:
    """Return the path of a course's export or import."""
    return f"/api/credentials/exim/credentials/course/{quote(course_id, safe=':+')}/{what}/"


def exported(deployment: Deployment, course_id: str) -> Reply:
    """Return the export of a course of the platform, which must be answered."""
    reply = deployment.get(exim(course_id, "export"), {"platform_org": deployment.settings.org})
    require(reply.status == 200, "an export is not answered", reply, got=reply.status)
    return reply


def import_(deployment: Deployment, course_id: str, body: Any) -> Reply:
    """Import into a course of the platform."""
    path = f"{exim(course_id, 'import')}?platform_org={quote(deployment.settings.org)}"
    return deployment.send_json("POST", path, body)


@pytest.mark.rule("COURSE-01")
def test_each_course_has_its_credentials(deployment: Deployment) -> None:
    """No course stands twice, and each has what the list has for it, as the list has it."""

    def check() -> None:
        found = all_courses(deployment)
        names = [each["course_id"] for each in found]
        require(len(names) == len(set(names)), "a course stands twice", got=names[:10])
        for course in deployment.random.sample(found, min(len(found), 5)):
            listed = deployment.everything({"course": course["course_id"]})
            same = course["credentials"] == listed
            require(same, "a course has others than the list has for it",
                    expected=[each["entityId"] for each in listed],
                    got=[each["entityId"] for each in course["credentials"]])  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("COURSE-02")
def test_courses_are_paged(deployment: Deployment) -> None:
    """Walking in pages of two visits each course once; a page that is not there is 404."""

    def check() -> None:
        whole = [each["course_id"] for each in all_courses(deployment)]
        walked = [each["course_id"] for each in all_courses(deployment, page_size=2)]
        require(walked == whole, "pages of two show other courses", expected=whole, got=walked)
        page = courses(deployment, page_size=2)
        numbers = (page["count"], page["num_pages"], page["page_number"])
        expected = (len(whole), max(1, -(-len(whole) // 2)), 1)
        require(numbers == expected, "the totals are wrong", page.reply,
                expected=expected, got=numbers)  # fmt: skip
        beyond = deployment.get(PATH, {"page_size": 2, "page": expected[1] + 1})
        check_refusal(beyond, 404, "a page that is not there")

    deployment.while_nobody_writes(check)


@pytest.mark.rule("COURSE-03")
def test_a_search_narrows_the_courses(deployment: Deployment) -> None:
    """A course's whole id finds it, in either case; what no course has finds nothing."""

    def check() -> None:
        whole = {each["course_id"]: each for each in all_courses(deployment)}
        for course_id in list(whole)[:3]:
            for term in (course_id, course_id.swapcase()):
                found = all_courses(deployment, search=term)
                require(whole[course_id] in found, "an id does not find its course", got=term)
                narrowed = [each for each in found if each not in whole.values()]
                require(not narrowed, "a search shows what the whole has not", got=narrowed[:1])
        nothing = all_courses(deployment, search=f"{deployment.mark}-none")
        require(not nothing, "a search for nothing finds courses", got=nothing[:1])

    deployment.while_nobody_writes(check)


@pytest.mark.rule("COURSE-04")
def test_a_credential_comes_and_goes(deployment: Deployment) -> None:
    """It stands under its course while it is public and there."""
    course_id = some_course(deployment)

    def stands(entity_id: str) -> bool:
        found = all_courses(deployment, search=course_id)
        mine = [each for each in found if each["course_id"] == course_id]
        return any(entity_id == c["entityId"] for each in mine for c in each["credentials"])

    item = deployment.create(courses=[course_id])
    require(stands(item["entityId"]), "a new credential does not stand under its course")
    deployment.change(item["entityId"], {"public": False})
    require(not stands(item["entityId"]), "a credential that is not public stands under a course")
    deployment.change(item["entityId"], {"public": True})
    deployment.delete(item["entityId"])
    require(not stands(item["entityId"]), "a deleted credential stands under its course")


@pytest.mark.rule("EXIM-01")
def test_an_export_is_whole(deployment: Deployment) -> None:
    """Each listed credential of the course is in it, with the same values."""

    def check() -> None:
        course_id = some_course(deployment)
        reply = exported(deployment, course_id)
        by_id = {each["entityId"]: each for each in reply.value["credentials"]}
        for item in deployment.everything({"course": course_id}):
            copy = by_id.get(item["entityId"])
            require(copy is not None, "a credential is missing in the export", reply,
                    expected=item["entityId"])  # fmt: skip
            for name in ("name", "description", "metadata", "tags", "expires", "icon_image_id"):
                same = copy.get(name) == item[name]  # type: ignore[union-attr]
                require(same, f"an export has another {name}", reply,
                        expected=item[name], got=copy.get(name))  # type: ignore[union-attr]  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("EXIM-02")
def test_export_and_import_are_stable(deployment: Deployment) -> None:
    """A credential that is imported as it was exported is what it was, and there once."""
    course_id = some_course(deployment)
    item = deployment.create(courses=[course_id], metadata={"a": [1, None]}, tags=["x"])

    def mine() -> list[Any]:
        credentials = exported(deployment, course_id).value["credentials"]
        return [each for each in credentials if each["name"] == item["name"]]

    before = mine()
    require(len(before) == 1, "a new credential of the course is not exported", got=before)
    reply = import_(deployment, course_id, {"course_id": course_id, "credentials": before})
    require(reply.status == 201, "an export is not imported", reply, got=reply.status)
    told = [(each["entityId"], each["created"]) for each in reply.value["imported"]]
    require(told == [(item["entityId"], False)], "an import makes another one", reply, got=told)
    after = mine()
    require(after == before, "an import of the export changed it", expected=before, got=after)
    reply = deployment.get(item["entityId"])
    require(result(reply) == item, "an import of the export changed the credential", reply)
    deployment.delete(item["entityId"])


@pytest.mark.rule("EXIM-03")
def test_what_is_not_imported_is_told(deployment: Deployment) -> None:
    """Some is 207, none is 400, nothing at all is 400; only what was fine is there."""
    course_id = some_course(deployment)
    good, bad = deployment.body(), {"name": deployment.name("bad")}
    reply = import_(deployment, course_id, {"credentials": [bad, good]})
    require(reply.status == 207, "half an import is not 207", reply, got=reply.status)
    told = [(each["index"], sorted(each["errors"])) for each in reply.value["failed"]]
    require(told == [(0, ["issuer"])], "the failure is not told", reply, got=told)
    require(deployment.page({"search": good["name"]})["count"] == 1, "the good half is lost")
    reply = import_(deployment, course_id, {"credentials": [bad]})
    require(reply.status == 400, "an import of nothing good is not 400", reply, got=reply.status)
    require(deployment.page({"search": bad["name"]})["count"] == 0, "the bad half is stored")
    reply = import_(deployment, course_id, {"credentials": []})
    require(reply.status == 400, "an empty import is not 400", reply, got=reply.status)


@pytest.mark.rule("EXIM-04")
def test_an_export_is_not_for_everybody(deployment: Deployment) -> None:
    """401 without a key, 403 for a learner, 404 for a course that is not there."""
    query = {"platform_org": deployment.settings.org}
    path = exim(some_course(deployment), "export")
    check_challenge(deployment.get(path, query, actor=None), "an export without a key")
    check_refusal(deployment.get(path, query, actor="learner"), 403, "a learner's export")
    unknown = exim(f"course-v1:{deployment.mark}", "export")
    check_refusal(deployment.get(unknown, query), 404, "the export of an unknown course")
