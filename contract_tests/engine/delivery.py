"""Gets a request to the service, past what stands in front of it, and the service's response back.

A gateway's error, a connection that ends and a response that is cut are asked again where that is
safe; a wall, a login page or a firewall is named as what it is. What lasts stops the run.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from contract_tests.engine.bounds import Bounds
from contract_tests.engine.connection import Connection, NoResponse, Received, Request
from contract_tests.engine.contract import Contract
from contract_tests.engine.curl import build_curl
from contract_tests.engine.exchange import (
    LONGEST_LOGGED,
    Exchange,
    Response,
    describe_body,
    redact_headers,
)
from contract_tests.engine.interceptions import MOST_TRIES, Interceptions
from contract_tests.engine.observations import Observations
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import READS
from contract_tests.engine.watch import ADMIN, Watch
from contract_tests.errors import (
    Disturbed,
    Intercepted,
    RequestFailed,
    RuleFailed,
    TargetUnavailable,
)
from contract_tests.settings.settings import Settings
from contract_tests.wire.intermediary import Front, is_odd
from contract_tests.wire.keys import Keys
from contract_tests.wire.waiting import LONGEST_WAIT, find_wait, pause

MOST_REFUSALS = 6
"""Responses in a row that tell the client to wait, before the run stops."""
MOST_FIRST_TRIES = 3
"""Attempts of a request before the service has ever answered."""
MOST_TIMEOUTS = 2
"""Attempts of a read that gets no response in time."""
REPEATABLE = READS | {"PUT", "DELETE"}
"""Methods that may be sent again after a response was lost."""
MOST_PROBES = 3
"""Attempts of the basic read, before it counts as broken."""
PROBE = "?page_size=100"
"""The basic read: the list, with what was created last."""


class Delivery:
    """Sends requests until the service itself answers them."""

    def __init__(
        self,
        settings: Settings,
        contract: Contract,
        connection: Connection,
        observations: Observations,
        bounds: Bounds,
        watch: Watch,
        redact: Redactor,
        own_path: str,
    ) -> None:
        self.rule = ""
        self._settings = settings
        self._contract = contract
        self._connection = connection
        self._observations = observations
        self._bounds = bounds
        self._watch = watch
        self._redact = redact
        self._own_path = own_path
        self._keys = Keys(settings)
        self._interceptions = Interceptions(
            observations, watch, redact, own_path, self._ask, self._pause, self.describe
        )

    def build_request(
        self,
        method: str,
        path: str,
        actor: str | None,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Request:
        """Return a request with the headers of the settings and the key of a role.

        A rule names the header of keys `Authorization`, whatever the target calls it.
        """
        name = self._settings.auth_header
        given = {
            name if header.lower() == "authorization" else header: value
            for header, value in headers.items()
        }
        all_headers = {**self._settings.headers}
        if self._settings.basic_value:
            all_headers[self._settings.basic_header] = self._settings.basic_value
        if actor is not None:
            all_headers[name] = self._format_key(actor)
        all_headers |= given
        return Request(
            method,
            path,
            actor,
            all_headers,
            body,
            has_own_key=actor is not None and name not in given,
            is_odd=is_odd(path, body or b""),
        )

    def send(
        self,
        request: Request,
        retry_later: bool,
        proxy_may_refuse: bool,
        *,
        is_again: bool = False,
    ) -> Response:
        """Send a request until the service itself answers; raises RequestFailed.

        One that `is_again` sent, since its connection ended, gets a connection of its own.
        """
        refusals, faults, is_renewed = 0, 0, False
        while True:
            try:
                received = self._connection.send(request, is_again=is_again or faults > 0)
            except NoResponse as failure:
                faults += 1
                self._handle_silence(request, failure, faults)
                self._pause(pause(faults))
                continue
            response = self._build_response(request, received)
            if not is_renewed and self._has_new_key(request, response):
                self._observations.record(response)
                request, is_renewed = self._renew(request), True
                continue
            wait = find_wait(response.status, response.headers, refusals + 1)
            if retry_later and wait is not None:
                refusals += 1
                self._wait(request, response, wait, refusals)
                continue
            accepted = self._accept_or_repeat(request, response, proxy_may_refuse, faults)
            if accepted is not None:
                return accepted
            faults += 1
            self._pause(pause(faults))

    def _accept_or_repeat(
        self, request: Request, response: Response, proxy_may_refuse: bool, faults: int
    ) -> Response | None:
        """Return the response of the service, None if the request is to be sent again; else raise.

        What only this operation gets from something in front of the service is returned, too.
        """
        fronts = self._interceptions
        interception = fronts.find(request, response, proxy_may_refuse)
        if interception is None or fronts.has_lasted(request, response, interception):
            return self._accept(request, response, faults)
        most = fronts.count_tries(response, interception)
        if request.method in REPEATABLE and faults + 1 < most:
            self._observations.record(response)
            fronts.note(f"{interception.description}: asked again")
            return None
        if interception.front is Front.UNKNOWN:
            fronts.check_doubtful(response, interception)
            return self._accept(request, response, faults)
        self._observations.record(response)
        return fronts.handle(request, response, interception, proxy_may_refuse)

    def probe(self, below: str = "") -> Response:
        """Return the response of the basic read, of several until the list can be read.

        `below` is the part of the path that leads to another list, such as that of issuers.
        """
        request = self.build_request("GET", self._own_path + below + PROBE, ADMIN, {}, None)
        for attempt in range(1, MOST_PROBES + 1):
            response = self.send(request, retry_later=True, proxy_may_refuse=False)
            if is_readable_list(response) or attempt == MOST_PROBES:
                break
            self._pause(pause(attempt) / 2)
        return response

    def describe(self, response: Response) -> str:
        """Return which exchange of this process a response belongs to."""
        exchange = response.logged
        path = urlsplit(exchange.url).path
        when = exchange.started[11:19]
        return f"exchange {self._observations.requests} ({exchange.method} {path}, {when} UTC)"

    def _format_key(self, actor: str) -> str:
        return f"{self._settings.auth_scheme} {self._keys[actor]}".strip()

    def _accept(self, request: Request, response: Response, faults: int) -> Response:
        """Record the service's own response, judge it by the contract, and return it."""
        if faults and request.method == "DELETE" and response.status == 404:
            self._observations.record(response)
            raise Disturbed("the response to a DELETE was lost, and what it deleted is gone")
        self._check_key(request, response)
        self._observations.record(response)
        self._observations.judge(response)
        role = request.actor if request.has_own_key else None
        self._watch.note_answer(role, response.status)
        return response

    def _wait(self, request: Request, response: Response, wait: float, refusals: int) -> None:
        """Record a response that tells the client to wait, and wait as long as it says.

        Raises TargetUnavailable if that is too long, and Disturbed if the request must not be sent
        again.
        """
        self._observations.record(response)
        if refusals >= MOST_REFUSALS:
            raise TargetUnavailable(
                f"the target returned {response.status} {refusals} times in a row"
            )
        if wait > LONGEST_WAIT:
            raise TargetUnavailable(
                f"the target returned {response.status} and asks to wait {wait:.0f} s"
            )
        self._pause(wait)
        if response.status == 503 and request.method not in REPEATABLE:
            where = f"{request.method} {self._redact(request.path)}"
            raise Disturbed(f"{where} returns 503, and may have been carried out")

    def _pause(self, seconds: float) -> None:
        """Wait within the bounds of the test; raises BoundReached."""
        time.sleep(self._count_pause(seconds))

    def _ask(self) -> tuple[Request, Response]:
        """Send the basic read once, and return any response to it; raises NoResponse."""
        request = self.build_request("GET", self._own_path + PROBE, ADMIN, {}, None)
        return request, self._build_response(request, self._connection.send(request))

    def _count_pause(self, seconds: float) -> float:
        """Return how long to wait within the bounds of the test; raises BoundReached."""
        self._bounds.check()
        seconds = self._bounds.limit(seconds)
        self._bounds.count(seconds)
        return seconds

    def _handle_silence(self, request: Request, failure: NoResponse, faults: int) -> None:
        """Return if a request without a response may be sent again, else raise."""
        most = MOST_TIMEOUTS if failure.is_timeout else MOST_TRIES
        never_answered = not self._watch.has_answered
        is_hopeless = failure.is_final or failure.is_tls_failure
        may_repeat = request.method in REPEATABLE or not failure.was_sent
        if never_answered:  # a target that is silent is not worth another long wait
            most = min(most, MOST_FIRST_TRIES)
        if may_repeat and not is_hopeless and faults < most:
            self._interceptions.note(
                "a connection ended, or a response was late or cut: asked again"
            )
            return
        reason = f"{request.method} {self._redact(request.path)}: {failure}"
        if failure.is_final:
            raise RequestFailed(reason)
        obstacle = self._interceptions.find_lasting_obstacle()
        if never_answered or obstacle:
            raise TargetUnavailable(f"the target does not respond: {obstacle or failure}")
        if request.is_odd:
            self._interceptions.note(
                "a firewall in front of the target ends connections with unusual input"
            )
            raise Intercepted(f"a firewall in front of the service ends the connection: {reason}")
        if failure.is_timeout and request.method in READS and self.rule:
            self._fail_for_silence(request, reason)
        is_unanswered = failure.is_unanswered or not failure.was_sent
        raise Disturbed(reason, unanswered=is_unanswered)

    def _fail_for_silence(self, request: Request, reason: str) -> None:
        """Raise RuleFailed for a read that is never answered, although the list is."""
        location = request.path.partition("?")[0]
        operation = self._contract.find_operation(request.method, location)
        what = operation.summary if operation else f"{request.method} {location}"
        raise RuleFailed(
            f"{what}: no response in time, while the list is answered",
            expected=f"a response within {self._settings.timeout:g} s",
            got=f"none, {MOST_TIMEOUTS} times: {reason}",
        )

    def _check_key(self, request: Request, response: Response) -> None:
        """Raise TargetUnavailable if a key that was accepted is accepted no more."""
        role = request.actor
        if (
            role is None
            or not self._watch.has_worked(role)
            or not self._is_key_refused(request, response)
        ):
            return
        refused = {401, 403} if role == ADMIN else {401}
        for attempt in (1, 2):
            probe = self.build_request("GET", self._own_path + PROBE, role, {}, None)
            try:
                received = self._connection.send(probe)
            except NoResponse:
                return  # the next request shows what is wrong
            self._observations.record(self._build_response(probe, received))
            if received.status not in refused:
                return
            self._pause(pause(attempt) / 2)
        raise TargetUnavailable(
            f"the key of {role} was accepted and no longer is ({response.status}), since "
            f"{self.describe(response)}"
        )

    def _is_key_refused(self, request: Request, response: Response) -> bool:
        """Tell whether a response refuses the key of a role; an admin may read its own path."""
        is_refused_admin = (
            response.status == 403
            and request.actor == ADMIN
            and request.method == "GET"
            and request.path.startswith(self._own_path)
        )
        return request.has_own_key and (response.status == 401 or is_refused_admin)

    def _has_new_key(self, request: Request, response: Response) -> bool:
        """Tell whether a refused key can be replaced by a new one from its command."""
        role = request.actor
        if role in (None, "retired") or not self._is_key_refused(request, response):
            return False
        used = request.headers[self._settings.auth_header]
        key = used.removeprefix(self._settings.auth_scheme).strip()
        if self._keys.renew(str(role), key):
            self._redact.add_key(str(role), self._keys[str(role)])
            return True
        return False

    def _renew(self, request: Request) -> Request:
        name = self._settings.auth_header
        return replace(
            request, headers={**request.headers, name: self._format_key(str(request.actor))}
        )

    def _build_response(self, request: Request, received: Received) -> Response:
        operation = self._contract.find_operation(request.method, request.path.partition("?")[0])
        redact, reach = self._redact, self._redact.reach
        logged = Exchange(
            rule=self.rule,
            operation=operation.id if operation else "",
            actor=request.actor or "anonymous",
            method=request.method,
            url=redact(self._connection.build_url(request.path)),
            request_headers=redact_headers(request.headers, redact),
            request_body=describe_body(request.body or b"", redact, LONGEST_LOGGED, reach),
            status=received.status,
            response_headers=redact_headers(received.headers, redact),
            response_body=describe_body(received.body, redact, LONGEST_LOGGED, reach),
            milliseconds=round(received.seconds * 1000, 1),
            started=datetime.fromtimestamp(received.started, UTC).isoformat(),
            curl="",
        )
        describe = partial(self._describe, request, received.body, logged)
        return Response(received.status, received.headers, received.body, logged, describe)

    def _describe(self, request: Request, body: bytes, logged: Exchange) -> Exchange:
        """Return an exchange with all that a finding shows of it."""
        url, redact = self._connection.build_url(request.path), self._redact
        return replace(
            logged,
            request_body=describe_body(request.body or b"", redact),
            response_body=describe_body(body, redact),
            curl=build_curl(request.method, url, request.headers, request.body, redact),
        )


def is_readable_list(response: Response) -> bool:
    """Tell whether a response is a page of the list."""
    value = response.value
    page = value.get("result") if isinstance(value, dict) else None
    return response.status == 200 and isinstance(page, dict) and isinstance(page.get("data"), list)
