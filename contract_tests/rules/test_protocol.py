"""Protocol and robustness: HEAD, OPTIONS, slashes, Accept, caching, unusual input."""

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest

from contract_tests.engine.contract import JSON
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import (
    Deployment,
    read_created,
    read_known,
    read_page,
    read_result,
)
from contract_tests.vocabulary.records import find_credential
from contract_tests.vocabulary.signatures import strip_signatures

PATHS = pytest.mark.parametrize("path", ["", "{item}", "issuers/", "issuers/{issuer}"])
SCIM_SINCE = "4.90"
"""The release since which bodies may be `application/scim+json` (FACTS, S8)."""
LATENCY_REQUESTS = 9
"""Requests of which the median counts."""


def fill_path(deployment: Deployment, path: str) -> str:
    """Return a path with an existing item or issuer."""
    if "{item}" in path:
        path = path.replace("{item}", find_credential(deployment)["entityId"])
    return path.replace("{issuer}", deployment.issuer) if "{issuer}" in path else path


@pytest.mark.credcheck_rule("PROTO-01")
@PATHS
def test_head_is_get_without_a_body(deployment: Deployment, path: str) -> None:
    """HEAD has the status code and the headers of GET, and no body."""

    def check() -> None:
        known = fill_path(deployment, path)
        for url in (known, f"{known}?page=99999999", f"{known}?format=none"):
            get, head = deployment.send("GET", url), deployment.send("HEAD", url)
            check_status(head, get.status, "HEAD")
            require(not head.body, "the response to HEAD has a body", head)
            for name in ("content-type", "allow"):
                message = f"HEAD and GET have different {name} headers"
                check_equal(head.headers.get(name), get.headers.get(name), message, head)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PROTO-02")
@PATHS
def test_options_describes_a_path(deployment: Deployment, path: str) -> None:
    """OPTIONS returns 200 with `Allow` and what the path parses; without a key it returns 401."""
    url = fill_path(deployment, path)
    response = deployment.send("OPTIONS", url)
    check_status(response, 200, "OPTIONS")
    allow = response.headers.get("allow", "")
    require("GET" in allow, "`Allow` of OPTIONS lacks GET", response, expected="GET", got=allow)
    body = response.value
    is_description = isinstance(body, dict) and {"name", "renders", "parses"} <= body.keys()
    require(is_description, "OPTIONS does not describe the path", response, got=body)
    check_unauthorized(deployment.send("OPTIONS", url, actor=None), "OPTIONS without a key")


@pytest.mark.credcheck_rule("PROTO-13")
def test_the_redirect_to_the_slash(deployment: Deployment) -> None:
    """A collection without its trailing slash redirects with 301."""
    response = deployment.send("GET", deployment.own_path.rstrip("/"))
    check_status(response, 301, "a collection without its trailing slash")


@pytest.mark.credcheck_rule("PROTO-13")
def test_html_alone_is_not_accepted(deployment: Deployment) -> None:
    """A client that accepts only HTML gets 406: JSON is the only format."""
    response = deployment.get(headers={"Accept": "text/html"})
    check_status(response, 406, "`Accept: text/html`")


@pytest.mark.credcheck_rule("PROTO-03")
@pytest.mark.parametrize("query", ["", "?page=2&search=a%20b"])
def test_a_collection_without_its_slash(deployment: Deployment, query: str) -> None:
    """A collection without its trailing slash redirects and keeps the query, or is 404."""
    response = deployment.send("GET", deployment.own_path.rstrip("/") + query)
    if response.status == 404:  # the framework's APPEND_SLASH may be off
        return
    is_redirect = response.status in (301, 302, 307, 308)
    message = f"a collection without its trailing slash: expected 301 or 404, got {response.status}"
    require(is_redirect, message, response, expected="301 or 404", got=response.status)
    location = response.headers.get("location", "")
    expected = deployment.own_path + query
    is_same = unquote(location).endswith(unquote(expected))
    message = "the redirect leads to another URL"
    require(is_same, message, response, expected=expected, got=location)


