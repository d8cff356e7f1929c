"""Ctrl-C, SIGTERM and the end of the terminal: noted, so that what is swallowed ends the run, too.

Python drops a KeyboardInterrupt that is raised inside of a callback, such as one of the garbage
collector, and code between a rule and the target may catch it.
"""

import signal
import sys
import threading
from types import FrameType
from typing import Any

INTERRUPTED = "the run was interrupted"
SIGHUP = getattr(signal, "SIGHUP", None)
"""The end of the terminal, which Windows has no signal for."""
SIGNALS = tuple(
    number
    for number in (signal.SIGINT, signal.SIGTERM, SIGHUP, getattr(signal, "SIGQUIT", None))
    if number is not None
)


class Interruption:
    """Whether somebody has asked this process to stop."""

    def __init__(self) -> None:
        self.has_come = False

    def watch(self) -> None:
        """Note these signals from now on, and raise KeyboardInterrupt for each.

        Signals that the process was started to ignore stay ignored. Only the main thread may do it.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)
        report = sys.unraisablehook

        def report_others(unraisable: Any) -> None:
            """Report what a callback swallowed, but no interrupt, which was noted."""
            if not (self.has_come and isinstance(unraisable.exc_value, KeyboardInterrupt)):
                report(unraisable)

        sys.unraisablehook = report_others

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number == SIGHUP and self.has_come:
            return  # shell and terminal both send it, and nobody asks for the end of the cleanup
        self.has_come = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if somebody has asked this process to stop."""
        if self.has_come:
            raise KeyboardInterrupt


def watch_signals() -> Interruption:
    """Return what notes the signals of this process, the command's own where it has begun to."""
    for number in SIGNALS:
        owner = getattr(signal.getsignal(number), "__self__", None)
        if isinstance(owner, Interruption):
            return owner
    interruption = Interruption()
    interruption.watch()
    return interruption
