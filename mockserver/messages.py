"""Plain requests and responses, and JSON as the framework writes it; no web framework in sight."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode

import orjson

JSON = "application/json"
HTML = "text/html; charset=utf-8"

AUTHENTICATION_SCHEMES = frozenset({"api-key", "api-token", "token", "bearer"})
"""Schemes of `Authorization`, in any case; FACTS "Authentication and access" [P][G][C]."""

MAXIMUM_FIELDS = 1000
"""Django's DATA_UPLOAD_MAX_NUMBER_FIELDS, which counts query fields as well as form fields."""

_LONG_INTEGER = re.compile(rb"\d{19}")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file part of a multipart body."""

    name: str
    content_type: str
    content: bytes

    def __str__(self) -> str:
        return self.name


class Headers(Protocol):
    """Request headers, found by name in any case."""

    def get(self, key: str) -> str | None:
        """Return a header's value."""


class Form(dict[str, list[str | UploadedFile]]):
    """The fields of a form, each with all its values in the order they came."""


class Request(NamedTuple):
    """One request as the behaviour sees it.

    `origin` is scheme and host as the client used them, `root` the path prefix in front of the
    API (`/dm`, or empty), `path` the quoted path including that prefix. In `query` the last value
    of a repeated key counts, as in Django. `read_body` returns the whole body and raises
    `BodyTooLarge` over the bound; `parse_multipart` takes body, boundary and charset.
    """

    method: str
    origin: str
    root: str
    path: str
    query_string: str
    query: Mapping[str, str]
    headers: Headers
    read_body: Callable[[], bytes] = bytes
    parse_multipart: Callable[[bytes, bytes, str], Form] = lambda body, boundary, encoding: Form()

    def link(self, **changes: str | None) -> str:
        """Return the absolute address of this call with query parameters replaced or removed.

        Keys are sorted and blanks kept, as Django REST Framework's pagination links do.
        """
        query = _change_query(self.query_string, tuple(changes.items()))
        return f"{self.origin}{self.path}" + (f"?{query}" if query else "")


@lru_cache(maxsize=256)
def _change_query(query: str, changes: tuple[tuple[str, str | None], ...]) -> str:
    """Return a query with parameters replaced or removed, sorted by their names."""
    changed = dict(changes)
    sent = parse_qsl(query, keep_blank_values=True)
    pairs = [(key, value) for key, value in changes if value is not None]
    pairs += [pair for pair in sent if pair[0] not in changed]
    return urlencode(sorted(pairs, key=itemgetter(0)))


class ReceivedRequest(NamedTuple):
    """A request as the client sent it; `path` is quoted and below the mock's prefix.

    `is_outside` tells that the path is not below the prefix. `body` yields what was sent.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: Iterable[bytes]
    length: int | None
    is_outside: bool = False


class Response(NamedTuple):
    """A response: status, bytes and headers; no content type means that there is no body."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})


def encode(value: Any) -> bytes:
    """Write JSON as Django REST Framework's renderer does: compact, UTF-8, U+2028/9 escaped.

    Raises ValueError for what JSON cannot hold (NaN, lone surrogates, endless nesting).
    """
    try:
        data = orjson.dumps(value)
    except TypeError:  # integers over 64 bits and nesting over 254 levels, which Python can write
        data = _encode_slowly(value)
    if b"\xe2\x80\xa8" in data or b"\xe2\x80\xa9" in data:
        data = data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return data


def decode(content: bytes) -> Any:
    """Read JSON, and what `encode` writes as it was: long integers and deep nesting, too.

    Raises json.JSONDecodeError. The faster reader makes long integers inexact, or refuses them.
    """
    try:
        value = orjson.loads(content)
        return json.loads(content) if _LONG_INTEGER.search(content) else value
    except RecursionError:  # the faster reader goes deeper
        raise json.JSONDecodeError("nested too deeply", content.decode(), 0) from None
    except json.JSONDecodeError as error:
        try:
            value = json.loads(content, parse_constant=_refuse_constant, parse_float=_read_float)
            encode(value)  # which refuses half of a surrogate pair, as the faster reader does
        except (ValueError, RecursionError):
            raise error from None
        return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


def _encode_slowly(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (RecursionError, TypeError) as error:
        raise ValueError(str(error)) from error
    return text.encode()


def indented(body: bytes, indent: int) -> bytes:
    """Return a JSON body spread over lines, for a client that asked with `indent=`."""
    return json.dumps(json.loads(body), indent=indent, ensure_ascii=False).encode()
