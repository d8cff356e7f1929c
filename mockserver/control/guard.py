"""Who may control the mock, and how its control plane reads and refuses.

A web page that the developer visits must not be able to reset their mock or read their journal:
these routes take no cross-origin request, no form, and no foreign `Host`, which is how a page gets
around its origin. Callers on other machines need the control token: in a header, or as the password
that a browser asks for.
"""

import json
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from mockserver.api.service import Service
from mockserver.errors import APIError
from mockserver.sandbox.registry import read_sandbox_name
from mockserver.sandbox.sandbox import Sandbox

MAXIMUM_BODY = 1_000_000
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN = "X-Mock-Control-Token"  # noqa: S105  (the name of a header)


class Refused(APIError):
    """A request that may not control the mock."""

    status = 403


class Unknown(APIError):
    """A request from another machine that may say who it is."""

    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """What makes a browser ask for the token, as a password."""
        return {"WWW-Authenticate": 'Basic realm="credmock: the control token is the password"'}


class Wrong(APIError):
    """A request that cannot be carried out as it is."""

    status = 400


class Missing(APIError):
    """Something that was named and is not there."""

    status = 404


def guarded(name: str) -> Blueprint:
    """Return a blueprint below `/__mock__/` whose routes are for the mock's owner only."""
    plane = Blueprint(name, name, url_prefix="/__mock__")

    @plane.before_request
    def guard() -> None:
        check_caller(service().config.control_token)

    @plane.errorhandler(APIError)
    def refuse(error: APIError) -> Response:
        response = jsonify(detail=error.detail)
        response.status_code = error.status
        response.headers.update(error.headers)
        return response

    return plane


def service() -> Service:
    """Return what the mock serves."""
    found: Service = current_app.extensions["mockserver"]
    return found


def named() -> Sandbox:
    """Return the sandbox that the request names."""
    return service().sandboxes.get(read_sandbox_name(request.environ))


def check_caller(token: str) -> None:
    """Raise Refused unless the request comes from this machine or with the token, and no page.

    The header with the token alone is enough: no page of another origin can send it.
    """
    if token and _is(request.headers.get(TOKEN, ""), token):
        return
    if all(map(_is_loopback, (request.remote_addr, *_forwarded()))):
        if (request.host.rpartition(":")[0] or request.host).strip("[]") not in OWN_HOSTS:
            raise Refused("the Host header names another machine; use 127.0.0.1")
    elif not token:
        raise Refused("this is for callers on the mock's machine; --control-token lets others in")
    elif not _is((request.authorization and request.authorization.password) or "", token):
        raise Unknown(f"this is for callers on the mock's machine, or with {TOKEN}")
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Refused("a page of another origin may not control the mock")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Refused("a page of another site may not control the mock")
    if request.method != "GET" and request.content_type not in (None, "", "application/json"):
        raise Refused("send application/json, or no body")


def _forwarded() -> list[str]:
    """Return whom a proxy names: it is on this machine itself, who asks through it may not be."""
    text = request.headers.get("X-Forwarded-For", "")
    return [each.strip() for each in text.split(",")] if text else []


def _is(given: str, token: str) -> bool:
    return compare_digest(given.encode(), token.encode())


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # as a listener on both families writes it
    return (mapped or found).is_loopback


def read_object(maximum: int = MAXIMUM_BODY) -> dict[str, Any]:
    """Return the body, which must be a JSON object of at most so many bytes; raises Wrong."""
    content = request.stream.read(maximum + 1)
    if len(content) > maximum:
        raise Wrong(f"the body is larger than {maximum} bytes")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Wrong("the body is no JSON object")
    return body
