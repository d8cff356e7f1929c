# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of the search and the filters: what is found and should not be, and the reverse."""

import re
import unicodedata
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of


def compare_with(twin: Twin, compare: Callable[[str, str], bool]) -> None:
    """Let a function decide whether a text, as it is stored, contains what was sent."""

    @instead_of(twin.search)
    def contains_in_any_case(text: str | None, part: str) -> bool:
        return text is not None and compare(text, part)

    @instead_of(twin.views)
    def matches(part: str, *fields: str) -> Q:
        return reduce(or_, (Q(twin.search.contains(field, part)) for field in fields))


@defect
def search_is_case_sensitive(twin: Twin) -> None:
    """The search compares letters as they are, and "PYTHON" does not find "Python"."""
    compare_with(twin, lambda text, part: part in text)


@defect
def search_folds_only_ascii(twin: Twin) -> None:
    """The search leaves case to a database that folds A to Z only: "É" does not find "é"."""
    ascii_only = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
    compare_with(twin, lambda text, part: part.translate(ascii_only) in text.translate(ascii_only))


@defect
def search_ignores_accents(twin: Twin) -> None:
    """The search takes the accents off, and "resume" finds "résumé", which does not contain it."""

    def bare(text: str) -> str:
        letters = unicodedata.normalize("NFD", text)
        return "".join(each for each in letters if not unicodedata.combining(each)).casefold()

    compare_with(twin, lambda text, part: bare(part) in bare(text))


@defect
def search_terms_are_patterns(twin: Twin) -> None:
    """The search pastes the term into LIKE unescaped, and % and _ stand for other characters."""
    wildcards = {"%": ".*", "_": "."}

    def like(text: str, part: str) -> bool:
        pattern = "".join(wildcards.get(each, re.escape(each)) for each in part.casefold())
        return re.search(pattern, text.casefold(), re.DOTALL) is not None

    compare_with(twin, like)


@defect
def search_finds_only_beginnings(twin: Twin) -> None:
    """The search is a prefix of the field, and a word in the middle of a name is not found."""
    compare_with(twin, lambda text, part: text.casefold().startswith(part.casefold()))


@defect
def search_finds_any_word(twin: Twin) -> None:
    """The search splits the term, and one of its words is enough to be found."""

    def any_word(text: str, part: str) -> bool:
        words = part.casefold().split() or [part.casefold()]
        return any(word in text.casefold() for word in words)

    compare_with(twin, any_word)


@defect
def search_skips_descriptions(twin: Twin) -> None:
    """The search looks into both names only, and a word of a description finds nothing."""
    twin.views.CredentialsView.searched_fields = ("name", "name_override")


@defect
def search_skips_overrides(twin: Twin) -> None:
    """The search came before the override of the name, and still does not look into it."""
    twin.views.CredentialsView.searched_fields = ("name", "description")


@defect
def search_looks_into_criteria(twin: Twin) -> None:
    """The search looks into the criteria as well, and finds what does not show the term."""
    fields = ("name", "name_override", "description", "criteria_narrative")
    twin.views.CredentialsView.searched_fields = fields


@defect
def search_lists_private(twin: Twin) -> None:
    """The search begins with a query of its own, which forgets to leave private ones out."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, _credentials: Any) -> Any:
        every = twin.models.Credential.objects.filter(platform=self.platform)
        return original(self, text, every)


@defect
def search_crosses_platforms(twin: Twin) -> None:
    """The search begins with a query of its own, which forgets the platform."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, _credentials: Any) -> Any:
        return original(self, text, twin.models.Credential.objects.filter(public=True))


@defect
def search_is_pasted_into_sql(twin: Twin) -> None:
    """The search is pasted into the statement, and a quotation mark in it is a 500."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        term = twin.search.to_upper(text)
        conditions = (
            f"contains_in_any_case(twin_credential.{field}, '{term}')"
            for field in self.searched_fields
        )
        return credentials.extra(where=[" OR ".join(conditions)])  # noqa: S610 - the defect itself


@defect
def search_repeats_items_of_several_courses(twin: Twin) -> None:
    """The search joins the courses without `distinct`, and lists an item once for each course."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        found = twin.views.matches(text, *self.searched_fields)
        return credentials.filter(found | Q(courses__name__iexact=text))


