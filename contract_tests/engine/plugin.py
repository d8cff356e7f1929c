"""The engine, as a pytest plugin: options, fixtures, verdict. `credcheck` only translates to it."""

import gc
import json
import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from contract_tests.catalogue import RULES, SUBJECTS, Rule
from contract_tests.engine.accepted import read_accepted
from contract_tests.engine.journal import new_run_id
from contract_tests.engine.outcome import (
    Breach,
    CouldNotAsk,
    Finding,
    NotTested,
    Result,
    TargetRefuses,
    UsageError,
)
from contract_tests.engine.safety import Turnstile
from contract_tests.engine.settings import PROFILES, Settings, current_environment, load_settings

HERE = Path(__file__).resolve().parents[1] / "rules"
PROPERTY = "credcheck"
OPTIONS: Mapping[str, dict[str, Any]] = {
    "config": {"help": "file with the targets"},
    "org": {"help": "key of the platform"},
    "user-id": {"help": "a user of the platform"},
    "username": {"help": "the same user's name"},
    "learner-username": {"help": "name of the learner's user"},
    "other-org": {"help": "key of a second platform"},
    "other-user-id": {"help": "a user of the second platform"},
    "issuer": {"help": "entityId of an issuer"},
    "key": {"help": "ROLE=env:NAME or ROLE=file:PATH", "action": "append", "default": []},
    "auth-scheme": {"help": "scheme in front of a key"},
    "allow-writes": {"action": "store_true", "default": None, "help": "create, change, delete"},
    "read-only": {"action": "store_true", "default": None, "help": "send reads only"},
    "disposable": {"action": "store_true", "default": None, "help": "the target is thrown away"},
    "rate": {"help": "requests, such as 5/s"},
    "header": {"help": "'Name: value' for every request", "action": "append", "default": []},
    "ca-bundle": {"help": "certificates to trust"},
    "accept": {"help": "file of known breaches"},
    "profile": {"choices": PROFILES, "help": "how much is done"},
    "seed": {"type": int, "help": "makes the run repeatable"},
    "time-budget": {"type": float, "help": "seconds for the thorough profile"},
    "max-latency": {"type": float, "help": "seconds that an answer may take"},
    "api-version": {"help": "release that the target runs"},
    "without": {
        "help": "tags of the contract that the target lacks",
        "action": "append",
        "default": [],
    },
    "no-unknown-fields": {"action": "store_true", "default": None, "help": "a breach, no notice"},
    "hold-choices": {"action": "store_true", "default": None, "help": "a departure is a breach"},
    "journal": {"help": "folder for what was created"},
    "yes-this-is-production": {"action": "store_true", "default": None, "help": "read production"},
}
NOTHING_SEEN: Mapping[str, Any] = {
    "requests": 0, "coverage": {}, "notices": [], "left_behind": [], "exchanges": [],
}  # fmt: skip
FILTERS = ("rule", "subject", "operation")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; all but `--target` and `--report` begin with `--credcheck-`."""
    group = parser.getgroup("credcheck", "is the contract of the credentials API kept?")
    group.addoption("--target", help="URL, `mock`, wsgi:MODULE:ATTRIBUTE, or a name of the file")
    group.addoption("--credcheck-report", metavar="DIR", help="folder for the reports")
    for name, settings in OPTIONS.items():
        group.addoption(f"--credcheck-{name}", **settings)
    for name in FILTERS:
        group.addoption(
            f"--credcheck-{name}", action="append", default=[], help=f"this {name} only"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the run if there is a target."""
    config.addinivalue_line("markers", "rule(id): the law of the catalogue that a test holds up")
    config.addinivalue_line("markers", "needs(name, …): what a case needs beside its rule")
    config.addinivalue_line("markers", "last: after every other rule, for it leaves traces")
    if not config.getoption("--target"):
        return
    try:
        settings = settings_of(config)
        _check_tags(settings)
        _check_filters(config)
        run = Run(config, settings)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    # A run makes much that dies young and keeps what it asked: looking for cycles less often
    # saves a tenth of its time, and costs a few megabytes.
    gc.set_threshold(20_000, 20, 50)
    config.pluginmanager.register(run, "credcheck-run")


