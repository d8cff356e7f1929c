"""Lists of assertions: pages, filters, order, and parameters that are validated."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.rules.test_pagination import check_page, repeated
from contract_tests.vocabulary.deployment import Deployment, Page, as_page
from contract_tests.vocabulary.issuing import (
    EVERYTHING,
    held_by,
    issue,
    moment,
    own_credential,
    places_of_assertions,
    revoke,
)

MAXIMUM = 1000


def longest_list(deployment: Deployment) -> tuple[str, dict[str, Any]]:
    """Return path and query of the longest list of assertions that is known."""
    found = []
    for path, query in places_of_assertions(deployment):
        found.append((as_page(deployment.get(path, query), bare=True)["count"], path, query))
        if found[-1][0] > 5:
            break
    count, path, query = max(found, key=lambda each: each[0], default=(0, "", {}))
    if count < 2:
        raise NotTested("no list has two assertions")
    return path, {name: value for name, value in query.items() if name != "page_size"}


@pytest.mark.rule("ASSERT-01")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_walk_visits_every_assertion_once(deployment: Deployment, size: int) -> None:
    """Following `next` yields `count` different ones, newest first, in pages that add up."""

    def check() -> None:
        path, query = longest_list(deployment)
        whole = deployment.page({**query, "page_size": MAXIMUM}, path, bare=True)
        if whole["count"] / size > 120:
            raise NotTested("too many pages of this size")
        pages = list(deployment.pages({**query, "page_size": size}, path, bare=True))
        for number, page in enumerate(pages, 1):
            check_page(page, number, size)
            require(page["max_page_size"] == MAXIMUM, "`max_page_size` is another", page.reply)
            first = page["previous"] is None
            require(first == (number == 1), "`previous` is missing, or too much", page.reply)
        ids = [each for page in pages for each in page.ids]
        last = pages[-1].reply
        require(not repeated(ids), "an assertion comes twice in a walk", last)
        require(len(ids) == whole["count"], "a walk does not visit `count` assertions", last,
                expected=whole["count"], got=len(ids))  # fmt: skip
        times = [moment(each["issuedOn"]) for page in pages for each in page.items]
        require(times == sorted(times, reverse=True), "a list is not newest first", last)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-01")
def test_pages_that_are_not_there(deployment: Deployment) -> None:
    """A page out of range is 404 in both lists; a size out of bounds is capped in one of them."""

    def check() -> None:
        for credential in deployment.page({"page_size": 1}).ids:
            path = f"{credential}/assertions/"
            check_refusal(deployment.get(path, {"page": 9999}), 404, "a page that is not there")
            for size in ("0", "x", "5000", ""):
                as_page(deployment.get(path, {"page_size": size}), bare=True)
        reply = deployment.get("assertions/", {"page": 9999})
        check_refusal(reply, 404, "a page that is not there")

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-02")
@pytest.mark.parametrize("whose", ["user_id", "learner_username"])
def test_filters_of_a_users_list(deployment: Deployment, whose: str) -> None:
    """Each filter adds exactly the revoked, or the expired, to what is listed without it."""
    user = getattr(deployment.settings, whose)
    if not user:
        pytest.skip(f"{whose} is not set")

    def check() -> None:
        whole = held_by(deployment, user, **EVERYTHING)
        pages = {
            "": held_by(deployment, user),
            "include_revoked": held_by(deployment, user, include_revoked="true"),
            "include_expired": held_by(deployment, user, include_expired="true"),
        }
        old = expired_among(whole, pages["include_revoked"], latest_known(deployment, whole))
        for name, page in pages.items():
            expected = [
                each["entityId"]
                for each in whole.items
                if (name == "include_revoked" or not each["revoked"])
                and (name == "include_expired" or each["entityId"] not in old)
            ]
            require(page.ids == expected, f"a list with {name or 'no filter'} is another",
                    page.reply, expected=expected, got=page.ids)  # fmt: skip

    deployment.while_nobody_writes(check)


def latest_known(deployment: Deployment, whole: Page) -> datetime:
    """Return the latest time that the target has told of, which its clock has passed."""
    newest = deployment.page({"page_size": 1}).items
    told = [each["createdAt"] for each in newest] + [each["issuedOn"] for each in whole.items]
    return max(map(moment, told), default=datetime.min.replace(tzinfo=UTC))


def expired_among(whole: Page, without: Page, known: datetime) -> set[str]:
    """Return what a list without expired ones hides.

    The time of the target is not asked for; but what expired before a time that it has told of must
    be hidden, and all that is hidden must have expired before anything that is shown does.
    """
    shown = set(without.ids)
    hidden = [each for each in whole.items if each["entityId"] not in shown]
    never = [each for each in hidden if each["expires"] is None]
    require(not never, "what never expires is not listed", without.reply, got=never[:1])
    last = max([known, *(moment(each["expires"]) for each in hidden)])
    for each in without.items:
        alive = each["expires"] is None or moment(each["expires"]) > last
        require(alive, "an expired assertion is listed unasked", without.reply,
                expected=f"nothing that expired before {last}", got=each["expires"])  # fmt: skip
    return {each["entityId"] for each in hidden}


@pytest.mark.rule("ASSERT-02")
def test_words_of_truth(deployment: Deployment) -> None:
    """A filter takes the framework's words for true and false."""

    def check() -> None:
        user = deployment.settings.learner_username or deployment.settings.user_id
        for words, meant in (("true True 1 yes", "true"), ("false 0 no off", "")):
            expected = held_by(deployment, user, **({"include_revoked": meant} if meant else {}))
            for word in words.split():
                page = held_by(deployment, user, include_revoked=word)
                require(page.ids == expected.ids, "a word for a truth is read otherwise",
                        page.reply, expected=meant or "false", got=word)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-02")
