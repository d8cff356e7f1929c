# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of pages: their arithmetic, their links, their order and their parameters."""

import functools
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of


@defect
def page_beyond_the_end_is_the_last(twin: Twin) -> None:
    """The paginator forgives: a page beyond the end is answered with the last one, not 404."""

    class Forgiving(Paginator):
        def validate_number(self, number: Any) -> int:
            try:
                return super().validate_number(number)
            except PageNotAnInteger:
                return 1
            except EmptyPage:
                return self.num_pages

    twin.pagination.CredentialPagination.django_paginator_class = Forgiving


@defect
def page_beyond_the_end_is_empty(twin: Twin) -> None:
    """The rows are sliced without a check: a page beyond the end is 200 with no items, not 404."""

    class Slicing(Paginator):
        def validate_number(self, number: Any) -> int:
            try:
                return super().validate_number(number)
            except EmptyPage:
                if int(number) < 1:
                    raise
                return int(number)

    twin.pagination.CredentialPagination.django_paginator_class = Slicing


@defect
def bad_page_is_a_500(twin: Twin) -> None:
    """The page number is converted without a check: `page=x` is a 500, and so is `page=last`."""

    @instead_of(twin.pagination.CredentialPagination)
    def get_page_number(_self: Any, request: Any, _paginator: Any) -> int:
        return int(request.query_params.get("page") or 1)


@defect
def last_is_no_page(twin: Twin) -> None:
    """The word `last` is not known to the paginator: it answers 404, not the last page."""
    twin.pagination.CredentialPagination.last_page_strings = ()


@defect
def page_size_has_no_maximum(twin: Twin) -> None:
    """The maximum is shown and not applied: a `page_size` over 100 yields all that it asks for."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        sent = request.query_params.get("page_size", "")
        return int(sent) if sent.isdecimal() and int(sent) else original(self, request)


@defect
def page_size_stops_at_fifty(twin: Twin) -> None:
    """The proxy's lower maximum was copied: a `page_size` of 100 yields 50 items."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        return min(50, original(self, request))


@defect
def page_size_is_ignored(twin: Twin) -> None:
    """The name of the parameter is not set: every page has ten items, whatever is asked."""
    twin.pagination.CredentialPagination.page_size_query_param = None


@defect
def default_page_size_is_twenty(twin: Twin) -> None:
    """The default page size is the project's setting of 20, where 10 is documented."""
    twin.pagination.CredentialPagination.page_size = 20


@defect
def unusable_page_size_is_a_500(twin: Twin) -> None:
    """The page size is converted without a check: zero and words are a 500, not the default."""

    @instead_of(twin.pagination.CredentialPagination)
    def get_page_size(self: Any, request: Any) -> int:
        sent = request.query_params.get("page_size") or self.page_size
        return min(int(sent), self.max_page_size)


@defect
def unusable_page_size_answers_400(twin: Twin) -> None:
    """The page size is validated like a field: zero and words are 400, not the default."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        sent = request.query_params.get("page_size") or "1"
        if not sent.isdecimal() or not int(sent):
            raise ValidationError({"page_size": ["A valid integer is required."]})
        return original(self, request)


@defect
def count_includes_private(twin: Twin) -> None:
    """The total is counted before the private credentials are left out: `count` is too high."""

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        response = original(self, request, **path)
        every = twin.models.Credential.objects.filter(platform=self.platform)
        self.public_credentials = lambda: every
        response.data["result"]["count"] = self.get_queryset().count()
        return response


@defect
def count_is_of_the_page(twin: Twin) -> None:
    """The total is the length of what is sent: `count` is the number of items on the page."""

    @around(twin.pagination.CredentialPagination)
    def get_paginated_response(original: Any, self: Any, data: list[Any]) -> Response:
        response = original(self, data)
        response.data["result"]["count"] = len(data)
        return response


@defect
def num_pages_is_rounded_down(twin: Twin) -> None:
    """The number of pages is rounded down, and a last page that is not full is not counted."""

    @around(twin.pagination.CredentialPagination)
    def get_paginated_response(original: Any, self: Any, data: list[Any]) -> Response:
        response = original(self, data)
        paginator = self.page.paginator
        response.data["result"]["num_pages"] = max(1, paginator.count // paginator.per_page)
        return response


@defect
def page_numbers_start_at_zero(twin: Twin) -> None:
    """The answer tells the index of the page: `page_number` of the first one is 0."""

    @around(twin.pagination.CredentialPagination)
    def get_paginated_response(original: Any, self: Any, data: list[Any]) -> Response:
        response = original(self, data)
        response.data["result"]["page_number"] -= 1
        return response


@defect
def page_does_not_tell_its_maximum(twin: Twin) -> None:
    """The page has the framework's own fields only, and `max_page_size` is missing."""

    @around(twin.pagination.CredentialPagination)
    def get_paginated_response(original: Any, self: Any, data: list[Any]) -> Response:
        response = original(self, data)
        del response.data["result"]["max_page_size"]
        return response


@defect
def links_are_relative(twin: Twin) -> None:
    """The links hold a path and a query only, and a client cannot follow them as they are."""

    def relative(link: str | None) -> str | None:
        return link and urlunsplit(("", "", *urlsplit(link)[2:]))

    rewrite_links(twin, relative)


@defect
def links_name_an_internal_host(twin: Twin) -> None:
    """The proxy's headers are not read, and links name the host behind it, which nobody reaches."""

    def internal(link: str | None) -> str | None:
        return link and urlunsplit(("http", "dm-backend:8000", *urlsplit(link)[2:]))

    rewrite_links(twin, internal)


