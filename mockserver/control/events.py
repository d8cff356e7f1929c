"""One stream of all that changes in a sandbox, for the page: `/__mock__/events`; its owner only.

It begins with what the sandbox is now and with every exchange that is kept, so nothing is between a
first look and the stream. A client that lost its connection names the last exchange that it has,
and gets those after it, each once. The numbers of another journal begin again: its `epoch` tells.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from threading import BoundedSemaphore
from typing import Any

from flask import Response, request

from mockserver.config import MOST_STREAMS
from mockserver.control.guard import create_guarded_blueprint, current_sandbox, current_service
from mockserver.errors import APIError
from mockserver.messages import encode
from mockserver.sandbox.description import summarize_exchange
from mockserver.sandbox.fault_format import describe_fault
from mockserver.sandbox.journal import Exchange
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox

TICK = 0.5
"""Seconds: how often a stream looks for changes that are no exchanges, and says that it lives."""
PAUSE = 0.1
"""Seconds between two events at least: a busy mock sends many exchanges in one."""


class TooManyStreams(APIError):
    """As many streams are open as there may be."""

    status = 503


class ServerSentEvents:
    """Events of `poll`, for as long as it makes some and the server runs.

    An iterator with `close`, which a generator that was never begun would not notice.
    """

    def __init__(
        self,
        poll: Callable[[], bytes | None],
        ends: Callable[[], bool],
        streams: BoundedSemaphore,
    ) -> None:
        self._poll, self._ends, self._streams = poll, ends, streams
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Wait for events, and return them, or a comment where there are none."""
        made = None if self._ends() else self._poll()
        if made is None:
            raise StopIteration
        return made or b": the mock lives\n\n"

    def close(self) -> None:
        """Make room for another stream."""
        if not self._is_closed:
            self._is_closed = True
            self._streams.release()


def open_stream(poll: Callable[[], bytes | None]) -> Response:
    """Return a response that streams what `poll` makes; raises TooManyStreams."""
    served = current_service()
    if not served.streams.acquire(blocking=False):
        raise TooManyStreams(f"{MOST_STREAMS} streams are open already; close one")
    events = ServerSentEvents(poll, served.stopping.is_set, served.streams)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events, headers=headers, content_type="text/event-stream")


def write_event(name: str, data: Any, number: object = None) -> bytes:
    """Return a server-sent event."""
    line = "" if number is None else f"id: {number}\n"
    return f"{line}event: {name}\ndata: {encode(data).decode()}\n\n".encode()


class SandboxChanges:
    """What happened in a sandbox since the last look: exchanges, and what it is now."""

    def __init__(self, sandboxes: SandboxRegistry, sandbox: Sandbox, number: int) -> None:
        self._sandboxes, self._sandbox, self._number = sandboxes, sandbox, number
        self._seen: object = None
        self._sent_at = 0.0

    def poll(self) -> bytes | None:
        """Wait for changes and return their events; None when the sandbox is gone."""
        if not self._sandboxes.has(self._sandbox):
            return None
        time.sleep(max(0.0, self._sent_at + PAUSE - time.monotonic()))
        wait = 0 if self._seen is None else TICK
        exchanges = self._sandbox.journal.after(self._number, wait)
        names = self._sandboxes.names()
        fingerprint = _fingerprint(self._sandbox, names)
        events = b""
        if fingerprint != self._seen:
            self._seen = fingerprint
            events += write_event("state", describe_sandbox(self._sandbox, names))
        events += self._write_exchanges(exchanges)
        self._sent_at = time.monotonic()
        return events

    def _write_exchanges(self, exchanges: Sequence[Exchange]) -> bytes:
        if not exchanges:
            return b""
        self._number = exchanges[-1].number
        rows = [summarize_exchange(exchange) for exchange in exchanges]
        return write_event("exchanges", rows, f"{self._sandbox.journal.epoch}.{self._number}")


def _fingerprint(sandbox: Sandbox, names: Sequence[str]) -> object:
    """Return something that is another one after each change that is no exchange."""
    return (
        *(sandbox.version, sandbox.scenario, sandbox.undo_label, tuple(sandbox.snapshots)),
        *(sandbox.clock.setting, sandbox.journal.cleared, tuple(names)),
        tuple((name, *counts) for name, _, *counts in sandbox.faults.list_all()),
    )


def describe_sandbox(sandbox: Sandbox, names: Sequence[str]) -> dict[str, Any]:
    """Return what a sandbox is now; of its records `version` tells that they are others."""
    journal = sandbox.journal
    return {
        "version": sandbox.version,
        "scenario": sandbox.scenario,
        "undo": sandbox.undo_label,
        "snapshots": list(sandbox.snapshots),
        "sandboxes": list(names),
        "clock": sandbox.clock.describe(),
        "faults": describe_faults(sandbox),
        "journal": {"epoch": journal.epoch, "cleared": journal.cleared, "last": journal.last},
    }


def describe_faults(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the faults of a sandbox with their numbers of matching and of affected requests."""
    return [
        {"id": name, **describe_fault(fault), "matched": matched, "happened": happened}
        for name, fault, matched, happened in sandbox.faults.list_all()
    ]


blueprint = create_guarded_blueprint("control_of_events")
"""The route of the stream."""


@blueprint.get("/events")
def events() -> Response:
    """Send what the sandbox is and every exchange, then each change, as server-sent events."""
    sandbox = current_sandbox()
    since = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    epoch, _, number = since.partition(".")
    is_known = epoch == sandbox.journal.epoch and number.isdecimal() and len(number) < 20
    changes = SandboxChanges(current_service().sandboxes, sandbox, int(number) if is_known else 0)
    return open_stream(changes.poll)
