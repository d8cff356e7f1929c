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
NOTHING = {"detail": "You don't have permission to view these assignments"}
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


def listed(api: API, path: str) -> list[dict[str, Any]]:
    """Return all assignments of a list, newest first; an empty list where it is refused."""
    response = api.get(path, query_string={"page_size": 100})
    if response.status_code == 403:
        assert response.json == NOTHING
        return []
    data: list[dict[str, Any]] = response.json["result"]["data"]
    return data


def shown(kind: str, platform: str = "main") -> list[dict[str, Any]]:
    """Return the assignments of the world that an admin's list has, newest first."""
    revoked = {each["entityId"] for each in DOCUMENT["assertions"] if each["revoked"]}
    return [each for each in in_world(kind, platform)[::-1] if not revoked & {*each["assertions"]}]


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
    """Every assignment of the platform and no other, newest first; none that was revoked."""
    assert ids(listed(shared_api, path)) == ids(shown(kind))
    acme = shared_api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/11/")
    assert ids(listed(acme, path)) == ids(shown(kind, "acme"))


def test_the_lists_are_wrapped_pages(shared_api: API) -> None:
    """At most 100 items, with the links of every list."""
    whole = listed(shared_api, USERS)
    body = shared_api.get(USERS + "?page_size=4").json
    assert body["status"] == {"success": True, "description": "Ok"}
    page = body["result"]
    assert page["data"] == whole[:4]
    assert (page["count"], page["max_page_size"]) == (len(whole), 100)
    assert page["next"].endswith(f"/{USERS}?page=2&page_size=4")
    assert shared_api.get(USERS + "?page_size=5000").json["result"]["data"] == whole
    beyond = shared_api.get(USERS + "?page=99")
    assert (beyond.status_code, beyond.json) == (404, {"detail": "Invalid page."})


def test_an_assignment_is_shown_whole(shared_api: API) -> None:
    """The credential, who was given it, by whom and when, and its status."""
    record = shown("user")[-1]
    user = next(each for each in DOCUMENT["users"] if each["id"] == record["user"])
    assert listed(shared_api, USERS)[-1] == {
        "id": record["entityId"],
        "credential": {
            "entityId": record["credential"],
            "name": CREDENTIALS[record["credential"]]["name"],
        },
        "user": {"id": user["id"], "username": user["username"], "name": user["name"]},
        "assigned_by": "admin",
        "assigned_on": record["assignedOn"],
        "status": "COMPLETED",
    }
    statuses = {each["group"]["id"]: each["status"] for each in listed(shared_api, GROUPS)}
    assert statuses["night-school"] == "PENDING"
    assert statuses["data-cohort-2026"] == "COMPLETED"


@pytest.mark.parametrize("key", ["main-admin-key", LEARNER, DEPARTMENT])
def test_the_role_of_the_user_in_the_path_decides(shared_api: API, key: str) -> None:
    """A learner's path shows their own, a department admin's those of the members."""
    learner = shared_api.acting(key, "/api/credentials/orgs/main/users/2/")
    department = shared_api.acting(key, "/api/credentials/orgs/main/users/3/")
    if key != DEPARTMENT:
        assert ids(listed(learner, USERS)) == ids([e for e in shown("user") if e["user"] == 2])
        assert ids(listed(learner, GROUPS)) == ids(
            [each for each in shown("group") if 2 in MEMBERS[each["group"]]]
        )
    if key == LEARNER:  # below the path of another
        refused = department.get(USERS)
        assert (refused.status_code, refused.json) == (403, DENIED)
        return
    assert ids(listed(department, USERS)) == ids(
        [each for each in shown("user") if each["user"] in DEPARTMENT_MEMBERS]
    )
    assert ids(listed(department, GROUPS)) == ids(
        [each for each in shown("group") if DEPARTMENT_MEMBERS & {*MEMBERS[each["group"]]}]
    )


def test_nothing_to_show_is_403(api: API) -> None:
    """For every role, where the assignments are gone, or a search or a group finds none."""
    for path in (USERS, GROUPS):
        assert api.get(path + "?search=zzz").json == NOTHING
    assert api.get(f"{GROUPS}?group_id=nobody").json == NOTHING
    for path in (GROUPS, USERS):
        for each in ids(listed(api, path)):
            assert api.delete(f"assignments/{each}").status_code == 200
        for user in (1, 2, 3):
            refused = api.get(f"/api/credentials/orgs/main/users/{user}/{path}")
            assert (refused.status_code, refused.json) == (403, NOTHING)


