"""One mistake of a deployment is one entry of a report, and what follows from it is under it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    RETRIEVE_CREDENTIAL,
)
from contract_tests.engine.exchange import Exchange
from contract_tests.engine.results import Finding, Result
from contract_tests.errors import RuleFailed, format_value
from contract_tests.report.callers import list_callers
from contract_tests.report.causes import RootCause, group_findings
from contract_tests.report.difference import compare_json
from contract_tests.report.documents import build_report, render_html
from contract_tests.report.markdown import escape, quote_code, render_markdown
from contract_tests.report.not_tested import find_best_option, gather_not_tested
from contract_tests.report.summary import describe_cause
from tests.harness.test_report import exchange, failing, verdict

LIST = "List the public credentials of a platform"


def found(
    rule: str,
    message: str,
    operation: str = LIST_CREDENTIALS,
    *,
    second: int = 0,
    status: int = 200,
    expected: str = "",
    got: str = "",
    of: Exchange | None = None,
) -> dict[str, Any]:
    """Return a finding, by default about a response of its own."""
    started = f"2026-11-01T12:00:{second:02}+00:00"
    shown = of or exchange(operation=operation, started=started, status=status, url=f"{second}")
    return Finding(rule, operation, message, expected, got, shown).as_dict()


def group(*findings: dict[str, Any]) -> list[RootCause]:
    """Return the causes of findings, each of which one test found."""
    results = [
        Result(finding["rule"], f"test_{number}", "failed", findings=[finding])
        for number, finding in enumerate(findings)
    ]
    return group_findings(findings, results)


MISSING_FIELD = (
    found("PAGE-03", "a page has no `previous`", second=3),
    found("SCHEMA-01", f"{LIST}, 200: `result.previous` is missing", second=1),
    found("SCHEMA-01", "List issuers, 200: `result.previous` is missing", LIST_ISSUERS, second=2),
    found("STATE-03", "`previous`: expected null, got 1", second=4),
)
SERVER_ERROR = (
    found("ERR-01", f"{LIST}: GET returns 500", second=1, status=500),
    found("PAGE-01", "a list: expected 200, got 500", second=2, status=500),
    found("SEARCH-02", "a page has no `data`", second=3, status=500),
)
SERVER_ERRORS = tuple(
    found("ERR-01", f"{name}: returns 500", name, second=number, status=500)
    for number, name in enumerate((LIST_CREDENTIALS, LIST_ISSUERS, RETRIEVE_CREDENTIAL, "d", "e"))
)
NO_SUCCESS = (
    found(
        "PAGE-01", "a list: expected 200, got 401", second=2, status=401, expected="200", got="401"
    ),
    found(
        "STATE-02", "a read: expected 200, got 401", second=3, status=401, expected="200", got="401"
    ),
)
HEADER = (
    found("SCHEMA-01", f"{LIST}, 200: the header Vary is missing", second=1),
    found("SCHEMA-01", "Create a credential, 200: the header Vary is missing", CREATE_CREDENTIAL),
    found("PROTO-05", "the response has no `Vary`", second=2),
)
LINKS = (
    found("PAGE-03", "a link has another scheme than the base URL", second=1, got="https://x"),
    found("ASSERT-01", "a link has another scheme than the base URL", LIST_ISSUERS, second=2),
    found("PAGE-07", "a link has another scheme than the base URL", second=3),
)
JSON_FAULT = (
    found("SCHEMA-01", f"{LIST}, 200: the body contains NaN, which is not JSON", second=1),
    found(
        "SCHEMA-01", "Retrieve a credential, 200: the body contains NaN, which is not JSON",
        RETRIEVE_CREDENTIAL, second=2,
    ),
)  # fmt: skip
MANY_FIELDS = tuple(
    found("SCHEMA-01", f"{LIST}, 200: `result.data.*.{name}` is missing", second=number)
    for number, name in enumerate(("tags", "courses", "programs", "pathways", "metadata"))
)
DIFFERENCE = (
    found("SCHEMA-01", f"{LIST}, 200: `result.page_number` is invalid (minimum)", second=1),
    found(
        "PAGE-08", "an empty result is not one empty page", second=2,
        expected='{"page_number": 1, "count": 0}', got='{"count": 0, "page_number": 0}',
    ),
)  # fmt: skip
SHARED = exchange(url="shared", started="2026-11-01T12:00:30+00:00")
EXCHANGE = (
    found("SCHEMA-01", f"{LIST}, 200: `result.count` has the wrong type", of=SHARED),
    found("PAGE-01", "the totals of a list do not fit", of=SHARED),
)


@pytest.mark.parametrize(
    "findings",
    [
        MISSING_FIELD,
        SERVER_ERROR,
        SERVER_ERRORS,
        NO_SUCCESS,
        HEADER,
        LINKS,
        JSON_FAULT,
        MANY_FIELDS,
        DIFFERENCE,
        EXCHANGE,
    ],
)  # fmt: skip
def test_one_mistake_is_one_cause(findings: tuple[dict[str, Any], ...]) -> None:
    """What has a field, header, status, message or response in common has one cause."""
    (cause,) = group(*findings)
    assert len(cause.findings) == len(findings) == cause.checks
    times = [finding["exchange"]["started"] for finding in cause.findings]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "findings",
    [
        (MISSING_FIELD[1], found("SCHEMA-01", f"{LIST}, 200: `result.count` is missing", second=5)),
        (SERVER_ERROR[0], found("ERR-01", "POST returns 500", CREATE_CREDENTIAL, status=500)),
        (HEADER[0], found("SCHEMA-01", f"{LIST}, 200: the header Allow is missing", second=5)),
        (found("ERR-05", "an unknown issuer: expected 400, got 200", expected="400", got="200"),
         found("ERR-06", "no name: expected 400, got 200", expected="400", got="200", second=1)),
        (found("STATE-04", "`name`: expected 1, got 2"),
         found("SEARCH-02", "`name` is not searched", second=1)),
        (found("SCHEMA-01", f"{LIST}, 200: the header Vary is missing", of=SHARED),
         found("SCHEMA-01", f"{LIST}, 200: `result.count` is missing", of=SHARED)),
    ],
)  # fmt: skip
def test_two_mistakes_are_two_causes(findings: tuple[dict[str, Any], ...]) -> None:
    """Findings about other fields, headers, operations or subjects stay apart."""
    assert len(group(*findings)) == 2


def test_two_mistakes_at_once() -> None:
    """The thirteen findings of two mistakes are two entries, and no finding is lost."""
    findings = [*MISSING_FIELD, *HEADER, *(found("PAGE-03", f"`previous`: {n}") for n in range(6))]
    causes = group(*findings)
    assert len(causes) == 2
    assert sum(len(cause.findings) for cause in causes) == 13


def test_the_title_says_how_far_it_reaches() -> None:
    """A cause of several operations has no operation in its title, and counts them."""
    (cause,) = group(*MISSING_FIELD)
    assert (cause.title, cause.extent) == ("`result.previous` is missing", "2 operations, 4 checks")
    (single,) = group(MISSING_FIELD[1])
    assert (single.title, single.extent) == (f"{LIST}, 200: `result.previous` is missing", "")
    (many,) = group(*MANY_FIELDS)
    assert many.title.endswith("`result.data.*.tags` is missing, and so are 4 other fields")
    lines = list(describe_cause(cause))
    assert lines[1] == f"FAILED SCHEMA-01  {cause.title}: {cause.extent}"
    assert sum(line.startswith("  follows ") for line in lines) == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (404, "404"),
        ("as it is", "as it is"),
        (["a", None], '["a", null]'),
        ({"é": "'"}, '{"é": "\'"}'),
        ({"b", "a"}, '["a", "b"]'),
        (("x", 1), '["x", 1]'),
    ],
)
def test_values_are_shown_as_json(value: Any, shown: str) -> None:
    """Expected and got are JSON, not what Python prints."""
    assert format_value(value) == shown
    assert RuleFailed("a rule", expected=value).expected == shown


def test_two_objects_are_compared_by_line() -> None:
    """Of two JSON objects the lines are shown that differ, in whatever order their fields are."""
    same = {f"field {number}": number for number in range(20)}
    expected, got = {**same, "name": "old"}, {"name": "new", **same}
    lines = compare_json(json.dumps(expected), json.dumps(got))
    assert '-  "name": "old"' in lines
    assert '+  "name": "new"' in lines
    assert len(lines) < 8
    assert compare_json("3", "2") == compare_json("{}", "nothing") == []


def test_what_was_not_tested_is_gathered_by_reason() -> None:
    """Reasons have their checks, and the option that would enable them."""
    results = [
        Result("ACCESS-04", f"test_{n}", "not tested", "no key for learner") for n in range(3)
    ]
    results += [Result("ASSERT-01", "test", "not tested", "learner_username is not set")]
    gaps = gather_not_tested(verdict(results=results))
    assert [(gap.checks, gap.option) for gap in gaps] == [
        (3, "--key learner=env:NAME"),
        (1, "--learner-username"),
        (0, "--allow-writes"),
    ]
    assert find_best_option(gaps) == ("--key learner=env:NAME", 3)


def test_the_summary_in_markdown_holds_no_markup_of_the_target() -> None:
    """Texts of a target are neither tables, links, mentions nor HTML in the summary."""
    hostile = "| a | <img src=x> [x](http://x) @everybody **b** `code"
    run = failing()
    run.failures[0] = {**run.failures[0], "message": hostile, "got": "```\n# heading"}
    text = "\n".join(render_markdown(replace(run)))
    assert "<img" not in text
    assert "@everybody" not in text
    assert "[x](" not in text
    assert escape("`a|b` | c") == "`a/b` \\| c"
    assert quote_code("a `` b") == "``` a `` b ```"
    assert "ACCESS" not in text or "set `--key learner=env:NAME`" in text


def test_a_cause_says_whom_it_reaches() -> None:
    """Page and summary name the roles that call its operations, and clients in production."""
    run = failing()
    reached = "platform admins, department admins, learners, clients that are known to run"
    assert list_callers([LIST_CREDENTIALS]) == [
        *("platform admins", "department admins", "learners"),
        "clients that are known to run in production",
    ]
    assert list_callers(["", "unknown"]) == []
    assert reached in "\n".join(render_markdown(run))
    assert f"<dt>Reaches</dt><dd>{reached}" in render_html(build_report(run))


def test_the_page_gathers_notices() -> None:
    """Fields that the contract does not define are one entry of the page, and each in the data."""
    undefined = [f"{LIST_ISSUERS}: the contract does not define `/x{n}`" for n in range(3)]
    report = build_report(verdict(notices=undefined))
    assert report["notices"] == undefined
    assert "the contract does not define 3 fields: " in render_html(report)
