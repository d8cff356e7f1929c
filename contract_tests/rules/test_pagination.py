"""Pagination: totals, arithmetic, links, corners, order."""

from itertools import islice, pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.vocabulary.deployment import Deployment, Page

LISTS = pytest.mark.parametrize(
    ("path", "default", "maximum"), [("", 10, 100), ("issuers/", 50, 1000)], ids=["list", "issuers"]
)


def repeated(ids: list[str]) -> set[str]:
    """Return what stands more than once."""
    return {each for each in ids if ids.count(each) > 1}


def check_page(page: Page, number: int, size: int) -> None:
    """Raise Breach unless the numbers of a page follow from its count, number and size."""
    count = page["count"]
    expected = {
        "num_pages": max(1, -(-count // size)),
        "page_number": number,
        "length": min(size, max(0, count - (number - 1) * size)),
    }
    got = {
        "num_pages": page["num_pages"],
        "page_number": page["page_number"],
        "length": len(page.items),
    }
    for name, value in expected.items():
        require(
            got[name] == value, f"`{name}` of a page is wrong", page.reply,
            expected=f"{name} {value} of {count} at {size} a page", got=got[name],
        )  # fmt: skip


@pytest.mark.rule("PAGE-01")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 50, 100])
@LISTS
def test_a_walk_visits_everything_once(
    deployment: Deployment, path: str, default: int, maximum: int, size: int
) -> None:
    """Following `next` yields `count` different items, whatever the size of the pages."""

    def check() -> None:
        whole = deployment.page({"page_size": 100}, path)
        if whole["count"] / size > 120:
            raise NotTested("too many pages of this size")
        pages = list(deployment.pages({"page_size": size}, path))
        ids = [entity_id for page in pages for entity_id in page.ids]
        last = pages[-1].reply
        require(
            not repeated(ids), "an item comes twice in a walk", last,
            expected="each item once", got=sorted(repeated(ids))[:3],
        )  # fmt: skip
        require(
            len(ids) == whole["count"], "a walk does not visit `count` items", last,
            expected=whole["count"], got=len(ids),
        )  # fmt: skip
        if whole["count"] <= 100:
            require(ids == whole.ids, "a walk has another order or other items", last)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-02")
