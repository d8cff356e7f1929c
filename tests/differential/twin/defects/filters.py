# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""More defects of searches and filters: what a few terms, fields or records show."""

import re
from typing import Any

from django.db.models import Q

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of


def change_search(twin: Twin, change: Any) -> None:
    """Search for another text than was sent."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        return original(self, change(text), credentials)


@defect
def searches_are_cut_at_twelve(twin: Twin) -> None:
    """The column of recent searches holds twelve characters, and the rest is not searched for."""
    change_search(twin, lambda text: text[:12])


@defect
def searches_lose_their_digits(twin: Twin) -> None:
    """The words of a search are letters: digits are left out."""
    change_search(twin, lambda text: re.sub(r"\d", "", text))


@defect
def searches_are_stemmed(twin: Twin) -> None:
    """A search loses its last letter, as English plurals do."""
    change_search(twin, lambda text: text[:-1] if len(text) > 3 else text)


@defect
def overrides_hide_names(twin: Twin) -> None:
    """What has an override is found by that alone, as it is shown."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        found = twin.search.matches
        plain = Q(name_override=None) | Q(name_override="")
        shown = found(text, "name_override", "description")
        return credentials.filter(shown | (found(text, "name") & plain))


@defect
def searches_find_ids(twin: Twin) -> None:
    """A search looks into the ids as well."""
    fields = ("name", "name_override", "description", "entity_id")
    twin.views.CredentialsView.searched_fields = fields


@defect
def exact_names_find_drafts(twin: Twin) -> None:
    """A search for a whole name looks it up directly, whether it is public or not."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        name = self.request.query_params.get("search")
        exact = twin.models.Credential.objects.filter(platform=self.platform, name=name)
        if name and exact.exists():
            return self.newest_first(twin.views.with_relations(exact))
        return original(self)


@defect
def a_plus_in_a_course_is_a_space(twin: Twin) -> None:
    """The course id is decoded twice: its plus signs become spaces."""

    @around(twin.views.CredentialsView)
    def of_course(original: Any, self: Any, course: str, credentials: Any) -> Any:
        return original(self, course.replace("+", " "), credentials)


@defect
def courses_are_found_among_programs(twin: Twin) -> None:
    """`course` is compared with ids of programs as well, and of pathways instead of courses."""

    @instead_of(twin.views.CredentialsView)
    def of_course(self: Any, course: str, credentials: Any) -> Any:
        return credentials.filter(programs__program_id=course)


@defect
def only_the_first_program_counts(twin: Twin) -> None:
    """`program` is compared with the first program of a credential."""

    @instead_of(twin.views.CredentialsView)
    def of_program(self: Any, program: str, credentials: Any) -> Any:
        keys = []
        for credential in credentials:
            linked = list(credential.programs.order_by("-pk"))
            if linked and linked[0].program_id == program:
                keys.append(credential.pk)
        return credentials.filter(pk__in=keys)


@defect
def filters_of_a_program_show_drafts(twin: Twin) -> None:
    """The query of a program is older than the flag, and lists drafts."""

    @instead_of(twin.views.CredentialsView)
    def of_program(self: Any, program: str, credentials: Any) -> Any:
        every = twin.models.Credential.objects.filter(platform=self.platform)
        return twin.views.with_relations(every.filter(programs__program_id=program))


@defect
def issuers_are_found_by_their_beginning(twin: Twin) -> None:
    """`q` is a prefix of the name."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        part = self.request.query_params.get("q")
        issuers = original(self)
        return issuers.filter(name__istartswith=part) if part else issuers


@defect
def issuers_are_found_as_they_are_written(twin: Twin) -> None:
    """`q` minds upper and lower case."""

    @around(twin.views.IssuersView)
    def get_queryset(original: Any, self: Any) -> Any:
        part = self.request.query_params.get("q") or ""
        found = original(self)
        return found.filter(pk__in=[issuer.pk for issuer in found if part in issuer.name])


@defect
def expired_ones_bring_revoked_ones(twin: Twin) -> None:
    """`include_expired` drops the whole condition, and revoked ones come along."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        asked = {**asked, "include_revoked": asked["include_revoked"] or asked["include_expired"]}
        return original(self, holder, asked)


@defect
def parts_of_a_course_find_assertions(twin: Twin) -> None:
    """`course` of a user's list is compared with `contains`."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        course = asked.get("course")
        rest = {name: value for name, value in asked.items() if name != "course"}
        found = original(self, holder, rest)
        return found.filter(course__course_id__contains=course) if course else found


FILTERS: tuple[Defect, ...] = (
    searches_are_cut_at_twelve,
    searches_lose_their_digits,
    searches_are_stemmed,
    overrides_hide_names,
    searches_find_ids,
    exact_names_find_drafts,
    a_plus_in_a_course_is_a_space,
    courses_are_found_among_programs,
    only_the_first_program_counts,
    filters_of_a_program_show_drafts,
    issuers_are_found_by_their_beginning,
    issuers_are_found_as_they_are_written,
    expired_ones_bring_revoked_ones,
    parts_of_a_course_find_assertions,
)
