"""Decides on responses that may be those of something in front of the service.

One that may be the service's own, or that only one operation gets, is judged; what all get stops
the run, and what one request gets is named.
"""

from collections.abc import Callable
from dataclasses import replace

from contract_tests.engine.connection import NoResponse, Request
from contract_tests.engine.exchange import Response
from contract_tests.engine.observations import Observations
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import READS
from contract_tests.engine.watch import Watch
from contract_tests.errors import Disturbed, Intercepted, TargetUnavailable
from contract_tests.wire.intermediary import Answer, Front, Interception, find_interception
from contract_tests.wire.waiting import pause

MOST_TRIES = 5
"""Attempts of a request that something in front of the service keeps from it."""
MOST_DOUBTS = 2
"""The same where the response may be the service's own, or nothing leads to the operation."""
CUT = Interception(Front.UNKNOWN, "200, a body that is only a part of JSON")


class Interceptions:
    """What of the responses of a target is not the service's.

    `ask` sends the basic read once, `wait` keeps to the bounds of the test, and `describe` returns
    which exchange a response belongs to.
    """

    def __init__(
        self,
        observations: Observations,
        watch: Watch,
        redact: Redactor,
        own_path: str,
        ask: Callable[[], tuple[Request, Response]],
        wait: Callable[[float], None],
        describe: Callable[[Response], str],
    ) -> None:
        self._observations = observations
        self._watch = watch
        self._redact = redact
        self._own_path = own_path
        self._ask = ask
        self._wait = wait
        self._describe = describe
        self._lasting: set[tuple[str, int, str]] = set()
        """Responses that may be another's, and that an operation gave whenever it was asked."""

    def note(self, what: str) -> None:
        """Add a notice about what is in front of the service."""
        self._observations.notices.add(f"in front of the target: {self._redact(what)}")

    def count_tries(self, response: Response, interception: Interception) -> int:
        """Return how often a request is sent that gets such a response."""
        if interception.front is Front.UNKNOWN:
            return MOST_DOUBTS
        if interception.front is not Front.GATEWAY:
            return 1
        return MOST_DOUBTS if response.status == 404 else MOST_TRIES

    def has_lasted(self, request: Request, response: Response, interception: Interception) -> bool:
        """Tell whether what may be the service's own counts as such without another request.

        So does a read to whose operation nothing leads, which a gateway answers with 404.
        """
        seen = (response.logged.operation, response.status, interception.description)
        if request.method in READS:
            return seen in self._lasting
        return interception.front is Front.UNKNOWN

    def check_doubtful(self, response: Response, interception: Interception) -> None:
        """Return if only this request gets such a response; raises TargetUnavailable if all do."""
        seen = (response.logged.operation, response.status, interception.description)
        obstacle = self.find_lasting_obstacle()
        if obstacle:
            raise TargetUnavailable(f"{obstacle}; since {self._describe(response)}")
        self._lasting.add(seen)

    def find(
        self, request: Request, response: Response, proxy_may_refuse: bool
    ) -> Interception | None:
        """Return what answered in the place of the service, None for the service itself."""
        accept = next((v for k, v in request.headers.items() if k.lower() == "accept"), "")
        answer = Answer(
            request.path,
            response.status,
            response.headers,
            response.body,
            wants_html="html" in accept.lower(),
            is_odd=request.is_odd or proxy_may_refuse,
            method=request.method,
        )
        return find_interception(answer) or (CUT if _may_be_cut(request, response) else None)

    def handle(
        self,
        request: Request,
        response: Response,
        interception: Interception,
        proxy_may_refuse: bool,
    ) -> Response:
        """Return an expected refusal, or what is sent again and again for one read; else raise."""
        what = interception.description
        where = f"{request.method} {self._redact(request.path)} returns {what}"
        if not self._watch.has_answered:
            raise TargetUnavailable(where)
        if interception.front is Front.FIREWALL and (proxy_may_refuse or request.is_odd):
            self.note("a firewall refuses unusual input")
            if proxy_may_refuse:
                return replace(response, is_refused=True)
            raise Intercepted(where)
        if interception.front is Front.ORIGINS:
            self.note(f"OPTIONS returns {what}")
            raise Intercepted(where)
        obstacle = self.find_lasting_obstacle()
        if obstacle:
            raise TargetUnavailable(f"{obstacle}; since {self._describe(response)}")
        if interception.front is Front.GATEWAY:
            if request.method in READS:  # again and again, while the list works: for this request
                self._observations.judge(response)
                if response.status == 404:
                    seen = (response.logged.operation, 404, interception.description)
                    self._lasting.add(seen)
                return response
            raise Disturbed(where)
        self.note(what)
        raise Intercepted(where)

    def find_lasting_obstacle(self) -> str:
        """Return why the basic read is not answered by the service any more, or an empty text."""
        if not self._watch.has_answered:
            return ""
        reason = ""
        for attempt in (1, 2):
            try:
                request, response = self._ask()
            except NoResponse as failure:
                reason = f"GET {self._own_path}: {failure}"
            else:
                self._observations.record(response)
                interception = self.find(request, response, proxy_may_refuse=False)
                if interception in (None, CUT):  # a list that is no JSON is the service's
                    return ""
                reason = f"GET {self._own_path} returns {interception.description}"
            self._wait(pause(attempt))
        return reason


def _may_be_cut(request: Request, response: Response) -> bool:
    """Tell whether a body that is no JSON ends where the connection does, which says nothing.

    One whose length was announced is whole: that it is no JSON is what a browser would meet, too.
    """
    has_length = {"content-length", "transfer-encoding"} & response.headers.keys()
    is_json = "json" in response.headers.get("content-type", "")
    is_text = isinstance(response.value, str) and not response.body.lstrip().startswith(b'"')
    return request.method == "GET" and is_json and not has_length and is_text
