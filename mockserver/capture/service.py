"""Readings from a service that answers: lists are read page by page, slowly, and nothing else."""

import base64
import os
import re
import ssl
import time
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import httpx

from mockserver.capture.reading import API, Reading, read_response
from mockserver.errors import StartError
from mockserver.proxies import find_proxy, refuse_certificates

TIMEOUT = 30.0
LARGEST_BODY = 50_000_000
LARGEST_PICTURE = 2_000_000
MOST_WAITS = 5
"""Times that the service may tell the client to wait, for one request."""
LONGEST_WAIT = 60.0


class Service:
    """One platform of a service, read with one key by a user of the path."""

    def __init__(
        self,
        base_url: str,
        org: str,
        user: str,
        key: str,
        *,
        scheme: str,
        rate: float,
        most_requests: int,
        ca_bundle: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.missing: dict[str, int] = {}
        """What could not be read, with how often."""
        self._place = f"{API}orgs/{quote(org, safe='')}/users/{quote(user, safe='')}/"
        self._pause = 1 / rate if rate else 0.0
        self._left = most_requests
        self._last = 0.0
        self._headers = {"Authorization": f"{scheme} {key}".strip()} if key else {}
        self._client = httpx.Client(
            timeout=TIMEOUT,
            verify=_make_context(ca_bundle),
            trust_env=False,  # proxies are found here, and no .netrc takes part
            proxy=None if transport else find_proxy(base_url, os.environ),
            follow_redirects=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self) -> Iterator[Reading]:
        """Yield the lists of a platform; raises StartError if the first one cannot be read."""
        credentials: list[str] = []
        for reading in self._read_list("", "page_size=100", is_required=True):
            credentials += [str(record["entityId"]) for record in reading.records]
            yield reading
        yield from self._read_list("issuers/", "page_size=100")
        yield from self._read_list(
            "assertions/", "page_size=100&include_revoked=true&include_expired=true"
        )
        for entity_id in dict.fromkeys(credentials):
            yield from self._read_list(f"{quote(entity_id, safe='')}/assertions/", "page_size=100")

    def _read_list(self, below: str, query: str, *, is_required: bool = False) -> Iterator[Reading]:
        page, last = 1, 1
        while page <= last:
            path = f"{self._place}{below}"
            response = self._get(f"{self.base_url}{path}?{query}&page={page}", is_required)
            if response is None:
                self._miss("lists or pages, because --max-requests was reached")
                return
            if response.status_code != 200:
                self._refuse(response, below, is_required)
                return
            try:
                body = response.json()
                reading = read_response("GET", path, 200, body)
                result = body.get("result", body)
                last = int(result.get("num_pages", 1))
            except (ValueError, AttributeError, TypeError, RecursionError):
                self._refuse(response, below, is_required)
                return
            if reading is not None:
                yield reading
            page += 1

    def _refuse(self, response: httpx.Response, below: str, is_required: bool) -> None:
        if is_required:
            reason = {
                401: "the key is not accepted",
                403: "the key may not read this platform or user",
                404: "there is no such platform or user, or the URL is not the service's base URL",
            }.get(response.status_code, "it is not a list of credentials")
            raise StartError(f"SOURCE: the list returns {response.status_code}: {reason}")
        name = below.split("/")[-2]
        self._miss(f"lists of {name}, which return {response.status_code}")

    def _miss(self, what: str) -> None:
        self.missing[what] = self.missing.get(what, 0) + 1

    def _get(self, url: str, is_required: bool) -> httpx.Response | None:
        """Return the response to a read; None if the bound is reached."""
        for _ in range(MOST_WAITS):
            if self._left <= 0:
                return None
            self._left -= 1
            time.sleep(max(0.0, self._last + self._pause - time.monotonic()))
            self._last = time.monotonic()
            try:
                response = self._fetch(url, self._headers, LARGEST_BODY)
            except httpx.HTTPError as error:
                reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
                raise StartError(f"SOURCE: {self.base_url} does not respond: {reason}") from None
            wait = response.headers.get("retry-after", "")
            if response.status_code not in (429, 503) or not wait.isdecimal():
                return response
            time.sleep(min(float(wait), LONGEST_WAIT))
        return response

    def _fetch(self, url: str, headers: dict[str, str], largest: int) -> httpx.Response:
        """Return a response with its body, which must not be too large."""
        with self._client.stream("GET", url, headers=headers) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > largest:
                    raise httpx.DecodingError(f"a body of more than {largest} bytes")
            return httpx.Response(
                response.status_code, headers=_plain(response), content=bytes(body)
            )

    def fetch_pictures(self, addresses: Iterable[str]) -> dict[str, str]:
        """Return the contents of pictures in Base64 by address; no key is sent to them."""
        pictures = {}
        for address in dict.fromkeys(addresses):
            if self._left <= 0:
                self._miss("pictures, because --max-requests was reached")
                break
            self._left -= 1
            time.sleep(max(0.0, self._last + self._pause - time.monotonic()))
            self._last = time.monotonic()
            try:
                response = self._fetch(address, {}, LARGEST_PICTURE)
            except (httpx.HTTPError, httpx.InvalidURL):
                self._miss("pictures that could not be fetched")
                continue
            if response.status_code == 200:
                pictures[address] = base64.b64encode(response.content).decode()
            else:
                self._miss("pictures that could not be fetched")
        return pictures


def _plain(response: httpx.Response) -> dict[str, str]:
    """Return the headers of a response whose body is decoded."""
    coded = ("content-encoding", "content-length", "transfer-encoding")
    return {name: value for name, value in response.headers.items() if name not in coded}


def _make_context(ca_bundle: str) -> ssl.SSLContext:
    """Return what TLS connections are made with: without a file also those of `SSL_CERT_FILE`."""
    if not ca_bundle:
        try:
            return httpx.create_ssl_context(trust_env=True)
        except OSError as error:
            raise refuse_certificates(error) from error
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or "it holds no certificate"
        raise StartError(f"--ca-bundle {ca_bundle}: {reason}") from None
