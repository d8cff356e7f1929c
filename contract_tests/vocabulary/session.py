"""A session of requests whose transport is `Target.send`, for what schemathesis sends.

`case.call(session=…)` is the public way to say how a case is sent. What goes through the session
passes the guard, is in the journal and in the log, and gets its key there: schemathesis, whose
reports and curl lines are not redacted by this project, never sees one.
"""

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Session
from requests import Response as SessionResponse
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from contract_tests.engine.contract import JSON
from contract_tests.engine.exchange import Response
from contract_tests.engine.target import Target, split_address

PASSED_ON = frozenset({"content-type"})
"""Headers of schemathesis that are sent; the others belong to its own connection."""


class TargetSession(Session):
    """Sends requests through a target, and keeps the last response with its exchange."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.headers.clear()
        self.trust_env = False  # the target's own client reads the environment
        self._adapter = TargetAdapter(target)
        for prefix in ("http://", "https://"):
            self.mount(prefix, self._adapter)

    @property
    def last(self) -> Response:
        """The last response of the target."""
        return self._adapter.last


class TargetAdapter(HTTPAdapter):
    """The transport of a session: a prepared request becomes a call of `Target.send`."""

    last: Response

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        _, self._prefix = split_address(target.settings.base_url)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> SessionResponse:
        """Send a prepared request; raises RequestFailed as the target does."""
        body = request.body
        if body is not None and not isinstance(body, bytes):
            body = str(body).encode()  # schemathesis prepares no streams
        self.last = self._target.send(
            request.method or "GET",
            self._find_path(request),
            headers={"Accept": JSON, **self._select_headers(request)},
            body=body,
            proxy_may_refuse=True,
        )
        headers = HTTPHeaderDict(self.last.headers)
        headers.discard("content-encoding")  # the target's client has decoded the body
        raw = HTTPResponse(
            BytesIO(self.last.body),
            headers,
            self.last.status,
            preload_content=False,
            enforce_content_length=False,
            request_method=request.method,
        )
        return self.build_response(request, raw)

    def _select_headers(self, request: PreparedRequest) -> dict[str, str]:
        """Return the headers of a request that say something about its body."""
        headers = request.headers.items()
        return {name: str(value) for name, value in headers if name.lower() in PASSED_ON}

    def _find_path(self, request: PreparedRequest) -> str:
        """Return path and query of a request, relative to the base URL."""
        parts = urlsplit(request.url or "")
        path = parts.path.removeprefix(self._prefix)
        return f"{path}?{parts.query}" if parts.query else path
