"""`Target.send()`: the only way to the wire. Guard, rate limit, wire, redaction, records."""

import json
import re
import shlex
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, quote, unquote_to_bytes, urlsplit

import httpx

from contract_tests.engine.contract import JSON, load_contract
from contract_tests.engine.journal import Journal
from contract_tests.engine.outcome import Cause, CouldNotAsk, Exchange, Finding, TargetRefuses
from contract_tests.engine.safety import Guard, Limiter, Redactor, Turnstile, creates
from contract_tests.engine.settings import Settings

LONGEST_BODY = 20_000
"""Characters of a body that a finding shows."""
LONGEST_LOGGED = 2_000
LONGEST_NAME = 1_100
MOST_EXCHANGES = 10_000
REFUSALS_IN_A_ROW = 6
FAILURES_IN_A_ROW = 3
LONGEST_WAIT = 60.0
TRIES = 3
FRONT = frozenset({400, 403, 413, 414, 431, 494, 501, 503})
"""Statuses that something in front of a service answers to what it takes for an attack."""
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
    def is_from_the_front(self) -> bool:
        """Whether this looks like a proxy's or a firewall's word, and not the service's."""
        return self.status in FRONT and JSON not in self.headers.get("content-type", "")

    @cached_property
    def value(self) -> Any:
        """The body as JSON, which is not to be changed; what is no JSON is its text."""
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
        self.mark = f"credcheck-{run_id}-{worker}-"
        self.journal = Journal(settings, run_id, worker, self.mark)
        self.redact = Redactor(
            settings.keys, {name: settings.headers[name] for name in settings.secret_headers}
        )
        self.rule = ""
        self.exchanges: list[Exchange] = []
        self.findings: dict[Cause, Finding] = {}
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
        odd: bool = False,
    ) -> Reply:
        """Send one request and return its reply; raises CouldNotAsk.

        `path` is quoted and relative to the base URL, `actor` the role whose key goes with it.
        `patient` waits where the target asks to come back later; `odd` is what something in front
        of the service may refuse in its place.
        """
        self.guard.check(method, path, body)
        all_headers = {**self.settings.headers, **self._key_of(actor), **(headers or {})}
        place = path.partition("?")[0]
        is_noted = creates(method, place)
        intent = self._intend(self._home if "/exim/" in place else place, body) if is_noted else 0
        reply = self._answered(method, path, actor, all_headers, body, patient, odd)
        if is_noted:
            self._settle(intent, place, reply)
        elif method == "POST" and reply.status < 300:
            self.guard.own |= {created_id(reply.value) or ""} - {""}  # goes with what it is part of
        folder, _, entity_id = place.rpartition("/")
        if method == "DELETE" and reply.status in (200, 204):
            self.guard.deleted.add(entity_id)
            self.journal.forget(entity_id)
        elif method == "PUT" and reply.status < 300 and not self.guard.is_own(entity_id):
            self.guard.own.add(entity_id)  # what was gone, or never there, is there now
            self.journal.write(created=entity_id, at=f"{folder}/")
        return reply

    def _intend(self, place: str, body: bytes | None) -> int:
        """Write down what is about to be created; raises CouldNotAsk for what could get lost.

        What no list shows is not found again when its answer is lost.
        """
        described = _described(body)
        if described["hidden"] and not self.settings.disposable:
            raise CouldNotAsk("a hidden credential is created on disposable targets only")
        return self.journal.intend(place, **described)

    def _settle(self, intent: int, place: str, reply: Reply) -> None:
        """Note what came of a POST: the id that it created, or that it was refused."""
        made = dict(self._made(place, reply.value)) if reply.status < 300 else {}
        with self._lock:
            for entity_id, at in made.items():
                self.guard.own.add(entity_id)
                self.journal.write(created=entity_id, at=at, settles=intent)
            if not made and 400 <= reply.status < 500:
                self.journal.write(refused=intent)

    def _made(self, place: str, value: Any) -> Iterator[tuple[str, str]]:
        """Yield what an answer says was created, each with the folder it is in."""
        entity_id = created_id(value)
        if entity_id:
            yield entity_id, place
        for each in _entries(value, "result", "successful_assignments"):
            folder = place.rpartition("/assignments/")[0]
            yield each.get("assignment_id", ""), f"{folder}/assignments/"
        for each in _entries(value, "imported"):
            if each.get("created"):
                yield each.get("entityId", ""), self._home

    @property
    def _home(self) -> str:
        """The collection that an import, which names none, creates in."""
        return collection(self.settings.org, self.settings.user_id)

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
        odd: bool,
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
            reply = self._record(method, path, actor, headers, body, response, started, odd)
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
        odd: bool,
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
        if odd and reply.is_from_the_front:
            self.notices.add(f"something in front of the target answers odd input: {reply.status}")
        else:
            findings = list(self._judged(reply))
            with self._lock:
                for finding in findings:
                    self._keep(finding)
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

    def _keep(self, finding: Finding) -> None:
        """Keep a finding; of one cause the smallest request that shows it."""
        known = self.findings.get(finding.cause)
        if known is None or _size(finding) < _size(known):
            self.findings[finding.cause] = finding

    def causes(self, reply: Reply) -> set[Cause]:
        """Return what is wrong with a reply by the contract alone."""
        return {each.cause for each in self._judged(reply)}

    def _judged(self, reply: Reply) -> Iterator[Finding]:
        """Hold a reply against the contract, and yield what is wrong with it.

        What asks for patience is no answer of the service, and often not even its own.
        """
        method, status, body = reply.exchange.method, reply.status, reply.body
        operation = self.contract.operations.get(reply.exchange.operation)
        if operation is None or status == 429 or (status == 503 and "retry-after" in reply.headers):
            return

        def finding(rule: str, message: str, expected: str, got: str) -> Finding:
            got = self.redact(got)
            return Finding(rule, operation.id, message, expected, got, reply.exchange)

        if status >= 500:
            yield finding("ERR-01", f"{status} on {method}", "no 5xx", str(status))
            return
        complaint = next(
            self.contract.complaints(operation, method, status, reply.headers, body), None
        )
        if complaint:
            yield finding("SCHEMA-01", *complaint)
        elif method != "HEAD" and body:
            for place in self.contract.unknown_fields(operation, status, reply.value):
                message = f"the contract does not know {place}"
                if self.settings.no_unknown_fields:
                    yield finding("SCHEMA-02", message, "no such field", place)
                else:
                    self.notices.add(f"{operation.id}: {message}")


