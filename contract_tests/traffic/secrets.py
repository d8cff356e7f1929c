"""Finds the keys, cookies and tokens of a recording, so that the redactor knows each of them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.engine.exchange import is_secret_name
from contract_tests.engine.redaction import Redactor
from contract_tests.traffic.har import Recorded

KEY = "$CREDCHECK_KEY_RECORDED"
OTHER = "$CREDCHECK_HEADER_RECORDED"
SHORTEST = 6
"""Characters of a value of a cookie or a field that is taken for a secret."""
MOST_SECRETS = 500
"""Secrets that are looked for everywhere; headers are hidden by their names in any case."""


def build_redactor(exchanges: Iterable[Recorded], known: dict[str, str]) -> Redactor:
    """Return the redactor of a recording; `known` holds keys by role that are secret, too."""
    redactor = Redactor(known, {})
    learned: set[str] = set()
    for recorded in exchanges:
        for variable, secret in _list_secrets(recorded):
            if secret not in learned and len(learned) < MOST_SECRETS:
                learned.add(secret)
                redactor.learn(variable, secret)
    return redactor


def _list_secrets(recorded: Recorded) -> Iterator[tuple[str, str]]:
    for headers in (recorded.request_headers, recorded.response_headers):
        for name, value in headers.items():
            if is_secret_name(name):
                yield from _list_parts(name, value)
    for name, value in parse_qsl(urlsplit(recorded.address.geturl()).query):
        if is_secret_name(name) and len(value) >= SHORTEST:
            yield OTHER, value
    for body in (recorded.request_body, recorded.response_body):
        yield from ((OTHER, value) for value in _find_in_body(body))


def _list_parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what of a header is secret: of `Authorization` the key, of cookies each value."""
    if "cookie" in name:
        for pair in value.replace("\n", ";").split(";"):
            cookie = pair.partition("=")[2].strip()
            if len(cookie) >= SHORTEST:
                yield OTHER, cookie
        return
    scheme, space, key = value.partition(" ")
    secret = key.strip() if space and scheme.replace("-", "").isalpha() else value
    if secret and not secret.startswith("$CRED"):  # the journals of this project hide keys
        yield (KEY if "authorization" in name else OTHER), secret


def _find_in_body(body: bytes) -> Iterator[str]:
    """Yield the values of fields whose names say that they are secret, in JSON and in forms."""
    if body[:1] in (b"{", b"["):
        try:
            yield from _find_in_value(json.loads(body))
        except (ValueError, RecursionError):
            return
    elif b"=" in body[:200] and body.isascii() and b"\n" not in body[:200]:
        for name, value in parse_qsl(body.decode()):
            if is_secret_name(name) and len(value) >= SHORTEST:
                yield value


def _find_in_value(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, field in value.items():
            if isinstance(field, str) and is_secret_name(name) and len(field) >= SHORTEST:
                yield field
            yield from _find_in_value(field)
    elif isinstance(value, list):
        for item in value:
            yield from _find_in_value(item)
