"""Pages, inside the envelope and bare."""

from typing import Any

from rest_framework.pagination import LimitOffsetPagination, PageNumberPagination
from rest_framework.response import Response


def enveloped(description: str, result: Any) -> Response:
    """Answer 200 with the result in the envelope of the Data Manager."""
    return Response({"status": {"success": True, "description": description}, "result": result})


class CredentialPagination(PageNumberPagination):
    """The framework's page numbers, answered in the envelope."""

    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_paginated_response(self, data: list[dict[str, Any]]) -> Response:
        """Answer one page."""
        return enveloped("Ok", self.described(data))

    def described(self, data: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the page and what it says about itself."""
        return {
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "count": self.page.paginator.count,
            "data": data,
            "num_pages": self.page.paginator.num_pages,
            "page_number": self.page.number,
            "max_page_size": self.max_page_size,
        }


class IssuerPagination(CredentialPagination):
    """Issuers come in larger pages."""

    page_size = 50
    max_page_size = 1000


class IssuerWindow(LimitOffsetPagination):
    """Issuers by limit and offset, told in the fields of a page."""

    default_limit = 50
    max_limit = 1000

    def get_paginated_response(self, data: list[dict[str, Any]]) -> Response:
        """Answer one window."""
        pages = max(1, -(-self.count // self.limit))
        page = {
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "count": self.count,
            "data": data,
            "num_pages": pages,
            "page_number": min(pages, self.offset // self.limit + 1),
            "max_page_size": self.max_limit,
        }
        return enveloped("Ok", page)


class AssertionPagination(CredentialPagination):
    """Assertions come without an envelope."""

    max_page_size = 1000

    def get_paginated_response(self, data: list[dict[str, Any]]) -> Response:
        """Answer one page."""
        return Response(self.described(data))


class ValidatedAssertionPagination(AssertionPagination):
    """The same, where number and size of the page were validated before."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.size = size

    def get_page_size(self, request: Any) -> int:
        """Return the size that was validated."""
        return self.size

    def get_page_number(self, request: Any, paginator: Any) -> int:
        """Return the number that was validated."""
        return self.number
