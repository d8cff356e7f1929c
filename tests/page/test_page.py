"""What the page at `/__mock__/` is made of; how it works is tested in a browser."""

import re
import shlex
from typing import Any

import pytest

from mockserver import Config, create_app
from tests.conftest import API, MAIN, NOW
from tests.sandbox.test_sandboxes import ALICE, control, within
from tests.support.paths import ROOT

PAGE = "/__mock__/"
MARKUP = "<img src=x onerror=alert(1)>"
ASSETS = ROOT / "mockserver" / "page" / "assets"


def read(api: API, path: str, prefix: str = "") -> Any:
    """Return the JSON of a route of the page."""
    answer = control(api, "GET", f"{prefix}{PAGE}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_it_shows_the_sandbox_that_is_named(api: API) -> None:
    """Each route is about that one, and every address in the page is relative to it."""
    inside = within(api, ALICE)
    made = inside.create(name="Alice's own")["entityId"]
    assert read(api, "credentials", ALICE)["cards"][0]["name"] == "Alice's own"
    assert read(api, f"credentials/{made}", ALICE)["entityId"] == made
    assert "Alice's own" not in str(read(api, "credentials"))
    assert control(api, "GET", f"{PAGE}credentials/{made}").status_code == 404
    shown = read(api, "overview", ALICE)
    assert (shown["sandbox"], shown["origin"], shown["root"]) == (
        "alice",
        "http://localhost",
        ALICE,
    )
    text = control(api, "GET", f"{ALICE}{PAGE}").text
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert addresses
    assert not [each for each in addresses if each.startswith(("/", "http"))]


def test_nothing_of_a_record_or_request_is_markup(api: API) -> None:
    """Names and bodies are JSON; the page holds none, and its policy lets nothing run."""
    api.create(name=MARKUP, tags=[MARKUP])
    answer = control(api, "GET", f"{PAGE}?search={MARKUP}")
    assert MARKUP not in answer.text
    assert not re.search(r"<script(?! src)|\son\w+=|style=", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    for path in ("credentials", "requests"):
        assert control(api, "GET", PAGE + path).content_type == "application/json"


def test_the_scripts_run_under_the_policy() -> None:
    """No module makes code of text or markup of it, and each of ours has under 400 lines."""
    for script in ASSETS.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|dangerouslySetInnerHTML\s*[=:]\s*\$", text), (
            script
        )
        if script.parent == ASSETS:
            assert "innerHTML" not in text, script
            assert len(text.splitlines()) < 400, script


def test_every_icon_and_import_is_there() -> None:
    """What a module names is in the folder: it is served without a build."""
    symbols = set(re.findall(r'id="([\w-]+)"', (ASSETS / "vendor" / "icons.svg").read_text()))
    for script in ASSETS.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        if script.name == "snippets.js":  # shows imports of others
            continue
        for name in re.findall(r'from\s*"([^"]+)"', text):
            assert (script.parent / name).is_file(), f"{script.name} imports {name}"
        if script.parent == ASSETS:
            named = re.findall(r'(?:icon[=:]\s*|<\$\{Icon\} name=)"([\w-]+)"', text)
            assert set(named) <= symbols, script.name


def test_a_template_is_shown_as_text_and_runs_nothing(api: API) -> None:
    """Known tags are filled in, other ones stay; nothing is evaluated or sent elsewhere."""
    template = (
        "<p>{{ learner_name }} {{credential_name}} {{ unknown }} {{ 7*7 }}</p><script>x</script>"
    )
    made = api.create(name=MARKUP, html_template=template, css_template="p{}</style><b>")
    path = f"{PAGE}credentials/{made['entityId']}/preview"
    answer = control(api, "GET", path)
    assert "<p>Leo Lindqvist &lt;img src=x onerror=alert(1)&gt; {{ unknown }} {{ 7*7 }}</p>" in (
        answer.text
    )
    assert answer.text.count("</style>") == 1
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("sandbox")
    plain = api.create(name="No template")["entityId"]
    for wrong in (plain, "nothing"):
        assert control(api, "GET", f"{PAGE}credentials/{wrong}/preview").status_code == 404


def test_credentials_are_searched_and_paged(api: API) -> None:
    """Private ones too, or only those; a page that is not there is 404."""
    api.create(name="Unlisted thing", public=False)
    found = read(api, "credentials?search=unlisted+THING")
    assert (found["count"], found["page"], found["pages"]) == (1, 1, 1)
    assert found["cards"][0]["public"] is False
    everything, public = read(api, "credentials"), read(api, "credentials?public=true")
    assert everything["count"] == public["count"] + read(api, "credentials?public=false")["count"]
    assert {card["platform"] for card in read(api, "credentials?platform=acme")["cards"]} == {
        "acme"
    }
    assert control(api, "GET", f"{PAGE}credentials?page=99").status_code == 404
    assert read(api, "credentials?page=2")["page"] == 2
    refused = control(api, "GET", f"{PAGE}credentials?public=maybe")
    assert (refused.status_code, "true or false" in refused.json["detail"]) == (400, True)


def test_learners_have_their_badges(api: API) -> None:
    """The newest first, with their state; a search finds people by name, id and role."""
    made = api.create(name="For Leo", public=False)["entityId"]
    assigned = {"credential_id": made, "user_ids": [2]}
    assert api.post(assigned, "assignments/users/").status_code == 200
    (leo,) = read(api, "learners?search=leo")["learners"]
    assert (leo["badges"][0]["name"], leo["badges"][0]["public"]) == ("For Leo", False)
    assert leo["count"] >= len(leo["badges"])
    assert read(api, "learners?search=department-admin+dana")["count"] == 1
    assert read(api, "learners?search=nobody")["learners"] == []


def test_an_assertion_expires_on_demand(api: API) -> None:
    """The API's own list follows; an unknown one is 404."""
    made = api.create(name="Soon over")["entityId"]
    api.post({"credential_id": made, "user_ids": [2]}, "assignments/users/")
    (held,) = read(api, f"credentials/{made}")["assertions"]
    assert held["state"] == "valid"
    path = f"{PAGE}assertions/{held['entityId']}/expire"
    assert control(api, "POST", path).json["expires"] == "2026-11-01T12:00:00Z"
    assert read(api, f"credentials/{made}")["assertions"][0]["state"] == "expired"
    assert control(api, "POST", f"{PAGE}assertions/nothing/expire").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "docs",
        "assets/app.js",
        "docs/rapidoc.js",
        "overview",
        "credentials",
        "learners",
        "events",
    ],
)
def test_the_page_is_for_the_mocks_owner(api: API, path: str) -> None:
    """Neither another machine nor another site gets it."""
    there = {"REMOTE_ADDR": "192.0.2.7"}
    assert control(api, "GET", PAGE + path, environ_overrides=there).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert control(api, "GET", PAGE + path, headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "vendor/../../views.py", "nothing.js"]
)
def test_no_other_file_is_served(api: API, name: str) -> None:
    """Assets are those of the folder."""
    for folder in ("assets", "docs"):
        assert control(api, "GET", f"{PAGE}{folder}/{name}").status_code == 404


