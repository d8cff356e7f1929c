"""`credcheck export`: one finding as a test that stands alone: red if broken, else green."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    LIST_CREDENTIALS,
    RETRIEVE_CREDENTIAL,
)
from contract_tests.engine.exchange import describe_body
from contract_tests.errors import UsageError
from contract_tests.report.documents import build_report
from contract_tests.report.expectations import Expectation, find_expectation
from contract_tests.report.export import FORMATS, export_finding
from mockserver import Config, create_app
from tests.harness.bite import OFFERED, PLACES
from tests.harness.test_report import PLACE, exchange, finding, verdict
from tests.support.command import ENVIRONMENT, run
from tests.support.recording import recording


def collect(answered: list[Any]) -> Callable[..., Any]:
    """Return a `start_response` that keeps what it is called with."""

    def start_response(*words: Any) -> Callable[[bytes], object]:
        answered.extend(words)
        return lambda _: None

    return start_response


def break_responses(application: Any) -> Any:
    """Return an application with three mistakes: tags are a text, 404 is 400, 405 lacks Allow."""

    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answered: list[Any] = []
        body = b"".join(application(environ, collect(answered)))
        status, headers = answered[0], answered[1]
        status = "400 Bad Request" if status.startswith("404") else status
        if status.startswith("405"):
            headers = [pair for pair in headers if pair[0].lower() != "allow"]
        body = re.sub(rb'"tags":\[([^\]]*)\]', rb'"tags":"text"', body)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return broken


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve an application on a free port, and yield its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_exported(text: str, form: str, url: str, folder: Path) -> int:
    """Run an exported test against an address, and return its exit code."""
    file = folder / ("test_finding.py" if form == "pytest" else "finding.sh")
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    words = command if form == "pytest" else ["sh", str(file)]
    environment = {**ENVIRONMENT, "BASE_URL": url, "PYTHONPATH": ""}
    return subprocess.run(words, capture_output=True, env=environment, cwd=folder).returncode


@pytest.mark.slow
def test_what_is_exported_is_red_and_green(tmp_path: Path) -> None:
    """Tests of a real run fail on the broken deployment, pass on the sound one, and clean up."""
    sound, report = create_app(Config()), tmp_path / "report" / "report.json"
    with serving(break_responses(create_app(Config()))) as broken, serving(sound) as right:
        rules = [word for rule in ("ERR-02", "STATE-04", "SCHEMA-01") for word in ("--rule", rule)]
        options = (*PLACES, *OFFERED, "--api-version", "3.59", "--report", str(report.parent))
        ended = run("run", broken, *options, *rules, "--journal", str(tmp_path / "j"))
        assert ended.returncode == 1, ended.stdout + ended.stderr
        document = json.loads(report.read_text())
        exported = []
        for rule in ("ERR-02", "STATE-04", "SCHEMA-01"):
            try:
                exported += [(rule, f, export_finding(document, rule, f)[0]) for f in FORMATS]
            except UsageError as error:
                assert "cannot stand alone" in str(error)  # noqa: PT017  some rest on more
        assert len(exported) >= 2 * len(FORMATS), document["failures"]
        before = sound.test_client().get("/__mock__/state").data
        for rule, form, text in exported:
            if form != "hurl":  # which is not installed
                codes = [run_exported(text, form, url, tmp_path) for url in (broken, right)]
                assert codes == [1, 0], (rule, form, text)
        assert sound.test_client().get("/__mock__/state").data == before


@pytest.mark.parametrize("form", ["pytest", "curl"])
@pytest.mark.parametrize(
    "body", [b"\x89PNG\r\n\x1a\n\0\xff'\"", b"@/etc/passwd", b"it's\n!! \\x $HOME", "ä🎓".encode()]
)
def test_an_exported_body_is_what_was_sent(body: bytes, form: str, tmp_path: Path) -> None:
    """Bytes, quotes, and a text that curl would take for the name of a file."""
    shown = describe_body(body, lambda text: text)
    found = make("ERR-01", "returns 500", "no 5xx", "500", status=500, method="PUT",
                 request_body=shown)  # fmt: skip
    text, _ = export_finding(report_of(found), "ERR-01", form)
    with recording() as (url, received):
        assert run_exported(text, form, url, tmp_path) == 0
    assert [sent[3] for sent in received] == [body]


def report_of(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the report of a run with these failures."""
    document: dict[str, Any] = build_report(verdict(failures=list(findings), exit_code=1, **more))
    return document


def make(rule: str, message: str, expected: str, got: str, **fields: Any) -> dict[str, Any]:
    """Return a finding with an exchange."""
    operation = fields.pop("operation", LIST_CREDENTIALS)
    shown = exchange(operation=operation, **{"url": PLACE, **fields})
    return {**finding(rule, operation, message, shown), "expected": expected, "got": got}


STATUS_404 = Expectation("status", [404])
NO_5XX = Expectation("no server error")
ALLOW = Expectation("header", "Allow")
MISSING = make("SCHEMA-01", "List, 200: `result.data.*.tags` is missing", "a field `tags`", "{}",
               response_body='{"result": {"data": [{"tags": []}, {"name": "x"}]}}')  # fmt: skip
