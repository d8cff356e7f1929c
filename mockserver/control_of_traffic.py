"""What is done to a sandbox's traffic, and what it was, under `/__mock__/`; for its owner only."""

from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, request

from mockserver.control_access import Missing, Wrong, guarded, named, read_object
from mockserver.faults import read_fault, written
from mockserver.journal import MOST_EXCHANGES, as_har, shown

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
