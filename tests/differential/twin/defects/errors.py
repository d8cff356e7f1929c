# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of refusals: their statuses, their bodies, and what should be refused and is not."""

import json
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseNotFound
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.response import Response

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    around,
    defect,
    instead_of,
    redeclare,
)


@defect
def validation_error_is_one_sentence(twin: Twin) -> None:
    """An invalid body gets one general `detail`, and a client cannot tell which field is wrong."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> Response:
        response = original(self, error)
        if isinstance(error, ValidationError):
            response.data = {"detail": "Invalid input."}
        return response


@defect
def validation_messages_are_bare_texts(twin: Twin) -> None:
    """An exception handler keeps the first message of each field as a text, not in a list."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> Response:
        response = original(self, error)
        if isinstance(error, ValidationError):
            response.data = {
                name: messages[0] if isinstance(messages, list) else messages
                for name, messages in response.data.items()
            }
        return response


@defect
def validation_answers_422(twin: Twin) -> None:
    """An invalid body is answered with 422, as another framework does, where 400 is promised."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> Response:
        response = original(self, error)
        if isinstance(error, ValidationError):
            response.status_code = 422
        return response


@defect
def errors_are_enveloped(twin: Twin) -> None:
    """The exception handler wraps refusals in the envelope, and `detail` is not at the top."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> Response:
        response = original(self, error)
        status = {"success": False, "description": "Error"}
        response.data = {"status": status, "result": response.data}
        return response


@defect
def errors_say_message(twin: Twin) -> None:
    """The exception handler renames `detail` to `message`, which no client reads."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> Response:
        response = original(self, error)
        if "detail" in response.data:
            response.data = {"message": response.data["detail"]}
        return response


@defect
def missing_item_is_an_html_page(twin: Twin) -> None:
    """The site's own 404 page also serves the API, and a missing item is answered in HTML."""

    @around(twin.views.PlatformView)
    def handle_exception(original: Any, self: Any, error: Exception) -> HttpResponse:
        if isinstance(error, Http404):
            return HttpResponseNotFound("<h1>Not Found</h1>")
        return original(self, error)


