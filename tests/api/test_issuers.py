"""Issuers: windows, changes, deletions, and the people who sign."""

from typing import Any

import pytest

from tests.conftest import API
from tests.support.world import DOCUMENT

ISSUERS = sorted(
    (each for each in DOCUMENT["issuers"] if each["platform"] == "main"),
    key=lambda each: (each["name"], each["entityId"]),
)
PERSON = {"name": "Ines", "title": "Dean", "signature": "https://example.com/ines.png"}


def names(api: API, query: str) -> list[str]:
    """Return the names of the issuers that a query lists."""
    return [each["name"] for each in api.result(f"issuers/{query}")["data"]]


def made(api: API, **fields: Any) -> dict[str, Any]:
    """Create an issuer and return it."""
    response = api.post({"name": "Fresh Board", **fields}, "issuers/")
    assert response.json is not None
    result = response.json["result"]
    assert isinstance(result, dict)
    return result


def retrieved(api: API, entity_id: str) -> dict[str, Any]:
    """Return the issuer in the array of a retrieve."""
    response = api.get(f"issuers/{entity_id}")
    assert response.status_code == 200
    (issuer,) = response.json or ()
    assert isinstance(issuer, dict)
    return issuer


@pytest.mark.parametrize(
    ("query", "start", "stop", "number", "pages"),
    [
        ("?limit=2", 0, 2, 1, 2),
        ("?limit=2&offset=2", 2, 4, 2, 2),
        ("?limit=3&offset=1", 1, 4, 1, 2),
        ("?offset=3", 3, 4, 1, 1),
        ("?limit=0&offset=1", 1, 4, 1, 1),
        ("?limit=x&offset=-4", 0, 4, 1, 1),
        ("?limit=2&offset=99", 4, 4, 2, 2),
    ],
)
def test_limit_and_offset_cut_a_window(
    shared_api: API, query: str, start: int, stop: int, number: int, pages: int
) -> None:
    """Without a page, `limit` and `offset` say what is shown; what they cannot be, they are not."""
    page = shared_api.result(f"issuers/{query}")
    assert [e["name"] for e in page["data"]] == [e["name"] for e in ISSUERS[start:stop]]
    assert (page["count"], page["page_number"], page["num_pages"]) == (4, number, pages)


def test_windows_link_to_each_other(shared_api: API) -> None:
    """`next` and `previous` lead through the windows, the first of which has no offset."""
    first = shared_api.result("issuers/?limit=3&q=e")
    following = shared_api.result(first["next"].removeprefix("http://localhost"))
    assert first["next"].endswith("/issuers/?limit=3&offset=3&q=e")
    assert following["previous"].endswith("/issuers/?limit=3&q=e")
    assert (first["previous"], following["next"]) == (None, None)
    shown = [e["entityId"] for e in first["data"] + following["data"]]
    assert shown == [e["entityId"] for e in ISSUERS]


def test_a_page_goes_before_a_window(shared_api: API) -> None:
    """Who asks for a page gets it, whatever else is in the query."""
    paged = names(shared_api, "?page=2&page_size=1&limit=3&offset=0")
    assert paged == [ISSUERS[1]["name"]]
    assert len(names(shared_api, "?page=1&offset=2")) == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Renamed"},
        {"url": None},
        {"url": "https://example.com/new"},
        {"iconImage": "https://example.com/i.png"},
        {"iconImage": None},
        {"allowed_template_tags": ["a", "b"]},
        {"allowed_template_tags": None},
        {},
    ],
)
def test_a_change_changes_what_it_names(api: API, fields: dict[str, Any]) -> None:
    """A PUT changes the fields that it has; the answer is an array, as of a retrieve."""
    before = retrieved(api, ISSUERS[0]["entityId"])
    response = api.put(f"issuers/{before['entityId']}", fields)
    expected = {**before, **fields}
    expected["url"] = expected["url"] or ""
    assert (response.status_code, response.json) == (200, [expected])
    assert retrieved(api, before["entityId"]) == expected


def test_credentials_show_a_change_of_their_issuer(api: API) -> None:
    """What an issuer is called is what its credentials say."""
    credential = api.create()
    issuer = credential["issuerDetails"]
    api.put(f"issuers/{issuer['entityId']}", {"name": "Renamed"})
    assert api.result(credential["entityId"])["issuerDetails"] == {**issuer, "name": "Renamed"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"email": "nobody"}, "email"),
        ({"url": "nowhere"}, "url"),
        ({"allowed_template_tags": "x"}, "allowed_template_tags"),
    ],
)
def test_a_bad_change_is_400_and_changes_nothing(
    api: API, fields: dict[str, Any], field: str
) -> None:
    """A value that a field cannot hold is an error of the field."""
    before = retrieved(api, ISSUERS[0]["entityId"])
    response = api.put(f"issuers/{before['entityId']}", {"name": "No", **fields})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json.keys() == {field}
    assert retrieved(api, before["entityId"]) == before


