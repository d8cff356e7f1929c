"""Pages inside the envelope."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
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
        page = {
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "count": self.page.paginator.count,
            "data": data,
            "num_pages": self.page.paginator.num_pages,
            "page_number": self.page.number,
            "max_page_size": self.max_page_size,
        }
        return enveloped("Ok", page)


class IssuerPagination(CredentialPagination):
    """Issuers come in larger pages."""

    page_size = 50
    max_page_size = 1000
