"""Assertions: lists, filters, expiry, issue, revoke, and the public look-up."""

from datetime import datetime
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.framework.times import parse_time
from tests.conftest import API, NOW
from tests.support.world import DOCUMENT

RECORDS: dict[str, dict[str, Any]] = {each["entityId"]: each for each in DOCUMENT["assertions"]}
LEARNER = "/api/credentials/orgs/main/users/2/"
COURSE = "course-v1:main+PY101+2026"
OTHER_COURSE = next(c["course_id"] for c in DOCUMENT["courses"] if c["course_id"] != COURSE)
PUBLIC = "/api/credentials/public/assertions/"


def page_of(api: API, path: str) -> dict[str, Any]:
    """Return a bare page that must be there."""
    response = api.get(path)
    assert response.status_code == 200, response.text
    page = response.json
    assert isinstance(page, dict)
    return page


def ids_of(api: API, path: str) -> list[str]:
    """Return the ids on a page."""
    return [each["entityId"] for each in page_of(api, path)["data"]]


def issue(api: API, credential: str, identity: str = "learner", **fields: Any) -> dict[str, Any]:
    """Issue a credential for a course, which must succeed, and return the assertion."""
    body = {"recipient": {"identity": identity}, **(fields or {"course": COURSE})}
    response = api.post(body, f"{credential}/assertions/")
    assert response.status_code == 200, response.text
    assert isinstance(response.json, dict)
    return response.json


def create(api: API, **fields: Any) -> str:
    """Return the entityId of a new credential of a course."""
    return str(api.create(courses=[COURSE], **fields)["entityId"])


def held_by(user: int) -> list[dict[str, Any]]:
    """Return what a user holds, newest first."""
    held = [each for each in RECORDS.values() if each["recipient"] == user]
    at = {each["entityId"]: index for index, each in enumerate(held)}
    return sorted(held, key=lambda a: (parse_time(a["issuedOn"]), at[a["entityId"]]), reverse=True)


def expired(record: dict[str, Any]) -> bool:
    """Tell whether a record has expired at the time of the tests."""
    return record["expires"] is not None and parse_time(record["expires"]) <= NOW


def test_the_list_of_a_user_is_a_bare_page(shared_api: API) -> None:
    """Seven fields, no envelope, a maximum of 1000, ten items."""
    page = page_of(shared_api, f"{LEARNER}assertions/")
    assert page.keys() == {
        *("next", "previous", "count", "num_pages", "page_number", "max_page_size", "data")
    }
    assert (page["max_page_size"], len(page["data"])) == (1000, 10)
    following = page_of(shared_api, page["next"].removeprefix("http://localhost"))
    assert (following["page_number"], following["previous"]) == (
        2,
        f"http://localhost{LEARNER}assertions/",
    )


@pytest.mark.parametrize("user", [1, 2, 4, 3])
@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("old", [False, True])
def test_the_filters_of_a_users_list(shared_api: API, user: int, revoked: bool, old: bool) -> None:
    """Revoked and expired ones are listed on demand, each for itself; newest first."""
    expected = [
        each["entityId"]
        for each in held_by(user)
        if (revoked or not each["revoked"]) and (old or not expired(each))
    ]
    query = f"page_size=1000&include_revoked={revoked}&include_expired={old}"
    path = f"/api/credentials/orgs/main/users/{user}/assertions/?{query}"
    assert ids_of(shared_api, path) == expected


def test_a_course_narrows_a_users_list(shared_api: API) -> None:
    """`course` keeps what was earned with it."""
    expected = [
        each["entityId"]
        for each in held_by(2)
        if each["course"] == COURSE and not each["revoked"] and not expired(each)
    ]
    found = shared_api.get(f"{LEARNER}assertions/", query_string={"course": COURSE}).json
    assert found is not None
    assert [each["entityId"] for each in found["data"]] == expected
    assert expected
    nothing = shared_api.get(f"{LEARNER}assertions/", query_string={"course": "nothing"}).json
    assert nothing is not None
    assert (nothing["count"], nothing["num_pages"], nothing["data"]) == (0, 1, [])