@pytest.mark.needs("write", "username")
def test_a_revoked_one_is_listed_on_demand(deployment: Deployment) -> None:
    """After a revocation it is gone from the list, and there with `include_revoked`."""
    user = deployment.settings.username
    with own_credential(deployment) as credential:
        entity_id = issue(deployment, credential["entityId"])["entityId"]
        require(entity_id in held_by(deployment, user).ids, "what was issued is not listed")
        revoke(deployment, entity_id)
        for query, expected in (({}, False), ({"include_revoked": "true"}, True),
                                ({"include_expired": "true"}, False)):  # fmt: skip
            page = held_by(deployment, user, **query)
            require((entity_id in page.ids) == expected, "a revoked assertion in a list",
                    page.reply, expected=expected, got=not expected)  # fmt: skip


@pytest.mark.rule("ASSERT-03")
def test_a_course_narrows_a_users_list(deployment: Deployment) -> None:
    """A course's id finds what was earned with it; a part of it, or another case, nothing."""

    def check() -> None:
        user = deployment.settings.learner_username or deployment.settings.user_id
        whole = held_by(deployment, user, **EVERYTHING)
        courses = {each["course"]["course_id"] for each in whole.items if each["course"]}
        if not courses:
            raise NotTested("nothing was earned with a course")
        for course in sorted(courses)[:5]:
            expected = [
                each["entityId"]
                for each in whole.items
                if each["course"] and each["course"]["course_id"] == course
            ]
            page = held_by(deployment, user, **EVERYTHING, course=course)
            require(page.ids == expected, "`course` keeps others", page.reply,
                    expected=expected, got=page.ids)  # fmt: skip
            for other in (course[:-1], f"{course}x", course.swapcase()):
                if other not in courses:
                    page = held_by(deployment, user, **EVERYTHING, course=other)
                    require(page.items == [], "another course's id finds it", page.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-03")
@pytest.mark.needs("other_org", "other_org_admin", "other_user_id")
def test_the_main_tenant_is_left_out_on_demand(deployment: Deployment) -> None:
    """With `exclude_main_tenant_assertions` no list grows, and what stays is in its order."""

    def check() -> None:
        path = f"{deployment.elsewhere}assertions/"
        whole = deployment.page({"page_size": MAXIMUM}, path, bare=True, actor="other_org_admin")
        query = {"page_size": MAXIMUM, "exclude_main_tenant_assertions": "true"}
        page = deployment.page(query, path, bare=True, actor="other_org_admin")
        kept = [each for each in whole.ids if each in set(page.ids)]
        require(page.ids == kept, "leaving out adds or turns around", page.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("ASSERT-04")
@pytest.mark.parametrize(
    ("name", "value"),
    [("page", "0"), ("page", "x"), ("page", "-1"), ("page_size", "0"), ("page_size", "1001"),
     ("page_size", "many"), ("include_revoked", "maybe"), ("include_expired", "2"),
     ("exclude_main_tenant_assertions", "x")],
)  # fmt: skip
def test_bad_parameters(deployment: Deployment, name: str, value: str) -> None:
    """A value that a parameter cannot hold is 400 with messages at its name."""
    reply = deployment.get("assertions/", {name: value})
    check_invalid(reply, name, f"a bad `{name}`")
