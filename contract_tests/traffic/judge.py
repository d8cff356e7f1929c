"""Judges a recording by the contract: nothing is sent, and no key is needed.

The result is that of a run: the same rules, verdict, reports and exit codes.
"""

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from contract_tests.catalogue.rule import RELEASES
from contract_tests.engine.contract import Contract, load_contract
from contract_tests.engine.observations import Observations
from contract_tests.engine.redaction import Redactor, escape_surrogates
from contract_tests.engine.results import Finding, Outcome, ProcessReport, Result
from contract_tests.report.accepted import find_accepted, read_accepted_failures
from contract_tests.report.verdict import RunSummary, Verdict, make_verdict
from contract_tests.runner.state import as_plain_dict
from contract_tests.settings.settings import Settings
from contract_tests.traffic.checks import Check, SingleLaws
from contract_tests.traffic.har import Recorded, read_archive
from contract_tests.traffic.history import check_history, list_changes
from contract_tests.traffic.lists import check_lists, read_lists
from contract_tests.traffic.secrets import build_redactor
from contract_tests.traffic.service import Call, Sorting, sort_traffic

CUT = "the body of the response was cut or left out in the recording"
NO_TIMES = (
    "the recording does not say when each request was sent and answered, so what "
    "several exchanges show together was not judged"
)
LONGEST_TEXT = 2_000
RECORDED = ("SCHEMA-01", "SCHEMA-02", "ERR-01")
"""The rules that every single response is held to."""


def judge_archive(
    path: Path,
    *,
    base_url: str = "",
    accept: str = "",
    no_unknown_fields: bool = False,
    environment: Mapping[str, str],
) -> Verdict:
    """Return the verdict on a recording; raises UsageError for a file that cannot be read."""
    started = time.time()
    exchanges = read_archive(path)
    settings = Settings(
        name=path.name,
        base_url=base_url,
        accept=accept,
        no_unknown_fields=no_unknown_fields,
        api_version=RELEASES[-1],
        # Nothing is sent: what was recorded may be a write.
        allow_writes=True,
        disposable=True,
        username="recorded",
        profile="recorded",
    )
    judge = Judge(exchanges, settings, environment)
    verdict = make_verdict(
        RunSummary(
            settings=settings,
            run_id="recorded",
            started=started,
            stopped=judge.find_obstacle(),
            is_narrowed=True,
            filters={},
            results=list(judge.judge()),
            processes=[judge.report()],
        )
    )
    verdict.context = {}
    options = {"--base-url": base_url, "--accept": accept}
    words = [word for flag, value in options.items() if value for word in (flag, value)]
    words += ["--no-unknown-fields"] * no_unknown_fields
    verdict.repeat = {"run": shlex.join(["credcheck", "judge", str(path), *words])}
    verdict.effects = {}  # nothing was sent
    verdict.unreachable_here = {}
    return verdict


