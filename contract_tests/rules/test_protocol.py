"""Protocol and robustness: HEAD, OPTIONS, slashes, Accept, caching, odd input, equal answers."""

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply
from contract_tests.rules.test_access import check_challenge, some_item
from contract_tests.rules.test_errors import check_refusal
from contract_tests.vocabulary.deployment import JSON, Deployment, created, result, stable

PATHS = pytest.mark.parametrize("path", ["", "{item}", "issuers/", "issuers/{issuer}"])


def filled(deployment: Deployment, path: str) -> str:
    """Return a path with an item or an issuer that is there."""
    if "{item}" in path:
        path = path.replace("{item}", some_item(deployment)["entityId"])
    return path.replace("{issuer}", deployment.issuer) if "{issuer}" in path else path


@pytest.mark.rule("PROTO-01")
@PATHS
def test_head_is_get_without_a_body(deployment: Deployment, path: str) -> None:
    """HEAD has the status and the headers of GET, and no body."""

    def check() -> None:
        where = filled(deployment, path)
        got, head = deployment.send("GET", where), deployment.send("HEAD", where)
        require(head.status == got.status, "HEAD has another status", head,
                expected=got.status, got=head.status)  # fmt: skip
        require(not head.body, "HEAD has a body", head)
        for name in ("content-type", "allow"):
            require(head.headers.get(name) == got.headers.get(name),
                    f"HEAD has another {name}", head)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PROTO-02")
@PATHS
def test_options_describes_a_path(deployment: Deployment, path: str) -> None:
    """OPTIONS is 200 with `Allow` and what the path parses; without a key it is 401."""
    where = filled(deployment, path)
    reply = deployment.send("OPTIONS", where)
    require(reply.status == 200, "OPTIONS is not 200", reply, expected=200, got=reply.status)
    require("GET" in reply.headers.get("allow", ""), "OPTIONS has no Allow", reply)
    body = reply.value
    described = isinstance(body, dict) and {"name", "renders", "parses"} <= body.keys()
    require(described, "OPTIONS does not describe the path", reply, got=body)
    check_challenge(deployment.send("OPTIONS", where, actor=None), "OPTIONS without a key")


@pytest.mark.rule("PROTO-03")
@pytest.mark.parametrize("query", ["", "?page=2&search=a%20b"])
def test_a_collection_without_its_slash(deployment: Deployment, query: str) -> None:
    """The collection without its slash is 301 to the one with it, query kept."""
    reply = deployment.send("GET", deployment.here.rstrip("/") + query)
    require(reply.status == 301, "a missing slash is not 301", reply, expected=301,
            got=reply.status)  # fmt: skip
    location = reply.headers.get("location", "")
    expected = deployment.here + query
    require(unquote(location).endswith(unquote(expected)), "the redirect leads elsewhere", reply,
            expected=expected, got=location)  # fmt: skip


@pytest.mark.rule("PROTO-03")
def test_an_item_with_a_slash(deployment: Deployment) -> None:
    """An item or an issuer with a slash behind it is 404."""
    for path in ("{item}/", "issuers/{issuer}/"):
        reply = deployment.send("GET", filled(deployment, path))
        require(reply.status == 404, "an item with a slash is not 404", reply, expected=404,
                got=reply.status)  # fmt: skip


