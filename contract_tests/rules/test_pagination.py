"""Pagination: totals, page numbers, links, edge cases, order."""

from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract_tests.catalogue.operations import CREATE_ISSUER
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import check_equal, check_order, check_status
from contract_tests.vocabulary.deployment import Deployment, read_page
from contract_tests.vocabulary.issuing import create_issuer, delete_issuer
from contract_tests.vocabulary.pages import (
    check_link,
    check_page,
    count_pages,
    find_repeated,
    get_maximum,
)

MOST_PAGES = 120
MOST_TO_CREATE = 150
LISTS = pytest.mark.parametrize(
    ("path", "default", "maximum"), [("", 10, 100), ("issuers/", 50, 1000)], ids=["list", "issuers"]
)


@pytest.mark.credcheck_rule("PAGE-01")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 50, 100])
@LISTS
def test_following_next_returns_everything_once(
    deployment: Deployment, path: str, default: int, maximum: int, size: int
) -> None:
    """Following `next` returns `count` different items, whatever the page size."""

    def check() -> None:
        whole = deployment.get_page({"page_size": 100}, path)
        if whole["count"] / size > MOST_PAGES:
            raise NotTested("too many pages of this size")
        pages = list(deployment.walk_pages({"page_size": size}, path))
        ids = [entity_id for page in pages for entity_id in page.ids]
        last = pages[-1].response
        check_equal(find_repeated(ids), [], "following `next` repeats an item", last)
        message = "following `next` does not return `count` items"
        check_equal(len(ids), whole["count"], message, last)
        if whole["count"] <= len(whole.ids):
            message = "following `next` returns other items than one page, or in another order"
            check_equal(ids, whole.ids, message, last)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-02")
