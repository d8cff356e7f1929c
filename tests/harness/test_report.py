"""The reports: what they hold, that they are valid, and that a target cannot speak in them."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.catalogue import RULES
from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    CREATE_ISSUER,
    DELETE_CREDENTIAL,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    RETRIEVE_CREDENTIAL,
    UPDATE_CREDENTIAL,
)
from contract_tests.engine.contract import load_contract
from contract_tests.engine.exchange import LONGEST_LOGGED, Exchange, describe_body
from contract_tests.engine.results import Finding, Result
from contract_tests.errors import UsageError
from contract_tests.report.documents import (
    build_har,
    build_report,
    format_body,
    make_validator,
    read_report,
    render_html,
    write_reports,
)
from contract_tests.report.not_tested import Gap
from contract_tests.report.summary import describe_start, join_choices
from contract_tests.report.verdict import Verdict

BASE = "https://staging.example.org/dm"
PLACE = f"{BASE}/api/credentials/orgs/main/users/7/"
HOSTILE = "</script></pre><script>alert('gotcha')</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


def exchange(**fields: Any) -> Exchange:
    """Return an exchange of the list, with what a test is about changed."""
    usual: dict[str, Any] = {
        "rule": "PAGE-02",
        "operation": LIST_CREDENTIALS,
        "actor": "admin",
        "method": "GET",
        "url": f"{PLACE}?page=2&page_size=10",
        "request_headers": {"Authorization": "Api-Key $CREDCHECK_KEY_ADMIN"},
        "request_body": "",
        "status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": '{"result": {"count": 21, "num_pages": 2}, "status": {"success": true}}',
        "milliseconds": 12.5,
        "started": "2026-11-01T12:00:00.250000+00:00",
        "curl": f"curl -sS -i -H \"Authorization: Api-Key $CREDCHECK_KEY_ADMIN\" '{PLACE}?page=2'",
    }
    return Exchange(**{**usual, **fields})


def finding(rule: str, operation: str, message: str, shown: Exchange | None) -> dict[str, Any]:
    """Return a finding as a verdict holds it."""
    steps = ("create a credential", "change its name")
    return Finding(rule, operation, message, "3", "2", shown, steps).as_dict()


def verdict(**fields: Any) -> Verdict:
    """Return the verdict of a small run in which all is well, with what a test is about changed."""
    asked = [exchange(), exchange(url=f"{PLACE}?search=a&search=b"), exchange(url=PLACE)]
    usual: dict[str, Any] = {
        "target": "staging",
        "base_url": BASE,
        "profile": "standard",
        "seed": 4711,
        "run_id": "0a1b2c3d",
        "writes": False,
        "started": "2026-11-01T12:00:00+00:00",
        "seconds": 14.2,
        "requests": 3,
        "results": [Result("PAGE-02", "test_page_numbers", "passed", seconds=0.4)],
        "failures": [],
        "accepted": [],
        "problems": [],
        "coverage": {LIST_CREDENTIALS: {200: 3}},
        "not_reached": [],
        "unreachable_here": {CREATE_CREDENTIAL: "the run is read-only"},
        "notices": [],
        "left_behind": [],
        "exchanges": [Finding("", "", "", "", "", each).as_dict()["exchange"] for each in asked],
        "headline": "conforms",
        "repeat": {
            "run": "credcheck run staging",
            "cleanup": "credcheck cleanup staging",
            "replay": "credcheck replay report.json PAGE-02",
        },
        "counts": {"passed": 1},
    }
    return Verdict(**{**usual, **fields})


def failing() -> Verdict:
    """Return the verdict of a run with failures, accepted ones, and rules that were not tested."""
    wrong = finding("PAGE-02", LIST_CREDENTIALS, "`num_pages` is not 3", exchange())
    watched = finding("SCHEMA-01", LIST_ISSUERS, "200 lacks the header Vary", exchange())
    options = finding("PROTO-02", "", "OPTIONS is 405", exchange(operation="", method="OPTIONS"))
    known = finding("ACCESS-11", LIST_CREDENTIALS, "`Bearer` is 401", None)
    about = {"reason": "gateway is old", "owner": "platform team", "until": "2027-01-31"}
    results = [
        Result("PAGE-02", "test_page_numbers", "failed", findings=[wrong, watched]),
        Result("PAGE-03", "test_previous", "failed", findings=[watched]),
        Result("SCHEMA-01", "test_schema", "passed"),
        Result("PROTO-02", "test_options", "failed", findings=[options]),
        Result("ACCESS-11", "test_schemes", "failed", findings=[known]),
        Result("ACCESS-04", "test_learner", "not tested", "no key for learner"),
        Result("SEARCH-01", "test_search", "request failed", "ReadTimeout"),
    ]
    return verdict(
        results=results,
        failures=[wrong, watched, options],
        accepted=[{**known, **about}],
        problems=["1 left behind: Xy12; credcheck cleanup"],
        coverage={LIST_CREDENTIALS: {200: 2, 418: 1}, LIST_ISSUERS: {200: 1}},
        notices=[f"{LIST_CREDENTIALS}: the contract does not know /result/data/*/pk"],
        left_behind=["Xy12"],
        exit_code=1,
        headline="breaks the contract: 4 failures",
        counts={"passed": 1, "failed": 4, "not tested": 1, "request failed": 1},
    )


class Page(HTMLParser):
    """What a browser would make of a page: its elements, the ids, the text outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Gather the text that people read."""
        if self._inside not in ("script", "style"):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of a name."""
        return [attributes for each, attributes in self.elements if each == tag]


