"""Responses around encoded records: alone, in the envelope, in an array, on a page."""

from collections.abc import Iterable, Mapping
from functools import cache
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
    return Response(200, _envelop(_page(request, page, items, maximum, data), "Ok"), JSON)


def render_described_page(
    request: Request, page: Page, items: Iterable[Mapping[str, Any]], maximum: int
) -> Response:
    """Return a page of items that refer to nothing on this server in the envelope."""
    return render_page(request, page, ((encode(item),) for item in items), maximum)


def render_bare_page(
    request: Request, page: Page, items: Iterable[Pieces], maximum: int
) -> Response:
    """Return a page without an envelope."""
    return Response(200, _page(request, page, items, maximum, "data"), JSON)


def _envelop(result: bytes, description: str) -> bytes:
    return b"".join((_write_status(description), result, b"}"))


@cache
def _write_status(description: str) -> bytes:
    """Return the beginning of an envelope; there are only a few descriptions."""
    status = encode({"success": True, "description": description})
    return b'{"status":' + status + b',"result":'


def _page(
    request: Request, page: Page | Window, items: Iterable[Pieces], maximum: int, name: str
) -> bytes:
    base = base_address(request)
    fields = {
        "next": page.next(request),
        "previous": page.previous(request),
        "count": page.count,
        "num_pages": page.num_pages,
        "page_number": page.number,
        "max_page_size": maximum,
    }
    data = b",".join([base.join(item) for item in items])
    return b"".join((encode(fields)[:-1], b',"', name.encode(), b'":[', data, b"]}"))
