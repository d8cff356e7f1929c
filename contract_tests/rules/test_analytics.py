"""Analytics: the numbers add up, and agree with what was issued and created."""

from datetime import date, timedelta
from typing import Any

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.vocabulary.deployment import Deployment

ISSUED, EARNED, CREATED = (
    "assertions-over-time/", "course-assertions-over-time/", "credentials-over-time/",
)  # fmt: skip
PATHS = pytest.mark.parametrize("path", [ISSUED, EARNED, CREATED])
DAYS = 45
"""Days of a range that is looked at day by day."""


def numbers(deployment: Deployment, path: str, **query: Any) -> tuple[dict[str, int], Reply]:
    """Return the numbers by day of an answer that must be a success, and the answer."""
    reply = deployment.get(path, query)
    require(reply.status == 200, "numbers are not answered", reply, expected=200, got=reply.status)
    data = reply.value.get("data") if isinstance(reply.value, dict) else None
    require(isinstance(data, dict), "numbers have no `data`", reply)
    return data, reply  # type: ignore[return-value]


def latest_day(deployment: Deployment, path: str) -> date:
    """Return the last day that has any."""
    data, _ = numbers(deployment, path)
    if not data:
        raise NotTested("there are no numbers yet")
    return date.fromisoformat(max(data))


@pytest.mark.rule("STAT-01")
@PATHS
def test_a_range_has_every_day(deployment: Deployment, path: str) -> None:
    """A range has each of its days once and in order, with the numbers of the whole."""
    end = latest_day(deployment, path)
    start = end - timedelta(days=DAYS - 1)

    def check() -> None:
        everything, _ = numbers(deployment, path)
        data, reply = numbers(deployment, path, start_date=start, end_date=end)
        days = [str(start + timedelta(days=n)) for n in range(DAYS)]
        require(list(data) == days, "a range has other days", reply,
                expected=f"{days[0]} to {days[-1]}", got=list(data)[:3])  # fmt: skip
        expected = {each: everything.get(each, 0) for each in days}
        require(data == expected, "a range has other numbers than the whole", reply,
                expected=sum(expected.values()), got=sum(data.values()))  # fmt: skip
        one, reply = numbers(deployment, path, start_date=end, end_date=end)
        expected = {str(end): everything.get(str(end), 0)}
        require(one == expected, "a range of one day is another", reply)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("STAT-01")
@PATHS
def test_without_a_range_only_days_that_have_any(deployment: Deployment, path: str) -> None:
    """Without a range the days come in order."""
    data, reply = numbers(deployment, path)
    require(list(data) == sorted(data), "the days are not in order", reply, got=list(data)[:3])


@pytest.mark.rule("STAT-02")
def test_totals_add_up(deployment: Deployment) -> None:
    """`total` is the sum of the days, `meta.total` all there are, the changes follow from both."""
    end = latest_day(deployment, ISSUED)
    start = end - timedelta(days=DAYS - 1)

    def check() -> None:
        everything, _ = numbers(deployment, ISSUED)
        data, reply = numbers(deployment, ISSUED, start_date=start, end_date=end)
        answer, meta = reply.value, reply.value["meta"]
        require(answer["total"] == sum(data.values()), "`total` is not the sum of the days", reply,
                expected=sum(data.values()), got=answer["total"])  # fmt: skip
        require(meta["total"] == sum(everything.values()), "`meta.total` is not all there are",
                reply, expected=sum(everything.values()), got=meta["total"])  # fmt: skip
        before = sum(everything.get(str(start - timedelta(days=n)), 0) for n in range(1, DAYS + 1))
        change = answer["total"] - before
        require(meta["change_range"] == change, "`change_range` is another", reply,
                expected=change, got=meta["change_range"])  # fmt: skip
        percent = change / before * 100 if before else meta["change_range_percent"]
        got = meta["change_range_percent"]
        require(abs(got - percent) < 1, "the change in per cent is another", reply,
                expected=percent, got=got)  # fmt: skip
        earned, reply = numbers(deployment, EARNED)
        more = {day for day, number in earned.items() if number > everything.get(day, 0)}
        require(not more, "more were earned with courses than were issued", reply, got=sorted(more))

    deployment.while_nobody_writes(check)


@pytest.mark.rule("STAT-03")
def test_a_new_credential_counts(deployment: Deployment) -> None:
    """A creation is one more on its day, and the deletion takes it away again."""

    def check() -> None:
        before, _ = numbers(deployment, CREATED)
        item = deployment.create()
        day = item["createdAt"][:10]
        try:
            during, reply = numbers(deployment, CREATED, start_date=day, end_date=day)
        finally:
            deployment.delete(item["entityId"])
        expected = before.get(day, 0) + 1
        require(during == {day: expected}, "a new credential does not count", reply,
                expected=expected, got=during)  # fmt: skip
        after, reply = numbers(deployment, CREATED, start_date=day, end_date=day)
        require(after == {day: expected - 1}, "a deleted credential still counts", reply,
                expected=expected - 1, got=after)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("STAT-04")
@PATHS
@pytest.mark.parametrize(
    ("name", "value"),
    [("start_date", "yesterday"), ("end_date", "2026-02-30"), ("start_date", "2026-13-01"),
     ("department_id", "x")],
)  # fmt: skip
def test_bad_parameters_are_refused(
    deployment: Deployment, path: str, name: str, value: str
) -> None:
    """What is no day, and what is no department, is 400 on its name."""
    check_invalid(deployment.get(path, {name: value}), name, f"a bad {name}")


@pytest.mark.rule("STAT-05")
@pytest.mark.parametrize("path", [ISSUED, EARNED])
def test_numbers_are_not_for_learners(deployment: Deployment, path: str) -> None:
    """The numbers of assertions are 403 for a learner."""
    check_refusal(deployment.get(path, actor="learner"), 403, "a learner's look at the numbers")
