# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""More defects of pages: what shows at one size, on one page, or for some lists only."""

from typing import Any

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of


def change_page(twin: Twin, change: Any) -> None:
    """Pass what a page says of itself through a function, which gets the page, too."""

    @around(twin.pagination.CredentialPagination)
    def described(original: Any, self: Any, data: Any) -> Any:
        return change(self, original(self, data))


@defect
def filters_hold_for_the_first_page_only(twin: Twin) -> None:
    """The second page is fetched by a path that forgot the filters: it is of all."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        if self.request.query_params.get("page", "1") in ("", "1"):
            return original(self)
        return self.newest_first(self.public_credentials())


@defect
def pages_of_one_are_pages_of_ten(twin: Twin) -> None:
    """A page size of 1 is taken for `true`, and so for the default."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        size = original(self, request)
        return self.page_size if size == 1 else size


@defect
def page_two_does_not_lead_back(twin: Twin) -> None:
    """The link back was tested on page 3: on page 2 it is null."""
    change_page(
        twin,
        lambda self, page: {**page, "previous": page["previous"] if self.page.number > 2 else None},
    )


@defect
def full_last_pages_have_a_next_one(twin: Twin) -> None:
    """A full page counts as a sign that there is more: a full last one leads to a 404."""

    @around(twin.pagination.CredentialPagination)
    def get_next_link(original: Any, self: Any) -> Any:
        is_full = len(self.page.object_list) == self.page.paginator.per_page
        if self.page.has_next() or not is_full:
            return original(self)
        url = self.request.build_absolute_uri()
        return f"{url}{'&' if '?' in url else '?'}page={self.page.number + 1}"


@defect
def the_last_page_is_filled_up(twin: Twin) -> None:
    """The last page begins early enough to be full, and repeats items of the page before."""

    @around(twin.pagination.CredentialPagination)
    def paginate_queryset(original: Any, self: Any, queryset: Any, *more: Any, **named: Any) -> Any:
        found = original(self, queryset, *more, **named)
        paginator = self.page.paginator
        if self.page.number == paginator.num_pages > 1:
            start = max(0, paginator.count - paginator.per_page)
            return list(queryset[start : paginator.count])
        return found


@defect
def counts_end_at_fifty(twin: Twin) -> None:
    """The count is estimated above fifty: it says fifty for any longer list."""
    change_page(twin, lambda self, page: {**page, "count": min(50, page["count"])})


@defect
def links_lose_empty_parameters(twin: Twin) -> None:
    """The links are parsed without blank values: `course=` is not in the next one."""

    @around(twin.pagination.CredentialPagination)
    def get_next_link(original: Any, self: Any) -> Any:
        link = original(self)
        if link is None:
            return None
        address, _, query = link.partition("?")
        kept = [pair for pair in query.split("&") if not pair.endswith("=")]
        return f"{address}?{'&'.join(kept)}"


@defect
def page_number_is_a_text(twin: Twin) -> None:
    """`page_number` is what was sent: a text."""
    change_page(twin, lambda self, page: {**page, "page_number": str(page["page_number"])})


@defect
def one_more_than_the_maximum_is_served(twin: Twin) -> None:
    """The maximum is compared with `>` after one was added for a look ahead: 101 items."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        size = original(self, request)
        return size + 1 if size == self.max_page_size else size


@defect
def last_is_the_first_page(twin: Twin) -> None:
    """`page=last` is not a number, and falls back to page 1."""

    @around(twin.pagination.CredentialPagination)
    def get_page_number(original: Any, self: Any, request: Any, paginator: Any) -> Any:
        number = original(self, request, paginator)
        return 1 if request.query_params.get("page") == "last" else number


@defect
def an_empty_list_has_no_pages(twin: Twin) -> None:
    """The number of pages of nothing is 0."""
    change_page(
        twin, lambda self, page: {**page, "num_pages": page["num_pages"] if page["count"] else 0}
    )


@defect
def small_pages_are_ordered_by_row(twin: Twin) -> None:
    """An index serves small pages, in another order than large ones."""

    @instead_of(twin.views.CredentialsView)
    def newest_first(self: Any, credentials: Any) -> Any:
        size = self.request.query_params.get("page_size", "")
        order = ("pk",) if size.isdecimal() and int(size) < 5 else ("-created_at", "-pk")
        return credentials.order_by(*order)


@defect
def issuers_begin_with_the_second(twin: Twin) -> None:
    """The first issuer is the platform itself, and is left out of the list."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        issuers = original(self)
        first = issuers.first()
        return issuers.exclude(pk=first.pk) if first else issuers


@defect
def the_count_of_assertions_has_revoked_ones(twin: Twin) -> None:
    """The count of a user's list is of all that was issued, the list is not."""

    @around(twin.pagination.ValidatedAssertionPagination)
    def described(original: Any, self: Any, data: Any) -> Any:
        page = original(self, data)
        return {**page, "count": page["count"] + 1}


@defect
def searches_have_no_maximum(twin: Twin) -> None:
    """The maximum page size is not applied to a search."""

    @around(twin.pagination.CredentialPagination)
    def get_page_size(original: Any, self: Any, request: Any) -> int:
        size = request.query_params.get("page_size", "")
        is_search = bool(request.query_params.get("search"))
        return (
            int(size) if is_search and size.isdecimal() and int(size) else original(self, request)
        )


PAGES: tuple[Defect, ...] = (
    filters_hold_for_the_first_page_only,
    pages_of_one_are_pages_of_ten,
    page_two_does_not_lead_back,
    full_last_pages_have_a_next_one,
    the_last_page_is_filled_up,
    counts_end_at_fifty,
    links_lose_empty_parameters,
    page_number_is_a_text,
    one_more_than_the_maximum_is_served,
    last_is_the_first_page,
    an_empty_list_has_no_pages,
    small_pages_are_ordered_by_row,
    issuers_begin_with_the_second,
    the_count_of_assertions_has_revoked_ones,
    searches_have_no_maximum,
)