@defect
def missing_item_answers_200(twin: Twin) -> None:
    """The item view swallows the failed look-up and answers 200 with a `result` of null."""

    @around(twin.views.CredentialView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        try:
            return original(self, request, **path)
        except Http404:
            return twin.pagination.enveloped("Ok", None)


@defect
def missing_item_answers_400(twin: Twin) -> None:
    """The item's id is looked up like a field of a form, and an unknown one is 400, not 404."""

    @around(twin.views.CredentialView)
    def get_object(original: Any, self: Any) -> Any:
        try:
            return original(self)
        except Http404:
            raise ValidationError({"entity_id": ["Invalid credential."]}) from None


@defect
def unknown_platform_is_a_500(twin: Twin) -> None:
    """The platform is fetched without a thought of its absence: an unknown key is a 500."""

    def platform(self: Any) -> Any:
        key = self.request.query_params.get("platform_org") or self.kwargs["org"]
        return twin.models.Platform.objects.get(key=key)

    twin.views.PlatformView.platform = property(platform)


@defect
def unknown_platform_answers_403(twin: Twin) -> None:
    """The permission takes a platform that is not there for a foreign one: 403, not 404."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        try:
            return original(self, request, view)
        except Http404:
            return False


@defect
def unknown_issuer_is_a_500(twin: Twin) -> None:
    """The issuer of a body is fetched without catching its absence: an unknown id is a 500."""

    @around(twin.fields.SlugOnPlatform)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if self.slug_field == "entity_id":
            return self.get_queryset().get(entity_id=data)
        return original(self, data)


@defect
def unknown_issuer_answers_404(twin: Twin) -> None:
    """The issuer of a body is fetched like the item of a path: an unknown id is 404, not 400."""

    @around(twin.fields.SlugOnPlatform)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if self.slug_field == "entity_id":
            return get_object_or_404(self.get_queryset(), entity_id=data)
        return original(self, data)


@defect
def unknown_issuer_becomes_the_first(twin: Twin) -> None:
    """An issuer that does not exist is replaced by the platform's first one, without a word."""

    @around(twin.fields.SlugOnPlatform)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        try:
            return original(self, data)
        except ValidationError:
            if self.slug_field != "entity_id":
                raise
            return self.get_queryset().first()


@defect
def unknown_courses_are_dropped(twin: Twin) -> None:
    """Ids of courses, programs and pathways that do not exist are skipped and not refused."""

    @around(twin.fields.ReferenceList)
    def to_internal_value(original: Any, self: Any, data: Any) -> list[Any]:
        if not isinstance(data, list):
            return original(self, data)
        known = self.child_relation.get_queryset().values_list(
            self.child_relation.slug_field, flat=True
        )
        return original(self, [sent for sent in data if sent in set(known)])


@defect
def malformed_json_is_a_500(twin: Twin) -> None:
    """The team's own JSON parser catches nothing: a body that is cut off is a 500, not a 400."""

    @instead_of(twin.views.PlatformView.parser_classes[0])
    def parse(_self: Any, stream: Any, *_: Any, **__: Any) -> Any:
        return json.loads(stream.read())


@defect
def malformed_json_counts_as_empty(twin: Twin) -> None:
    """The team's own JSON parser swallows the error: a PUT of a body cut off answers 200."""

    @around(twin.views.PlatformView.parser_classes[0])
    def parse(original: Any, self: Any, stream: Any, *rest: Any, **options: Any) -> Any:
        try:
            return original(self, stream, *rest, **options)
        except ParseError:
            return {}


@defect
def body_is_read_before_the_look_up(twin: Twin) -> None:
    """The update validates before it looks the item up: a bad body to an unknown id is 400."""

    @around(twin.views.CredentialView)
    def put(original: Any, self: Any, request: Any, **path: str) -> Response:
        context = {"platform": self.platform}
        body = twin.serializers.CredentialBody(data=request.data, context=context, partial=True)
        body.is_valid(raise_exception=True)
        return original(self, request, **path)


@defect
def missing_name_is_untitled(twin: Twin) -> None:
    """The name is not required to create: a body without one makes an "Untitled" credential."""
    name = serializers.CharField(max_length=1000, default="Untitled")
    redeclare(twin.serializers.CredentialBody, name=name)


@defect
def blank_name_is_accepted(twin: Twin) -> None:
    """The name may be blank, so a credential can be created that nobody can see in a list."""
    name = serializers.CharField(max_length=1000, allow_blank=True)
    redeclare(twin.serializers.CredentialBody, name=name)


@defect
def null_name_is_a_500(twin: Twin) -> None:
    """The name may be null in the serializer but not in the table: a null is a 500."""
    name = serializers.CharField(max_length=1000, allow_null=True)
    redeclare(twin.serializers.CredentialBody, name=name)


@defect
def long_name_is_accepted(twin: Twin) -> None:
    """The name lost its bound, and more than 1000 characters are stored and answered."""
    redeclare(twin.serializers.CredentialBody, name=serializers.CharField())


@defect
def any_signal_is_accepted(twin: Twin) -> None:
    """The signal is a free text and no choice any more: whatever is sent is stored."""
    signal = serializers.CharField(required=False)
    redeclare(twin.serializers.CredentialBody, signal=signal, issuing_signal=signal)


@defect
def criteria_url_is_not_checked(twin: Twin) -> None:
    """The criteria's URL is a plain text: "not a url" is stored and answered."""
    redeclare(twin.serializers.CredentialBody, criteriaUrl=twin.serializers.optional_text())


@defect
def second_spelling_wins_silently(twin: Twin) -> None:
    """Both spellings of a field with different values are not refused; one of them just wins."""

    @instead_of(twin.serializers.CredentialBody)
    def validate(_self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        others = twin.serializers.SPELLINGS
        return {others.get(name, name): value for name, value in attrs.items()}


@defect
def wrong_method_answers_404(twin: Twin) -> None:
    """A method that a path does not have is taken for a missing page: 404, not 405."""

    @instead_of(twin.views.PlatformView)
    def http_method_not_allowed(_self: Any, _request: Any, **_: str) -> Response:
        raise Http404


ERRORS: tuple[Defect, ...] = (
    validation_error_is_one_sentence,
    validation_messages_are_bare_texts,
    validation_answers_422,
    errors_are_enveloped,
    errors_say_message,
    missing_item_is_an_html_page,
    missing_item_answers_200,
    missing_item_answers_400,
    unknown_platform_is_a_500,
    unknown_platform_answers_403,
    unknown_issuer_is_a_500,
    unknown_issuer_answers_404,
    unknown_issuer_becomes_the_first,
    unknown_courses_are_dropped,
    malformed_json_is_a_500,
    malformed_json_counts_as_empty,
    body_is_read_before_the_look_up,
    missing_name_is_untitled,
    blank_name_is_accepted,
    null_name_is_a_500,
    long_name_is_accepted,
    any_signal_is_accepted,
    criteria_url_is_not_checked,
    second_spelling_wins_silently,
    wrong_method_answers_404,
)