def test_an_issuer_is_also_named_by_the_key_of_its_platform(api: API) -> None:
    """`issuers/main` is the platform's first issuer by name, for every method."""
    assert retrieved(api, "main")["entityId"] == ISSUERS[0]["entityId"]
    response = api.put("issuers/main", {"url": "https://example.com/by-key"})
    assert response.json is not None
    assert response.json[0]["entityId"] == ISSUERS[0]["entityId"]
    assert api.get("issuers/acme").status_code == 404


def test_a_deletion_says_so_and_is_final(api: API) -> None:
    """An issuer that nothing names is deleted with a `status`, and is gone everywhere."""
    issuer = made(api)
    path = f"issuers/{issuer['entityId']}"
    deleted = api.delete(path)
    assert deleted.status_code == 200
    assert deleted.json == {"status": {"success": True, "description": "Deleted"}}
    for response in (api.get(path), api.put(path, {}), api.delete(path)):
        assert response.status_code == 404
        assert response.json == {"detail": "No Issuer matches the given query."}
    assert "Fresh Board" not in names(api, "")
    refused = api.post({"name": "n", "issuer": issuer["entityId"]})
    assert refused.status_code == 400


def test_an_issuer_of_credentials_is_not_deleted(api: API) -> None:
    """While a credential names it, 409; afterwards it goes."""
    issuer = made(api)
    path = f"issuers/{issuer['entityId']}"
    credential = api.create(issuer=issuer["entityId"], public=False)
    refused = api.delete(path)
    assert refused.status_code == 409
    assert refused.json == {"detail": "This issuer has credentials and cannot be deleted."}
    assert retrieved(api, issuer["entityId"]) == issuer
    assert api.delete(credential["entityId"]).status_code == 200
    assert api.delete(path).status_code == 200


def without_id(signatory: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a signatory but for its entityId."""
    return {name: value for name, value in signatory.items() if name != "entityId"}


def test_a_signatory_of_an_issuer_signs_its_credentials(api: API) -> None:
    """Who joins an issuer shows there and in the credentials that it issues."""
    issuer = made(api)
    credential = api.create(issuer=issuer["entityId"])
    response = api.post({**PERSON, "entityId": issuer["entityId"]}, "issuers/authority/")
    assert response.status_code == 200, response.text
    assert response.json == {"data": PERSON}
    (signatory,) = retrieved(api, issuer["entityId"])["signatories"]
    assert without_id(signatory) == PERSON
    shown = api.result(credential["entityId"])
    assert shown["signatories"] == shown["issuerDetails"]["signatories"] == [signatory]


def test_a_signatory_of_a_credential_signs_it_alone(api: API) -> None:
    """Who joins a credential is shown behind those of the issuer, and stays through a change."""
    one, other = api.create(), api.create()
    response = api.post({**PERSON, "credential": one["entityId"]}, "issuers/authority/")
    assert response.status_code == 200, response.text
    expected = api.result(one["entityId"])["signatories"]
    assert expected[:-1] == one["signatories"]
    assert without_id(expected[-1]) == PERSON
    assert api.result(one["entityId"])["issuerDetails"] == one["issuerDetails"]
    assert api.result(other["entityId"]) == other
    changed = api.put(one["entityId"], {"name": "Another"}).json
    assert changed is not None
    assert changed["result"]["signatories"] == expected


@pytest.mark.parametrize(
    "fields", [{}, {"org": "main"}, {"org": "MainCampus"}, {"org": None, "entityId": ""}]
)
def test_a_signatory_of_the_platform_joins_the_issuer_that_its_key_names(
    api: API, fields: dict[str, Any]
) -> None:
    """Without a credential and an issuer it is the first one of the platform."""
    before = retrieved(api, "main")
    response = api.post({**PERSON, **fields}, "issuers/authority/")
    assert response.status_code == 200, response.text
    after = retrieved(api, "main")["signatories"]
    assert (after[:-1], without_id(after[-1])) == (before["signatories"], PERSON)
    for other in ISSUERS[1:]:
        shown = retrieved(api, other["entityId"])["signatories"]
        assert len(shown) == len(other["signatories"])


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"org": "acme"}, "org", "Object with key=acme does not exist."),
        ({"entityId": "x"}, "entityId", "Object with entity_id=x does not exist."),
        ({"credential": "x"}, "credential", "Object with entity_id=x does not exist."),
        ({"signature": "/s.png"}, "signature", "Enter a valid URL."),
        ({"name": ""}, "name", "This field may not be blank."),
        ({"title": None}, "title", "This field may not be null."),
    ],
)
def test_a_bad_signatory_is_400(api: API, fields: dict[str, Any], field: str, message: str) -> None:
    """What a signatory lacks, or names and is not there, is an error of its field."""
    response = api.post({**PERSON, **fields}, "issuers/authority/")
    assert (response.status_code, response.json) == (400, {field: [message]})


def test_authority_is_a_place_for_posts_only(api: API) -> None:
    """GET is 405 there; without its slash the path is an issuer that does not exist."""
    response = api.get("issuers/authority/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST, OPTIONS"
    assert api.acting("main-learner-key").get("issuers/authority/").status_code == 405
    assert api.get("issuers/authority").json == {"detail": "No Issuer matches the given query."}