@pytest.mark.credcheck_rule("PROTO-03")
def test_an_item_with_a_slash(deployment: Deployment) -> None:
    """An item or an issuer with a trailing slash returns 404."""
    for path in ("{item}/", "issuers/{issuer}/"):
        response = deployment.send("GET", fill_path(deployment, path))
        check_status(response, 404, "an item with a trailing slash")


@pytest.mark.credcheck_rule("PROTO-04")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/xml", 406),
        ("image/png, application/pdf", 406),
    ],
)
def test_accept(deployment: Deployment, accept: str, status: int) -> None:
    """A client that accepts JSON gets it; any other gets 406."""
    check_status(deployment.get(headers={"Accept": accept}), status, f"`Accept: {accept}`")


@pytest.mark.credcheck_rule("PROTO-04")
def test_the_format_parameter(deployment: Deployment) -> None:
    """`format=json` returns the list, another format 404."""
    check_status(deployment.get("", {"format": "json"}), 200, "`format=json`")
    check_error(deployment.get("", {"format": "nonsense"}), 404, "an unknown format")


@pytest.mark.credcheck_rule("PROTO-05")
@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_unsupported_methods_of_an_item(deployment: Deployment, method: str) -> None:
    """A method that an item does not support returns 405 with `Allow`, and 401 without a key."""
    item = deployment.create()
    headers = {"Content-Type": JSON}
    for actor, status in (("admin", 405), (None, 401)):
        response = deployment.send(
            method, item["entityId"], actor=actor, headers=headers, body=b"{}"
        )
        check_error(response, status, f"{method} of an item")
        if status == 405:
            allow = {name.strip() for name in response.headers.get("allow", "").split(",")}
            expected = {"GET", "PUT", "DELETE"}
            message = "`Allow` of a 405 lacks a method"
            require(expected <= allow, message, response, expected=expected, got=allow)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("PROTO-05")
@pytest.mark.credcheck_needs("disposable")
@pytest.mark.credcheck_last
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_unsupported_methods_of_a_collection(deployment: Deployment, method: str) -> None:
    """A method that a collection does not support returns 405; for disposable targets only."""
    for path, actor, status in (("", "admin", 405), ("issuers/", "admin", 405), ("", None, 401)):
        response = deployment.send(method, path, actor=actor)
        check_error(response, status, f"{method} of a collection")


@pytest.mark.credcheck_rule("PROTO-06")
def test_the_last_repeated_parameter_is_used(deployment: Deployment) -> None:
    """Of two values of one parameter the last one is used."""

    def check() -> None:
        message = "the last of repeated parameters is not used"
        expected = deployment.get_page({"page_size": 2})
        page = read_page(deployment.send("GET", "?page_size=5&page_size=2"))
        check_equal(page.ids, expected.ids, message, page.response)
        unknown = deployment.make_unknown_id()
        page = read_page(deployment.send("GET", f"?search={unknown}&search="))
        check_equal(page["count"], deployment.get_page()["count"], message, page.response)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PROTO-07")
