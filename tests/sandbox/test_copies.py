"""What is copied from the journal is what was sent: curl lines, bodies, the HTTP Archive."""

import base64
import json
import os
import socket
import subprocess
from typing import Any

import httpx
import pytest

from tests.conftest import MAIN
from tests.support.server import RunningServer
from tests.support.waiting import PATIENCE

CLIENT = httpx.Client(trust_env=False, timeout=PATIENCE)
JSON = {"Content-Type": "application/json", "Authorization": "main-admin-key"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BODIES: dict[str, bytes] = {
    "text": '{"name": "ä 日本 \'quoted\' $HOME `x` \\\\ !"}'.encode(),
    "a name of a file": b"@/etc/passwd",
    "bytes": bytes(range(256)),
    "a picture": PNG,
    "NUL": b"a\0b",
    "a lone surrogate": b"\xed\xa0\x80",
    "line breaks": b"--x\r\n\r\n\tb\n--x--\r\n",
    "as much as is kept": b"x" * 64_000,
    "what a terminal acts on": b"a\x03b\tc\x1b[2Jd\x7f",
    "history in a second line": b"{\n!!: 'x'\n}",
    "lines and quotes": b"it's\n'quoted'\n",
}


def last(server: RunningServer, path: str) -> dict[str, Any]:
    """Return the last exchange with a path."""
    found = CLIENT.get(f"{server.url}/__mock__/requests", params={"path": f"*{path}"}).json()
    exchange: dict[str, Any] = found["requests"][0]
    return exchange


@pytest.mark.parametrize("name", list(BODIES))
def test_a_copied_line_sends_the_same_bytes(server: RunningServer, name: str) -> None:
    """As a shell runs it, whatever the body is."""
    path, body = MAIN, BODIES[name]
    CLIENT.post(f"{server.url}{path}?a=[1]", content=body, headers=JSON)
    before = last(server, path)
    # A line of 64 kB is longer than one word of a command may be in some systems, not in a pipe.
    ended = subprocess.run(
        ["bash", "-s"],
        input=before["curl"].encode(),
        capture_output=True,
        env={**os.environ, "CREDMOCK_KEY": "main-admin-key", "NO_PROXY": "*", "no_proxy": "*"},
    )
    assert ended.returncode == 0, ended.stderr
    after = last(server, path)
    assert after["number"] > before["number"]
    assert after["request"]["body"] == before["request"]["body"]
    assert after["path"] == before["path"]
    sent = before["request"]["body"]
    is_binary = before["request"].get("encoding") == "base64"
    assert (base64.b64decode(sent) if is_binary else sent.encode()) == body


@pytest.mark.parametrize(
    "body",
    [b"x" * 64_001, "ä".encode() * 40_000, b"\xff" * 100_000],
    ids=["one more", "letters", "bytes"],
)
def test_a_body_that_was_cut_is_marked(server: RunningServer, body: bytes) -> None:
    """There is no line to copy, and every form of it says how much is missing."""
    path = MAIN
    CLIENT.post(f"{server.url}{path}", content=body, headers=JSON)
    found = last(server, path)
    assert found["curl"] is None
    assert (found["request"]["size"], found["request"]["kept"]) == (len(body), 64_000)
    assert "\ufffd" not in found["request"]["body"]
    archive = CLIENT.get(f"{server.url}/__mock__/requests.har", params={"path": f"*{path}"}).json()
    request = archive["log"]["entries"][-1]["request"]
    assert request["bodySize"] == len(body)
    assert request["postData"]["comment"] == f"cut: 64000 of {len(body)} bytes"


@pytest.mark.parametrize("key", ["main-admin-key", "no-such-key"])
def test_a_body_that_was_not_read_is_marked(server: RunningServer, key: str) -> None:
    """Too large to be read, it is not taken for none: the line would be another request."""
    size = 3_000_000
    headers = {**JSON, "Authorization": key}
    CLIENT.post(f"{server.url}{MAIN}", content=b" " * size, headers=headers)
    found = last(server, MAIN)
    assert found["curl"] is None
    assert (found["request"]["size"], found["request"]["body"]) == (size, "")
    archive = CLIENT.get(f"{server.url}/__mock__/requests.har", params={"path": f"*{MAIN}"}).json()
    request = archive["log"]["entries"][-1]["request"]
    assert request["bodySize"] == size
    assert request["postData"]["comment"] == f"cut: 0 of {size} bytes"


def test_a_character_that_was_cut_is_no_binary(server: RunningServer) -> None:
    """The end of what is kept may lie within a character."""
    path = MAIN
    CLIENT.post(f"{server.url}{path}", content=b"x" + "ä".encode() * 40_000, headers=JSON)
    found = last(server, path)["request"]
    assert "encoding" not in found
    assert found["body"] == "x" + "ä" * 31_999


def test_the_archive_holds_bytes_as_base64(server: RunningServer) -> None:
    """A reader gets the picture back, of a request and of a response."""
    path = MAIN
    CLIENT.post(f"{server.url}{path}", content=PNG, headers=JSON)
    archive = CLIENT.get(f"{server.url}/__mock__/requests.har", params={"path": f"*{path}"}).json()
    sent = archive["log"]["entries"][-1]["request"]["postData"]
    assert base64.b64decode(sent["text"]) == PNG
    assert sent["encoding"] == "base64"
    assert "comment" not in sent


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", MAIN, [], b"a=b"),
        ("PUT", MAIN, [("Content-Type", ""), ("Accept", "")], b"{}"),
        (
            "GET",
            f"{MAIN}./x/../y/?c=[d]&e='f'%20%00!",
            [("Accept", 'a/b; q="1", it\'s')],
            b"",
        ),
        ("GET", MAIN, [("Prefer", 'x="$HOME" `id` \\ !')], b"{}"),
        ("HEAD", MAIN, [("Content-Type", "text/plain")], b"x"),
        ("DELETE", f"{MAIN}*/", [], b""),
        ("PROPFIND", MAIN, [], b"<a/>"),
    ],
)
def test_a_copied_line_sends_the_same_request(
    server: RunningServer, method: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    """Method, path, query, and the headers that decide the response, also the absent ones."""
    host = httpx.URL(server.url)
    with socket.create_connection((host.host, host.port or 80), timeout=PATIENCE) as connection:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *(": ".join(pair) for pair in headers)]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        while connection.recv(65536):
            pass
    before = CLIENT.get(f"{server.url}/__mock__/requests").json()["requests"][0]
    assert (before["method"], before["path"]) == (method, path)
    line = before["curl"].replace("http://x", server.url)
    ended = subprocess.run(
        ["bash", "-c", line], capture_output=True, timeout=20, env={**os.environ, "NO_PROXY": "*"}
    )
    assert ended.returncode == 0, (line, ended.stderr)
    after = CLIENT.get(f"{server.url}/__mock__/requests").json()["requests"][0]
    assert after["number"] > before["number"]
    assert (after["method"], after["path"]) == (method, path)
    names = ("accept", "content-type", "prefer")
    sent, again = (
        {name.lower(): value for name, value in one["request"]["headers"].items()}
        for one in (before, after)
    )
    again = {name: value for name, value in again.items() if value != "*/*"}
    assert [again.get(name) for name in names] == [sent.get(name) for name in names]
    assert after["request"]["body"] == ("" if method == "HEAD" else before["request"]["body"])


def test_a_head_request_is_copied_as_one(server: RunningServer) -> None:
    """`curl -X HEAD` would wait for a body that never comes."""
    CLIENT.head(f"{server.url}{MAIN}head/")
    line = last(server, f"{MAIN}head/")["curl"]
    ended = subprocess.run(
        ["bash", "-c", line], capture_output=True, timeout=20, env={**os.environ, "NO_PROXY": "*"}
    )
    assert ended.returncode == 0, json.dumps(line)
