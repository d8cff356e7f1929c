# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of filters after a new index, a new query language, a new cache or a rewritten query."""

import time
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower

from tests.differential.twin.defects.defect import Defect, Twin, around, defect

SECONDS_CACHED = 5
STOP_WORDS = ("the", "and", "of", "for", "in", "to", "a", "with")


def search_differently(twin: Twin, change: Any) -> None:
    """Search for what a function makes of the text; None finds nothing."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        changed = change(text)
        if changed is None:
            return credentials.none()
        return original(self, changed, credentials) if changed else credentials


@defect
def searches_end_at_the_first_word(twin: Twin) -> None:
    """Only the first word of a search counts: "data analyst" finds whatever has "data"."""
    search_differently(twin, lambda text: text.split(" ")[0] or text)


@defect
def short_terms_find_nothing(twin: Twin) -> None:
    """The index holds words of four letters and more: shorter texts find nothing."""
    search_differently(twin, lambda text: text if len(text) > 3 else None)


@defect
def short_terms_filter_nothing(twin: Twin) -> None:
    """A text of one or two characters is thought to be typed half-way: all is listed."""
    search_differently(twin, lambda text: text if len(text) > 2 else "")


@defect
def stop_words_are_dropped(twin: Twin) -> None:
    """The index has no "the" and no "of": a text is searched without them."""
    search_differently(
        twin, lambda text: " ".join(w for w in text.split(" ") if w.lower() not in STOP_WORDS)
    )


@defect
def a_minus_excludes(twin: Twin) -> None:
    """The search has a language: a word after a minus must not occur."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        if text.startswith("-") and len(text) > 1:
            return credentials.exclude(twin.search.matches(text[1:], *self.searched_fields))
        return original(self, text, credentials)


@defect
def words_of_a_search_may_be_apart(twin: Twin) -> None:
    """Each word of a search must occur, wherever: a text that does not occur is found."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        for word in text.split() or [text]:
            credentials = original(self, word, credentials)
        return credentials


@defect
def a_search_widens_a_course(twin: Twin) -> None:
    """Search and course are joined by "or": beside a course a search lists more, and not less."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        query = self.request.query_params
        text, course = query.get("search"), query.get("course")
        if not text or not course:
            return original(self)
        condition = twin.search.matches(text, *self.searched_fields)
        return self.newest_first(
            self.public_credentials().filter(condition | Q(courses__course_id=course)).distinct()
        )


@defect
def a_search_gives_way_to_a_program(twin: Twin) -> None:
    """The query of a program begins anew: a search beside it changes nothing."""

    @around(twin.views.CredentialsView)
    def of_program(original: Any, self: Any, program: str, _credentials: Any) -> Any:
        return original(self, program, self.public_credentials())


@defect
def programs_repeat_items_of_several_courses(twin: Twin) -> None:
    """The query of a program joins the courses: an item comes once for each of its courses."""

    @around(twin.views.CredentialsView)
    def of_program(original: Any, self: Any, program: str, credentials: Any) -> Any:
        return original(self, program, credentials.filter(Q(courses=None) | Q(courses__pk__gt=0)))


@defect
def courses_of_programs_are_left_out(twin: Twin) -> None:
    """`course` finds what belongs to a course and to no program."""

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, credentials: Any) -> Any:
        return original(self, course, credentials).filter(programs=None)


@defect
def courses_mind_no_case(twin: Twin) -> None:
    """A course is found whatever the case of its id, though ids differ by case."""

    @around(twin.views.CredentialsView)
    def of_course(_original: Any, _self: Any, course: str, credentials: Any) -> Any:
        return credentials.filter(courses__course_id__iexact=course)


@defect
def every_run_of_a_course_is_one(twin: Twin) -> None:
    """The run at the end of a course's id is cut off: those of its other runs are listed, too."""

    @around(twin.views.CredentialsView)
    def of_course(_original: Any, _self: Any, course: str, credentials: Any) -> Any:
        stem = course.rpartition("+")[0] or course
        return credentials.filter(courses__course_id__startswith=stem).distinct()


@defect
def an_empty_course_hides_everything(twin: Twin) -> None:
    """A cleared choice of a course is taken for a course without a name: nothing is listed."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        found = original(self)
        return found.none() if self.request.query_params.get("course") == "" else found


@defect
def an_empty_text_hides_every_issuer(twin: Twin) -> None:
    """A cleared `q` finds no issuer."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        found = original(self)
        return found.none() if self.request.query_params.get("q") == "" else found


@defect
def issuers_are_found_by_their_address(twin: Twin) -> None:
    """`q` looks into the address and the mail address of an issuer as well."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        part = self.request.query_params.get("q")
        if not part:
            return original(self)
        issuers = twin.models.Issuer.objects.filter(platform=self.platform)
        found = issuers.filter(twin.search.matches(part, "name", "url", "email"))
        return found.order_by("name", "entity_id")


@defect
def issuers_of_all_platforms_are_found(twin: Twin) -> None:
    """With `q` the issuers of every platform are searched."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        part = self.request.query_params.get("q")
        if not part:
            return original(self)
        found = twin.models.Issuer.objects.filter(twin.search.matches(part, "name"))
        return found.order_by("name", "entity_id")


