"""`Target.send()`, the only way to the target: guard, rate limit, wire, redaction, records."""

import json
from collections.abc import Mapping
from importlib import import_module
from urllib.parse import urlsplit

from contract_tests.engine.bounds import Bounds
from contract_tests.engine.connection import Connection, Request
from contract_tests.engine.contract import load_contract
from contract_tests.engine.creations import Creations, build_collection_path, find_created_id
from contract_tests.engine.delivery import PROBE, Delivery, is_readable_list
from contract_tests.engine.effects import Effects
from contract_tests.engine.exchange import Response
from contract_tests.engine.interruption import Interruption
from contract_tests.engine.journal import Journal
from contract_tests.engine.observations import Observations
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import READS, Guard, RateLimiter, WorkerLock
from contract_tests.engine.unsafe_input import find_unsafe_input
from contract_tests.engine.watch import ADMIN, Watch
from contract_tests.errors import (
    Disturbed,
    InputRefused,
    RequestFailed,
    RuleFailed,
    TargetUnavailable,
    UsageError,
)
from contract_tests.settings.settings import Settings
from contract_tests.wire.transport import Application

RUN_MARK = "credcheck-"
"""How the marks of all runs begin; a name with one is of a run, this one or a neighbour's."""


class Target:
    """A deployment, with the guard that every request has to pass."""

    def __init__(
        self,
        settings: Settings,
        run_id: str,
        worker: str,
        workers: int,
        interruption: Interruption | None = None,
    ) -> None:
        self.settings = settings
        self._interruption = interruption or Interruption()
        self.contract = load_contract()
        self.guard = Guard(settings)
        self.mark = f"{RUN_MARK}{run_id}-{worker}-"
        self.journal = Journal(settings, run_id, worker, self.mark)
        self.redact = Redactor.from_settings(settings)
        self.observations = Observations(
            self.contract, self.redact, unknown_fields_fail=settings.no_unknown_fields
        )
        self.worker_lock = WorkerLock(settings, run_id, workers)
        self.effects = Effects()
        self.bounds = Bounds(settings)
        self.watch = Watch()
        self._creations = Creations(settings, self.guard, self.journal, self.effects, self.redact)
        self._own_path = build_collection_path(settings.org, settings.user_id)
        limiter = RateLimiter(settings.rate, workers)
        self._connection = Connection(
            settings,
            limiter,
            self.effects,
            self.bounds,
            self.redact,
            load_application(settings),
        )
        self._delivery = Delivery(
            settings,
            self.contract,
            self._connection,
            self.observations,
            self.bounds,
            self.watch,
            self.redact,
            self._own_path,
        )

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def begin(self, rule: str) -> None:
        """Begin a test of a rule, whose bounds count from now; an empty text ends that."""
        self._delivery.rule = rule
        self.bounds.begin(rule)

    @property
    def rule(self) -> str:
        """The rule that is tested, or an empty text."""
        return self._delivery.rule

    def send(
        self,
        method: str,
        path: str,
        *,
        actor: str | None = ADMIN,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retry_later: bool = True,
        proxy_may_refuse: bool = False,
    ) -> Response:
        """Send one request and return the response of the service; raises RequestFailed.

        `path` is quoted and relative to the base URL, `actor` is the role whose key is sent. With
        `retry_later` the request is repeated after a response that tells the client to wait. With
        `proxy_may_refuse` a firewall's refusal is returned, too, and is not a failure.

        Input that can damage what the target stores goes to disposable targets only, while no other
        worker writes, and the list must still work after it.
        """
        if self.rule:  # a cleanup goes on
            self._interruption.check()
        self.guard.check(method, path, body)
        request = self._delivery.build_request(method, path, actor, headers or {}, body)
        unsafe = "" if method in READS else find_unsafe(request)
        if not unsafe:
            return self._send(request, retry_later, proxy_may_refuse)
        self._check_unsafe(unsafe)
        with self.worker_lock.hold(exclusive=True):
            response = self._send(request, retry_later, proxy_may_refuse)
            self._look_at_list(request, response, unsafe)
            return response

    def _check_unsafe(self, unsafe: str) -> None:
        """Raise InputRefused unless such input may be sent."""
        if not self.settings.disposable:
            raise InputRefused(
                f"{unsafe} could damage what the target stores: it is sent with --disposable only"
            )
        if self.watch.lost:
            raise InputRefused(f"{unsafe} is not sent: {self.watch.lost}")

    def _look_at_list(self, request: Request, response: Response, unsafe: str) -> None:
        """Require the list to work after a request with unsafe input; else repair and fail."""
        look = self._delivery.probe()
        if is_readable_list(look) and "/issuers/" in request.path:
            look = self._delivery.probe("issuers/")
        if is_readable_list(look) or (look.status == 200 and not self.watch.has_listed):
            return
        created = find_created_id(response.value) if response.status < 300 else None
        item = request.path.partition("?")[0] + (created or "")
        if self.guard.is_own(item.rpartition("/")[2]):
            self.send("DELETE", item)
        if not is_readable_list(self._delivery.probe()):
            self._lose(look, self._delivery.describe(response))
        what = f"the list after a request with {unsafe}: expected 200, got {look.status}"
        raise RuleFailed(what, look, expected=200, got=look.status)

    def _send(self, request: Request, retry_later: bool, proxy_may_refuse: bool) -> Response:
        """Send a request, a POST once more if its connection ended before a byte came back."""
        location = request.path.partition("?")[0]
        for attempt in (1, 2):
            intent = self._creations.announce(request.method, location, request.body)
            try:
                response = self._delivery.send(
                    request, retry_later, proxy_may_refuse, is_again=attempt > 1
                )
            except BaseException as lost:  # also an interrupt while it is carried out
                is_unanswered = isinstance(lost, Disturbed) and lost.unanswered
                may_repeat = request.method == "POST" and is_unanswered and attempt == 1
                if may_repeat and not self._was_stored(location, request.body):
                    continue
                self._creations.note_lost(request.method, location)
                raise
            self._creations.settle(intent, request.method, location, response)
            self._watch_basic_read(request, response)
            return response
        raise AssertionError("not reached")

    def _was_stored(self, location: str, body: bytes | None) -> bool:
        """Tell whether a POST whose response was lost may have been carried out.

        Only what has a name of this run can be looked for; raises RequestFailed if that fails.
        """
        name = self._creations.find_name(location, body)
        if self.mark not in name:
            return True
        listed = self._delivery.send(
            self._delivery.build_request("GET", f"{location}{PROBE}", ADMIN, {}, None), True, False
        )
        return not is_readable_list(listed) or json.dumps(name)[1:-1] in json.dumps(listed.value)

    def _watch_basic_read(self, request: Request, response: Response) -> None:
        """Look at the list after a server error: it may be what broke the list."""
        if not self.watch.has_listed:
            is_list = request.path.partition("?")[0] == self._own_path
            self.watch.has_listed = is_list and is_readable_list(response)
        elif response.status >= 500 and self.rule:
            self.look_for_loss(self._delivery.describe(response))

    def look_for_loss(self, since: str) -> None:
        """Note if the list of credentials, which could be read, cannot be read any more."""
        if not self.watch.has_listed or self.watch.lost:
            return
        try:
            look = self._delivery.probe()
        except TargetUnavailable:
            raise
        except RequestFailed:  # nothing is known, and what was found before counts
            return
        if not is_readable_list(look):
            self._lose(look, since)

    def _lose(self, look: Response, since: str) -> None:
        reason = f"GET returns {look.status}" if look.status != 200 else "it is no page of JSON"
        self.watch.lose(f"the list of credentials cannot be read ({reason})", since)


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


def find_unsafe(request: Request) -> str:
    """Return what of a request can damage what the target stores, or an empty text."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return find_unsafe_input(request.body, headers.get("content-type", ""))


def split_address(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL in one spelling, and its path."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}", parts.path.rstrip("/")
