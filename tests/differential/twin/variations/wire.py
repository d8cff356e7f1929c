# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what is on the wire: headers, encodings, and what stands in front."""

import hashlib
import itertools
import re
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.utils.http import http_date
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer

from tests.differential.twin.defects.defect import Twin, add_middleware, around
from tests.differential.twin.variations.variation import variation

GetResponse = Callable[[HttpRequest], HttpResponse]
ATTACK = re.compile(
    r"%3cscript|\.\.%2f|%00|%27%20or|%7b%7b|%ed%a0|%22%60|[^&]{3000}", re.IGNORECASE
)
"""What a firewall takes for an attack in an address."""
BODY_ATTACK = re.compile(r"<script|%3cscript|\\u0000|\\ud800[^\\]", re.IGNORECASE)
"""The same in a body: templates, quotes and emoji are what the API is for."""
THROTTLED_EVERY = 150


@variation("vary")
def answers_vary_by_what_is_accepted(twin: Twin) -> None:
    """Each answer carries `Vary: Accept`, as the framework does it with several renderers."""
    add_middleware(twin, vary_by_accept)


def vary_by_accept(get_response: GetResponse) -> GetResponse:
    """Let each answer vary by what is accepted."""
    return lambda request: set_headers(get_response(request), Vary="Accept")


def set_headers(response: HttpResponse, **headers: str) -> HttpResponse:
    """Return an answer with more headers."""
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@variation("vary")
def answers_vary_by_more(twin: Twin) -> None:
    """`Vary` names all that a proxy looks at."""
    add_middleware(twin, vary_by_more)


def vary_by_more(get_response: GetResponse) -> GetResponse:
    """Let each answer vary by several headers."""
    return lambda request: set_headers(
        get_response(request), Vary="Accept, Accept-Encoding, Origin, Cookie"
    )


@variation("etag")
def answers_are_compressed(twin: Twin) -> None:
    """Long answers are compressed where the client accepts that."""
    twin.settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *twin.settings.MIDDLEWARE]


@variation("etag")
def answers_have_etags(twin: Twin) -> None:
    """Each answer to a GET has an ETag, and a conditional GET is 304."""
    middleware = "django.middleware.http.ConditionalGetMiddleware"
    twin.settings.MIDDLEWARE = [middleware, *twin.settings.MIDDLEWARE]


@variation("etag")
def etags_are_weak(twin: Twin) -> None:
    """The ETag is weak, and the answer is sent whole every time."""
    add_middleware(twin, add_weak_etag)


def add_weak_etag(get_response: GetResponse) -> GetResponse:
    """Give each answer a weak ETag of its body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return set_headers(response, ETag=f'W/"{hashlib.sha256(response.content).hexdigest()}"')

    return middleware


@variation()
def json_names_its_charset(twin: Twin) -> None:
    """The content type of JSON names the charset."""
    JSONRenderer.charset = "utf-8"


@variation()
def a_load_balancer_adds_headers(twin: Twin) -> None:
    """The load balancer and the proxies add headers of their own."""
    add_middleware(twin, add_balancer_headers)


def add_balancer_headers(get_response: GetResponse) -> GetResponse:
    """Add what load balancers add."""
    numbers = itertools.count()

    def middleware(request: HttpRequest) -> HttpResponse:
        return set_headers(
            get_response(request),
            Via="1.1 balancer",
            X_Request_Id=f"r{next(numbers)}",
            X_Served_By="node-3",
            Strict_Transport_Security="max-age=31536000",
            Server_Timing="app;dur=3",
        )

    return middleware


@variation()
def cookies_are_set(twin: Twin) -> None:
    """Each answer sets a cookie that keeps a client with one node."""
    add_middleware(twin, set_cookies)


def set_cookies(get_response: GetResponse) -> GetResponse:
    """Set a new cookie with each answer."""
    numbers = itertools.count()

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.set_cookie("AWSALB", f"node{next(numbers)}", max_age=600, path="/")
        return response

    return middleware


@variation()
def caching_is_forbidden(twin: Twin) -> None:
    """Each answer says that nobody may keep it."""
    add_middleware(twin, forbid_caching)


def forbid_caching(get_response: GetResponse) -> GetResponse:
    """Forbid caches to keep answers."""
    return lambda request: set_headers(
        get_response(request), Cache_Control="no-store, private", Pragma="no-cache", Expires="0"
    )


@variation()
def any_origin_may_read(twin: Twin) -> None:
    """Headers for other origins are on each answer."""
    add_middleware(twin, allow_origins)


def allow_origins(get_response: GetResponse) -> GetResponse:
    """Allow all origins."""
    return lambda request: set_headers(
        get_response(request),
        Access_Control_Allow_Origin="*",
        Access_Control_Expose_Headers="Link, ETag",
    )


@variation()
def connections_are_closed(twin: Twin) -> None:
    """The server closes each connection after its answer."""
    add_middleware(twin, close_connections)


def close_connections(get_response: GetResponse) -> GetResponse:
    """Say that the connection ends."""
    return lambda request: set_headers(get_response(request), Connection="close")


@variation("renderers")
def pages_can_be_browsed(twin: Twin) -> None:
    """The framework's browsable pages are switched on beside JSON."""
    twin.settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]
    twin.settings.STATIC_URL = "/static/"
    json = twin.views.ServiceView.renderer_classes
    twin.views.ServiceView.renderer_classes = [*json, BrowsableAPIRenderer]


