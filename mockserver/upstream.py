"""Passes what the mock does not have on to the real service, as RFC 9110 says of a proxy."""

import logging
import os
import posixpath
import re
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from mockserver.errors import APIError, BodyTooLarge, StartError
from mockserver.messages import ReceivedRequest
from mockserver.proxies import find_proxy, refuse_certificates

LOG = logging.getLogger("mockserver")
HEADER = "X-Mock-Upstream"
READS = ("GET", "HEAD", "OPTIONS")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
PSEUDONYM = "credmock"
"""The name of the mock in `Via`, by which a request is known that has come around."""
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
MOST_CONNECTIONS = 32
LARGEST_RESPONSE = 200_000_000
"""Bytes of a response that are passed on; a longer one is cut."""
LARGEST_IN_MEMORY = 1_000_000
CHUNK = 65_536
EVENTS = "text/event-stream"
"""What has no end that anybody waits for."""
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "proxy-authenticate", "proxy-authorization", "proxy-authentication-info"),
    }
)
"""Headers that are for one connection, beside those that `Connection` names (RFC 9110, 7.6.1)."""
NOT_SENT_ON = HOP_BY_HOP | {"host", "expect", "content-length"}
OWN_PATH = re.compile(r"(?:^|/)(?:api/credentials|__mock__|__sandbox__)(?:/|$)", re.IGNORECASE)
"""What is never passed on, wherever in a path it stands."""
Headers = list[tuple[str, str]]


class UpstreamFailed(APIError):
    """The real service did not answer, or not in a way that can be passed on."""

    status = 502

    @property
    def headers(self) -> dict[str, str]:
        """What tells the response from one of the service."""
        return {HEADER: "failed"}


class WriteNotPassedOn(APIError):
    """A request that could change the real service, which nobody has allowed."""

    status = 405

    @property
    def headers(self) -> dict[str, str]:
        """What is allowed."""
        return {HEADER: "refused", "Allow": ", ".join(READS)}


class PassedResponse(NamedTuple):
    """A response of the real service; `body` yields what comes, and `close` must be called."""

    status: int
    headers: Headers
    body: Iterator[bytes]
    close: Callable[[], None]


