"""A whole comparison: both sides opened, looked at, compared, cleaned up."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from contract_tests.compare.accepted import accept, read_accepted_differences
from contract_tests.compare.reads import list_reads
from contract_tests.compare.recorded import list_recorded
from contract_tests.compare.session import Comparison, Session
from contract_tests.compare.sides import (
    Side,
    find_obstacle_of,
    find_slots,
    load_sides,
    open_side,
)
from contract_tests.compare.writes import list_writes
from contract_tests.engine.contract import load_contract
from contract_tests.engine.journal import make_run_id
from contract_tests.errors import RequestFailed
from contract_tests.settings.sources import current_environment


def compare_deployments(
    left: str,
    right: str,
    options: Mapping[str, Any],
    *,
    same_data: bool = False,
    allow_writes: bool = False,
    recording: str = "",
    environment: Mapping[str, str] | None = None,
) -> Comparison:
    """Return what a comparison of two deployments found; raises UsageError.

    `options` are those of the command line that lead to both sides.
    """
    loaded = load_sides(
        (left, right),
        options,
        current_environment() if environment is None else environment,
        allow_writes=allow_writes,
    )
    accepted = read_accepted_differences(str(options.get("accept") or ""))
    names = (left, right) if left != right else (f"{left} (left)", f"{right} (right)")
    run_id = make_run_id()
    first = open_side(names[0], loaded[0], run_id, "left")
    second = open_side(names[1], loaded[1], run_id, "right")
    comparison = Comparison((first, second), same_data)
    recorded = list_recorded(recording, comparison.skipped) if recording else None
    try:
        _compare(comparison, recorded, allow_writes=allow_writes)
    finally:
        try:
            comparison.left_behind += first.close()
        finally:
            comparison.left_behind += second.close()
    if not comparison.stopped:
        comparison.problems += accept(comparison.entries, accepted)
    return comparison


def _compare(comparison: Comparison, recorded: Any, *, allow_writes: bool) -> None:
    contract = load_contract()
    for side in comparison.sides:
        obstacle = find_obstacle_of(side)
        if obstacle:
            comparison.stopped = f"{side.name}: {obstacle}"
            return
        settings = side.settings
        missing = contract.find_missing_operations(settings.without, settings.later_releases)
        for operation, reason in missing.items():
            comparison.missing.setdefault(operation, f"{side.name}: {reason}")
        with suppress(RequestFailed):
            side.slots = find_slots(side)
    if comparison.same_data:
        share_slots(*comparison.sides)
    asks = recorded if recorded is not None else list_reads(contract, comparison.missing)
    if allow_writes:
        asks = chain(asks, list_writes(comparison.missing))
    Session(comparison).compare_all(asks)


def share_slots(left: Side, right: Side) -> None:
    """Let both sides be asked for the same records; the places stay each side's own."""
    own = {
        name for name in right.slots if name.endswith("collection") or name in ("org", "user_id")
    }
    right.slots = {**left.slots, **{name: right.slots[name] for name in own}}
