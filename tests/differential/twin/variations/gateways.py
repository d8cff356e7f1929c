# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what stands in front: gateways, content networks, the server's own pages."""

import itertools
import zlib
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.debug import technical_404_response
from rest_framework.renderers import JSONRenderer

from tests.differential.twin.defects.defect import Twin, add_middleware, around
from tests.differential.twin.variations.variation import variation
from tests.differential.twin.variations.wire import GetResponse, looks_like_an_attack, set_headers

LARGE_BODY = 65_536
GATEWAY_FAILS_EVERY = 170
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PAGE = "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body>"


def show_page(title: str, status: int) -> HttpResponse:
    """Return the page of a web server."""
    page = PAGE.format(title=title) + "<hr><center>nginx</center></html>"
    return HttpResponse(page, status=status, content_type="text/html")


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
def a_gateway_answers_options(twin: Twin) -> None:
    """A gateway answers each OPTIONS for other origins, and the service never sees one."""
    add_middleware(twin, answer_preflights)


def answer_preflights(get_response: GetResponse) -> GetResponse:
    """Answer what browsers ask before a request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method != "OPTIONS":
            return get_response(request)
        return set_headers(
            HttpResponse(status=204),
            Access_Control_Allow_Origin="*",
            Access_Control_Allow_Methods="GET,POST,PUT,DELETE,OPTIONS",
            Access_Control_Allow_Headers="Authorization,Content-Type",
            Access_Control_Max_Age="600",
        )

    return middleware


@variation("options")
def options_describe_the_fields(twin: Twin) -> None:
    """OPTIONS lists the fields of a body under `actions`, as for generic views."""

    @around(twin.views.ServiceView)
    def options(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        name = {"type": "string", "required": True, "read_only": False, "label": "Name"}
        response.data["actions"] = {"POST": {"name": name}}
        return response


@variation("methods")
def a_gateway_refuses_rare_methods(twin: Twin) -> None:
    """The web server refuses PATCH and what is rarer, with its own page."""
    add_middleware(twin, refuse_rare_methods)


def refuse_rare_methods(get_response: GetResponse) -> GetResponse:
    """Refuse methods that the API has no use for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in KNOWN_METHODS - {"PATCH"}:
            return show_page("405 Not Allowed", 405)
        return get_response(request)

    return middleware


@variation("waf")
def a_waf_answers_json(twin: Twin) -> None:
    """A firewall refuses what looks like an attack with 403 and JSON of its own."""
    add_middleware(twin, refuse_attacks_in_json)


def refuse_attacks_in_json(get_response: GetResponse) -> GetResponse:
    """Refuse attacks as the gateways of clouds do."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if looks_like_an_attack(request):
            return JsonResponse({"message": "Forbidden"}, status=403)
        return get_response(request)

    return middleware


@variation("waf")
def a_waf_answers_406(twin: Twin) -> None:
    """A firewall refuses what looks like an attack with 406 and the page of its web server."""
    add_middleware(twin, refuse_attacks_with_406)


def refuse_attacks_with_406(get_response: GetResponse) -> GetResponse:
    """Refuse attacks as mod_security does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if looks_like_an_attack(request):
            return HttpResponse(
                "<html><head><title>Not Acceptable!</title></head><body><h1>Not Acceptable!</h1>"
                "<p>An appropriate representation of the requested resource could not be found."
                " This error was generated by Mod_Security.</p></body></html>",
                status=406,
            )
        return get_response(request)

    return middleware


@variation("size")
def long_requests_are_refused(twin: Twin) -> None:
    """The web server refuses a long address with 414 and a large body with 413, in its pages."""
    add_middleware(twin, refuse_long_requests)


