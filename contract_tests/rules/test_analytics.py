"""Analytics: the numbers add up, and match what was issued and created."""

from datetime import date, timedelta
from typing import Any

import pytest

from contract_tests.catalogue.operations import ISSUE_CREDENTIAL
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.issuing import find_item, issue, temporary_credential

ISSUED = "assertions-over-time/"
EARNED = "course-assertions-over-time/"
CREATED = "credentials-over-time/"
PATHS = pytest.mark.parametrize("path", [ISSUED, EARNED, CREATED])
DAYS = 45
"""Days of a range that is compared day by day."""


def get_numbers(deployment: Deployment, path: str, **query: Any) -> tuple[dict[str, int], Response]:
    """Return the numbers by day in a response, which must be a success, and the response."""
    response = deployment.get(path, query)
    check_status(response, 200, "numbers by day")
    data = response.value.get("data") if isinstance(response.value, dict) else None
    require(isinstance(data, dict), "numbers have no `data`", response)
    return data, response  # type: ignore[return-value]


def find_latest_day(deployment: Deployment, path: str) -> date:
    """Return the latest day with a number."""
    numbers, _ = get_numbers(deployment, path)
    if not numbers:
        raise NotTested("there are no numbers yet")
    return date.fromisoformat(max(numbers))


@pytest.mark.credcheck_rule("STAT-01")
@PATHS
def test_a_range_has_every_day(deployment: Deployment, path: str) -> None:
    """A range has each of its days, with the same numbers as without it."""
    end = find_latest_day(deployment, path)
    start = end - timedelta(days=DAYS - 1)

    def check() -> None:
        everything, _ = get_numbers(deployment, path)
        numbers, response = get_numbers(deployment, path, start_date=start, end_date=end)
        days = [str(start + timedelta(days=number)) for number in range(DAYS)]
        check_equal(sorted(numbers), days, "a range has other days", response)
        expected = {day: everything.get(day, 0) for day in days}
        message = "a range has other numbers than a request without it"
        check_equal(numbers, expected, message, response)
        numbers, response = get_numbers(deployment, path, start_date=end, end_date=end)
        expected = {str(end): everything.get(str(end), 0)}
        check_equal(numbers, expected, "a range of one day has other numbers", response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("STAT-04")
@PATHS
def test_without_a_range_the_days_are_in_order(deployment: Deployment, path: str) -> None:
    """Without a range the days come in order."""
    numbers, response = get_numbers(deployment, path)
    check_equal(list(numbers), sorted(numbers), "the days are not in order", response)


@pytest.mark.credcheck_rule("STAT-02")
def test_totals_add_up(deployment: Deployment) -> None:
    """`total` is the sum of the days, `meta.total` of all days."""
    end = find_latest_day(deployment, ISSUED)
    start = end - timedelta(days=DAYS - 1)

    def check() -> None:
        everything, _ = get_numbers(deployment, ISSUED)
        numbers, response = get_numbers(deployment, ISSUED, start_date=start, end_date=end)
        total, meta = response.value["total"], response.value["meta"]
        message = "`total` is not the sum of the days"
        check_equal(total, sum(numbers.values()), message, response)
        message = "`meta.total` is not the sum of all days"
        check_equal(meta["total"], sum(everything.values()), message, response)
        earned, response = get_numbers(deployment, EARNED)
        wrong = sorted(day for day, number in earned.items() if number > everything.get(day, 0))
        message = "more assertions were earned with courses than were issued"
        require(not wrong, message, response, got=wrong)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("STAT-04")
def test_changes_follow_from_the_days(deployment: Deployment) -> None:
    """The changes compare a range with the same number of days before."""
    end = find_latest_day(deployment, ISSUED)
    start = end - timedelta(days=DAYS - 1)

    def check() -> None:
        everything, _ = get_numbers(deployment, ISSUED)
        _, response = get_numbers(deployment, ISSUED, start_date=start, end_date=end)
        total, meta = response.value["total"], response.value["meta"]
        days_before = (str(start - timedelta(days=number)) for number in range(1, DAYS + 1))
        before = sum(everything.get(day, 0) for day in days_before)
        change = total - before
        check_equal(meta["change_range"], change, "`change_range` is wrong", response)
        got = meta["change_range_percent"]
        percent = change / before * 100 if before else got
        message = "`change_range_percent` is wrong"
        require(abs(got - percent) < 1, message, response, expected=percent, got=got)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("STAT-03")
def test_a_new_credential_is_counted(deployment: Deployment) -> None:
    """A create adds one on its day, and the deletion subtracts it."""

    def check() -> None:
        before, _ = get_numbers(deployment, CREATED)
        item = deployment.create()
        day = date.fromisoformat(item["createdAt"][:10])
        # The days of the numbers may be those of another time zone.
        days = {"start_date": day - timedelta(days=1), "end_date": day + timedelta(days=1)}
        try:
            during, response = get_numbers(deployment, CREATED, **days)
        finally:
            deployment.delete(item["entityId"])
        expected = sum(before.get(name, 0) for name in during) + 1
        message = "a new credential is not counted"
        check_equal(sum(during.values()), expected, message, response)
        after, response = get_numbers(deployment, CREATED, **days)
        message = "a deleted credential is still counted"
        check_equal(sum(after.values()), expected - 1, message, response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("STAT-03")
@pytest.mark.credcheck_needs("username", ISSUE_CREDENTIAL)
def test_a_new_assertion_is_counted(deployment: Deployment) -> None:
    """An issue adds one to the assertions, and to those of courses if it names one."""

    def check() -> None:
        item = find_item(deployment)
        paths = (ISSUED, EARNED) if item.kind == "course" else (ISSUED,)
        before = {path: sum(get_numbers(deployment, path)[0].values()) for path in paths}
        with temporary_credential(deployment) as credential:
            issue(deployment, credential["entityId"])
            during = {path: get_numbers(deployment, path) for path in paths}
        for path, (numbers, response) in during.items():
            message = "a new assertion is not counted"
            check_equal(sum(numbers.values()), before[path] + 1, message, response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("STAT-04")
@PATHS
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start_date", "yesterday"),
        ("end_date", "2026-02-30"),
        ("start_date", "2026-13-01"),
        ("department_id", "x"),
    ],
)
def test_invalid_parameters_are_refused(
    deployment: Deployment, path: str, name: str, value: str
) -> None:
    """An invalid date or department returns 400 on its parameter."""
    check_field_error(deployment.get(path, {name: value}), name, f"an invalid {name}")


@pytest.mark.credcheck_rule("STAT-05")
@pytest.mark.parametrize("path", [ISSUED, EARNED])
def test_numbers_are_not_for_learners(deployment: Deployment, path: str) -> None:
    """The numbers of assertions return 403 for a learner."""
    response = deployment.get(deployment.learner_path + path, actor="learner")
    check_error(response, 403, "numbers for a learner")