class Judge:
    """One recording, and what it shows."""

    def __init__(
        self, exchanges: Iterable[Recorded], settings: Settings, environment: Mapping[str, str]
    ) -> None:
        exchanges = tuple(exchanges)
        self._contract: Contract = load_contract()
        known = {
            name.removeprefix("CREDCHECK_KEY_").lower(): value
            for name, value in environment.items()
            if name.startswith("CREDCHECK_KEY_") and value
        }
        self._redact: Redactor = build_redactor(exchanges, known)
        self._sorting: Sorting = sort_traffic(
            exchanges, self._contract, self._redact, settings.base_url
        )
        self._observations = Observations(
            self._contract, self._redact, unknown_fields_fail=settings.no_unknown_fields
        )
        self._holds_unknown_fields = settings.no_unknown_fields
        self._accepted = read_accepted_failures(settings.accept)
        self._total = len(exchanges)

    def find_obstacle(self) -> str:
        """Return why the recording cannot be judged, or an empty text."""
        if self._sorting.calls:
            return ""
        more = "; ".join(self._sorting.describe())
        return f"no answered request to /api/credentials/ in {self._total} exchanges" + (
            f" ({more})" if more else ""
        )

    def judge(self) -> Iterator[Result]:
        """Yield a result for each rule and operation that the recording shows something of."""
        yield from self._judge_responses()
        checks: dict[tuple[str, str], list[Check]] = {}
        for check in self._check_all():
            checks.setdefault((check.rule, check.call.operation_id), []).append(check)
        for (rule, operation), held in checks.items():
            findings = {finding.cause: finding for finding in self._find(held)}
            yield self._make_result(rule, operation, findings.values())

    def report(self) -> ProcessReport:
        """Return what was observed; call it after `judge`."""
        observed = self._observations
        notices = {*observed.notices, *self._sorting.describe(), *self._describe_times()}
        return ProcessReport(
            requests=observed.requests,
            coverage={operation: dict(counts) for operation, counts in observed.coverage.items()},
            notices=[self._clean(notice) for notice in sorted(notices)],
            exchanges=[as_plain_dict(exchange) for exchange in observed.exchanges],
        )

    def _describe_times(self) -> Iterator[str]:
        calls = self._sorting.calls
        if len(calls) > 1 and all(call.recorded.ended is None for call in calls):
            yield NO_TIMES

    def _judge_responses(self) -> Iterator[Result]:
        """Yield the results of the rules that every single response is held to."""
        cut: dict[str, int] = {}
        judged: dict[str, None] = {}
        for call in self._sorting.calls:
            self._observations.record(call.response)
            if call.is_whole or call.response.status >= 500:
                self._observations.judge(call.response)
                judged[call.operation_id] = None
            else:
                cut[call.operation_id] = cut.get(call.operation_id, 0) + 1
        findings = list(self._observations.findings.values())
        for operation in dict.fromkeys([*judged, *(one.operation for one in findings)]):
            for rule in RECORDED:
                found = [one for one in findings if (one.rule, one.operation) == (rule, operation)]
                if found or rule != "SCHEMA-02" or self._holds_unknown_fields:
                    yield self._make_result(rule, operation, found)
        for operation, number in cut.items():
            test = f"recorded[{operation or 'no operation'}]"
            reason = f"{CUT}: {number} of {operation or 'no operation'}"
            yield Result("SCHEMA-01", test, "not tested", reason)

    def _check_all(self) -> Iterator[Check]:
        """Yield what single calls show, what pages show, and what calls show together.

        Each service is judged by itself; a recording may contain several.
        """
        laws = SingleLaws()
        documented = [call for call in self._sorting.calls if self._is_documented(call)]
        for call in documented:
            yield from laws.check(call)
        for base in dict.fromkeys(call.base for call in documented):
            calls = [call for call in documented if call.base == base]
            pages = read_lists(calls)
            yield from check_lists(calls, pages, list_changes(calls))
            yield from check_history(calls, pages)

    def _is_documented(self, call: Call) -> bool:
        """Tell whether a response has the shape of the contract, or of which only a part is kept.

        What has another shape breaks most other rules, too.
        """
        causes = self._observations.find_causes(call.response) if call.is_whole else ()
        return not any(rule == "SCHEMA-01" for rule, _, _ in causes)

    def _find(self, checks: Iterable[Check]) -> Iterator[Finding]:
        """Yield what failed as findings."""
        for check in checks:
            failure = check.failure
            if failure is None:
                continue
            response = check.call.response
            steps = [*check.earlier, check.call] if check.earlier else []
            yield Finding(
                check.rule,
                check.call.operation_id,
                self._clean(failure.message),
                self._clean(failure.expected),
                self._clean(failure.got),
                response.exchange,
                tuple(call.step for call in steps),
            )

    def _clean(self, text: str) -> str:
        return escape_surrogates(self._redact(text))[:LONGEST_TEXT]

    def _make_result(self, rule: str, operation: str, findings: Iterable[Finding]) -> Result:
        found = [finding.as_dict() for finding in findings]
        outcome: Outcome = "passed"
        if found:
            is_accepted = all(find_accepted(self._accepted, finding) for finding in found)
            outcome = "accepted" if is_accepted else "failed"
        test = f"recorded[{operation or 'no operation'}]"
        return Result(rule, test, outcome, findings=found)
