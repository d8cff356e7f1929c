# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of lists after a refactoring: of one list, one parameter or one page of many."""

import time
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, redeclare
from tests.differential.twin.defects.pages import change_page

SECONDS_CACHED = 5


def change_links(twin: Twin, change: Any, *names: str) -> None:
    """Pass the links of every page through a function."""

    def changed(_self: Any, page: Any) -> Any:
        return {**page, **{each: page[each] and change(page[each]) for each in names}}

    change_page(twin, changed)


@defect
def links_lose_the_program(twin: Twin) -> None:
    """The links are built of a list of parameters, and the newest, `program`, is missing in it."""
    change_links(twin, lambda link: remove_query_param(link, "program"), "next", "previous")


@defect
def links_lose_the_platform(twin: Twin) -> None:
    """The links keep filters only: `platform_org` is lost, and page 2 is another platform's."""
    change_links(twin, lambda link: remove_query_param(link, "platform_org"), "next", "previous")


@defect
def links_are_encoded_twice(twin: Twin) -> None:
    """The query of a link is encoded once more: a plus sign of a course becomes `%252B`."""
    change_links(twin, lambda link: link.replace("%", "%25"), "next", "previous")


@defect
def links_back_lose_the_filters(twin: Twin) -> None:
    """Only the link onwards keeps the query: the one back is of the list without a filter."""

    def change(link: str) -> str:
        for name in ("search", "course", "program", "q"):
            link = remove_query_param(link, name)
        return link

    change_links(twin, change, "previous")


@defect
def links_lose_include_revoked(twin: Twin) -> None:
    """The links of a user's list keep course and size: the second page has no revoked ones."""

    def change(link: str) -> str:
        return remove_query_param(remove_query_param(link, "include_revoked"), "include_expired")

    change_links(twin, change, "next", "previous")


@defect
def links_back_jump_to_the_first_page(twin: Twin) -> None:
    """The link back has no page, wherever one is: from page 4 it leads to page 1."""
    change_links(twin, lambda link: remove_query_param(link, "page"), "previous")


@defect
def counts_are_cached_for_seconds(twin: Twin) -> None:
    """The count of a query is cached: after a creation it is one too few for seconds."""
    counts: dict[str, tuple[float, int]] = {}

    def change(self: Any, page: Any) -> Any:
        query = {k: v for k, v in self.request.query_params.items() if not k.startswith("page")}
        key = f"{self.request.path} {sorted(query.items())}"
        stored, count = counts.get(key, (float("-inf"), 0))
        if time.monotonic() - stored > SECONDS_CACHED:
            counts[key] = (time.monotonic(), count := page["count"])
        return {**page, "count": count}

    change_page(twin, change)


@defect
def a_huge_page_number_is_a_500(twin: Twin) -> None:
    """The page's number is bound to a column of 64 bits: thirty digits are a 500, and not a 404."""

    @around(twin.pagination.CredentialPagination)
    def get_page_number(original: Any, self: Any, request: Any, paginator: Any) -> Any:
        number = original(self, request, paginator)
        if str(number).isdecimal() and int(number) > 2**63:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return number


