"""A deployment in whose process Ctrl-C comes inside of a callback, which swallows it."""

import gc
import os
import signal
from collections.abc import Iterable
from typing import Any

from mockserver import create_app
from tests.support.waiting import wait_until

REQUESTS_BEFORE = 12
"""Requests that are answered before: the checks before the first rule, and some of its own."""
_mock = create_app()
_calls: list[str] = []


def _interrupt(phase: str, _: dict[str, int]) -> None:
    """Send Ctrl-C to this process; what it raises here, Python reports and drops."""
    gc.callbacks.remove(_interrupt)
    os.kill(os.getpid(), signal.SIGINT)
    wait_until(lambda: False, "Python has called the handler of the signal")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer as the mock does, and interrupt one request."""
    _calls.append(environ["PATH_INFO"])
    if len(_calls) == REQUESTS_BEFORE:
        gc.callbacks.append(_interrupt)
        gc.collect()
    return _mock(environ, start_response)
