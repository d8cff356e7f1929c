"""What changes a sandbox's world, under `/__mock__/`: records, snapshots, time; its owner only."""

from typing import Any

from flask import Response

from mockserver.api.operations.assignments import complete
from mockserver.contract.compiler import load_contract
from mockserver.control.guard import (
    ControlNotFound,
    InvalidControlRequest,
    create_guarded_blueprint,
    current_sandbox,
    current_service,
    read_object,
)
from mockserver.errors import StartError
from mockserver.messages import encode
from mockserver.rendering.records import check_world
from mockserver.sandbox.registry import checked
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.document import checked_world, load_world
from mockserver.world.export import world_of

MAXIMUM_WORLD = 200_000_000

blueprint = create_guarded_blueprint("control_of_state")
"""The routes that change worlds; each acts on the sandbox that the request names."""


@blueprint.get("/sandboxes")
def sandboxes() -> dict[str, list[str]]:
    """List the sandboxes: the default one, then by last use."""
    return {"sandboxes": current_service().sandboxes.names()}


@blueprint.delete("/sandboxes/<name>")
def remove(name: str) -> tuple[str, int]:
    """Forget a sandbox; the default one is reset."""
    if not current_service().sandboxes.remove(checked(name)):
        raise ControlNotFound(f"there is no sandbox {name!r}")
    return "", 204


@blueprint.get("/state")
def export() -> Response:
    """Return all records as a world document."""
    sandbox = current_sandbox()
    with sandbox.lock:
        document = world_of(sandbox.store)
    return Response(encode(document), content_type="application/json")


@blueprint.put("/state")
def import_() -> dict[str, Any]:
    """Take over the records of a world document; one that is wrong changes nothing."""
    sandbox = current_sandbox()
    try:
        document = checked_world(read_object(MAXIMUM_WORLD), "the body")
        store = load_world(document, "the body", keep=False)
        check_world(store, load_contract(), "the body")
    except StartError as error:
        raise InvalidControlRequest(str(error)) from error
    with sandbox.lock:
        sandbox.take_over(store)
        return _counted(sandbox)


@blueprint.post("/state/reset")
def reset() -> dict[str, Any]:
    """Go back to the world that the mock started with: records, clock and ids."""
    sandbox = current_sandbox()
    with sandbox.lock:
        sandbox.reset()
        return _counted(sandbox)


@blueprint.post("/state/clear")
def clear() -> dict[str, Any]:
    """Take out credentials and all that is about them."""
    sandbox = current_sandbox()
    with sandbox.lock:
        sandbox.clear()
        return _counted(sandbox)


@blueprint.get("/state/snapshots")
def snapshots() -> dict[str, list[str]]:
    """List the snapshots, the oldest first."""
    return {"snapshots": list(current_sandbox().snapshots)}


@blueprint.post("/state/snapshots/<name>")
def keep(name: str) -> dict[str, Any]:
    """Keep the records as they are now."""
    sandbox = current_sandbox()
    with sandbox.lock:
        sandbox.keep(checked(name, "snapshot"))
        return _counted(sandbox)


@blueprint.post("/state/snapshots/<name>/restore")
def restore(name: str) -> dict[str, Any]:
    """Go back to the records of a snapshot."""
    sandbox = current_sandbox()
    with sandbox.lock:
        if name not in sandbox.snapshots:
            raise ControlNotFound(f"there is no snapshot {name!r}")
        sandbox.restore(name)
        return _counted(sandbox)


@blueprint.get("/clock")
def clock() -> dict[str, Any]:
    """Tell the time, and whether it stands still."""
    return current_sandbox().clock.told()


@blueprint.post("/clock")
def change_clock() -> dict[str, Any]:
    """Set, advance, freeze the time or let it run, in this order."""
    sandbox, words = current_sandbox(), read_object()
    with sandbox.lock:
        sandbox.clock.change(words)
        return sandbox.clock.told()


@blueprint.get("/scenario")
def scenarios() -> dict[str, Any]:
    """Tell the scenario that the sandbox is in, and which there are."""
    return {
        "current": current_sandbox().scenario,
        "scenarios": list(current_service().scenarios.listed()),
    }


@blueprint.post("/scenario")
def enter_scenario() -> dict[str, Any]:
    """Begin anew in a scenario."""
    sandbox, body = current_sandbox(), read_object()
    name = body.get("name")
    if not isinstance(name, str) or body.keys() != {"name"}:
        raise InvalidControlRequest('name a scenario, for example {"name": "empty"}')
    current_service().scenarios.enter(sandbox, name)
    return {"current": name, **_counted(sandbox)}


@blueprint.delete("/scenario")
def leave_scenario() -> dict[str, Any]:
    """Go back to the world that the mock started with."""
    return reset()


@blueprint.post("/work")
def work() -> dict[str, int]:
    """Work off at once what waits in the background: assignments to groups."""
    sandbox = current_sandbox()
    with sandbox.lock:
        return {"completed": complete(sandbox, everything=True)}


def _counted(sandbox: Sandbox) -> dict[str, Any]:
    store = sandbox.store
    return {
        name: len(getattr(store, name))
        for name in ("credentials", "issuers", "assertions", "assignments", "images")
    }