def settings_of(config: pytest.Config) -> Settings:
    """Return what the options, the environment and the file say; raises UsageError."""
    options = {name.replace("-", "_"): config.getoption(f"--credcheck-{name}") for name in OPTIONS}
    if options["seed"] is None:
        inherited = os.environ.get("CREDCHECK_SEED", "")
        options["seed"] = int(inherited) if inherited.isdecimal() else random.randrange(1, 10**6)
        os.environ["CREDCHECK_SEED"] = str(options["seed"])  # workers have the same one
    return load_settings(config.getoption("--target"), options, current_environment())


def _check_tags(settings: Settings) -> None:
    from contract_tests.engine.contract import load_contract

    known = {each.tag for each in load_contract().operations.values()}
    for tag in settings.without:
        if tag not in known:
            raise UsageError(
                f"without: {tag!r} is no tag of the contract: {', '.join(sorted(known))}"
            )


def _check_filters(config: pytest.Config) -> None:
    operations = {each for rule in RULES.values() for each in rule.operations}
    known_names: dict[str, set[str]] = {
        "rule": set(RULES),
        "subject": {*SUBJECTS},
        "operation": operations,
    }
    for name, known in known_names.items():
        for each in config.getoption(f"--credcheck-{name}"):
            if each not in known:
                raise UsageError(f"--{name} {each!r} is not known; `credcheck rules` lists them")


