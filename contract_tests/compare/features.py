"""What is compared of a response: places, each with the text of what stands there.

Hosts, keys and what must differ are normalised. Without the same data on both sides only statuses,
headers, errors, the arithmetic of pages and their order are features; `shapes` does the rest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import ceil
from typing import Any

from contract_tests.engine.contract import JSON
from contract_tests.engine.exchange import Response
from contract_tests.vocabulary.signatures import strip_signatures

HEADERS = (
    *("allow", "www-authenticate", "location", "retry-after", "content-disposition", "vary"),
    *("cache-control", "content-language", "deprecation", "link"),
)
"""Headers that mean something to a client; the content type is compared by itself."""
NORMALISED = (
    "the address of each side in links and texts",
    "ids, names and times of what each side has of its own, unless both were given the same",
    "signatures in the addresses of files",
    "seconds in `Retry-After` and in the texts of a 429",
    "headers of transport, such as `Date`, `Server` and `Content-Length`",
)
"""What must differ, for the reports."""
TIMES = ("createdAt", "issuedOn", "assigned_on")
PAGE_FIELDS = ("count", "num_pages", "page_number", "next", "previous", "max_page_size")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?\Z")
_ID22 = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_OF_ISSUER = re.compile(r"issuer|signator", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
Features = dict[str, str]


def read_features(
    response: Response,
    base_url: str,
    own: Mapping[str, str],
    *,
    with_values: bool,
    is_of_write: bool = False,
) -> Features:
    """Return what is compared of a response, by place.

    `own` are the texts that this side has of its own, each with what stands for it. Of what was
    written (`is_of_write`) times differ, and so may the issuer.
    """
    media_type, _, parameters = response.headers.get("content-type", "").partition(";")
    found = {
        "status": str(response.status),
        "content-type": f"{media_type.strip().lower()}; {parameters.strip().lower()}".rstrip("; "),
    }
    for name in HEADERS:
        if name in response.headers:
            found[f"header {name}"] = _read_header(name, response.headers[name], base_url, own)
    if response.logged.method == "HEAD" or not response.body:
        found["body"] = "empty" if not response.body else "a body"
        return found
    text = response.body.decode("utf-8", "replace")
    if media_type.strip().lower() != JSON:
        found["body"] = _SPACE.sub(" ", text.replace(base_url, "<address>")).strip()[:300]
        return found
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        found["body"] = "not JSON"
        return found
    page = find_page(value)
    if page is not None and not with_values:
        found |= {f"page {name}": shown for name, shown in _read_page(page)}
    if with_values or is_of_write or response.status >= 400:
        values = _read_values(strip_signatures(value), base_url, own)
        if is_of_write:
            values = {
                place: "<time>" if _DATE_TIME.match(text.strip('"')) else text
                for place, text in values.items()
                if with_values or not _OF_ISSUER.search(place)
            }
        found |= values
    return found


def _read_header(name: str, value: str, base_url: str, own: Mapping[str, str]) -> str:
    if name == "retry-after":
        return "seconds" if value.isdigit() else "a date"
    if name in ("allow", "vary"):
        return ", ".join(sorted(part.strip() for part in value.split(",")))
    return _replace_own(value.replace(base_url, "<address>"), own)


def _replace_own(text: str, own: Mapping[str, str]) -> str:
    """Return a text with the names of one side replaced, the longest first."""
    for mine in sorted(own, key=len, reverse=True):
        text = text.replace(mine, own[mine])
    return text


def find_page(value: Any) -> dict[str, Any] | None:
    """Return the page in a body, with or without an envelope, or None."""
    for place in (value.get("result"), value) if isinstance(value, dict) else ():
        if isinstance(place, dict) and "count" in place and find_items(place) is not None:
            return place
    return None


def find_items(page: Mapping[str, Any]) -> list[Any] | None:
    """Return the records of a page."""
    for name in ("data", "results"):
        if isinstance(page.get(name), list):
            items: list[Any] = page[name]
            return items
    return None


def _read_page(page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what must hold of the numbers and the order of a page, whatever data there are."""
    items = find_items(page) or []
    count, pages, number = (page.get(name) for name in ("count", "num_pages", "page_number"))
    if isinstance(count, int) and isinstance(pages, int) and items:
        has_next = bool(page.get("next"))
        if has_next:
            yield "arithmetic of num_pages", str(pages == max(1, ceil(count / len(items))))
        if isinstance(number, int):
            yield "next before the last page", str(has_next == (number < pages))
            yield "previous after the first page", str(bool(page.get("previous")) == (number > 1))
            yield "page_number within num_pages", str(1 <= number <= pages)
        yield "items within count", str(len(items) <= count)
    for name in TIMES:
        times = [item.get(name) for item in items if isinstance(item, dict)]
        texts = [text for text in times if isinstance(text, str)]
        if len(texts) > 1 and len(set(texts)) > 1:
            is_falling = all(first >= second for first, second in pairwise(texts))
            yield f"order by {name}", "newest first" if is_falling else "another order"


def _read_values(value: Any, base_url: str, own: Mapping[str, str]) -> Features:
    """Return the values of a body by path, from `$`; records of lists are named by their ids."""
    found: Features = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}")
            found[path] = "an object"
        elif isinstance(value, list):
            names = [_name_item(item, own) for item in value]
            if all(names) and names:
                found[f"{path} records"] = " ".join(names)
                for name, item in zip(names, value, strict=True):
                    walk(item, f"{path}[{name}]")
            else:
                for number, item in enumerate(value):
                    walk(item, f"{path}[{number}]")
            found[path] = "a list"
        else:
            found[path] = _format_value(value, base_url, own)

    walk(value, "$")
    return found


def _name_item(item: Any, own: Mapping[str, str]) -> str:
    """Return the id of a record, or an empty text."""
    if not isinstance(item, dict):
        return ""
    for name in ("entityId", "id", "course_id", "date"):
        if isinstance(item.get(name), str | int):
            text = str(item[name])
            return re.sub(r"[\[\]\s.]", "_", own.get(text, text))
    return ""


def _format_value(value: Any, base_url: str, own: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    text = _replace_own(value.replace(base_url, "<address>"), own)
    if "available in" in text:
        text = re.sub(r"\d+", "N", text)
    return json.dumps(text, ensure_ascii=False)


def describe_type(value: Any) -> str:
    """Return the type of a JSON value; of a text also its format."""
    if isinstance(value, str):
        if _DATE_TIME.match(value):
            return "date-time" if _DATE_TIME.match(value)[2] else "date-time without a zone"  # type: ignore[index]
        if re.match(r"https?://", value):
            return "URL"
        if _UUID.match(value):
            return "UUID"
        return "id of 22 characters" if _ID22.match(value) else "text"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (list, "list"))
    return next((name for kind, name in kinds if isinstance(value, kind)),
                "object" if isinstance(value, dict) else "null")  # fmt: skip


def read_shape(value: Any) -> dict[str, set[str]]:
    """Return the types at each path of a body; `*` stands for any item of a list."""
    shape: dict[str, set[str]] = {}

    def walk(value: Any, path: str) -> None:
        shape.setdefault(path or "body", set()).add(describe_type(value))
        if isinstance(value, dict) and not path.endswith("metadata"):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for item in value:
                walk(item, f"{path}.*")

    walk(value, "")
    return shape
