"""The control plane as a client calls it, from the shell and from tests."""

import json
import os
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from mockserver.errors import StartError
from mockserver.proxies import find_proxy

TIMEOUT = 70.0
"""Seconds; longer than the longest delay that a fault may have."""


class ControlError(Exception):
    """The mock refused, or does not respond; the text says why."""


class NotReceived(AssertionError):
    """The sandbox did not receive the expected requests; the text has the nearest ones."""


def _require(result: dict[str, Any]) -> dict[str, Any]:
    if not result["verified"]:
        raise NotReceived(result["message"])
    return result


class Control:
    """Controls one sandbox of a mock that serves at `url`."""

    def __init__(self, url: str, sandbox: str = "default", token: str = "") -> None:
        try:
            address = urlsplit(url)
            is_valid = address.scheme in ("http", "https") and bool(address.hostname)
            is_valid = is_valid and address.port != 0
        except ValueError:
            is_valid = False
        if not is_valid:
            raise ControlError(f"{url!r} is not an http address: write for example {DEFAULT_URL}")
        for name, value in (("sandbox", sandbox), ("control token", token)):
            if not value.isascii() or not value.isprintable():
                raise ControlError(f"no header carries this {name}: use printable ASCII characters")
        self._opener = open_proxies(url)
        self.url, self.sandbox, self.token = url.rstrip("/"), sandbox, token

    @property
    def base_url(self) -> str:
        """What a client of this sandbox takes for the address of the service."""
        return f"{self.url}/__sandbox__/{quote(self.sandbox, safe='')}"

    def health(self) -> dict[str, Any]:
        """Return the status and the version of the mock."""
        return self._object("GET", "health")

    def reset(self) -> dict[str, int]:
        """Go back to the world that the mock started with."""
        return self._object("POST", "state/reset")

    def clear(self) -> dict[str, int]:
        """Remove all credentials and all that is about them."""
        return self._object("POST", "state/clear")

    def export(self) -> dict[str, Any]:
        """Return all records as a world document."""
        return self._object("GET", "state")

    def load(self, world: Mapping[str, Any]) -> dict[str, int]:
        """Replace all records by those of a world document."""
        return self._object("PUT", "state", world)

    def snapshot(self, name: str) -> dict[str, int]:
        """Save the records as they are now."""
        return self._object("POST", f"state/snapshots/{quote(name, safe='')}")

    def restore(self, name: str) -> dict[str, int]:
        """Go back to the records of a snapshot."""
        return self._object("POST", f"state/snapshots/{quote(name, safe='')}/restore")

    def undo(self) -> dict[str, int]:
        """Take back the last reset, clear, scenario, import or restore."""
        return self._object("POST", "state/undo")

    def expire(self, assertion: str) -> str:
        """Let an assertion expire now by the clock of the sandbox; return the moment."""
        path = f"assertions/{quote(assertion, safe='')}/expire"
        return str(self._object("POST", path)["expires"])

    def scenario(self, name: str) -> dict[str, Any]:
        """Reset the sandbox to a scenario."""
        return self._object("POST", "scenario", {"name": name})

    def scenarios(self) -> dict[str, Any]:
        """Return the current scenario, and list all scenarios."""
        return self._object("GET", "scenario")

    def clock(self, **changes: Any) -> dict[str, Any]:
        """Return the time; or `set`, `advance` or `freeze` it, or let it `run`."""
        return self._object("POST" if changes else "GET", "clock", changes or None)

    def fault(self, **fault: Any) -> str:
        """Add a fault and return its id."""
        return str(self._object("POST", "faults", fault)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """List the faults."""
        found: list[dict[str, Any]] = self._object("GET", "faults")["faults"]
        return found

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.send("DELETE", "faults")

    def requests(self, **match: Any) -> list[dict[str, Any]]:
        """Return the last exchanges that match, the newest first."""
        query = f"?{urlencode(match)}" if match else ""
        found: list[dict[str, Any]] = self._object("GET", f"requests{query}")["requests"]
        return found

    def count(self, **match: Any) -> int:
        """Count the exchanges that match."""
        return int(self._object("POST", "requests/count", match)["count"])

    def forget(self) -> None:
        """Forget all exchanges."""
        self.send("DELETE", "requests")

    def verify(self, **expectation: Any) -> dict[str, Any]:
        """Check that the sandbox received a request, and return what the mock says of it.

        Takes `method`, `path`, `query`, `headers`, `body`, `status`, `operation`, and `times` or
        `at_least` and `at_most`. Raises NotReceived, with the nearest requests.
        """
        return _require(self.check(**expectation))

    def verify_order(self, *expectations: Mapping[str, Any]) -> dict[str, Any]:
        """Check that requests were received one after the other; raises NotReceived."""
        return _require(self.check_order(expectations))

    def check(self, **expectation: Any) -> dict[str, Any]:
        """Return whether a request was received, and else the nearest ones."""
        return self._object("POST", "requests/verify", expectation)

    def check_order(self, expectations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return whether requests were received one after the other."""
        return self._object("POST", "requests/verify", {"in_order": expectations})

    def har(self, **match: Any) -> dict[str, Any]:
        """Return the exchanges that match as an HTTP Archive."""
        query = f"?{urlencode(match)}" if match else ""
        return self._object("GET", f"requests.har{query}")

    def work(self) -> int:
        """Run pending background jobs now."""
        return int(self._object("POST", "work")["completed"])

    def remove(self) -> None:
        """Remove the sandbox."""
        self.send("DELETE", f"sandboxes/{quote(self.sandbox, safe='')}")

    def _object(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        content = self.send(method, path, body)
        try:
            response = json.loads(content)
        except (ValueError, RecursionError):
            response = content
        if not isinstance(response, dict):
            raise ControlError(f"{self.url} is not a mock: it responds with {content[:60]!r}")
        return response

    def send(self, method: str, path: str, body: Any = None) -> bytes:
        """Send a request to the control plane; raises ControlError with the mock's own words."""
        headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            "X-Mock-Sandbox": self.sandbox,
            "X-Mock-Control-Token": self.token,
        }
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/__mock__/{path}", data, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                content: bytes = response.read()
                return content
        except HTTPError as error:
            raise ControlError(_detail(error)) from error
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            reason = getattr(reason, "strerror", None) or str(reason) or repr(error)
            raise ControlError(f"no mock responds at {self.url}: {reason}") from error


DEFAULT_URL = "http://127.0.0.1:8765"


def open_proxies(url: str) -> OpenerDirector:
    """Return what opens a URL; raises ControlError for a proxy that cannot be used."""
    try:
        proxy = find_proxy(url, os.environ)
    except StartError as error:
        raise ControlError(str(error)) from error
    return build_opener(ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}))


def _detail(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
