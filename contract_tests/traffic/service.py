"""Finds the requests to the API in a recording, and brings each into the form that rules judge."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from contract_tests.catalogue.operations import LIST_CONFIGURATIONS, SAVE_CONFIGURATION
from contract_tests.engine.contract import Contract, Operation
from contract_tests.engine.curl import build_curl, refuse_curl
from contract_tests.engine.exchange import (
    Exchange,
    Redact,
    Response,
    describe_body,
    redact_headers,
)
from contract_tests.traffic.har import Recorded
from contract_tests.wire.intermediary import Answer, Front, find_interception, is_odd

API = "/api/credentials/"
SECRET_OPERATIONS = frozenset({LIST_CONFIGURATIONS, SAVE_CONFIGURATION})
"""Operations whose bodies hold the secrets of a provider."""
NOT_SENT = frozenset({"host", "content-length", "connection", "accept-encoding"})
"""Headers that curl sends by itself."""


@dataclass(frozen=True, eq=False)
class Call:
    """One exchange with the API, as it was recorded and as rules read it.

    `base` is all of the URL before the API, `path` and `query` are what follows.
    """

    recorded: Recorded
    base: str
    path: str
    operation: Operation | None
    response: Response

    @property
    def operation_id(self) -> str:
        """The id of the operation, or an empty text."""
        return self.operation.id if self.operation else ""

    @property
    def is_success(self) -> bool:
        """Whether the service did what it was asked for."""
        return 200 <= self.response.status < 300

    @property
    def is_whole(self) -> bool:
        """Whether the body of the response was recorded as it was sent."""
        return self.recorded.response_is_whole

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The query parameters in their order."""
        return parse_qsl(self.recorded.address.query, keep_blank_values=True)

    @cached_property
    def place(self) -> Mapping[str, str]:
        """The values in the path by the names of its parameters."""
        if self.operation is None:
            return {}
        pairs = zip(self.operation.path.split("/"), self.path.split("/"), strict=False)
        return {name[1:-1]: value for name, value in pairs if name.startswith("{")}

    @property
    def caller(self) -> tuple[str, str, str]:
        """Who asks: the key, as far as it was recorded, and platform and user of the path."""
        key = self.recorded.request_headers.get("authorization", "")
        return key, self.place.get("org", ""), self.place.get("user_id", "")

    @property
    def step(self) -> str:
        """The exchange in one line."""
        exchange = self.response.exchange
        return (
            f"{exchange.method} {exchange.url} -> {exchange.status} (entry {self.recorded.number})"
        )

    def is_before(self, other: "Call") -> bool:
        """Tell whether this response had come when the other request was sent."""
        return self.recorded.is_before(other.recorded)


@dataclass
class Sorting:
    """The exchanges of a recording by what can be said of them; numbers count exchanges."""

    calls: list[Call] = field(default_factory=list)
    foreign: int = 0
    unanswered: int = 0
    local: int = 0
    preflights: int = 0
    intercepted: dict[str, int] = field(default_factory=dict)

    def describe(self) -> Iterator[str]:
        """Yield a sentence for each kind of exchange that is passed over."""
        kinds = {
            "of other services or of pages": self.foreign,
            "without a response": self.unanswered,
            "answered by a cache or a script of the browser": self.local,
            "preflights of a browser": self.preflights,
        }
        kinds |= {f"answered by {what}": number for what, number in self.intercepted.items()}
        for kind, number in kinds.items():
            if number:
                yield f"passed over: {number} exchanges {kind}"


def sort_traffic(
    exchanges: Iterable[Recorded], contract: Contract, redact: Redact, base_url: str = ""
) -> Sorting:
    """Return the calls of the API in the order of time, and the number of each other kind."""
    sorting = Sorting()
    for recorded in exchanges:
        address = recorded.address
        prefix, found, rest = address.path.partition(API)
        base = f"{address.scheme}://{address.netloc}{prefix}"
        if not found or not address.netloc or base_url not in ("", base):
            sorting.foreign += 1
        elif not recorded.is_answered:
            sorting.unanswered += 1
        elif recorded.is_local:
            sorting.local += 1
        elif _is_preflight(recorded):
            sorting.preflights += 1
        else:
            call = _build_call(recorded, base, API + rest, contract, redact)
            _keep(sorting, call)
    # Python sorts stably: what began at one time, or has no time, stays as it was recorded.
    sorting.calls.sort(key=lambda call: call.recorded.started or 0.0)
    return sorting


def _keep(sorting: Sorting, call: Call) -> None:
    recorded = call.recorded
    answer = Answer(
        f"{call.path}?{recorded.address.query}",
        recorded.status,
        recorded.response_headers,
        recorded.response_body,
        wants_html="html" in recorded.request_headers.get("accept", ""),
        is_odd=is_odd(call.path, recorded.request_body),
    )
    interception = find_interception(answer) if call.is_whole else None
    if interception is None or interception.front is Front.UNKNOWN:
        sorting.calls.append(call)
        return
    what = interception.description
    sorting.intercepted[what] = sorting.intercepted.get(what, 0) + 1


def _is_preflight(recorded: Recorded) -> bool:
    headers = recorded.request_headers
    is_asked = "access-control-request-method" in headers or not headers
    return recorded.method == "OPTIONS" and is_asked


def _build_call(
    recorded: Recorded, base: str, path: str, contract: Contract, redact: Redact
) -> Call:
    operation = contract.find_operation(recorded.method, path)
    return Call(recorded, base, path, operation, build_response(recorded, operation, redact))


def build_response(recorded: Recorded, operation: Operation | None, redact: Redact) -> Response:
    """Return a recorded response with its exchange, in which no key is left."""
    sent = {name: value for name, value in recorded.request_headers.items() if name not in NOT_SENT}
    is_secret = operation is not None and operation.id in SECRET_OPERATIONS
    request_body, response_body = (
        b"(not shown)" if is_secret and body else body
        for body in (recorded.request_body, recorded.response_body)
    )
    started = datetime.fromtimestamp(recorded.started or 0, UTC)
    exchange = Exchange(
        rule="",
        operation=operation.id if operation else "",
        actor="",
        method=recorded.method,
        url=redact(recorded.url),
        request_headers=redact_headers(recorded.request_headers, redact),
        request_body=describe_body(request_body, redact),
        status=recorded.status,
        response_headers=redact_headers(recorded.response_headers, redact),
        response_body=describe_body(response_body, redact),
        milliseconds=round(1000 * ((recorded.ended or 0) - (recorded.started or 0)), 1)
        if recorded.ended
        else 0.0,
        started=started.isoformat(timespec="milliseconds"),
        curl=build_curl(recorded.method, recorded.url, sent, request_body or None, redact)
        if recorded.request_is_whole and not (is_secret and request_body)
        else refuse_curl("the recording does not hold the whole body, or it is a secret"),
    )
    return Response(
        recorded.status,
        recorded.response_headers,
        recorded.response_body,
        logged=exchange,
        describe=lambda: exchange,
    )


def read_fields(call: Call) -> dict[str, Any] | None:
    """Return the fields that a request sent as JSON; None for any other body."""
    if not call.recorded.request_is_whole:
        return None
    try:
        value = json.loads(call.recorded.request_body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
