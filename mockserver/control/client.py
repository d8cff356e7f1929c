"""The control plane as a client calls it, from the shell and from tests."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

TIMEOUT = 70.0
"""Seconds; longer than the longest delay that a fault may have."""


class ControlError(Exception):
    """The mock refused, or does not respond; the text says why."""


class Control:
    """Controls one sandbox of a mock that serves at `url`."""

    def __init__(self, url: str, sandbox: str = "default", token: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ControlError(f"{url!r} is not an http address: write for example {DEFAULT_URL}")
        self.url, self.sandbox, self.token = url.rstrip("/"), sandbox, token

    @property
    def base_url(self) -> str:
        """What a client of this sandbox takes for the address of the service."""
        return f"{self.url}/__sandbox__/{quote(self.sandbox, safe='')}"

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

    def work(self) -> int:
        """Run pending background jobs now."""
        return int(self._object("POST", "work")["completed"])

    def remove(self) -> None:
        """Remove the sandbox."""
        self.send("DELETE", f"sandboxes/{quote(self.sandbox, safe='')}")

    def _object(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        response = json.loads(self.send(method, path, body))
        if not isinstance(response, dict):
            raise ControlError(f"{self.url} is not a mock: {str(response)[:100]}")
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
            with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310  (checked above)
                content: bytes = response.read()
                return content
        except HTTPError as error:
            raise ControlError(_detail(error)) from error
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ControlError(f"no mock responds at {self.url}: {reason}") from error


DEFAULT_URL = "http://127.0.0.1:8765"


def _detail(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