class Run:
    """One run: on the controller it gathers, on a worker (or alone) it asks."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        from contract_tests.engine.contract import load_contract

        self.config = config
        self.settings = settings
        contract = load_contract()
        self.operations = contract.operations
        self.lacking = contract.lacking(settings.without, settings.later_releases)
        read_accepted(settings.accept)  # what is wrong with it is told before anything is asked
        self.worker: str = getattr(config, "workerinput", {}).get("workerid", "")
        self.run_id = self._run_id()
        self.started = time.time()
        self.results: list[Result] = []
        self.parts: list[dict[str, Any]] = []
        self.stopped: str = getattr(config, "workerinput", {}).get("credcheck_stopped", "")
        self._deployment: Any = None
        self._seen: set[Any] = set()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _interrupt)  # so that it cleans up, as Ctrl-C does

    def _run_id(self) -> str:
        inherited = getattr(self.config, "workerinput", {}).get("credcheck_run")
        return inherited or new_run_id()

    @property
    def is_worker(self) -> bool:
        """Whether this process is one of several that ask."""
        return bool(self.worker)

    @property
    def deployment(self) -> Any:
        """The target, reached on first use."""
        if self._deployment is None:
            from contract_tests.engine.target import Target
            from contract_tests.vocabulary.deployment import Deployment

            # The variable may also be that of a run that this one is started by.
            workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) if self.is_worker else 1
            target = Target(self.settings, self.run_id, self.worker or "main", workers)
            self._deployment = Deployment(target, self.run_id)
        return self._deployment

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """See that the target can be judged, and finish what a run that crashed could not."""
        if self.is_worker or self.config.option.collectonly:
            return
        from contract_tests.engine.cleanup import clean_up
        from contract_tests.engine.preflight import obstacle

        self.stopped = self._redacted(obstacle(self.deployment))
        if self.settings.allow_writes and not self.stopped:
            for line in map(str, clean_up(self.deployment.target)):
                self._say(line)

    def _say(self, line: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the run's id to a worker."""
        node.workerinput["credcheck_run"] = self.run_id
        node.workerinput["credcheck_stopped"] = self.stopped

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the modules without a rule that was asked for: they need not be imported."""
        if collection_path.parent != HERE or collection_path.suffix != ".py":
            return None
        text = collection_path.read_text(encoding="utf-8")
        chosen = any(f'rule("{each.id}")' in text for each in RULES.values() if self._asks(each))
        return None if chosen else True

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the rules that were asked for; what leaves traces comes last."""
        kept: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            (kept if self._is_chosen(item) else left).append(item)
        kept.sort(key=lambda item: item.get_closest_marker("last") is not None)
        if left:
            config.hook.pytest_deselected(items=left)
        items[:] = kept

    def _is_chosen(self, item: pytest.Item) -> bool:
        marker = item.get_closest_marker("rule")
        if marker is None:
            return not str(item.path).startswith(str(HERE))
        return self._asks(RULES[marker.args[0]])

    def _asks(self, rule: Rule) -> bool:
        chosen = {name: self.config.getoption(f"--credcheck-{name}") for name in FILTERS}
        return (
            (not chosen["rule"] or rule.id in chosen["rule"])
            and (not chosen["subject"] or rule.subject in chosen["subject"])
            and (not chosen["operation"] or bool({*chosen["operation"]} & {*rule.operations}))
        )

    def missing(self, rule: Rule, more: list[str]) -> str:
        """Return why a rule, and a case that needs more, cannot be tested; or nothing."""
        settings, lacking = self.settings, self.lacking
        lacks = [each for each in rule.operations if each in lacking]
        if lacks and (rule.needs_all_operations or len(lacks) == len(rule.operations)):
            return "; ".join(dict.fromkeys(lacking[each] for each in lacks))
        for need in (*rule.needs, *more):
            if need in lacking:
                return lacking[need]
            if need == "not_production" and settings.is_production:
                return "the target is production"
            if need == "write" and not settings.allow_writes:
                return "the run is read-only"
            if need == "disposable" and not (settings.disposable and settings.allow_writes):
                return "the target is not disposable"
            if need in ("department_admin", "learner", "other_org_admin", "retired"):
                if need not in settings.keys:
                    return f"no key for {need}"
            elif need in self.operations or need in ("write", "disposable", "not_production"):
                continue
            elif not getattr(settings, need):
                return f"{need} is not set"
        return ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a rule whose needs are missing; stop asking a target that refuses."""
        marker = item.get_closest_marker("rule")
        if marker is None:
            return
        if self.stopped:
            pytest.skip(f"not asked: {self.stopped}")
        rule = RULES[marker.args[0]]
        more = [name for each in item.iter_markers("needs") for name in each.args]
        reason = self.missing(rule, more)
        if reason:
            pytest.skip(reason)
        if self.deployment.is_out_of_time:
            pytest.skip("the time budget is used up")
        self.deployment.target.rule = rule.id

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Let a test that writes wait while another worker's reads must agree."""
        marker = item.get_closest_marker("rule")
        needs = {name for each in item.iter_markers("needs") for name in each.args}
        if marker is None or "write" not in {*RULES[marker.args[0]].needs, *needs}:
            return (yield)
        with self.deployment.target.turnstile.passed(alone=False):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what happened into a result; what was found by the way fails the test as well."""
        report = yield
        marker = item.get_closest_marker("rule")
        if marker is None or (report.when != "call" and report.outcome == "passed"):
            return report
        result = self._result(RULES[marker.args[0]].id, item.name, call, report)
        if result.outcome == "breached" and report.outcome != "failed":
            report.outcome = "failed"
            report.longrepr = "\n".join(_headline(each) for each in result.findings)
        if result.outcome in ("not tested", "could not ask"):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"{result.outcome}: {result.reason}")
        report.user_properties.append((PROPERTY, json.dumps(result.__dict__)))
        return report

    def _result(
        self, rule: str, name: str, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> Result:
        result = Result(rule, name, "kept", seconds=round(call.duration, 3))
        error = _innermost(call.excinfo.value) if call.excinfo else None
        if isinstance(error, pytest.skip.Exception | NotTested):
            reason = str(error)
            asked = not reason.startswith("not asked")
            result.outcome, result.reason = "not tested" if asked else "could not ask", reason
        elif isinstance(error, CouldNotAsk):
            result.outcome, result.reason = "could not ask", str(error)
            if isinstance(error, TargetRefuses):
                self.stopped = str(error)
        elif isinstance(error, Breach) and self._is_only_a_choice(rule):
            result.outcome = "not tested"
            result.reason = f"departs from what we chose: {self._redacted(error.message)}"
        elif isinstance(error, Breach):
            result.findings.append(self._finding(rule, error).as_dict())
        elif error is not None:
            result.outcome = "could not ask"
            result.reason = self._redacted(f"harness: {error!r} at {_place(error)}")
        result.findings += self._found_by_the_way()
        if result.findings:
            result.outcome = "breached"
        return result

    def _is_only_a_choice(self, rule: str) -> bool:
        """Tell whether production is not known here, and nobody asked to hold to our choice."""
        return RULES[rule].is_choice and not self.settings.hold_choices

    def _redacted(self, text: str) -> str:
        redact = self._deployment.target.redact if self._deployment else str
        return str(redact(text))[:2000]

    def _finding(self, rule: str, breach: Breach) -> Finding:
        exchange = getattr(breach.reply, "exchange", None)
        return Finding(
            rule,
            exchange.operation if exchange else "",
            self._redacted(breach.message),
            self._redacted(breach.expected),
            self._redacted(breach.got),
            exchange,
            tuple(map(self._redacted, breach.steps)),
        )

    def _found_by_the_way(self) -> list[dict[str, Any]]:
        """Return what the replies of this test showed that no earlier one had."""
        if self._deployment is None:
            return []
        findings = self._deployment.target.findings
        fresh = [each.as_dict() for each in findings.values() if each.cause not in self._seen]
        self._seen |= findings.keys()
        return fresh

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the results, of this process and of workers."""
        if self.is_worker:
            return
        told = [text for name, text in report.user_properties if name == PROPERTY]
        self.results += [Result(**json.loads(str(text))) for text in told]
        if report.failed and not told:  # a worker that died says nothing itself
            self.stopped = f"the harness failed at {report.nodeid}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Clean up; on a worker hand the rest to the controller, else give the verdict."""
        if int(exitstatus) not in (0, 1, 5) and not self.stopped:
            self.stopped = "the run was interrupted"
        part = self._close()
        if self.is_worker:
            self.config.workeroutput["credcheck"] = json.dumps(part)  # type: ignore[attr-defined]
            return
        self.parts.append(part)
        if self.config.getoption("numprocesses", default=None):
            part["left_behind"] += self._left_by_dead_workers()
        Turnstile(self.settings, self.run_id, 1).remove()
        from contract_tests.report.verdict import judge

        verdict = judge(self)
        session.exitstatus = verdict.exit_code
        self.verdict = verdict
        folder = self.config.getoption("--credcheck-report")
        if folder:
            from contract_tests.report.documents import write_reports

            try:
                write_reports(verdict, Path(folder))
            except UsageError as error:
                session.exitstatus = 2
                self._say(f"credcheck: {error}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw."""
        text = getattr(node, "workeroutput", {}).get("credcheck")
        if text:
            self.parts.append(json.loads(text))

    def _left_by_dead_workers(self) -> list[str]:
        """Clean up after the workers of this run that could not."""
        from contract_tests.engine.cleanup import clean_up
        from contract_tests.engine.target import Target

        if not self.settings.allow_writes:
            return []
        with closing(Target(self.settings, self.run_id, "cleanup", 1)) as target:
            ended = [each for each in clean_up(target) if each.run_id == self.run_id]
        return [left for each in ended for left in each.left]

    def _close(self) -> dict[str, Any]:
        """End the asking: delete what was created, and return what this process saw."""
        if self._deployment is None:
            return {**NOTHING_SEEN}
        target = self._deployment.target
        target.rule = ""
        try:
            left = self._deployment.clean_up()
        except CouldNotAsk as error:
            left = [f"unknown: {error}"]
        target.journal.close(clean=not left)
        target.close()
        return {
            "requests": target.requests,
            "coverage": {name: dict(each) for name, each in target.coverage.items()},
            "notices": sorted(target.notices),
            "left_behind": left,
            "exchanges": [_plain(each) for each in target.exchanges],
        }

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what a person reads first."""
        from contract_tests.report.verdict import summary_lines

        terminalreporter.section("credcheck")
        for line in summary_lines(self.verdict):
            terminalreporter.write_line(line)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _plain(exchange: Any) -> dict[str, Any]:
    """Return an exchange as a dict; `asdict` would copy each of its values, which are plain."""
    return {each.name: getattr(exchange, each.name) for each in fields(exchange)}


def _headline(finding: Mapping[str, Any]) -> str:
    exchange = finding["exchange"] or {}
    lines = [f"{finding['rule']} {finding['operation']}: {finding['message']}"]
    if finding["expected"] or finding["got"]:
        lines += [f"  expected  {finding['expected']}", f"  got       {finding['got']}"]
    return "\n".join([*lines, f"  {exchange.get('curl', '')}"])


def _innermost(error: BaseException) -> BaseException:
    """Return what a group of failures is about: Hypothesis wraps several in one."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _place(error: BaseException) -> str:
    """Return the line that raised an error, for whoever has to mend it."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


@pytest.fixture
def deployment(pytestconfig: pytest.Config) -> Any:
    """Return the target of this run."""
    run = pytestconfig.pluginmanager.get_plugin("credcheck-run")
    if run is None:
        pytest.skip("no --target was given")
    return run.deployment
