"""`Target.send()`, the only way to the target: guard, rate limit, wire, redaction, records."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from urllib.parse import urlsplit

import httpx

from contract_tests.engine.contract import load_contract
from contract_tests.engine.creations import Creations
from contract_tests.engine.exchange import (
    Exchange,
    Response,
    build_curl,
    describe_body,
    redact_headers,
)
from contract_tests.engine.journal import Journal
from contract_tests.engine.observations import Observations
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import READS, Guard, RateLimiter, WorkerLock
from contract_tests.engine.transport import Application, open_client
from contract_tests.errors import RequestFailed, TargetUnavailable, UsageError
from contract_tests.settings.settings import Settings

MOST_REFUSALS = 6
"""Responses in a row that tell the client to wait, before the run stops."""
MOST_FAILURES = 3
"""Requests in a row without a response, before the run stops."""
LONGEST_WAIT = 60.0
MOST_TRIES = 3
"""Attempts of a read that gets no response."""


@dataclass(frozen=True)
class Request:
    """A request as it is sent; `path` is quoted and relative to the base URL."""

    method: str
    path: str
    actor: str | None
    headers: Mapping[str, str]
    body: bytes | None


class Target:
    """A deployment, with the guard that every request has to pass."""

    def __init__(self, settings: Settings, run_id: str, worker: str, workers: int) -> None:
        self.settings = settings
        self.contract = load_contract()
        self.guard = Guard(settings)
        self.mark = f"credcheck-{run_id}-{worker}-"
        self.journal = Journal(settings, run_id, worker, self.mark)
        self.redact = Redactor.from_settings(settings)
        self.rule = ""
        self.observations = Observations(
            self.contract, self.redact, unknown_fields_fail=settings.no_unknown_fields
        )
        self.worker_lock = WorkerLock(settings, run_id, workers)
        self._creations = Creations(settings, self.guard, self.journal)
        self._limiter = RateLimiter(settings.rate, workers)
        self._refusals = 0
        self._failures = 0
        self._client = open_client(settings, load_application(settings))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        actor: str | None = "admin",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retry_later: bool = True,
        proxy_may_refuse: bool = False,
    ) -> Response:
        """Send one request and return its response; raises RequestFailed.

        `path` is quoted and relative to the base URL, `actor` is the role whose key is sent. With
        `retry_later` the request is repeated after a response that tells the client to wait. With
        `proxy_may_refuse` a proxy's refusal is not a failure of the service.
        """
        self.guard.check(method, path, body)
        location = path.partition("?")[0]
        intent = self._creations.announce(method, location, body)
        all_headers = {**self.settings.headers, **self._build_key_header(actor), **(headers or {})}
        request = Request(method, path, actor, all_headers, body)
        response = self._send_until_accepted(request, retry_later, proxy_may_refuse)
        self._creations.settle(intent, method, location, response)
        return response

    def _build_key_header(self, actor: str | None) -> dict[str, str]:
        if actor is None:
            return {}
        scheme = self.settings.auth_scheme
        key = self.settings.keys[actor]
        return {"Authorization": f"{scheme} {key}" if scheme else key}

    def _build_url(self, path: str) -> str:
        return self.settings.base_url.rstrip("/") + path

    def _send_until_accepted(
        self, request: Request, retry_later: bool, proxy_may_refuse: bool
    ) -> Response:
        """Send a request, again after each response that tells the client to wait."""
        for attempt in range(1, 100):
            received, started = self._send_until_answered(request)
            response = self._build_response(request, received, started)
            self.observations.record(response, proxy_may_refuse=proxy_may_refuse)
            wait = find_wait(received, attempt) if retry_later else None
            if wait is None:
                self._refusals = 0
                return response
            self._refusals += 1
            if self._refusals >= MOST_REFUSALS or wait > LONGEST_WAIT:
                raise TargetUnavailable(
                    f"the target returned {response.status} {self._refusals} times in a row"
                )
            time.sleep(wait)
        raise AssertionError("not reached")

    def _send_until_answered(self, request: Request) -> tuple[httpx.Response, float]:
        """Send a request, a read several times, and return the response and when it was sent.

        Raises RequestFailed if there is no response.
        """
        for attempt in range(1, MOST_TRIES + 1):
            self._limiter.wait()
            started = time.time()
            try:
                received = self._client.request(
                    request.method,
                    self._build_url(request.path),
                    headers=request.headers,
                    content=request.body,
                )
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                if request.method in READS and attempt < MOST_TRIES:
                    time.sleep(0.2 * attempt)
                    continue
                reason = self.redact(f"{type(error).__name__}: {error}")
                self._failures += isinstance(error, httpx.TransportError)
                if self._failures >= MOST_FAILURES:
                    raise TargetUnavailable(f"the target does not respond: {reason}") from None
                path = self.redact(request.path)
                raise RequestFailed(f"{request.method} {path}: {reason}") from None
            self._failures = 0
            return received, started
        raise AssertionError("not reached")

    def _build_response(
        self, request: Request, received: httpx.Response, started: float
    ) -> Response:
        headers = {name.lower(): value for name, value in received.headers.items()}
        operation = self.contract.find_operation(request.method, request.path.partition("?")[0])
        url = self._build_url(request.path)
        exchange = Exchange(
            rule=self.rule,
            operation=operation.id if operation else "",
            actor=request.actor or "anonymous",
            method=request.method,
            url=self.redact(url),
            request_headers=redact_headers(request.headers, self.redact),
            request_body=describe_body(request.body or b"", self.redact),
            status=received.status_code,
            response_headers=redact_headers(headers, self.redact),
            response_body=describe_body(received.content, self.redact),
            milliseconds=round((time.time() - started) * 1000, 1),
            started=datetime.fromtimestamp(started, UTC).isoformat(),
            curl=build_curl(request.method, url, request.headers, request.body, self.redact),
        )
        return Response(received.status_code, headers, received.content, exchange)


def load_application(settings: Settings) -> Application | None:
    """Return the WSGI application of a target in this process, None for any other target.

    Raises UsageError for one that cannot be imported.
    """
    if not settings.application:
        return None
    if settings.application == "mock":
        from mockserver import Config, create_app  # a run against another target needs no mock

        return create_app(Config(seed=settings.seed, api_version=settings.api_version))
    module, _, attribute = settings.application.partition(":")
    where = f"TARGET wsgi:{settings.application}"
    try:
        application: Application = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is somebody else's code
        reason = Redactor.from_settings(settings)(f"{type(error).__name__}: {error}")
        raise UsageError(f"{where}: cannot be imported: {' '.join(reason.split())}") from None
    if not callable(application):
        raise UsageError(f"{where}: {type(application).__name__} is not a WSGI application")
    return application


def find_wait(response: httpx.Response, attempt: int) -> float | None:
    """Return the seconds that a response tells the client to wait, None for any other response."""
    retry_after = response.headers.get("Retry-After")
    if response.status_code != 429 and not (response.status_code == 503 and retry_after):
        return None
    try:
        return max(float(retry_after or ""), 0.1)
    except ValueError:  # a date, or no header
        return float(min(0.5 * 2**attempt, LONGEST_WAIT))


def split_address(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL in one spelling, and its path."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}", parts.path.rstrip("/")
