"""A faithful stand-in for the ibl.ai Data Manager's credentials API."""

from mockserver.app import create_app
from mockserver.config import Config

__all__ = ["Config", "create_app"]