@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "application/json;charset=UTF-8", "application/scim+json"],
)
def test_json_by_another_name(deployment: Deployment, media_type: str) -> None:
    """JSON with a charset, and SCIM's since 4.90, is read as JSON in a create and an update."""
    if "scim" in media_type and SCIM_SINCE in deployment.settings.later_releases:
        raise NotTested(f"{media_type} is of a later release (see api_version)")
    headers = {"Content-Type": media_type}
    body = json.dumps(deployment.build_body(description="é"), ensure_ascii=False).encode()
    response = deployment.send("POST", headers=headers, body=body)
    item = read_created(response)
    check_equal(item["description"], "é", f"{media_type} is decoded wrongly", response)
    body = json.dumps({"description": "è"}, ensure_ascii=False).encode()
    response = deployment.send("PUT", item["entityId"], headers=headers, body=body)
    changed = read_result(response)
    check_equal(changed["description"], "è", f"{media_type} is decoded wrongly", response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("PROTO-08")
def test_identical_requests_get_identical_responses(deployment: Deployment) -> None:
    """The same request, repeated without a pause, gets the same response."""

    def check() -> None:
        search = "?" + f"page_size=3&search={quote('e')}"
        item = find_credential(deployment)["entityId"]
        for path in (search, item):
            first = deployment.send("GET", path, retry_later=False)
            value = strip_signatures(read_known(first))
            for number in range(deployment.effort.repeats):
                response = deployment.send("GET", path, retry_later=False)
                if response.status == 429:
                    raise NotTested("the target limits the rate; set `rate`")
                is_same = response.status == first.status
                is_same = is_same and strip_signatures(read_known(response)) == value
                require(
                    is_same,
                    "identical requests get different responses",
                    response,
                    expected=f"{first.status}, {len(first.body)} bytes",
                    got=f"{response.status}, {len(response.body)} bytes, try {number + 2}",
                )

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("PROTO-09")
def test_caching_headers_are_correct(deployment: Deployment) -> None:
    """After an update an old ETag does not return 304, and a new one is sent."""
    item = deployment.create(description="before")
    etag = deployment.get(item["entityId"]).headers.get("etag")
    deployment.update(item["entityId"], {"description": "after"})
    if etag:
        response = deployment.get(item["entityId"], headers={"If-None-Match": etag})
        check_status(response, 200, "an outdated ETag after an update")
        description = read_result(response)["description"]
        check_equal(description, "after", "If-None-Match hides an update", response)
        is_new = response.headers.get("etag") != etag
        require(is_new, "the ETag did not change with an update", response, got=etag)
    etag = deployment.get_page({"search": item["name"]}).response.headers.get("etag")
    deployment.delete(item["entityId"])
    if etag:
        headers = {"If-None-Match": etag}
        response = deployment.get("", {"search": item["name"]}, headers=headers)
        check_status(response, 200, "an outdated ETag after a deletion")


@pytest.mark.credcheck_rule("PROTO-10")
def test_latency(deployment: Deployment) -> None:
    """The median latency of several requests is within the limit, for searches, too."""
    limit = (deployment.settings.max_latency or 0) * 1000
    item = find_credential(deployment)["entityId"]
    searches = [f"?search={term}" for term in ("e", deployment.mark, "0123456789" * 10)]
    if "issuers" not in deployment.settings.without:
        searches.append("issuers/?q=e")
    for path in ("?page_size=10", item, *searches, f"?course={deployment.mark}"):
        responses = [deployment.send("GET", path) for _ in range(LATENCY_REQUESTS)]
        responses.sort(key=lambda response: response.logged.milliseconds)
        response = responses[LATENCY_REQUESTS // 2]
        latency = response.logged.milliseconds
        require(
            latency <= limit,
            "a response is too slow",
            response,
            expected=f"{limit} ms",
            got=f"{latency} ms, median of {LATENCY_REQUESTS}",
        )


UNUSUAL = (
    "%00", "%FF", "%ED%A0%80", "%F0%9F%8E%93", "%E2%80%AE", "%0A", "%25%5F", "%27%22%60",
    "%5C%5C", "x" * 255, "x" * 256, "x" * 5000, "%D7%A9" * 200, "null", "[]", "1e400", "9" * 400,
    "%7B%7B1%2B1%7D%7D", "..%2F..%2Fetc%2Fpasswd", "%3Cscript%3E", "%27%20OR%201=1%20--",
)  # fmt: skip


@pytest.mark.credcheck_rule("PROTO-11")
@pytest.mark.parametrize("parameter", ["search", "course", "program", "q"])
def test_unusual_queries(deployment: Deployment, parameter: str) -> None:
    """NUL, invalid UTF-8, emoji, long and dangerous texts return 200 or 400."""
    path = "issuers/" if parameter == "q" else ""
    for text in UNUSUAL:
        response = deployment.send("GET", f"{path}?{parameter}={text}", proxy_may_refuse=True)
        is_fine = response.status in (200, 400, 404, 414) or response.is_from_proxy
        message = f"an unusual `{parameter}`: expected 200, got {response.status}"
        require(is_fine, message, response, expected=200, got=response.status)


@pytest.mark.credcheck_rule("PROTO-11")
def test_unusual_ids(deployment: Deployment) -> None:
    """An id of any bytes returns 404."""
    for text in UNUSUAL:
        if len(text) > 1000 or "%2F" in text:
            continue
        response = deployment.send("GET", text.replace("%0A", "%20"), proxy_may_refuse=True)
        is_fine = response.status in (404, 400) or response.is_from_proxy
        message = f"an unusual id: expected 404, got {response.status}"
        require(is_fine, message, response, expected=404, got=response.status)


def build_unusual_body(deployment: Deployment, more: str, name: str = "n") -> bytes:
    """Return a body with a name of this run and more fields, as they are written."""
    issuer = json.dumps(deployment.issuer)
    name = f"{name} {deployment.make_name('odd')}"
    return f'{{"name": "{name}", "issuer": {issuer}, {more}}}'.encode()


UNUSUAL_BODIES = {
    "many fields": ", ".join(f'"f{number}": {number}' for number in range(2000)),
    "a long description": f'"description": "{"long " * 20_000}"',
    "a repeated key": '"tags": ["a"], "tags": ["b"]',
}
UNSAFE_BODIES = {
    "a NUL": '"description": "a\\u0000b"',
    "half of a surrogate pair": '"description": "a\\ud800b"',
    "half of a surrogate pair in metadata": '"metadata": {"a": "\\ud800"}',
    "half of a surrogate pair as a choice": '"signal": "\\ud800"',
    "a huge number": f'"expires": {{"amount": {10**30}}}',
    "a huge number in metadata": f'"metadata": {{"n": {10**30}}}',
    "a huge float": '"metadata": {"n": 1e400}',
    "deeply nested metadata": '"metadata": ' + '{"a":' * 400 + "1" + "}" * 400,
}
"""Input that can damage what a target stores: it is sent to disposable targets only."""
UNSAFE_NAMES = {"a NUL in the name": "n\\u0000", "half of a surrogate pair in the name": "n\\udfff"}


@pytest.mark.credcheck_rule("PROTO-12")
@pytest.mark.parametrize("what", UNUSUAL_BODIES)
def test_unusual_bodies(deployment: Deployment, what: str) -> None:
    """An unusual body is stored unchanged or refused with 400, and the list still works."""
    send_unusual(deployment, what, build_unusual_body(deployment, UNUSUAL_BODIES[what]))
    page = deployment.get("", {"page_size": 1})
    check_status(page, 200, f"the list after a body with {what}")


@pytest.mark.credcheck_rule("PROTO-12")
@pytest.mark.credcheck_needs("disposable")
@pytest.mark.parametrize("what", [*UNSAFE_BODIES, *UNSAFE_NAMES, "deeply nested JSON"])
def test_unsafe_bodies(deployment: Deployment, what: str) -> None:
    """Input that not every store can hold is stored unchanged or refused with 400.

    After each, `Target.send` reads the list.
    """
    if what in UNSAFE_BODIES:
        body = build_unusual_body(deployment, UNSAFE_BODIES[what])
    elif what in UNSAFE_NAMES:
        body = build_unusual_body(deployment, '"tags": null', UNSAFE_NAMES[what])
    else:
        body = b"[" * 100_000
    send_unusual(deployment, what, body)


def send_unusual(deployment: Deployment, what: str, body: bytes) -> None:
    """Send a body, which must be stored unchanged or refused."""
    headers = {"Content-Type": JSON}
    response = deployment.send("POST", headers=headers, body=body, proxy_may_refuse=True)
    is_fine = response.status in (200, 201, 400, 413) or response.is_from_proxy
    message = f"a body with {what}: expected 200 or 400, got {response.status}"
    require(is_fine, message, response, expected="200 or 400", got=response.status)
    if response.status < 300:
        check_stored(deployment, response, body, what)


def check_stored(deployment: Deployment, response: Response, body: bytes, what: str) -> None:
    """Require a created credential to show what was sent."""
    item = read_created(response)
    sent: dict[str, Any] = json.loads(body)
    again = deployment.get(item["entityId"])
    record = read_result(again)
    for name in ("description", "metadata", "tags"):
        value = sent.get(name)
        value = value.strip() if isinstance(value, str) else value
        if name in sent:
            require(record[name] == value, f"`{name}` with {what} is returned changed", again)
    deployment.delete(item["entityId"])
