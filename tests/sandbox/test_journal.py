"""The journal: the last exchanges of a sandbox, with what a developer would want to be told."""

import contextlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Response

from mockserver import Config, create_app
from mockserver.config import MOST_STREAMS
from mockserver.sandbox.journal import MOST_BYTES, MOST_EXCHANGES
from tests.conftest import API, MAIN, NOW
from tests.sandbox.test_sandboxes import ALICE, control, within
from tests.support.server import RunningServer, running
from tests.support.waiting import PATIENCE, wait_until

JOURNAL = "/__mock__/requests"


def kept(api: API, query: str = "", prefix: str = "") -> list[dict[str, Any]]:
    """Return the exchanges that fit, the newest first."""
    answer = control(api, "GET", f"{prefix}{JOURNAL}{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["requests"]
    return found


def test_every_exchange_is_kept(api: API) -> None:
    """A success, each kind of refusal, a plain page and a forced failure: all with their bodies."""
    api.post({"name": ""})
    api.get("nothing")
    api.acting("no-such-key").get(MAIN)
    api.get("/api/credentials/nowhere/")
    api.send("PATCH", MAIN)
    api.get(MAIN, headers={"Prefer": "code=503"})
    api.get(MAIN)
    found = kept(api)
    assert [each["status"] for each in found] == [200, 503, 405, 404, 401, 404, 400]
    assert [each["number"] for each in found] == [7, 6, 5, 4, 3, 2, 1]
    first, last = found[-1], found[0]
    assert (first["method"], first["path"]) == ("POST", MAIN)
    assert first["request"]["body"] == '{"name": ""}'
    assert "name" in first["response"]["body"]
    assert first["operation"] == "credentials_orgs_users_create"
    assert last["response"]["headers"]["Content-Type"] == "application/json"
    assert found[3]["operation"] is None


def test_a_journal_is_of_one_sandbox(api: API) -> None:
    """Each sandbox keeps what was sent to it, and the control plane is kept nowhere."""
    inside = within(api, ALICE)
    inside.get(inside.base)
    kept(api)
    assert [each["path"] for each in kept(api, prefix=ALICE)] == [MAIN]
    assert kept(api) == []
    assert control(api, "DELETE", f"{ALICE}{JOURNAL}").status_code == 204
    assert kept(api, prefix=ALICE) == []


def test_no_key_is_kept(api: API) -> None:
    """Neither a key in any spelling nor a provider's secret is in the journal or the archive.

    But for the mock's own keys in the curl lines, which hold no other.
    """

    def send(key: str) -> None:
        for header in (f"Api-Key {key}", key, f"Token {key}"):
            api.get(MAIN, headers={"Authorization": header, "Cookie": f"session={key}"})

    def read() -> Iterator[str]:
        for path in (JOURNAL, f"{JOURNAL}.har"):
            yield control(api, "GET", path).get_data(as_text=True)

    send("main-admin-key")
    sent = {"provider_name": "credly", "config": {"token": "a-secret-of-the-provider"}}
    assert api.post(sent, "provider-config/").status_code == 200
    assert "a-secret-of-the-provider" in api.get("provider-config/").text
    api.delete("provider-config/", json=sent)
    for text in read():
        assert "main-admin-key" not in re.sub(r'"curl":"(\\.|[^"\\])*"', "", text)
        assert "a-secret-of-the-provider" not in text
    assert kept(api)[-1]["request"]["headers"]["Authorization"] == "Api-Key $CREDMOCK_KEY"
    send("a-key-of-production")
    assert not [text for text in read() if "a-key-of-production" in text]


@pytest.mark.parametrize(
    "name",
    [
        "X-Api-Key", "Proxy-Authorization", "X-Auth-Token", "X-CSRFToken", "Apikey",
        "X-Amz-Security-Token", "X-Client-Secret", "X-Session-Id", "X-Gateway-Auth",
    ],
)  # fmt: skip
def test_no_other_secret_header_is_kept(api: API, name: str) -> None:
    """A header whose name says that it holds a secret is kept without its value."""
    api.get(MAIN, headers={name: "sk-of-a-gateway-42"})
    for path in (JOURNAL, f"{JOURNAL}.har"):
        assert "sk-of-a-gateway-42" not in control(api, "GET", path).get_data(as_text=True)
    headers = {each.lower(): value for each, value in kept(api)[-1]["request"]["headers"].items()}
    assert headers[name.lower()] == "$CREDMOCK_KEY"


def test_no_cookie_of_a_response_is_kept(api: API) -> None:
    """A cookie that an extension of the application sets is kept without its value."""

    @api.app.after_request
    def set_session(response: Response) -> Response:
        response.set_cookie("session", "sk-of-a-session-42")
        return response

    assert "sk-of-a-session-42" in api.get(MAIN).headers["Set-Cookie"]
    for path in (JOURNAL, f"{JOURNAL}.har"):
        assert "sk-of-a-session-42" not in control(api, "GET", path).get_data(as_text=True)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, 4),
        ({"method": "get"}, 3),
        ({"status": 404}, 1),
        ({"operation": "credentials_orgs_users_retrieve"}, 2),
        ({"path": "*/users/1/"}, 3),
        ({"path": "*/users/1/", "method": "GET", "status": 200}, 2),
        ({"path": "*/users/2/"}, 0),
    ],
)
def test_requests_are_counted(api: API, match: dict[str, Any], expected: int) -> None:
    """A test asks how often its front end called, by method, path, status and operation."""
    api.get(MAIN)
    api.get(MAIN + "?page=2")
    api.get("nothing")
    api.post({"name": "x"})
    assert control(api, "POST", f"{JOURNAL}/count", json=match).json == {"count": expected}
    query = "&".join(f"{name}={value}" for name, value in match.items())
    assert len(kept(api, f"?{query}")) == expected


