"""What one finding expects of the response to its request, so that a test can stand alone.

Some findings rest on several responses, or on records that the run created and deleted. These
cannot be repeated with one request; what is wrong with them is said instead.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.engine.exchange import HIDDEN
from contract_tests.errors import UsageError

Finding = Mapping[str, Any]
Steps = tuple[str | int, ...]

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
COUNTED = frozenset({"count", "num_pages", "next", "previous"})
"""Fields of a page that depend on how many records there are."""
_STATUSES = re.compile(r"\d{3}")
_FIELD = re.compile(r"`([^`]+)` (is missing|has the wrong type)")
_NAMED = re.compile(r"`([A-Za-z_]+)`")
_HEADER = re.compile(r"the header ([\w-]+) is missing")
_COLLECTION = re.compile(r"/api/credentials/orgs/[^/]+/users/[^/]+/")
_WORDS = frozenset({"assertions", "assignments", "authority", "bulk", "course-credentials"})
_WORDS |= {"external-mapping", "groups", "images", "issuers", "provider-config", "users"}
_WORDS |= {f"{kind}-over-time" for kind in ("assertions", "course-assertions", "credentials")}
"""Steps of a path that are no id."""
_MARK = re.compile(r"credcheck-[0-9a-f]{8}-")
_CUT = re.compile(r"… \(\d+ bytes\)\Z")


@dataclass(frozen=True)
class Expectation:
    """One requirement of a response.

    `kind` is `status` (the value is a list), `no server error`, `content type` (a list), `header`
    (its name), `JSON`, `field` (it exists), `types` (a list) or `equal`; the last three are about
    the field that `steps` lead to.
    """

    kind: str
    value: Any = None
    steps: Steps = ()


@dataclass(frozen=True)
class StandaloneTest:
    """One finding as a request and what is expected of the response.

    `key` is the name of the environment variable with the key. With `creates` the request is
    about a credential that the test creates first.
    """

    name: str
    finding: Finding
    base_url: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    expectation: Expectation
    creates: bool = False
    collection: str = ""


def make_test(report: Mapping[str, Any], finding: Finding) -> StandaloneTest:
    """Return a finding as a test; raises UsageError for one that needs more than its request."""
    exchange = finding["exchange"]
    if not exchange:
        raise _refuse(finding, "it has no request")
    base_url = report["base_url"].rstrip("/")
    path = exchange["url"].removeprefix(base_url)
    if not exchange["method"].isalpha():
        raise _refuse(finding, "its method is not a word")
    if _CUT.search(exchange["request_body"]):
        raise _refuse(finding, "its request has a body that the report does not hold whole")
    headers = {
        name: value
        for name, value in exchange["request_headers"].items()
        if name.lower() not in ("host", "content-length", "connection", "user-agent")
    }
    if any(value == HIDDEN or "[part of" in value for value in headers.values()):
        raise _refuse(finding, "one of its headers is a secret that has no variable")
    expectation = find_expectation(finding)
    collection, is_own = find_own_record(report, finding, path, expectation)
    if is_own:
        path = collection + "{id}" + path.removeprefix(collection)[len(is_own) :]
    name = f"test_{finding['rule']}_{finding['operation'] or exchange['method']}".lower()
    return StandaloneTest(
        name=re.sub(r"\W", "_", name),
        finding=finding,
        base_url=base_url,
        method=exchange["method"],
        path=path,
        headers=headers,
        body=exchange["request_body"],
        expectation=expectation,
        creates=bool(is_own),
        collection=collection,
    )


def find_own_record(
    report: Mapping[str, Any], finding: Finding, path: str, expectation: Expectation
) -> tuple[str, str]:
    """Return the path of the collection, and the id of a credential that the test has to create.

    A run deletes what it created, so a test creates a credential of its own in its place. Raises
    UsageError where one credential is not enough.
    """
    collection = _COLLECTION.match(path)
    if collection is None:
        return "", ""
    method, tail = finding["exchange"]["method"], path[collection.end() :].partition("?")[0]
    steps = [step for step in tail.split("/") if step]
    ids = [step for step in steps if step not in _WORDS and not step.startswith(("zz", "%"))]
    is_gone = report["writes"] and bool(ids)
    gone = _refuse(finding, "its request is about a record that the run has deleted")
    if _MARK.search(path) or (is_gone and len(steps) > 1):
        raise gone
    if not is_gone or (method == "GET" and expectation.value == [404]):
        if "deleted" in finding["message"]:
            raise gone
        return collection[0], ""
    rests_on_more = expectation.kind in ("status", "equal") and method in ("GET", "HEAD")
    wants_success = expectation.kind == "status" and min(expectation.value) < 300
    if rests_on_more or wants_success or "admin" not in finding["exchange"]["actor"]:
        raise gone
    return collection[0], ids[0]


def find_expectation(finding: Finding) -> Expectation:
    """Return what a finding expects of its response; raises UsageError."""
    exchange, message = finding["exchange"], finding["message"]
    status = exchange["status"]
    if finding["expected"] == "no 5xx":
        return Expectation("no server error")
    is_about_status = finding["got"] == str(status)
    statuses = [int(one) for one in _STATUSES.findall(finding["expected"])]
    if is_about_status and statuses and re.fullmatch(r"[\d, or]+", finding["expected"]):
        return Expectation("status", statuses)
    header = _HEADER.search(message)
    if header:
        return Expectation("header", header[1])
    if "the content type is wrong" in message:
        return Expectation("content type", finding["expected"].split(", "))
    if "the body is not valid JSON" in message:
        return Expectation("JSON")
    body = _parse(exchange["response_body"])
    field = _FIELD.search(message)
    if field:
        return _expect_field(finding, body, field)
    return _expect_value(finding, body)


def _expect_field(finding: Finding, body: Any, field: re.Match[str]) -> Expectation:
    """Return the expectation that a field exists, or has one of some types, where it did not."""
    names = field[1].split(".")
    if field[2] == "is missing":
        for steps, record in _find_places(body, names[:-1]):
            if isinstance(record, dict) and names[-1] not in record:
                return Expectation("field", steps=(*steps, names[-1]))
    types = [one for one in finding["expected"].split(" or ") if one in TYPES]
    for steps, value in _find_places(body, names):
        if types and field[2] != "is missing" and _get_type(value) not in types:
            return Expectation("types", types, steps)
    raise _refuse(finding, "the report does not hold the whole response")


def _expect_value(finding: Finding, body: Any) -> Expectation:
    """Return the expectation that a field equals what the rule expects.

    It holds anywhere only if it follows from the request: a value that was sent, or the number of
    the page.
    """
    named = _NAMED.search(finding["message"])
    expected = _parse(finding["expected"])
    if named is None or expected is None:
        raise _refuse(finding, "it rests on more than one response")
    if named[1] in COUNTED:
        raise _refuse(finding, "what it expects depends on how many records there are")
    sent = _parse(finding["exchange"]["request_body"])
    is_sent = isinstance(sent, dict) and named[1] in sent and sent[named[1]] == expected
    if not is_sent and named[1] not in ("page_number", "max_page_size"):
        raise _refuse(finding, "it rests on what was written before, or on the records there are")
    got = _parse(finding["got"])
    for steps in ((named[1],), ("result", named[1])):
        for place, value in _find_places(body, list(steps)):
            if value == got and value != expected:
                return Expectation("equal", expected, place)
    raise _refuse(finding, "the report does not hold the whole response")


def _find_places(value: Any, names: list[str], at: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield each place of a path in a value, where `*` stands for any item of an array."""
    if not names:
        yield at, value
    elif names[0] == "*" and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_places(item, names[1:], (*at, number))
    elif isinstance(value, dict) and names[0] in value:
        yield from _find_places(value[names[0]], names[1:], (*at, names[0]))


def _get_type(value: Any) -> str:
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    kinds += ((list, "array"), (dict, "object"))  # type: ignore[assignment]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _refuse(finding: Finding, reason: str) -> UsageError:
    return UsageError(
        f"{finding['rule']}: this finding cannot stand alone: {reason}; "
        f"`credcheck replay REPORT.json {finding['rule']}` tests its rule again"
    )