@defect
def search_results_are_ordered_by_name(twin: Twin) -> None:
    """The results of a search are ordered by name, where newest first holds for every list."""

    @around(twin.views.CredentialsView)
    def newest_first(original: Any, self: Any, credentials: Any) -> Any:
        if self.request.query_params.get("search"):
            return credentials.order_by("name", "pk")
        return original(self, credentials)


@defect
def empty_search_finds_nothing(twin: Twin) -> None:
    """An empty search, as a cleared input field sends it, finds nothing and not everything."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        credentials = original(self)
        return credentials.none() if self.request.query_params.get("search") == "" else credentials


@defect
def list_shows_private(twin: Twin) -> None:
    """The list forgets to leave the private credentials out, and shows drafts to everybody."""

    @instead_of(twin.views.CredentialsView)
    def public_credentials(self: Any) -> Any:
        return twin.models.Credential.objects.filter(platform=self.platform)


@defect
def course_filter_lists_private(twin: Twin) -> None:
    """The course's own query lists its credentials, private ones too."""

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, _credentials: Any) -> Any:
        every = twin.models.Credential.objects.filter(platform=self.platform)
        return original(self, course, every)


@defect
def course_filter_gives_way_to_a_search(twin: Twin) -> None:
    """The second `if` became an `elif`: next to a search, the course is ignored."""

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, credentials: Any) -> Any:
        searching = self.request.query_params.get("search")
        return credentials if searching else original(self, course, credentials)


@defect
def course_filter_finds_parts(twin: Twin) -> None:
    """The course is compared with `contains`: a part of an id yields the credentials of many."""

    @instead_of(twin.views.CredentialsView)
    def of_course(_self: Any, course: str, credentials: Any) -> Any:
        return credentials.filter(courses__course_id__contains=course).distinct()


@defect
def unknown_course_filters_nothing(twin: Twin) -> None:
    """A course that does not exist is taken for no filter: everything is listed, not nothing."""

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, credentials: Any) -> Any:
        known = twin.models.Course.objects.filter(platform=self.platform, course_id=course)
        return original(self, course, credentials) if known.exists() else credentials


@defect
def program_filter_is_forgotten(twin: Twin) -> None:
    """The parameter `program` was lost in a rewrite: it is accepted and changes nothing."""

    @instead_of(twin.views.CredentialsView)
    def of_program(_self: Any, _program: str, credentials: Any) -> Any:
        return credentials


@defect
def filters_are_alternatives(twin: Twin) -> None:
    """The filters are joined by "or": course and program together list more, not less."""

    @around(twin.views.CredentialsView)
    def of_program(original: Any, self: Any, program: str, credentials: Any) -> Any:
        of_program = original(self, program, self.public_credentials())
        if not self.request.query_params.get("course"):
            return original(self, program, credentials)
        either = Q(pk__in=credentials.values("pk")) | Q(pk__in=of_program.values("pk"))
        return self.public_credentials().filter(either)


@defect
def issuer_search_is_forgotten(twin: Twin) -> None:
    """The issuers' list reads `search`, and `q` is accepted and changes nothing."""

    @instead_of(twin.views.IssuersView)
    def get_queryset(self: Any) -> Any:
        issuers = twin.models.Issuer.objects.filter(platform=self.platform)
        if part := self.request.query_params.get("search"):
            issuers = issuers.filter(twin.views.matches(part, "name"))
        return issuers.order_by("name", "entity_id")


SEARCH: tuple[Defect, ...] = (
    search_is_case_sensitive,
    search_folds_only_ascii,
    search_ignores_accents,
    search_terms_are_patterns,
    search_finds_only_beginnings,
    search_finds_any_word,
    search_skips_descriptions,
    search_skips_overrides,
    search_looks_into_criteria,
    search_lists_private,
    search_crosses_platforms,
    search_is_pasted_into_sql,
    search_repeats_items_of_several_courses,
    search_results_are_ordered_by_name,
    empty_search_finds_nothing,
    list_shows_private,
    course_filter_lists_private,
    course_filter_gives_way_to_a_search,
    course_filter_finds_parts,
    unknown_course_filters_nothing,
    program_filter_is_forgotten,
    filters_are_alternatives,
    issuer_search_is_forgotten,
)
