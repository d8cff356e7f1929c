"""A pytest plugin that says at the end which long tests `-m "not slow"` left out."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

LEFT_OUT = pytest.StashKey[Counter[str]]()
SENT = "left_out"


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count by module; what `-k` leaves out comes in a call of its own, and is not all slow."""
    if all(item.get_closest_marker("slow") for item in items):
        names = (item.path.stem.removeprefix("test_").replace("_", " ") for item in items)
        items[0].config.stash[LEFT_OUT] = Counter(names)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the numbers from a worker of pytest-xdist to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[SENT] = dict(session.config.stash.get(LEFT_OUT, Counter()))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the numbers of a worker; each of them collects, and leaves out, the same."""
    sent = getattr(node, "workeroutput", {}).get(SENT)
    if sent:
        node.config.stash[LEFT_OUT] = Counter(sent)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print how many long tests were left out, of which modules, and what runs them."""
    left_out = config.stash.get(LEFT_OUT, Counter())
    if left_out and config.getoption("markexpr") == "not slow":
        modules = ", ".join(f"{name} {number}" for name, number in left_out.most_common())
        terminalreporter.write_line(
            f"Long tests left out: {left_out.total()} ({modules}). `make test-all` runs them."
        )
