"""Requests below another prefix than the mock's, and at the root of a mock and of a sandbox."""

from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.hints.wording import HEADER
from tests.conftest import API, MAIN, NOW

ASK = f"ask for `{MAIN}`"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
OTHER_ORIGIN = {"Origin": "http://localhost:5173"}


def mock(prefix: str = "", **options: Any) -> API:
    """Return an admin's client of a mock below a prefix."""
    return API(create_app(Config(prefix=prefix, now=NOW, **options)))


def kept(api: API, sandbox: str = "default") -> list[dict[str, Any]]:
    """Return what the journal of a sandbox keeps, the newest first."""
    answer = api.app.test_client().get("/__mock__/requests", headers={"X-Mock-Sandbox": sandbox})
    assert answer.json is not None
    found: list[dict[str, Any]] = answer.json["requests"]
    return found


CASES = [
    ("", "/dm", f"this mock has no prefix `/dm`: {ASK}, or start it with `--prefix /dm`"),
    ("", "/a/b", f"this mock has no prefix `/a/b`: {ASK}, or start it with `--prefix /a/b`"),
    (
        *("", "/dm/__sandbox__/s"),
        f"this mock has no prefix `/dm`: ask for `/__sandbox__/s{MAIN}`, "
        "or start it with `--prefix /dm`",
    ),
    (
        *("", "/__sandbox__/s/dm"),
        f"this mock has no prefix `/dm`: ask for `/__sandbox__/s{MAIN}`, "
        "or start it with `--prefix /dm`",
    ),
    ("/dm", "", f"this mock serves below `/dm`: ask for `/dm{MAIN}`"),
    ("dm/", "", f"this mock serves below `/dm`: ask for `/dm{MAIN}`"),
    ("/dm", "/data", f"this mock serves below `/dm`, not below `/data`: ask for `/dm{MAIN}`"),
    ("/dm", "/dmx", f"this mock serves below `/dm`, not below `/dmx`: ask for `/dm{MAIN}`"),
    (
        *("/dm", "/__sandbox__/s"),
        f"this mock serves below `/dm`: ask for `/__sandbox__/s/dm{MAIN}`",
    ),
    (
        *("/dm", "/data/__sandbox__/s"),
        "this mock serves below `/dm`, not below `/data`: "
        f"ask for `/__sandbox__/s/dm{MAIN}`",
    ),
    ("/dm", "/dm/dm", f"the path has the prefix `/dm` twice: ask for `/dm{MAIN}`"),
    (
        *("/dm", "/dm/__sandbox__/s/dm"),
        f"the path has the prefix `/dm` twice: ask for `/dm/__sandbox__/s{MAIN}`",
    ),
    (
        *("/dm", "/dm/__sandbox__/s/__sandbox__/t"),
        f"the path names two sandboxes: ask for `/dm/__sandbox__/s{MAIN}`",
    ),
    (
        *("", "/__sandbox__/s/__sandbox__/s"),
        f"the path names two sandboxes: ask for `/__sandbox__/s{MAIN}`",
    ),
    ("/dm", "/dm/", f"the path has `//` where one slash is meant: ask for `/dm{MAIN}`"),
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("prefix", "before", "hint"), CASES)
def test_a_request_below_another_prefix_is_kept(
    prefix: str, before: str, hint: str, method: str
) -> None:
    """It is Django's 404, and a row of the journal with the way to go; that way is served."""
    api = mock(prefix)
    answer = api.send(method, f"{before}{MAIN}?page=2", json={} if method == "POST" else None)
    assert (answer.status_code, "<h1>Not Found</h1>" in answer.text) == (404, True)
    assert answer.headers[HEADER] == hint
    row = kept(api, "s" if "__sandbox__" in before else "default")[0]
    assert (row["method"], row["status"], row["hints"]) == (method, 404, [hint])
    assert row["curl"].endswith(f"'http://localhost{before}{MAIN}?page=2'")
    assert api.get(hint.split("ask for `")[1].partition("`")[0]).status_code == 200


def test_a_slash_is_no_prefix() -> None:
    """A mock whose prefix is one slash serves at the root."""
    assert mock("/").get(MAIN).status_code == 200


def test_the_journal_is_that_of_the_named_sandbox() -> None:
    """A header names it as well, and an invalid name is not one."""
    api = mock("/dm")
    api.get(MAIN, headers={"X-Mock-Sandbox": "mine"})
    api.get("/data/__sandbox__/a b/x")
    assert [row["status"] for row in kept(api, "mine")] == [404]
    assert [row["status"] for row in kept(api)] == [404]


