"""What a test expects of a request, as the control plane takes it, and how a request differs."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

from mockserver.api.forms import parse_multipart
from mockserver.errors import APIError
from mockserver.framework.parsers import FORM, MULTIPART, parse_body
from mockserver.messages import JSON, Form, Request, UploadedFile
from mockserver.sandbox.journal import (
    KEY,
    NOT_KEPT,
    SCHEMES,
    SECRET_OPERATIONS,
    Exchange,
    decode_text,
    is_secret_header,
    read_query,
)

LONGEST_TEXT = 1000
LONGEST_SHOWN = 300
MOST_NAMES = 100
DEEPEST_BODY = 50
PREFLIGHT = "access-control-request-method"


class InvalidExpectation(APIError):
    """An expectation that cannot be used; the text names the field."""

    status = 400


class Difference(NamedTuple):
    """A difference between an expectation and a request, in words.

    It is not certain where the journal does not have what would decide it.
    """

    text: str
    is_certain: bool = True


class Anything:
    """Stands for a body about which nothing is expected, since null is a body, too."""


ANYTHING = Anything()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected of a request; a field that is not set fits every request.

    `path` and the values of `headers` are patterns of fnmatch. Of objects in a body, only the named
    fields are compared.
    """

    method: str = ""
    path: str = ""
    operation: str = ""
    status: int = 0
    query: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: Any = ANYTHING

    def describe(self) -> str:
        """Return the expectation as a part of a sentence."""
        operation = f"({self.operation})" if self.operation else ""
        words = [*filter(None, (self.method, shorten(self.path), operation))] or ["any"]
        query = {name: _one_or_all(values) for name, values in self.query.items()}
        parts = [f"query {show(query)}"] if query else []
        parts += [f"headers {show(dict(self.headers))}"] if self.headers else []
        parts += [] if self.body is ANYTHING else [f"body {show(self.body)}"]
        parts += [f"status {self.status}"] if self.status else []
        return " ".join([*words, *([f"with {', '.join(parts)}"] if parts else [])])


@dataclass(frozen=True)
class SentRequest:
    """A request of the journal, with what is read of it once for all expectations."""

    exchange: Exchange

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers, by names in lower case."""
        return {name.lower(): value for name, value in self.exchange.request_headers}

    @cached_property
    def query(self) -> dict[str, tuple[str, ...]]:
        """All values of each query parameter, in their order."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in read_query(self.exchange):
            found[name] = (*found.get(name, ()), value)
        return found

    @cached_property
    def body(self) -> Any:
        """The body as JSON, a form as an object, anything else as text."""
        exchange = self.exchange
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        kind = media_type if media_type in (FORM, MULTIPART) else JSON
        content_type = self.headers["content-type"] if kind != JSON else JSON
        if not exchange.request_body:
            return None
        request = Request(
            exchange.method,
            exchange.origin,
            "",
            exchange.path,
            "",
            {},
            {"Content-Type": content_type},
            lambda: exchange.request_body,
            lambda body, boundary, encoding: parse_multipart(body, boundary, None, encoding),
        )
        try:
            body = parse_body(request, (JSON, FORM, MULTIPART))
        except APIError:
            return decode_text(exchange.request_body)
        return _describe_form(body) if isinstance(body, Form) else body

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asked by itself what the page may send."""
        return self.exchange.method == "OPTIONS" and PREFLIGHT in self.headers

    def differences(self, expectation: Expectation) -> Iterator[Difference]:
        """Yield each difference from an expectation."""
        exchange = self.exchange
        operation = exchange.operation.operation_id if exchange.operation else "none"
        for name, expected, got in (
            ("method", expectation.method, exchange.method),
            ("operation", expectation.operation, operation),
            ("status", expectation.status, exchange.status),
        ):
            if expected and expected != got:
                yield Difference(f"{name}: expected {expected}, got {got}")
        if expectation.path and not fnmatchcase(exchange.path, expectation.path):
            expected, got = shorten(expectation.path), shorten(exchange.path)
            yield Difference(f"path: expected {expected}, got {got}")
        yield from self._compare_query(expectation)
        yield from self._compare_headers(expectation)
        if expectation.body is not ANYTHING:
            yield from self._compare_body(expectation.body)

    def _compare_query(self, expectation: Expectation) -> Iterator[Difference]:
        for name, values in expectation.query.items():
            sent = self.query.get(name)
            if sent != values:
                yield _differ(f"query.{name}", _one_or_all(values), _one_or_all(sent), sent is None)

    def _compare_headers(self, expectation: Expectation) -> Iterator[Difference]:
        for name, pattern in expectation.headers.items():
            value = self.headers.get(name.lower())
            fits = value is None if pattern is None else fnmatchcase(value or "", pattern)
            if not fits or (value is None) != (pattern is None):
                yield _differ(f"headers.{name}", pattern, value, value is None)

    def _compare_body(self, expected: Any) -> Iterator[Difference]:
        exchange = self.exchange
        if not exchange.request_is_whole:
            kept = "no part" if exchange.request_body == NOT_KEPT else "only the beginning"
            text = f"body: {kept} of its {exchange.request_size} bytes is in the journal"
            yield Difference(text, is_certain=False)
        elif exchange.operation and exchange.operation.operation_id in SECRET_OPERATIONS:
            yield Difference("body: the journal does not keep secrets", is_certain=False)
        elif isinstance(expected, str) and decode_text(exchange.request_body) == expected:
            return
        else:
            yield from _compare(expected, self.body, "body")


def read_expectation(body: Mapping[str, Any]) -> Expectation:
    """Read an expectation as the control plane takes it; raises InvalidExpectation."""
    read: dict[str, Any] = {}
    for name, value in body.items():
        if name not in READERS:
            close = get_close_matches(name, READERS, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"use {', '.join(READERS)}"
            raise InvalidExpectation(f"unknown field {show(name)}: {hint}")
        try:
            read[name] = READERS[name](value)
        except ValueError as error:
            raise InvalidExpectation(f"{name}: {error}") from None
    return Expectation(**read)


def show(value: Any) -> str:
    """Return a JSON value as text of a bounded length."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return "a value that is nested too deeply"
    return shorten(text)


