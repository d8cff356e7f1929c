"""Who may do what: schemes, keys, roles, platforms."""

from io import BytesIO
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.contract.compiler import load_contract
from mockserver.contract.document import read_document
from mockserver.contract.operation import Role
from mockserver.files import IMAGES
from tests.conftest import API, NOW
from tests.support.world import DOCUMENT, listed

KEYS: dict[str, Role] = {
    "main-admin-key": "platform-admin",
    "main-department-admin-key": "department-admin",
    "main-learner-key": "learner",
}
PROTECTED = {o.operation_id: o for o in load_contract().operations.values() if not o.is_public}
HERE = "platform_org=main"
EXIM = f"/api/credentials/exim/credentials/course/{DOCUMENT['courses'][0]['course_id']}/"
CONFIGS, MAPPINGS = "provider-config/", "external-mapping/"
PICTURE = (IMAGES / "medal.svg").read_bytes()
DENIED = "You do not have permission to perform this action."
ANOTHER_PLATFORM = "acme-admin-key"


def attempt(api: API, operation_id: str) -> Any:
    """Send the request of an operation that an admin would succeed with."""
    held = {each["credential"] for each in DOCUMENT["assertions"]}
    entity_id = next(c["entityId"] for c in listed() if c["entityId"] not in held)
    issuer = next(i["entityId"] for i in DOCUMENT["issuers"] if i["platform"] == "main")
    mine = next(a for a in DOCUMENT["assertions"] if a["recipient"] == 2 and not a["revoked"])
    mapping = DOCUMENT["external_mappings"][0]
    attached = next(c for c in listed() if c["courses"])
    holder = "/api/credentials/orgs/main/users/2/assertions/"
    person = {"name": "n", "title": "t", "signature": "https://example.com/s.png"}
    return {
        "credentials_orgs_users_retrieve": lambda: api.get(),
        "credentials_orgs_users_create": lambda: api.post({"name": "n", "issuer": issuer}),
        "credentials_orgs_users_retrieve_2": lambda: api.get(entity_id),
        "credentials_orgs_users_update": lambda: api.put(entity_id, {"name": "n"}),
        "credentials_orgs_users_destroy": lambda: api.delete(entity_id),
        "credentials_orgs_users_issuers_retrieve": lambda: api.get("issuers/"),
        "credentials_orgs_users_issuers_create": lambda: api.post({"name": "n"}, "issuers/"),
        "credentials_orgs_users_issuers_retrieve_2": lambda: api.get(f"issuers/{issuer}"),
        "credentials_orgs_users_images_retrieve": lambda: api.get("images/?query=badge"),
        "credentials_orgs_users_assignments_users_retrieve": lambda: api.get("assignments/users/"),
        "credentials_orgs_users_assignments_users_create": lambda: api.post(
            {"credential_id": entity_id, "user_ids": [4]}, "assignments/users/"
        ),
        "credentials_orgs_users_assignments_groups_retrieve": lambda: api.get(
            "assignments/groups/"
        ),
        "credentials_orgs_users_assignments_groups_create": lambda: api.post(
            {"credential_id": entity_id, "group_ids": ["night-school"]}, "assignments/groups/"
        ),
        "credentials_orgs_users_assignments_destroy": lambda: api.delete(
            f"assignments/{DOCUMENT['assignments'][0]['entityId']}"
        ),
        "credentials_orgs_users_course_credentials_list": lambda: api.get("course-credentials/"),
        "credentials_orgs_users_assertions_over_time_retrieve": lambda: api.get(
            "assertions-over-time/"
        ),
        "credentials_orgs_users_course_assertions_over_time_retrieve": lambda: api.get(
            "course-assertions-over-time/"
        ),
        "credentials_orgs_users_credentials_over_time_retrieve": lambda: api.get(
            "credentials-over-time/"
        ),
        "credentials_exim_credentials_course_export_retrieve": lambda: api.get(
            f"{EXIM}export/?{HERE}"
        ),
        "credentials_exim_credentials_course_import_create": lambda: api.post(
            {"credentials": [{"name": "n", "issuer": issuer}]}, f"{EXIM}import/?{HERE}"
        ),
        "credentials_providers_retrieve": lambda: api.get("/api/credentials/providers/?" + HERE),
        "credentials_orgs_users_provider_config_retrieve": lambda: api.get(CONFIGS),
        "credentials_orgs_users_provider_config_create": lambda: api.post(
            {"provider_name": "credly"}, CONFIGS
        ),
        "credentials_orgs_users_provider_config_destroy": lambda: api.delete(
            CONFIGS, json={"provider_name": "credly"}
        ),
        "credentials_orgs_users_external_mapping_retrieve": lambda: api.get(MAPPINGS),
        "credentials_orgs_users_external_mapping_create": lambda: api.post(
            {"credential_id": entity_id, "provider_name": "credly"}, MAPPINGS
        ),
        "credentials_orgs_users_external_mapping_destroy": lambda: api.delete(
            MAPPINGS,
            json={"credential_id": mapping["credential"], "provider_name": mapping["provider"]},
        ),
        "credentials_orgs_users_images_create": lambda: api.post(
            path="images/", data={"image": (BytesIO(PICTURE), "a.svg")}
        ),
        "credentials_orgs_users_issuers_update": lambda: api.put(f"issuers/{issuer}", {}),
        "credentials_orgs_users_issuers_destroy": lambda: api.delete("issuers/" + unused(api)),
        "credentials_orgs_users_issuers_authority_create": lambda: api.post(
            person, "issuers/authority/"
        ),
        "credentials_orgs_users_assertions_retrieve": lambda: api.get(holder),
        "credentials_orgs_users_assertions_retrieve_2": lambda: api.get(
            f"assertions/{mine['entityId']}"
        ),
        "credentials_orgs_users_assertions_update": lambda: api.put(
            f"assertions/{mine['entityId']}", {"revoked": False}
        ),
        "credentials_orgs_users_assertions_retrieve_3": lambda: api.get(f"{entity_id}/assertions/"),
        "credentials_orgs_users_assertions_create": lambda: api.post(
            {"recipient": {"identity": "learner"}, "course": attached["courses"][0]},
            f"{attached['entityId']}/assertions/",
        ),
        "credentials_orgs_users_assertions_bulk_create": lambda: api.post(
            {"users": ["learner"], "course": attached["courses"][0]},
            f"{attached['entityId']}/assertions/bulk/",
        ),
    }[operation_id]()


