"""The command `credmock` as its users run it: real processes, real ports, real files."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockserver.cli.listening import open_listeners
from mockserver.cli.main import main
from mockserver.contract.compiler import load_contract
from mockserver.files import WORLD
from tests.support.server import CREDMOCK, RunningServer, free_port, running
from tests.support.waiting import PATIENCE, wait_until
from tests.support.world import DOCUMENT, listed

ITEM = "/api/credentials/orgs/main/users/1/"


def credmock(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command and return how it ended."""
    return subprocess.run([*CREDMOCK, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def fetch(url: str, **headers: str) -> Any:
    """Return the JSON of a GET."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return json.load(answer)


def test_the_banner_says_all_that_one_needs(server: RunningServer) -> None:
    """Address, platforms, each key with its role, the contract; and the curl line works."""
    banner = server.banner
    assert "main (" in banner
    assert "acme (" in banner
    for key in DOCUMENT["api_keys"]:
        assert key["key"] in banner
    assert "deactivated" in banner
    assert f"{server.url}/__mock__/openapi.yaml" in banner
    line = next(line.strip() for line in banner.splitlines() if line.strip().startswith("curl"))
    printed = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["result"]["data"]


def test_the_control_plane_answers(server: RunningServer) -> None:
    """Health, the contract in both forms with this mock as its server, and the pictures."""
    assert fetch(f"{server.url}/__mock__/health")["status"] == "ok"
    document = fetch(f"{server.url}/__mock__/openapi.json")
    assert document["servers"][0]["url"] == server.url
    with urllib.request.urlopen(f"{server.url}/__mock__/openapi.yaml") as answer:
        assert answer.headers["Content-Type"] == "application/yaml"
        assert f"url: {server.url}".encode() in answer.read()
    page = fetch(f"{server.collection}?page_size=100", Authorization="main-admin-key")
    pictures = {each["iconImage"] for each in page["result"]["data"] if each["iconImage"]}
    assert len(pictures) > 5
    for picture in pictures:
        with urllib.request.urlopen(picture) as answer:
            assert answer.headers["Content-Type"].startswith("image/")


def test_a_prefix_is_kept_in_every_address() -> None:
    """Below a prefix everything works, links and pictures included; without it nothing does."""
    with running("--prefix", "/dm") as served:
        assert served.url.endswith("/dm")
        page = fetch(f"{served.collection}?page_size=3", Authorization="main-admin-key")["result"]
        assert page["next"].startswith(f"{served.collection}?page=2")
        assert fetch(page["next"], Authorization="main-admin-key")["result"]["page_number"] == 2
        picture = next(each["iconImage"] for each in page["data"] if each["iconImage"])
        with urllib.request.urlopen(picture) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(served.url.removesuffix("/dm") + ITEM, Authorization="main-admin-key")


def test_a_killed_server_leaves_no_process_on_its_port() -> None:
    """SIGKILL of the command ends all of it; the next start finds the port free."""
    port = free_port()
    with subprocess.Popen(
        [*CREDMOCK, "serve", "--bind", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert f"127.0.0.1:{port}" in process.stdout.readline()
        process.kill()
        # The pipe ends only when the last process that holds it has ended.
        process.stdout.read()
    open_listeners("127.0.0.1", port)[0].close()


def test_a_small_body_waits_for_nobody() -> None:
    """Connections send a body at once, though the client has not acknowledged its headers."""
    [listener] = open_listeners("127.0.0.1", 0)
    listener.setblocking(True)
    with listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_server_killed_while_it_loads_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL of the command ends all of it, though it has not begun to serve."""
    port = free_port()
    world = tmp_path / "world.json"
    os.mkfifo(world)
    command = [*CREDMOCK, "serve", "--bind", f"127.0.0.1:{port}", "--world", str(world)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        world.open("w"),  # which waits until the server reads; the server then waits for a world
    ):
        process.kill()
        said, _ = process.communicate(timeout=PATIENCE)
    assert said == ""
    open_listeners("127.0.0.1", port)[0].close()


@pytest.mark.parametrize(
    "delay", [0.0, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.05, 0.2, 0.4, 0.6))]
)
def test_the_server_stops_whenever_it_is_told_to(delay: float) -> None:
    """SIGTERM ends the server, in the middle of its start as well."""
    with subprocess.Popen(
        [*CREDMOCK, "serve", "--bind", f"127.0.0.1:{free_port()}"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(delay)
        process.terminate()
        assert process.stdout is not None
        process.stdout.read()
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize("form", [pytest.param("text", marks=pytest.mark.slow), "json", "quiet"])
def test_a_line_for_each_request(form: str) -> None:
    """Each request is a line, plain or JSON, without its key; `--quiet` has none."""
    options = ("--quiet",) if form == "quiet" else ("--log-format", form)
    with running(*options) as served:
        fetch(f"{served.collection}?search=a%20b", Authorization="main-admin-key")
        fetch(f"{served.url}/__mock__/health")
    lines = [line for line in served.log if "/users/1/" in line]
    assert "main-admin-key" not in "".join(served.log)
    if form == "quiet":
        assert served.log == []
    elif form == "json":
        line = json.loads(lines[0])
        assert (line["method"], line["status"]) == ("GET", 200)
        assert line["path"] == f"{ITEM}?search=a%20b"
    else:
        assert f"200 GET {ITEM}?search=a%20b" in lines[0]


def test_a_variable_of_the_environment_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server hands the environment of its process to WSGI: a key there lets nobody in."""
    monkeypatch.setenv("HTTP_AUTHORIZATION", "Api-Key main-admin-key")
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:1")
    with running() as served:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(served.collection)
        assert refused.value.code == 401
        refused.value.close()
        monkeypatch.delenv("HTTP_PROXY")
        journal = json.dumps(fetch(f"{served.url}/__mock__/requests"))
    assert "/api/credentials/" in journal
    assert "secret" not in journal


@pytest.mark.slow
def test_a_world_that_breaks_meanwhile_is_told_and_mended(tmp_path: Path) -> None:
    """With `--reload` a world that cannot be loaded is one line, and the next change is taken."""
    world = tmp_path / "world.json"
    world.write_bytes(WORLD.read_bytes())
    with running("--world", str(world), "--reload") as served:
        world.write_text("{}")
        wait_until(
            lambda: any("not reloaded" in line for line in served.log),
            "a line says that the world cannot be loaded",
            seen=served.log,
        )
        world.write_bytes(WORLD.read_bytes())
        wait_until(
            lambda: fetch(f"{served.url}/__mock__/health"), "it serves again", ignore=(OSError,)
        )
    assert not any("Traceback" in line for line in served.log)


def test_reload_serves_a_changed_world(tmp_path: Path) -> None:
    """With `--reload` a changed world is served without a restart by hand."""
    world = tmp_path / "world.json"
    world.write_bytes(WORLD.read_bytes())
    with running("--world", str(world), "--reload") as served:
        count = fetch(served.collection, Authorization="main-admin-key")["result"]["count"]
        document = json.loads(WORLD.read_text())
        gone = listed()[0]["entityId"]
        for name, field in (("credentials", "entityId"), ("assertions", "credential")):
            document[name] = [each for each in document[name] if each[field] != gone]
        world.write_text(json.dumps(document))

        def changed() -> int | None:
            page = fetch(served.collection, Authorization="main-admin-key")
            seen: int = page["result"]["count"]
            return None if seen == count else seen

        seen = wait_until(changed, "the changed world is served", ignore=(OSError,))
        assert seen == count - 1


def broken_world(folder: Path, *path: Any, value: Any) -> str:
    """Write a world with one place changed and return its name."""
    document = json.loads(WORLD.read_text())
    target = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    file = folder / "broken.json"
    file.write_text(json.dumps(document))
    return str(file)


def test_what_cannot_start_says_so_in_one_line(tmp_path: Path, server: RunningServer) -> None:
    """A bad option, file or port is one line that names it, exit code 2, no traceback."""
    port = server.url.rpartition(":")[2]
    no_json, no_world = tmp_path / "no.json", tmp_path / "list.json"
    no_json.write_text('{\n"format": \n}')
    no_world.write_text("[]")
    cases = [
        (("serve", "--bind", f"127.0.0.1:{port}"), f"127.0.0.1:{port}: Address already in use"),
        (("serve", "--bind", "nowhere"), "--bind"),
        (("serve", "--bind", "192.0.2.1:80"), "192.0.2.1:80"),
        (("serve", "--prefix", "a b"), "--prefix"),
        (("serve", "--auth", "none"), "--auth"),
        (("serve", "--now", "yesterday"), "--now"),
        (("serve", "--now", "2026-01-01T00:00:00"), "time zone"),
        (("serve", "--no-such-option"), "--no-such-option"),
        (("serve", "--world", str(tmp_path / "missing.json")), "missing.json"),
        (("serve", "--world", str(no_json)), "no.json: not valid JSON: line 3"),
        (("serve", "--world", str(no_world)), "not a world document"),
        (("seed", "-o", str(tmp_path / "no" / "folder.json")), "folder.json"),
        (("call", "GET", "no-slash"), "PATH"),
        (("call", "GET", "/", "-H", "nonsense"), "--header"),
        (("call", "POST", "/", "-d", "@missing"), "missing"),
        (("spec", "--check", "--file", str(no_json)), "no.json"),
        (("dance",), "dance"),
    ]
    free = ("--bind", f"127.0.0.1:{free_port()}")
    for arguments, named in cases:
        needs_one = arguments[0] == "serve" and "--bind" not in arguments
        ended = credmock(*arguments, *(free if needs_one else ()))
        assert ended.returncode == 2, arguments
        assert ended.stdout == "", arguments
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert named in ended.stderr, ended.stderr


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("credentials",), 5, "credentials: expected a list of records"),
        (("credentials", 3, "name"), 5, "credentials[3]"),
        (("credentials", 3, "issuer"), "nobody", "there is no issuer 'nobody'"),
        (("credentials", 3, "courses"), ["x"], "there is no course"),
        (("credentials", 3, "createdAt"), "2026-01-01", "time zone"),
        (("credentials", 3, "signal"), "NO_SIGNAL", "signal"),
        (("credentials", 3, "tags"), "x", "tags"),
        (("credentials", 3, "signatories"), ["x"], "signatory"),
        (("credentials", 3), {}, "is missing"),
        (("users", 0, "role"), "king", "unknown role 'king'"),
        (("api_keys", 0, "user_id"), 12345, "there is no user"),
        (("issuers", 0, "name"), 5, "issuer"),
        (("assertions", 0, "credential"), "x", "there is no credential"),
    ],
)
def test_a_broken_world_names_the_record(
    tmp_path: Path, path: tuple[Any, ...], value: Any, named: str
) -> None:
    """A world with one wrong value does not start, and says which."""
    world = broken_world(tmp_path, *path, value=value)
    ended = CliRunner().invoke(main, ["call", "GET", "/", "--world", world])
    assert ended.exit_code == 2, ended.exception
    assert ended.stderr.count("\n") == 1
    assert "broken.json" in ended.stderr
    assert named in ended.stderr


def test_call_sends_one_request_in_process(tmp_path: Path) -> None:
    """`call` prints status, headers and body, and ends with 0 or 1."""
    body = tmp_path / "body.json"
    issuer = next(i["entityId"] for i in DOCUMENT["issuers"] if i["platform"] == "main")
    body.write_text(json.dumps({"name": "Fresh", "issuer": issuer}))
    key = ("-H", "Authorization: Api-Key main-admin-key")
    created = credmock("call", "POST", ITEM, *key, "-d", f"@{body}", "--strict")
    assert created.returncode == 0, created.stderr
    assert created.stdout.startswith("HTTP/1.1 200 OK\n")
    assert json.loads(created.stdout.split("\n\n", 1)[1])["result"]["name"] == "Fresh"
    refused = credmock("call", "GET", ITEM)
    assert refused.returncode == 1
    assert "WWW-Authenticate: Api-Key" in refused.stdout


def test_routes_lists_the_operations() -> None:
    """`routes` has a line for each operation with its evidence."""
    lines = credmock("routes").stdout.splitlines()
    assert len(lines) == len(load_contract().operations)
    assert any("credentials_orgs_users_create" in line and "C,N,G,P" in line for line in lines)


def test_spec_prints_and_checks_the_contract() -> None:
    """`spec` prints the document, `--check` compiles it, `--divergences` is a table."""
    assert credmock("spec").stdout.startswith("openapi: 3.1")
    assert f"{len(load_contract().operations)} operations" in credmock("spec", "--check").stdout
    table = credmock("spec", "--divergences").stdout.splitlines()
    assert len(table) > 80
    assert all(line.count(" | ") == 4 for line in table)


@pytest.mark.parametrize("command", ["serve", "seed", "routes", "call", "spec"])
def test_help_shows_an_example(command: str) -> None:
    """The help of each command says what it does and shows an example."""
    text = credmock(command, "--help").stdout
    assert re.search(r"^ *Examples?:", text, re.MULTILINE)
    assert f"credmock {command}" in text


def test_the_environment_sets_options() -> None:
    """Each option can be set by a variable."""
    port = free_port()
    command = [
        sys.executable,
        "-c",
        "from mockserver.cli.main import main; main()",
        "serve",
        "--help",
    ]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    assert "--bind" in text
    ended = subprocess.run(
        [*CREDMOCK, "serve"],
        env={"CREDMOCK_SERVE_BIND": "nowhere", "CREDMOCK_SERVE_PREFIX": f"/{port}"},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, "nowhere" in ended.stderr) == (2, True)