@pytest.mark.parametrize("size", [1, 2, 3, 9, 10, 11, 49, 50, 51, 99, 100])
@LISTS
def test_the_numbers_of_each_page(
    deployment: Deployment, path: str, default: int, maximum: int, size: int
) -> None:
    """First, second and last page tell their place, and hold what the arithmetic says."""

    def check() -> None:
        first = deployment.page({"page_size": size}, path)
        check_page(first, 1, size)
        last = max(1, -(-first["count"] // size))
        for number in {2, last} - {1}:
            if number <= last:
                page = deployment.page({"page_size": size, "page": number}, path)
                check_page(page, number, size)
                require((page["next"] is None) == (number == last),
                        "`next` is null on another page than the last", page.reply)  # fmt: skip
        if last == 1:
            require(first["next"] is None, "the last page has a `next`", first.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-02")
@LISTS
def test_the_maximum_is_told(deployment: Deployment, path: str, default: int, maximum: int) -> None:
    """`max_page_size` is the documented one."""
    page = deployment.page(path=path)
    require(page["max_page_size"] == maximum, "`max_page_size` is another", page.reply,
            expected=maximum, got=page["max_page_size"])  # fmt: skip


@pytest.mark.rule("PAGE-03")
@pytest.mark.parametrize("size", [3, 10])
def test_previous_leads_back(deployment: Deployment, size: int) -> None:
    """From each page `previous` is the page before, and null on the first."""

    def check() -> None:
        pages = list(islice(deployment.pages({"page_size": size}), 8))
        require(pages[0]["previous"] is None, "the first page has a `previous`", pages[0].reply)
        for before, page in pairwise(pages):
            require(page["previous"] is not None, "a later page has no `previous`", page.reply)
            back = deployment.follow(page["previous"], page.reply)
            ids = [each["entityId"] for each in back.value["result"]["data"]]
            require(ids == before.ids, "`previous` leads to another page", back,
                    expected=before.ids[:3], got=ids[:3])  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-04")
def test_links_keep_the_other_parameters(deployment: Deployment) -> None:
    """Both links are absolute and carry all that was asked but the page."""
    query = {"page_size": 2, "search": "e", "course": "", "x-unknown": "é & b"}

    def check() -> None:
        pages = list(islice(deployment.pages(query), 2))
        if len(pages) < 2:
            raise NotTested("there are too few credentials for a second page of a search")
        first, second = pages
        for page, link in ((first, first["next"]), (second, second["previous"])):
            require(isinstance(link, str), "a link is missing", page.reply)
            deployment.follow(link, page.reply)
            kept = parse_qs(urlsplit(link).query, keep_blank_values=True)
            for name, value in query.items():
                require(
                    kept.get(name) == [str(value)], f"a link does not keep `{name}`", page.reply,
                    expected=f"{name}={value}", got=kept.get(name),
                )  # fmt: skip
        link = urlsplit(str(second["previous"]))
        require("page" not in parse_qs(link.query), "the link to page 1 names a page", second.reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-05")
@pytest.mark.parametrize("page", ["0", "-1", "99999999", "abc", "1.5", "2x", "LAST", "9" * 40])
@LISTS
def test_a_page_that_is_not_there(
    deployment: Deployment, path: str, default: int, maximum: int, page: str
) -> None:
    """A page out of range, zero, negative or no number is 404 with a detail."""
    reply = deployment.get(path, {"page": page})
    require(reply.status == 404, "a page that is not there is answered otherwise", reply,
            expected=404, got=reply.status)  # fmt: skip


@pytest.mark.rule("PAGE-05")
@LISTS
def test_first_and_last_page_by_name(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """An empty `page` is the first page, `last` the last one."""

    def check() -> None:
        first = deployment.page({"page_size": 7}, path)
        empty = deployment.page({"page_size": 7, "page": ""}, path)
        require(empty.ids == first.ids, "an empty page is not the first", empty.reply)
        last = deployment.page({"page_size": 7, "page": "last"}, path)
        require(last["page_number"] == first["num_pages"], "`last` is another page", last.reply,
                expected=first["num_pages"], got=last["page_number"])  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-06")
@pytest.mark.parametrize("size", ["0", "-1", "abc", "", "1.5", "9" * 40])
@LISTS
def test_unusable_page_sizes(
    deployment: Deployment, path: str, default: int, maximum: int, size: str
) -> None:
    """A size that is no positive number is the default; a huge one is the maximum."""

    def check() -> None:
        page = deployment.page({"page_size": size}, path)
        check_page(page, 1, maximum if size.startswith("9") else default)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-06")
@LISTS
def test_the_default_page_size(
    deployment: Deployment, path: str, default: int, maximum: int
) -> None:
    """Without `page_size` a page has the documented number of items; over the maximum is capped."""

    def check() -> None:
        check_page(deployment.page(path=path), 1, default)
        check_page(deployment.page({"page_size": maximum + 1}, path), 1, maximum)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-07")
def test_newest_come_first(deployment: Deployment) -> None:
    """Times of creation never rise along the list, with and without filters."""

    def check() -> None:
        for query in ({}, {"search": "e"}, {"search": "a"}):
            page = deployment.page({"page_size": 100, **query})
            times = [moment(each) for each in page.items]
            require(times == sorted(times, reverse=True), "an older item comes first", page.reply,
                    expected="newest first", got=times[:3])  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-07")
def test_the_order_is_the_same_each_time(deployment: Deployment) -> None:
    """The same list, asked for again and in pages of another size, has the same order."""

    def check() -> None:
        first = [each["entityId"] for each in deployment.everything({"page_size": 100})]
        for size in (100, 100, 25, 9):
            again = [each["entityId"] for each in deployment.everything({"page_size": size})]
            require(again == first[: len(again)], "the order is another each time",
                    deployment.page({"page_size": size}).reply)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PAGE-07")
@pytest.mark.needs("write")
def test_what_is_created_comes_first(deployment: Deployment) -> None:
    """Of several that are created one after the other, the last is on top."""
    mark = deployment.name("order")
    ids = [deployment.create(name=f"{letter} {mark}")["entityId"] for letter in "bacd"]
    page = deployment.page({"search": mark})
    require(page.ids == ids[::-1], "the newest is not on top", page.reply,
            expected=ids[::-1], got=page.ids)  # fmt: skip
    for entity_id in ids:
        deployment.delete(entity_id)


def moment(item: dict[str, Any]) -> str:
    """Return a time of creation in a form that compares: to the microsecond, in UTC."""
    from datetime import UTC, datetime

    try:
        return datetime.fromisoformat(item["createdAt"]).astimezone(UTC).isoformat(sep=" ")
    except (KeyError, TypeError, ValueError):
        return ""


@pytest.mark.rule("PAGE-08")
def test_nothing_found_is_one_empty_page(deployment: Deployment) -> None:
    """A search without a result has one page, which is empty."""
    page = deployment.page({"search": deployment.made_up_id()})
    got = {name: page[name] for name in ("count", "num_pages", "page_number", "next", "previous")}
    expected = {"count": 0, "num_pages": 1, "page_number": 1, "next": None, "previous": None}
    require(got == expected and page.items == [], "an empty result is no empty page", page.reply,
            expected=expected, got=got)  # fmt: skip


@pytest.mark.rule("PAGE-09")
def test_a_walk_while_others_write(deployment: Deployment) -> None:
    """A creation during a walk repeats one item, a deletion skips one, and nothing else happens."""
    mark = deployment.name("walk")
    ids = [deployment.create(name=f"{n} {mark}")["entityId"] for n in range(6)][::-1]
    query = {"search": mark, "page_size": 2}
    first = deployment.page(query)
    newest = deployment.create(name=f"late {mark}")["entityId"]
    second = deployment.follow(first["next"], first.reply)
    check_ids(second, [ids[1], ids[2]], "after a creation the next page is not shifted by one")
    deployment.delete(newest)
    deployment.delete(ids[0])
    third = deployment.get("", {**query, "page": 2})
    check_ids(third, [ids[3], ids[4]], "after a deletion the next page is not shifted by one")
    for entity_id in ids[1:]:
        deployment.delete(entity_id)


def check_ids(reply: Reply, expected: list[str], message: str) -> None:
    """Raise Breach unless a page shows these ids."""
    data = reply.value["result"]["data"] if reply.status == 200 else []
    got = [each["entityId"] for each in data]
    require(got == expected, message, reply, expected=expected, got=got)


@pytest.mark.rule("PAGE-10")
@pytest.mark.last
def test_pages_end_at_the_maximum(deployment: Deployment) -> None:
    """Of more than a hundred items a page holds a hundred, whatever is asked."""
    mark = deployment.name("many")
    ids = [deployment.create(name=f"{n} {mark}")["entityId"] for n in range(103)]
    for size in (100, 101, 1000):
        page = deployment.page({"search": mark, "page_size": size})
        check_page(page, 1, 100)
    walked = [each["entityId"] for each in deployment.everything({"search": mark})]
    require(walked == ids[::-1], "a walk over more than a hundred is wrong", got=len(walked))
    for entity_id in ids:
        deployment.delete(entity_id)