class Upstream:
    """The real service behind a mock."""

    def __init__(self, url: str, *, allow_writes: bool, ca: Path | None, maximum_body: int) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._base = url.rstrip("/")
        self._allow_writes = allow_writes
        self._maximum_body = maximum_body
        self._client = httpx.Client(
            verify=_make_context(ca),
            trust_env=False,  # proxies are found here, and no .netrc takes part
            proxy=find_proxy(url, os.environ),
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def takes(self, path: str) -> bool:
        """Tell whether a path may be passed on: none of the mock's own, in whatever spelling."""
        plain = unquote(unquote(path)).replace("\\", "/")
        steps = [step.partition(";")[0] for step in plain.split("/")]
        if ".." in steps or "\0" in plain:
            return False  # where it leads is up to the service
        return not OWN_PATH.search(posixpath.normpath("/".join(steps)) + "/")

    def pass_on(self, received: ReceivedRequest, own_keys: Collection[str]) -> PassedResponse:
        """Return the response of the real service; raises UpstreamFailed or WriteNotPassedOn.

        Keys of the mock's world are not sent.
        """
        self._check_method(received.method)
        if any(PSEUDONYM in value for name, value in received.headers if name.lower() == "via"):
            raise UpstreamFailed(f"--upstream {self.origin}: it leads back to this mock")
        request = httpx.Request(
            received.method,
            self._build_url(received, own_keys),
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in _select_request_headers(received, own_keys)
            ],
            content=self._read_body(received),
        )
        try:
            response = self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise UpstreamFailed(self._describe(error)) from None
        return self._build_response(response)

    def _check_method(self, method: str) -> None:
        allowed = (*READS, *WRITES) if self._allow_writes else READS
        if method not in allowed:
            raise WriteNotPassedOn(
                f"{method} is not passed on to {self.origin}: start the mock with "
                "--upstream-writes to allow POST, PUT, PATCH and DELETE"
            )

    def _build_url(self, received: ReceivedRequest, own_keys: Collection[str]) -> httpx.URL:
        base = self.origin if received.is_outside else self._base
        query = received.query
        if any(value in own_keys for _, value in parse_qsl(query)):
            parts = query.split("&")
            query = "&".join(part for part in parts if not _holds_key(part, own_keys))
        try:
            return httpx.URL(f"{base}{received.path}{f'?{query}' if query else ''}")
        except httpx.InvalidURL:
            raise UpstreamFailed(f"the path cannot be passed on to {self.origin}") from None

    def _read_body(self, received: ReceivedRequest) -> Iterator[bytes] | None:
        if received.length == 0 or (received.length is None and received.method in READS):
            return None
        if received.length is not None and received.length > self._maximum_body:
            raise BodyTooLarge
        return self._count_body(received.body)

    def _count_body(self, body: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in body:
            size += len(chunk)
            if size > self._maximum_body:
                raise BodyTooLarge
            yield chunk

    def _build_response(self, response: httpx.Response) -> PassedResponse:
        """Return a response once its first bytes are there, so that an early end is a 502.

        One of unknown length is collected first: no server could tell its client of an early end.
        """
        length = response.headers.get("content-length", "")
        chunks = response.iter_raw()
        is_known = length.isdecimal() or response.headers.get("content-type", "").startswith(EVENTS)
        added = [("Via", f"1.1 {PSEUDONYM}"), (HEADER, self.origin)]
        body: Iterator[bytes]
        try:
            if length.isdecimal() and int(length) > LARGEST_RESPONSE:
                raise UpstreamFailed(self._describe_size())
            if is_known:
                body = self._stream(next(chunks, b""), chunks)
            else:
                body, size = self._collect(chunks)
                if size:
                    added.append(("Content-Length", str(size)))
        except httpx.HTTPError as error:
            response.close()
            raise UpstreamFailed(self._describe(error)) from None
        except UpstreamFailed:
            response.close()
            raise
        headers = [*_drop_hop_by_hop(_list_headers(response)), *added]
        return PassedResponse(response.status_code, headers, body, response.close)

    def _stream(self, first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a body; where one ends early this ends too, and the server cuts the connection."""
        size = len(first)
        if first:
            yield first
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_RESPONSE:
                    LOG.warning("%s", self._describe_size())
                    return
                yield chunk
        except httpx.HTTPError as error:
            LOG.warning("in the middle of a response: %s", self._describe(error))

    def _collect(self, chunks: Iterator[bytes]) -> tuple[Iterator[bytes], int]:
        """Return a body of unknown length and its size; a large one waits on the disk."""
        size = 0
        with ExitStack() as stack:
            file = stack.enter_context(SpooledTemporaryFile(LARGEST_IN_MEMORY))
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_RESPONSE:
                    raise UpstreamFailed(self._describe_size())
                file.write(chunk)
            file.seek(0)
            return _read_and_close(file, stack.pop_all()), size
        raise AssertionError("not reached")

    def _describe_size(self) -> str:
        return f"--upstream {self.origin} returns more than {LARGEST_RESPONSE} bytes"

    def _describe(self, error: httpx.HTTPError) -> str:
        reason = str(error) or type(error).__name__
        return f"--upstream {self.origin} does not respond: {reason}"


def _read_and_close(file: IO[bytes], stack: ExitStack) -> Iterator[bytes]:
    with stack:
        yield from iter(partial(file.read, CHUNK), b"")


def _make_context(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context()
    except OSError as error:
        raise refuse_certificates(error) from error
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or "it holds no certificate (PEM)"
            raise StartError(f"--upstream-ca {ca}: {reason}") from None
    return context


def _list_headers(response: httpx.Response) -> Headers:
    """Return the headers of a response as they came, repeated ones too."""
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    ]


def _drop_hop_by_hop(headers: Headers) -> Headers:
    named = {
        option.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for option in value.split(",")
    }
    return [pair for pair in headers if pair[0].lower() not in HOP_BY_HOP | named]


def _select_request_headers(received: ReceivedRequest, own_keys: Collection[str]) -> Headers:
    """Return the headers that are sent on, without those of the mock and without its keys."""
    selected = [
        (name, value)
        for name, value in _drop_hop_by_hop(received.headers)
        if name.lower() not in NOT_SENT_ON
        and not name.lower().startswith("x-mock-")
        and not _holds_key(value, own_keys)
    ]
    if received.length:
        selected.append(("Content-Length", str(received.length)))
    return [*selected, ("Via", f"1.1 {PSEUDONYM}")]


def _holds_key(text: str, own_keys: Collection[str]) -> bool:
    """Tell whether a header or a parameter holds a key of the mock's world."""
    return any(word in own_keys for word in re.split(r"[\s,;=\"&]+", unquote(text)))
