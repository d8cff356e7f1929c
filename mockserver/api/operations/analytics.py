"""Analytics: how many assertions were issued, and credentials created, on each day."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from mockserver.api.context import RequestContext
from mockserver.errors import ValidationError
from mockserver.messages import JSON, Response, encode
from mockserver.world.records import MAIN_TENANT, Assertion

LONGEST_RANGE = 3660
"""Days that a response may have; ten years."""
Days = Counter[date]


def credentials_orgs_users_assertions_over_time_retrieve(context: RequestContext) -> Response:
    """Count the assertions of each day, with the total and how it changes."""
    query = _read_query(context)
    days = Days(assertion.issued_on.date() for assertion in _find_assertions(context, query))
    today = context.now.date()
    data = _count_by_day(days, query, today)
    meta = _describe_changes(days, query, today)
    return _respond({"data": data, "total": sum(data.values()), "meta": meta})


def credentials_orgs_users_course_assertions_over_time_retrieve(
    context: RequestContext,
) -> Response:
    """Count the assertions of each day that were earned with a course."""
    query = _read_query(context)
    days = Days(
        assertion.issued_on.date()
        for assertion in _find_assertions(context, query)
        if assertion.fields["course"] is not None
    )
    return _respond({"data": _count_by_day(days, query, context.now.date())})


def credentials_orgs_users_credentials_over_time_retrieve(context: RequestContext) -> Response:
    """Count the credentials that were created on each day; a learner's are the public ones."""
    query, sees_private = _read_query(context), context.caller.sees_private()
    days = Days(
        credential.created_at.date()
        for credential in context.store.credentials.values()
        if credential.platform == context.platform.key and (credential.public or sees_private)
    )
    return _respond({"data": _count_by_day(days, query, context.now.date())})


def _read_query(context: RequestContext) -> dict[str, Any]:
    """Return the parameters; raises ValidationError, also for a range that ends too early."""
    query = context.operation.read_query(context.request)
    start, end = query.get("start_date"), query.get("end_date")
    if start and end and end < start:
        raise ValidationError({"end_date": ["The end date is before the start date."]})
    department = query.get("department_id")
    if department is not None:
        found = context.store.departments.get(department)
        if found is None or found.platform != context.platform.key:
            raise ValidationError(
                {"department_id": [f'Invalid pk "{department}" - object does not exist.']}
            )
    return query


def _find_assertions(context: RequestContext, query: dict[str, Any]) -> Iterator[Assertion]:
    """Yield what was issued on the platform, revoked or not, to the members of a department."""
    store, platform = context.store, context.platform.key
    department = query.get("department_id")
    members = None if department is None else {*store.departments[department].members}
    with_main = query["include_main_platform"] or platform == MAIN_TENANT
    for assertion in store.assertions.values():
        if store.users[assertion.recipient].platform != platform:
            continue
        if members is not None and assertion.recipient not in members:
            continue
        if with_main or store.credentials[assertion.credential].platform != MAIN_TENANT:
            yield assertion


def _count_by_day(days: Days, query: dict[str, Any], today: date) -> dict[str, int]:
    """Return the days that have any; of a range every day, in order."""
    if "start_date" not in query and "end_date" not in query:
        return {str(day): days[day] for day in sorted(days)}
    return {str(day): days[day] for day in _list_range(days, query, today)}


def _list_range(days: Iterable[date], query: dict[str, Any], today: date) -> list[date]:
    """Return the days of a range; its open end is today, its open beginning the first record."""
    end = query.get("end_date", max(today, query.get("start_date", today)))
    start = query.get("start_date", min((*days, end)))
    length = (end - start).days + 1
    if length > LONGEST_RANGE:
        text = f"A range has no more than {LONGEST_RANGE} days."
        raise ValidationError({"start_date": [text]})
    return [start + timedelta(days=n) for n in range(length)]


def _describe_changes(days: Days, query: dict[str, Any], today: date) -> dict[str, Any]:
    """Return the total, and what the last days and the range changed against those before."""
    meta: dict[str, Any] = {"total": days.total()}
    spans = {"last_seven_days": (today, 7), "last_thirty_days": (today, 30)}
    if "start_date" in query or "end_date" in query:
        chosen = _list_range(days, query, today)
        spans["range"] = (chosen[-1], len(chosen))
    for name in ("range", "last_seven_days", "last_thirty_days"):
        change, percent = _compare(days, *spans[name]) if name in spans else (0, 0.0)
        meta[f"change_{name}"], meta[f"change_{name}_percent"] = change, percent
    return meta


def _compare(days: Days, end: date, length: int) -> tuple[int, float]:
    """Return how much more there is than in as many days before, also in per cent of these."""
    first = end.toordinal() - length + 1
    now = sum(n for day, n in days.items() if first <= day.toordinal() <= end.toordinal())
    before = sum(n for day, n in days.items() if first - length <= day.toordinal() < first)
    if not before:
        return now, 100.0 if now else 0.0
    return now - before, round((now - before) / before * 100, 2)


def _respond(value: dict[str, Any]) -> Response:
    return Response(200, encode(value), JSON)
