"""One run: the controller collects results, a worker (or the only process) sends requests.

It is longer than other modules, because it holds all hooks of pytest around a session.
"""

import io
import json
import os
import tempfile
import time
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from contract_tests.catalogue.rule import Rule
from contract_tests.engine.cleanup import clean_up
from contract_tests.engine.contract import load_contract
from contract_tests.engine.interruption import INTERRUPTED
from contract_tests.engine.journal import build_file_name, is_active, make_run_id
from contract_tests.engine.results import ProcessReport
from contract_tests.engine.safety import WorkerLock
from contract_tests.engine.target import Target
from contract_tests.errors import (
    Disturbed,
    RequestFailed,
    RuleFailed,
    UsageError,
    describe_error,
)
from contract_tests.output import check_output_files, check_report_folder
from contract_tests.report.accepted import read_accepted_failures
from contract_tests.report.ci import render_annotations, render_code_quality, write_file
from contract_tests.report.markdown import write_summary
from contract_tests.report.summary import mark_up, summarize_verdict
from contract_tests.report.verdict import (
    CONFORMS,
    FAILURES,
    USAGE,
    RunSummary,
    Verdict,
    make_verdict,
)
from contract_tests.runner.options import (
    ANNOTATIONS,
    CODE_QUALITY,
    REPORT,
    STEP_SUMMARY,
    SUMMARY,
    list_others,
    read_settings,
)
from contract_tests.runner.preflight import find_obstacle
from contract_tests.runner.progress import find_progress
from contract_tests.runner.recorder import VERDICT, Recorder, find_cause
from contract_tests.runner.selection import (
    Selection,
    check_tags,
    find_rule,
    find_unmet_need,
    list_needs,
    needs_list,
)
from contract_tests.runner.state import RunState
from contract_tests.settings.command_line import PREFIX

CI_FILES = ((ANNOTATIONS, render_annotations), (CODE_QUALITY, render_code_quality))
MOST_RESTARTS = 2
"""Times that a test begins again, since something in front of the target lost a request."""
LONGEST_END = 15.0
"""Seconds that workers get to clean up after an interrupt."""


def start_run(config: pytest.Config) -> "Run":
    """Return the run that the options describe; raises UsageError."""
    settings = read_settings(config)
    check_tags(settings, load_contract())
    read_accepted_failures(settings.accept)  # its errors are reported before the first request
    if settings.allow_writes:
        check_journal_folder(settings.journal)
    inherited: dict[str, str] = getattr(config, "workerinput", {})
    if not inherited:
        check_outputs(config)
    worker = inherited.get("workerid", "")
    # The variable may also be that of the pytest run that started this one.
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) if worker else 1
    state = RunState(settings, inherited.get("credcheck_run") or make_run_id(), worker, workers)
    state.stopped = inherited.get("credcheck_stopped", "")
    return Run(config, state, Selection(config))


def check_outputs(config: pytest.Config) -> None:
    """Raise UsageError unless each file that the run is to write can be written."""
    if config.getoption(REPORT):
        check_report_folder("--report", Path(config.getoption(REPORT)))
    flags = (SUMMARY, *(flag for flag, _ in CI_FILES))
    names = {flag.replace(PREFIX, "--"): config.getoption(flag) for flag in flags}
    check_output_files({**names, STEP_SUMMARY: os.environ.get(STEP_SUMMARY)})


def check_journal_folder(journal: str) -> None:
    """Raise UsageError unless what a run creates can be recorded; a read-only run needs no folder.

    A crash would otherwise leave behind what nobody can find again.
    """
    folder = Path(journal)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"--journal {folder.absolute()}: {error.strerror}: name a folder that can be written, "
            "or add --read-only"
        ) from error


def wait_for_workers(state: RunState, reported: Collection[str]) -> list[Path]:
    """Return the journals of workers of this run that have not ended after a while.

    Ctrl-C reaches them, too: they clean up, and nobody collects any more what they report.
    """
    deadline = time.monotonic() + LONGEST_END
    while True:
        journals = Path(state.settings.journal).glob(f"{state.run_id}-*.jsonl")
        alive = [path for path in journals if path.name not in reported and is_active(path)]
        if not alive or time.monotonic() > deadline:
            return sorted(alive)
        time.sleep(0.1)


