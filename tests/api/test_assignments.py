"""Assignments to users and to groups: who sees what, what is issued, what a deletion takes."""

from datetime import timedelta
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.sandbox.clock import Clock
from tests.conftest import API, NOW
from tests.support.world import DOCUMENT

USERS, GROUPS = "assignments/users/", "assignments/groups/"
DENIED = {"detail": "You do not have permission to perform this action."}
CREDENTIALS = {each["entityId"]: each for each in DOCUMENT["credentials"]}
MEMBERS = {each["id"]: each["members"] for each in DOCUMENT["groups"]}
LEARNER, DEPARTMENT = "main-learner-key", "main-department-admin-key"
DEPARTMENT_MEMBERS = {
    m for each in DOCUMENT["departments"] if 3 in each["admins"] for m in each["members"]
}


def in_world(kind: str, platform: str = "main") -> list[dict[str, Any]]:
    """Return the assignments of the world to users or to groups of a platform."""
    found = (each for each in DOCUMENT["assignments"] if kind in each)
    return [each for each in found if CREDENTIALS[each["credential"]]["platform"] == platform]


def ids(assignments: list[dict[str, Any]]) -> list[str]:
    """Return the ids of assignments, in answers or in the world."""
    return [each.get("id") or each["entityId"] for each in assignments]


def assign(api: API, credential: str, **to: Any) -> dict[str, Any]:
    """Assign a credential, which must be answered, and return the result."""
    path = USERS if "user_ids" in to else GROUPS
    response = api.post({"credential_id": credential, **to}, path)
    assert response.status_code == 200, response.text
    assert response.json["status"] == {"success": True, "description": "Created"}
    result: dict[str, Any] = response.json["result"]
    return result


def holders(api: API, credential: str) -> list[str]:
    """Return the usernames of who holds a credential, in order."""
    page = api.get(f"{credential}/assertions/?page_size=100").json
    return sorted(each["recipient"]["username"] for each in page["data"])


@pytest.mark.parametrize(("kind", "path"), [("user", USERS), ("group", GROUPS)])
def test_an_admin_sees_all_of_the_platform(shared_api: API, kind: str, path: str) -> None:
    """Every assignment of the platform and no other."""
    assert ids(shared_api.result(path)) == ids(in_world(kind))
    acme = shared_api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/11/")
    assert ids(acme.result(path)) == ids(in_world(kind, "acme"))


def test_an_assignment_is_shown_whole(shared_api: API) -> None:
    """What was given to whom, by whom, when, and whether it is worked off."""
    record = in_world("user")[0]
    user = next(each for each in DOCUMENT["users"] if each["id"] == record["user"])
    assert shared_api.result(USERS)[0] == {
        "id": record["entityId"],
        "credential": {
            "entityId": record["credential"],
            "name": CREDENTIALS[record["credential"]]["name"],
        },
        "user": {"id": user["id"], "username": user["username"], "name": user["name"]},
        "assigned_by": "admin",
        "assigned_on": record["assignedOn"],
        "status": "completed",
    }
    statuses = {e["group"]["id"]: e["status"] for e in shared_api.result(GROUPS)}
    assert statuses["night-school"] == "pending"
    assert statuses["data-cohort-2026"] == "completed"


def test_the_list_is_filtered_by_role(shared_api: API) -> None:
    """A learner sees their own and their groups', a department admin those of the members."""
    learner, department = shared_api.acting(LEARNER), shared_api.acting(DEPARTMENT)
    assert ids(learner.result(USERS)) == ids([e for e in in_world("user") if e["user"] == 2])
    assert ids(learner.result(GROUPS)) == ids(
        [each for each in in_world("group") if 2 in MEMBERS[each["group"]]]
    )
    assert ids(department.result(USERS)) == ids(
        [each for each in in_world("user") if each["user"] in DEPARTMENT_MEMBERS]
    )
    assert ids(department.result(GROUPS)) == ids(
        [each for each in in_world("group") if DEPARTMENT_MEMBERS & {*MEMBERS[each["group"]]}]
    )


