"""What is done to a sandbox's traffic, and what it was, under `/__mock__/`; for its owner only."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, request

from mockserver.config import MOST_STREAMS
from mockserver.control.guard import Missing, Wrong, guarded, named, read_object, service
from mockserver.errors import APIError
from mockserver.messages import encode
from mockserver.sandbox.faults import read_fault, written
from mockserver.sandbox.journal import MOST_EXCHANGES, Exchange, Journal, as_har, shown

TICK = 0.5
"""Seconds: how often a stream says that it lives, which is when it notices that nobody listens."""


class Busy(APIError):
    """There is no room for more."""

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
    data = encode(shown(exchange)).decode()
    return f"id: {exchange.number}\nevent: exchange\ndata: {data}\n\n".encode()


plane = guarded("control_of_traffic")
"""The routes about faults and journal; each acts on the sandbox that the request names."""


@plane.get("/faults")
def faults() -> dict[str, Any]:
    """List the faults: what they are about, how many calls matched, how often they happened."""
    return {
        "faults": [
            {"id": name, **written(fault), "matched": matched, "happened": happened}
            for name, fault, matched, happened in named().faults.listed()
        ]
    }


@plane.post("/faults")
def add_fault() -> tuple[dict[str, str], int]:
    """Add a fault."""
    return {"id": named().faults.add(read_fault(read_object()))}, 201


@plane.delete("/faults")
def clear_faults() -> tuple[str, int]:
    """Remove all faults."""
    named().faults.clear()
    return "", 204


@plane.delete("/faults/<name>")
def remove_fault(name: str) -> tuple[str, int]:
    """Remove one fault."""
    if not named().faults.remove(name):
        raise Missing(f"there is no fault {name!r}")
    return "", 204


@plane.get("/requests")
def requests() -> dict[str, Any]:
    """List the last exchanges that fit, the newest first, with hints and curl lines."""
    match = request.args.to_dict()
    limit = match.pop("limit", "50")
    if not limit.isdecimal() or not 0 < int(limit) <= MOST_EXCHANGES:
        raise Wrong(f"limit: {limit!r} is no number up to {MOST_EXCHANGES}")
    found = named().journal.find(match)
    return {"count": len(found), "requests": [shown(each) for each in found[: int(limit)]]}


@plane.get("/requests/stream")
def stream() -> Response:
    """Send each exchange as it happens, as server-sent events; all after `Last-Event-ID`."""
    journal, served = named().journal, service()
    since = request.headers.get("Last-Event-ID", "")
    number = int(since) if since.isdecimal() and len(since) < 20 else journal.last
    if not served.streams.acquire(blocking=False):
        raise Busy(f"{MOST_STREAMS} streams are open already; close one")
    events = Events(journal, number, served.stopping.is_set, served.streams.release)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events, headers=headers, content_type="text/event-stream")


@plane.get("/requests.har")
def archive() -> Response:
    """Return the exchanges that fit as an HTTP Archive."""
    found = named().journal.find(request.args.to_dict())
    return jsonify(as_har(found, version("credmock")))


@plane.post("/requests/count")
def count() -> dict[str, int]:
    """Count the exchanges that fit."""
    return {"count": len(named().journal.find(read_object()))}


@plane.delete("/requests")
def forget() -> tuple[str, int]:
    """Forget all exchanges."""
    named().journal.clear()
    return "", 204
