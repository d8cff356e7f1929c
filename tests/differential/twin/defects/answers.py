# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of answers: one error of many, one method of many, one media type of many."""

from typing import Any

from django.http import JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from tests.differential.twin.defects.defect import Defect, Twin, around, defect


def change_refusal(twin: Twin, change: Any) -> None:
    """Pass each refusal through a function, which gets the view and what was raised."""

    @around(twin.views.ServiceView)
    def handle_exception(original: Any, self: Any, exc: Exception) -> Any:
        return change(self, exc, original(self, exc))


@defect
def only_the_first_error_is_told(twin: Twin) -> None:
    """Validation stops at the first field: of two that are wrong one is reported."""

    def change(_view: Any, exc: Exception, response: Any) -> Any:
        if isinstance(exc, exceptions.ValidationError) and isinstance(response.data, dict):
            response.data = dict(list(response.data.items())[:1])
        return response

    change_refusal(twin, change)


@defect
def errors_of_updates_are_sentences(twin: Twin) -> None:
    """Only the update has a handler of its own: its 400 is one sentence without fields."""

    def change(view: Any, exc: Exception, response: Any) -> Any:
        if isinstance(exc, exceptions.ValidationError) and view.request.method == "PUT":
            response.data = {"detail": "Invalid input."}
        return response

    change_refusal(twin, change)


@defect
def errors_of_issuing_are_sentences(twin: Twin) -> None:
    """Issuing has a handler of its own: its 400 is one sentence without fields."""

    def change(view: Any, exc: Exception, response: Any) -> Any:
        is_about = isinstance(view, twin.assertions.AboutCredential)
        if isinstance(exc, exceptions.ValidationError) and is_about:
            response.data = {"detail": "Invalid input."}
        return response

    change_refusal(twin, change)


@defect
def nested_errors_are_texts(twin: Twin) -> None:
    """Errors inside of `expires` and `recipient` are one text at the outer field."""

    def change(_view: Any, exc: Exception, response: Any) -> Any:
        if isinstance(exc, exceptions.ValidationError) and isinstance(response.data, dict):
            response.data = {
                name: [str(value)] if isinstance(value, dict) else value
                for name, value in response.data.items()
            }
        return response

    change_refusal(twin, change)


@defect
def a_missing_assertion_is_a_500(twin: Twin) -> None:
    """An assertion that is not there is fetched without a thought of its absence."""

    @around(twin.assertions.AssertionView)
    def get_object(original: Any, self: Any) -> Any:
        twin.models.Assertion.objects.get(entity_id=self.kwargs["entity_id"])
        return original(self)


@defect
def a_missing_issuer_is_an_empty_list(twin: Twin) -> None:
    """An issuer that is not there answers 200 with an array of none."""

    def change(view: Any, _exc: Exception, response: Any) -> Any:
        is_read = view.request.method == "GET" and isinstance(view, twin.views.IssuerView)
        return Response([]) if is_read and response.status_code == 404 else response

    change_refusal(twin, change)


@defect
def a_missing_item_is_deleted(twin: Twin) -> None:
    """A deletion of an id that nobody has is 204, as if it had been there."""

    def change(view: Any, _exc: Exception, response: Any) -> Any:
        is_deletion = view.request.method == "DELETE" and response.status_code == 404
        return Response(status=204) if is_deletion else response

    change_refusal(twin, change)


@defect
def a_put_creates_what_is_missing(twin: Twin) -> None:
    """A PUT to an id that nobody has creates a credential of it."""

    @around(twin.views.CredentialView)
    def put(original: Any, self: Any, request: Any, **names: str) -> Any:
        known = twin.models.Credential.objects.filter(entity_id=names["entity_id"])
        if known.exists():
            return original(self, request, **names)
        credential = self.saved(twin.serializers.CredentialBody)
        credential.entity_id = names["entity_id"]
        credential.save()
        shown = self.represented(twin.representations.CredentialRepresentation, credential)
        return twin.pagination.enveloped("Created", shown)


@defect
def patch_is_a_put(twin: Twin) -> None:
    """The view set brought PATCH along: it is answered like a PUT, where 405 is due."""
    twin.views.CredentialView.patch = twin.views.CredentialView.put


