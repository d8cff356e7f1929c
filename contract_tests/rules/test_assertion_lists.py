"""Lists of assertions: pages, filters, order, and invalid parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.engine.creations import build_collection_path
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
)
from contract_tests.vocabulary.deployment import Deployment, Page, read_page
from contract_tests.vocabulary.issuing import (
    ALL_ASSERTIONS,
    find_item,
    find_longest_list,
    issue,
    list_user_assertions,
    parse_time,
    read_all,
    revoke,
    temporary_credential,
)
from contract_tests.vocabulary.pages import check_link, check_page, find_repeated, get_maximum

MAXIMUM = 1000
MOST_PAGES = 120
MAIN_TENANT = "main"
MOST_CREDENTIALS = 30
"""Credentials of one list that are looked for on the platforms that the run knows."""


@pytest.mark.credcheck_rule("ASSERT-01")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("of", ["user", "credential"])
def test_following_next_returns_every_assertion_once(
    deployment: Deployment, size: int, of: str
) -> None:
    """Following `next` returns `count` different assertions, newest first, in correct pages."""

    def check() -> None:
        path, query = find_longest_list(deployment, of)
        whole = deployment.get_page({**query, "page_size": 2}, path, envelope=False)
        if whole["count"] / size > MOST_PAGES:
            raise NotTested("too many pages of this size")
        pages = list(deployment.walk_pages({**query, "page_size": size}, path, envelope=False))
        served = min(size, get_maximum(pages[0]))
        if of == "credential":  # that its list takes `page_size` is not documented
            default = deployment.get_page(query, path, envelope=False).ids
            served = len(default) if pages[0].ids == default else served
        for number, page in enumerate(pages, 1):
            check_page(page, number, served)
            is_first = page["previous"] is None
            message = f"whether `previous` is null on page {number}"
            check_equal(is_first, number == 1, message, page.response)
            for link in filter(None, (page["next"], page["previous"])):
                check_link(link, {**query, "page_size": size}, page.response)
        ids = [entity_id for page in pages for entity_id in page.ids]
        last = pages[-1].response
        check_equal(find_repeated(ids), [], "following `next` repeats an assertion", last)
        message = "following `next` does not return `count` assertions"
        check_equal(len(ids), whole["count"], message, last)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-01")
def test_invalid_page_numbers_and_sizes(deployment: Deployment) -> None:
    """A page that is out of range returns 404 in both lists; one of them caps page sizes."""

    def check() -> None:
        for credential in deployment.get_page({"page_size": 1}).ids:
            path = f"{credential}/assertions/"
            check_error(deployment.get(path, {"page": 9999}), 404, "a page that is out of range")
            for size in ("0", "x", "5000", ""):
                response = deployment.get(path, {"page_size": size})
                if response.status != 400:  # the parameter may be validated, as in a user's list
                    read_page(response, envelope=False)
        response = deployment.get("assertions/", {"page": 9999})
        check_error(response, 404, "a page that is out of range")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-02")
@pytest.mark.parametrize("whose", ["user_id", "learner_username"])
def test_filters_of_a_users_list(deployment: Deployment, whose: str) -> None:
    """Each filter adds exactly the revoked or the expired assertions to the list."""
    user = getattr(deployment.settings, whose)
    if not user:
        pytest.skip(f"{whose} is not set")

    def check() -> None:
        whole = list_user_assertions(deployment, user, **ALL_ASSERTIONS)
        pages = {
            "": list_user_assertions(deployment, user),
            "include_revoked": list_user_assertions(deployment, user, include_revoked="true"),
            "include_expired": list_user_assertions(deployment, user, include_expired="true"),
        }
        latest = find_latest_time(deployment, whole)
        expired = find_expired(whole, pages["include_revoked"], latest)
        for name, page in pages.items():
            expected = [
                item["entityId"]
                for item in whole.items
                if (name == "include_revoked" or not item["revoked"])
                and (name == "include_expired" or item["entityId"] not in expired)
            ]
            message = f"a user's list with {name or 'no filter'} has the wrong assertions"
            check_equal(page.ids, expected, message, page.response)

    deployment.run_undisturbed(check)


def find_latest_time(deployment: Deployment, whole: Page) -> datetime:
    """Return the latest time in responses, which the target's clock has passed."""
    newest = deployment.get_page({"page_size": 1}).items
    times = [item["createdAt"] for item in newest] + [item["issuedOn"] for item in whole.items]
    return max(map(parse_time, times), default=datetime.min.replace(tzinfo=UTC))