@defect
def only_the_newest_fifty_are_searched(twin: Twin) -> None:
    """The index is rebuilt of the newest fifty: older ones are listed and not found."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        newest = list(self.newest_first(credentials).values_list("pk", flat=True)[:50])
        return original(self, text, credentials.filter(pk__in=newest))


@defect
def searches_are_cached_for_seconds(twin: Twin) -> None:
    """What a text finds is cached: within seconds a new or renamed item is not found by it."""
    found: dict[tuple[Any, str], tuple[float, list[int]]] = {}

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        key = (self.platform.pk, text)
        stored, rows = found.get(key, (float("-inf"), []))
        if time.monotonic() - stored > SECONDS_CACHED:
            rows = list(original(self, text, credentials).values_list("pk", flat=True))
            found[key] = (time.monotonic(), rows)
        return credentials.filter(pk__in=rows)


@defect
def courses_are_filtered_as_they_were(twin: Twin) -> None:
    """`course` looks into a table of its own, which an update of the courses does not write."""
    first: dict[int, set[str]] = {}

    @around(twin.models.Credential)
    def replace(original: Any, self: Any, relation: str, items: list[Any]) -> None:
        original(self, relation, items)
        if relation == "courses":
            first.setdefault(self.pk, {item.course_id for item in items})

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, credentials: Any) -> Any:
        inside = [pk for pk, courses in first.items() if course in courses]
        by_now = list(original(self, course, credentials).values_list("pk", flat=True))
        rows = inside + [pk for pk in by_now if pk not in first]
        return credentials.filter(pk__in=rows)


@defect
def false_counts_as_true(twin: Twin) -> None:
    """A flag of the query is true if it is there: `include_revoked=false` lists revoked ones."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        sent = self.request.query_params
        flags = {name: True for name in ("include_revoked", "include_expired") if sent.get(name)}
        return original(self, holder, {**asked, **flags})


@defect
def including_means_only(twin: Twin) -> None:
    """`include_revoked` lists the revoked ones alone."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        found = original(self, holder, asked)
        return found.filter(revoked=True) if asked["include_revoked"] else found


@defect
def the_main_platform_is_never_left_out(twin: Twin) -> None:
    """`exclude_main_tenant_assertions` is validated and changes nothing."""
    twin.assertions.MAIN_TENANT = ""


@defect
def a_course_brings_revoked_ones(twin: Twin) -> None:
    """With `course` a user's list is the one of the course's report: revoked ones are in it."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        flags = {"include_revoked": True} if "course" in asked else {}
        return original(self, holder, {**asked, **flags})


@defect
def unknown_courses_filter_no_assertions(twin: Twin) -> None:
    """A course that nobody knows is taken for none: a user's list has everything."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        course = asked.get("course")
        known = twin.models.Course.objects.filter(course_id=course).exists()
        kept = asked if known else {k: v for k, v in asked.items() if k != "course"}
        return original(self, holder, kept)


@defect
def a_count_of_a_search_has_drafts(twin: Twin) -> None:
    """The count of a search comes from the index, which also has what is not public."""

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        response = original(self, request, **names)
        if text := request.query_params.get("search"):
            indexed = twin.models.Credential.objects.filter(platform=self.platform)
            response.data["result"]["count"] = self.that_contain(text, indexed).count()
        return response


@defect
def courses_are_ordered_by_name(twin: Twin) -> None:
    """The list of one course is the one of the course's own page, which is in order of names."""

    @around(twin.views.CredentialsView)
    def newest_first(original: Any, self: Any, credentials: Any) -> Any:
        if "course" in self.request.query_params:
            return credentials.order_by(Lower("name"), "pk")
        return original(self, credentials)


NARROWING: tuple[Defect, ...] = (
    searches_end_at_the_first_word,
    short_terms_find_nothing,
    short_terms_filter_nothing,
    stop_words_are_dropped,
    a_minus_excludes,
    words_of_a_search_may_be_apart,
    a_search_widens_a_course,
    a_search_gives_way_to_a_program,
    programs_repeat_items_of_several_courses,
    courses_of_programs_are_left_out,
    courses_mind_no_case,
    every_run_of_a_course_is_one,
    an_empty_course_hides_everything,
    an_empty_text_hides_every_issuer,
    issuers_are_found_by_their_address,
    issuers_of_all_platforms_are_found,
    only_the_newest_fifty_are_searched,
    searches_are_cached_for_seconds,
    courses_are_filtered_as_they_were,
    false_counts_as_true,
    including_means_only,
    the_main_platform_is_never_left_out,
    a_course_brings_revoked_ones,
    unknown_courses_filter_no_assertions,
    a_count_of_a_search_has_drafts,
    courses_are_ordered_by_name,
)
