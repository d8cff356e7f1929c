"""Pages."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from .choices import chosen


def wrap(result: Any, description: str = "Ok", status: int = 200, success: bool = True) -> Response:
    """Return the envelope around a result."""
    body = {"status": {"success": success, "description": description}, "result": result}
    return Response(body, status=status)


class Pages(PageNumberPagination):
    """A bare page."""

    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100
    items = "data"

    def content(self, data: Any) -> dict[str, Any]:
        """Return the page's fields."""
        return {
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "count": self.page.paginator.count,
            self.items: data,
            "num_pages": self.page.paginator.num_pages,
            "page_number": self.page.number,
            "max_page_size": self.max_page_size,
        }

    def get_paginated_response(self, data: Any) -> Response:
        """Answer with the fields alone."""
        return Response(self.content(data))


class WrappedPages(Pages):
    """A page in the envelope."""

    def __init__(self) -> None:
        if chosen("pages_of_50"):
            self.max_page_size = 50

    def get_paginated_response(self, data: Any) -> Response:
        """Answer with the envelope."""
        return wrap(self.content(data))


class GroupedPages(WrappedPages):
    """The page of the credentials by course."""

    items = "results"


class LargeWrappedPages(WrappedPages):
    """Pages of issuers, providers and their settings."""

    page_size = 50
    max_page_size = 1000


class AssertionPages(Pages):
    """Pages of assertions."""

    page_size = 25
    max_page_size = 1000