def test_the_main_tenant_can_be_left_out(shared_api: API) -> None:
    """On `main` nothing is left, elsewhere everything."""
    excluded = "assertions/?exclude_main_tenant_assertions=true&page_size=1000"
    assert page_of(shared_api, LEARNER + excluded)["count"] == 0
    acme = shared_api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/12/")
    whole = page_of(acme, "assertions/?page_size=1000")
    assert page_of(acme, excluded)["data"] == whole["data"] != []


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("page=0", {"page": ["Ensure this value is greater than or equal to 1."]}),
        ("page=last", {"page": ["A valid integer is required."]}),
        ("page_size=1001", {"page_size": ["Ensure this value is less than or equal to 1000."]}),
        ("page_size=x", {"page_size": ["A valid integer is required."]}),
        ("include_revoked=maybe", {"include_revoked": ["Must be a valid boolean."]}),
        (
            "include_expired=2&exclude_main_tenant_assertions=x",
            {
                "include_expired": ["Must be a valid boolean."],
                "exclude_main_tenant_assertions": ["Must be a valid boolean."],
            },
        ),
    ],
)
def test_bad_parameters_of_a_users_list_are_400(
    shared_api: API, query: str, errors: dict[str, Any]
) -> None:
    """Unlike in the list of credentials, what a parameter cannot hold is an error of that name."""
    response = shared_api.get(f"{LEARNER}assertions/?{query}")
    assert (response.status_code, response.json) == (400, errors)


def test_a_page_that_is_not_there_is_404(shared_api: API) -> None:
    """A number behind the last page is well formed and leads nowhere."""
    response = shared_api.get(f"{LEARNER}assertions/?page=999")
    assert (response.status_code, response.json) == (404, {"detail": "Invalid page."})


def test_an_assertion_shows_what_the_world_says(shared_api: API) -> None:
    """Every field of a record is shown, the credential and the course in full."""
    record = next(
        each for each in held_by(2) if each["course"] == COURSE and each["metadata"] is not None
    )
    shown = shared_api.get(f"assertions/{record['entityId']}").json
    assert shown == {
        "entityId": record["entityId"],
        "issuedOn": record["issuedOn"],
        "credentialDetails": shared_api.result(record["credential"]),
        "recipient": {"username": "learner", "name": "Leo Lindqvist"},
        "metadata": record["metadata"],
        "course": {
            "name": next(c["name"] for c in DOCUMENT["courses"] if c["course_id"] == COURSE),
            "course_id": COURSE,
        },
        "program": None,
        "narrative": record["narrative"],
        "revoked": False,
        "revocationReason": None,
        "acceptance": record["acceptance"],
        "expires": record["expires"],
    }


def test_a_credentials_list_shows_everybodys(shared_api: API) -> None:
    """Revoked and expired ones as well, newest first; its page is read leniently."""
    credential = next(each["credential"] for each in held_by(1) if each["revoked"])
    expected = [each for each in RECORDS.values() if each["credential"] == credential]
    at = {each["entityId"]: index for index, each in enumerate(expected)}
    expected.sort(key=lambda a: (parse_time(a["issuedOn"]), at[a["entityId"]]), reverse=True)
    ids = [each["entityId"] for each in expected]
    assert ids_of(shared_api, f"{credential}/assertions/?page_size=5000") == ids
    assert ids_of(shared_api, f"{credential}/assertions/?page_size=x&page=") == ids[:10]
    assert shared_api.get(f"{credential}/assertions/?page=99").status_code == 404
    assert ids_of(shared_api, f"{credential}/assertions/?page=last&page_size=2")


