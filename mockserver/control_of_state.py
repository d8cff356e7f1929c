"""What changes a sandbox, under `/__mock__/`: state, time, faults, journal; for its owner only.

A web page that the developer visits must not be able to reset their mock: these routes take no
cross-origin request, no form, and no foreign `Host`, which is how a page gets around its origin.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from mockserver.contract import load_contract
from mockserver.errors import APIError, StartError
from mockserver.export import world_of
from mockserver.faults import read_fault, written
from mockserver.journal import MOST_EXCHANGES, as_har, shown
from mockserver.messages import encode
from mockserver.operations.assignments import complete
from mockserver.representation import check_world
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import checked, named_in
from mockserver.service import Service
from mockserver.world import checked_world, format_time, load_world, parse_time

MAXIMUM_BODY = 1_000_000
MAXIMUM_WORLD = 200_000_000
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN = "X-Mock-Control-Token"  # noqa: S105  (the name of a header)
DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
CLOCK_WORDS = ("set", "advance", "freeze", "run")


class Refused(APIError):
    """A request that may not control the mock."""

    status = 403


class Wrong(APIError):
    """A request that cannot be carried out as it is."""

    status = 400


class Missing(APIError):
    """Something that was named and is not there."""

    status = 404


plane = Blueprint("control_of_state", __name__, url_prefix="/__mock__")
"""The routes that change sandboxes; each acts on the one that the request names."""


@plane.before_request
def guard() -> None:
    """Refuse who may not."""
    _check_caller(_service().config.control_token)


@plane.errorhandler(APIError)
def refuse(error: APIError) -> tuple[Response, int]:
    """Answer as the API does."""
    return jsonify(detail=error.detail), error.status


def _service() -> Service:
    service: Service = current_app.extensions["mockserver"]
    return service


def named() -> Sandbox:
    """Return the sandbox that the request names."""
    return _service().sandboxes.get(named_in(request.environ))


@plane.get("/sandboxes")
def sandboxes() -> dict[str, list[str]]:
    """List the sandboxes: the default one, then by last use."""
    return {"sandboxes": _service().sandboxes.names()}


@plane.delete("/sandboxes/<name>")
def remove(name: str) -> tuple[str, int]:
    """Forget a sandbox; the default one is reset."""
    if not _service().sandboxes.remove(checked(name)):
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
        store = load_world(checked_world(_body(MAXIMUM_WORLD), "the body"), "the body")
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
    sandbox, body = named(), _body()
    for word in body.keys() - set(CLOCK_WORDS):
        raise Wrong(f"{word!r} is none of {', '.join(CLOCK_WORDS)}")
    changes = [(word, body[word]) for word in CLOCK_WORDS if word in body]
    if not changes:
        raise Wrong('say what to do, for example {"advance": "P30D"}')
    with sandbox.lock:
        _change_clock(sandbox, changes)
        return _time(sandbox)


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
    return {"id": named().faults.add(read_fault(_body()))}, 201


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


@plane.get("/requests.har")
def archive() -> Response:
    """Return the exchanges that fit as an HTTP Archive."""
    found = named().journal.find(request.args.to_dict())
    return jsonify(as_har(found, version("credmock")))


@plane.post("/requests/count")
def count() -> dict[str, int]:
    """Count the exchanges that fit."""
    return {"count": len(named().journal.find(_body()))}


@plane.delete("/requests")
def forget() -> tuple[str, int]:
    """Forget all exchanges."""
    named().journal.clear()
    return "", 204


@plane.post("/work")
def work() -> dict[str, int]:
    """Work off at once what waits in the background: assignments to groups."""
    sandbox = named()
    with sandbox.lock:
        return {"completed": complete(sandbox, everything=True)}


def _check_caller(token: str) -> None:
    """Raise Refused unless the request comes from this machine, or with the token, and no page."""
    given = request.headers.get(TOKEN, "")
    if token and given and compare_digest(given.encode(), token.encode()):
        return
    if not _is_loopback(request.remote_addr):
        raise Refused(f"this is for callers on the mock's machine, or with {TOKEN}")
    if (request.host.rpartition(":")[0] or request.host).strip("[]") not in OWN_HOSTS:
        raise Refused("the Host header names another machine; use 127.0.0.1")
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Refused("a page of another origin may not control the mock")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Refused("a page of another site may not control the mock")
    if request.method != "GET" and request.content_type not in (None, "", "application/json"):
        raise Refused("send application/json, or no body")


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


def _body(maximum: int = MAXIMUM_BODY) -> dict[str, Any]:
    content = request.stream.read(maximum + 1)
    if len(content) > maximum:
        raise Wrong(f"the body is larger than {maximum} bytes")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Wrong("the body is no JSON object")
    return body


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