def test_groups_are_filtered_by_id(shared_api: API) -> None:
    """`group_id` keeps one group's; an empty one filters nothing."""
    found = shared_api.get(f"{GROUPS}?group_id=night-school").json["result"]["data"]
    assert [each["group"]["id"] for each in found] == ["night-school"]
    everything = shared_api.get(GROUPS).json["result"]["count"]
    assert shared_api.get(f"{GROUPS}?group_id=").json["result"]["count"] == everything


@pytest.mark.parametrize("term", ["LEARNER", "learner@example.com", "Leo Lind", "orientation"])
def test_assignments_to_users_are_searched(shared_api: API, term: str) -> None:
    """By the credential's name, and the user's username, email and name, in any case."""
    users = {each["id"]: each for each in DOCUMENT["users"]}
    expected = [
        each
        for each in shown("user")
        if any(
            term.casefold() in text.casefold()
            for text in (
                CREDENTIALS[each["credential"]]["name"],
                *(users[each["user"]][name] for name in ("username", "email", "name")),
            )
        )
    ]
    response = shared_api.get(USERS, query_string={"search": term, "page_size": 100})
    assert ids(response.json["result"]["data"]) == ids(expected) != []


def test_what_was_revoked_is_not_listed(api: API) -> None:
    """An assignment whose assertion is revoked leaves the list, and comes back with it."""
    credential = api.create()["entityId"]
    assign(api, credential, user_ids=[4])
    assertion = api.get(f"{credential}/assertions/").json["data"][0]["entityId"]
    before = listed(api, USERS)
    assert before[0]["credential"]["entityId"] == credential
    api.put(f"assertions/{assertion}", {"revoked": True, "revocationReason": "r"})
    assert listed(api, USERS) == before[1:]
    api.put(f"assertions/{assertion}", {"revoked": False})
    assert listed(api, USERS) == before


def test_an_assertion_tells_its_assignment(api: API) -> None:
    """`metadata` has who assigned what and when, for a user and for a member of a group."""
    credential = api.create()["entityId"]
    user = assign(api, credential, user_ids=[5])["successful_assignments"][0]["assignment_id"]
    assign(api.acting(DEPARTMENT), credential, group_ids=["data-cohort-2026"])
    issued = api.get(f"{credential}/assertions/?page_size=100").json["data"]
    by_username = {each["recipient"]["username"]: each["metadata"] for each in issued}
    assert by_username["aisha.siddiqi"] == {
        "org_id": "main",
        "assigned_at": "2026-11-01T12:00:00Z",
        "assigned_by": "admin",
        "assigned_by_id": 1,
        "assignment_id": user,
        "issuance_type": "user_assignment",
    }
    member = by_username["zoe.martin"]
    assert (member["issuance_type"], member["assigned_by"]) == (
        "group_assignment",
        "department-admin",
    )
    assert member["assignment_id"] in ids(listed(api, USERS))


def test_a_deleted_group_assignment_takes_those_of_its_members_along(api: API) -> None:
    """The assignments to the members and their assertions go with it."""
    credential = api.create()["entityId"]
    before = ids(listed(api, USERS))
    made = assign(api, credential, group_ids=["data-cohort-2026"])["successful_assignments"][0]
    assert len(ids(listed(api, USERS))) == len(before) + 4
    assert api.delete(f"assignments/{made['assignment_id']}").status_code == 200
    assert ids(listed(api, USERS)) == before
    assert holders(api, credential) == []


def test_an_assignment_to_users_issues_at_once(api: API) -> None:
    """Users who can be assigned hold the credential; the others are listed with the reason."""
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
    other = next(each for each in in_world("user") if each["user"] not in DEPARTMENT_MEMBERS)
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
    waiting = [each for each in listed(api, GROUPS) if each["status"] == "PENDING"]
    assert api.post(path="/__mock__/work").json == {"completed": len(waiting)}
    assert {each["status"] for each in listed(api, GROUPS)} == {"COMPLETED"}
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
    before = [ids(listed(api, path)) for path in (USERS, GROUPS)]
    assign(api, credential, group_ids=["new-arrivals"])
    assert api.delete(credential).status_code == 200
    assert [ids(listed(api, path)) for path in (USERS, GROUPS)] == before


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
