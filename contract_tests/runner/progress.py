"""How far a run is: a bar where somebody looks at it, and lines of a fixed form elsewhere.

It takes the place of pytest's dots in the runs of `credcheck`; in a pytest session of a team
pytest's own view stays.
"""

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from contract_tests.catalogue import RULES
from contract_tests.runner.selection import find_rule

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PARTS = 10
"""Lines that tell how far a run is, where no bar is shown."""


def is_watched(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether somebody looks at a stream: a terminal that can move, and no CI system."""
    return (
        stream.isatty() and not environment.get("CI") and environment.get("TERM", "dumb") != "dumb"
    )


class ProgressReporter:
    """A plugin of pytest that shows how far the run is, and names each rule that failed at once."""

    def __init__(self, *, is_live: bool) -> None:
        self.done = 0
        self.total = 0
        self._is_live = is_live
        self._failed: dict[str, None] = {}
        self._seen = 0
        self._results: Sequence[Any] = ()
        self._terminal: Any = None
        self._console: Console | None = None
        self._bar: Progress | None = None

    @classmethod
    def for_terminal(cls) -> "ProgressReporter":
        """Return the reporter for the output of this process."""
        return cls(is_live=is_watched(sys.stdout, os.environ))

    def print(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            from rich.text import Text

            self._bar.console.print(Text(line), soft_wrap=True)
        else:
            self._terminal.write_line(line)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(
        self,
    ) -> Generator[None, tuple[str, Any, Any], tuple[str, Any, Any]]:
        """Let pytest count the outcome of a test, and write no letter for it."""
        category, _, _ = yield
        return category, "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Find the plugin that writes to the terminal, which pytest has added by now."""
        self._terminal = config.pluginmanager.get_plugin("terminalreporter")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin with the tests that were selected; with workers, only these collect tests."""
        if session.items:
            self._begin(session.config, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Begin when the first worker has collected its tests, which are the same in each."""
        if not self.total and ids:
            self._begin(node.config, len(ids))

    def _begin(self, config: pytest.Config, total: int) -> None:
        from contract_tests.runner.plugin import RUN

        self.total = total
        self._terminal.ensure_newline()
        run = config.pluginmanager.get_plugin(RUN)
        self._results = run.recorder.results if run else ()
        if self._is_live:
            self._show_bar()

    def _show_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        # While a test runs, pytest takes what is written to the descriptor of the output.
        output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding)
        self._console = Console(file=output, force_terminal=True)
        narrow, rest = Column(no_wrap=True), Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self._bar = Progress(
            BarColumn(bar_width=16, table_column=narrow),
            TextColumn("{task.completed:.0f} of {task.total:.0f}", table_column=narrow),
            TimeRemainingColumn(compact=True, table_column=narrow),
            TextColumn("{task.fields[failed]}", style="red", markup=False, table_column=narrow),
            TextColumn("{task.fields[rule]}", style="dim", markup=False, table_column=rest),
            console=self._console,
            expand=True,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bar.add_task("", total=self.total, failed="", rule="")
        self._bar.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Show the rule that is tested; with workers it is that of the last test that ended."""
        rule = find_rule(item)
        if rule is not None:
            self._update(rule.id)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """Count a test that has ended, and name a rule that failed for the first time."""
        self.done += 1
        fresh = self._results[self._seen :]
        self._seen = len(self._results)
        for result in fresh:
            if result.outcome == "failed" and result.rule not in self._failed:
                self._failed[result.rule] = None
                message = result.findings[0]["message"] if result.findings else result.reason
                self.print(f"failed  {result.rule}  {message}")
        rule = fresh[-1].rule if fresh else ""
        self._update(rule)
        if self._bar is None and self.done * PARTS // self.total > (
            (self.done - 1) * PARTS // self.total
        ):
            self._terminal.write_line(self.describe(rule))

    def _update(self, rule: str) -> None:
        if self._bar is None:
            return
        fields = {"failed": f"{len(self._failed)} failed" if self._failed else ""}
        if rule:
            fields["rule"] = name_rule(rule)
        self._bar.update(self._bar.task_ids[0], completed=self.done, **fields)  # type: ignore[arg-type]

    def describe(self, rule: str) -> str:
        """Return the line for a run that nobody watches."""
        failures = len(self._failed)
        failed = f"{failures} rule{'s' * (failures > 1)} failed" if failures else "no failure"
        left = self.total - self.done
        at = f", at {shorten(name_rule(rule), 70, placeholder=' …')}" if rule and left else ""
        return f"tested {self.done} of {self.total}, {left} left, {failed}{at}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """Remove the bar before the summary."""
        self._stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Remove the bar before pytest says that the run was interrupted."""
        self._stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self) -> None:
        """Remove the bar before pytest shows an error."""
        self._stop()

    def pytest_unconfigure(self) -> None:
        """Remove the bar at the end at the latest."""
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None and self._console is not None:
            self._bar.stop()
            self._console.file.close()
            self._bar = None


def name_rule(rule: str) -> str:
    """Return the id of a rule, and what it requires."""
    return f"{rule} {RULES[rule].requirement}"


def find_progress(config: pytest.Config) -> ProgressReporter | None:
    """Return the reporter of a run of `credcheck`; pytest sessions of others have none."""
    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, ProgressReporter)), None)
