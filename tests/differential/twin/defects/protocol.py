# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of HTTP itself: methods, headers, media types, redirects, and odd or many requests."""

import hashlib
import itertools
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware.common import CommonMiddleware
from django.urls import path
from rest_framework import serializers

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    add_middleware,
    around,
    defect,
    instead_of,
    redeclare,
)

GetResponse = Callable[[HttpRequest], HttpResponse]


def without_method(twin: Twin, method: str) -> None:
    """Take a method out of those that the views answer."""
    known = twin.views.PlatformView.http_method_names
    twin.views.PlatformView.http_method_names = [each for each in known if each != method]


@defect
def head_is_not_allowed(twin: Twin) -> None:
    """The list of methods has no HEAD: a check of existence is 405."""
    without_method(twin, "head")


@defect
def options_is_not_allowed(twin: Twin) -> None:
    """The list of methods has no OPTIONS: to ask what a path can do is 405."""
    without_method(twin, "options")


@defect
def options_needs_no_key(twin: Twin) -> None:
    """The OPTIONS was opened for browsers' preflight: the description is answered to anybody."""

    @around(twin.views.PlatformView)
    def get_permissions(original: Any, self: Any) -> list[Any]:
        return [] if self.request.method == "OPTIONS" else original(self)


@defect
def method_is_checked_before_the_key(twin: Twin) -> None:
    """The method is checked first: an unauthenticated PATCH is 405, where 401 is due."""

    @around(twin.views.PlatformView)
    def initial(original: Any, self: Any, request: Any, **path_arguments: str) -> None:
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        original(self, request, **path_arguments)


