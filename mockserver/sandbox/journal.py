"""The last exchanges of a sandbox, as a front-end developer wants to see them again.

Bounded in number and in bytes; no key is kept.
"""

import json
import shlex
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mockserver.contract.operation import Operation
from mockserver.errors import APIError

MOST_EXCHANGES = 500
MOST_BYTES = 2_000_000
MOST_BYTES_TOGETHER = 64_000_000
LONGEST_BODY = 64_000
SECRET_HEADERS = frozenset({"Authorization", "Cookie", "X-Mock-Control-Token"})
SECRET_OPERATIONS = frozenset({"credentials_provider_config_create"})
"""Operations whose bodies hold a secret."""
NOT_KEPT = b"(not kept)"
KEY = "$CREDMOCK_KEY"

Headers = tuple[tuple[str, str], ...]


class WrongMatch(APIError):
    """A match that cannot be one."""

    status = 400


class Exchange(NamedTuple):
    """One request and its response.

    `origin` is all that stands before the API's path, a sandbox too; `target` is that path with its
    query.
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

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.request_body) + len(self.response_body) + 1000


class Budget:
    """About how many bytes the journals of all sandboxes take together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether somebody's exchanges have to go."""
        return self._used > MOST_BYTES_TOGETHER

    def take(self, size: int) -> None:
        """Count bytes that are kept from now on, or given back where there are less than none."""
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

    @property
    def last(self) -> int:
        """The number of the last exchange that there was."""
        return self._number

    def add(
        self,
        operation: Operation | None,
        request_headers: Headers,
        request_body: bytes,
        response_body: bytes,
        **fields: Any,
    ) -> None:
        """Keep an exchange; the oldest ones go when there are too many."""
        if operation and operation.operation_id in SECRET_OPERATIONS and request_body:
            request_body = NOT_KEPT
        with self._lock:
            self._number += 1
            exchange = Exchange(
                number=self._number,
                operation=operation,
                request_headers=_without_secrets(request_headers),
                request_body=request_body[:LONGEST_BODY],
                response_body=response_body[:LONGEST_BODY],
                **fields,
            )
            self._exchanges.append(exchange)
            change = exchange.size
            while len(self._exchanges) > MOST_EXCHANGES or self._bytes + change > MOST_BYTES:
                change -= self._exchanges.popleft().size
            self._bytes += change
            if self._readers:
                self._news.notify_all()
        self.budget.take(change)

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        with self._lock:
            self._exchanges.clear()
            self.budget.take(-self._bytes)
            self._bytes = 0

    def after(self, number: int, seconds: float) -> list[Exchange]:
        """Return the exchanges after a number, the oldest first; wait so long for the first."""
        with self._lock:
            if self._number <= number:
                self._readers += 1
                self._news.wait(seconds)
                self._readers -= 1
            return [each for each in self._exchanges if each.number > number]

    def find(self, match: Mapping[str, Any]) -> list[Exchange]:
        """Return the exchanges that fit, the newest first; raises WrongMatch."""
        fits = _read_match(match)
        with self._lock:
            exchanges = list(self._exchanges)
        return [each for each in reversed(exchanges) if fits(each)]


def _without_secrets(headers: Headers) -> Headers:
    """Return request headers without keys: of `Authorization` its scheme is kept."""
    return tuple((n, _hidden(v) if n in SECRET_HEADERS else v) for n, v in headers)


def _hidden(value: str) -> str:
    scheme, space, _ = value.strip().partition(" ")
    return f"{scheme} {KEY}" if space else KEY


def _read_match(match: Mapping[str, Any]) -> Any:
    known = ("method", "path", "status", "operation")
    for word, value in match.items():
        if word not in known:
            raise WrongMatch(f"{word!r} is none of {', '.join(known)}")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise WrongMatch(f"{word}: {value!r} is neither a text nor a number")
    wanted = {word: str(value) for word, value in match.items()}

    def fits(exchange: Exchange) -> bool:
        operation = exchange.operation.operation_id if exchange.operation else ""
        return (
            wanted.get("method", exchange.method).upper() == exchange.method
            and wanted.get("operation", operation) == operation
            and wanted.get("status", str(exchange.status)) == str(exchange.status)
            and fnmatchcase(exchange.path, wanted.get("path", "*"))
        )

    return fits