@variation()
def tls_is_in_front(twin: Twin) -> None:
    """The deployment is reached by HTTPS, and its links say so; the server sees to it."""


@variation()
def unrouted_paths_answer_json(twin: Twin) -> None:
    """A path without a route is 404 in JSON."""
    twin.urls.handler404 = answer_json_404


def answer_json_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer that there is no such path."""
    return JsonResponse({"detail": "Not found."}, status=404)


@variation("slash")
def no_slash_is_added(twin: Twin) -> None:
    """The redirect to the path with a slash is switched off."""
    twin.settings.APPEND_SLASH = False


@variation("slash")
def the_redirect_is_absolute(twin: Twin) -> None:
    """The redirect to the path with a slash names scheme and host."""
    add_middleware(twin, make_redirects_absolute)


def make_redirects_absolute(get_response: GetResponse) -> GetResponse:
    """Complete the address of a redirect."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Location" in response.headers:
            address = request.build_absolute_uri(response.headers["Location"])
            response = HttpResponsePermanentRedirect(address)
        return response

    return middleware


@variation("json")
def json_has_spaces(twin: Twin) -> None:
    """JSON is written with spaces after colons and commas."""
    JSONRenderer.compact = False


@variation("json")
def json_is_ascii(twin: Twin) -> None:
    """JSON escapes every letter that is not ASCII."""
    JSONRenderer.ensure_ascii = True


@variation()
def answers_are_slow(twin: Twin) -> None:
    """Each answer takes its time."""
    add_middleware(twin, wait_a_little)


def wait_a_little(get_response: GetResponse) -> GetResponse:
    """Wait before each answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        time.sleep(0.02)
        return get_response(request)

    return middleware


@variation("waf")
def a_waf_refuses_odd_input(twin: Twin) -> None:
    """A firewall refuses what looks like an attack, with a page of its own."""
    add_middleware(twin, refuse_attacks)


@variation("waf")
def a_waf_answers_400(twin: Twin) -> None:
    """A firewall refuses what looks like an attack with 400 and a plain text."""
    add_middleware(twin, refuse_attacks_with_400)


def looks_like_an_attack(request: HttpRequest) -> bool:
    """Tell whether a firewall would refuse a request."""
    text = request.META.get("RAW_URI", request.get_full_path())
    body = request.body[:20_000].decode("latin-1")
    return bool(ATTACK.search(text) or BODY_ATTACK.search(body))


def refuse_attacks(get_response: GetResponse) -> GetResponse:
    """Refuse attacks with 403 and a page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if looks_like_an_attack(request):
            return HttpResponse("<html><h1>Request blocked</h1></html>", status=403)
        return get_response(request)

    return middleware


def refuse_attacks_with_400(get_response: GetResponse) -> GetResponse:
    """Refuse attacks with 400 and a text."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if looks_like_an_attack(request):
            return HttpResponse("Bad request", status=400, content_type="text/plain")
        return get_response(request)

    return middleware


@variation("throttle")
def requests_are_throttled(twin: Twin) -> None:
    """Now and then a request is 429, and `Retry-After` says seconds."""
    add_middleware(twin, throttle)


@variation("throttle")
def throttling_names_a_date(twin: Twin) -> None:
    """Now and then a request is 429, and `Retry-After` says a date."""
    add_middleware(twin, throttle_until)


def throttle(get_response: GetResponse) -> GetResponse:
    """Refuse one request of many for a moment."""
    return throttle_with(get_response, lambda: "0")


def throttle_until(get_response: GetResponse) -> GetResponse:
    """Refuse one request of many until a time."""
    return throttle_with(get_response, lambda: http_date(time.time()))


def throttle_with(get_response: GetResponse, tell: Callable[[], str]) -> GetResponse:
    """Refuse one request of many."""
    numbers = itertools.count(1)

    def middleware(request: HttpRequest) -> HttpResponse:
        if next(numbers) % THROTTLED_EVERY:
            return get_response(request)
        return JsonResponse(
            {"detail": "Request was throttled."}, status=429, headers={"Retry-After": tell()}
        )

    return middleware


@variation()
def allow_has_another_order(twin: Twin) -> None:
    """`Allow` names its methods in another order."""

    @around(twin.views.ServiceView)
    def finalize_response(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        methods = response.headers.get("Allow", "").split(", ")
        response.headers["Allow"] = ",".join(reversed(methods))
        return response


@variation("challenge")
def the_challenge_names_a_realm(twin: Twin) -> None:
    """`WWW-Authenticate` has a realm."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate_header(original: Any, self: Any, request: Any) -> str:
        return f'{original(self, request)} realm="api"'


@variation("challenge")
def the_challenge_is_bearer(twin: Twin) -> None:
    """`WWW-Authenticate` names the scheme Bearer."""
    twin.authentication.ApiKeyAuthentication.keyword = "Bearer"


@variation("words")
def words_are_german(twin: Twin) -> None:
    """The framework's messages are in another language."""
    twin.settings.LANGUAGE_CODE = "de"
    twin.settings.USE_I18N = True


@variation("words")
def refusals_have_other_words(twin: Twin) -> None:
    """The text of each refusal is the team's own, and a code stands beside it."""

    @around(twin.views.ServiceView)
    def handle_exception(original: Any, self: Any, error: Any) -> Any:
        response = original(self, error)
        if isinstance(response.data, dict) and "detail" in response.data:
            detail = f"Sorry. ({response.status_code})"
            response.data = {"detail": detail, "code": f"E{response.status_code}"}
        return response
