"""Proxies of the environment: this machine is never reached through one, others are."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from contract_tests.errors import UsageError
from contract_tests.settings.proxies import find_proxy
from mockserver.capture.service import Service
from mockserver.cli.main import main
from mockserver.control.client import Control, ControlError
from mockserver.control.guard import read_host
from mockserver.errors import StartError
from mockserver.proxies import find_proxy as find_proxy_of_mock
from mockserver.proxies import is_loopback
from tests.support.command import run
from tests.support.paths import ROOT
from tests.support.server import CREDMOCK, RunningServer, running
from tests.support.waiting import PATIENCE

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
DEAD = "http://user:secret@127.0.0.1:1"
NASTY = [
    {"HTTP_PROXY": DEAD, "http_proxy": DEAD, "ALL_PROXY": DEAD},
    {"ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": "localhost,127.0.0.1,::1/128"},
    {"HTTP_PROXY": "socks5h://127.0.0.1:1", "no_proxy": "[::1]:*,,  ,fe80::/10"},
    {"HTTP_PROXY": "nonsense://", "HTTPS_PROXY": "http://[", "NO_PROXY": "::1/1000,*."},
]


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the environment of this process with other proxies."""
    names = {name for each in VARIABLES for name in (each, each.lower())}
    return {**{name: os.environ[name] for name in os.environ.keys() - names}, **variables}


@pytest.mark.parametrize("variables", NASTY)
def test_a_mock_here_is_reached_directly(server: RunningServer, variables: dict[str, str]) -> None:
    """`ctl` and the check of the image reach it, whatever the variables say."""
    line = next(
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if "HEALTHCHECK" in line
    )
    check = line.partition('"-c", "')[2].rpartition('"')[0]
    for command in (
        [*CREDMOCK, "ctl", "--url", server.url, "clock"],
        [sys.executable, "-c", check.replace("http://127.0.0.1:8765", server.url)],
    ):
        ended = subprocess.run(
            command, env=environment(variables), capture_output=True, text=True, timeout=PATIENCE
        )
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr


