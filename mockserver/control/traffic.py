"""What is done to a sandbox's traffic, and what it was, under `/__mock__/`; for its owner only."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, request

from mockserver.config import MOST_STREAMS
from mockserver.control.guard import (
    ControlNotFound,
    InvalidControlRequest,
    create_guarded_blueprint,
    current_sandbox,
    current_service,
    read_object,
)
from mockserver.control.verification import verify_requests
from mockserver.errors import APIError
from mockserver.messages import encode
from mockserver.sandbox.description import describe_exchange
from mockserver.sandbox.fault_format import describe_fault, read_fault
from mockserver.sandbox.har import build_har
from mockserver.sandbox.journal import MOST_EXCHANGES, Exchange, Journal

TICK = 0.5
"""Seconds: how often a stream says that it lives, which is when it notices that nobody listens."""


class TooManyStreams(APIError):
    """As many streams are open as there may be."""

    status = 503


class Events:
    """The exchanges of a journal after a number, as server-sent events, for as long as wanted.

    An iterator with `close`, which a generator that was never begun would not notice.
    """

    def __init__(
        self, journal: Journal, number: int, ends: Callable[[], bool], close: Callable[[], None]
    ) -> None:
        self._journal, self._number, self._ends, self._close = journal, number, ends, close
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Wait for exchanges, and return them, or a comment where there are none."""
        if self._ends():
            raise StopIteration
        news = self._journal.after(self._number, TICK)
        self._number = news[-1].number if news else self._number
        return b"".join(map(_event, news)) or b": the mock lives\n\n"

    def close(self) -> None:
        """Make room for another stream."""
        if not self._is_closed:
            self._is_closed = True
            self._close()


def _event(exchange: Exchange) -> bytes:
    data = encode(describe_exchange(exchange)).decode()
    return f"id: {exchange.number}\nevent: exchange\ndata: {data}\n\n".encode()


blueprint = create_guarded_blueprint("control_of_traffic")
"""The routes about faults and journal; each acts on the sandbox that the request names."""


@blueprint.get("/faults")
def faults() -> dict[str, Any]:
    """List the faults, with their numbers of matching and of affected requests."""
    return {
        "faults": [
            {"id": name, **describe_fault(fault), "matched": matched, "happened": happened}
            for name, fault, matched, happened in current_sandbox().faults.list_all()
        ]
    }


@blueprint.post("/faults")
def add_fault() -> tuple[dict[str, str], int]:
    """Add a fault."""
    return {"id": current_sandbox().faults.add(read_fault(read_object()))}, 201


@blueprint.delete("/faults")
def clear_faults() -> tuple[str, int]:
    """Remove all faults."""
    current_sandbox().faults.clear()
    return "", 204


@blueprint.delete("/faults/<name>")
def remove_fault(name: str) -> tuple[str, int]:
    """Remove one fault."""
    if not current_sandbox().faults.remove(name):
        raise ControlNotFound(f"there is no fault {name!r}")
    return "", 204


@blueprint.get("/requests")
def requests() -> dict[str, Any]:
    """List the last exchanges that fit, the newest first, with hints and curl lines."""
    match = request.args.to_dict()
    limit = match.pop("limit", "50")
    if not limit.isdecimal() or not 0 < int(limit) <= MOST_EXCHANGES:
        raise InvalidControlRequest(
            f"limit: expected a number from 1 to {MOST_EXCHANGES}, got {limit!r}"
        )
    found = current_sandbox().journal.find(match)
    return {
        "count": len(found),
        "requests": [describe_exchange(exchange) for exchange in found[: int(limit)]],
    }


@blueprint.get("/requests/stream")
def stream() -> Response:
    """Send each exchange as it happens, as server-sent events; all after `Last-Event-ID`."""
    journal, served = current_sandbox().journal, current_service()
    since = request.headers.get("Last-Event-ID", "")
    number = int(since) if since.isdecimal() and len(since) < 20 else journal.last
    if not served.streams.acquire(blocking=False):
        raise TooManyStreams(f"{MOST_STREAMS} streams are open already; close one")
    events = Events(journal, number, served.stopping.is_set, served.streams.release)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events, headers=headers, content_type="text/event-stream")


@blueprint.get("/requests.har")
def archive() -> Response:
    """Return the exchanges that fit as an HTTP Archive."""
    found = current_sandbox().journal.find(request.args.to_dict())
    return jsonify(build_har(found, version("credmock")))


@blueprint.post("/requests/count")
def count() -> dict[str, int]:
    """Count the exchanges that fit."""
    return {"count": len(current_sandbox().journal.find(read_object()))}


@blueprint.post("/requests/verify")
def verify() -> dict[str, Any]:
    """Tell whether the expected requests were received, and else which came nearest."""
    return verify_requests(current_sandbox().journal, read_object())


@blueprint.delete("/requests")
def forget() -> tuple[str, int]:
    """Forget all exchanges."""
    current_sandbox().journal.clear()
    return "", 204