def test_who_sees_nothing_gets_403(api: API) -> None:
    """A learner and a department admin whose assignments are gone; an admin gets an empty list."""
    for path in (USERS, GROUPS):
        for each in ids(api.result(path)):
            assert api.delete(f"assignments/{each}").status_code == 200
        assert api.result(path) == []
        for key in (LEARNER, DEPARTMENT):
            refused = api.acting(key).get(path)
            assert (refused.status_code, refused.json) == (403, DENIED)


def test_groups_are_filtered_by_id(shared_api: API) -> None:
    """`group_id` keeps one group's; an unknown one finds nothing; an empty one filters nothing."""
    everything = shared_api.result(GROUPS)
    assert [e["group"]["id"] for e in shared_api.result(f"{GROUPS}?group_id=night-school")] == [
        "night-school"
    ]
    assert shared_api.result(f"{GROUPS}?group_id=nobody") == []
    assert shared_api.result(f"{GROUPS}?group_id=") == everything


def test_an_assignment_to_users_issues_at_once(api: API) -> None:
    """Who can be assigned holds the credential; the others are told with the reason."""
    credential = api.create(expires={"amount": 2, "duration": "days"})["entityId"]
    result = assign(api, credential, user_ids=[4, 5, 4, 999, 12])
    assert [each["user_id"] for each in result["successful_assignments"]] == [4, 5]
    missing = "No User matches the given query."
    assert result["failed_assignments"] == [
        {"user_id": 999, "reason": missing},
        {"user_id": 12, "reason": missing},
    ]
    assert result["message"] == "2 of 4 users were assigned."
    assert holders(api, credential) == ["aisha.siddiqi", "mateo.quiroga"]
    assertion = api.get(f"{credential}/assertions/").json["data"][0]
    assert (assertion["issuedOn"], assertion["expires"]) == (
        "2026-11-01T12:00:00Z",
        "2026-11-03T12:00:00Z",
    )
    again = assign(api, credential, user_ids=[4])
    assert again["successful_assignments"] == []
    assert again["failed_assignments"] == [
        {"user_id": 4, "reason": "The user holds the credential already."}
    ]
    assert api.delete(credential).status_code == 409


def test_a_department_admin_assigns_to_own_members(api: API) -> None:
    """Users and groups outside the department are refused one by one."""
    credential = api.create()["entityId"]
    department = api.acting(DEPARTMENT)
    result = assign(department, credential, user_ids=[2, 9])
    assert [each["user_id"] for each in result["successful_assignments"]] == [2]
    assert result["failed_assignments"] == [{"user_id": 9, "reason": DENIED["detail"]}]
    result = assign(department, credential, group_ids=["teaching-assistants", "data-cohort-2026"])
    assert [e["group_id"] for e in result["successful_assignments"]] == ["data-cohort-2026"]
    other = in_world("user")[-1]
    assert other["user"] not in DEPARTMENT_MEMBERS
    assert department.delete(f"assignments/{other['entityId']}").status_code == 404


def test_a_group_is_worked_off_at_once_by_default(api: API) -> None:
    """Without a delay the next request sees the assertions, but for who held one before."""
    credential = api.create()["entityId"]
    assign(api, credential, user_ids=[2])
    result = assign(api, credential, group_ids=["data-cohort-2026", "no-such-group", "safety-crew"])
    assert [e["group_id"] for e in result["successful_assignments"]] == ["data-cohort-2026"]
    missing = "No Group matches the given query."
    assert [each["reason"] for each in result["failed_assignments"]] == [missing, missing]
    assert holders(api, credential) == sorted(
        ["learner", "mateo.quiroga", "yuki.tanabe", "zoe.martin"]
    )
    again = assign(api, credential, group_ids=["data-cohort-2026"])
    assert again["failed_assignments"][0]["reason"] == "The group is assigned already."


def test_a_delayed_group_waits_for_the_clock() -> None:
    """Nothing is issued before it is due; then it is, from the moment that it was due."""
    api = API(create_app(Config(strict=True, now=NOW, group_delay=60)))
    credential = api.create()["entityId"]
    assign(api, credential, group_ids=["teaching-assistants"])
    sandbox = api.app.extensions["mockserver"].sandbox
    assert holders(api, credential) == []
    sandbox.clock = Clock(NOW + timedelta(seconds=59))
    assert holders(api, credential) == []
    sandbox.clock = Clock(NOW + timedelta(hours=1))
    assert holders(api, credential) == ["aisha.siddiqi", "seun.adeyinka"]
    issued = api.get(f"{credential}/assertions/").json["data"][0]["issuedOn"]
    assert issued == "2026-11-01T12:01:00Z"


