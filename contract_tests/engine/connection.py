"""Sends one request over the wire, and tells why there is no response."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from contract_tests.engine.bounds import Bounds
from contract_tests.engine.effects import Effects
from contract_tests.engine.safety import RateLimiter
from contract_tests.errors import BoundReached
from contract_tests.settings.settings import Settings
from contract_tests.wire.transport import Application, open_client

_CERTIFICATE_ALERTS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE")
"""What a server says in TLS that wants another client certificate, or any."""
MOST_BROKEN = 3
"""Kept connections that end without a byte, before no connection is kept any more."""
MOST_BYTES = 50_000_000
"""Bytes of a body; a run reads lists of some hundred records at most."""
TIMEOUTS_OF_A_RESPONSE = 4
"""How many timeouts a whole response may take, of which each wait for a part of it takes one."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
"""What OpenSSL makes of an answer that is not TLS."""


@dataclass(frozen=True)
class Request:
    """A request as it is sent; `path` is quoted and relative to the base URL."""

    method: str
    path: str
    actor: str | None
    headers: Mapping[str, str]
    body: bytes | None
    has_own_key: bool = True
    """Whether the key that is sent is the one of the role `actor`."""
    is_odd: bool = False
    """Whether a firewall may refuse it, as it looks like an attack."""


@dataclass(frozen=True)
class Received:
    """A response, and when its request was sent, in seconds since the epoch."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    started: float
    seconds: float


class NoResponse(Exception):
    """A request got no response, or only a part of one; the text is the reason."""

    def __init__(self, error: Exception, redact: Callable[[str], str], progress: set[str]) -> None:
        self.is_final = isinstance(error, httpx.InvalidURL | UnicodeError)
        """Whether the request cannot be sent at all."""
        never_connected = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
        self.was_sent = not isinstance(error, (*never_connected, httpx.ProxyError))
        """Whether the target may have got the request."""
        self.is_timeout = isinstance(error, httpx.TimeoutException)
        self.is_unanswered = not self.is_timeout and not any("receive_response_body" in name
                                                             for name in progress)  # fmt: skip
        """Whether the connection ended before a byte of a response came."""
        self.is_tls_failure = find_tls_error(error) is not None
        super().__init__(describe_error(error, redact))


def find_tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that caused an error."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def describe_error(error: Exception, redact: Callable[[str], str]) -> str:
    """Return why there is no response, with the option to use where one can help."""
    text = redact(f"{type(error).__name__}: {error}")
    tls_error = find_tls_error(error)
    if tls_error is not None or "certificate required" in text:
        reason = f"{tls_error.reason or '' if tls_error else ''} {text}".upper().replace(" ", "_")
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return f"{text}; see --ca-bundle"
        if any(alert in reason for alert in _CERTIFICATE_ALERTS):
            return (
                f"a wall in front of the service asks for a client certificate ({text}): pass "
                "--client-cert and --client-key"
            )
        if any(word in reason for word in _NO_TLS):
            return f"{text}; the port does not speak TLS: use http:// in base_url"
    if "illegal request line" in text or "illegal status line" in text:
        return f"{text}; the port does not speak HTTP/1.1: check it, or use https:// in base_url"
    return (
        f"the proxy refuses: {text}; see --proxy" if isinstance(error, httpx.ProxyError) else text
    )


def read_body(response: httpx.Response, until: float) -> bytes:
    """Return the decoded body of a response, which may come without end.

    Raises httpx.ReadTimeout if it is not whole at a time of the monotonic clock, and
    httpx.ReadError if it is too long.
    """
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise httpx.ReadError(f"the response has more than {MOST_BYTES:,} bytes")
        if time.monotonic() > until:
            raise httpx.ReadTimeout(f"the response was not whole after {len(body):,} bytes")
    return bytes(body)


class Connection:
    """The connections of one process to its target; each request keeps to rate and bounds."""

    def __init__(
        self,
        settings: Settings,
        limiter: RateLimiter,
        effects: Effects,
        bounds: Bounds,
        redact: Callable[[str], str],
        application: Application | None,
    ) -> None:
        self._settings = settings
        self._limiter = limiter
        self._effects = effects
        self._bounds = bounds
        self._redact = redact
        self._client = open_client(settings, application)
        self._once = None if application is None else self._client
        """A client with a new connection for each request, opened when it is needed."""
        self._lock = threading.Lock()
        self._broken = 0
        """How often a connection that had been kept ended without a byte."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        if self._once:
            self._once.close()

    def _choose_client(self, is_again: bool) -> httpx.Client:
        if not is_again and self._broken < MOST_BROKEN:
            return self._client
        with self._lock:
            self._once = self._once or open_client(self._settings, None, keeps=False)
            return self._once

    def build_url(self, path: str) -> str:
        """Return the address of a path."""
        return self._settings.base_url.rstrip("/") + path

    def send(self, request: Request, *, is_again: bool = False) -> Received:
        """Send a request once; raises NoResponse, and BoundReached before or while it is sent.

        One that `is_again` sent, since its connection ended, gets a connection of its own.
        """
        self._bounds.check()
        self._limiter.wait()
        timeout = self._bounds.limit(self._settings.timeout)
        progress: set[str] = set()
        client = self._choose_client(is_again)
        started, before = time.time(), time.monotonic()
        self._effects.count_request(request.method, started)
        try:
            with client.stream(
                request.method,
                self.build_url(request.path),
                headers=request.headers,
                content=request.body,
                timeout=timeout,
                extensions={"trace": lambda name, _: progress.add(name)},
            ) as response:
                longest = self._bounds.limit(TIMEOUTS_OF_A_RESPONSE * self._settings.timeout)
                body = read_body(response, before + longest)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            failure = NoResponse(error, self._redact, progress)
            self._broken += failure.is_unanswered and not any("connect" in one for one in progress)
        else:
            seconds = time.monotonic() - before
            self._bounds.count(seconds, 1)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Received(response.status_code, headers, body, started, seconds)
        self._bounds.count(time.monotonic() - before, 1)
        if failure.is_timeout and timeout < self._settings.timeout:
            self._bounds.check()
            raise BoundReached(f"reached its bound while {request.method} was not answered")
        raise failure