WRONG_TYPE = make("SCHEMA-01", "List, 200: `result.count` has the wrong type", "integer", '"3"',
                  response_body='{"result": {"count": "3"}}')  # fmt: skip
SENT = make("STATE-02", "a create: `tags`: expected", '["a"]', '"a"', operation=CREATE_CREDENTIAL,
            method="POST", request_body='{"name": "x", "tags": ["a"]}',
            response_body='{"result": {"tags": "a"}}')  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (make("ERR-02", "an id: expected 404, got 200", "404", "200"), STATUS_404),
        (make("ACCESS-07", "private", "403 or 404", "200"), Expectation("status", [403, 404])),
        (make("ERR-01", "returns 500", "no 5xx", "500", status=500), NO_5XX),
        (make("SCHEMA-01", "the header Allow is missing", "Allow", "no"), ALLOW),
        (make("SCHEMA-01", "the content type is wrong", "application/json", "text/html"),
         Expectation("content type", ["application/json"])),
        (MISSING, Expectation("field", None, ("result", "data", 1, "tags"))),
        (WRONG_TYPE, Expectation("types", ["integer"], ("result", "count"))),
        (SENT, Expectation("equal", ["a"], ("result", "tags"))),
    ],
)  # fmt: skip
def test_expectations(found: dict[str, Any], expected: Expectation) -> None:
    """What a finding expects is read from it, and from the response that it shows."""
    assert find_expectation(found) == expected


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({**finding("PAGE-02", LIST_CREDENTIALS, "x", None)}, "it has no request"),
        (make("PAGE-02", "`num_pages`: expected", "3", "2"), "how many records there are"),
        (make("SEARCH-01", "an item is not found", "1", "0"), "more than one response"),
        (make("ERR-02", "x", "404", "200", url=f"{PLACE}?search=credcheck-0a1b2c3d-main-1"),
         "that the run has deleted"),
        (make("ERR-02", "x", "404", "200", request_body="x… (90000 bytes)"), "does not hold whole"),
        (make("ERR-02", "x", "404", "200", request_headers={"Cookie": "[hidden]"}), "is a secret"),
        (make("STATE-09", "GET of a deleted credential", "404", "200", url=f"{PLACE}abc",
              operation=RETRIEVE_CREDENTIAL), "that the run has deleted"),
    ],
)  # fmt: skip
def test_what_cannot_stand_alone_is_refused(found: dict[str, Any], reason: str) -> None:
    """A finding that needs more than its request is refused with the reason, not half exported."""
    with pytest.raises(UsageError, match=reason):
        export_finding(report_of(found, writes=True), found["rule"], "pytest")


HOSTILE = '"""; import os #\n$(touch x) `id` {{ 1 }} \\" \''


@pytest.mark.parametrize("form", FORMATS)
def test_no_text_of_a_target_becomes_code(form: str, tmp_path: Path) -> None:
    """Messages, bodies and paths stay texts, and no key is in the test."""
    place = f"{PLACE}?search=%27%22$(touch%20x)"
    hostile = make("ERR-02", HOSTILE, "404", "200", method="POST", request_body=HOSTILE, url=place)
    text, note = export_finding(report_of(hostile), "ERR-02", form)
    assert note == ""
    assert "main-admin-key" not in text
    assert "CREDCHECK_KEY_ADMIN" in text
    if form == "pytest":
        compile(text, "test_finding.py", "exec")
        assert "import contract_tests" not in text
    elif form == "curl":
        checked = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True)
        assert checked.returncode == 0, checked.stderr
        with serving(create_app(Config())) as url:
            run_exported(text, form, url, tmp_path)
        assert sorted(os.listdir(tmp_path)) == ["finding.sh"]
    else:
        assert "base64," in text
        assert "{{ 1 }}" not in "".join(
            line for line in text.splitlines() if not line.startswith("#")
        )


def test_hurl_files_have_the_form_of_hurl() -> None:
    """Without the program: request line, headers, body, response and asserts are in their order."""
    text, _ = export_finding(report_of(SENT), "STATE-02", "hurl")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "POST {{BASE_URL}}/api/credentials/orgs/main/users/7/"
    assert lines[1] == "Authorization: Api-Key {{CREDCHECK_KEY_ADMIN}}"
    assert json.loads(lines[2]) == {"name": "x", "tags": ["a"]}
    assert lines[3:5] == ["HTTP *", "[Asserts]"]
    assert lines[5:] == [
        "jsonpath \"$['result']['tags']\" isCollection",
        "jsonpath \"$['result']['tags']\" count == 1",
        "jsonpath \"$['result']['tags'][0]\" == \"a\"",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("PAGE-01", "PAGE-01 did not fail: failed rules are ERR-02"),
        ("ERR-02#3", "ERR-02 has 2 findings"),
        ("ERR-02#0", "ERR-02 has 2 findings"),
        ("x", "x did not fail"),
    ],
)
def test_an_unknown_finding_is_one_line(name: str, message: str, tmp_path: Path) -> None:
    """An id without a finding is one line that lists what failed, and exit code 2."""
    one = make("ERR-02", "an id: expected 404, got 200", "404", "200")
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report_of(one, {**one, "message": "another"})))
    ended = run("export", str(file), name)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert run("export", str(file), "ERR-02").stderr.startswith("credcheck: ERR-02 has 2 findings")