def test_an_issued_assertion(api: API) -> None:
    """It is new, unaccepted, of now, and heads the lists of its credential and its recipient."""
    credential = api.create(
        expires={"amount": 6, "duration": "months"}, public=False, programs=["program-data-analyst"]
    )
    shown = issue(
        api, credential["entityId"], metadata={"grade": "A"}, program_id="program-data-analyst"
    )
    assert {**shown, "entityId": ""} == {
        "entityId": "",
        "issuedOn": "2026-11-01T12:00:00Z",
        "credentialDetails": credential,
        "recipient": {"username": "learner", "name": "Leo Lindqvist"},
        "metadata": {"grade": "A"},
        "course": None,
        "program": {"name": "Professional Data Analyst", "program_id": "program-data-analyst"},
        "narrative": None,
        "revoked": False,
        "revocationReason": None,
        "acceptance": "Unaccepted",
        "expires": "2027-05-01T12:00:00Z",
    }
    assert api.get(f"assertions/{shown['entityId']}").json == shown
    assert page_of(api, f"{credential['entityId']}/assertions/")["data"] == [shown]
    assert page_of(api, f"{LEARNER}assertions/?page_size=1")["data"] == [shown]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"recipient": ["This field is required."]}),
        ({"recipient": {}}, {"recipient": {"identity": ["This field is required."]}}),
        (
            {"recipient": {"identity": "acme-learner"}},
            {"recipient": {"identity": ["Object with username=acme-learner does not exist."]}},
        ),
        (
            {"recipient": {"identity": "learner", "email": "x"}},
            {"recipient": {"email": ["Enter a valid email address."]}},
        ),
        (
            {"recipient": {"identity": "learner"}, "course": "nothing"},
            {"course": ["Object with course_id=nothing does not exist."]},
        ),
        (
            {
                "recipient": {"identity": "learner"},
                "course": COURSE,
                "program": "program-data-analyst",
            },
            {
                "non_field_errors": [
                    "Exactly one of course, catalog_item, program, pathway is required."
                ]
            },
        ),
        (
            {"recipient": {"identity": "learner"}},
            {
                "non_field_errors": [
                    "Exactly one of course, catalog_item, program, pathway is required."
                ]
            },
        ),
        *(
            (
                {"recipient": {"identity": "learner"}, sent: value},
                {sent.removesuffix("_id"): [f"The credential is not attached to this {name}."]},
            )
            for sent, name, value in (
                ("course", "course", OTHER_COURSE),
                ("program", "program", "program-data-analyst"),
                ("program_id", "program", "program-data-analyst"),
                ("pathway_id", "pathway", DOCUMENT["pathways"][0]["pathway_id"]),
                ("catalog_item", "catalog item", "nothing"),
            )
        ),
    ],
)
def test_a_bad_issue_is_400_and_issues_nothing(
    api: API, body: dict[str, Any], errors: dict[str, Any]
) -> None:
    """What is missing, unknown or too much is an error of its field."""
    entity_id = create(api)
    response = api.post(body, f"{entity_id}/assertions/")
    assert (response.status_code, response.json) == (400, errors)
    assert page_of(api, f"{entity_id}/assertions/")["count"] == 0


@pytest.mark.parametrize("headers", ["json", "form", "dotted"])
def test_forms_issue_what_json_issues(api: API, headers: str) -> None:
    """`recipient` is an object, JSON text, or dotted keys."""
    entity_id = create(api)
    options: dict[str, Any] = {
        "json": {"json": {"recipient": {"identity": "learner"}, "course": COURSE}},
        "form": {"data": {"recipient": '{"identity": "learner"}', "course": COURSE}},
        "dotted": {"data": {"recipient.identity": "learner", "course": COURSE}},
    }[headers]
    response = api.send("POST", f"{entity_id}/assertions/", **options)
    assert response.status_code == 200, response.text
    assert response.json is not None
    assert response.json["recipient"]["username"] == "learner"
    assert response.json["course"]["course_id"] == COURSE