def test_it_is_below_a_prefix_too() -> None:
    """At the root and below the prefix; without its slash it leads to it."""
    api = API(create_app(Config(prefix="/dm", now=NOW, auth="any")))
    assert read(api, "overview", "/dm")["root"] == "/dm"
    assert read(api, "overview")["root"] == "/dm"
    assert read(api, "overview", "/dm/__sandbox__/dm")["root"] == "/dm/__sandbox__/dm"
    assert read(api, "overview", "/__sandbox__/dm")["root"] == "/__sandbox__/dm/dm"
    for prefix in ("", "/dm", ALICE):
        answer = control(api, "GET", f"{prefix}/__mock__")
        assert (answer.status_code, answer.headers["Location"]) == (
            308,
            f"http://localhost{prefix}/__mock__/",
        )
    assert read(api, "overview")["auth"] == "any"


def test_one_exchange_has_a_curl_line_that_works(api: API) -> None:
    """Its key is that of the world that was sent; of a key that is not, the variable stays."""
    api.get(MAIN)
    curl = read(api, "requests/1")["curl"]
    assert "Authorization: Api-Key main-admin-key" in shlex.split(curl)
    API(api.app, "no-such-key").get(MAIN)
    assert "no-such-key" not in str(read(api, "requests/2"))
    assert "CREDMOCK_KEY" in read(api, "requests/2")["curl"]
    assert control(api, "GET", f"{PAGE}requests/3").status_code == 404
