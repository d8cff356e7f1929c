"""The page at `/__mock__/` as the server makes it; how it works is tested in a browser."""

import re
from datetime import UTC, datetime

import pytest

from mockserver import Config, create_app
from mockserver.page.presenter import WEEKS, build_curve
from tests.conftest import API, MAIN, NOW
from tests.sandbox.test_sandboxes import ALICE, control, within

PAGE = "/__mock__/"
MARKUP = "<img src=x onerror=alert(1)>"


def page(api: API, query: str = "", prefix: str = "") -> str:
    """Return the page of a sandbox."""
    answer = control(api, "GET", f"{prefix}{PAGE}{query}")
    assert answer.status_code == 200, answer.text
    text: str = answer.text
    return text


def test_it_shows_the_sandbox_that_is_named(api: API) -> None:
    """Base URL, records, journal and name of that one, with links that stay in it."""
    inside = within(api, ALICE)
    inside.create(name="Alice's own")
    theirs, default = page(api, prefix=ALICE), page(api)
    assert "Alice&#39;s own" in theirs
    assert "Alice&#39;s own" not in default
    assert f"http://localhost{ALICE}</code>" in theirs
    assert theirs.count('class="exchange"') == len(
        control(api, "GET", f"{ALICE}{PAGE}requests").json["requests"]
    )
    assert 'class="exchange"' not in default
    addresses = re.findall(r'(?:href|src)="([^"]*)"', theirs)
    assert addresses
    assert not [each for each in addresses if each.startswith(("/", "http"))]


def test_nothing_of_a_record_or_request_is_markup(api: API) -> None:
    """Names, tags, paths and bodies are text; what could run is refused by the policy too."""
    assert not re.search(r"<script(?! src)|\son\w+=|style=", page(api))
    api.create(name=MARKUP, tags=[MARKUP])
    api.get(f"{MAIN}?search={MARKUP}")
    api.post(data=MARKUP, content_type="text/plain", headers={"X-Own": MARKUP})
    for text in (page(api), page(api, f"?search={MARKUP}"), page(api, "journal")):
        assert MARKUP not in text
    policy = control(api, "GET", PAGE).headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy


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
    """Also those that are not public; a page that is not there is 404."""
    api.create(name="Unlisted thing", public=False)
    found = page(api, "?search=unlisted+THING")
    assert "1 credential, page 1 of 1;" in found
    assert "private" in found
    assert "Acme" in page(api, "?platform=acme")
    assert control(api, "GET", f"{PAGE}?page=99").status_code == 404
    assert "page 2 of" in page(api, "?page=2")


def test_the_journal_gives_rows_after_a_number(api: API) -> None:
    """The newest first, made as those of the page are."""
    for search in ("first", "second", "third"):
        api.get(f"{MAIN}?serch={search}")
    rows = page(api, "journal?after=1")
    assert re.findall(r'data-number="(\d+)"', rows) == ["3", "2"]
    assert "did you mean `search`?" in rows
    assert "curl -i -H" in rows
    assert len(re.findall("data-number", page(api, "journal?after=x"))) == 3


@pytest.mark.parametrize(
    "path", ["", "docs", "assets/page.js", "docs/swagger-ui.css", "journal", "requests/stream"]
)
def test_the_page_is_for_the_mocks_owner(api: API, path: str) -> None:
    """Neither another machine nor another site gets it."""
    there = {"REMOTE_ADDR": "192.0.2.7"}
    assert control(api, "GET", PAGE + path, environ_overrides=there).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert control(api, "GET", PAGE + path, headers=foreign).status_code == 403


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "nothing.js"])
def test_no_other_file_is_served(api: API, name: str) -> None:
    """Assets are those of the folder."""
    for folder in ("assets", "docs"):
        assert control(api, "GET", f"{PAGE}{folder}/{name}").status_code == 404


def test_it_is_below_a_prefix_too() -> None:
    """At the root and below the prefix; without its slash it leads to it."""
    api = API(create_app(Config(prefix="/dm", now=NOW, auth="any")))
    assert "http://localhost/dm</code>" in page(api, prefix="/dm")
    assert "http://localhost</code>" in page(api)
    for prefix in ("", "/dm", ALICE):
        answer = control(api, "GET", f"{prefix}/__mock__")
        assert (answer.status_code, answer.headers["Location"]) == (
            308,
            f"http://localhost{prefix}/__mock__/",
        )
    assert "every caller is a platform admin" in page(api)


def test_the_curve_counts_weeks(api: API) -> None:
    """Every assertion of the last weeks is in it once, and none of another platform."""
    store = api.app.extensions["mockserver"].sandbox.store
    for platform in ("main", "acme"):
        expected = sum(
            0 <= (NOW - each.issued_on).total_seconds() < WEEKS * 7 * 86_400
            and store.credentials[each.credential].platform == platform
            for each in store.assertions.values()
        )
        made = build_curve(store, platform, NOW)
        assert made.total == expected > 0
        assert len(made.line.split()) == WEEKS
    assert build_curve(store, "main", datetime(2020, 1, 1, tzinfo=UTC)).total == 0
