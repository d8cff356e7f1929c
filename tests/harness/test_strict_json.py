"""Responses are read as a browser reads them, and every complaint about one is reported."""

import json
from typing import Any

import pytest

from contract_tests.catalogue.operations import LIST_CREDENTIALS, RETRIEVE_CREDENTIAL
from contract_tests.engine.contract import JSON, load_contract
from contract_tests.engine.exchange import Exchange, Response
from contract_tests.engine.observations import Observations
from contract_tests.engine.strict_json import parse_strictly
from mockserver import create_app

MAIN = "/api/credentials/orgs/main/users/1/"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"a": NaN}', ["NaN"]),
        ('[Infinity, {"a": -Infinity}]', ["Infinity", "-Infinity"]),
        ('{"a": 1, "b": [{"a": 1, "a": 1}]}', ["`a`"]),
        ('{"a": {"x": 1, "x": 2}, "a": 3}', ["`x`", "`a`"]),
        (r'{"name": "\ud800"}', [r"\ud800"]),
        (r'{"\uDC00": "\ud83c\udf93"}', [r"\udc00"]),
        (r'["\udf93\ud83c"]', [r"\ud83c, \udf93"]),
        (r'{"name": "\ud83c\udf93", "path": "\\ud800"}', []),
        ('{"a": "NaN", "b": {"a": 1}, "c": null, "d": 1e400, "e": 1.0}', []),
    ],
)
def test_what_only_lenient_parsers_accept_is_named(text: str, named: list[str]) -> None:
    """Constants of Python, repeated names and halves of surrogate pairs are faults."""
    value, faults = parse_strictly(text)
    assert [got.removesuffix(" more than once") for _, got in faults] == named
    assert len({message for message, _ in faults}) == len(named)
    json.dumps(value, ensure_ascii=False).encode()  # no half is left in it


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,]", "<p>", "undefined"])
def test_what_no_parser_accepts_is_refused(text: str) -> None:
    """A text that is not JSON at all is an error and not a fault of JSON."""
    with pytest.raises(ValueError):
        parse_strictly(text)


def observe(operation: str, body: bytes, **more: Any) -> list[tuple[str, str]]:
    """Return rule and message of what is wrong with a response of an operation."""
    exchange = Exchange(
        rule="PAGE-01", operation=operation, actor="admin", method="GET", url="https://x.test/",
        request_headers={}, request_body="", status=200, response_headers={}, response_body="",
        milliseconds=1.0, started="2026-11-01T12:00:00+00:00", curl="",
    )  # fmt: skip
    headers = {"content-type": JSON, "allow": "GET", "vary": "Accept", **more.pop("headers", {})}
    observations = Observations(load_contract(), str, unknown_fields_fail=True)
    observations.judge(Response(200, headers, body, exchange, lambda: exchange))
    return [(finding.rule, finding.message) for finding in observations.findings.values()]


def listed() -> dict[str, Any]:
    """Return a page of two credentials as the mock lists them."""
    client = create_app().test_client()
    sent = client.get(f"{MAIN}?page_size=2", headers={"Authorization": "main-admin-key"})
    page: dict[str, Any] = sent.json
    return page


def test_every_complaint_about_a_response_is_reported() -> None:
    """One response with a fault in each of its parts has a finding for each, and items one."""
    page = listed()
    del page["result"]["previous"]
    page["result"]["count"] = "two"
    for item in page["result"]["data"]:
        item["name"] = None
        item["pk"] = 1
    body = json.dumps(page).replace('"success": true', '"success": NaN, "success": true')
    start = "List the public credentials of a platform, 200: "
    assert sorted(observe(LIST_CREDENTIALS, body.encode())) == [
        ("SCHEMA-01", f"{start}`result.count` has the wrong type"),
        ("SCHEMA-01", f"{start}`result.data.*.name` has the wrong type"),
        ("SCHEMA-01", f"{start}`result.previous` is missing"),
        ("SCHEMA-01", f"{start}the body contains NaN, which is not JSON"),
        ("SCHEMA-01", f"{start}the body repeats the name `success` in one object"),
        ("SCHEMA-02", f"{start}the contract does not define `result.data.*.pk`"),
    ]
    assert observe(LIST_CREDENTIALS, json.dumps(listed()).encode()) == []


@pytest.mark.parametrize("levels", [150, 300, 800])
def test_deep_metadata_is_no_failure(levels: int) -> None:
    """A response whose metadata is nested deeper than a validator goes is judged all the same."""
    page = listed()
    for _ in range(levels):
        page["result"]["data"][0]["metadata"] = {"in": page["result"]["data"][0]["metadata"]}
    assert observe(LIST_CREDENTIALS, json.dumps(page).encode()) == []
    del page["result"]["count"]
    ((_, message),) = observe(LIST_CREDENTIALS, json.dumps(page).encode())
    assert message.endswith("`result.count` is missing")


def test_a_missing_header_hides_nothing() -> None:
    """Beside a wrong content type or header, what else is wrong is reported."""
    without = observe(RETRIEVE_CREDENTIAL, b"{}", headers={"content-type": "text/plain"})
    assert ("SCHEMA-01", "Retrieve a credential, 200: the content type is wrong") in without


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"name": "\\ud800"}', "half of a surrogate pair"),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": 1, "name": 2}', "repeats the name `name`"),
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a": "\xff"}', "not valid JSON"),
    ],
)
def test_responses_of_no_operation_are_read_strictly(body: bytes, fault: str) -> None:
    """JSON that a browser cannot read is a failure for OPTIONS, too."""
    ((rule, message),) = observe("", body)
    assert rule == "SCHEMA-01"
    assert fault in message
