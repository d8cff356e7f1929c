"""Analytics: numbers over time agree with what was issued and created."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import API
from tests.support.world import DOCUMENT

ISSUED, EARNED, CREATED = (
    "assertions-over-time/", "course-assertions-over-time/", "credentials-over-time/",
)  # fmt: skip
MAIN = {each["entityId"] for each in DOCUMENT["credentials"] if each["platform"] == "main"}
HELD = [each for each in DOCUMENT["assertions"] if each["credential"] in MAIN]
WRONG_DATE = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
PATHWAY = DOCUMENT["pathways"][0]["pathway_id"]


def numbers(api: API, path: str, **query: Any) -> dict[str, Any]:
    """Return the numbers of an operation."""
    response = api.get(path, query_string=query)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json
    return document


def day(text: str) -> str:
    """Return the day of a moment."""
    return text[:10]


def test_each_day_counts_what_was_issued_on_it(shared_api: API) -> None:
    """Without a range the days with any, in order; the total is their sum."""
    answer = numbers(shared_api, ISSUED)
    assert answer["data"] == Counter(day(each["issuedOn"]) for each in HELD)
    assert list(answer["data"]) == sorted(answer["data"])
    assert answer["total"] == answer["meta"]["total"] == len(HELD) >= 300
    assert answer["meta"]["change_range"] == 0
    earned = Counter(day(each["issuedOn"]) for each in HELD if each.get("course"))
    assert numbers(shared_api, EARNED) == {"data": earned}


def test_credentials_by_day(shared_api: API) -> None:
    """An admin's numbers hold private credentials, a learner's do not."""
    credentials = [each for each in DOCUMENT["credentials"] if each["platform"] == "main"]
    everything = Counter(day(each["createdAt"]) for each in credentials)
    assert numbers(shared_api, CREATED) == {"data": everything}
    public = Counter(day(each["createdAt"]) for each in credentials if each["public"])
    assert numbers(shared_api.acting("main-learner-key"), CREATED) == {"data": public}
    assert everything != public


def test_a_range_has_every_day(shared_api: API) -> None:
    """Days without any are 0; the change is against as many days before."""
    start, end = date(2026, 2, 1), date(2026, 3, 2)
    answer = numbers(shared_api, ISSUED, start_date=start, end_date=end)
    days = [str(start + timedelta(days=n)) for n in range(30)]
    counts = Counter(day(each["issuedOn"]) for each in HELD)
    assert answer["data"] == {each: counts[each] for each in days}
    assert 0 in answer["data"].values()
    now = sum(counts[each] for each in days)
    before = sum(counts[str(start - timedelta(days=n))] for n in range(1, 31))
    assert answer["total"] == now
    assert before > 0
    assert answer["meta"]["change_range"] == now - before
    assert answer["meta"]["change_range_percent"] == round((now - before) / before * 100, 2)
    assert answer["meta"]["total"] == len(HELD)


def test_open_ranges(api: API) -> None:
    """A range without an end ends today, one without a beginning begins with the first record."""
    today = datetime.fromisoformat(api.result()["data"][0]["createdAt"]).date()
    first = min(day(each["issuedOn"]) for each in HELD)
    answer = numbers(api, ISSUED, end_date=first)
    assert list(answer["data"]) == [first]
    answer = numbers(api, ISSUED, start_date="2026-1-5")
    assert next(iter(answer["data"])) == "2026-01-05"
    assert max(answer["data"]) >= str(today)
    later = numbers(api, CREATED, start_date="2090-01-01")
    assert later == {"data": {"2090-01-01": 0}}


def test_a_department_is_its_members(shared_api: API) -> None:
    """Only what members of the department hold counts."""
    department = next(each for each in DOCUMENT["departments"] if each["platform"] == "main")
    held = [each for each in HELD if each["recipient"] in department["members"]]
    answer = numbers(shared_api, ISSUED, department_id=department["id"])
    assert answer["total"] == len(held)
    assert 0 < len(held) < len(HELD)
    earned = numbers(shared_api, EARNED, department_id=department["id"])
    assert sum(earned["data"].values()) == sum(bool(each.get("course")) for each in held)


def test_what_is_issued_counts_at_once(api: API) -> None:
    """Two more today are two more in the last seven days, also when one is revoked."""
    before = numbers(api, ISSUED)
    credential = api.create(pathways=[PATHWAY])["entityId"]
    for name in ("learner", "admin"):
        body = {"recipient": {"identity": name}, "pathway": PATHWAY}
        issued = api.post(body, f"{credential}/assertions/")
        assert issued.status_code == 200
    api.put(f"assertions/{issued.json['entityId']}", {"revoked": True, "revocationReason": "x"})
    after = numbers(api, ISSUED)
    assert after["total"] == before["total"] + 2
    change = after["meta"]["change_last_seven_days"]
    assert change == before["meta"]["change_last_seven_days"] + 2
    assert numbers(api, EARNED) == numbers(api.acting("main-admin-key"), EARNED)


@pytest.mark.parametrize("path", [ISSUED, EARNED, CREATED])
@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("start_date=x", {"start_date": [WRONG_DATE]}),
        ("end_date=2026-02-30&start_date=", {"end_date": [WRONG_DATE]}),
        ("start_date=2026-02-01T00:00:00", {"start_date": [WRONG_DATE]}),
        ("department_id=x", {"department_id": ["A valid integer is required."]}),
        ("department_id=999", {"department_id": ['Invalid pk "999" - object does not exist.']}),
        ("include_main_platform=maybe", {"include_main_platform": ["Must be a valid boolean."]}),
        (
            "start_date=2026-02-02&end_date=2026-02-01",
            {"end_date": ["The end date is before the start date."]},
        ),
        (
            "start_date=0001-01-01&end_date=9999-12-31",
            {"start_date": ["A range has no more than 3660 days."]},
        ),
    ],
)
def test_bad_parameters_are_refused_by_name(
    shared_api: API, path: str, query: str, errors: dict[str, list[str]]
) -> None:
    """A text that is no day, an unknown department and an endless range are 400 on their name."""
    response = shared_api.get(f"{path}?{query}")
    assert response.status_code == 400
    assert {name: response.json[name] for name in errors} == errors


def test_numbers_are_for_admins(shared_api: API) -> None:
    """The numbers of assertions are for platform admins; another platform's are its own."""
    for key in ("main-learner-key", "main-department-admin-key", "acme-admin-key"):
        for path in (ISSUED, EARNED):
            assert shared_api.acting(key).get(path).status_code == 403
    response = shared_api.acting("acme-admin-key").get(
        "/api/credentials/orgs/acme/users/11/assertions-over-time/"
    )
    assert response.json["total"] == len(DOCUMENT["assertions"]) - len(HELD)
    narrowed = shared_api.acting("acme-admin-key").get(
        "/api/credentials/orgs/acme/users/11/assertions-over-time/?include_main_platform=false"
    )
    assert narrowed.json == response.json
