"""`Target.send()`: the only way to the wire. Guard, rate limit, wire, redaction, records."""

import json
import re
import shlex
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import httpx

from contract_tests.contract import Operation, load_contract
from contract_tests.outcome import CouldNotAsk, Exchange, Finding, TargetRefuses
from contract_tests.safety import Guard, Journal, Limiter, Redactor, Turnstile, creates
from contract_tests.settings import Settings

LONGEST_BODY = 20_000
"""Characters of a body that a finding shows."""
LONGEST_LOGGED = 2_000
MOST_EXCHANGES = 10_000
REFUSALS_IN_A_ROW = 6
FAILURES_IN_A_ROW = 3
LONGEST_WAIT = 60.0
TRIES = 3
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
_SECRET_HEADERS = re.compile("authorization|cookie", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """An answer of the target."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    exchange: Exchange

    @property
    def curl(self) -> str:
        """The line that sends the request again."""
        return self.exchange.curl

    @property
    def value(self) -> Any:
        """The body as JSON; what is no JSON is its text."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode("utf-8", "replace")


class InProcess(httpx.BaseTransport):
    """Calls a WSGI application, with the path's bytes as PEP 3333 wants them.

    The transport of httpx hands on a path that it has decoded, which not every path survives.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path = unquote_to_bytes(request.url.raw_path.partition(b"?")[0]).decode("latin-1")

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            return self._application({**environ, "PATH_INFO": path}, start_response)

        transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
        response = transport.handle_request(request)
        if request.method == "HEAD":  # where a server leaves the body out
            return httpx.Response(response.status_code, headers=response.headers)
        return response


class Target:
    """A deployment, reached through one guarded door."""

    def __init__(self, settings: Settings, run_id: str, worker: str, workers: int) -> None:
        self.settings = settings
        self.contract = load_contract()
        self.guard = Guard(settings)
        self.journal = Journal(settings, run_id, worker)
        self.redact = Redactor(settings.keys, settings.headers)
        self.rule = ""
        self.exchanges: list[Exchange] = []
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.notices: set[str] = set()
        self.coverage: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.requests = 0
        self.turnstile = Turnstile(settings, run_id, workers)
        self._limiter = Limiter(settings.rate, workers)
        self._refusals = 0
        self._failures = 0
        self._lock = threading.Lock()
        self._client = self._make_client()

    def _make_client(self) -> httpx.Client:
        application = _application(self.settings)
        if application is not None:
            return httpx.Client(transport=InProcess(application), timeout=self.settings.timeout)
        return httpx.Client(
            timeout=self.settings.timeout,
            verify=_verification(self.settings.ca_bundle),
            limits=httpx.Limits(max_connections=64),
        )

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
        patient: bool = True,
    ) -> Reply:
        """Send one request and return its reply; raises CouldNotAsk.

        `path` is quoted and relative to the base URL, `actor` the role whose key goes with it.
        `patient` waits where the target asks to come back later.
        """
        self.guard.check(method, path, body)
        all_headers = {**self.settings.headers, **self._key_of(actor), **(headers or {})}
        place = path.partition("?")[0]
        if creates(method, place):
            self.journal.write(intent="POST", at=place)
        reply = self._answered(method, path, actor, all_headers, body, patient)
        if method == "POST" and reply.status < 300:
            self._remember(place, reply)
        if method == "DELETE" and reply.status in (200, 204):
            folder, _, entity_id = place.rpartition("/")
            self.guard.deleted.add(entity_id)
            self.journal.write(deleted=entity_id, at=f"{folder}/")
        return reply

    def _key_of(self, actor: str | None) -> dict[str, str]:
        if actor is None:
            return {}
        scheme = self.settings.auth_scheme
        key = self.settings.keys[actor]
        return {"Authorization": f"{scheme} {key}" if scheme else key}

    def _answered(
        self,
        method: str,
        path: str,
        actor: str | None,
        headers: Mapping[str, str],
        body: bytes | None,
        patient: bool,
    ) -> Reply:
        for attempt in range(1, 100):
            self._limiter.wait()
            started = time.time()
            try:
                response = self._client.request(
                    method, self.settings.base_url.rstrip("/") + path, headers=headers, content=body
                )
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                reason = self.redact(f"{type(error).__name__}: {error}")
                if method in ("GET", "HEAD", "OPTIONS") and attempt < TRIES:
                    time.sleep(0.2 * attempt)
                    continue
                self._failures += isinstance(error, httpx.TransportError)
                if self._failures >= FAILURES_IN_A_ROW:
                    raise TargetRefuses(f"the target does not answer: {reason}") from None
                raise CouldNotAsk(f"{method} {self.redact(path)}: {reason}") from None
            self._failures = 0
            reply = self._record(method, path, actor, headers, body, response, started)
            wait = _seconds_to_wait(response, attempt) if patient else None
            if wait is None:
                self._refusals = 0
                return reply
            self._refusals += 1
            if self._refusals >= REFUSALS_IN_A_ROW or wait > LONGEST_WAIT:
                raise TargetRefuses(
                    f"the target answered {response.status_code} {self._refusals} times in a row"
                )
            time.sleep(wait)
        raise AssertionError("not reached")

    def _record(
        self,
        method: str,
        path: str,
        actor: str | None,
        headers: Mapping[str, str],
        body: bytes | None,
        response: httpx.Response,
        started: float,
    ) -> Reply:
        content = response.content
        reply_headers = {name.lower(): value for name, value in response.headers.items()}
        operation = self.contract.find(method, path.partition("?")[0])
        exchange = Exchange(
            self.rule,
            operation.id if operation else "",
            actor or "nobody",
            method,
            self.redact(self.settings.base_url.rstrip("/") + path),
            {name: self._shown(name, value) for name, value in headers.items()},
            self.redact(_text(body or b"")),
            response.status_code,
            {name: self._shown(name, value) for name, value in reply_headers.items()},
            self.redact(_text(content)),
            round((time.time() - started) * 1000, 1),
            datetime.fromtimestamp(started, UTC).isoformat(),
            self._curl(method, path, headers, body),
        )
        reply = Reply(response.status_code, reply_headers, content, exchange)
        with self._lock:
            self.requests += 1
            if len(self.exchanges) < MOST_EXCHANGES:
                self.exchanges.append(_shortened(exchange))
            if operation:
                self.coverage[operation.id][reply.status] += 1
                self._judge(operation, method, reply)
        return reply

    def _shown(self, name: str, value: str) -> str:
        shown = self.redact(value)
        if _SECRET_HEADERS.search(name) and shown == value:
            return "[hidden]"
        return shown

    def _curl(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> str:
        words = ["curl", "-sS", "-i" if method != "HEAD" else "-I"]
        if method not in ("GET", "HEAD"):
            words += ["-X", method]
        for name, value in headers.items():
            # A variable, which the shell must fill in, stands in double quotes.
            line = f"{name}: {self._shown(name, value)}" if value else f"{name};"
            quoted = f'"{line}"' if "$CREDCHECK_" in line else shlex.quote(line)
            words += ["-H", quoted]
        if body is not None:
            words += ["--data-binary", _quoted(body, self.redact)]
        address = self.redact(self.settings.base_url.rstrip("/") + path)
        return " ".join([*words, shlex.quote(address)])

    def _judge(self, operation: Operation, method: str, reply: Reply) -> None:
        """Hold a reply against the contract; each cause is found once.

        What asks for patience is no answer of the service, and often not even its own.
        """
        status, body = reply.status, reply.body
        if status == 429 or (status == 503 and "retry-after" in reply.headers):
            return
        if status >= 500:
            self._find("ERR-01", operation, f"{status} on {method}", "no 5xx", str(status), reply)
            return
        for message, expected, got in self.contract.complaints(
            operation, method, status, reply.headers, body
        ):
            self._find("SCHEMA-01", operation, message, expected, got, reply)
            return
        if method != "HEAD" and body:
            for place in self.contract.unknown_fields(operation, status, reply.value):
                message = f"the contract does not know {place}"
                if self.settings.no_unknown_fields:
                    self._find("SCHEMA-02", operation, message, "no such field", place, reply)
                else:
                    self.notices.add(f"{operation.id}: {message}")

    def _find(
        self, rule: str, operation: Operation, message: str, expected: str, got: str, reply: Reply
    ) -> None:
        got = self.redact(got)
        finding = Finding(rule, operation.id, message, expected, got, reply.exchange)
        self.findings.setdefault(finding.cause, finding)

    def _remember(self, path: str, reply: Reply) -> None:
        """Note what a POST created, wherever the reply has its id."""
        entity_id = created_id(reply.value)
        if entity_id:
            with self._lock:
                self.guard.own.add(entity_id)
                if creates("POST", path):  # what is issued goes with its credential
                    self.guard.places[entity_id] = path
                    self.journal.write(created=entity_id, at=path)


def created_id(value: Any) -> str | None:
    """Return the entityId in a reply to a create, in the envelope or bare."""
    for holder in (value.get("result"), value) if isinstance(value, dict) else ():
        if isinstance(holder, dict) and isinstance(holder.get("entityId"), str):
            entity_id: str = holder["entityId"]
            return entity_id
    return None


def _application(settings: Settings) -> Application | None:
    """Return the WSGI application of a target in this process."""
    if not settings.application:
        return None
    if settings.application == "mock":
        from mockserver import Config, create_app

        return create_app(Config(seed=settings.seed))
    module, _, attribute = settings.application.partition(":")
    application: Application = getattr(import_module(module), attribute)
    return application


def _verification(ca_bundle: str) -> Any:
    if not ca_bundle:
        return True
    import ssl

    return ssl.create_default_context(cafile=ca_bundle)


def _seconds_to_wait(response: httpx.Response, attempt: int) -> float | None:
    """Return how long to wait when the target asks for patience, else None."""
    asked = response.headers.get("Retry-After")
    if response.status_code != 429 and not (response.status_code == 503 and asked):
        return None
    try:
        return max(float(asked or ""), 0.1)
    except ValueError:  # a date, or nothing at all
        return float(min(0.5 * 2**attempt, LONGEST_WAIT))


def _text(body: bytes) -> str:
    text = body.decode("utf-8", "backslashreplace")
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}… ({len(body)} bytes)"


def _shortened(exchange: Exchange) -> Exchange:
    """Return an exchange as the log of a run keeps it."""
    return replace(
        exchange,
        request_body=exchange.request_body[:LONGEST_LOGGED],
        reply_body=exchange.reply_body[:LONGEST_LOGGED],
        curl="",
    )


def _quoted(body: bytes, redact: Callable[[str], str]) -> str:
    """Quote a body for a shell; bytes that are no plain text are escaped for bash."""
    text = redact(_text(body))
    try:
        plain = body.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        plain = False
    if plain:
        return shlex.quote(text)
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in body[:LONGEST_BODY]
    )
    return f"$'{redact(escaped)}'"


def address_of(settings: Settings) -> tuple[str, str]:
    """Return scheme and host of a target, and the path that it is mounted at."""
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