def collection(org: str, user_id: str) -> str:
    """Return the path of a collection of credentials."""
    return f"/api/credentials/orgs/{quote(org, safe='')}/users/{quote(user_id, safe='')}/"


def _size(finding: Finding) -> int:
    """Return how much a reader has to read of a finding's request."""
    exchange = finding.exchange
    return len(exchange.url) + len(exchange.request_body) if exchange else 0


def _described(body: bytes | None) -> dict[str, Any]:
    """Return what the journal tells of a body: the name in it, and whether it is hidden."""
    try:
        sent = json.loads(body or b"")
    except (ValueError, RecursionError):
        sent = {
            name: values[-1] for name, values in parse_qs((body or b"").decode("latin-1")).items()
        }
    if not isinstance(sent, dict):
        sent = {}
    return {"name": str(sent.get("name", ""))[:LONGEST_NAME], "hidden": is_hidden(sent)}


def is_hidden(fields: Mapping[str, Any]) -> bool:
    """Tell whether a body makes a credential that no list shows."""
    return str(fields.get("public", True)).lower() in ("false", "f", "no", "n", "off", "0")


def _entries(value: Any, *names: str) -> list[dict[str, Any]]:
    """Return the objects of a list inside an answer, none where there is no such list."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


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

        return create_app(Config(seed=settings.seed, api_version=settings.api_version))
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


def address_of(url: str) -> tuple[str, str]:
    """Return scheme, host and port of an address in one spelling, and its path."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}", parts.path.rstrip("/")