def test_a_target_here_is_tested_directly(server: RunningServer) -> None:
    """The harness reaches it as well."""
    variables = environment({**os.environ, **NASTY[1], "HTTP_PROXY": DEAD})
    keys = {"CREDCHECK_KEY_ADMIN": "main-admin-key"}
    words = ("--org", "main", "--user-id", "1", "--rule", "PAGE-01", "--api-version", "4.202")
    ended = run("run", server.url, *words, env={**variables, **keys})
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "ALL_PROXY is of the kind socks5"),
        ({"HTTP_PROXY": "ftp://x"}, "HTTP_PROXY is of the kind ftp"),
        ({"http_proxy": "http://[::1"}, "http_proxy is not a valid address"),
        ({"http_proxy": "http://user:secret@x:99999"}, "http_proxy is not a valid address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_line(variables: dict[str, str], named: str) -> None:
    """Before the first request; it names the variable and shows no password."""
    words = ("--org", "main", "--user-id", "1")
    keys = {"CREDCHECK_KEY_ADMIN": "main-admin-key"}
    ended = run("run", "http://staging.invalid", *words, env={**environment(variables), **keys})
    said = ended.stderr.removeprefix("ERROR: ").strip()
    assert (ended.returncode, said.count("\n"), named in said) == (2, 0, True), ended.stderr
    assert "secret" not in ended.stdout + ended.stderr


CLIENTS = {
    "ctl": ("ctl", "--url", "http://mock.invalid", "clock"),
    "capture": ("capture", "http://mock.invalid", "--org", "main", "--user-id", "1"),
    "upstream": ("serve", "--bind", "127.0.0.1:0", "--upstream", "http://mock.invalid"),
}
"""Each command of the mock that sends requests."""


@pytest.mark.parametrize("words", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("socks5://user:secret@127.0.0.1:1", "is of the kind socks5"),
        ("http://user:secret@[::1", "is not a valid address"),
    ],
)
def test_a_client_of_the_mock_names_a_proxy_that_cannot_be_used(
    words: tuple[str, ...], proxy: str, reason: str
) -> None:
    """It is one line that names the variable and shows no password, and exit code 2."""
    variables = environment({"ALL_PROXY": proxy, "CREDCHECK_KEY_ADMIN": "main-admin-key"})
    ended = subprocess.run([*CREDMOCK, *words], env=variables, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert f"ALL_PROXY {reason}" in ended.stderr
    assert "mock.invalid into NO_PROXY" in ended.stderr
    assert "secret" not in ended.stderr


def test_a_service_here_is_captured_and_passed_on_to_directly(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proxy takes what `capture` and `--upstream` send to this machine."""
    for name, value in NASTY[0].items():
        monkeypatch.setenv(name, value)
    key = {"scheme": "Api-Key", "rate": 0.0, "most_requests": 2}
    with closing(Service(server.url, "main", "1", "main-admin-key", **key)) as service:  # type: ignore[arg-type]
        assert next(iter(service.read())).records
    # In a process of its own, whose end closes the connection to the service.
    with running("--upstream", server.url) as mock:
        response = httpx.get(f"{mock.url}/no/such/path", trust_env=False)
    assert response.headers["X-Mock-Upstream"] != "failed"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_a_file_of_certificates_that_is_not_there_is_one_line(
    variable: str, tmp_path: Path
) -> None:
    """The line names the variable; exit code 2."""
    variables = environment(
        {variable: str(tmp_path / "no" / "file"), "CREDCHECK_KEY_ADMIN": "k" * 8}
    )
    words = [*CREDMOCK, "capture", "https://mock.invalid", "--org", "main", "--user-id", "1"]
    ended = subprocess.run(words, env=variables, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr.startswith(f"credmock: {variable}")
    ended = run("run", "https://mock.invalid", "--org", "main", "--user-id", "1", env=variables)
    assert (ended.returncode, ended.stderr.strip().count("\n")) == (2, 0), ended.stderr
    assert ended.stderr.startswith(f"ERROR: {variable}")


def test_a_mock_elsewhere_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control client and the harness send the proxy the whole address."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def serve() -> None:
            for _ in range(2):
                connection, _ = proxy.accept()
                with connection:
                    received.append(connection.recv(65536).partition(b"\r\n")[0])
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        monkeypatch.setenv("http_proxy", address)
        Control("http://mock.invalid:1").clock()
        found = find_proxy("http://mock.invalid:1", os.environ)
        with httpx.Client(proxy=found, trust_env=False) as client:
            client.get("http://mock.invalid:1/x")
        thread.join(PATIENCE)
    assert [line.split()[1] for line in received] == [
        b"http://mock.invalid:1/__mock__/clock",
        b"http://mock.invalid:1/x",
    ]


@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        ("http://a.example.com", {"HTTP_PROXY": "p:3128"}, "http://p:3128"),
        ("https://a.example.com", {"HTTP_PROXY": "p:3128"}, None),
        ("https://a.example.com", {"https_proxy": "https://p"}, "https://p"),
        ("https://a.example.com", {"ALL_PROXY": "http://p"}, "http://p"),
        ("http://a.example.com", {"HTTP_PROXY": "p", "NO_PROXY": "example.com"}, None),
        ("http://a.example.com", {"HTTP_PROXY": "p", "NO_PROXY": "x, .example.com"}, None),
        ("http://a.example.com", {"HTTP_PROXY": "p", "NO_PROXY": "*.example.com"}, None),
        ("http://an-example.com", {"HTTP_PROXY": "p", "NO_PROXY": "example.com"}, "http://p"),
        ("http://a.example.com", {"HTTP_PROXY": "p", "NO_PROXY": "*"}, None),
        ("http://a.example.com:81", {"HTTP_PROXY": "p", "NO_PROXY": "example.com:81"}, None),
        ("http://a.example.com:82", {"HTTP_PROXY": "p", "NO_PROXY": "example.com:81"}, "http://p"),
        ("http://10.1.2.3", {"HTTP_PROXY": "p", "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://[2001:db8::1]", {"HTTP_PROXY": "p", "NO_PROXY": "2001:db8::/32"}, None),
        ("http://11.1.2.3", {"HTTP_PROXY": "p", "NO_PROXY": "10.0.0.0/8"}, "http://p"),
        ("http://a.example.com", {"HTTP_PROXY": " "}, None),
        ("http://127.0.0.2", {"HTTP_PROXY": "p"}, None),
        ("http://app.localhost", {"HTTP_PROXY": "p"}, None),
        ("http://[::ffff:127.0.0.1]", {"ALL_PROXY": "socks5://p"}, None),
    ],
)
def test_the_usual_variables_are_read_as_usual(
    url: str, variables: dict[str, str], proxy: str | None
) -> None:
    """By scheme, in either case, without what NO_PROXY lists; by the mock's own clients as well."""
    assert find_proxy(url, variables) == proxy
    assert find_proxy_of_mock(url, variables) == proxy


def test_a_wrong_proxy_raises_before_a_run() -> None:
    """The message says what to do."""
    with pytest.raises(UsageError, match="variable ALL_PROXY is of the kind socks4"):
        find_proxy("http://a.example.com", {"ALL_PROXY": "socks4://p"})
    with pytest.raises(StartError, match="variable ALL_PROXY is of the kind socks4"):
        find_proxy_of_mock("http://a.example.com", {"ALL_PROXY": "socks4://p"})


@pytest.mark.parametrize(
    "url", ["http://[", "127.0.0.1:8765", "http://", "http://x:99999", "ftp://x"]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    """No address makes the client fail in another way."""
    with pytest.raises(ControlError, match="is not an http address"):
        Control(url)


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("[::1]", "::1"),
        ("[::1]:8765", "::1"),
        ("localhost", "localhost"),
        ("LOCALHOST:1", "localhost"),
        ("127.0.0.1:8765", "127.0.0.1"),
        ("evil.example.com:80", "evil.example.com"),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_header(header: str, host: str) -> None:
    """With and without a port, and of both families."""
    assert read_host(header) == host


@pytest.mark.parametrize("host", ["::1", "[::1]", "127.9.9.9", "localhost.", "a.localhost"])
def test_what_is_this_machine(host: str) -> None:
    """Every address of the loopback, and its names."""
    assert is_loopback(host)
    assert not is_loopback(f"{host}.example.com")


def test_the_control_plane_takes_each_own_host(server: RunningServer, tmp_path: Path) -> None:
    """An IPv6 address without a port is this machine, too."""
    hosts = (("[::1]", 200), ("[::1]:1", 200), ("localhost", 200), ("[::2]", 403))
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        for host, status in hosts:
            answer = client.get(f"{server.url}/__mock__/clock", headers={"Host": host})
            assert answer.status_code == status, host


@pytest.mark.parametrize("value", ["日本", "a\nb", "\x7f"])
def test_what_no_header_carries_is_told(value: str) -> None:
    """A sandbox and a token go into headers: by the option, exit code 2, and without the token."""
    for option in ("--sandbox", "--control-token"):
        ended = CliRunner().invoke(main, ["ctl", option, value, "health"])
        assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert f"'{option}': no header carries this value" in ended.stderr
    ended = CliRunner().invoke(main, ["serve", "--bind", "127.0.0.1:0", "--control-token", value])
    assert (ended.exit_code, value in ended.stderr) == (2, False)
    with pytest.raises(ControlError, match="no header carries this control token"):
        Control("http://127.0.0.1:1", token=value)


@pytest.mark.parametrize("content", [b"<html>", b"5", b"[" * 5000, b""])
def test_another_server_is_no_mock(content: bytes) -> None:
    """It may respond with anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                length = b"Content-Length: %d" % len(content)
                connection.sendall(b"HTTP/1.0 200 OK\r\n" + length + b"\r\n\r\n" + content)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ControlError, match="is not a mock: it responds with"):
            Control(url).health()
        thread.join(PATIENCE)
