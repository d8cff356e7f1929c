"""What changes a sandbox's world, under `/__mock__/`: records, snapshots, time; its owner only."""

from dataclasses import replace
from typing import Any

from flask import Response

from mockserver.control.guard import (
    ControlNotFound,
    InvalidControlRequest,
    create_guarded_blueprint,
    current_sandbox,
    current_service,
    read_object,
)
from mockserver.errors import StartError
from mockserver.framework.times import format_time
from mockserver.messages import encode
from mockserver.rendering.check import check_world
from mockserver.sandbox.registry import check_name
from mockserver.world.document import check_document
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from mockserver.world.store import Store

MAXIMUM_WORLD = 200_000_000

blueprint = create_guarded_blueprint("control_of_state")
"""The routes that change worlds; each acts on the sandbox that the request names."""


@blueprint.get("/sandboxes")
def sandboxes() -> dict[str, list[str]]:
    """List the sandboxes: the default one, then by last use."""
    return {"sandboxes": current_service().sandboxes.names()}


@blueprint.delete("/sandboxes/<name>")
def remove(name: str) -> tuple[str, int]:
    """Remove a sandbox; the default one is reset."""
    if not current_service().sandboxes.remove(check_name(name)):
        raise ControlNotFound(f"there is no sandbox {name!r}")
    return "", 204


@blueprint.get("/state")
def export() -> Response:
    """Return all records as a world document."""
    document = export_world(current_sandbox().store)
    return Response(encode(document), content_type="application/json")


@blueprint.put("/state")
def import_() -> dict[str, Any]:
    """Replace all records by those of a world document; an invalid one changes nothing."""
    sandbox = current_sandbox()
    try:
        document = check_document(read_object(MAXIMUM_WORLD), "the body")
        store = load_world(document, "the body", keep=False)
        check_world(store, current_service().contract, "the body")
    except StartError as error:
        raise InvalidControlRequest(str(error)) from error
    with sandbox.undoable("import"):
        sandbox.replace_store(store)
    return _count_records(sandbox.store)


@blueprint.post("/state/reset")
def reset() -> dict[str, Any]:
    """Go back to the world that the mock started with: records, clock and ids."""
    sandbox = current_sandbox()
    with sandbox.undoable("reset"):
        sandbox.reset()
    return _count_records(sandbox.store)


@blueprint.post("/state/clear")
def clear() -> dict[str, Any]:
    """Remove all credentials and all that is about them."""
    sandbox = current_sandbox()
    with sandbox.undoable("clear"), sandbox.transaction() as transaction:
        transaction.remove_all_credentials()
    return _count_records(transaction.store)


@blueprint.post("/state/undo")
def undo() -> dict[str, Any]:
    """Take back the last reset, clear, scenario, import or restore."""
    sandbox = current_sandbox()
    if not sandbox.undo():
        raise ControlNotFound("there is nothing to undo")
    return _count_records(sandbox.store)


@blueprint.get("/state/snapshots")
def snapshots() -> dict[str, list[str]]:
    """List the snapshots, the oldest first."""
    return {"snapshots": list(current_sandbox().snapshots)}


@blueprint.post("/state/snapshots/<name>")
def keep(name: str) -> dict[str, Any]:
    """Save the records as they are now."""
    sandbox = current_sandbox()
    sandbox.save_snapshot(check_name(name, "snapshot"))
    return _count_records(sandbox.store)


@blueprint.post("/state/snapshots/<name>/restore")
def restore(name: str) -> dict[str, Any]:
    """Go back to the records of a snapshot."""
    sandbox = current_sandbox()
    try:
        with sandbox.undoable("restore"):
            sandbox.restore_snapshot(name)
    except KeyError:
        raise ControlNotFound(f"there is no snapshot {name!r}") from None
    return _count_records(sandbox.store)


@blueprint.get("/clock")
def clock() -> dict[str, Any]:
    """Return the time, and whether it is frozen."""
    return current_sandbox().clock.describe()


@blueprint.post("/clock")
def change_clock() -> dict[str, Any]:
    """Set, advance, freeze the time or let it run, in this order."""
    sandbox, words = current_sandbox(), read_object()
    with sandbox.lock:
        sandbox.clock.change(words)
        return sandbox.clock.describe()


@blueprint.get("/scenario")
def scenarios() -> dict[str, Any]:
    """Return the scenario that the sandbox is in, and list all scenarios."""
    return {
        "current": current_sandbox().scenario,
        "scenarios": list(current_service().scenarios.describe_all()),
    }


@blueprint.post("/scenario")
def enter_scenario() -> dict[str, Any]:
    """Reset the sandbox to a scenario."""
    sandbox, body = current_sandbox(), read_object()
    name = body.get("name")
    if not isinstance(name, str) or body.keys() != {"name"}:
        raise InvalidControlRequest('name a scenario, for example {"name": "empty"}')
    with sandbox.undoable(f"scenario {name}"):
        current_service().scenarios.enter(sandbox, name)
    return {"current": name, **_count_records(sandbox.store)}


@blueprint.delete("/scenario")
def leave_scenario() -> dict[str, Any]:
    """Go back to the world that the mock started with."""
    return reset()


@blueprint.post("/assertions/<entity_id>/expire")
def expire(entity_id: str) -> dict[str, Any]:
    """Let an assertion expire now by the clock of its sandbox, which the API cannot do."""
    sandbox = current_sandbox()
    with sandbox.transaction() as transaction:
        assertion = transaction.store.assertions.get(entity_id)
        if assertion is None:
            raise ControlNotFound(f"there is no assertion {entity_id!r}")
        now = sandbox.clock.now()
        transaction.put_assertion(replace(assertion, expires=now))
    return {"entityId": entity_id, "expires": format_time(now)}


@blueprint.post("/work")
def work() -> dict[str, int]:
    """Run pending background jobs now: assignments to groups."""
    return {"completed": current_sandbox().run_due_assignments(everything=True)}


def _count_records(store: Store) -> dict[str, Any]:
    return {
        name: len(getattr(store, name))
        for name in ("credentials", "issuers", "assertions", "assignments", "images")
    }