@pytest.mark.rule("PROTO-04")
@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/json", 200), ("*/*", 200), ("application/*", 200),
     ("text/html, application/json;q=0.5", 200), ("text/html", 406), ("application/xml", 406)],
)  # fmt: skip
def test_accept(deployment: Deployment, accept: str, status: int) -> None:
    """Who accepts JSON gets it, who does not gets 406."""
    reply = deployment.get(headers={"Accept": accept})
    require(reply.status == status, "Accept is not heeded", reply,
            expected=f"{status} for {accept}", got=reply.status)  # fmt: skip


@pytest.mark.rule("PROTO-04")
def test_the_format_parameter(deployment: Deployment) -> None:
    """`format=json` is the list, another format is 404."""
    reply = deployment.get("", {"format": "json"})
    require(reply.status == 200, "format=json is not 200", reply, got=reply.status)
    check_refusal(deployment.get("", {"format": "nonsense"}), 404, "an unknown format")


@pytest.mark.rule("PROTO-05")
@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_methods_that_are_not_there(deployment: Deployment, method: str) -> None:
    """A method that an item does not have is 405 with `Allow`, and 401 without a key."""
    item = deployment.create()
    for actor, status in (("admin", 405), (None, 401)):
        reply = deployment.send(
            method, item["entityId"], actor=actor, headers={"Content-Type": JSON}, body=b"{}"
        )
        check_refusal(reply, status, "a method that is not there")
        if status == 405:
            allow = {each.strip() for each in reply.headers.get("allow", "").split(",")}
            expected = {"GET", "PUT", "DELETE"}
            require(expected <= allow, "a 405 does not tell what is allowed", reply,
                    expected=expected, got=allow)  # fmt: skip
    deployment.delete(item["entityId"])


@pytest.mark.rule("PROTO-05")
@pytest.mark.needs("disposable")
@pytest.mark.last
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_methods_that_a_collection_has_not(deployment: Deployment, method: str) -> None:
    """A method that a collection does not have is 405; asked of targets that are thrown away."""
    for path, actor, status in (("", "admin", 405), ("issuers/", "admin", 405), ("", None, 401)):
        reply = deployment.send(method, path, actor=actor)
        check_refusal(reply, status, "a method that is not there")


@pytest.mark.rule("PROTO-06")
def test_the_last_of_repeated_parameters_counts(deployment: Deployment) -> None:
    """Of two values of one parameter the last one counts."""

    def check() -> None:
        expected = deployment.page({"page_size": 2})
        reply = deployment.send("GET", "?page_size=5&page_size=2")
        ids = [each["entityId"] for each in reply.value["result"]["data"]]
        require(ids == expected.ids, "the first of repeated parameters counts", reply,
                expected=len(expected.ids), got=len(ids))  # fmt: skip
        nothing = deployment.made_up_id()
        reply = deployment.send("GET", f"?search={nothing}&search=")
        require(reply.value["result"]["count"] == deployment.page()["count"],
                "the first of repeated parameters counts", reply)  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PROTO-07")
@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "application/json;charset=UTF-8"]
)
def test_json_with_a_charset(deployment: Deployment, media_type: str) -> None:
    """A charset does not make another media type of JSON."""
    body = json.dumps(deployment.body(description="é"), ensure_ascii=False).encode()
    reply = deployment.send("POST", headers={"Content-Type": media_type}, body=body)
    item = created(reply)
    require(item["description"] == "é", "JSON with a charset is read wrongly", reply)
    deployment.delete(item["entityId"])


@pytest.mark.rule("PROTO-08")
def test_equal_requests_get_equal_answers(deployment: Deployment) -> None:
    """The same request, again and again without patience, has the same answer."""

    def check() -> None:
        path = "?" + f"page_size=3&search={quote('e')}"
        item = some_item(deployment)["entityId"]
        for where in (path, item):
            first = deployment.send("GET", where, patient=False)
            for number in range(deployment.effort.repeats):
                reply = deployment.send("GET", where, patient=False)
                same = reply.status == first.status and stable(reply.value) == stable(first.value)
                if reply.status == 429:
                    raise NotTested("the target limits the rate; set `rate`")
                require(same, "equal requests get different answers", reply,
                        expected=f"{first.status}, {len(first.body)} bytes",
                        got=f"{reply.status}, {len(reply.body)} bytes at try {number + 2}",
                )  # fmt: skip

    deployment.while_nobody_writes(check)


@pytest.mark.rule("PROTO-09")
def test_caching_headers_tell_the_truth(deployment: Deployment) -> None:
    """After a change an old ETag or date is not answered with 304, and a new one is sent."""
    item = deployment.create(description="before")
    first = deployment.get(item["entityId"])
    conditions = {
        "If-None-Match": first.headers.get("etag"),
        "If-Modified-Since": first.headers.get("last-modified"),
    }
    deployment.change(item["entityId"], {"description": "after"})
    for name, value in conditions.items():
        if not value or name == "If-Modified-Since":
            continue
        reply = deployment.get(item["entityId"], headers={name: value})
        fresh = reply.status == 200 and result(reply)["description"] == "after"
        require(fresh, f"{name} hides a change", reply, expected="200", got=reply.status)
        require(reply.headers.get("etag") != value, "the ETag did not change", reply)
    lists = deployment.page({"search": item["name"]}).reply
    etag = lists.headers.get("etag")
    deployment.delete(item["entityId"])
    if etag:
        headers = {"If-None-Match": etag}
        reply = deployment.get("", {"search": item["name"]}, headers=headers)
        require(reply.status == 200, "If-None-Match hides a deletion", reply, got=reply.status)


@pytest.mark.rule("PROTO-10")
def test_latency(deployment: Deployment) -> None:
    """The median of several answers is within the budget."""
    budget = (deployment.settings.max_latency or 0) * 1000
    item = some_item(deployment)["entityId"]
    for where in ("?page_size=10", item):
        replies = [deployment.send("GET", where) for _ in range(9)]
        replies.sort(key=lambda reply: reply.exchange.milliseconds)
        reply = replies[4]
        took = reply.exchange.milliseconds
        require(took <= budget, "an answer is too slow", reply, expected=f"{budget} ms",
                got=f"{took} ms, median of 9")  # fmt: skip


ODD = (
    "%00", "%FF", "%ED%A0%80", "%F0%9F%8E%93", "%E2%80%AE", "%0A", "%25%5F", "%27%22%60",
    "%5C%5C", "x" * 255, "x" * 256, "x" * 5000, "%D7%A9" * 200, "null", "[]", "1e400", "9" * 400,
    "%7B%7B1%2B1%7D%7D", "..%2F..%2Fetc%2Fpasswd", "%3Cscript%3E", "%27%20OR%201=1%20--",
)  # fmt: skip


@pytest.mark.rule("PROTO-11")
@pytest.mark.parametrize("parameter", ["search", "course", "program", "q"])
def test_odd_queries(deployment: Deployment, parameter: str) -> None:
    """NUL, broken UTF-8, emoji, long and dangerous texts find nothing or something, never fail."""
    path = "issuers/" if parameter == "q" else ""
    for text in ODD:
        reply = deployment.send("GET", f"{path}?{parameter}={text}", odd=True)
        fine = reply.status in (200, 400) or reply.is_from_the_front
        require(fine, f"an odd {parameter} fails", reply, expected="200", got=reply.status)


@pytest.mark.rule("PROTO-11")
def test_odd_paths(deployment: Deployment) -> None:
    """An id of any bytes is just not there."""
    for text in ODD:
        if len(text) > 1000 or "%2F" in text:
            continue
        reply = deployment.send("GET", text.replace("%0A", "%20"), odd=True)
        fine = reply.status in (404, 400) or reply.is_from_the_front
        require(fine, "an odd id is not 404", reply, expected=404, got=reply.status)


def odd_bodies(deployment: Deployment) -> list[tuple[str, bytes]]:
    """Return bodies that are odd, each with what is odd about it."""
    issuer = json.dumps(deployment.issuer)

    def body(name: str, more: str) -> bytes:
        return f'{{"name": "{name} {deployment.name("odd")}", "issuer": {issuer}, {more}}}'.encode()

    return [
        ("a NUL", body("n", '"description": "a\\u0000b"')),
        ("a NUL in the name", body("n\\u0000", '"tags": null')),
        ("half a surrogate pair", body("n", '"description": "a\\ud800b"')),
        ("half a surrogate pair in the name", body("n\\udfff", '"tags": null')),
        ("half a surrogate pair in metadata", body("n", '"metadata": {"a": "\\ud800"}')),
        ("half a surrogate pair as a choice", body("n", '"signal": "\\ud800"')),
        ("a huge number", body("n", f'"expires": {{"amount": {10**30}}}')),
        ("a huge number in metadata", body("n", f'"metadata": {{"n": {10**30}}}')),
        ("a huge float", body("n", '"metadata": {"n": 1e400}')),
        ("deep JSON", b"[" * 100_000),
        ("deep metadata", body("n", '"metadata": ' + '{"a":' * 400 + "1" + "}" * 400)),
        ("many fields", body("n", ", ".join(f'"f{n}": {n}' for n in range(2000)))),
        ("a long description", body("n", f'"description": "{"long " * 20_000}"')),
        ("a repeated key", body("n", '"tags": ["a"], "tags": ["b"]')),
    ]


@pytest.mark.rule("PROTO-12")
def test_odd_bodies(deployment: Deployment) -> None:
    """Whatever the body, it is stored as it is or refused with 400, and the list still answers."""
    for what, body in odd_bodies(deployment):
        reply = deployment.send("POST", headers={"Content-Type": JSON}, body=body, odd=True)
        fine = reply.status in (200, 201, 400, 413) or reply.is_from_the_front
        require(fine, f"{what} is neither stored nor refused", reply, expected="200 or 400",
                got=reply.status)  # fmt: skip
        if reply.status < 300:
            check_stored(deployment, reply, body, what)
        page = deployment.get("", {"page_size": 1})
        require(page.status == 200, f"after {what} the list fails", page, got=page.status)


def check_stored(deployment: Deployment, reply: Reply, body: bytes, what: str) -> None:
    """Raise Breach unless what was created shows what was sent."""
    item = created(reply)
    sent: dict[str, Any] = json.loads(body)
    again = deployment.get(item["entityId"])
    record = result(again)
    for name in ("description", "metadata", "tags"):
        value = sent.get(name)
        value = value.strip() if isinstance(value, str) else value
        if name in sent:
            require(record[name] == value, f"{what} comes back changed", again)
    deployment.delete(item["entityId"])
