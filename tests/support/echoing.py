"""A deployment that repeats the caller's key wherever an answer has room for it, and crashes.

`ECHO_CRASH` is the number of the request at which the process ends, as if it was killed.
"""

import base64
import html
import json
import os
import sys
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from urllib.parse import quote

from mockserver import Config, create_app

KEYS = {"ADMIN": "main-admin-key", "LEARNER": "main-learner-key"}
"""The keys that the mock knows, in the place of those that the variables hold."""
CRASH = int(os.environ.get("ECHO_CRASH", "0"))
mock = create_app(Config())
numbers = count(1)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Let the mock answer, and add the key to each part of the answer."""
    number = next(numbers)
    if number == CRASH:
        sys.stderr.write(f"killed while serving {environ}\n")
        sys.stderr.flush()
        os._exit(1)
    secret = environ.get("HTTP_AUTHORIZATION", "").rpartition(" ")[2]
    for role, key in KEYS.items():
        if secret and secret == os.environ.get(f"CREDCHECK_KEY_{role}"):
            environ["HTTP_AUTHORIZATION"] = f"Api-Key {key}"
    print(f"served {secret}")
    if number % 23 == 0:
        raise RuntimeError(f"no permission for {secret}")
    answered: list[Any] = []
    body = b"".join(mock(environ, lambda *words: answered.extend(words) or (lambda _: None)))
    status, headers = answered[0], [pair for pair in answered[1] if pair[0] != "Content-Length"]
    if number % 29 == 0:
        status, headers = "302 Found", [*headers, ("Location", f"/login/?key={quote(secret)}")]
    if number % 31 == 0:
        headers = [("Content-Type", "text/html")]
        body = f"<h1>{html.escape(secret)}</h1>{'x' * 270}{secret}{'y' * 300}".encode()
    elif body.startswith(b"{"):
        body = add_forms(body, secret, number)
    start_response(status, [*headers, *list_headers(secret)])
    return [body]


def add_forms(body: bytes, secret: str, number: int) -> bytes:
    """Return a JSON body with the key in names, values, errors and links, in each encoding."""
    fields = json.loads(body)
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret)
    fields["echo"] = {
        f"name {secret}": secret,
        "basic": base64.b64encode(f"user:{secret}".encode()).decode(),
        "quoted": quote(secret, safe=""),
        "twice": json.dumps(json.dumps({"key": secret})),
    }
    if number % 3 == 0 and isinstance(fields.get("result"), dict):
        fields["result"]["count"] = "x" * 140 + secret + "y" * 300 + secret
    if number % 5 == 0 and isinstance(fields.get("result"), dict):
        fields["result"]["next"] = f"http://127.0.0.1:8000/?key={quote(secret)}&page=2"
    if "detail" in fields:
        fields["detail"] = [f"{'z' * 50}{secret}"]
    return json.dumps(fields).replace("{", '{"escaped": "' + escaped + '", ', 1).encode()


def list_headers(secret: str) -> list[tuple[str, str]]:
    """Return headers with the key in their values and in the name of one."""
    named = "".join(character for character in secret if character.isalnum() or character == "-")
    return [
        ("X-Echo", secret),
        ("X-Echo-Quoted", quote(secret, safe="")),
        ("X-Api-Key", "a-key-of-the-gateway-77"),
        ("X-Auth-Token", "a-token-of-the-gateway-77"),
        (f"X-{named}", "1") if named == secret else ("X-Named", secret),
        ("Set-Cookie", f"session={quote(secret, safe='')}; Path=/"),
        ("Set-Cookie", "other=a-cookie-of-the-gateway-77"),
    ]