@defect
def the_list_can_be_deleted(twin: Twin) -> None:
    """The view set brought a DELETE of the list along, which answers 204."""
    twin.views.CredentialsView.delete = lambda _self, _request, **_: Response(status=204)


@defect
def updates_take_no_multipart(twin: Twin) -> None:
    """The parser for multipart is a setting of the creation: an update with such a form is 415."""

    @around(twin.views.CredentialView)
    def get_parsers(original: Any, self: Any) -> Any:
        return [each for each in original(self) if "multipart" not in each.media_type]


@defect
def updates_take_no_scim(twin: Twin) -> None:
    """`application/scim+json` is read at the creation only: an update with it is 415."""

    @around(twin.views.CredentialView)
    def get_parsers(original: Any, self: Any) -> Any:
        return [each for each in original(self) if "scim" not in each.media_type]


@defect
def issuing_takes_json_only(twin: Twin) -> None:
    """The view of assertions lists one parser: a form is 415."""

    @around(twin.assertions.AboutCredential)
    def get_parsers(original: Any, self: Any) -> Any:
        return [each for each in original(self) if each.media_type == "application/json"]


@defect
def conflicts_are_plain_text(twin: Twin) -> None:
    """The 409 is written by hand: its JSON is called `text/plain`."""

    def change(_view: Any, _exc: Exception, response: Any) -> Any:
        if response.status_code != 409:
            return response
        made = JsonResponse(response.data, status=409)
        made["Content-Type"] = "text/plain"
        return made

    change_refusal(twin, change)


@defect
def conflicts_are_400(twin: Twin) -> None:
    """A deletion of what somebody holds is answered with 400, where 409 is promised."""

    def change(_view: Any, _exc: Exception, response: Any) -> Any:
        response.status_code = 400 if response.status_code == 409 else response.status_code
        return response

    change_refusal(twin, change)


@defect
def deletions_answer_null(twin: Twin) -> None:
    """The 204 has a content type, and says that JSON follows."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, request: Any, **names: str) -> Any:
        response = original(self, request, **names)
        response.status_code = 202
        return response


@defect
def heads_answer_the_count_of_all(twin: Twin) -> None:
    """HEAD is written by hand, and has another status for a page that is not there."""

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        try:
            return original(self, request, **names)
        except exceptions.NotFound:
            if request.method == "HEAD":
                return Response({})
            raise


@defect
def numbers_in_texts_are_refused(twin: Twin) -> None:
    """A strict field refuses a number where a text is meant, which the framework takes."""

    @around(twin.serializers.CredentialBody)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("description"), int):
            raise exceptions.ValidationError({"description": ["Not a valid string."]})
        return original(self, data)


@defect
def unknown_fields_are_refused(twin: Twin) -> None:
    """A strict serializer refuses a field that it does not know."""

    @around(twin.serializers.CredentialBody)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise exceptions.ValidationError({name: ["Unknown field."] for name in unknown})
        return original(self, data)


@defect
def a_method_that_is_not_there_is_a_403(twin: Twin) -> None:
    """Methods are a matter of permission now: an unsupported one is 403, where 405 is due."""

    def change(_view: Any, exc: Exception, response: Any) -> Any:
        if isinstance(exc, exceptions.MethodNotAllowed):
            response.status_code = 403
        return response

    change_refusal(twin, change)


ANSWERS: tuple[Defect, ...] = (
    only_the_first_error_is_told,
    errors_of_updates_are_sentences,
    errors_of_issuing_are_sentences,
    nested_errors_are_texts,
    a_missing_assertion_is_a_500,
    a_missing_issuer_is_an_empty_list,
    a_missing_item_is_deleted,
    a_put_creates_what_is_missing,
    patch_is_a_put,
    the_list_can_be_deleted,
    updates_take_no_multipart,
    updates_take_no_scim,
    issuing_takes_json_only,
    conflicts_are_plain_text,
    conflicts_are_400,
    deletions_answer_null,
    heads_answer_the_count_of_all,
    numbers_in_texts_are_refused,
    unknown_fields_are_refused,
    a_method_that_is_not_there_is_a_403,
)
