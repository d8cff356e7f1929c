"""The last exchanges of a sandbox, bounded in number and in bytes; no key is kept."""

import base64
import codecs
import json
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from mockserver.contract.operation import Operation
from mockserver.errors import APIError
from mockserver.messages import AUTHENTICATION_SCHEMES

MOST_EXCHANGES = 500
MOST_BYTES = 8_000_000
MOST_BYTES_TOGETHER = 64_000_000
LONGEST_BODY = 64_000
SECRET_OPERATIONS = frozenset(
    f"credentials_orgs_users_provider_config_{verb}" for verb in ("retrieve", "create", "destroy")
)
"""Operations whose bodies hold the secrets of a provider."""
NOT_KEPT = b"(not kept)"
KEY = "$CREDMOCK_KEY"
SCHEMES = AUTHENTICATION_SCHEMES | {"basic"}
"""The first word of `Authorization` that is not part of a key, in any case."""
_SECRET_HEADER = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|session|csrf|jwt|-(auth|key)\Z",
    re.IGNORECASE,
)
"""Names of headers whose values no journal keeps, also those of other services."""

Headers = tuple[tuple[str, str], ...]


class InvalidFilter(APIError):
    """A filter of the journal that cannot be used."""

    status = 400


class Exchange(NamedTuple):
    """One request and its response.

    `origin` is all that stands before the API's path, a sandbox too; `target` is that path with its
    query. `hints` are for the author of the client. `key` is the one that `Authorization` named,
    where it is a key of the mock's own world, which is no secret, and `user` is whose it is.
    """

    number: int
    moment: float
    origin: str
    method: str
    target: str
    request_headers: Headers
    request_body: bytes
    status: int
    response_headers: Headers
    response_body: bytes
    milliseconds: float
    operation: Operation | None
    request_size: int
    response_size: int
    hints: tuple[str, ...] = ()
    key: str = ""
    user: int | None = None

    @property
    def request_is_whole(self) -> bool:
        """Whether the body of the request is kept as it was sent."""
        return len(self.request_body) == self.request_size

    @property
    def response_is_whole(self) -> bool:
        """Whether the body of the response is kept as it was sent."""
        return len(self.response_body) == self.response_size

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def size(self) -> int:
        """Its estimated memory in bytes."""
        hints = sum(map(len, self.hints))
        return len(self.request_body) + len(self.response_body) + hints + 1000


class Budget:
    """The memory of the journals of all sandboxes together, in bytes, estimated."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether exchanges have to be dropped."""
        return self._used > MOST_BYTES_TOGETHER

    def take(self, size: int) -> None:
        """Count bytes that are kept from now on; a negative number gives them back."""
        with self._lock:
            self._used += size


class Journal:
    """The last exchanges of one sandbox.

    `epoch` is another text for each journal: in another one the numbers begin again.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._readers = 0
        self._exchanges: deque[Exchange] = deque()
        self._bytes = 0
        self._number = 0
        self._cleared = 0
        self._dropped = 0
        self.epoch = secrets.token_hex(4)

    @property
    def cleared(self) -> int:
        """The number of the last exchange that was forgotten on demand."""
        return self._cleared

    @property
    def dropped(self) -> int:
        """How many exchanges were dropped for want of room since the journal was cleared."""
        return self._dropped

    @property
    def last(self) -> int:
        """The number of the last exchange."""
        return self._number

    def add(
        self,
        moment: float,
        origin: str,
        method: str,
        target: str,
        request_headers: Headers,
        request_body: bytes,
        status: int,
        response_headers: Headers,
        response_body: bytes,
        milliseconds: float,
        operation: Operation | None,
        hints: tuple[str, ...] = (),
        key: str = "",
        user: int | None = None,
        request_size: int = 0,
    ) -> None:
        """Keep an exchange, whose headers hold no key; the oldest are dropped.

        `request_size` is that of the whole body, where less of it was read.
        """
        request_size, response_size = max(request_size, len(request_body)), len(response_body)
        if operation and operation.operation_id in SECRET_OPERATIONS:
            request_body, response_body = (b and NOT_KEPT for b in (request_body, response_body))
        with self._lock:
            self._number += 1
            exchange = Exchange(
                self._number,
                moment,
                origin,
                method,
                target,
                request_headers,
                request_body[:LONGEST_BODY],
                status,
                response_headers,
                response_body[:LONGEST_BODY],
                milliseconds,
                operation,
                request_size,
                response_size,
                hints,
                key,
                user,
            )
            self._exchanges.append(exchange)
            change = exchange.size
            while len(self._exchanges) > MOST_EXCHANGES or self._bytes + change > MOST_BYTES:
                change -= self._exchanges.popleft().size
                self._dropped += 1
            self._bytes += change
            if self._readers:
                self._news.notify_all()
        self.budget.take(change)

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        with self._lock:
            self._forget(dropped=0)

    def drop_all(self) -> None:
        """Drop all exchanges, since other sandboxes need the room."""
        with self._lock:
            self._forget(dropped=self._dropped + len(self._exchanges))

    def _forget(self, dropped: int) -> None:
        self._dropped = dropped
        self._exchanges.clear()
        self._cleared = self._number
        self.budget.take(-self._bytes)
        self._bytes = 0

    def after(self, number: int, seconds: float) -> list[Exchange]:
        """Return the exchanges after a number, the oldest first; wait so long for the first."""
        with self._lock:
            if self._number <= number:
                self._readers += 1
                self._news.wait(seconds)
                self._readers -= 1
            return [exchange for exchange in self._exchanges if exchange.number > number]

    def get(self, number: int) -> Exchange | None:
        """Return the exchange of a number, or None where it is not kept."""
        with self._lock:
            return next((each for each in self._exchanges if each.number == number), None)

    def find(self, match: Mapping[str, Any]) -> list[Exchange]:
        """Return the exchanges that match, the newest first; raises InvalidFilter."""
        matches = _read_match(match)
        with self._lock:
            exchanges = list(self._exchanges)
        return [exchange for exchange in reversed(exchanges) if matches(exchange)]


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Tell whether the value of a header is a key, a token or a cookie, by its name."""
    return _SECRET_HEADER.search(name) is not None


