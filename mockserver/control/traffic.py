"""What is done to a sandbox's traffic, and what it was, under `/__mock__/`; for its owner only."""

from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, request

from mockserver.control.events import TICK, describe_faults, open_stream, write_event
from mockserver.control.guard import (
    ControlNotFound,
    InvalidControlRequest,
    create_guarded_blueprint,
    current_sandbox,
    read_object,
)
from mockserver.control.verification import verify_requests
from mockserver.sandbox.description import describe_exchange, summarize_exchange
from mockserver.sandbox.fault_format import read_fault
from mockserver.sandbox.har import build_har
from mockserver.sandbox.journal import MOST_EXCHANGES, Journal


class NewExchanges:
    """The exchanges of a journal after a number, each as an event in full."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal, self._number = journal, number

    def poll(self) -> bytes:
        """Wait for exchanges and return their events."""
        news = self._journal.after(self._number, TICK)
        self._number = news[-1].number if news else self._number
        return b"".join(
            write_event("exchange", describe_exchange(exchange), exchange.number)
            for exchange in news
        )


blueprint = create_guarded_blueprint("control_of_traffic")
"""The routes about faults and journal; each acts on the sandbox that the request names."""


@blueprint.get("/faults")
def faults() -> dict[str, Any]:
    """List the faults, with their numbers of matching and of affected requests."""
    return {"faults": describe_faults(current_sandbox())}


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
    with_bodies = match.pop("bodies", "true")
    if with_bodies not in ("true", "false"):
        raise InvalidControlRequest(f"bodies: expected true or false, got {with_bodies!r}")
    describe = describe_exchange if with_bodies == "true" else summarize_exchange
    found = current_sandbox().journal.find(match)
    return {
        "count": len(found),
        "requests": [describe(exchange) for exchange in found[: int(limit)]],
    }


@blueprint.get("/requests/<int:number>")
def request_of_number(number: int) -> dict[str, Any]:
    """Return one exchange."""
    exchange = current_sandbox().journal.get(number)
    if exchange is None:
        raise ControlNotFound(f"exchange {number} is not kept (any more)")
    return describe_exchange(exchange)


@blueprint.get("/requests/stream")
def stream() -> Response:
    """Send each exchange as it happens, as server-sent events; all after `Last-Event-ID`."""
    journal = current_sandbox().journal
    since = request.headers.get("Last-Event-ID", "")
    number = int(since) if since.isdecimal() and len(since) < 20 else journal.last
    return open_stream(NewExchanges(journal, number).poll)


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
