"""Finishes what a run that crashed left: deletes what its journal says it created."""

from collections.abc import Iterator

from contract_tests.deployment import remove
from contract_tests.safety import unfinished_runs
from contract_tests.target import Target


def clean_up(target: Target, *, except_run: str = "") -> Iterator[str]:
    """Delete what earlier runs left and yield a line for each of them."""
    for run in unfinished_runs(target.settings):
        if run.run_id == except_run:
            continue
        left = remove(target, run)
        if left:
            yield f"run {run.run_id}: {len(left)} left behind: {', '.join(left)}"
        else:
            run.path.unlink(missing_ok=True)
            yield f"run {run.run_id}: cleaned up"