def hide_key(value: str) -> str:
    """Return the value of a header without its key; the scheme of an `Authorization` is kept."""
    scheme, space, _ = value.strip().partition(" ")
    return f"{scheme} {KEY}" if space and scheme.lower() in SCHEMES else KEY


Condition = Callable[[Exchange], bool]


def _read_match(match: Mapping[str, Any]) -> Condition:
    """Return the condition that all filters make together; raises InvalidFilter."""
    conditions = []
    for word, value in match.items():
        if word not in FILTERS:
            raise InvalidFilter(f"unknown filter {word!r}: use {', '.join(FILTERS)}")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise InvalidFilter(f"{word}: expected a text or a number, got {value!r}")
        conditions.append(FILTERS[word](str(value)))
    return lambda exchange: all(condition(exchange) for condition in conditions)


def _match_operation(wanted: str) -> Condition:
    return lambda exchange: (
        wanted == (exchange.operation.operation_id if exchange.operation else "")
    )


def _match_words(wanted: str) -> Condition:
    """Match where each word is in the path, a header, a body or a hint, in any case."""
    words = wanted.casefold().split()
    if not words:
        return lambda exchange: True

    def matches(exchange: Exchange) -> bool:
        text = _searchable_text(exchange)
        return all(word in text for word in words)

    return matches


def _searchable_text(exchange: Exchange) -> str:
    headers = (*exchange.request_headers, *exchange.response_headers)
    operation = exchange.operation.operation_id if exchange.operation else ""
    texts = [
        *(exchange.method, exchange.target, unquote_plus(exchange.target), str(exchange.status)),
        *(operation, *exchange.hints, *(f"{name}: {value}" for name, value in headers)),
        _unescape(decode_text(exchange.request_body, is_whole=exchange.request_is_whole) or ""),
        _unescape(decode_text(exchange.response_body, is_whole=exchange.response_is_whole) or ""),
    ]
    return "\n".join(texts).casefold()


def _unescape(body: str) -> str:
    """Return a body with characters as people read them, which JSON may write by number."""
    if "\\u" not in body:
        return body
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _match_problems(wanted: str) -> Condition:
    """Match errors and what has hints (`true`), or neither (`false`)."""
    if wanted not in ("true", "false"):
        raise InvalidFilter(f"problems: expected true or false, got {wanted!r}")
    return lambda exchange: (exchange.status >= 400 or bool(exchange.hints)) == (wanted == "true")


def _match_after(wanted: str) -> Condition:
    if not wanted.isdecimal() or len(wanted) > 20:
        raise InvalidFilter(f"after: expected the number of an exchange, got {wanted!r}")
    number = int(wanted)
    return lambda exchange: exchange.number > number


FILTERS: Mapping[str, Callable[[str], Condition]] = {
    "method": lambda wanted: lambda exchange: wanted.upper() == exchange.method,
    "path": lambda wanted: lambda exchange: fnmatchcase(exchange.path, wanted),
    "status": lambda wanted: lambda exchange: wanted == str(exchange.status),
    "operation": _match_operation,
    "search": _match_words,
    "problems": _match_problems,
    "after": _match_after,
}
"""How each filter is read; they raise InvalidFilter."""


def read_query(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the query parameters of an exchange, in their order."""
    return parse_qsl(exchange.target.partition("?")[2], keep_blank_values=True)


def format_moment(exchange: Exchange) -> str:
    """Return the time of an exchange in ISO 8601."""
    return datetime.fromtimestamp(exchange.moment, UTC).isoformat(timespec="milliseconds")


def decode_text(body: bytes, *, is_whole: bool = True) -> str | None:
    """Return a body as text, or None for bytes that are no text, such as a picture.

    One that was cut may end within a character.
    """
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body, is_whole)
    except UnicodeDecodeError:
        return None


def encode_binary(body: bytes) -> str:
    """Return bytes as Base64."""
    return base64.b64encode(body).decode()