def without_header(twin: Twin, name: str, *statuses: int) -> None:
    """Take a header off the answers with these statuses, or off all."""

    @around(twin.views.PlatformView)
    def finalize_response(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        if not statuses or response.status_code in statuses:
            response.headers.pop(name, None)
        return response


@defect
def refusal_of_a_method_lacks_allow(twin: Twin) -> None:
    """The 405 is built by hand and does not say in `Allow` which methods there are."""
    without_header(twin, "Allow", 405)


@defect
def refusal_of_a_key_lacks_its_challenge(twin: Twin) -> None:
    """The 401 is built by hand and lacks `WWW-Authenticate`, which the standard demands."""
    without_header(twin, "WWW-Authenticate", 401)


@defect
def slash_is_not_added(twin: Twin) -> None:
    """The redirect to the path with a slash is switched off: a list without it is 404."""
    twin.settings.APPEND_SLASH = False


@defect
def slash_redirect_is_temporary(twin: Twin) -> None:
    """The redirect to the path with a slash is 302, which clients ask for again each time."""
    CommonMiddleware.response_redirect_class = HttpResponseRedirect


@defect
def slash_redirect_drops_the_query(twin: Twin) -> None:
    """The proxy's redirect to the path with a slash forgets the query: a search finds all."""
    add_middleware(twin, redirect_without_query)


def redirect_without_query(get_response: GetResponse) -> GetResponse:
    """Cut the query off the address of a redirect."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Location" in response.headers:
            response.headers["Location"] = response.headers["Location"].partition("?")[0]
        return response

    return middleware


@defect
def item_answers_with_a_slash_too(twin: Twin) -> None:
    """The item has a second route that ends in a slash, and one item has two addresses."""
    address = twin.urls.USER + "<str:entity_id>/"
    twin.urls.urlpatterns.append(path(address, twin.views.CredentialView.as_view()))


@defect
def accept_is_ignored(twin: Twin) -> None:
    """The negotiation takes the only renderer: who asks for HTML gets JSON, and not 406."""

    @instead_of(twin.views.PlatformView.content_negotiation_class)
    def select_renderer(_self: Any, _request: Any, renderers: Any, _suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


@defect
def format_parameter_is_ignored(twin: Twin) -> None:
    """The parameter `format` is switched off: one that is not there is 200, and not 404."""
    negotiation = twin.views.PlatformView.content_negotiation_class
    negotiation.settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


@defect
def any_body_is_read_as_json(twin: Twin) -> None:
    """The JSON parser takes every media type: a body called `text/csv` is stored, and not 415."""
    json_parser, *forms = twin.views.PlatformView.parser_classes
    greedy = type("GreedyParser", (json_parser,), {"media_type": "*/*"})
    twin.views.PlatformView.parser_classes = [json_parser, *forms, greedy]


@defect
def json_with_a_charset_is_unsupported(twin: Twin) -> None:
    """The media type is compared as a whole: `application/json; charset=utf-8` is 415."""

    @around(twin.views.PlatformView.content_negotiation_class)
    def select_parser(original: Any, self: Any, request: Any, parsers: Any) -> Any:
        media_type, _, parameters = request.content_type.partition(";")
        if media_type.strip() == "application/json" and parameters:
            return None
        return original(self, request, parsers)


@defect
def multipart_is_unsupported(twin: Twin) -> None:
    """The parser for multipart was removed with the uploads: such a form is 415."""
    kept = twin.views.PlatformView.parser_classes[:2]
    twin.views.PlatformView.parser_classes = kept


@defect
def first_of_repeated_parameters_wins(twin: Twin) -> None:
    """The gateway keeps the first of a parameter that is repeated, where the last one counts."""

    def query_params(self: Any) -> QueryDict:
        first = QueryDict(mutable=True)
        for name, values in self._request.GET.lists():
            first[name] = values[0]
        return first

    twin.views.Request.query_params = property(query_params)


@defect
def etag_never_changes(twin: Twin) -> None:
    """The ETag is made from the address: a client with an old copy gets 304 for ever."""
    add_middleware(twin, etag_of_the_address)


def etag_of_the_address(get_response: GetResponse) -> GetResponse:
    """Tag each answer to a GET with a hash of its address, and honour that tag."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method != "GET" or response.status_code != 200:
            return response
        address = request.get_full_path().encode()
        etag = f'"{hashlib.sha256(address).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            response = HttpResponse(status=304)
        response.headers["ETag"] = etag
        return response

    return middleware


@defect
def json_is_called_html(twin: Twin) -> None:
    """The answer is built with the framework below, whose default media type is `text/html`."""
    add_middleware(twin, call_it_html)


def call_it_html(get_response: GetResponse) -> GetResponse:
    """Give each answer with a body the media type of a page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Content-Type" in response.headers:
            response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response

    return middleware


@defect
def answers_are_latin_1(twin: Twin) -> None:
    """The renderer writes Latin-1: whatever has no place in it comes back as question marks."""
    renderer = twin.views.PlatformView.renderer_classes[0]
    renderer.charset = "iso-8859-1"

    @around(renderer)
    def render(original: Any, self: Any, *arguments: Any, **options: Any) -> bytes:
        return original(self, *arguments, **options).decode().encode("latin-1", "replace")


@defect
def nul_in_a_search_is_a_500(twin: Twin) -> None:
    """The search hands a NUL to a database that refuses it, and nobody catches the error."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        if "\x00" in text:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        return original(self, text, credentials)


@defect
def long_search_is_a_500(twin: Twin) -> None:
    """The search is logged into a column of 255 characters, and a longer one is a 500."""

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        if len(text) > 255:
            raise ValueError("value too long for type character varying(255)")
        return original(self, text, credentials)


@defect
def lone_surrogate_is_a_500(twin: Twin) -> None:
    """The description's own field checks no characters: half a surrogate pair is a 500."""

    class Unchecked(serializers.CharField):
        def run_validators(self, value: str) -> None:
            pass

    description = Unchecked(required=False, allow_null=True, allow_blank=True)
    redeclare(twin.serializers.CredentialBody, description=description)


@defect
def huge_number_is_a_500(twin: Twin) -> None:
    """The amount of `expires` has no upper bound, and a number of thirty digits is a 500."""
    amount = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    redeclare(twin.serializers.ExpiresBody, amount=amount)


@defect
def deep_json_is_a_500(twin: Twin) -> None:
    """The parser has no bound: a body of a hundred thousand brackets is a 500, and not a 400."""
    bounded, *forms = twin.views.PlatformView.parser_classes
    twin.views.PlatformView.parser_classes = [bounded.__base__, *forms]


@defect
def half_a_character_poisons_the_list(twin: Twin) -> None:
    """The metadata takes half a surrogate pair: from then on each list that shows it is a 500."""
    metadata = serializers.JSONField(required=False, allow_null=True)
    redeclare(twin.serializers.CredentialBody, metadata=metadata)
    careful = twin.views.PlatformView.renderer_classes[0]
    twin.views.PlatformView.renderer_classes = [careful.__base__]


@defect
def every_25th_request_fails(twin: Twin) -> None:
    """One worker of many has lost its database: every 25th request is a 500."""
    add_middleware(twin, fail_now_and_then)


def fail_now_and_then(get_response: GetResponse) -> GetResponse:
    """Answer each 25th request with the plain page of an error."""
    numbers = itertools.count(1)

    def middleware(request: HttpRequest) -> HttpResponse:
        if next(numbers) % 25 == 0:
            return HttpResponse("<h1>Server Error (500)</h1>", status=500)
        return get_response(request)

    return middleware


@defect
def every_30th_answer_is_cut_off(twin: Twin) -> None:
    """A buffer of the proxy is too small now and then: every 30th answer ends in the middle."""
    add_middleware(twin, cut_now_and_then)


def cut_now_and_then(get_response: GetResponse) -> GetResponse:
    """Send the first half of each 30th answer."""
    numbers = itertools.count(1)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if next(numbers) % 30 == 0 and response.content:
            response.content = response.content[: len(response.content) // 2]
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


@defect
def half_of_the_servers_are_old(twin: Twin) -> None:
    """The roll-out stopped half-way: every second answer has the types of the old release."""
    numbers = itertools.count()

    @around(twin.representations.CredentialRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> dict[str, Any]:
        shown = original(self, instance)
        request = self.context["request"]
        if not hasattr(request, "number"):
            request.number = next(numbers)
        if request.number % 2 and shown["credentialType"] == "MICRO_CREDENTIAL":
            shown["credentialType"] = "MICROCREDENTIAL"
        return shown


@defect
def pages_of_ten_are_slow(twin: Twin) -> None:
    """The commonest page misses its index: a list of ten takes more than a second."""

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Any:
        if request.query_params.get("page_size") == "10":
            time.sleep(1.2)
        return original(self, request, **path)


PROTOCOL: tuple[Defect, ...] = (
    pages_of_ten_are_slow,
    head_is_not_allowed,
    options_is_not_allowed,
    options_needs_no_key,
    method_is_checked_before_the_key,
    refusal_of_a_method_lacks_allow,
    refusal_of_a_key_lacks_its_challenge,
    slash_is_not_added,
    slash_redirect_is_temporary,
    slash_redirect_drops_the_query,
    item_answers_with_a_slash_too,
    accept_is_ignored,
    format_parameter_is_ignored,
    any_body_is_read_as_json,
    json_with_a_charset_is_unsupported,
    multipart_is_unsupported,
    first_of_repeated_parameters_wins,
    etag_never_changes,
    json_is_called_html,
    answers_are_latin_1,
    nul_in_a_search_is_a_500,
    long_search_is_a_500,
    lone_surrogate_is_a_500,
    huge_number_is_a_500,
    deep_json_is_a_500,
    half_a_character_poisons_the_list,
    every_25th_request_fails,
    every_30th_answer_is_cut_off,
    half_of_the_servers_are_old,
)