@defect
def links_lose_the_search(twin: Twin) -> None:
    """The links are built anew with the page's own parameters, and the second page is of all."""

    def without_other_parameters(link: str | None) -> str | None:
        if link is None:
            return None
        scheme, host, path, query, _ = urlsplit(link)
        own = [part for part in query.split("&") if part.startswith("page")]
        return urlunsplit((scheme, host, path, "&".join(own), ""))

    rewrite_links(twin, without_other_parameters)


@defect
def links_lose_the_page_size(twin: Twin) -> None:
    """The links keep the search and forget `page_size`, so the following pages overlap."""

    def without_page_size(link: str | None) -> str | None:
        if link is None:
            return None
        scheme, host, path, query, _ = urlsplit(link)
        kept = [part for part in query.split("&") if not part.startswith("page_size=")]
        return urlunsplit((scheme, host, path, "&".join(kept), ""))

    rewrite_links(twin, without_page_size)


def rewrite_links(twin: Twin, rewritten: Any) -> None:
    """Pass both links of a page through a function."""

    @around(twin.pagination.CredentialPagination)
    def get_next_link(original: Any, self: Any) -> str | None:
        return rewritten(original(self))

    @around(twin.pagination.CredentialPagination)
    def get_previous_link(original: Any, self: Any) -> str | None:
        return rewritten(original(self))


@defect
def last_page_links_to_a_next_one(twin: Twin) -> None:
    """The end is compared with `<=`, and `next` of the last page leads to a 404."""

    @around(twin.pagination.CredentialPagination)
    def get_next_link(original: Any, self: Any) -> str | None:
        here = self.request.build_absolute_uri()
        return original(self) or replace_query_param(here, "page", self.page.number + 1)


@defect
def no_link_leads_back(twin: Twin) -> None:
    """The page was written for endless scrolling, and `previous` is always null."""

    @instead_of(twin.pagination.CredentialPagination)
    def get_previous_link(_self: Any) -> None:
        return None


@defect
def last_item_comes_twice(twin: Twin) -> None:
    """The offset is one too small: the last item of a page is the first of the next one too."""

    class Overlapping(Paginator):
        def page(self, number: Any) -> Any:
            number = self.validate_number(number)
            start = max(0, (number - 1) * self.per_page - 1)
            return self._get_page(self.object_list[start : start + self.per_page], number, self)

    twin.pagination.CredentialPagination.django_paginator_class = Overlapping


@defect
def one_item_falls_between_pages(twin: Twin) -> None:
    """The offset is one too large: an item at each boundary is on no page at all."""

    class Skipping(Paginator):
        def page(self, number: Any) -> Any:
            number = self.validate_number(number)
            start = (number - 1) * (self.per_page + 1)
            return self._get_page(self.object_list[start : start + self.per_page], number, self)

    twin.pagination.CredentialPagination.django_paginator_class = Skipping


@defect
def list_is_ordered_by_name(twin: Twin) -> None:
    """The list is ordered by name, as the administration shows it, and not newest first."""

    @instead_of(twin.views.CredentialsView)
    def newest_first(_self: Any, credentials: Any) -> Any:
        return credentials.order_by("name", "pk")


@defect
def oldest_come_first(twin: Twin) -> None:
    """The minus sign of the order is missing: the oldest credentials come first."""

    @instead_of(twin.views.CredentialsView)
    def newest_first(_self: Any, credentials: Any) -> Any:
        return credentials.order_by("created_at", "pk")


@defect
def equal_times_have_no_order(twin: Twin) -> None:
    """The order is by time alone: of two with the same time, either may come first each time."""

    @instead_of(twin.views.CredentialsView)
    def newest_first(_self: Any, credentials: Any) -> Any:
        # A large database returns equals as it meets them; SQLite does not, so chance decides.
        return credentials.order_by("-created_at", "?")


@defect
def nothing_found_answers_404(twin: Twin) -> None:
    """The paginator allows no empty first page: a search without a result is 404."""
    strict = functools.partial(Paginator, allow_empty_first_page=False)
    twin.pagination.CredentialPagination.django_paginator_class = strict


@defect
def issuers_share_the_small_pages(twin: Twin) -> None:
    """The issuers' view uses the pages of the credentials: at most 100 items, where 1000 hold."""
    twin.views.IssuerPagination = twin.pagination.CredentialPagination


PAGINATION: tuple[Defect, ...] = (
    page_beyond_the_end_is_the_last,
    page_beyond_the_end_is_empty,
    bad_page_is_a_500,
    last_is_no_page,
    page_size_has_no_maximum,
    page_size_stops_at_fifty,
    page_size_is_ignored,
    default_page_size_is_twenty,
    unusable_page_size_is_a_500,
    unusable_page_size_answers_400,
    count_includes_private,
    count_is_of_the_page,
    num_pages_is_rounded_down,
    page_numbers_start_at_zero,
    page_does_not_tell_its_maximum,
    links_are_relative,
    links_name_an_internal_host,
    links_lose_the_search,
    links_lose_the_page_size,
    last_page_links_to_a_next_one,
    no_link_leads_back,
    last_item_comes_twice,
    one_item_falls_between_pages,
    list_is_ordered_by_name,
    oldest_come_first,
    equal_times_have_no_order,
    nothing_found_answers_404,
    issuers_share_the_small_pages,
)