@defect
def a_credentials_pages_never_end(twin: Twin) -> None:
    """A credential's list answers 200 with nothing for a page that is not there."""

    @around(twin.assertions.CredentialAssertionsView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        try:
            return original(self, request, **names)
        except NotFound:
            request._request.GET = request._request.GET.copy()
            request._request.GET.pop("page")
            response = original(self, request, **names)
            response.data["data"] = []
            return response


@defect
def a_credentials_pages_have_no_size(twin: Twin) -> None:
    """A credential's list was written without `page_size`: ten a page, whatever is asked."""

    @around(twin.pagination.AssertionPagination)
    def get_page_size(_original: Any, self: Any, _request: Any) -> int:
        return int(self.page_size)


@defect
def a_credentials_list_hides_revoked_ones(twin: Twin) -> None:
    """A credential's list leaves out what was revoked, as a user's list does."""

    @around(twin.assertions)
    def visible_to(original: Any, user: Any, assertions: Any) -> Any:
        is_of_one = "instance" in assertions._hints
        kept = assertions.filter(revoked=False) if is_of_one else assertions
        return original(user, kept)


@defect
def a_credentials_list_hides_expired_ones(twin: Twin) -> None:
    """A credential's list leaves out what has expired, as a user's list does."""

    @around(twin.assertions)
    def visible_to(original: Any, user: Any, assertions: Any) -> Any:
        is_of_one = "instance" in assertions._hints
        kept = assertions.filter(twin.models.not_expired()) if is_of_one else assertions
        return original(user, kept)


@defect
def learners_are_told_how_many_passed(twin: Twin) -> None:
    """A learner sees the own assertions of a credential, and the count of everybody's."""

    @around(twin.assertions.CredentialAssertionsView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        response = original(self, request, **names)
        response.data["count"] = self.credential.assertions.count()
        return response


@defect
def issuers_repeat_at_the_boundary(twin: Twin) -> None:
    """A page of issuers but the first begins with the last one of the page before."""

    @around(twin.pagination.IssuerPagination)
    def paginate_queryset(original: Any, self: Any, queryset: Any, *more: Any, **named: Any) -> Any:
        found = original(self, queryset, *more, **named)
        start = (self.page.number - 1) * self.page.paginator.per_page
        return list(queryset[start - 1 : start - 1 + len(found)]) if start else found


@defect
def later_pages_of_issuers_forget_the_text(twin: Twin) -> None:
    """`q` holds for the first page of issuers only."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        if self.request.query_params.get("page", "1") in ("", "1"):
            return original(self)
        issuers = twin.models.Issuer.objects.filter(platform=self.platform)
        return issuers.order_by("name", "entity_id")


@defect
def issuers_come_ten_a_page(twin: Twin) -> None:
    """The page of issuers inherits the ten items of all other pages, where 50 are promised."""
    twin.pagination.IssuerPagination.page_size = 10


@defect
def assertions_come_fifty_a_page(twin: Twin) -> None:
    """A user's list has fifty items a page when no size is sent, where 10 are promised."""
    whole = serializers.IntegerField(min_value=1, max_value=1000, default=50)
    redeclare(twin.serializers.AssertionsQuery, page_size=whole)


@defect
def assertions_stop_at_one_hundred(twin: Twin) -> None:
    """A credential's list has the maximum of the credentials, 100, where 1000 are promised."""
    twin.pagination.AssertionPagination.max_page_size = 100


@defect
def searches_of_the_last_page_are_of_all(twin: Twin) -> None:
    """`last` is computed from the whole list: a search of fewer pages has no last one."""

    @around(twin.pagination.CredentialPagination)
    def get_page_number(original: Any, self: Any, request: Any, paginator: Any) -> Any:
        number = original(self, request, paginator)
        is_last = request.query_params.get("page") == "last"
        if is_last and request.query_params.get("search"):
            total = twin.models.Credential.objects.filter(public=True).count()
            return -(-total // paginator.per_page)
        return number


@defect
def links_onwards_stay_on_page_three(twin: Twin) -> None:
    """From page 3 on the link onwards leads to the page itself: following it never ends."""

    @around(twin.pagination.CredentialPagination)
    def get_next_link(original: Any, self: Any) -> Any:
        link = original(self)
        if link is None or self.page.number < 3:
            return link
        return replace_query_param(link, "page", self.page.number)


LISTS: tuple[Defect, ...] = (
    links_lose_the_program,
    links_lose_the_platform,
    links_are_encoded_twice,
    links_back_lose_the_filters,
    links_lose_include_revoked,
    links_back_jump_to_the_first_page,
    counts_are_cached_for_seconds,
    a_huge_page_number_is_a_500,
    a_credentials_pages_never_end,
    a_credentials_pages_have_no_size,
    a_credentials_list_hides_revoked_ones,
    a_credentials_list_hides_expired_ones,
    learners_are_told_how_many_passed,
    issuers_repeat_at_the_boundary,
    later_pages_of_issuers_forget_the_text,
    issuers_come_ten_a_page,
    assertions_come_fifty_a_page,
    assertions_stop_at_one_hundred,
    searches_of_the_last_page_are_of_all,
    links_onwards_stay_on_page_three,
)
