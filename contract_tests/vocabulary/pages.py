"""The checks of pages that the lists of credentials, issuers and assertions share."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.vocabulary.checks import check_equal
from contract_tests.vocabulary.deployment import Page


def find_repeated(ids: list[str]) -> list[str]:
    """Return the ids that occur more than once, sorted."""
    return sorted({entity_id for entity_id in ids if ids.count(entity_id) > 1})


def count_pages(items: int, size: int) -> int:
    """Return the number of pages that a number of items needs; no items need one, too."""
    return max(1, -(-items // size))


def get_maximum(page: Page) -> int:
    """Return the maximum page size that a list tells; the documented one is a rule of its own."""
    maximum = page["max_page_size"]
    is_number = isinstance(maximum, int) and maximum > 0
    require(is_number, "`max_page_size` is not a number", page.response, got=maximum)
    return int(maximum)


def check_page(page: Page, number: int, size: int) -> None:
    """Require the numbers of a page to match its count, number and size."""
    count = page["count"]
    length = min(size, max(0, count - (number - 1) * size))
    expected = {"num_pages": count_pages(count, size), "page_number": number}
    for name, value in expected.items():
        message = f"`{name}` of page {number} with {size} of {count} items"
        check_equal(page[name], value, message, page.response)
    message = f"the length of page {number} with {size} of {count} items"
    check_equal(len(page.items), length, message, page.response)


def check_link(link: str, query: Mapping[str, Any], response: Response) -> None:
    """Require a link to another page to keep every parameter of the request."""
    parameters = parse_qs(urlsplit(link).query, keep_blank_values=True)
    for name, value in query.items():
        message = f"a link does not keep `{name}`"
        check_equal(parameters.get(name), [str(value)], message, response)
