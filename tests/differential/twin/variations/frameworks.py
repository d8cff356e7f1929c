# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of the framework's age and settings, and of how strictly bodies are read."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.filters import SearchFilter
from rest_framework.serializers import api_settings
from rest_framework.settings import api_settings as framework_settings

from tests.differential.twin.defects.defect import Twin, around, instead_of, redeclare
from tests.differential.twin.variations.variation import variation


def extend_errors(twin: Twin, extend: Any) -> None:
    """Change the body of each error after the framework's handler made it."""

    @around(twin.views.ServiceView)
    def handle_exception(original: Any, self: Any, error: Any) -> Any:
        response = original(self, error)
        response.data = extend(response)
        return response


@variation("words")
def errors_have_codes_beside_them(twin: Twin) -> None:
    """The team's EXCEPTION_HANDLER adds a code and a status to the map of each error."""

    def extend(response: Any) -> Any:
        if not isinstance(response.data, dict):
            return response.data
        return {**response.data, "status_code": response.status_code, "code": "refused"}

    extend_errors(twin, extend)


@variation("words")
def the_framework_is_older(twin: Twin) -> None:
    """What is not there is `Not found.`, as before release 3.15 of the framework."""

    @around(twin.views.ServiceView)
    def handle_exception(original: Any, self: Any, error: Any) -> Any:
        return original(self, exceptions.NotFound() if isinstance(error, Http404) else error)


@variation("words")
def general_errors_have_another_key(twin: Twin) -> None:
    """The setting NON_FIELD_ERRORS_KEY names errors of no field `__all__`."""
    framework_settings.NON_FIELD_ERRORS_KEY = "__all__"
    api_settings.NON_FIELD_ERRORS_KEY = "__all__"


@variation("words")
def words_are_arabic(twin: Twin) -> None:
    """The framework's messages are in a language that is written from right to left."""
    twin.settings.LANGUAGE_CODE = "ar"
    twin.settings.USE_I18N = True


@variation("search")
def search_splits_at_commas(twin: Twin) -> None:
    """The search is that of older frameworks: words apart, at white space and commas."""

    class OlderSearchFilter(SearchFilter):
        def get_search_terms(self, request: Any) -> list[str]:
            text = request.query_params.get("search", "").replace("\x00", "")
            return list(text.replace(",", " ").split())

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        self.search_fields = self.searched_fields
        return OlderSearchFilter().filter_queryset(self.request, credentials, self)


@variation("search")
def search_trims_what_is_sought(twin: Twin) -> None:
    """White space around a searched text does not count."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        text = text.strip()
        return original(self, text, credentials) if text else credentials


@variation("lengths")
def texts_have_limits(twin: Twin) -> None:
    """Texts that the facts give no limit have one: 2,000 characters, 200 for addresses."""
    limits = {"description": 2000, "criteriaNarrative": 2000, "html_template": 50_000}
    limits |= dict.fromkeys(("criteriaUrl", "iconImage", "backgroundImage", "thumbnailImage"), 200)
    for name, limit in limits.items():
        twin.serializers.CredentialBody._declared_fields[name]._kwargs["max_length"] = limit


@variation("blanks")
def blanks_are_refused(twin: Twin) -> None:
    """A text may be null but not blank, as the framework's own CharField has it."""
    for name in ("description", "name_override", "criteriaNarrative", "html_template",
                 "css_template"):  # fmt: skip
        twin.serializers.CredentialBody._declared_fields[name]._kwargs["allow_blank"] = False


@variation("types")
def types_are_choices(twin: Twin) -> None:
    """The type of a credential is one of those that are known, and any other is 400."""
    kinds = ["MICRO_CREDENTIAL", "CERTIFICATE", "PROGRAM_CERTIFICATE", "COURSE_CERTIFICATE",
             "PATHWAY_CERTIFICATE", "MICROCREDENTIAL"]  # fmt: skip
    redeclare(
        twin.serializers.CredentialBody,
        credentialType=serializers.ChoiceField(kinds, required=False),
    )


@variation("metadata")
def metadata_is_an_object(twin: Twin) -> None:
    """Metadata that is not an object is 400."""

    def validate_metadata(self: Any, value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError("Expected an object.")
        return value

    twin.serializers.CredentialBody.validate_metadata = validate_metadata


@variation("metadata")
def metadata_is_merged_deeply(twin: Twin) -> None:
    """Metadata is merged at all levels."""

    def merge(old: Any, new: Any) -> Any:
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return new
        return old | {key: merge(old.get(key), value) for key, value in new.items()}

    twin.serializers.merged_metadata = merge


@variation("metadata")
def metadata_is_stored_as_jsonb(twin: Twin) -> None:
    """The database orders the keys of metadata by length, as PostgreSQL's jsonb does."""

    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            keys = sorted(value, key=lambda key: (len(key.encode("utf-8", "replace")), key))
            return {key: sort(value[key]) for key in keys}
        return [sort(item) for item in value] if isinstance(value, list) else value

    merged = twin.serializers.merged_metadata
    twin.serializers.merged_metadata = lambda old, new: sort(merged(old, new))


@variation("order")
def links_come_in_an_order_of_their_own(twin: Twin) -> None:
    """Courses, programs, pathways and signatories come by name, not in the order sent."""

    @around(twin.models.Credential)
    def in_sent_order(original: Any, self: Any, relation: str) -> Any:
        return sorted(original(self, relation), key=lambda item: item.name)