@pytest.mark.parametrize("match", [{"verb": "GET"}, {"status": [200]}, {"method": True}])
def test_a_wrong_match_is_told(api: API, match: dict[str, Any]) -> None:
    """A match with a word that is none is 400, and no count of 0."""
    assert control(api, "POST", f"{JOURNAL}/count", json=match).status_code == 400
    assert control(api, "GET", f"{JOURNAL}?limit=many").status_code == 400


@pytest.mark.parametrize(
    ("query", "body", "hint"),
    [
        ("?serch=a", None, "`serch` is not a parameter of this operation; did you mean `search`?"),
        ("?zzz=1", None, "`zzz` is not a parameter of this operation"),
        ("", {"credential_type": "x"},
         "production may ignore `credential_type`: send `credentialType`"),
        ("", {"criteria_text": "x", "issuing_signal": "COURSE_PASSED"}, None),
        ("", {"descripton": "x"}, "`descripton` is not a field of this body, and is ignored; "
         "did you mean `description`?"),
        ("?search=python", None, None),
        ("", {"description": "x"}, None),
    ],
)  # fmt: skip
def test_hints(api: API, query: str, body: dict[str, Any] | None, hint: str | None) -> None:
    """What production ignores in silence is reported, and nothing else is."""
    if body is None:
        api.get(MAIN + query)
    else:
        api.post({"name": "Hinted", "issuer": "no-such-issuer", **body})
    assert kept(api)[0]["hints"] == ([] if hint is None else [hint])


