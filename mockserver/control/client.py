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
    """What the mock refused, or that it does not answer; the text says why."""


class Control:
    """Controls one sandbox of a mock that serves at `url`."""

    def __init__(self, url: str, sandbox: str = "default", token: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ControlError(f"{url!r} is no http address; write for example {DEFAULT_URL}")
        self.url, self.sandbox, self.token = url.rstrip("/"), sandbox, token

    @property
    def base_url(self) -> str:
        """What a client of this sandbox takes for the address of the service."""
        return f"{self.url}/__sandbox__/{quote(self.sandbox, safe='')}"

    def reset(self) -> dict[str, int]:
        """Go back to the world that the mock started with."""
        return self._object("POST", "state/reset")

    def clear(self) -> dict[str, int]:
        """Take out credentials and all that is about them."""
        return self._object("POST", "state/clear")

    def export(self) -> dict[str, Any]:
        """Return all records as a world document."""
        return self._object("GET", "state")

    def load(self, world: Mapping[str, Any]) -> dict[str, int]:
        """Take over the records of a world document."""
        return self._object("PUT", "state", world)

    def snapshot(self, name: str) -> dict[str, int]:
        """Keep the records as they are now."""
        return self._object("POST", f"state/snapshots/{quote(name, safe='')}")

    def restore(self, name: str) -> dict[str, int]:
        """Go back to the records of a snapshot."""
        return self._object("POST", f"state/snapshots/{quote(name, safe='')}/restore")

    def scenario(self, name: str) -> dict[str, Any]:
        """Begin anew in a scenario."""
        return self._object("POST", "scenario", {"name": name})

    def scenarios(self) -> dict[str, Any]:
        """Tell the scenario that the sandbox is in, and which there are."""
        return self._object("GET", "scenario")

    def clock(self, **changes: Any) -> dict[str, Any]:
        """Tell the time; or `set`, `advance`, `freeze` it or let it `run`."""
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
        """Return the last exchanges that fit, the newest first."""
        query = f"?{urlencode(match)}" if match else ""
        found: list[dict[str, Any]] = self._object("GET", f"requests{query}")["requests"]
        return found

    def count(self, **match: Any) -> int:
        """Count the exchanges that fit."""
        return int(self._object("POST", "requests/count", match)["count"])

    def work(self) -> int:
        """Work off what waits in the background."""
        return int(self._object("POST", "work")["completed"])

    def remove(self) -> None:
        """Forget the sandbox."""
        self.send("DELETE", f"sandboxes/{quote(self.sandbox, safe='')}")

    def _object(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = json.loads(self.send(method, path, body))
        if not isinstance(answer, dict):
            raise ControlError(f"{self.url} is no mock: {str(answer)[:100]}")
        return answer

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
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  (checked above)
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            raise ControlError(_detail(error)) from error
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ControlError(f"no mock answers at {self.url}: {reason}") from error


DEFAULT_URL = "http://127.0.0.1:8765"


def _detail(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
