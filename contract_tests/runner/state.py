"""What the parts of a run share: its settings, the deployment, and whether it was stopped."""

from dataclasses import fields

from contract_tests.engine.exchange import Exchange
from contract_tests.engine.interruption import INTERRUPTED, watch_signals
from contract_tests.engine.other_records import Remains
from contract_tests.engine.redaction import Redactor, escape_surrogates
from contract_tests.engine.results import Finding, ProcessReport
from contract_tests.engine.target import Target
from contract_tests.errors import describe_error
from contract_tests.settings.settings import Settings
from contract_tests.vocabulary.deployment import Deployment

LONGEST_REASON = 2_000
STILL_IN_JOURNAL = (
    "what the run created and could not delete is in its journal; `credcheck cleanup TARGET` "
    "deletes it"
)


class RunState:
    """One process of a run: a worker, or the controller, or the only one."""

    def __init__(self, settings: Settings, run_id: str, worker: str, workers: int) -> None:
        self.settings = settings
        self.run_id = run_id
        self.worker = worker
        self.interruption = watch_signals()  # so that it cleans up, even if code catches them
        self.stopped = ""
        """Why the run ended early."""
        self._workers = workers
        self._redactor = Redactor.from_settings(settings)
        self._deployment: Deployment | None = None

    @property
    def is_worker(self) -> bool:
        """Whether this process is one of several that send requests."""
        return bool(self.worker)

    @property
    def deployment(self) -> Deployment:
        """The deployment that is tested, connected on first use."""
        if self._deployment is None:
            target = Target(
                self.settings,
                self.run_id,
                self.worker or "main",
                self._workers,
                self.interruption,
            )
            self._deployment = Deployment(target, self.run_id)
        return self._deployment

    def take_findings(self) -> list[Finding]:
        """Return how the responses since the last call differ from the contract."""
        if self._deployment is None:
            return []
        findings = self._deployment.target.observations.findings
        taken = list(findings.values())
        findings.clear()
        return taken

    def forget_departures(self) -> None:
        """Begin to collect responses of another shape for the next test."""
        if self._deployment is not None:
            self._deployment.target.observations.departures.clear()

    def find_departure(self, error: BaseException) -> str:
        """Return what is wrong with the shape of a response that code read when it failed."""
        if self._deployment is None:
            return ""
        return self._deployment.target.observations.find_departure(error)

    def add_notice(self, text: str) -> None:
        """Add a notice to the report of the run."""
        self.deployment.target.observations.notices.add(text)

    def redact(self, text: str) -> str:
        """Return a text without secrets, which can be encoded, cut where it is long."""
        # The target may have learned a secret since the start, such as a fresh token.
        redact = self._deployment.target.redact if self._deployment else self._redactor
        return escape_surrogates(redact(text))[:LONGEST_REASON]

    def close(self) -> ProcessReport:
        """Delete what this process created, and return what it observed."""
        if self._deployment is None:
            return ProcessReport()
        target = self._deployment.target
        target.begin("")
        try:
            remains = self._deployment.clean_up()
        except KeyboardInterrupt:  # the reports are written, with what nobody has seen to be gone
            self.stopped = self.stopped or INTERRUPTED
            has_journal = target.journal.path.exists()
            remains = Remains([f"unknown: {STILL_IN_JOURNAL}"] * has_journal)
        except Exception as error:  # noqa: BLE001  the verdict must not be lost with the cleanup
            remains = Remains([f"unknown: {describe_error(error)}"])
        target.journal.close(clean=not remains.left_behind)
        target.close()
        observed = target.observations
        if target.watch.lost:
            observed.notices.add(f"{target.watch.lost}: what needs it was not tested from then on")
        return ProcessReport(
            requests=observed.requests,
            coverage={operation: dict(counts) for operation, counts in observed.coverage.items()},
            notices=[self.redact(notice) for notice in sorted(observed.notices)],
            left_behind=[self.redact(item) for item in remains.left_behind],
            permanent=[self.redact(item) for item in remains.permanent],
            exchanges=[as_plain_dict(exchange) for exchange in observed.exchanges],
            effects=target.effects.as_dict(),
        )


def as_plain_dict(exchange: Exchange) -> dict[str, object]:
    """Return an exchange as a dict; `asdict` would copy each value, and they are not changed."""
    return {field.name: getattr(exchange, field.name) for field in fields(exchange)}