def test_a_control_call_works_off_what_waits() -> None:
    """`POST /__mock__/work` completes every waiting assignment now and says how many."""
    api = API(create_app(Config(strict=True, now=NOW, group_delay=3600)))
    credential = api.create()["entityId"]
    assign(api, credential, group_ids=["teaching-assistants"])
    waiting = [each for each in api.result(GROUPS) if each["status"] == "pending"]
    assert api.post(path="/__mock__/work").json == {"completed": len(waiting)}
    assert {each["status"] for each in api.result(GROUPS)} == {"completed"}
    assert holders(api, credential) == ["aisha.siddiqi", "seun.adeyinka"]
    assert api.post(path="/__mock__/work").json == {"completed": 0}


def test_a_deleted_assignment_takes_its_assertions_along(api: API) -> None:
    """What it issued is gone, what others issued stays, and a waiting one issues nothing."""
    credential = api.create()["entityId"]
    mine = assign(api, credential, user_ids=[4])["successful_assignments"][0]["assignment_id"]
    assign(api, credential, user_ids=[5])
    response = api.delete(f"assignments/{mine}")
    assert response.json == {"status": {"success": True, "description": "Deleted"}}
    assert holders(api, credential) == ["aisha.siddiqi"]
    assert api.delete(f"assignments/{mine}").json == {
        "detail": "No CredentialAssignment matches the given query."
    }
    waiting = next(each["entityId"] for each in in_world("group") if "due" in each)
    api.delete(f"assignments/{waiting}")
    assert api.post(path="/__mock__/work").json == {"completed": 0}


def test_a_deleted_credential_takes_its_assignments_along(api: API) -> None:
    """Nothing refers to what is gone, whether it was worked off or waits."""
    credential = api.create()["entityId"]
    before = [ids(api.result(path)) for path in (USERS, GROUPS)]
    assign(api, credential, group_ids=["new-arrivals"])
    assert api.delete(credential).status_code == 204
    assert [ids(api.result(path)) for path in (USERS, GROUPS)] == before


def test_platforms_are_apart(api: API) -> None:
    """Another platform's credential cannot be assigned and its assignment does not exist."""
    theirs = in_world("user", "acme")[0]
    response = api.post({"credential_id": theirs["credential"], "user_ids": [2]}, USERS)
    assert response.json == {
        "credential_id": [f"Object with entity_id={theirs['credential']} does not exist."]
    }
    assert api.delete(f"assignments/{theirs['entityId']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        (
            USERS,
            {},
            {
                "credential_id": ["This field is required."],
                "user_ids": ["This field is required."],
            },
        ),
        (USERS, {"user_ids": []}, {"user_ids": ["This list may not be empty."]}),
        (USERS, {"user_ids": ["x"]}, {"user_ids": {"0": ["A valid integer is required."]}}),
        (
            GROUPS,
            {"group_ids": "data-cohort-2026"},
            {"group_ids": ['Expected a list of items but got type "str".']},
        ),
        (GROUPS, {"group_ids": [""]}, {"group_ids": {"0": ["This field may not be blank."]}}),
    ],
)
def test_a_bad_body_is_400(api: API, path: str, body: Any, errors: Any) -> None:
    """The framework's messages, at their fields."""
    sent = {**({"credential_id": DOCUMENT["assignments"][0]["credential"]} if body else {}), **body}
    response = api.post(sent, path)
    assert (response.status_code, response.json) == (400, errors)


def test_forms_assign_as_json_does(api: API) -> None:
    """Repeated keys of a form are a list."""
    credential = api.create()["entityId"]
    data = {"credential_id": credential, "user_ids": ["4", "5"]}
    response = api.post(path=USERS, data=data)
    assert len(response.json["result"]["successful_assignments"]) == 2