def unused(api: API) -> str:
    """Return the id of an issuer that no credential names."""
    created = api.acting("main-admin-key").post({"name": "Unused"}, "issuers/")
    assert created.json is not None
    return str(created.json["result"]["entityId"])


@pytest.mark.parametrize("operation_id", PROTECTED)
@pytest.mark.parametrize("key", KEYS)
def test_the_roles_of_the_contract_hold(api: API, operation_id: str, key: str) -> None:
    """Each role succeeds or gets 403 with each operation, as the contract says."""
    operation = PROTECTED[operation_id]
    own = "/api/credentials/orgs/main/users/learner/"
    below = own if operation.own_path and KEYS[key] == "learner" else api.base
    response = attempt(api.acting(key, below), operation_id)
    if KEYS[key] in operation.roles:
        assert response.status_code in (200, 201, 204), response.text
    else:
        assert response.status_code == 403
        assert response.json == {"detail": operation.permission_denied or DENIED}


@pytest.mark.parametrize("operation_id", [n for n, o in PROTECTED.items() if o.own_path])
def test_a_learner_reads_below_the_own_path_only(shared_api: API, operation_id: str) -> None:
    """Below the path of another user it is 403, for an admin it is not."""
    for user in ("1", "4", "department-admin"):
        other = shared_api.acting("main-learner-key", f"/api/credentials/orgs/main/users/{user}/")
        refused = attempt(other, operation_id)
        assert (refused.status_code, refused.json) == (403, {"detail": DENIED})
        admin = shared_api.acting("main-admin-key", f"/api/credentials/orgs/main/users/{user}/")
        if user != "4":  # who has no assignments
            assert attempt(admin, operation_id).status_code == 200


@pytest.mark.parametrize("operation_id", PROTECTED)
def test_another_platforms_key_is_403_everywhere(api: API, operation_id: str) -> None:
    """An admin of one platform may do nothing on another."""
    assert attempt(api.acting(ANOTHER_PLATFORM), operation_id).status_code == 403


@pytest.mark.parametrize("operation_id", PROTECTED)
@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (None, "Authentication credentials were not provided."),
        ("no-such-key", "Invalid token."),
        ("retired-key", "User inactive or deleted."),
    ],
)
def test_without_a_valid_key_everything_is_401(
    api: API, operation_id: str, key: str | None, detail: str
) -> None:
    """No key, an unknown one and a deactivated one are 401 with the scheme to use."""
    response = attempt(api.acting(key), operation_id)
    assert (response.status_code, response.json) == (401, {"detail": detail})
    assert response.headers["WWW-Authenticate"] == "Api-Key"