def cell(document: dict[str, Any], rule: str, operation: str) -> tuple[str, str]:
    """Return outcome and reason of one cell of the matrix."""
    row = next(each for each in document["matrix"] if each["rule"] == rule)
    found = next(each for each in row["cells"] if each["operation"] == operation)
    return found["outcome"], found["reason"]


def not_judged() -> Verdict:
    """Return the verdict of a run that a target refused to go on with."""
    refused = "the target returned 429 6 times in a row"
    return verdict(
        stopped=refused,
        exit_code=3,
        headline=f"not judged: {refused}",
        exchanges=[],
        results=[],
        coverage={},
        not_reached=[LIST_CREDENTIALS],
        requests=6,
        counts={},
    )


@pytest.mark.parametrize("make", [verdict, failing, not_judged])
def test_a_report_keeps_its_schema(make: Callable[[], Verdict], tmp_path: Path) -> None:
    """Whatever the verdict, the three files are written, and the data matches the schema."""
    write_reports(make(), tmp_path / "new" / "folder")
    written = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert written == {"report.json", "report.html", "traffic.har"}
    report = read_report(tmp_path / "new" / "folder" / "report.json")
    make_validator().validate(report)
    assert report["verdict"]["headline"] == make().headline


def test_the_schema_is_strict() -> None:
    """A report with something unknown in a failure, or without a part, is refused."""
    document = json.loads(json.dumps(build_report(failing())))
    changes: tuple[Callable[[Any], Any], ...] = (
        lambda each: each["failures"][0].update(more=1),
        lambda each: each["accepted"][0].pop("owner"),
        lambda each: each.pop("seed"),
    )
    for change in changes:
        changed = json.loads(json.dumps(document))
        change(changed)
        with pytest.raises(jsonschema_rs.ValidationError):
            make_validator().validate(changed)


def test_a_failure_has_its_rule() -> None:
    """A failure has requirement, reason and evidence of its rule, steps, and the curl line."""
    first = build_report(failing())["failures"][0]
    assert first["requirement"] == RULES["PAGE-02"].requirement
    assert first["why"] == RULES["PAGE-02"].why
    assert first["evidence"] == ["F"]
    assert first["steps"] == ["create a credential", "change its name"]
    assert first["curl"] == exchange().curl


