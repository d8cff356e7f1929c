"""Clients as people use them, over the wire: what they lose is said, what they do well is not."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
from werkzeug.serving import make_server

from mockserver import create_app
from mockserver.hints.wording import HEADER
from tests.conftest import MAIN
from tests.hints.cases import ID, KEYS, dropped
from tests.support.server import RunningServer

KEY = {"Authorization": "Api-Key main-admin-key"}
TAGS, AMOUNT = (
    dropped("tags[]", "`tags`, once for each item"),
    dropped("expires[amount]", "`expires.amount`"),
)
LABEL = "the body is JSON, but `Content-Type` says `{}`: send `Content-Type: application/json`"
SLASH = f"the path lacks its last slash: most clients follow this 301 with a GET; ask for `{MAIN}`"
PREFIX = f"this mock has no prefix `/dm`: ask for `{MAIN}`, or start it with `--prefix /dm`"
NO_KEY = f"the application had no key: it sent `undefined`{KEYS}"

NODE = """
const [item, list] = process.argv.slice(1);
const headers = {Authorization: "Api-Key main-admin-key"};
const json = {...headers, "Content-Type": "application/json"};
const form = (...pairs) => pairs.reduce((f, pair) => (f.append(...pair), f), new FormData());
const body = JSON.stringify({name: "n"});
const put = (options) => fetch(item, {method: "PUT", headers, ...options});
const sent = {
  brackets: put({body: form(["tags[]", "a"], ["tags[]", "b"], ["expires[amount]", "3"])}),
  read: put({body: form(["tags", "a"], ["tags", "b"], ["expires.amount", "3"])}),
  encoded: put({body: new URLSearchParams([["tags", "a"], ["courses[]", "c"]])}),
  unlabelled: put({body}),
  labelled: put({body, headers: json}),
  slash: fetch(list.slice(0, -1), {method: "POST", headers: json, body, redirect: "manual"}),
  nothing: fetch(list, {headers: {Authorization: `Bearer ${undefined}`}}),
  parameters: fetch(`${list}?${new URLSearchParams({course: undefined, page: 1})}`, {headers}),
  prefix: fetch(list.replace("/api/", "/dm/api/"), {headers}),
};
const found = {};
for (const [name, answer] of Object.entries(sent)) {
  found[name] = (await answer).headers.get("X-Mock-Hint");
}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module", params=["granian", "werkzeug"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a mock, as `credmock serve` and as Werkzeug's own server have it."""
    if request.param == "granian":
        server: RunningServer = request.getfixturevalue("server")
        yield server.url
        return
    made = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not on this machine")
def test_node(url: str) -> None:
    """`fetch`, `FormData` and `URLSearchParams` of Node."""
    words = ["node", "--input-type=module", "--eval", NODE, f"{url}{MAIN}{ID}", f"{url}{MAIN}"]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == {
        "brackets": f"{TAGS} | {AMOUNT}",
        "read": None,
        "encoded": dropped("courses[]", "`courses`, once for each item"),
        "unlabelled": LABEL.format("text/plain"),
        "labelled": None,
        "slash": SLASH,
        "nothing": NO_KEY,
        "parameters": "`course=undefined`: the application had no value to send; "
        "leave the parameter out",
        "prefix": PREFIX,
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["-X", "PUT", "-d", '{"name": "n"}'], LABEL.format("application/x-www-form-urlencoded")),
        (["-X", "PUT", "-d", "tags[]=a"], TAGS),
        (["-X", "PUT", "-F", "expires[amount]=3"], AMOUNT),
        (["-X", "PUT", "-d", "tags=a", "-d", "tags=b"], None),
        (
            ["-X", "PUT", "-H", "Content-Type: application/json", "-d", "name=n"],
            "the body is a form, but `Content-Type` says `application/json`: "
            "send `Content-Type: application/x-www-form-urlencoded`, or JSON",
        ),
        ([], None),
    ],
)
def test_curl(url: str, options: list[str], hint: str | None) -> None:
    """`curl -d` without a media type, and its forms."""
    words = ["curl", "-s", "-D", "-", "-o", "/dev/null", "-H", "Authorization: main-admin-key"]
    ended = subprocess.run(
        [*words, *options, f"{url}{MAIN}{ID}"], capture_output=True, text=True, check=True
    )
    lines = [line for line in ended.stdout.splitlines() if line.lower().startswith(HEADER.lower())]
    assert [line.partition(": ")[2] for line in lines] == ([hint] if hint else [])


@pytest.mark.parametrize("send", [httpx.request, requests.request], ids=["httpx", "requests"])
def test_python(url: str, send: Callable[..., Any]) -> None:
    """What Python's clients make of lists, of data without a label, and of a redirect."""

    def hint(method: str, path: str, **options: Any) -> str | None:
        headers = {**KEY, **options.pop("headers", {})}
        found: str | None = send(method, url + path, headers=headers, **options).headers.get(HEADER)
        return found

    item = MAIN + ID
    assert hint("GET", MAIN, params={"course": ["a", "b"]}) == (
        "`course` was sent 2 times: only the last value, `b`, counts"
    )
    assert hint("PUT", item, data={"tags[]": ["a", "b"], "expires[amount]": 3}) == (
        f"{TAGS} | {AMOUNT}"
    )
    assert hint("PUT", item, data={"tags": ["a", "b"], "expires.amount": 3}) is None
    assert hint("PUT", item, json={"tags": ["a", "b"], "expires": {"amount": 3}}) is None
    raw = {"content" if send is httpx.request else "data": b'{"name": "n"}'}
    assert hint("PUT", item, **raw, headers={"Content-Type": "text/plain"}) == (
        LABEL.format("text/plain")
    )
    assert hint("GET", f"/dm{MAIN}") == PREFIX
    followed = {"follow_redirects": True} if send is httpx.request else {}
    answer = send("POST", url + MAIN[:-1], headers=KEY, json={"name": "n"}, **followed)
    assert (answer.status_code, answer.request.method) == (200, "GET")
    assert [each.headers[HEADER] for each in answer.history] == [SLASH]
