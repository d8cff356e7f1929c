"""What the rules ask for by a short name, which is theirs only."""

from typing import Any

import pytest


@pytest.fixture
def deployment(credcheck_deployment: Any) -> Any:
    """Return the deployment that this run tests."""
    return credcheck_deployment