def test_the_matrix_shows_no_untested_rule_as_passed() -> None:
    """A cell is failed, accepted, passed or not tested, each for its own reason."""
    document = build_report(failing())
    assert cell(document, "PAGE-02", LIST_CREDENTIALS)[0] == "failed"
    assert cell(document, "PAGE-02", LIST_ISSUERS) == (
        "not tested",
        "the test ended at the failure",
    )
    assert cell(document, "PAGE-02", RETRIEVE_CREDENTIAL)[0] == "not applicable"
    assert cell(document, "PAGE-03", LIST_CREDENTIALS)[0] == "passed", (
        "it failed for another rule's finding"
    )
    assert cell(document, "SCHEMA-01", LIST_ISSUERS)[0] == "failed"
    assert cell(document, "SCHEMA-01", LIST_CREDENTIALS)[0] == "passed"
    assert cell(document, "SCHEMA-01", RETRIEVE_CREDENTIAL) == (
        "not tested",
        "no request was sent to it",
    )
    assert cell(document, "SCHEMA-01", CREATE_CREDENTIAL) == ("not tested", "the run is read-only")
    assert cell(document, "PROTO-02", "")[0] == "failed"
    assert cell(document, "ACCESS-11", LIST_CREDENTIALS)[0] == "accepted"
    assert cell(document, "ACCESS-04", LIST_CREDENTIALS) == ("not tested", "no key for learner")
    assert cell(document, "SEARCH-01", LIST_CREDENTIALS) == ("request failed", "ReadTimeout")
    assert cell(document, "STATE-09", DELETE_CREDENTIAL) == ("not tested", "not part of this run")


def test_a_rule_says_nothing_about_operations_without_requests() -> None:
    """In a run whose traffic is complete, a rule passed only where its requests were sent."""
    results = [Result("SCHEMA-06", "test_envelope", "passed")]
    asked = [Finding("", "", "", "", "", exchange(rule="SCHEMA-06")).as_dict()["exchange"]]
    fields: dict[str, Any] = {
        "results": results,
        "coverage": {LIST_CREDENTIALS: {200: 1}, UPDATE_CREDENTIAL: {200: 1}},
    }
    document = build_report(verdict(**fields, exchanges=asked, requests=1))
    assert cell(document, "SCHEMA-06", LIST_CREDENTIALS)[0] == "passed"
    silent = ("not tested", "no request of this rule was sent to it")
    assert cell(document, "SCHEMA-06", UPDATE_CREDENTIAL) == silent
    cut = build_report(verdict(**fields, exchanges=asked, requests=2))
    assert cell(cut, "SCHEMA-06", UPDATE_CREDENTIAL)[0] == "passed"


def test_coverage_counts_statuses_and_parameters() -> None:
    """Each documented status and parameter is there with how often it was seen or sent."""
    rows = {each["operation"]: each for each in build_report(failing())["coverage"]}
    assert set(rows) == set(load_contract().operations)
    row = rows[LIST_CREDENTIALS]
    statuses = {each["status"]: (each["seen"], each["documented"]) for each in row["statuses"]}
    assert statuses[200] == (2, True)
    assert statuses[418] == (1, False)
    assert statuses[404] == (0, True)
    assert 404 in row["never_seen"]
    assert {200, 418}.isdisjoint(row["never_seen"])
    sent = {(each["in"], each["name"]): each["sent"] for each in row["parameters"]}
    assert sent["query", "page"] == 1
    assert sent["query", "search"] == 1, "a repeated parameter is one request"
    assert sent["query", "course"] == 0
    assert sent["path", "org"] == 3
    assert not rows[CREATE_ISSUER]["reached"]
    assert ("body", "application/json") in {
        (each["in"], each["name"]) for each in rows[CREATE_CREDENTIAL]["parameters"]
    }


