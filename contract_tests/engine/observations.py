"""What the responses of one process show: coverage, exchanges, and departures from the contract."""

import re
import threading
import traceback
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from contract_tests.engine.contract import JSON, Contract, Operation
from contract_tests.engine.exchange import Exchange, Response
from contract_tests.engine.results import Cause, Finding
from contract_tests.engine.strict_json import parse_strictly

MOST_EXCHANGES = 10_000
MOST_DEPARTURES = 100
"""Responses that are not as documented, of those that a test got."""
UNKNOWN_SHAPES = frozenset(
    {"credentials_orgs_users_issuers_create", "credentials_orgs_users_issuers_authority_create"}
)
"""Operations with several readings of a success (FACTS, S6)."""
SHAPES = ("SCHEMA-01", "SCHEMA-02")
"""The rules about what a response consists of."""
OPEN_STATUSES = frozenset(
    {
        ("credentials_orgs_users_assertions_retrieve_3", 400),  # it may check its page size
        ("credentials_public_assertions_retrieve", 401),  # it may check a key that was sent
    }
)
"""Status codes of which nothing is known; rules say what they mean."""
ODD = re.compile(r"%[01][0-9A-F]|%7F|%F[5-9A-F]|%ED%[AB]|%C[01]|[^&]{1000}", re.IGNORECASE)
"""A control character, invalid UTF-8 or a very long text in a query."""


class Observations:
    """Records every response, and checks it against the contract."""

    def __init__(
        self, contract: Contract, redact: Callable[[str], str], *, unknown_fields_fail: bool
    ) -> None:
        self.requests = 0
        self.exchanges: list[Exchange] = []
        self.findings: dict[Cause, Finding] = {}
        self.departures: deque[tuple[Response, str]] = deque(maxlen=MOST_DEPARTURES)
        """The latest responses of another shape than the contract has, each with a sentence."""
        self.last: Response | None = None
        """The response that was judged last."""
        self.notices: set[str] = set()
        self.coverage: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._contract = contract
        self._redact = redact
        self._unknown_fields_fail = unknown_fields_fail
        self._lock = threading.Lock()

    def record(self, response: Response) -> None:
        """Record a response, whatever rule asked."""
        with self._lock:
            self.requests += 1
            if len(self.exchanges) < MOST_EXCHANGES:
                self.exchanges.append(response.logged)

    def judge(self, response: Response) -> None:
        """Record how a response of the service differs from the contract."""
        if response.logged.operation:
            with self._lock:
                self.coverage[response.logged.operation][response.status] += 1
        self.last = response
        findings = list(self._check(response))
        shapes = [finding.message for finding in findings if finding.rule in SHAPES]
        if shapes:
            self.departures.append((response, shapes[0]))
        for finding in findings:
            self.keep(finding)

    def find_causes(self, response: Response) -> set[Cause]:
        """Return what is wrong with a response according to the contract alone."""
        return {finding.cause for finding in self._check(response)}

    def keep(self, finding: Finding) -> None:
        """Keep a finding, of one cause the one with the smallest request."""
        with self._lock:
            known = self.findings.get(finding.cause)
            if known is None or finding.measure() < known.measure():
                self.findings[finding.cause] = finding

    def find_departure(self, error: BaseException) -> str:
        """Return what is wrong with the shape of a response that code read when it failed.

        An empty text if all that it read was as documented: the fault is then that of the code.
        """
        return next(
            (
                message
                for response, message in reversed(list(self.departures))
                if response is self.last or was_read(response, error)
            ),
            "",
        )

    def _check(self, response: Response) -> Iterator[Finding]:
        """Yield how a response differs from the contract.

        A response that tells the client to wait is not checked: often a proxy sends it.
        """
        status, headers = response.status, response.headers
        if status == 429 or (status == 503 and "retry-after" in headers):
            return
        method = response.logged.method
        operation = self._contract.operations.get(response.logged.operation)
        if operation is None:
            yield from self._check_json(response)
            return
        if status >= 500:
            message = f"{operation.summary}: {method} returns {status}"
            yield self._make_finding("ERR-01", response, message, "no 5xx", str(status))
            return
        if is_allowed_otherwise(response):
            return
        mismatches = self._contract.find_mismatches(
            operation, method, status, headers, response.body
        )
        for mismatch in mismatches:
            message = f"{operation.summary}, {status}: {mismatch.message}"
            yield self._make_finding(
                "SCHEMA-01", response, message, mismatch.expected, mismatch.got
            )
        if method != "HEAD" and response.body:
            yield from self._check_unknown_fields(operation, response)

    def _check_json(self, response: Response) -> Iterator[Finding]:
        """Yield what is wrong with the JSON of a response that no operation documents."""
        if JSON not in response.headers.get("content-type", "") or not response.body:
            return
        try:
            _, faults = parse_strictly(response.body.decode("utf-8"))
        except (ValueError, RecursionError):
            faults = [("the body is not valid JSON", response.logged.response_body[:60])]
        for fault, got in faults:
            message = f"{response.logged.method}, {response.status}: {fault}"
            yield self._make_finding("SCHEMA-01", response, message, "JSON", got)

    def _check_unknown_fields(self, operation: Operation, response: Response) -> Iterator[Finding]:
        for field in self._contract.find_unknown_fields(operation, response.status, response.body):
            message = f"the contract does not define `{field}`"
            if self._unknown_fields_fail:
                message = f"{operation.summary}, {response.status}: {message}"
                yield self._make_finding("SCHEMA-02", response, message, "no such field", field)
            else:
                self.notices.add(self._redact(f"{operation.id}: {message}"))

    def _make_finding(
        self, rule: str, response: Response, message: str, expected: str, got: str
    ) -> Finding:
        exchange, redact = response.exchange, self._redact
        return Finding(
            rule, exchange.operation, redact(message), redact(expected), redact(got), exchange
        )


def is_allowed_otherwise(response: Response) -> bool:
    """Tell whether a response is right though the contract has no place for it.

    A client that accepts HTML gets the framework's browsable pages where these are switched on. A
    read with control characters, or with bytes that are not UTF-8, may be refused with 400. Of some
    responses the shape is not known.
    """
    exchange = response.logged
    if exchange.operation in UNKNOWN_SHAPES and response.status in (200, 201):
        return True
    if (exchange.operation, response.status) in OPEN_STATUSES:
        return True
    accepts = {name.lower(): value for name, value in exchange.request_headers.items()}
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if media_type == "text/html" and "text/html" in accepts.get("accept", ""):
        return True
    is_read = exchange.method in ("GET", "HEAD")
    return is_read and response.status == 400 and ODD.search(exchange.url) is not None


def was_read(response: Response, error: BaseException) -> bool:
    """Tell whether code that failed had a response, or a part of its body, in a variable."""
    held = {id(response), *map(id, list_containers(response.value))}
    return any(
        id(value) in held
        for frame, _ in traceback.walk_tb(error.__traceback__)
        for value in frame.f_locals.values()
    )


def list_containers(value: Any) -> Iterator[Any]:
    """Yield the objects and arrays of a JSON value, itself included."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict | list):
            yield value
            pending += value.values() if isinstance(value, dict) else value
