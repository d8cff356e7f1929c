"""A high-fidelity mock server of the ibl.ai Data Manager's credentials API."""

from typing import TYPE_CHECKING, Any

from mockserver.config import Config

if TYPE_CHECKING:
    from mockserver.app import create_app

__all__ = ["Config", "create_app"]
DISTRIBUTION = "credmock"
"""The package that installed this one; another, `mockserver-client`, may overwrite it."""


def __getattr__(name: str) -> Any:
    """Load the application when it is asked for: what only controls a mock needs none of it."""
    if name == "create_app":
        from mockserver.app import create_app

        return create_app
    raise AttributeError(name)