def test_unrecorded_parameters_are_not_called_never() -> None:
    """Where a part of the traffic is known, a parameter that is not in it may have been sent."""
    cut = verdict(coverage={LIST_CREDENTIALS: {200: 9}}, requests=9)
    row = next(
        each for each in build_report(cut)["coverage"] if each["operation"] == LIST_CREDENTIALS
    )
    assert (row["exchanges_kept"], row["requests"]) == (3, 9)
    text = " ".join(Page(render_html(build_report(cut))).text.split())
    assert "counted in the 3 of 9 requests that were recorded" in text
    assert "not recorded" in text
    assert "not recorded" not in Page(render_html(build_report(verdict()))).text


def test_bodies_are_counted_by_media_type() -> None:
    """A body counts for its media type, whatever its charset and the case of its header."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    sent = exchange(
        operation=CREATE_CREDENTIAL, method="POST", request_headers=headers, request_body="{}"
    )
    asked = [Finding("", "", "", "", "", sent).as_dict()["exchange"]]
    rows = {each["operation"]: each for each in build_report(verdict(exchanges=asked))["coverage"]}
    assert {"in": "body", "name": "application/json", "sent": 1} in rows[CREATE_CREDENTIAL][
        "parameters"
    ]


def test_the_archive_is_one() -> None:
    """The traffic has every field that HAR 1.2 requires."""
    sent = exchange(
        method="POST",
        request_headers={"Content-Type": "application/json"},
        request_body='{"name": "é"}',
        status=301,
        response_headers={"location": "/x/", "content-type": "text/html"},
    )
    archive = build_har([Finding("", "", "", "", "", sent).as_dict()["exchange"]])["log"]
    assert archive["version"] == "1.2"
    assert set(archive["creator"]) == {"name", "version"}
    entry = archive["entries"][0]
    assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo == UTC
    assert entry["time"] == sum(entry["timings"].values()) == 12.5
    assert set(entry["timings"]) == {"send", "wait", "receive"}
    assert entry["cache"] == {}
    request, response = entry["request"], entry["response"]
    shared = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
    assert set(request) == shared | {"method", "url", "queryString", "postData"}
    assert set(response) == shared | {"status", "statusText", "content", "redirectURL"}
    assert request["queryString"] == [
        {"name": "page", "value": "2"},
        {"name": "page_size", "value": "10"},
    ]
    assert request["postData"] == {"mimeType": "application/json", "text": '{"name": "é"}'}
    assert request["bodySize"] == 14
    assert (response["status"], response["statusText"]) == (301, "Moved Permanently")
    assert response["redirectURL"] == "/x/"
    assert response["content"]["mimeType"] == "text/html"


@pytest.mark.parametrize("size", [1_999, 2_000, 2_001, 19_999, 20_001, 70_000])
def test_the_archive_says_what_was_cut(size: int) -> None:
    """A body is whole in it, or says how long all of it was, wherever secrets were looked for."""
    body = describe_body(b"x" * size, str, LONGEST_LOGGED, reach=size % 3)
    assert body == describe_body(b"x" * size, str, LONGEST_LOGGED)
    sent = exchange(request_body=body, response_body=body)
    entry = build_har([Finding("", "", "", "", "", sent).as_dict()["exchange"]])["log"]["entries"][
        0
    ]
    for side, content in (("request", "postData"), ("response", "content")):
        shown = entry[side][content]
        assert entry[side]["bodySize"] == size
        assert shown["text"] == "x" * min(size, 2_000)
        assert (f"2000 characters of {size} bytes" in shown.get("comment", "")) is (size > 2_000)


@pytest.mark.parametrize("size", [1, 1_490, 1_494, 1_495, 14_990, 14_995, 70_000])
def test_binary_bodies_are_base64_in_the_archive(size: int) -> None:
    """A body that is no text is Base64, whole or a beginning of it, and holds no secret."""
    sent = (b"\xff\x00top-secret" * size)[:size]
    body = describe_body(
        sent, lambda text: text.replace("top-secret", "not-secret"), LONGEST_LOGGED, reach=10
    )
    kept = exchange(request_body=body, response_body=body)
    archive = build_har([Finding("", "", "", "", "", kept).as_dict()["exchange"]])
    shown = archive["log"]["entries"][0]["response"]["content"]
    assert shown["encoding"] == "base64"
    read = base64.b64decode(shown["text"], validate=True)
    assert sent.replace(b"top-secret", b"not-secret").startswith(read[:-10])
    assert b"top-secret" not in read
    is_whole = len(read) == size
    assert is_whole is (size <= 1_494) is ("comment" not in shown)
    assert archive["log"]["entries"][0]["request"]["postData"]["text"] == shown["text"]


def everywhere(text: str) -> Verdict:
    """Return a verdict with a text wherever a target, a user or a test may put one."""
    shown = exchange(
        actor=text,
        method=text,
        url=f"{PLACE}?q={text}",
        request_headers={text: text},
        request_body=text,
        response_headers={text: text},
        response_body=text,
        curl=text,
    )
    bad = Finding("PAGE-02", LIST_CREDENTIALS, text, text, text, shown, (text,)).as_dict()
    about = {"reason": text, "owner": text, "until": text}
    return verdict(
        target=text,
        base_url=text,
        headline=text,
        stopped=text,
        results=[Result("PAGE-03", text, "not tested", text)],
        failures=[bad],
        accepted=[{**bad, **about}],
        problems=[text],
        notices=[text],
        left_behind=[text],
        unreachable_here={CREATE_CREDENTIAL: text},
        exit_code=1,
    )


def test_nothing_of_the_target_is_markup() -> None:
    """What a hostile target puts anywhere is text on the page, and adds no element to it."""
    hostile = Page(render_html(build_report(everywhere(HOSTILE))))
    harmless = Page(render_html(build_report(everywhere("harmless"))))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in harmless.elements]
    assert len(hostile.named("script")) == 1
    names = {name for _, attributes in hostile.elements for name in attributes}
    assert not any(name.startswith("on") for name in names)
    assert hostile.text.count(HOSTILE) > 40


def test_the_page_fetches_nothing() -> None:
    """The page contains no URL that a browser would load, and its own policy forbids loading."""
    text = render_html(build_report(failing()))
    page = Page(text)
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            assert re.match(r"#|data:,$", attributes.get(name) or "#"), (tag, attributes)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    policies = [
        each.get("content")
        for each in page.named("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    ]


def test_the_page_shows_everything_as_text() -> None:
    """Verdict, failures, how to repeat them, and what was not tested are text on the page."""
    page = Page(render_html(build_report(failing())))
    text = " ".join(page.text.split())
    for words in (
        "Breaks the contract",
        "breaks the contract: 4 failures",
        "num_pages is not 3",
        RULES["PAGE-02"].why,
        "change its name",
        "credcheck run staging",
        "credcheck cleanup staging",
        "platform team is responsible until 2027-01-31",
        "no key for learner",
        "418",
        "1 extra",
        "/result/data/*/pk",
    ):
        assert words in text, words
    assert all(rule in text for rule in RULES)


@pytest.mark.parametrize("make", [verdict, failing, not_judged])
def test_the_page_can_be_used_by_all(make: Callable[[], Verdict]) -> None:
    """The page has a language, one first heading, captions, unique ids, and links that lead."""
    page = Page(render_html(build_report(make())))
    assert page.named("html")[0]["lang"] == "en"
    assert len(page.named("h1")) == 1
    assert len(page.named("caption")) == len(page.named("table"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("for", "data-copy", "aria-labelledby"):
            assert attributes.get(name, ids[0]) in ids
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids


def test_a_run_that_was_not_judged_says_so() -> None:
    """A run that was stopped is neither green nor red, and shows what it did not reach."""
    text = " ".join(Page(render_html(build_report(not_judged()))).text.split())
    assert "Not judged" in text
    assert "the target returned 429 6 times in a row" in text
    assert f"Not reached: {LIST_CREDENTIALS} returned nothing, never 2xx" in text
    assert "Conforms" not in text


def test_odd_characters_are_shown(tmp_path: Path) -> None:
    """Half a surrogate pair, a NUL and a change of direction break no file and are seen."""
    odd = finding(
        "STATE-11",
        LIST_CREDENTIALS,
        "half \ud83c, \x00, \u202e, 🎓",
        exchange(response_body="\udc00"),
    )
    write_reports(verdict(failures=[odd]), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert r"half \ud83c, \u0000, \u202e, 🎓" in page
    message = read_report(tmp_path / "report.json")["failures"][0]["message"]
    assert message == "half \\ud83c, \x00, \u202e, 🎓"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ('{"a":1,"a":2}', '{"a":1,"a":2}'),
        ('{"a":NaN}', '{"a":NaN}'),
        ("<b>no</b>", "<b>no</b>"),
        ("[" * 100_000, "[" * 6000 + "\n… 94000 more characters"),
    ],
)
def test_bodies_are_indented_only_if_that_keeps_them(text: str, shown: str) -> None:
    """JSON is indented unless that would hide something; what is long is cut."""
    assert format_body(text) == shown


def test_a_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """A second run into the same folder leaves its own three files and nothing else."""
    write_reports(failing(), tmp_path)
    write_reports(verdict(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert read_report(tmp_path / "report.json")["verdict"]["outcome"] == "conforms"


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    """A file in the way of the folder is one line."""
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the reports cannot be written: .*taken"):
        write_reports(verdict(), tmp_path / "taken")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"<html>", "not valid JSON"),
        (b"\xff\xfe", "the file is empty"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a report of this credcheck"),
        (b'{"version": 1}', "not a report of this credcheck"),
        (b'{"log": {"version": "1.2"}}', "not a report of this credcheck"),
    ],
)
def test_a_foreign_file_is_reported(content: bytes | None, problem: str, tmp_path: Path) -> None:
    """A file that is missing, not JSON or not a report is one line with its name."""
    path = tmp_path / "other.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=problem) as error:
        read_report(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_report_has_the_filters_of_its_run() -> None:
    """What narrowed a run is reported, and is in the command that repeats it (`test_repeat`)."""
    filters = {"subject": ["search"], "operation": ["x"]}
    assert build_report(verdict(filters=filters))["filters"] == filters


@pytest.mark.parametrize(
    ("target", "start"),
    [
        ("mock", "start it with `credmock serve --api-version 4.202`"),
        ("mock", "CREDCHECK_KEY_ADMIN=main-admin-key"),
        ("wsgi:app:make()", "start it with `gunicorn --bind 127.0.0.1:8000 'app:make()'`"),
        ("https://staging.example.org", ""),
        ("staging", ""),
    ],
)
def test_curl_lines_for_a_target_in_process_say_how_to_start_it(target: str, start: str) -> None:
    """Where nothing listens, it is said what would."""
    advice = describe_start(target)
    assert start in advice
    assert bool(advice) is bool(start)


def test_differences_from_choices_are_one_line_for_each_rule() -> None:
    """The terminal shows the first difference of each rule, and how many more there are."""

    def make_gap(rule: str, reason: str) -> Gap:
        return Gap("not tested", reason, [rule], [], 1)

    start = "differs from a choice of this contract:"
    gaps = [
        *(make_gap("ERR-11", f"{start} {number}") for number in range(3)),
        make_gap("ERR-12", f"{start} other"),
        *(make_gap("PAGE-06", f"a list of {number}") for number in range(2)),
    ]
    shown = [(gap.rules[0], gap.reason[-1], more) for gap, more in join_choices(gaps)]
    assert shown == [
        ("ERR-11", "0", 2), ("ERR-12", "r", 0), ("PAGE-06", "0", 0), ("PAGE-06", "1", 0),
    ]  # fmt: skip
