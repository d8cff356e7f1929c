"""The last exchanges of a sandbox, bounded in number and in bytes; no key is kept."""

import base64
import codecs
import re
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mockserver.contract.operation import Operation
from mockserver.errors import APIError
from mockserver.messages import AUTHENTICATION_SCHEMES

MOST_EXCHANGES = 500
MOST_BYTES = 2_000_000
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
    query. `hints` are for the author of the client.
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
    """The last exchanges of one sandbox."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._readers = 0
        self._exchanges: deque[Exchange] = deque()
        self._bytes = 0
        self._number = 0
        self._dropped = 0

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
    ) -> None:
        """Keep an exchange, whose headers hold no key; the oldest are dropped."""
        request_size, response_size = len(request_body), len(response_body)
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
            self._dropped = 0
            self._exchanges.clear()
            self.budget.take(-self._bytes)
            self._bytes = 0

    def drop_all(self) -> None:
        """Drop all exchanges, since other sandboxes need the room."""
        with self._lock:
            dropped = self._dropped + len(self._exchanges)
        self.clear()
        with self._lock:
            self._dropped += dropped

    def after(self, number: int, seconds: float) -> list[Exchange]:
        """Return the exchanges after a number, the oldest first; wait so long for the first."""
        with self._lock:
            if self._number <= number:
                self._readers += 1
                self._news.wait(seconds)
                self._readers -= 1
            return [exchange for exchange in self._exchanges if exchange.number > number]

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


def _read_match(match: Mapping[str, Any]) -> Any:
    known = ("method", "path", "status", "operation")
    for word, value in match.items():
        if word not in known:
            raise InvalidFilter(f"unknown filter {word!r}: use {', '.join(known)}")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise InvalidFilter(f"{word}: expected a text or a number, got {value!r}")
    wanted = {word: str(value) for word, value in match.items()}

    def matches(exchange: Exchange) -> bool:
        operation = exchange.operation.operation_id if exchange.operation else ""
        return (
            wanted.get("method", exchange.method).upper() == exchange.method
            and wanted.get("operation", operation) == operation
            and wanted.get("status", str(exchange.status)) == str(exchange.status)
            and fnmatchcase(exchange.path, wanted.get("path", "*"))
        )

    return matches


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