def find_expired(whole: Page, without: Page, known: datetime) -> set[str]:
    """Return the assertions that a list without expired ones hides.

    The target's time is not known; but an assertion that expired before a known time must be
    hidden, and every hidden one must have expired before any that is shown.
    """
    listed = set(without.ids)
    hidden = [item for item in whole.items if item["entityId"] not in listed]
    never = [item for item in hidden if item["expires"] is None]
    message = "an assertion that never expires is not listed"
    require(not never, message, without.response, got=never[:1])
    last = max([known, *(parse_time(item["expires"]) for item in hidden)])
    for item in without.items:
        is_valid = item["expires"] is None or parse_time(item["expires"]) > last
        require(
            is_valid,
            "an expired assertion is listed without a request for it",
            without.response,
            expected=f"nothing that expired before {last}",
            got=item["expires"],
        )
    return {item["entityId"] for item in hidden}


@pytest.mark.credcheck_rule("ASSERT-02")
def test_boolean_values(deployment: Deployment) -> None:
    """A filter accepts the framework's words for true and false."""

    def check() -> None:
        user = deployment.settings.learner_username or deployment.settings.user_id
        for words, query in (
            ("true True 1 yes", {"include_revoked": "true"}),
            ("false 0 no off", {}),
        ):
            expected = list_user_assertions(deployment, user, **query)
            for word in words.split():
                page = list_user_assertions(deployment, user, include_revoked=word)
                message = f"`include_revoked={word}` has the wrong meaning"
                check_equal(page.ids, expected.ids, message, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-02")
@pytest.mark.credcheck_needs("write", "username")
def test_a_revoked_assertion_is_listed_on_request(deployment: Deployment) -> None:
    """A revoked assertion leaves the list, and is there with `include_revoked`."""
    user = deployment.settings.username
    with temporary_credential(deployment) as credential:
        entity_id = issue(deployment, credential["entityId"])["entityId"]
        page = list_user_assertions(deployment, user)
        require(entity_id in page.ids, "an issued assertion is not listed")
        revoke(deployment, entity_id)
        item = find_item(deployment)
        course = item.fields if item.kind == "course" else {}
        for query, expected in (
            ({}, False),
            ({"include_revoked": "true"}, True),
            ({"include_expired": "true"}, False),
            (course, False),
            ({"include_revoked": "true", **course}, True),
        ):
            page = list_user_assertions(deployment, user, **query)
            is_listed = entity_id in page.ids
            filters = ", ".join(query) or "no filter"
            message = f"whether a revoked assertion is listed with {filters}"
            check_equal(is_listed, expected, message, page.response)


@pytest.mark.credcheck_rule("ASSERT-03")
def test_a_course_filters_a_users_list(deployment: Deployment) -> None:
    """A course id lists what was earned with it; a part of it, or another case, nothing."""

    def check() -> None:
        users = [deployment.settings.learner_username, deployment.settings.user_id]
        courses: set[str] = set()
        for user in filter(None, users):
            whole = list_user_assertions(deployment, user, **ALL_ASSERTIONS)
            courses = {item["course"]["course_id"] for item in whole.items if item["course"]}
            if courses:
                break
        else:
            names = " and ".join(filter(None, users))
            raise NotTested(f"{names} earned no assertion with a course")
        for course in sorted(courses)[:5]:
            for filters in (ALL_ASSERTIONS, {}):
                listed = whole if filters else list_user_assertions(deployment, user)
                expected = [
                    item["entityId"]
                    for item in listed.items
                    if item["course"] and item["course"]["course_id"] == course
                ]
                page = list_user_assertions(deployment, user, **filters, course=course)
                message = "`course` lists the wrong assertions"
                check_equal(page.ids, expected, message, page.response)
            for other in (course[:-1], f"{course}x"):
                if other not in courses:
                    page = list_user_assertions(deployment, user, **ALL_ASSERTIONS, course=other)
                    message = "another course id lists assertions"
                    check_equal(page.items, [], message, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("ASSERT-03")
@pytest.mark.credcheck_needs("other_org", "other_org_admin", "other_user_id")
def test_the_main_tenant_can_be_excluded(deployment: Deployment) -> None:
    """`exclude_main_tenant_assertions` adds nothing to a list and keeps its order."""

    def check() -> None:
        path, actor = f"{deployment.other_path}assertions/", "other_org_admin"
        query: dict[str, Any] = {"page_size": 100}
        whole = deployment.get_page(query, path, envelope=False, actor=actor)
        query |= {"exclude_main_tenant_assertions": "true"}
        page = deployment.get_page(query, path, envelope=False, actor=actor)
        expected = [entity_id for entity_id in whole.ids if entity_id in set(page.ids)]
        message = "`exclude_main_tenant_assertions` adds assertions or changes the order"
        check_equal(page.ids, expected, message, page.response)

    deployment.run_undisturbed(check)


@dataclass(frozen=True)
class Place:
    """The collection of a user, the key of the platform, and the role that may read it."""

    path: str
    org: str
    actor: str

    def has(self, deployment: Deployment, entity_id: str) -> bool:
        """Tell whether the platform has a credential."""
        path = self.path + quote(entity_id, safe="")
        return deployment.get(path, actor=self.actor).status != 404


def list_places(deployment: Deployment) -> Iterator[Place]:
    """Yield the collections of the users who are known."""
    settings = deployment.settings
    for user in (settings.user_id, settings.learner_username):
        if user:
            yield Place(build_collection_path(settings.org, user), settings.org, "admin")
    if settings.other_org and settings.other_user_id and "other_org_admin" in settings.keys:
        yield Place(deployment.other_path, settings.other_org, "other_org_admin")


@pytest.mark.credcheck_rule("ASSERT-03")
def test_the_main_tenant_is_excluded(deployment: Deployment) -> None:
    """`exclude_main_tenant_assertions` leaves out what the main tenant issued.

    Which tenant that is cannot be read: an assertion may be of it if its credential is on none of
    the platforms that the run knows. Where a list shows such, something has to be left out.
    """

    def check() -> None:
        places = list(list_places(deployment))
        seen = None
        for place in places:
            path = f"{place.path}assertions/"
            whole = read_all(deployment, path, ALL_ASSERTIONS, actor=place.actor)
            query = {**ALL_ASSERTIONS, "exclude_main_tenant_assertions": "true"}
            rest = read_all(deployment, path, query, actor=place.actor)
            if {*whole.ids} - {*rest.ids}:
                return
            credentials = {item["credentialDetails"]["entityId"]: None for item in whole.items}
            some = islice(credentials, MOST_CREDENTIALS)
            if any(may_be_of_main_tenant(deployment, place, places, each) for each in some):
                seen = rest
        if seen is None:
            raise NotTested("no list that is read shows an assertion of the main tenant")
        message = "`exclude_main_tenant_assertions` leaves nothing out"
        require(False, message, seen.response, expected="fewer assertions", got=len(seen.items))

    deployment.run_undisturbed(check)


def may_be_of_main_tenant(
    deployment: Deployment, place: Place, places: list[Place], entity_id: str
) -> bool:
    """Tell whether the credential of a listed assertion is on no known platform but `main`."""
    others = [other for other in places if other.org not in (place.org, MAIN_TENANT)]
    return not any(known.has(deployment, entity_id) for known in (place, *others))


@pytest.mark.credcheck_rule("ASSERT-04")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "x"),
        ("page", "-1"),
        ("page_size", "0"),
        ("page_size", "many"),
        ("include_revoked", "maybe"),
        ("include_expired", "2"),
        ("exclude_main_tenant_assertions", "x"),
    ],
)
def test_invalid_parameters_are_400(deployment: Deployment, name: str, value: str) -> None:
    """An invalid value returns 400 with messages on the parameter."""
    response = deployment.get("assertions/", {name: value})
    check_field_error(response, name, f"an invalid `{name}`")


@pytest.mark.credcheck_rule("ASSERT-04")
def test_a_page_size_over_the_maximum_is_400(deployment: Deployment) -> None:
    """A page size over the maximum that the list tells returns 400 on it."""
    maximum = get_maximum(deployment.get_page({}, "assertions/", envelope=False))
    response = deployment.get("assertions/", {"page_size": maximum + 1})
    check_field_error(response, "page_size", "a page size over the maximum")
