"""What changes a sandbox's world, under `/__mock__/`: records, snapshots, time; its owner only."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response

from mockserver.contract import load_contract
from mockserver.control_access import Missing, Wrong, guarded, named, read_object, service
from mockserver.errors import StartError
from mockserver.export import world_of
from mockserver.messages import encode
from mockserver.operations.assignments import complete
from mockserver.representation import check_world
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import checked
from mockserver.world import checked_world, format_time, load_world, parse_time

MAXIMUM_WORLD = 200_000_000
DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
CLOCK_WORDS = ("set", "advance", "freeze", "run")

plane = guarded("control_of_state")
"""The routes that change worlds; each acts on the sandbox that the request names."""


@plane.get("/sandboxes")
def sandboxes() -> dict[str, list[str]]:
    """List the sandboxes: the default one, then by last use."""
    return {"sandboxes": service().sandboxes.names()}


@plane.delete("/sandboxes/<name>")
def remove(name: str) -> tuple[str, int]:
    """Forget a sandbox; the default one is reset."""
    if not service().sandboxes.remove(checked(name)):
        raise Missing(f"there is no sandbox {name!r}")
    return "", 204


@plane.get("/state")
def export() -> Response:
    """Return all records as a world document."""
    sandbox = named()
    with sandbox.lock:
        document = world_of(sandbox.store)
    return Response(encode(document), content_type="application/json")


@plane.put("/state")
def import_() -> dict[str, Any]:
    """Take over the records of a world document; one that is wrong changes nothing."""
    sandbox = named()
    try:
        store = load_world(checked_world(read_object(MAXIMUM_WORLD), "the body"), "the body")
        check_world(store, load_contract(), "the body")
    except StartError as error:
        raise Wrong(str(error)) from error
    with sandbox.lock:
        sandbox.load(store)
        return _counted(sandbox)


@plane.post("/state/reset")
def reset() -> dict[str, Any]:
    """Go back to the world that the mock started with: records, clock and ids."""
    sandbox = named()
    with sandbox.lock:
        sandbox.reset()
        return _counted(sandbox)


@plane.post("/state/clear")
def clear() -> dict[str, Any]:
    """Take out credentials and all that is about them."""
    sandbox = named()
    with sandbox.lock:
        sandbox.clear()
        return _counted(sandbox)


@plane.get("/state/snapshots")
def snapshots() -> dict[str, list[str]]:
    """List the snapshots, the oldest first."""
    return {"snapshots": list(named().snapshots)}


@plane.post("/state/snapshots/<name>")
def keep(name: str) -> dict[str, Any]:
    """Keep the records as they are now."""
    sandbox = named()
    with sandbox.lock:
        sandbox.keep(checked(name, "snapshot"))
        return _counted(sandbox)


@plane.post("/state/snapshots/<name>/restore")
def restore(name: str) -> dict[str, Any]:
    """Go back to the records of a snapshot."""
    sandbox = named()
    with sandbox.lock:
        if name not in sandbox.snapshots:
            raise Missing(f"there is no snapshot {name!r}")
        sandbox.restore(name)
        return _counted(sandbox)


@plane.get("/clock")
def clock() -> dict[str, Any]:
    """Tell the time, and whether it stands still."""
    return _time(named())


@plane.post("/clock")
def change_clock() -> dict[str, Any]:
    """Set, advance, freeze the time or let it run, in this order."""
    sandbox, body = named(), read_object()
    for word in body.keys() - set(CLOCK_WORDS):
        raise Wrong(f"{word!r} is none of {', '.join(CLOCK_WORDS)}")
    changes = [(word, body[word]) for word in CLOCK_WORDS if word in body]
    if not changes:
        raise Wrong('say what to do, for example {"advance": "P30D"}')
    with sandbox.lock:
        _change_clock(sandbox, changes)
        return _time(sandbox)


@plane.post("/work")
def work() -> dict[str, int]:
    """Work off at once what waits in the background: assignments to groups."""
    sandbox = named()
    with sandbox.lock:
        return {"completed": complete(sandbox, everything=True)}


def _counted(sandbox: Sandbox) -> dict[str, Any]:
    store = sandbox.store
    return {
        name: len(getattr(store, name))
        for name in ("credentials", "issuers", "assertions", "assignments", "images")
    }


def _time(sandbox: Sandbox) -> dict[str, Any]:
    clock = sandbox.clock
    return {"now": format_time(clock.now()), "frozen": clock.is_frozen}


def _change_clock(sandbox: Sandbox, changes: list[tuple[str, Any]]) -> None:
    clock = sandbox.clock
    for word, value in _read(changes, clock.now()):
        if word in ("set", "advance"):
            clock.set(value)
        elif word == "freeze" and value:
            clock.freeze()
        elif value:
            clock.run()


def _read(changes: list[tuple[str, Any]], now: datetime) -> Iterator[tuple[str, Any]]:
    """Return what a body asks for as times and truths; nothing is done if any of it is wrong."""
    done: list[tuple[str, Any]] = []
    for word, value in changes:
        if word == "set":
            now = _moment(value)
            done.append((word, now))
        elif word == "advance":
            now = _later(now, value)
            done.append((word, now))
        elif isinstance(value, bool):
            done.append((word, value))
        else:
            raise Wrong(f"{word}: {value!r} is neither true nor false")
    return iter(done)


def _moment(value: Any) -> datetime:
    try:
        return parse_time(value)
    except (TypeError, ValueError) as error:
        raise Wrong(f"set: {error}; write for example 2026-06-01T12:00:00Z") from error


def _later(now: datetime, value: Any) -> datetime:
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    parts = {k: int(v) for k, v in match.groupdict().items() if k != "sign" and v} if match else {}
    if not match or not parts:
        raise Wrong(f"advance: {value!r} is no duration; write for example P30D or PT90S")
    try:
        change = timedelta(**parts)
        return (now - change if match["sign"] == "-" else now + change).astimezone(UTC)
    except OverflowError as error:
        raise Wrong(f"advance: {value!r} leads beyond the calendar") from error
