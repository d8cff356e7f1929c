"""Whether a sandbox received the requests that a test expects, and else which came nearest."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from mockserver.control.expectations import (
    Difference,
    Expectation,
    InvalidExpectation,
    SentRequest,
    read_expectation,
    shorten,
    show,
)
from mockserver.sandbox.journal import Exchange, Journal

MOST_IN_ORDER = 100
MOST_NEAREST = 3
MOST_LISTED = 10
MOST_DIFFERENCES = 20
TIMES = ("times", "at_least", "at_most")
IN_ORDER = "in_order"


class Range(NamedTuple):
    """How many requests are expected: at least, and at most if there is a maximum."""

    least: int
    most: int | None

    def contains(self, count: int) -> bool:
        """Tell whether a number of requests is as expected."""
        return self.least <= count and (self.most is None or count <= self.most)

    def describe(self) -> str:
        """Return the range as a part of a sentence."""
        if self.most is None:
            return f"at least {_count(self.least)}"
        if self.most == self.least:
            return "no request" if not self.most else f"exactly {_count(self.most)}"
        return (
            f"at most {_count(self.most)}"
            if not self.least
            else f"{self.least} to {self.most} requests"
        )


class Comparison(NamedTuple):
    """A request beside an expectation."""

    exchange: Exchange
    differences: Sequence[Difference]

    @property
    def fits(self) -> bool:
        """Whether the request is as expected."""
        return not self.differences

    @property
    def may_fit(self) -> bool:
        """Whether only what the journal did not keep could tell it from what is expected."""
        return not any(each.is_certain for each in self.differences)


def verify_requests(journal: Journal, body: Mapping[str, Any]) -> dict[str, Any]:
    """Tell whether a journal has the expected requests, in words and with the nearest ones.

    `body` is an expectation with `times`, `at_least` or `at_most` (default: at least one), or
    `{"in_order": [...]}`. Raises InvalidExpectation. The preflights of browsers do not count.
    """
    if IN_ORDER in body:
        steps = _read_steps(body)
        return _verify_order(_sent(journal, steps), steps, journal.dropped)
    expected = _read_range({name: body[name] for name in TIMES if name in body})
    expectation = read_expectation({name: each for name, each in body.items() if name not in TIMES})
    return _verify_count(_sent(journal, [expectation]), expectation, expected, journal.dropped)


def _read_range(words: Mapping[str, Any]) -> Range:
    for name, value in words.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
            raise InvalidExpectation(f"{name}: expected a number of requests, got {show(value)}")
    if "times" in words:
        if len(words) > 1:
            raise InvalidExpectation("times: use it alone, or at_least and at_most")
        return Range(words["times"], words["times"])
    least, most = words.get("at_least"), words.get("at_most")
    if least is not None and most is not None and least > most:
        raise InvalidExpectation(f"at_least: {least} is more than at_most, {most}")
    return Range(least if least is not None else int(most is None), most)


def _read_steps(body: Mapping[str, Any]) -> list[Expectation]:
    steps = body[IN_ORDER]
    if body.keys() != {IN_ORDER}:
        raise InvalidExpectation("in_order: use it alone; each of its items is an expectation")
    is_list = isinstance(steps, list) and all(isinstance(each, dict) for each in steps)
    if not is_list or not 0 < len(steps) <= MOST_IN_ORDER:
        raise InvalidExpectation(f"in_order: expected a list of 1 to {MOST_IN_ORDER} objects")
    read = []
    for index, step in enumerate(steps):
        try:
            read.append(read_expectation(step))
        except InvalidExpectation as error:
            raise InvalidExpectation(f"in_order[{index}]: {error.detail}") from None
    return read


def _sent(journal: Journal, expectations: Iterable[Expectation]) -> list[SentRequest]:
    """Return the requests of a journal, the oldest first."""
    wants_preflights = any(each.method == "OPTIONS" for each in expectations)
    sent = map(SentRequest, reversed(journal.find({})))
    return [each for each in sent if wants_preflights or not each.is_preflight]


def _compare(request: SentRequest, expectation: Expectation) -> Comparison:
    differences = islice(request.differences(expectation), MOST_DIFFERENCES)
    return Comparison(request.exchange, tuple(differences))


def _verify_count(
    sent: Sequence[SentRequest], expectation: Expectation, expected: Range, dropped: int
) -> dict[str, Any]:
    compared = [_compare(request, expectation) for request in sent]
    fitting = [each.exchange for each in compared if each.fits]
    others = [each for each in compared if not each.fits]
    count, notes = len(fitting), []
    verified = expected.contains(count)
    unknown = sum(each.may_fit for each in others)
    if unknown and not expected.contains(count + unknown):
        verified = False
        notes.append(f"{_count(unknown)} cannot be compared: the journal has not all of the body")
    if dropped and (expected.most is not None or not verified):
        verified = False
        notes.append(
            f"{_count(dropped)} are no longer in the journal: forget them before what you verify, "
            "with DELETE /__mock__/requests"
        )
    title = f"expected {expected.describe()}: {expectation.describe()}; got {count}"
    nearest = [] if verified or count > expected.least else _nearest(others, expectation)
    return _result(verified, count, title, fitting, nearest, notes)


def _verify_order(
    sent: Sequence[SentRequest], steps: Sequence[Expectation], dropped: int
) -> dict[str, Any]:
    found: list[Exchange] = []
    position = 0
    for number, step in enumerate(steps, 1):
        compared = [_compare(request, step) for request in sent]
        fits = next((i for i in range(position, len(sent)) if compared[i].fits), None)
        if fits is not None:
            found.append(sent[fits].exchange)
            position = fits + 1
            continue
        title = f"expected in this order, {number} of {len(steps)}: {step.describe()}"
        after = f" after #{found[-1].number}" if found else ""
        earlier = [each.exchange for each in compared[:position] if each.fits]
        notes = [f"it came earlier, as #{earlier[-1].number}"] if earlier else []
        if dropped:
            notes.append(f"{_count(dropped)} are no longer in the journal")
        nearest = [] if earlier else _nearest(compared[position:], step)
        return _result(False, len(found), f"{title}; got none{after}", found, nearest, notes)
    title = f"received {_count(len(steps))} in this order"
    return _result(True, len(found), title, found, [], [])


def _nearest(compared: Iterable[Comparison], expectation: Expectation) -> list[Comparison]:
    """Return the requests that differ least, of equals the newest."""
    ranked = sorted(
        compared, key=lambda each: (_distance(each, expectation), -each.exchange.number)
    )
    return ranked[:MOST_NEAREST]


def _distance(comparison: Comparison, expectation: Expectation) -> float:
    """Return how far a request is from an expectation: another path, method or kind of body is."""
    exchange, distance = comparison.exchange, float(len(comparison.differences))
    if any(each.text.startswith("path: ") for each in comparison.differences):
        expected, got = expectation.path.split("/"), exchange.path.split("/")
        equal = sum(a == b for a, b in zip(expected, got, strict=False))
        distance += 2 * MOST_DIFFERENCES * (1 - equal / max(len(expected), len(got)))
    for is_far in (
        expectation.method not in ("", exchange.method),
        any(each.text.startswith("body: ") for each in comparison.differences),
    ):
        distance += MOST_DIFFERENCES * is_far
    return distance


def _result(
    verified: bool,
    count: int,
    title: str,
    fitting: Sequence[Exchange],
    nearest: Sequence[Comparison],
    notes: Sequence[str],
) -> dict[str, Any]:
    lines = [title, *notes]
    if not verified and fitting:
        lines += ["received:", *(f"  {_line(each)}" for each in fitting[-MOST_LISTED:])]
    if nearest:
        lines.append("nearest:")
    for each in nearest:
        lines += [f"  {_line(each.exchange)}", *(f"    {one.text}" for one in each.differences)]
    if not verified and not fitting and not nearest:
        lines.append("the journal has no request")
    return {
        "verified": verified,
        "count": count,
        "message": "\n".join(lines),
        "requests": [_short(each) for each in fitting[-MOST_LISTED:]],
        "nearest": [
            {**_short(each.exchange), "differences": [one.text for one in each.differences]}
            for each in nearest
        ],
    }


def _short(exchange: Exchange) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "method": exchange.method,
        "path": shorten(exchange.target),
        "status": exchange.status,
    }


def _line(exchange: Exchange) -> str:
    return f"#{exchange.number} {exchange.method} {shorten(exchange.target)} {exchange.status}"


def _count(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"
