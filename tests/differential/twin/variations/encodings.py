# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of how a body is written and sent, and of headers that tell more."""

import itertools
import zlib
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from rest_framework.renderers import JSONRenderer

from tests.differential.twin.defects.defect import Twin, add_middleware, around
from tests.differential.twin.variations.variation import variation
from tests.differential.twin.variations.wire import GetResponse, set_headers


@variation("body")
def answers_are_chunked(twin: Twin) -> None:
    """No answer tells its length; bodies come in chunks."""

    @around(WSGIHandler)  # outside of all middlewares, which look at whole bodies
    def get_response(original: Any, self: Any, request: HttpRequest) -> Any:
        response = original(self, request)
        if not response.content:
            return response
        half = len(response.content) // 2
        del response.headers["Content-Length"]
        streamed = StreamingHttpResponse(
            [response.content[:half], response.content[half:]],
            status=response.status_code,
            headers=response.headers,
        )
        streamed.cookies = response.cookies
        return streamed


@variation("body")
def all_bodies_are_deflated(twin: Twin) -> None:
    """Each body is compressed where the client accepts it, short ones and those of errors too."""
    add_middleware(twin, deflate)


def deflate(get_response: GetResponse) -> GetResponse:
    """Compress each body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.content and "deflate" in request.headers.get("Accept-Encoding", ""):
            response.content = zlib.compress(response.content)
            response.headers["Content-Length"] = str(len(response.content))
            response.headers["Content-Encoding"] = "deflate"
            response.headers["Vary"] = "Accept-Encoding"
        return response

    return middleware


def change_bodies(twin: Twin, change: Callable[[bytes], bytes]) -> None:
    """Write JSON in another, equivalent way."""

    @around(JSONRenderer)
    def render(original: Any, self: Any, *arguments: Any, **options: Any) -> bytes:
        body = original(self, *arguments, **options)
        return change(body) if body else body


@variation("json")
def json_ends_in_a_newline(twin: Twin) -> None:
    """A body ends in white space."""
    change_bodies(twin, lambda body: body + b"\r\n \n")


@variation("json")
def json_escapes_slashes(twin: Twin) -> None:
    """A slash in JSON has a backslash before it, and `<`, `>` and `&` are escapes."""
    escapes = {b"/": rb"\/", b"<": rb"\u003c", b">": rb"\u003E", b"&": rb"\u0026"}

    def escape(body: bytes) -> bytes:
        for letter, escaped in escapes.items():
            body = body.replace(letter, escaped)
        return body

    change_bodies(twin, escape)


@variation("json")
def json_is_indented(twin: Twin) -> None:
    """JSON is indented, each value on a line of its own."""

    @around(JSONRenderer)
    def get_indent(original: Any, self: Any, *arguments: Any) -> int:
        return 4


@variation("charset")
def the_media_type_has_capitals(twin: Twin) -> None:
    """The content type is written with capitals, and its charset without a space."""
    add_middleware(twin, capitalize_media_types)


def capitalize_media_types(get_response: GetResponse) -> GetResponse:
    """Write the content type of JSON otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("application/json"):
            set_headers(response, Content_Type="Application/JSON;charset=UTF-8")
        return response

    return middleware


@variation()
def empty_answers_have_a_type(twin: Twin) -> None:
    """An answer without a body names a content type and the length 0."""
    add_middleware(twin, name_types)


def name_types(get_response: GetResponse) -> GetResponse:
    """Give answers without a body a content type."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.content or request.method == "HEAD":
            return response
        return set_headers(response, Content_Type="application/json", Content_Length="0")

    return middleware


@variation()
def security_headers_are_sent(twin: Twin) -> None:
    """Each answer has headers of Django's security settings and of a strict team."""
    add_middleware(twin, secure)


def secure(get_response: GetResponse) -> GetResponse:
    """Add headers for browsers."""
    return lambda request: set_headers(
        get_response(request),
        Content_Security_Policy="default-src 'none'; frame-ancestors 'none'",
        X_Frame_Options="DENY",
        X_Content_Type_Options="nosniff",
        Referrer_Policy="same-origin",
        Cross_Origin_Opener_Policy="same-origin",
        Permissions_Policy="geolocation=()",
        Alt_Svc='h3=":443"; ma=86400',
    )


@variation()
def limits_and_deprecation_are_told(twin: Twin) -> None:
    """Each answer tells what is left of the rate limit, and when the API ends."""
    add_middleware(twin, tell_limits)


def tell_limits(get_response: GetResponse) -> GetResponse:
    """Count down a limit that is never reached."""
    numbers = itertools.count()

    def middleware(request: HttpRequest) -> HttpResponse:
        left = str(100_000 - next(numbers))
        return set_headers(
            get_response(request),
            X_RateLimit_Limit="100000",
            X_RateLimit_Remaining=left,
            RateLimit=f'"default";r={left};t=60',
            RateLimit_Policy='"default";q=100000;w=3600',
            Deprecation="@1767225600",
            Sunset="Wed, 31 Dec 2031 23:59:59 GMT",
            Link='</docs>; rel="deprecation"',
        )

    return middleware


@variation("vary")
def sessions_and_languages_are_on(twin: Twin) -> None:
    """The middlewares for sessions, languages and forged requests leave their headers."""
    add_middleware(twin, leave_headers)


def leave_headers(get_response: GetResponse) -> GetResponse:
    """Set two cookies, and name the language."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.set_cookie("csrftoken", "x" * 32, samesite="Lax")
        response.set_cookie("sessionid", "y" * 32, httponly=True)
        return set_headers(
            response, Content_Language="en", Vary="Accept, Cookie, Accept-Language, origin"
        )

    return middleware


@variation("caching")
def a_network_tells_its_cache(twin: Twin) -> None:
    """A content network passes everything on, and says so."""
    add_middleware(twin, tell_cache)


def tell_cache(get_response: GetResponse) -> GetResponse:
    """Add what a content network says of its cache."""
    return lambda request: set_headers(
        get_response(request),
        Cache_Control="max-age=0, must-revalidate, private",
        Age="0",
        X_Cache="Miss from cloudfront",
        CF_Cache_Status="DYNAMIC",
    )


@variation("options")
def options_describe_the_fields(twin: Twin) -> None:
    """OPTIONS lists the fields of a body under `actions`, as for generic views."""

    @around(twin.views.ServiceView)
    def options(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        name = {"type": "string", "required": True, "read_only": False, "label": "Name"}
        response.data["actions"] = {"POST": {"name": name}}
        return response


@variation("images")
def image_addresses_have_tokens(twin: Twin) -> None:
    """A content network's addresses of images have a token and an end, other ones each time."""
    numbers = itertools.count()

    @around(twin.representations)
    def absolute_image(original: Any, request: Any, image: Any, address: Any) -> Any:
        url = original(request, image, address)
        token = f"?width=200&token={next(numbers):020x}&expires={1_800_000_000 + next(numbers)}"
        return url if image is None or url is None else f"{url}{token}"


@variation("wsgi")
def the_server_speaks_http_1_0(twin: Twin) -> None:
    """The server answers as HTTP/1.0 and closes each connection; the server sees to it."""