def test_issuing_in_bulk_skips_who_holds_it(api: API) -> None:
    """An active assertion skips; a revoked one does not; a name that is repeated counts once."""
    entity_id = create(api)
    issue(api, entity_id, "learner")
    revoked = issue(api, entity_id, "ines.krol")
    api.put(f"assertions/{revoked['entityId']}", {"revoked": True, "revocationReason": "r"})
    users = ["yuki.tanabe", "learner", "ines.krol", "yuki.tanabe"]
    response = api.post({"users": users, "course": COURSE}, f"{entity_id}/assertions/bulk/")
    assert response.status_code == 200, response.text
    assert response.json == {"skipped": ["learner"], "issued": ["yuki.tanabe", "ines.krol"]}
    page = page_of(api, f"{entity_id}/assertions/")
    holders = [each["recipient"]["username"] for each in page["data"]]
    assert holders == ["ines.krol", "yuki.tanabe", "ines.krol", "learner"]
    assert page["data"][0]["course"]["course_id"] == COURSE
    again = api.post({"users": users, "course": COURSE}, f"{entity_id}/assertions/bulk/").json
    assert again == {"skipped": ["yuki.tanabe", "learner", "ines.krol"], "issued": []}


def test_one_unknown_name_stops_a_bulk(api: API) -> None:
    """Nobody is issued anything when one of the users does not exist."""
    entity_id = create(api)
    response = api.post({"users": ["learner", "nobody"]}, f"{entity_id}/assertions/bulk/")
    assert response.status_code == 400
    assert response.json == {"users": ["Object with username=nobody does not exist."]}
    assert page_of(api, f"{entity_id}/assertions/")["count"] == 0


def test_revoking_needs_a_reason_and_can_be_taken_back(api: API) -> None:
    """A revoked one leaves its holder's list; without a reason nothing is revoked."""
    shown = issue(api, create(api))
    path = f"assertions/{shown['entityId']}"
    for body in ({"revoked": True}, {"revoked": True, "revocationReason": ""}):
        refused = api.put(path, body)
        assert refused.status_code == 400
        assert refused.json == {"revocationReason": ["This field is required."]}
    revoked = api.put(path, {"revoked": True, "revocationReason": " By mistake. "}).json
    assert revoked == {**shown, "revoked": True, "revocationReason": "By mistake."}
    assert shown["entityId"] not in ids_of(api, f"{LEARNER}assertions/")
    assert ids_of(api, f"{LEARNER}assertions/?include_revoked=true")[0] == shown["entityId"]
    assert api.put(path, {"revoked": True}).json == revoked, "it has its reason already"
    assert api.put(path, {"revoked": False}).json == shown
    assert ids_of(api, f"{LEARNER}assertions/")[0] == shown["entityId"]
    assert api.put(path, {"revoked": True}).status_code == 400, "an old reason does not serve"
    assert api.put(path, {"revocationReason": "kept?"}).json == shown
    assert api.put(path, {"acceptance": "Accepted", "issuedOn": "2000-01-01"}).json == shown


def test_a_credential_with_active_assertions_is_not_deleted(api: API) -> None:
    """Issued: 409. Revoked: it goes, and its assertions with it."""
    entity_id = create(api)
    shown = issue(api, entity_id)
    assert api.delete(entity_id).status_code == 409
    api.put(f"assertions/{shown['entityId']}", {"revoked": True, "revocationReason": "r"})
    assert api.delete(entity_id).status_code == 200
    assert api.get(f"assertions/{shown['entityId']}").status_code == 404
    assert api.get(PUBLIC + shown["entityId"] + "/").data == b""
    everything = ids_of(api, f"{LEARNER}assertions/?include_revoked=1&page_size=1000")
    assert shown["entityId"] not in everything


def test_expiry_follows_the_clock(api: API) -> None:
    """What holds for a day is in no list two days later, and its credential can be deleted."""
    credential = create(api, expires={"amount": 1, "duration": "days"})
    shown = issue(api, credential)
    assert api.delete(credential).status_code == 409
    sandbox = api.app.extensions["mockserver"].sandbox
    clock = type(sandbox.clock)(datetime.fromisoformat("2026-11-02T12:00:00+00:00"))
    sandbox.clock = clock
    assert shown["entityId"] not in ids_of(api, f"{LEARNER}assertions/")
    assert ids_of(api, f"{LEARNER}assertions/?include_expired=yes")[0] == shown["entityId"]
    assert api.get(f"{PUBLIC}{shown['entityId']}/").json == shown
    assert api.delete(credential).status_code == 200