def test_every_operation_has_roles_or_is_public() -> None:
    """Who may call an operation is in the contract, with how that is known."""
    document = read_document()
    operations = load_contract().operations.values()
    assert len(PROTECTED) == len(operations) - 1
    for operation in operations:
        source = document["paths"][operation.path][operation.method.lower()]
        assert operation.is_public != bool(operation.roles)
        assert operation.is_public != bool(source.get("x-roles-evidence"))


@pytest.mark.parametrize(
    ("header", "status", "detail"),
    [
        ("Api-Key main-admin-key", 200, None),
        ("Api-Token main-admin-key", 200, None),
        ("Token main-admin-key", 200, None),
        ("Bearer main-admin-key", 200, None),
        ("bEaReR main-admin-key", 200, None),
        ("main-admin-key", 200, None),
        ("  Api-Key   main-admin-key  ", 200, None),
        ("", 401, "Authentication credentials were not provided."),
        ("Basic bWFpbjo=", 401, "Authentication credentials were not provided."),
        ("Api-Key", 401, "Invalid token header. No credentials provided."),
        ("Api-Key a b", 401, "Invalid token header. Token string should not contain spaces."),
        ("Api-Key main-admin-kex", 401, "Invalid token."),
        ("MAIN-ADMIN-KEY", 401, "Invalid token."),
    ],
)
def test_schemes(shared_api: API, header: str, status: int, detail: str | None) -> None:
    """Four schemes in any case and the bare key are accepted; all else has its own message."""
    response = shared_api.get(headers={"Authorization": header})
    assert response.status_code == status
    assert detail is None or response.json == {"detail": detail}


def test_a_private_credential_exists_for_admins_only(shared_api: API) -> None:
    """Retrieving what is not public is 404 for a learner."""
    private = next(
        c["entityId"]
        for c in DOCUMENT["credentials"]
        if c["platform"] == "main" and not c["public"]
    )
    assert shared_api.get(private).status_code == 200
    assert shared_api.acting("main-department-admin-key").get(private).status_code == 200
    refused = shared_api.acting("main-learner-key").get(private)
    assert (refused.status_code, refused.json) == (
        404,
        {"detail": "No Credential matches the given query."},
    )


def test_a_platform_is_found_by_its_key_or_org(shared_api: API) -> None:
    """In the path and in the query; a user by number or username; items by their entityId only."""
    key, org = (DOCUMENT["platforms"][0][name] for name in ("key", "org"))
    by_key = shared_api.get(f"/api/credentials/orgs/{key}/users/1/?page_size=2").json["result"]
    by_org = shared_api.get(f"/api/credentials/orgs/{org}/users/admin/?page_size=2").json["result"]
    assert by_org["data"] == by_key["data"]
    elsewhere = f"/api/credentials/orgs/acme/users/1/?page_size=2&platform_org={org}"
    assert shared_api.get(elsewhere).json["result"]["data"] == by_key["data"]
    other = shared_api.get(f"/api/credentials/orgs/{DOCUMENT['platforms'][1]['org']}/users/11/")
    assert other.status_code == 403
    assert shared_api.get(f"/api/credentials/orgs/{org.lower()}/users/1/").status_code == 404
    assert shared_api.get("1").status_code == 404


def test_an_error_shows_nothing_of_the_record(shared_api: API) -> None:
    """The body of a 403 or 404 does not hold anything of the record."""
    record = listed()[0]
    for key in (ANOTHER_PLATFORM, "retired-key", "nothing"):
        response = shared_api.acting(key).get(record["entityId"])
        assert response.status_code in (401, 403)
        assert record["name"] not in response.text


def test_an_unknown_platform_is_404_before_403(shared_api: API) -> None:
    """A platform that does not exist is 404 with any valid key, and 401 without."""
    path = "/api/credentials/orgs/nowhere/users/1/"
    assert shared_api.acting("main-learner-key").get(path).json == {
        "detail": "No Platform matches the given query."
    }
    assert shared_api.acting(None).get(path).status_code == 401


def test_auth_any_takes_every_header() -> None:
    """With `--auth any` a token of a real login is a platform admin's; none is still 401."""
    api = API(create_app(Config(auth="any", strict=True, now=NOW)), key="whatever-the-login-gave")
    created = api.create()
    assert api.delete(created["entityId"]).status_code == 204
    assert api.acting("x", "/api/credentials/orgs/acme/users/11/").get().status_code == 200
    assert api.acting(None).get().status_code == 401


def test_auth_off_needs_no_header() -> None:
    """With `--auth off` everybody is a platform admin."""
    api = API(create_app(Config(auth="off", strict=True, now=NOW)), key=None)
    created = api.create()
    assert api.delete(created["entityId"]).status_code == 204