def test_a_page_of_another_origin_sees_why() -> None:
    """A preflight outside of the prefix passes, so that the browser shows the 404 and its hint."""
    api = mock("/dm")
    ask = {**OTHER_ORIGIN, "Access-Control-Request-Method": "GET"}
    preflight = api.acting(None).send("OPTIONS", MAIN, headers=ask)
    assert preflight.status_code == 200
    for path in (MAIN, f"/dm{MAIN}?serch=a", "/nowhere", "/"):
        answer = api.get(path, headers=OTHER_ORIGIN)
        assert answer.headers["Access-Control-Allow-Origin"] == OTHER_ORIGIN["Origin"]
        assert HEADER in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers[HEADER]
    for path in ("/__mock__/nothing", "/dm/__mock__/nothing", "//__mock__/health"):
        answer = api.get("/", headers=OTHER_ORIGIN, environ_overrides={"PATH_INFO": path})
        assert "Access-Control-Allow-Origin" not in answer.headers, path
    shut = mock("/dm", cors=None).get(MAIN, headers=OTHER_ORIGIN)
    assert "Access-Control-Allow-Origin" not in shut.headers


@pytest.mark.parametrize("path", ["/favicon.ico", "/.well-known/appspecific/x.json", "/"])
def test_what_browsers_ask_for_is_not_kept(path: str) -> None:
    """What nobody's program asks for is no row; a control plane's path is none either."""
    api = mock()
    api.get(path)
    api.get("/__mock__/nothing")
    api.get("/__mock__/")
    assert kept(api) == []
    api.post({}, "/")
    assert [row["path"] for row in kept(api)] == ["/"]


@pytest.mark.parametrize(
    ("prefix", "path", "page", "collections"),
    [
        ("", "/", "/__mock__/", "/api/credentials/"),
        ("", "/__sandbox__/s", "/__sandbox__/s/__mock__/", "/__sandbox__/s/api/credentials/"),
        ("", "/__sandbox__/s/", "/__sandbox__/s/__mock__/", "/__sandbox__/s/api/credentials/"),
        ("/dm", "/", "/__mock__/", "/dm/api/credentials/"),
        ("/dm", "/dm", "/dm/__mock__/", "/dm/api/credentials/"),
        ("/dm", "/dm/", "/dm/__mock__/", "/dm/api/credentials/"),
        ("/dm", "/__sandbox__/s", "/__sandbox__/s/__mock__/", "/__sandbox__/s/dm/api/credentials/"),
        (
            *("/dm", "/dm/__sandbox__/s", "/dm/__sandbox__/s/__mock__/"),
            "/dm/__sandbox__/s/api/credentials/",
        ),
        (
            *("/dm", "/__sandbox__/s/dm/", "/__sandbox__/s/dm/__mock__/"),
            "/__sandbox__/s/dm/api/credentials/",
        ),
    ],
)
def test_a_root_leads_a_browser_to_the_page(
    prefix: str, path: str, page: str, collections: str
) -> None:
    """The page of this very sandbox; any other client gets the 404 and where everything is."""
    api = mock(prefix)
    sent = api.get(path, headers=BROWSER)
    assert (sent.status_code, sent.headers["Location"]) == (302, page)
    assert api.get(page).status_code == 200
    for method in ("GET", "HEAD"):
        answer = api.send(method, path)
        assert answer.status_code == 404
        assert f"the API is below `{collections}`, the page at `{page}`" in answer.headers[HEADER]
    assert api.get(f"{page}health").status_code == 200
    assert api.get(f"{collections}orgs/main/users/1/").status_code == 200


def test_a_root_below_an_invalid_name_is_refused() -> None:
    """No page is shown of what is not a sandbox."""
    for path in ("/__sandbox__/a b", "/__sandbox__/a b/", "/__sandbox__/", "/dm/__sandbox__/a b/"):
        answer = mock("/dm").get(path, headers=BROWSER)
        assert answer.status_code == 400, path
        assert "invalid sandbox name" in answer.text


def test_a_route_of_the_team_is_not_a_stray() -> None:
    """A page that a team puts at the root, or elsewhere, is served and has no hint."""
    api = mock()
    paths = ("/", "/team")
    for path in paths:
        api.app.add_url_rule(path, f"at {path}", lambda: "ours")
    for path in paths:
        answer = api.get(path, headers=BROWSER)
        assert (answer.status_code, answer.text, HEADER in answer.headers) == (200, "ours", False)
    assert kept(api) == []


@pytest.mark.parametrize("root", ["", "/__sandbox__/s", "/__sandbox__/s/dm", "/dm/__sandbox__/s"])
def test_the_log_has_the_path_that_was_asked(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line has sandbox and prefix, whether they are served or not."""
    api = mock("/dm", log_requests="text")
    api.get(f"{root}{MAIN}?page=1")
    (line,) = capsys.readouterr().out.splitlines()
    assert f" GET {root}{MAIN}?page=1 " in line
