"""What recorded pages of lists show: their arithmetic, their links, their filters, their order."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.catalogue.operations import (
    LIST_CREDENTIAL_ASSERTIONS,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    LIST_USER_ASSERTIONS,
)
from contract_tests.engine.contract import load_contract
from contract_tests.errors import RuleFailed, require
from contract_tests.oracle.model import is_possibly_found
from contract_tests.traffic.checks import Check, hold
from contract_tests.traffic.service import Call
from contract_tests.vocabulary.deployment import Page, read_page
from contract_tests.vocabulary.laws import parse_time
from contract_tests.vocabulary.pages import check_page, find_repeated

ENVELOPED = (LIST_CREDENTIALS, LIST_ISSUERS)
LISTS = (*ENVELOPED, LIST_USER_ASSERTIONS, LIST_CREDENTIAL_ASSERTIONS)
FILTERS = {"course": ("courses", "course_id"), "program": ("programs", "program_id")}
"""Filters of credentials, each with the field of a credential and of a link that it looks at."""
List = tuple[str, tuple[tuple[str, str], ...], tuple[str, str, str]]
"""One list: its address, its query without the page, and who asks."""


def read_list(call: Call) -> Page | None:
    """Return the page of a list that a call shows; None for anything else."""
    if call.operation_id not in LISTS or call.response.status != 200 or not call.is_whole:
        return None
    if call.response.logged.method == "HEAD":
        return None
    try:
        page = read_page(call.response, envelope=call.operation_id in ENVELOPED)
        is_complete = {"count", "num_pages", "page_number", "max_page_size"} <= page.fields.keys()
        numbers = (page.fields.get(name) for name in ("count", "num_pages", "page_number"))
        are_numbers = all(isinstance(number, int) for number in numbers)
        are_objects = all(isinstance(item, dict) for item in page.items)
        return page if is_complete and are_numbers and are_objects else None
    except RuleFailed:
        return None  # SCHEMA-01 says so


def read_lists(calls: Iterable[Call]) -> dict[int, Page]:
    """Return the pages of lists by the number of their exchange."""
    pages = ((call.recorded.number, read_list(call)) for call in calls)
    return {number: page for number, page in pages if page is not None}


def check_lists(
    calls: Iterable[Call], pages: Mapping[int, Page], changes: Iterable[Call]
) -> Iterator[Check]:
    """Yield what is known of each page, and of pages that belong to one walk through a list."""
    changes = tuple(changes)
    walks: dict[List, list[tuple[Call, Page]]] = {}
    for call in calls:
        page = pages.get(call.recorded.number)
        if page is None:
            continue
        yield from _check_single(call, page)
        query = tuple(pair for pair in call.query if pair[0] != "page")
        key: List = (call.base + call.path, query, call.caller)
        earlier = walks.setdefault(key, [])
        # A walk ends where the client starts anew, or where it changes something.
        if earlier and not _continues(earlier[-1], (call, page), changes):
            earlier.clear()
        earlier.append((call, page))
        yield from _check_walk(earlier)


def _continues(
    before: tuple[Call, Page], after: tuple[Call, Page], changes: tuple[Call, ...]
) -> bool:
    (first, page), (call, next_page) = before, after
    is_next = next_page["page_number"] == page["page_number"] + 1
    is_same = next_page["count"] == page["count"]
    is_quiet = all(change.is_before(first) or call.is_before(change) for change in changes)
    return is_next and is_same and is_quiet and first.is_before(call)


def _check_single(call: Call, page: Page) -> Iterator[Check]:
    query = dict(call.query)
    is_assertions = call.operation_id not in ENVELOPED
    if not {"limit", "offset"} & query.keys():
        size = find_page_size(call, page)
        number = page["page_number"]
        rule = "ASSERT-01" if is_assertions else "PAGE-02"
        if size is not None:
            yield hold(rule, call, partial(check_page, page, number, size))
        asked = query.get("page", "1")
        if asked.isascii() and asked.isdecimal() and asked.lstrip("0"):
            yield hold(rule, call, partial(_check_number, call, page, int(asked)))
        rule = "ASSERT-01" if is_assertions else "PAGE-04"
        for name, step in (("next", 1), ("previous", -1)):
            link = page.fields.get(name)
            if isinstance(link, str):
                yield hold(rule, call, partial(_check_link, call, page, name, link, step))
    rule = "ASSERT-01" if is_assertions else "PAGE-01"
    yield hold(rule, call, partial(_check_unique, call, [page]))
    if call.operation_id == LIST_CREDENTIALS:
        yield from _check_filters(call, page, query)


def _check_filters(call: Call, page: Page, query: Mapping[str, str]) -> Iterator[Check]:
    searched = ("name", "name_override", "description")
    has_texts = all(name in item for item in page.items for name in searched)
    if query.get("search") and has_texts:
        yield hold("SEARCH-01", call, partial(_check_search, call, page, query["search"]))
    for name, (field, key) in FILTERS.items():
        if query.get(name):
            wanted = query[name]
            look = partial(_check_links, call, page, name, field, key, wanted)
            yield hold("SEARCH-02", call, look)


def find_page_size(call: Call, page: Page) -> int | None:
    """Return how many items a page should have; None where what was asked is not a plain number."""
    asked = [value for name, value in call.query if name == "page_size"]
    maximum = page["max_page_size"]
    if not asked:
        return _find_default(call)
    text = asked[-1]
    if len(text) > 6 or not (text.isascii() and text.isdecimal()) or not text.lstrip("0"):
        return None
    size = int(text)
    is_limited = isinstance(maximum, int) and maximum > 0 and not isinstance(maximum, bool)
    return min(size, maximum) if is_limited else size


def _find_default(call: Call) -> int | None:
    contract = load_contract()
    assert call.operation is not None  # noqa: S101  it is a list
    for parameter in map(contract.resolve, call.operation.source.get("parameters", ())):
        if parameter["name"] == "page_size":
            default: int | None = parameter["schema"].get("default")
            return default
    return None


def _check_number(call: Call, page: Page, asked: int) -> None:
    got = page["page_number"]
    message = "`page_number` is not the page that was asked for"
    require(got == asked, message, call.response, expected=asked, got=got)


def _check_link(call: Call, page: Page, name: str, link: str, step: int) -> None:
    """Require a link to lead to the neighbour of a page, and to keep the rest of the query.

    Its host may be another one: between a browser and the service there may be the proxy of a
    development server, which a recording does not show.
    """
    linked = urlsplit(link)
    message = f"`{name}` does not lead to the list that was asked for"
    is_absolute = linked.scheme in ("http", "https") and bool(linked.netloc)
    leads_there = is_absolute and linked.path.endswith(call.path)
    require(leads_there, message, call.response, expected=f"https://…{call.path}", got=link)
    query = parse_qsl(linked.query, keep_blank_values=True)
    number = page["page_number"] + step
    pages = {value for key, value in query if key == "page"} or {"1"}
    message = f"`{name}` does not lead to the neighbouring page"
    require(pages == {str(number)}, message, call.response, expected=f"page={number}", got=link)
    kept = sorted(pair for pair in query if pair[0] != "page")
    sent = sorted(pair for pair in call.query if pair[0] != "page")
    message = f"`{name}` does not keep the other parameters of the query"
    require(set(sent) <= set(kept), message, call.response, expected=sent, got=link)


def _check_search(call: Call, page: Page, term: str) -> None:
    wrong = [item.get("name") for item in page.items if not is_possibly_found(item, term)]
    message = "a search lists what no reading of it finds"
    require(not wrong, message, call.response, expected=f"only items with {term!r}", got=wrong[:3])


def _check_links(call: Call, page: Page, name: str, field: str, key: str, wanted: str) -> None:
    wrong = [
        item.get("name")
        for item in page.items
        if isinstance(item.get(field), list)
        and wanted not in [link.get(key) for link in item[field] if isinstance(link, dict)]
    ]
    message = f"`{name}` lists what is not linked to that {name}"
    expected = f"only items of {wanted}"
    require(not wrong, message, call.response, expected=expected, got=wrong[:3])


def _check_unique(call: Call, pages: list[Page]) -> None:
    repeated = find_repeated([entity_id for page in pages for entity_id in page.ids if entity_id])
    message = "an item is listed twice"
    require(not repeated, message, call.response, expected="each item once", got=repeated[:3])


def _check_walk(walk: list[tuple[Call, Page]]) -> Iterator[Check]:
    """Yield what the pages of a walk show together, which nothing has changed meanwhile."""
    if len(walk) < 2:
        return
    calls, pages = [call for call, _ in walk], [page for _, page in walk]
    last, earlier = calls[-1], calls[:-1]
    rule = "PAGE-01" if last.operation_id in ENVELOPED else "ASSERT-01"
    yield hold(rule, last, partial(_check_unique, last, pages), *earlier)
    if pages[0]["page_number"] == 1 and pages[-1]["page_number"] == pages[-1]["num_pages"]:
        yield hold(rule, last, partial(_check_total, last, pages), *earlier)
    if last.operation_id == LIST_CREDENTIALS:
        yield hold("PAGE-07", last, partial(_check_order, last, pages), *earlier)


def _check_total(call: Call, pages: list[Page]) -> None:
    listed, count = sum(len(page.items) for page in pages), pages[-1]["count"]
    message = "the pages together do not contain `count` items"
    require(listed == count, message, call.response, expected=count, got=listed)


def _check_order(call: Call, pages: list[Page]) -> None:
    times = [parse_time(item.get("createdAt")) for page in pages for item in page.items]
    known: list[Any] = [time for time in times if time]
    message = "the list is not ordered from newest to oldest across its pages"
    is_ordered = all(later >= earlier for later, earlier in pairwise(known))
    require(is_ordered, message, call.response, expected="newest first", got="a newer one follows")
