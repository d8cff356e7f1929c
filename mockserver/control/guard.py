"""Who may control the mock, and how its control plane reads and refuses.

A web page that the developer visits must not be able to reset their mock or read their journal:
these routes take no cross-origin request, no form, and no foreign `Host`, which is how a page gets
around its origin. Callers on other machines need the control token: in a header, or as the password
that a browser asks for.
"""

import json
from collections import Counter
from hmac import compare_digest
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from mockserver.api.service import Service
from mockserver.errors import APIError
from mockserver.proxies import is_loopback
from mockserver.sandbox.registry import read_sandbox_name
from mockserver.sandbox.sandbox import Sandbox

URL_PREFIX = "/__mock__"
MAXIMUM_BODY = 1_000_000
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN = "X-Mock-Control-Token"  # noqa: S105  (the name of a header)


class ControlForbidden(APIError):
    """A request that may not control the mock."""

    status = 403


class TokenRequired(APIError):
    """A request from another machine that lacks the control token."""

    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """What makes a browser ask for the token, as a password."""
        return {"WWW-Authenticate": 'Basic realm="credmock: the control token is the password"'}


class InvalidControlRequest(APIError):
    """A request whose body or parameters cannot be used."""

    status = 400


class ControlNotFound(APIError):
    """A request for something that does not exist."""

    status = 404


def create_guarded_blueprint(name: str) -> Blueprint:
    """Return a blueprint below `/__mock__/` whose routes are for the mock's owner only."""
    blueprint = Blueprint(name, name, url_prefix=URL_PREFIX)

    @blueprint.before_request
    def guard() -> None:
        check_caller(current_service().config.control_token)

    @blueprint.errorhandler(APIError)
    def refuse(error: APIError) -> Response:
        response = jsonify(detail=error.detail)
        response.status_code = error.status
        response.headers.update(error.headers)
        return response

    return blueprint


def current_service() -> Service:
    """Return the service of the current application."""
    found: Service = current_app.extensions["mockserver"]
    return found


def current_sandbox() -> Sandbox:
    """Return the sandbox that the current request names."""
    return current_service().sandboxes.get(read_sandbox_name(request.environ))


def check_caller(token: str) -> None:
    """Refuse a request unless it comes from this machine or with the token, and not from a page.

    Raises ControlForbidden and TokenRequired.

    The header with the token alone is enough: no page of another origin can send it.
    """
    if token and _is_token(request.headers.get(TOKEN, ""), token):
        return
    if all(map(_is_address_here, (request.remote_addr, *_forwarded_for()))):
        if read_host(request.host) not in OWN_HOSTS:
            raise ControlForbidden(
                "the Host header names another machine; use 127.0.0.1 or localhost"
            )
    elif not token:
        raise ControlForbidden(
            "only this machine may control the mock; --control-token lets others in"
        )
    elif not _is_token((request.authorization and request.authorization.password) or "", token):
        raise TokenRequired(f"other machines must send the control token in {TOKEN}")
    origin = request.headers.get("Origin")
    own_origins = (request.host_url.rstrip("/"), current_service().public_origin)
    if origin is not None and origin not in own_origins:
        raise ControlForbidden("a page of another origin may not control the mock")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise ControlForbidden("a page of another site may not control the mock")
    if request.method != "GET" and request.mimetype not in ("", "application/json"):
        raise ControlForbidden("send application/json, or no body")


def _forwarded_for() -> list[str]:
    """Return the clients that a proxy names: it is on this machine, they may not be."""
    text = request.headers.get("X-Forwarded-For", "")
    return [each.strip() for each in text.split(",")] if text else []


def _is_token(given: str, token: str) -> bool:
    return compare_digest(given.encode(), token.encode())


def _is_address_here(address: str | None) -> bool:
    """Tell whether a numeric address is this machine: a name could be made to be anything."""
    return not (address or "").lower().strip(".").endswith("localhost") and is_loopback(address)


def read_object(maximum: int = MAXIMUM_BODY) -> dict[str, Any]:
    """Return the body, a JSON object of at most `maximum` bytes; raises InvalidControlRequest."""
    request.max_content_length = maximum + 1
    try:
        content = request.stream.read(maximum + 1)
    except RequestEntityTooLarge:
        content = bytes(maximum + 1)
    if len(content) > maximum:
        raise InvalidControlRequest(f"the body is larger than the maximum of {maximum} bytes")
    try:
        body = json.loads(
            content,
            parse_constant=_refuse_number,
            parse_float=_read_number,
            object_pairs_hook=_read_pairs,
        )
        # What is kept must be JSON again in what the mock returns.
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidControlRequest("the body has one half of a surrogate pair") from None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise InvalidControlRequest("the body is not a JSON object")
    return body


def _refuse_number(text: str) -> None:
    raise InvalidControlRequest(f"the body is not JSON, which has no {text}: use null or a number")


def _read_number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise InvalidControlRequest(f"the number {text[:40]} is too large")
    return number


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise InvalidControlRequest(f"the name {name!r} stands twice in an object of the body")
    return made


def read_host(text: str) -> str:
    """Return the host of a `Host` header, without its port; empty where it is not valid."""
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""