@pytest.mark.parametrize("size", [1, 2, 3, 9, 10, 11, 49, 50, 51, 99, 100])
@LISTS
def test_the_numbers_of_each_page(
    deployment: Deployment, path: str, default: int, maximum: int, size: int
) -> None:
    """The numbers of the first, second and last page match the count and the page size."""

    def check() -> None:
        first = deployment.get_page({"page_size": size}, path)
        capped = min(size, get_maximum(first))
        check_page(first, 1, capped)
        last = count_pages(first["count"], capped)
        for number in {2, last} - {1}:
            if number <= last:
                page = deployment.get_page({"page_size": size, "page": number}, path)
                check_page(page, number, capped)
                is_last = page["next"] is None
                message = f"whether `next` is null on page {number} of {last}"
                check_equal(is_last, number == last, message, page.response)
        if last == 1:
            check_equal(first["next"], None, "the only page has a `next`", first.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-11")
@LISTS
def test_the_maximum_is_reported(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """`max_page_size` has the documented value."""
    page = deployment.get_page(path=path)
    check_equal(page["max_page_size"], maximum, "`max_page_size` is wrong", page.response)


@pytest.mark.credcheck_rule("PAGE-03")
@pytest.mark.parametrize("size", [3, 10])
def test_previous_leads_back(deployment: Deployment, size: int) -> None:
    """`previous` of each page is the page before, and null on the first page."""

    def check() -> None:
        pages = list(islice(deployment.walk_pages({"page_size": size}), 8))
        message = "the first page has a `previous`"
        check_equal(pages[0]["previous"], None, message, pages[0].response)
        for before, page in pairwise(pages):
            message = "`previous` is null on a later page"
            require(page["previous"] is not None, message, page.response)
            back = read_page(deployment.follow(page["previous"], page.response))
            message = "`previous` leads to another page"
            check_equal(back.ids, before.ids, message, back.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-04")
def test_links_keep_the_other_parameters(deployment: Deployment) -> None:
    """Both links are absolute and contain all parameters of the request but the page."""
    query = {"page_size": 2, "search": "e", "course": "", "x-unknown": "é & b"}

    def check() -> None:
        if not check_links(deployment, query):
            raise NotTested("there are too few credentials for a second page of a search")

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-04")
@pytest.mark.parametrize("name", ["course", "program", "platform_org", "q"])
def test_links_keep_each_filter(deployment: Deployment, name: str) -> None:
    """Both links contain a filter that two items or more fit."""

    def check() -> None:
        path = "issuers/" if name == "q" else ""
        values = {"platform_org": [deployment.settings.org], "q": list("eai")}
        seen = False
        for value in values.get(name) or find_shared_links(deployment, name):
            query = {"page_size": 1, name: value}
            if not check_links(deployment, query, path):
                continue
            seen = True
            whole = deployment.get_page({**query, "page_size": 100}, path)
            second = deployment.get_page({**query, "page": 2}, path)
            message = f"the second page is of another list than the one with `{name}`"
            check_equal(second.ids, whole.ids[1:2], message, second.response)
            check_equal(second["count"], whole["count"], message, second.response)
        if not seen:
            raise NotTested(f"no `{name}` that is known fits two items")

    deployment.run_undisturbed(check)


def find_shared_links(deployment: Deployment, kind: str) -> list[str]:
    """Return the courses or programs that several listed credentials are linked to."""
    links = [link[f"{kind}_id"] for item in deployment.list_items() for link in item[f"{kind}s"]]
    return find_repeated(links)[:3]


def check_links(deployment: Deployment, query: dict[str, Any], path: str = "") -> bool:
    """Require the links between the first two pages to keep the query; False for one page."""
    pages = list(islice(deployment.walk_pages(query, path), 2))
    if len(pages) < 2:
        return False
    first, second = pages
    for page, link in ((first, first["next"]), (second, second["previous"])):
        require(isinstance(link, str), "a link is missing", page.response)
        deployment.follow(link, page.response)
        check_link(link, query, page.response)
    parameters = parse_qs(urlsplit(str(second["previous"])).query)
    require("page" not in parameters, "the link to page 1 has `page`", second.response)
    return True


@pytest.mark.credcheck_rule("PAGE-05")
@pytest.mark.parametrize("page", ["0", "-1", "99999999", "abc", "1.5", "2x", "LAST", "9" * 40])
@LISTS
def test_invalid_page_numbers_are_404(
    deployment: Deployment, path: str, default: int, maximum: int, page: str
) -> None:
    """A page that is out of range, zero, negative or not a number returns 404."""
    check_status(deployment.get(path, {"page": page}), 404, "an invalid page number")


@pytest.mark.credcheck_rule("PAGE-05")
@LISTS
def test_first_and_last_page_by_name(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """An empty `page` is the first page, `last` is the last one."""

    def check() -> None:
        first = deployment.get_page({"page_size": 7}, path)
        empty = deployment.get_page({"page_size": 7, "page": ""}, path)
        message = "an empty `page` is not the first page"
        check_equal(empty.ids, first.ids, message, empty.response)
        for filters in ({}, {"search": "e"}) if path == "" else ({},):
            query = {"page_size": 7, **filters}
            pages = deployment.get_page(query, path)["num_pages"]
            last = deployment.get_page({**query, "page": "last"}, path)
            message = "`page=last` is not the last page"
            check_equal(last["page_number"], pages, message, last.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-06")
@pytest.mark.parametrize("size", ["0", "-1", "abc", "", "1.5", "9" * 40])
@LISTS
def test_invalid_page_sizes(
    deployment: Deployment, path: str, default: int, maximum: int, size: str
) -> None:
    """A size that is not a positive number falls back to the default; a huge one is capped."""

    def check() -> None:
        page = deployment.get_page({"page_size": size}, path)
        told = get_maximum(page)
        check_page(page, 1, told if size.startswith("9") else min(default, told))

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-06")
@LISTS
def test_the_default_page_size(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """Without `page_size` a page has the documented size."""

    def check() -> None:
        page = deployment.get_page(path=path)
        check_page(page, 1, min(default, get_maximum(page)))

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-06")
@pytest.mark.credcheck_needs("disposable", CREATE_ISSUER)
def test_the_default_page_of_issuers(deployment: Deployment) -> None:
    """A page of issuers without a size has more than ten, where there are more."""
    count = deployment.get_page(path="issuers/")["count"]
    created = [create_issuer(deployment)["entityId"] for _ in range(count, 11)]
    page = deployment.get_page(path="issuers/")
    check_page(page, 1, min(50, get_maximum(page)))
    for entity_id in created:
        delete_issuer(deployment, entity_id)


@pytest.mark.credcheck_rule("PAGE-06")
@LISTS
def test_the_page_size_is_capped(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """A page has at most as many items as the maximum that the list tells."""

    def check() -> None:
        told, pages = get_maximum(deployment.get_page(path=path)), []
        for size in (told, told + 1, 10 * told):
            pages.append(deployment.get_page({"page_size": size}, path))
            check_page(pages[-1], 1, told)
        count = pages[-1]["count"]
        if count <= told:
            raise NotTested(
                f"whether a page is limited to {told} items is not seen in a list of {count}"
            )

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-07")
def test_newest_come_first(deployment: Deployment) -> None:
    """Creation times never increase along the list, with and without filters."""

    def check() -> None:
        for query in ({}, {"search": "e"}, {"search": "a"}):
            page = deployment.get_page({"page_size": 100, **query})
            message = "the list is not ordered from newest to oldest"
            check_order(page.items, message, page.response, format_creation_time)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-07")
def test_the_order_is_stable(deployment: Deployment) -> None:
    """The same list, requested again and with other page sizes, has the same order."""

    def check() -> None:
        first = [item["entityId"] for item in deployment.list_items({"page_size": 100})]
        for size in (100, 100, 25, 9):
            again = [item["entityId"] for item in deployment.list_items({"page_size": size})]
            response = deployment.get_page({"page_size": size}).response
            check_equal(again, first[: len(again)], "the order is not stable", response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PAGE-07")
@pytest.mark.credcheck_needs("write")
def test_a_new_item_comes_first(deployment: Deployment) -> None:
    """Of several items created one after the other, the last one is at the top."""
    mark = deployment.make_name("order")
    items = [deployment.create(name=f"{letter} {mark}") for letter in "bacd"]
    ids = [item["entityId"] for item in items]
    page = deployment.get_page({"search": mark})
    message = "the list lacks a new item, or has another"
    check_equal(sorted(page.ids), sorted(ids), message, page.response)
    times = {item["entityId"]: format_creation_time(item) for item in items}
    message = "the newest item is not at the top"
    check_order(page.items, message, page.response, lambda item: times[item["entityId"]])
    for entity_id in ids:
        deployment.delete(entity_id)


def format_creation_time(item: dict[str, Any]) -> str:
    """Return a creation time in a form that can be compared: to the microsecond, in UTC."""
    try:
        return datetime.fromisoformat(item["createdAt"]).astimezone(UTC).isoformat(sep=" ")
    except (KeyError, TypeError, ValueError):
        return ""


@pytest.mark.credcheck_rule("PAGE-08")
def test_an_empty_result_is_one_empty_page(deployment: Deployment) -> None:
    """A search without results has one page, which is empty."""
    page = deployment.get_page({"search": deployment.make_unknown_id()})
    expected = {"count": 0, "num_pages": 1, "page_number": 1, "next": None, "previous": None}
    got = {name: page[name] for name in expected}
    check_equal(got, expected, "an empty result is not one empty page", page.response)
    check_equal(page.items, [], "an empty result has items", page.response)


@pytest.mark.credcheck_rule("PAGE-09")
def test_writes_between_two_pages(deployment: Deployment) -> None:
    """A create between two pages repeats one item, a deletion skips one, and no other changes."""
    mark = deployment.make_name("walk")
    for number in range(6):
        deployment.create(name=f"{number} {mark}")
    query = {"search": mark, "page_size": 2}
    ids = deployment.get_page({"search": mark}).ids
    message = "`count` is not what was created"
    first = deployment.get_page(query)
    newest = deployment.create(name=f"late {mark}")["entityId"]
    second = read_page(deployment.follow(first["next"], first.response))
    check_equal(second["count"], 7, message, second.response)
    whole = deployment.get_page({"search": mark}).ids  # those of one time come in any order
    message = "a create changes the order of the other items"
    check_equal([entity_id for entity_id in whole if entity_id != newest], ids, message)
    message = "the page after a create is not shifted by one"
    check_equal(second.ids, whole[2:4], message, second.response)
    deployment.delete(newest)
    deployment.delete(ids[0])
    third = deployment.get_page({**query, "page": 2})
    check_equal(third["count"], 5, "`count` is not what a deletion left", third.response)
    message = "the page after a deletion is not shifted by one"
    check_equal(third.ids, ids[3:5], message, third.response)
    for entity_id in ids[1:]:
        deployment.delete(entity_id)


@pytest.mark.credcheck_rule("PAGE-10")
@pytest.mark.credcheck_last
def test_pages_end_at_the_maximum(deployment: Deployment) -> None:
    """A page of more items than the maximum has as many as that, whatever the requested size."""
    mark = deployment.make_name("many")
    page = deployment.get_page()
    maximum = get_maximum(page)
    if page["count"] > maximum and not deployment.settings.disposable:
        raise NotTested("the list has more items than the maximum, and PAGE-06 looks at it")
    if maximum > MOST_TO_CREATE:
        raise NotTested(f"the list tells a maximum of {maximum}, too many items to create")
    ids = [deployment.create(name=f"{number} {mark}")["entityId"] for number in range(maximum + 3)]
    for size in (maximum, maximum + 1, 10 * maximum):
        page = deployment.get_page({"search": mark, "page_size": size})
        check_page(page, 1, maximum)
    last = deployment.get_page({"search": mark, "page_size": maximum, "page": 2})
    check_page(last, 2, maximum)
    listed = [item["entityId"] for item in deployment.list_items({"search": mark})]
    message = "following `next` through more items than the maximum returns others"
    require(sorted(listed) == sorted(ids), message, expected=len(ids), got=len(listed))
    for entity_id in ids:
        deployment.delete(entity_id)
