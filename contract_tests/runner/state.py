"""What the parts of a run share: its settings, the deployment, and whether it was stopped."""

from collections.abc import Mapping
from dataclasses import fields

from contract_tests.engine.exchange import Exchange
from contract_tests.engine.results import Cause, Finding, ProcessReport
from contract_tests.engine.target import Target
from contract_tests.settings.settings import Settings
from contract_tests.vocabulary.deployment import Deployment

LONGEST_REASON = 2_000


class RunState:
    """One process of a run: a worker, or the controller, or the only one."""

    def __init__(self, settings: Settings, run_id: str, worker: str, workers: int) -> None:
        self.settings = settings
        self.run_id = run_id
        self.worker = worker
        self.stopped = ""
        """Why the run ended early."""
        self._workers = workers
        self._deployment: Deployment | None = None

    @property
    def is_worker(self) -> bool:
        """Whether this process is one of several that send requests."""
        return bool(self.worker)

    @property
    def deployment(self) -> Deployment:
        """The deployment that is tested, connected on first use."""
        if self._deployment is None:
            target = Target(self.settings, self.run_id, self.worker or "main", self._workers)
            self._deployment = Deployment(target, self.run_id)
        return self._deployment

    @property
    def findings(self) -> Mapping[Cause, Finding]:
        """How the responses so far differ from the contract."""
        return self._deployment.target.observations.findings if self._deployment else {}

    def add_notice(self, text: str) -> None:
        """Add a notice to the report of the run."""
        self.deployment.target.observations.notices.add(text)

    def redact(self, text: str) -> str:
        """Return a text without secrets, cut where it is long."""
        redacted = self._deployment.target.redact(text) if self._deployment else text
        return redacted[:LONGEST_REASON]

    def close(self) -> ProcessReport:
        """Delete what this process created, and return what it observed."""
        if self._deployment is None:
            return ProcessReport()
        target = self._deployment.target
        target.begin("")
        left_behind = self._deployment.clean_up()
        target.journal.close(clean=not left_behind)
        target.close()
        observed = target.observations
        if target.watch.lost:
            observed.notices.add(f"{target.watch.lost}: what needs it was not tested from then on")
        return ProcessReport(
            requests=observed.requests,
            coverage={operation: dict(counts) for operation, counts in observed.coverage.items()},
            notices=sorted(observed.notices),
            left_behind=left_behind,
            exchanges=[as_plain_dict(exchange) for exchange in observed.exchanges],
            effects=target.effects.as_dict(),
        )


def as_plain_dict(exchange: Exchange) -> dict[str, object]:
    """Return an exchange as a dict; `asdict` would copy each value, and they are not changed."""
    return {field.name: getattr(exchange, field.name) for field in fields(exchange)}