def shown(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange in full, with a curl line and hints."""
    return {
        "number": exchange.number,
        "time": _time(exchange),
        "method": exchange.method,
        "path": exchange.target,
        "operation": exchange.operation.operation_id if exchange.operation else None,
        "status": exchange.status,
        "milliseconds": round(exchange.milliseconds, 1),
        "request": {
            "headers": dict(exchange.request_headers),
            "body": _text(exchange.request_body),
        },
        "response": {
            "headers": dict(exchange.response_headers),
            "body": _text(exchange.response_body),
        },
        "hints": list(hints(exchange)),
        "curl": curl(exchange),
    }


def curl(exchange: Exchange) -> str:
    """Return a line for a shell; the key is a variable."""
    words = ["curl", "-i"]
    if exchange.method != "GET":
        words += ["-X", exchange.method]
    for name, value in exchange.request_headers:
        if name.lower() in ("authorization", "content-type", "accept", "prefer"):
            line = f"{name}: {value}"
            words += ["-H", f'"{line}"' if KEY in value else shlex.quote(line)]
    if exchange.request_body:
        words += ["--data-binary", shlex.quote(_text(exchange.request_body))]
    return " ".join([*words, shlex.quote(f"{exchange.origin}{exchange.target}")])


def as_har(exchanges: list[Exchange], version: str) -> dict[str, Any]:
    """Return exchanges, given the newest first, as an HTTP Archive 1.2."""
    entries = [_entry(each) for each in reversed(exchanges)]
    creator = {"name": "credmock", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    body = _text(exchange.request_body)
    types = {n.lower(): v for n, v in (*exchange.request_headers,)}
    posted = {"postData": {"mimeType": types.get("content-type", ""), "text": body}} if body else {}
    content = _text(exchange.response_body)
    answered = {n.lower(): v for n, v in exchange.response_headers}
    common = {"httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1}
    return {
        "startedDateTime": _time(exchange),
        "time": exchange.milliseconds,
        "request": {
            **common,
            "method": exchange.method,
            "url": f"{exchange.origin}{exchange.target}",
            "headers": _named(exchange.request_headers),
            "queryString": _named(tuple(_query(exchange))),
            "bodySize": len(exchange.request_body),
            **posted,
        },
        "response": {
            **common,
            "status": exchange.status,
            "statusText": "",
            "headers": _named(exchange.response_headers),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": answered.get("content-type", ""),
                "text": content,
            },
            "redirectURL": answered.get("location", ""),
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange.milliseconds, "receive": 0},
    }


def hints(exchange: Exchange) -> Iterator[str]:
    """Yield what the developer may want to know: production would not have told them."""
    if exchange.operation is None:
        return
    declared = {each.name for each in exchange.operation.parameters if each.location == "query"}
    for name, value in _query(exchange):
        if name not in declared | {"format"}:
            yield f"`{name}` is not a parameter of this operation{_meant(name, declared)}"
        elif name in declared and exchange.operation.parameter(name).ignores(value):
            yield f"`{name}={value}` is not understood, and is passed over"
    yield from _hints_on_body(exchange, exchange.operation)


def _hints_on_body(exchange: Exchange, operation: Operation) -> Iterator[str]:
    try:
        sent = json.loads(exchange.request_body)
    except ValueError:
        return
    if operation.body is None or not isinstance(sent, dict):
        return
    members = {each.name: each for each in operation.body.fields.members}
    for name in sent:
        if name not in members:
            yield f"`{name}` is not a field of this body, and is ignored{_meant(name, members)}"
        elif members[name].alias_of:
            yield f"`{name}` is another spelling of `{members[name].alias_of}`"
    if exchange.status < 400:
        seen = set()
        for breach in operation.body.validator.iter_errors(sent):
            place = ".".join(map(str, breach.instance_path))
            if place and place not in seen:  # both spellings of a field may say so
                seen.add(place)
                reason = f"{breach.message[-200:]}; production takes it all the same"
                yield f"this body breaks the contract at `{place}`: {reason}"


def _meant(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _query(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.target.partition("?")[2], keep_blank_values=True)


def _named(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _time(exchange: Exchange) -> str:
    return datetime.fromtimestamp(exchange.moment, UTC).isoformat(timespec="milliseconds")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
