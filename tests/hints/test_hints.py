"""Each hint is at the request that needs it, in the journal and on the response; no other is."""

import re

import pytest
from werkzeug.test import TestResponse

from mockserver import Config, create_app
from mockserver.hints.wording import HEADER, SEPARATOR
from tests.conftest import API, MAIN, NOW
from tests.hints.cases import ADMIN, CASES, ID, SOUND, Sent
from tests.support.documents import document


def send(api: API, sent: Sent) -> TestResponse:
    """Send the request of a case, as an admin unless it says otherwise."""
    headers = {"Authorization": ADMIN, **sent.headers}
    if not headers["Authorization"]:
        del headers["Authorization"]
    client = api.app.test_client()
    return client.open(sent.path, method=sent.method, headers=headers, data=sent.body or None)


def read_header(response: TestResponse) -> list[str]:
    """Return the hints on a response."""
    value = response.headers.get(HEADER)
    return value.split(SEPARATOR) if value else []


def kept(api: API, sandbox: str = "") -> list[dict[str, object]]:
    """Return what the journal keeps, the newest first."""
    answer = api.app.test_client().get(f"{sandbox}/__mock__/requests").json
    assert answer is not None
    found: list[dict[str, object]] = answer["requests"]
    return found


@pytest.fixture
def api() -> API:
    """Return an admin's client of a mock of the first release, without a prefix."""
    return API(create_app(Config(now=NOW)))


@pytest.mark.parametrize("sent", CASES, ids=str)
def test_what_is_lost_is_said(api: API, sent: Sent) -> None:
    """A request that loses something has its hint, and no other, in journal and header."""
    response = send(api, sent)
    assert response.status_code == sent.status, response.text
    assert read_header(response) == sent.hints
    sandbox = re.match(r"/__sandbox__/\w+", sent.path)
    newest = kept(api, sandbox[0] if sandbox else "")[0]
    assert newest["hints"] == sent.hints
    assert "s3cret" not in str(newest).replace("token=s3cret", "")


@pytest.mark.parametrize("sent", SOUND, ids=str)
def test_a_sound_request_has_no_hint(api: API, sent: Sent) -> None:
    """What loses nothing has no hint, whatever it is."""
    response = send(api, sent)
    assert response.status_code == sent.status, response.text
    assert HEADER not in response.headers
    assert kept(api)[0]["hints"] == []


def test_a_record_that_is_sent_back_has_no_hint(api: API) -> None:
    """A client may read a record, change a field, and write all of it."""
    record = api.result(ID)
    answer = api.put(ID, {**record, "name": "Changed"})
    assert (answer.status_code, answer.headers.get(HEADER)) == (200, None)


def test_an_export_that_is_imported_has_no_hint() -> None:
    """The document of one course goes into another as it is."""
    api = API(create_app(Config(now=NOW, api_version="4.202")))
    course = "/api/credentials/exim/credentials/course/course-v1:main+PY101+2026"
    exported = api.get(f"{course}/export/")
    assert exported.status_code == 200, exported.text
    document = exported.json
    assert document is not None
    imported = api.post(document.get("result", document), f"{course}/import/")
    assert imported.status_code < 300, imported.text
    assert HEADER not in imported.headers


def test_a_forced_response_is_not_explained(api: API) -> None:
    """A status that the mock was asked for says nothing of the request."""
    for status in (401, 403, 404, 405, 415):
        answer = api.get(headers={"Prefer": f"code={status}"})
        assert (answer.status_code, answer.headers.get(HEADER)) == (status, None)


@pytest.mark.parametrize(
    ("auth", "authorization", "hint"),
    [
        ("any", None, "no `Authorization` header was sent; any key is accepted"),
        ("any", "Bearer real", None),
        ("off", None, None),
    ],
)
def test_a_mock_without_keys_asks_for_none(auth: str, authorization: str, hint: str) -> None:
    """Where any key is accepted, the hint is that none was sent."""
    api = API(create_app(Config(now=NOW, auth=auth)), key=None)  # type: ignore[arg-type]
    headers = {"Authorization": authorization} if authorization else {}
    assert api.get(headers=headers).headers.get(HEADER) == hint


def kind(hint: str) -> str:
    """Return a hint without what depends on the request."""
    bare = re.sub(r"; (did you mean|the keys of this world are|all are listed at) .*", "", hint)
    bare = re.sub(r"at ``: .*; production", "at ``: …; production", re.sub("`[^`]*`", "``", bare))
    return re.sub(r"[0-9.]+", "0", re.sub(r"(``, )+``( and [0-9]+ more)?", "``", bare))


def test_each_hint_is_documented() -> None:
    """The tables list each kind of hint, and none that no test has seen."""
    section = document("docs/control-plane.md").section("Hints")
    cells = [
        row.split(" | ")[-1].removesuffix(" |") for row in re.findall(r"^\| .*$", section, re.M)
    ]
    documented = {kind(cell) for cell in cells if cell not in ("---", "hint") and "---" not in cell}
    assert documented == {kind(hint) for sent in CASES for hint in sent.hints} | {
        "no `` header was sent; any key is accepted",
        *(
            "this mock serves below ``: ask for ``",
            "this mock serves below ``, not below ``: ask for ``",
        ),
        *(
            "the path has the prefix `` twice: ask for ``",
            "the path names two sandboxes: ask for ``",
        ),
        "this is credmock: the API is below ``, the page at ``; `` tells that the mock serves",
    }


def test_hints_lead_where_they_say(api: API) -> None:
    """Each address that a hint at a path asks for is one that is served."""
    asked = 0
    for sent in CASES:
        for hint in sent.hints:
            found = re.search(r"(?:ask for|did you mean) `(/[^`]*)`", hint)
            if found and "NAME" not in found[1]:
                asked += 1
                method = "GET" if sent.method == "GET" else "OPTIONS"
                assert api.send(method, found[1]).status_code == 200, hint
    assert asked > 10


def test_the_first_hints_are_there_of_very_many(api: API) -> None:
    """A header is short enough for every proxy, and a hint for the eye."""
    long = "x" * 3000
    answer = api.get(f"?{'&'.join(f'{long}{number}=1' for number in range(20))}")
    assert answer.status_code == 200
    assert len(answer.headers[HEADER]) < 2001
    found = kept(api)[0]["hints"]
    assert isinstance(found, list)
    assert len(found) == 10 or len(set(found)) == len(found)
    assert all(len(hint) <= 700 for hint in found)


def test_a_collection_keeps_its_hints_in_a_sandbox(api: API) -> None:
    """The address in a hint has the sandbox that the client used."""
    answer = api.post({}, f"/__sandbox__/a{MAIN[:-1]}")
    assert read_header(answer)[0].endswith(f"ask for `/__sandbox__/a{MAIN}`")