def refuse_long_requests(get_response: GetResponse) -> GetResponse:
    """Refuse what is larger than a web server's default."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if len(request.META.get("QUERY_STRING", "")) > 4000:
            return show_page("414 Request-URI Too Large", 414)
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGE_BODY:
            return show_page("413 Request Entity Too Large", 413)
        return get_response(request)

    return middleware


@variation("size")
def large_bodies_are_refused_by_django(twin: Twin) -> None:
    """Django refuses a large body with 400 and its plain page."""
    twin.settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LARGE_BODY


@variation("unrouted")
def unrouted_paths_answer_problems(twin: Twin) -> None:
    """A gateway answers a path without a route with `application/problem+json`."""
    twin.urls.handler404 = answer_problem_404


def answer_problem_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer that there is no such path, as RFC 9457 words it."""
    problem = {"type": "about:blank", "title": "Not Found", "status": 404}
    return JsonResponse(problem, status=404, content_type="application/problem+json")


@variation("unrouted")
def unrouted_paths_answer_nothing(twin: Twin) -> None:
    """A path without a route is 404 with an empty body."""
    twin.urls.handler404 = answer_empty_404


def answer_empty_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer that there is no such path, and no more."""
    return HttpResponse(status=404, content_type="text/plain")


@variation("unrouted")
def debugging_pages_are_on(twin: Twin) -> None:
    """A path without a route is 404 with the page of Django's DEBUG, as on a staging machine."""
    twin.urls.handler404 = technical_404_response


@variation("unrouted")
def unrouted_paths_need_a_key(twin: Twin) -> None:
    """A gateway refuses what comes without a key before it looks at the path."""
    add_middleware(twin, ask_for_keys)


def ask_for_keys(get_response: GetResponse) -> GetResponse:
    """Refuse requests without a key to paths without a route."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_unrouted = response.status_code == 404 and getattr(request, "resolver_match", 1) is None
        if is_unrouted and "Authorization" not in request.headers:
            detail = {"detail": "Authentication credentials were not provided."}
            return JsonResponse(detail, status=401, headers={"WWW-Authenticate": "Api-Key"})
        return response

    return middleware


@variation("slash")
def the_redirect_is_308(twin: Twin) -> None:
    """The web server redirects to the slash with 308, an absolute address and its own page."""
    add_middleware(twin, redirect_with_308)


def redirect_with_308(get_response: GetResponse) -> GetResponse:
    """Redirect so that the method stays."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 301:
            return response
        page = show_page("308 Permanent Redirect", 308)
        return set_headers(page, Location=request.build_absolute_uri(response.headers["Location"]))

    return middleware


@variation("throttle")
def a_gateway_throttles_without_a_word(twin: Twin) -> None:
    """Now and then the gateway answers 429 with its page, and does not say when to come back."""
    add_middleware(twin, throttle_silently)


def throttle_silently(get_response: GetResponse) -> GetResponse:
    """Refuse one request of many, once."""
    numbers = itertools.count(1)

    def middleware(request: HttpRequest) -> HttpResponse:
        if next(numbers) % GATEWAY_FAILS_EVERY:
            return get_response(request)
        return show_page("429 Too Many Requests", 429)

    return middleware


@variation("gateway")
def a_gateway_is_restarted(twin: Twin) -> None:
    """Now and then a read is answered with the gateway's 502 or 504, and the next one works."""
    add_middleware(twin, fail_reads)


def fail_reads(get_response: GetResponse) -> GetResponse:
    """Answer one read of many in the service's place."""
    numbers = itertools.count(1)

    def middleware(request: HttpRequest) -> HttpResponse:
        number = next(numbers)
        if request.method != "GET" or number % GATEWAY_FAILS_EVERY:
            return get_response(request)
        title, status = [("502 Bad Gateway", 502), ("504 Gateway Time-out", 504)][number % 2]
        return show_page(title, status)

    return middleware


@variation("wsgi")
def the_server_speaks_http_1_0(twin: Twin) -> None:
    """The server answers as HTTP/1.0 and closes each connection; the server sees to it."""


@variation("images")
def image_addresses_have_tokens(twin: Twin) -> None:
    """A content network's addresses of images have a token and an end, other ones each time."""
    numbers = itertools.count()

    @around(twin.representations)
    def absolute_image(original: Any, request: Any, image: Any, address: Any) -> Any:
        url = original(request, image, address)
        token = f"?width=200&token={next(numbers):020x}&expires={1_800_000_000 + next(numbers)}"
        return url if image is None or url is None else f"{url}{token}"