class Run:
    """The hooks of pytest around the session and around each test."""

    def __init__(self, config: pytest.Config, state: RunState, selection: Selection) -> None:
        self.state = state
        self.selection = selection
        self.recorder = Recorder(state)
        self._config = config
        self._started = time.time()
        self._processes: list[ProcessReport] = []
        self._reported: set[str] = set()
        """The journals of workers that came to their end."""
        self._verdict: Verdict | None = None
        settings = state.settings
        self._missing_operations = load_contract().find_missing_operations(
            settings.without, settings.later_releases
        )

    @property
    def deployment(self) -> Any:
        """The deployment that is tested."""
        return self.state.deployment

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Check that the target can be tested, and clean up after runs that crashed."""
        if self.state.is_worker or self._config.option.collectonly:
            return
        try:
            with self._redact_output():
                self.state.stopped = self.state.redact(find_obstacle(self.deployment))
        except UsageError as error:
            raise pytest.UsageError(self.state.redact(str(error))) from None
        except KeyboardInterrupt:
            self.state.stopped = INTERRUPTED
        if self.state.settings.allow_writes and not self.state.stopped:
            with self._redact_output():
                lines = list(map(str, clean_up(self.deployment.target)))
            for line in lines:
                self._print(line)

    @contextmanager
    def _redact_output(self) -> Generator[None, None, None]:
        """Let what an application in this process prints outside of tests pass the redactor."""
        if not self.state.settings.application:
            yield
            return
        output = io.StringIO()
        try:
            with redirect_stdout(output), redirect_stderr(output):
                yield
        finally:
            for line in output.getvalue().splitlines():
                self._print(line)

    def _print(self, line: str) -> None:
        progress = find_progress(self._config)
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if progress is not None:
            progress.print(self.state.redact(line))
        elif reporter is not None:
            reporter.write_line(self.state.redact(line))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, bool | None, bool | None]:
        """Let a run end with a verdict when pytest-xdist fails, as it does if all workers die."""
        try:
            return (yield)
        except (pytest.Session.Interrupted, pytest.Session.Failed):
            raise
        except Exception as error:
            if not self._has_workers:
                raise
            self.state.stopped = f"the workers died: {describe_error(error)}"
            return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any, excinfo: pytest.ExceptionInfo[Any]) -> None:
        """Show an error of the harness in one line, without the values of variables."""
        line = describe_error(excinfo.value)
        self.state.stopped = self.state.stopped or line
        excrepr.toterminal = lambda terminal: terminal.line(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the id of the run to a worker."""
        node.workerinput["credcheck_run"] = self.state.run_id
        node.workerinput["credcheck_stopped"] = self.state.stopped

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a rule whose needs are not met; send nothing once the run was stopped."""
        rule = find_rule(item)
        if rule is None:
            return
        self.state.interruption.check()
        if self.state.stopped:
            raise RequestFailed(f"not sent: {self.state.stopped}")
        needs, settings = list_needs(item), self.state.settings
        reason = find_unmet_need(rule, needs, settings, self._missing_operations)
        if reason:
            pytest.skip(reason)
        target = self.deployment.target
        if target.bounds.is_run_over:
            target.observations.notices.add(target.bounds.over)
            pytest.skip(target.bounds.over)
        if target.watch.lost and needs_list(rule, needs):
            pytest.skip(target.watch.lost)
        target.begin(rule.id)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Let a test that writes wait while the reads of another worker must agree."""
        rule = find_rule(item)
        if rule is None or "write" not in {*rule.needs, *list_needs(item)}:
            return (yield from self._call(item, rule))
        with self.deployment.target.worker_lock.hold(exclusive=False):
            return (yield from self._call(item, rule))

    def _call(self, item: pytest.Item, rule: Rule | None) -> Generator[None, None, None]:
        """Run a test, again from its start if a request got lost and others do not."""
        try:
            return (yield)
        except BaseException as error:
            if not self._may_restart(error, rule):
                raise
        for attempt in range(1, MOST_RESTARTS + 1):
            try:
                with self._redact_output():
                    item.runtest()
                return None
            except BaseException as error:
                if not self._may_restart(error, rule) or attempt == MOST_RESTARTS:
                    raise
        return None

    def _may_restart(self, error: BaseException, rule: Rule | None) -> bool:
        """Tell whether a test that raised an error begins again, and prepare that."""
        if rule is None:
            return False
        cause, target = find_cause(error), self.deployment.target
        if isinstance(cause, RuleFailed):
            with self._redact_output():  # pytest captures no output here
                target.look_for_loss(f"a test of {target.rule}")
        if not isinstance(cause, Disturbed):
            return False
        target.observations.notices.add(
            "in front of the target: requests got lost; rules that send what must not be repeated "
            "were tested again from their start"
        )
        target.begin(rule.id)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Clean up; a worker sends what it observed to the controller, which gives the verdict."""
        state = self.state
        was_interrupted = state.interruption.has_come or int(exitstatus) not in (0, 1, 5)
        if was_interrupted and not state.stopped:
            state.stopped = INTERRUPTED
        with self._redact_output():
            process = state.close()
        if state.is_worker:
            output: dict[str, str] = self._config.workeroutput  # type: ignore[attr-defined]
            output["credcheck"] = json.dumps(vars(process))
            return
        self._processes.append(process)
        if self._has_workers:
            with self._redact_output():
                self._processes.append(self._clean_up_after_dead_workers())
        WorkerLock(state.settings, state.run_id, 1).remove()
        self._verdict = make_verdict(self._summarize())
        session.exitstatus = self._verdict.exit_code
        self._report_verdict(self._verdict)
        if not self._write_reports(self._verdict):
            session.exitstatus = USAGE

    @property
    def _has_workers(self) -> bool:
        return bool(self._config.getoption("numprocesses", default=None))

    def _report_verdict(self, verdict: Verdict) -> None:
        """Let what pytest and its plugins count agree with a verdict that no test shows.

        A run that could not be judged has an error, one that left something behind a failure.
        """
        has_failures = any(result.outcome == "failed" for result in verdict.results)
        if verdict.exit_code == CONFORMS or has_failures or self.recorder.has_errors:
            return
        self._config.hook.pytest_runtest_logreport(
            report=pytest.TestReport(
                nodeid=VERDICT,
                location=("credcheck", None, "verdict"),
                keywords={},
                outcome="failed",
                longrepr="\n".join([verdict.headline, *verdict.problems]),
                when="call" if verdict.exit_code == FAILURES else "setup",
            )
        )

    def _summarize(self) -> RunSummary:
        return RunSummary(
            settings=self.state.settings,
            run_id=self.state.run_id,
            started=self._started,
            stopped=self.state.stopped,
            is_narrowed=self.selection.is_narrowed,
            filters=self.selection.filters,
            results=self.recorder.results,
            processes=self._processes,
            flaky=self.recorder.flaky,
            others=list_others(self._config),
        )

    def _write_reports(self, verdict: Verdict) -> bool:
        """Write the reports and summaries, and tell whether that succeeded."""
        folder, summary = (self._config.getoption(name) for name in (REPORT, SUMMARY))
        step_summary = os.environ.get(STEP_SUMMARY)
        try:
            if folder:
                from contract_tests.report.documents import write_reports  # a template engine

                write_reports(verdict, Path(folder))
            if summary:
                write_summary(verdict, Path(summary), append=False)
            if step_summary:
                write_summary(verdict, Path(step_summary), append=True, where=STEP_SUMMARY)
            for flag, render in CI_FILES:
                path = self._config.getoption(flag)
                if path:
                    write_file(flag, Path(path), render(verdict))
        except UsageError as error:
            self._print(f"credcheck: {error}")
            return False
        return True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Collect what a worker observed."""
        text = getattr(node, "workeroutput", {}).get("credcheck")
        if text:
            self._processes.append(ProcessReport(**json.loads(text)))
            worker = node.workerinput["workerid"]
            self._reported.add(build_file_name(self.state.run_id, worker))

    def _clean_up_after_dead_workers(self) -> ProcessReport:
        """Delete what workers of this run created that died; return what this did and found."""
        state = self.state
        if not state.settings.allow_writes:
            return ProcessReport()
        alive = wait_for_workers(state, self._reported)
        with closing(Target(state.settings, state.run_id, "cleanup", 1)) as target:
            ended = clean_up(target, self._reported)
            results = [result for result in ended if result.run_id == state.run_id]
        for folder in (folder for result in results for folder in result.created):
            target.effects.count("created", folder)
        notices = [
            "a worker died: what it did to the target until then is counted as far as its journal "
            "has it, its requests are not"
        ]
        return ProcessReport(
            requests=target.observations.requests,
            notices=notices * bool(results),
            left_behind=[
                *(state.redact(item) for each in results for item in each.left_behind),
                *(f"perhaps something: a worker has not ended, see {path}" for path in alive),
            ],
            permanent=[state.redact(item) for each in results for item in each.permanent],
            effects=target.effects.as_dict(),
        )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary of the verdict."""
        if self._verdict is None:
            return
        if find_progress(self._config) is None:
            terminalreporter.section("credcheck")
        for line in summarize_verdict(self._verdict):
            terminalreporter.write_line(line, **mark_up(line, self._verdict.exit_code))