def test_a_learner_sees_their_own_only(api: API) -> None:
    """The list of another is 403, another's item 404, a credential's list their own alone."""
    learner = api.acting("main-learner-key")
    assert learner.get(f"{LEARNER}assertions/").status_code == 200
    assert learner.get("/api/credentials/orgs/main/users/learner/assertions/").status_code == 200
    for user in ("1", "4", "admin"):
        refused = learner.get(f"/api/credentials/orgs/main/users/{user}/assertions/")
        assert refused.status_code == 403
    entity_id = create(api)
    mine, other = issue(api, entity_id), issue(api, entity_id, "ines.krol")
    assert ids_of(learner, f"{entity_id}/assertions/") == [mine["entityId"]]
    assert ids_of(api, f"{entity_id}/assertions/") == [other["entityId"], mine["entityId"]]
    assert learner.get(f"assertions/{mine['entityId']}").json == mine
    hidden = learner.get(f"assertions/{other['entityId']}")
    assert hidden.json == {"detail": "No Assertion matches the given query."}


def test_tenants_do_not_meet(api: API) -> None:
    """Another platform's assertion and credential do not exist here, nor do its users."""
    foreign = next(each for each in RECORDS.values() if each["recipient"] == 12)
    assert api.get(f"assertions/{foreign['entityId']}").status_code == 404
    assert api.put(f"assertions/{foreign['entityId']}", {"revoked": False}).status_code == 404
    assert api.get(f"{foreign['credential']}/assertions/").status_code == 404
    body = {"recipient": {"identity": "learner"}}
    assert api.post(body, f"{foreign['credential']}/assertions/").status_code == 404
    assert api.get("/api/credentials/orgs/main/users/12/assertions/").status_code == 404


def test_the_public_look_up_needs_no_key(shared_api: API) -> None:
    """Anybody sees what an admin sees, with any key or none; only what is there."""
    record = next(e for e in held_by(2) if not e["revoked"])
    expected = shared_api.get(f"assertions/{record['entityId']}").json
    for key in (None, "main-learner-key", "acme-admin-key", "no-such-key", "retired-key"):
        response = shared_api.acting(key).get(f"{PUBLIC}{record['entityId']}/")
        assert (response.status_code, response.json) == (200, expected)
        assert "example.com" not in str(response.json["recipient"])
    unknown = shared_api.acting(None).get(f"{PUBLIC}nothing/")
    assert (unknown.status_code, unknown.data) == (404, b"")
    assert "Content-Type" not in unknown.headers


def test_a_revoked_one_is_404_with_its_reason(shared_api: API) -> None:
    """Of a revoked assertion nothing but the reason is shown."""
    record = next(e for e in RECORDS.values() if e["revoked"])
    response = shared_api.acting(None).get(f"{PUBLIC}{record['entityId']}/")
    assert response.status_code == 404
    assert response.json == {
        "detail": "This assertion has been revoked.",
        "revocationReason": record["revocationReason"],
    }


def test_the_public_place_is_for_reading(shared_api: API) -> None:
    """Other methods are 405 without a key; OPTIONS describes; the slash is redirected to."""
    entity_id = held_by(2)[0]["entityId"]
    nobody = shared_api.acting(None)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        refused = nobody.send(method, f"{PUBLIC}{entity_id}/")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert nobody.send("OPTIONS", f"{PUBLIC}{entity_id}/").status_code == 200
    moved = nobody.get(PUBLIC + entity_id)
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{PUBLIC}{entity_id}/")


def test_the_same_seed_issues_the_same_bytes() -> None:
    """Two worlds of one seed answer the same requests with the same bytes."""
    answers = []
    for _ in range(2):
        api = API(create_app(Config(strict=True, now=NOW, seed=3)))
        credential = create(api)
        shown = issue(api, credential)
        answers.append((shown, api.get(f"{credential}/assertions/").data))
    assert answers[0] == answers[1]
