"""What stands in front of the views."""

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.views import exception_handler

from .choices import chosen

CLOSED = "The web application firewall has blocked this request."


class Front:
    """Do what proxies, balancers and firewalls do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or let the service answer and add what is added."""
        if chosen("slow"):
            time.sleep(0.15)
        address = request.get_full_path()
        if chosen("no_nul") and "%00" in address:
            return HttpResponse("Bad Request", status=400, content_type="text/plain")
        if chosen("waf") and self.is_odd(request):
            page = f"<html><body><h1>Blocked</h1><p>{CLOSED}</p></body></html>"
            return HttpResponse(page, status=403)
        response = self.get_response(request)
        self.add(request, response)
        if chosen("json_404") and response.status_code == 404 and not hasattr(response, "data"):
            return JsonResponse({"detail": "Not found."}, status=404)
        return response

    @staticmethod
    def is_odd(request: HttpRequest) -> bool:
        """Tell what a usual set of firewall rules refuses."""
        text = request.get_full_path().lower()
        signs = ("%00", "%27", "union+select", "%3cscript", "../", "..%2f")
        return any(sign in text for sign in signs) or len(text) > 4000

    @staticmethod
    def add(request: HttpRequest, response: HttpResponse) -> None:
        """Add headers."""
        kind = response.headers.get("Content-Type", "")
        if chosen("charset") and kind == "application/json":
            response.headers["Content-Type"] = "application/json; charset=utf-8"
        if chosen("balancer"):
            response.headers["Via"] = "1.1 balancer"
            response.headers["X-Request-Id"] = str(time.monotonic_ns())
            response.set_cookie("lb", "node-1", httponly=True)
        if chosen("cors") and "HTTP_ORIGIN" in request.META:
            response.headers["Access-Control-Allow-Origin"] = "*"
        if chosen("security_headers"):
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
            response.headers["Content-Security-Policy"] = "default-src 'none'"


def own_words(exception: Exception, context: Any) -> Any:
    """Answer errors whose words are not known in other words."""
    response = exception_handler(exception, context)
    if response is not None and response.status_code in (400, 409):
        response.data = reworded(response.data)
    return response


def reworded(data: Any) -> Any:
    """Replace each message and keep the shape."""
    if isinstance(data, dict):
        return {key: reworded(value) for key, value in data.items()}
    if isinstance(data, list):
        return [reworded(value) for value in data]
    return "Please correct this."
