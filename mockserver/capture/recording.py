"""Readings from an HTTP Archive of a browser, of Playwright, of mitmproxy or of a mock."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mockserver.capture.reading import API, Reading, read_response
from mockserver.errors import StartError
from mockserver.files import decode_text
from mockserver.sandbox.journal import is_secret_header

MOST_BYTES = 200_000_000
SHORTEST = 6
"""Characters of a value of a cookie, a parameter or a field that is taken for a secret."""
_WORD = re.compile(r"[A-Za-z-]+")


class Recording:
    """A HAR file: what it shows of the API, and which secrets it holds."""

    def __init__(self, path: Path) -> None:
        self.skipped = 0
        """Responses of the API that show nothing, or of which a part is missing."""
        self.secrets: set[str] = set()
        self._entries = _read_entries(path)

    def read(self) -> Iterator[Reading]:
        """Yield what the responses show, in their order."""
        for entry in self._entries:
            request = _take(entry, "request", dict, {})
            response = _take(entry, "response", dict, {})
            self._learn(request, response)
            address = _split(_take(request, "url", str, ""))
            if API not in address[0]:
                continue
            method = _take(request, "method", str, "").upper()
            status = _take(response, "status", int, 0)
            body = _read_body(_take(response, "content", dict, {}))
            if body is None and method != "DELETE":
                self.skipped += method not in ("OPTIONS", "HEAD")
                continue
            reading = read_response(method, address[0], status, body)
            if reading is not None:
                yield reading

    def _learn(self, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Note keys, cookies and tokens, of whatever service."""
        for message in (request, response):
            for header in _take(message, "headers", list, []):
                name, value = _take(header, "name", str, ""), _take(header, "value", str, "")
                if "cookie" in name.lower():
                    pairs = value.replace("\n", ";").split(";")
                    self._add(*(pair.partition("=")[2].strip() for pair in pairs))
                elif is_secret_header(name):
                    scheme, space, key = value.partition(" ")
                    self._add(key if space and _WORD.fullmatch(scheme) else value)
        for name, value in _split(_take(request, "url", str, ""))[1]:
            if is_secret_header(name):
                self._add(value)

    def _add(self, *secrets: str) -> None:
        self.secrets |= {secret for secret in secrets if len(secret) >= SHORTEST}


def _read_entries(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StartError(f"{path}: larger than {MOST_BYTES // 1_000_000} MB: record less")
        content = path.read_bytes()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    try:
        document = json.loads(decode_text(content, str(path)))
    except (ValueError, RecursionError):
        raise StartError(f"{path}: not a HAR file: it is not valid JSON") from None
    entries = _take(_take(document, "log", dict, {}), "entries", list, None)
    if entries is None:
        raise StartError(f"{path}: not a HAR file: expected an object with `log.entries`")
    return [entry for entry in entries if isinstance(entry, dict)]


def _read_body(content: dict[str, Any]) -> Any:
    """Return the JSON of a response; None where it is missing, cut, or no JSON."""
    text = content.get("text")
    if not isinstance(text, str):
        return None
    try:
        if content.get("encoding") == "base64":
            text = base64.b64decode(text).decode()
        return json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        return None


def _split(url: str) -> tuple[str, list[tuple[str, str]]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", []
    return parts.path, parse_qsl(parts.query)


def _take(value: Any, name: str, kind: type, default: Any) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, kind) and not isinstance(found, bool) else default
