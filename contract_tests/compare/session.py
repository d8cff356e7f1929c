"""Compares two deployments: the same requests to both, noise left out, differences gathered."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from contract_tests.compare.differences import Difference, Entry, find_differences, gather
from contract_tests.compare.features import Features, read_features
from contract_tests.compare.ledger import explain
from contract_tests.compare.reads import Ask
from contract_tests.compare.shapes import ShapeBook
from contract_tests.compare.sides import Side, may_send
from contract_tests.engine.exchange import Response
from contract_tests.engine.safety import READS
from contract_tests.errors import RequestFailed, TargetUnavailable

VARIES = '"varies"'
"""What stands for a value that differs between two equal requests."""
MOST_REPEATED = 3
"""Requests that show one place of an operation and are asked twice; more would show the same."""


@dataclass
class Comparison:
    """What a comparison found; texts of both sides are redacted."""

    sides: tuple[Side, Side]
    same_data: bool
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: float = 0.0
    compared: Counter[str] = field(default_factory=Counter)
    """Requests by operation whose responses were compared."""
    equal: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """Requests that were not compared, by reason."""
    noise: set[str] = field(default_factory=set)
    """Places that differ between two equal requests to one side."""
    missing: dict[str, str] = field(default_factory=dict)
    """Operations that a side does not offer, each with the reason."""
    entries: list[Entry] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def new(self) -> list[Entry]:
        """The differences that count."""
        return [entry for entry in self.entries if entry.is_new]

    @property
    def score(self) -> float:
        """The share of compared requests with equal responses, from 0 to 1."""
        total = sum(self.compared.values())
        return sum(self.equal.values()) / total if total else 0.0

    @property
    def exit_code(self) -> int:
        """1 for new differences and problems, 3 if it was stopped or compared nothing, else 0."""
        if self.new or self.left_behind or self.problems:
            return 1
        return 3 if self.stopped or not self.compared else 0

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        known = sum(bool(entry.known) for entry in self.entries)
        accepted = sum(bool(entry.accepted and not entry.known) for entry in self.entries)
        total, equal = sum(self.compared.values()), sum(self.equal.values())
        counts = [
            f"{len(self.new)} new",
            f"{known} known",
            *[f"{accepted} accepted"] * bool(accepted),
        ]
        text = f"{equal} of {total} requests equal ({self.score:.1%})"
        text += f"; differences: {', '.join(counts)}"
        return f"not judged: {self.stopped}; {text}" if self.stopped else text


class Session:
    """Sends each request to both sides, and keeps what differs."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.differences: list[Difference] = []
        self._shapes = ShapeBook()
        self._asked: set[str] = set()
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def compare_all(self, asks: Iterable[Ask]) -> None:
        """Compare the responses to each request; one that stops the target ends it."""
        began = time.monotonic()
        try:
            for ask in asks:
                self._compare(ask)
        except TargetUnavailable as error:
            self.comparison.stopped = str(error)
        if not self.comparison.same_data:
            self.differences += self._shapes.find_differences()
        self.comparison.entries = gather(self.differences, explain)
        self.comparison.seconds += round(time.monotonic() - began, 1)

    def _compare(self, ask: Ask) -> None:
        result, sides = self.comparison, self.comparison.sides
        if not all(may_send(side, ask) for side in sides):
            result.skipped[f"a side has no key of {ask.actor}, or may not be written to"] += 1
            return
        name = f"{ask.method} {ask} {sorted(ask.headers.items())}"
        if not ask.is_of_write:
            if name in self._asked:
                return
            self._asked.add(name)
        try:
            responses = self._send(ask)
        except KeyError as error:
            result.skipped[f"a side has no {error.args[0]}"] += 1
            return
        except TargetUnavailable:
            raise
        except RequestFailed as error:
            result.skipped[str(error)] += 1
            return
        self._note(ask, responses)

    def _send(self, ask: Ask) -> tuple[Response, Response]:
        left, right = (side.send(ask) for side in self.comparison.sides)
        return left, right

    def _read(self, ask: Ask, responses: tuple[Response, Response]) -> tuple[Features, Features]:
        left, right = (
            read_features(
                response,
                side.settings.base_url.rstrip("/"),
                side.list_own(ask, same_data=self.comparison.same_data),
                with_values=self.comparison.same_data,
                is_of_write=ask.is_of_write,
            )
            for side, response in zip(self.comparison.sides, responses, strict=True)
        )
        return left, right

    def _note(self, ask: Ask, responses: tuple[Response, Response]) -> None:
        result = self.comparison
        sent = responses[0].logged.operation  # of a path without its slash another one
        ask = replace(ask, operation=sent or ask.operation)
        statuses = {response.status for response in responses}
        if not result.same_data and statuses == {200, 404} and "page" in ask.parameters:
            result.skipped["a page that only one side has"] += 1
            return
        features = self._read(ask, responses)
        exchanges = (responses[0].exchange, responses[1].exchange)
        found = list(find_differences(ask, *features, exchanges))
        if found and ask.method in READS:
            found = list(self._drop_noise(ask, features, found))
        result.compared[ask.operation] += 1
        result.equal[ask.operation] += not found
        if not result.same_data and len(statuses) == 1 and statuses <= {200, 201}:
            self._shapes.add(ask, responses)
        self.differences += found

    def _drop_noise(
        self, ask: Ask, features: tuple[Features, Features], found: list[Difference]
    ) -> Iterator[Difference]:
        """Yield the differences at places that are the same when each side is asked again."""
        places = [(ask.operation, one.kind, one.place) for one in found]
        if all(self._seen[place] >= MOST_REPEATED for place in places):
            yield from found
            return
        self._seen.update(places)
        again = self._read(ask, self._send(ask))
        noisy = {
            name
            for first, second in zip(features, again, strict=True)
            for name in {*first, *second}
            if first.get(name) != second.get(name)
        }
        if noisy:
            self.comparison.noise |= {f"{ask.operation}: {name}" for name in noisy}
        cleaned = [_clean(mine, features, again, noisy) for mine in features]
        if "status" in noisy:
            return
        exchanges = found[0].exchanges
        assert exchanges is not None  # noqa: S101  each difference of two responses has them
        yield from find_differences(ask, cleaned[0], cleaned[1], exchanges)


def _clean(
    mine: Features,
    before: tuple[Features, Features],
    after: tuple[Features, Features],
    noisy: set[str],
) -> Features:
    """Return the features of one side without noise.

    A value that varies is not compared, but a field that only one side has, always, still is one.
    """
    kept = {}
    for name, text in mine.items():
        has = [{name in one, name in other} for one, other in zip(before, after, strict=True)]
        is_on_one_side = {True} in has and {False} in has
        if name not in noisy or name in ("status", "content-type"):
            kept[name] = text
        elif is_on_one_side:
            kept[name] = VARIES
    return kept
