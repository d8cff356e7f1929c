"""A pytest plugin that begins with the longest tests, so that none is left alone at the end."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest tests at the front of what each worker of pytest-xdist gets first."""
    longest = [item for item in items if item.get_closest_marker("longest")]
    others = [item for item in items if not item.get_closest_marker("longest")]
    # The workers begin with equal shares of the list, in its order.
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    share = -(-len(others) // workers)
    items[:] = [
        item
        for number in range(workers)
        for item in (*longest[number::workers], *others[number * share : (number + 1) * share])
    ]