def test_the_curl_line_asks_again(server: RunningServer) -> None:
    """Pasted into a shell, with nothing set, the line gets what the front end got."""
    prefix = f"{server.url}/__sandbox__/curled"
    first = subprocess.run(
        ["curl", "-s", "-X", "POST", "-H", "Authorization: Api-Key main-admin-key", "-H",
         "Content-Type: application/json", "-d", '{"name": "it\'s $HOME"}', prefix + MAIN],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = subprocess.run(
        ["curl", "-s", f"{prefix}{JOURNAL}"], capture_output=True, text=True, check=True
    )
    line = json.loads(told.stdout)["requests"][0]["curl"]
    assert f"{prefix}{MAIN}" in shlex.split(line)
    again = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert again.stdout.endswith(first.stdout)
    assert "HTTP/1.1 400" in again.stdout


def test_the_archive_is_in_order(api: API) -> None:
    """The HTTP Archive has each exchange with its parts, the oldest first."""
    api.get(MAIN + "?search=python&page=1")
    api.post({"name": "x"})
    log = control(api, "GET", f"{JOURNAL}.har").json["log"]
    assert (log["version"], log["creator"]["name"], len(log["entries"])) == ("1.2", "credmock", 2)
    read, write = log["entries"]
    assert read["request"]["queryString"] == [
        {"name": "search", "value": "python"}, {"name": "page", "value": "1"},
    ]  # fmt: skip
    assert read["request"]["url"] == f"http://localhost{MAIN}?search=python&page=1"
    assert write["request"]["postData"] == {"mimeType": "application/json", "text": '{"name": "x"}'}
    assert write["response"]["status"] == 400


def test_the_journal_is_bounded() -> None:
    """Of too many exchanges, or of too many bytes, the oldest go."""
    api = API(create_app(Config(now=NOW)))
    for _ in range(MOST_EXCHANGES + 5):
        api.get(MAIN + "?page_size=100")
    found = kept(api, f"?limit={MOST_EXCHANGES}")
    assert found[0]["number"] == MOST_EXCHANGES + 5
    assert len(found) < MOST_EXCHANGES
    assert sum(len(each["response"]["body"]) for each in found) < MOST_BYTES
    assert len(found) > 20


def test_what_the_contract_does_not_allow_is_hinted(api: API) -> None:
    """A value that production converts, a parameter that it passes over."""
    issuer = api.issuer()
    api.post({"name": 5, "issuer": issuer, "expires": {"amount": "7"}, "criteria_text": "c"})
    api.get(f"{MAIN}?page_size=ten&page=last&search=")
    asked, posted = (each["hints"] for each in kept(api)[:2])
    assert asked == ["`page_size=ten` is not understood, and is ignored"]
    for place in ("name", "expires.amount"):
        (hint,) = [each for each in posted if f"does not fit the contract at `{place}`" in each]
        assert hint.endswith("production accepts it all the same")
    api.post({"name": "", "issuer": issuer})
    assert kept(api)[0]["hints"] == []  # the answer tells


@pytest.mark.slow
def test_all_journals_together_are_bounded(api: API) -> None:
    """Of too many bytes those go that belong to the sandbox that was used longest ago."""
    sandboxes = api.app.extensions["mockserver"].sandboxes
    issuer = api.issuer()
    for number in range(40):
        inside = within(api, f"/__sandbox__/s{number}")
        for _ in range(16):
            inside.post({"name": "n", "issuer": issuer, "description": "d" * 60_000})
    budget = sandboxes.default.journal.budget
    assert not budget.is_exceeded
    counts = [len(kept(api, prefix=f"/__sandbox__/s{number}")) for number in (0, 39)]
    assert counts[0] == 0 < counts[1]
    for number in range(40):
        control(api, "DELETE", f"/__mock__/sandboxes/s{number}")
    control(api, "POST", "/__mock__/state/reset")
    assert budget._used == 0


def test_exchanges_are_streamed_as_they_happen(server: RunningServer) -> None:
    """Server-sent events of one sandbox, numbered; a stream can be taken up where it ended."""
    base = f"{server.url}/__sandbox__/streamed"
    url = f"{base}/__mock__/requests/stream"
    with httpx.Client(headers={"Authorization": "main-admin-key"}, timeout=PATIENCE) as client:
        with client.stream("GET", url) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            client.get(f"{server.url}{MAIN}")
            client.get(f"{base}{MAIN}?serch=x")
            event = [next(lines) for _ in range(3)]
            assert event[:2] == ["id: 1", "event: exchange"]
            data = json.loads(event[2].removeprefix("data: "))
            assert (data["path"], data["status"]) == (f"{MAIN}?serch=x", 200)
            assert "did you mean `search`" in data["hints"][0]
        client.get(f"{base}{MAIN}nothing")
        with client.stream("GET", url, headers={"Last-Event-ID": "1"}) as stream:
            assert next(stream.iter_lines()) == "id: 2"


@pytest.mark.slow
def test_streams_are_bounded() -> None:
    """One stream more than the maximum is refused; when one ends there is room again."""
    with running("--quiet") as server, contextlib.ExitStack() as stack:
        url = f"{server.url}/__mock__/requests/stream"
        client = stack.enter_context(httpx.Client(timeout=PATIENCE))
        streams = [stack.enter_context(client.stream("GET", url)) for _ in range(MOST_STREAMS)]
        assert {each.status_code for each in streams} == {200}
        refused = client.get(url)
        assert (refused.status_code, "close one" in refused.json()["detail"]) == (503, True)
        assert client.get(f"{server.url}/__mock__/health").status_code == 200
        streams[0].close()

        def status() -> int | None:
            with client.stream("GET", url) as stream:
                return None if stream.status_code == 503 else stream.status_code

        assert wait_until(status, "the server has noticed the end of the stream") == 200


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer s3cret", "Bearer $CREDMOCK_KEY"),
        ("Authorization", "s3cret extra", "$CREDMOCK_KEY"),
        ("Authorization", "s3cret", "$CREDMOCK_KEY"),
        ("X-Mock-Control-Token", "s3cret and more", "$CREDMOCK_KEY"),
    ],
)
def test_no_part_of_a_key_is_kept(api: API, name: str, value: str, shown: str) -> None:
    """Of a secret header at most the name of a known scheme is kept."""
    api.acting(None).get(headers={name: value})
    assert kept(api)[0]["request"]["headers"][name] == shown
    assert "s3cret" not in api.get("/__mock__/requests").text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Api-Key main-admin-key", "'Authorization: Api-Key main-admin-key'"),
        ("main-learner-key", "'Authorization: main-learner-key'"),
        ("Api-Key s3cret", "'Authorization: Api-Key '\"$CREDMOCK_KEY\""),
        ("Bearer main-admin-key-of-production", "'Authorization: Bearer '\"$CREDMOCK_KEY\""),
        ("Basic bWFpbi1hZG1pbi1rZXk6", "'Authorization: Basic '\"$CREDMOCK_KEY\""),
    ],
)
def test_the_curl_line_has_own_keys_only(api: API, sent: str, shown: str) -> None:
    """Those of the mock's world are no secrets; all others are a variable."""
    api.acting(None).get(MAIN, headers={"Authorization": sent, "X-Api-Key": "main-admin-key"})
    assert shown in kept(api)[0]["curl"]
    headers = kept(api)[0]["request"]["headers"]
    assert "$CREDMOCK_KEY" in headers["Authorization"]
    assert headers["X-Api-Key"] == "$CREDMOCK_KEY"


def test_the_curl_line_runs_nothing(api: API, tmp_path: Path) -> None:
    """What a header holds is not expanded by the shell that the line is pasted into."""
    trap = tmp_path / "trap"
    headers = {"Accept": f"$(touch {trap}) $CREDMOCK_KEY", "Authorization": f"$(touch {trap}) x"}
    api.acting(None).get(headers=headers)
    line = kept(api)[0]["curl"].replace("curl", "printf %s\\\\n", 1)
    subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert not trap.exists()


def test_a_body_that_is_nested_too_deeply_is_shown(api: API) -> None:
    """The journal describes what the parser refused."""
    assert api.post(data=b"[" * 60_000, content_type="application/json").status_code == 400
    assert kept(api)[0]["status"] == 400
