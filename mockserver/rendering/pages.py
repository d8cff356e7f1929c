"""Responses around encoded records: alone, in the envelope, in an array, on a page."""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from mockserver.framework.pagination import Page, Window
from mockserver.messages import JSON, Request, Response, encode
from mockserver.rendering.renderer import Pieces, base_address


def render_item(request: Request, item: Pieces, description: str = "Ok") -> Response:
    """Return an item in the envelope."""
    return Response(200, _envelop(base_address(request).join(item), description), JSON)


def render_bare_item(request: Request, item: Pieces) -> Response:
    """Return an item without an envelope."""
    return Response(200, base_address(request).join(item), JSON)


def render_array(request: Request, items: Iterable[Pieces]) -> Response:
    """Return items as an array without an envelope."""
    base = base_address(request)
    return Response(200, b"[" + b",".join(base.join(item) for item in items) + b"]", JSON)


def render_envelope(result: Mapping[str, Any], description: str = "Ok") -> Response:
    """Return a result that refers to nothing on this server in the envelope."""
    return Response(200, _envelop(encode(result), description), JSON)


def render_status(description: str) -> Response:
    """Return the first half of the envelope alone."""
    return Response(200, encode({"status": {"success": True, "description": description}}), JSON)


def render_export(request: Request, course_id: str, items: Iterable[Pieces]) -> Response:
    """Return the credentials of a course as a document, without an envelope."""
    base = base_address(request)
    data = b",".join(base.join(item) for item in items)
    opening = b'{"course_id":' + encode(course_id) + b',"credentials":['
    return Response(200, opening + data + b"]}", JSON)


def render_page(
    request: Request,
    page: Page | Window,
    items: Iterable[Pieces],
    maximum: int,
    data: str = "data",
) -> Response:
    """Return a page in the envelope, with the links of the framework's paginator.

    `data` is the name that its items stand under.
    """
    return _render(request, page, items, maximum, (_write_status("Ok"), data.encode(), b"}"))


def render_described_page(
    request: Request, page: Page, items: Iterable[Mapping[str, Any]], maximum: int
) -> Response:
    """Return a page of items that refer to nothing on this server in the envelope."""
    return render_page(request, page, ((encode(item),) for item in items), maximum)


def render_bare_page(
    request: Request, page: Page, items: Iterable[Pieces], maximum: int
) -> Response:
    """Return a page without an envelope."""
    return _render(request, page, items, maximum, (b"", b"data", b""))


def _envelop(result: bytes, description: str) -> bytes:
    return b"".join((_write_status(description), result, b"}"))


@cache
def _write_status(description: str) -> bytes:
    """Return the beginning of an envelope; there are only a few descriptions."""
    status = encode({"success": True, "description": description})
    return b'{"status":' + status + b',"result":'


def _render(
    request: Request,
    page: Page | Window,
    items: Iterable[Pieces],
    maximum: int,
    around: tuple[bytes, bytes, bytes],
) -> Response:
    numbers = (page.count, page.num_pages, page.number, maximum)
    links = (page.next(request), page.previous(request))
    body = _write_page(around, links, numbers, base_address(request), tuple(items))
    return Response(200, body, JSON)


@lru_cache(maxsize=16)
def _write_page(
    around: tuple[bytes, bytes, bytes],
    links: tuple[str | None, str | None],
    numbers: tuple[int, int, int, int],
    base: bytes,
    items: tuple[Pieces, ...],
) -> bytes:
    """Return a page as bytes, the same ones for a page that is asked for again.

    `around` is what stands before it, the name of its items, and what stands behind it.
    """
    before, name, behind = around
    names = ("next", "previous", "count", "num_pages", "page_number", "max_page_size")
    fields = encode(dict(zip(names, links + numbers, strict=True)))[:-1]
    data = b",".join([base.join(item) for item in items])
    return b"".join((before, fields, b',"', name, b'":[', data, b"]}", behind))