def shorten(text: str) -> str:
    """Return a text of a bounded length."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _differ(place: str, expected: Any, got: Any, is_missing: bool) -> Difference:
    wanted = "to be absent" if expected is None else show(expected)
    found = "but it is missing" if is_missing else f"got {show(got)}"
    return Difference(f"{place}: expected {wanted}, {found}")


def _compare(expected: Any, got: Any, place: str) -> Iterator[Difference]:
    """Yield where a JSON value differs; what is expected is DEEPEST_BODY levels deep at most."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            inner = f"{place}.{shorten(name)}"
            if name in got:
                yield from _compare(value, got[name], inner)
            else:
                yield Difference(f"{inner}: expected {show(value)}, but it is missing")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            counts = f"expected {len(expected)} items, got {len(got)}"
            yield Difference(f"{place}: {counts}: {show(got)}")
            return
        for index, (value, item) in enumerate(zip(expected, got, strict=True)):
            yield from _compare(value, item, f"{place}[{index}]")
    elif isinstance(expected, bool) != isinstance(got, bool) or expected != got:
        yield Difference(f"{place}: expected {show(expected)}, got {show(got)}")


def _describe_form(form: Form) -> dict[str, Any]:
    """Return a form as an object: a text for each field, a list for a repeated one."""
    shown = {
        name: [
            {"filename": value.name, "contentType": value.content_type, "size": len(value.content)}
            if isinstance(value, UploadedFile)
            else value
            for value in values
        ]
        for name, values in form.items()
    }
    return {name: values[0] if len(values) == 1 else values for name, values in shown.items()}


def _one_or_all(values: tuple[str, ...] | None) -> Any:
    if values is None:
        return None
    return values[0] if len(values) == 1 else list(values)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise ValueError(f"expected a text of 1 to {LONGEST_TEXT} characters, got {show(value)}")
    return value


def _method(value: Any) -> str:
    return _text(value).upper()


def _status(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
        raise ValueError(f"expected a status from 100 to 599, got {show(value)}")
    return value


def _named(value: Any, example: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > MOST_NAMES:
        raise ValueError(f"expected an object such as {example}, got {show(value)}")
    return value


def _query(value: Any) -> dict[str, tuple[str, ...] | None]:
    named = _named(value, '{"page": 2}')
    return {name: _parameter(each) for name, each in named.items()}


def _parameter(value: Any) -> tuple[str, ...] | None:
    """Read the value of a parameter, or all its values; numbers and truths are text on the wire."""
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float) for each in values):
        raise ValueError(f"expected a text, a number, a list of them, or null, got {show(value)}")
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in values)


def _headers(value: Any) -> dict[str, str | None]:
    named = _named(value, '{"Content-Type": "application/json*"}')
    for name, pattern in named.items():
        if pattern is not None:
            _check_header(name, _text(pattern))
    return dict(named)


def _check_header(name: str, pattern: str) -> None:
    """Refuse to compare a key, of which the journal has only that there is one."""
    if not is_secret_header(name):
        return
    scheme, _, rest = pattern.partition(" ")
    if pattern not in ("*", KEY) and not (scheme.lower() in SCHEMES and rest in ("*", KEY)):
        raise ValueError(f"the journal keeps no keys: for {name} expect 'Api-Key *', '*' or null")


def _body(value: Any) -> Any:
    level, depth = [value], 0
    while level:
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1
        if depth > DEEPEST_BODY:
            raise ValueError(f"it is nested more than {DEEPEST_BODY} deep")
    return value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "method": _method,
    "path": _text,
    "query": _query,
    "headers": _headers,
    "body": _body,
    "status": _status,
    "operation": _text,
}
"""How each field of an expectation is read; they raise ValueError."""
