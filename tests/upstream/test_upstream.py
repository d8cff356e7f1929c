"""What the mock does not have is passed on to a real second server, and nothing else is."""

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.cli.main import main
from mockserver.upstream import Upstream
from tests.support.certificates import OPENSSL, make_certificates
from tests.support.server import RunningServer, free_port, running
from tests.support.waiting import PATIENCE

KEY = "main-admin-key"
CLIENT = httpx.Client(trust_env=False, timeout=PATIENCE)


class Service(BaseHTTPRequestHandler):
    """The real service: it tells what it was sent, and breaks where it is asked to."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer any method: tell what came, or break in the way that the path names."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        name = self.path.partition("?")[0].rpartition("/")[2]
        breaking = {"closed": self.end_at_once, "cut": self.cut, "cut-chunks": self.cut_chunks}
        if name in breaking:
            breaking[name]()
        elif name == "redirect":
            self.answer(302, b"", Location="https://elsewhere.example.com/x")
        elif name == "chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        elif name == "gzip":
            self.answer(200, gzip.compress(b"packed"), **{"Content-Encoding": "gzip"})
        elif name == "missing":
            self.answer(404, b"not here")
        else:
            headers = [[name.lower(), value] for name, value in self.headers.items()]
            told = {"method": self.command, "path": self.path, "headers": headers}
            told["body"] = body.decode("latin-1")
            self.answer(200, json.dumps(told).encode(), Connection="x-hop", **{"X-Hop": "1"})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole response."""
        self.send_response(status)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_at_once(self) -> None:
        """Close the connection before anything was answered."""
        self.close_connection = True

    def cut(self) -> None:
        """Announce more than is sent."""
        self.send_response(200)
        self.send_header("Content-Length", "200000")
        self.end_headers()
        self.wfile.write(b"x" * 100_000)
        self.close_connection = True

    def cut_chunks(self) -> None:
        """End a chunked body without its last chunk."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n")
        self.wfile.flush()
        self.close_connection = True


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run the real service, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        scheme = "https" if context else "http"
        yield f"{scheme}://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Return the address of the real service."""
    with serving() as url:
        yield url


@pytest.fixture(scope="module")
def mock(service: str) -> Iterator[RunningServer]:
    """Return a mock in front of the real service."""
    with running("--quiet", "--upstream", f"{service}/base") as served:
        yield served


def test_what_the_mock_has_is_its_own(mock: RunningServer) -> None:
    """Operations, unknown paths below the API and the control plane are not passed on."""
    headers = {"Authorization": f"Api-Key {KEY}"}
    listed = CLIENT.get(mock.collection, headers=headers)
    assert listed.json()["result"]["count"] > 0
    for path in (
        "/api/credentials/unknown/",
        "/__mock__/unknown",
        "/x/%2e%2e/api/credentials/orgs/main/",
        "/API/Credentials/orgs/",
        "//api//credentials/orgs/",
        "/x/..%2fapi/credentials/",
        "/api%252fcredentials/orgs/",
        "/api;v=1/credentials;x/orgs/",
        "/api\\credentials\\orgs",
    ):
        answer = CLIENT.get(httpx.URL(mock.url, raw_path=path.encode()), headers=headers)
        assert answer.status_code in (404, 403), path
        assert "x-mock-upstream" not in answer.headers, path
        assert '"headers"' not in answer.text, path


def test_another_path_is_passed_on(mock: RunningServer, service: str) -> None:
    """The service gets path and query as they came, and the client what it answered, marked."""
    sent = {"X-Own": "1", "Accept-Language": "de", "Connection": "x-gone", "X-Gone": "1"}
    answer = CLIENT.get(f"{mock.url}/api/search/?q=a%20b&q=c", headers=sent)
    told = answer.json()
    names = {name for name, _ in told["headers"]}
    assert (told["method"], told["path"]) == ("GET", "/base/api/search/?q=a%20b&q=c")
    assert ["x-own", "1"] in told["headers"]
    assert ["host", service.removeprefix("http://")] in told["headers"]
    assert not names & {"x-gone", "x-mock-sandbox", "keep-alive", "te"}
    assert ["via", "1.1 credmock"] in told["headers"]
    assert answer.headers["x-mock-upstream"] == service
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-hop" not in answer.headers


def test_status_redirect_and_coding_are_handed_on(mock: RunningServer) -> None:
    """A 404 is the service's, a redirect is not followed, a compressed body is left compressed."""
    missing = CLIENT.get(f"{mock.url}/missing")
    assert (missing.status_code, missing.text) == (404, "not here")
    redirect = CLIENT.get(f"{mock.url}/redirect")
    assert redirect.status_code == 302
    assert redirect.headers["location"] == "https://elsewhere.example.com/x"
    packed = CLIENT.get(f"{mock.url}/gzip")
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", "packed")
    assert CLIENT.get(f"{mock.url}/chunks").text == "hello world"
    head = CLIENT.head(f"{mock.url}/anything")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0


def test_the_keys_of_the_mock_stay_here(mock: RunningServer) -> None:
    """A key of the world is in no header or parameter that the service gets; another key is."""
    cookies = {"Cookie": f"key={KEY}", "X-Mock-Control-Token": "token-of-the-mock"}
    for value in (f"Api-Key {KEY}", KEY, f"Token  {KEY}"):
        answer = CLIENT.get(
            f"{mock.url}/x?key={KEY}&a=1", headers={"Authorization": value, **cookies}
        )
        assert KEY not in answer.text
        assert "token-of-the-mock" not in answer.text
        assert answer.json()["path"] == "/base/x?a=1"
    answer = CLIENT.get(f"{mock.url}/x", headers={"Authorization": "Token of-the-service"})
    assert ["authorization", "Token of-the-service"] in answer.json()["headers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_are_not_passed_on(method: str, mock: RunningServer) -> None:
    """A write is refused with the option that would allow it."""
    answer = CLIENT.request(method, f"{mock.url}/x", content=b"{}")
    assert answer.status_code == 405
    assert "--upstream-writes" in answer.json()["detail"]
    assert answer.headers["x-mock-upstream"] == "refused"


def test_writes_are_passed_on_where_that_is_allowed(service: str) -> None:
    """Bodies of known and of unknown length arrive, and one above the bound is refused."""
    options = ("--quiet", "--upstream", service, "--upstream-writes", "--max-body", "100000")
    with running(*options) as served:
        for content in (b"a" * 70_000, iter([b"a" * 35_000, b"a" * 35_000])):
            answer = CLIENT.post(f"{served.url}/x", content=content)
            assert answer.json()["body"] == "a" * 70_000
        for large in (b"a" * 100_001, iter([b"a" * 60_000, b"a" * 60_000])):
            assert CLIENT.put(f"{served.url}/x", content=large).status_code in (400, 413)
        assert CLIENT.delete(f"{served.url}/x").json()["method"] == "DELETE"


def test_it_is_in_the_journal(mock: RunningServer, service: str) -> None:
    """The journal has the exchange, marked by the header, without hints at the path."""
    CLIENT.get(f"{mock.url}/journalled?token=1", headers={"Authorization": "Token secret-one"})
    found = CLIENT.get(f"{mock.url}/__mock__/requests?path=/journalled").json()["requests"]
    assert found[0]["response"]["headers"]["X-Mock-Upstream"] == service
    assert found[0]["hints"] == []
    assert "secret-one" not in json.dumps(found)


def test_an_answer_that_breaks_is_no_whole_one(mock: RunningServer) -> None:
    """It is a 502, or the connection ends early as it did there; never a shorter whole answer."""
    closed = CLIENT.get(f"{mock.url}/closed")
    assert closed.status_code == 502
    assert closed.headers["x-mock-upstream"] == "failed"
    assert "does not respond" in closed.json()["detail"]
    with pytest.raises(httpx.RemoteProtocolError):
        CLIENT.get(f"{mock.url}/cut")
    chunked = CLIENT.get(f"{mock.url}/cut-chunks")  # of unknown length, so it is collected first
    assert chunked.status_code == 502
    assert not [line for line in mock.log if "Traceback" in line]
    assert CLIENT.get(f"{mock.url}/still-there").status_code == 200


def test_a_service_that_is_not_there_is_a_502() -> None:
    """The response names the option and the address, and no Python."""
    url = f"http://127.0.0.1:{free_port()}"
    with running("--quiet", "--upstream", url) as served:
        answer = CLIENT.get(f"{served.url}/x")
        assert answer.status_code == 502
        assert answer.json()["detail"].startswith(f"--upstream {url} does not respond: ")


def test_a_mock_in_front_of_itself_is_a_502() -> None:
    """A request that comes around is answered, and not sent on for ever."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running("--quiet", "--bind", f"127.0.0.1:{port}", "--upstream", url) as served:
        answer = CLIENT.get(f"{served.url}/x")
        assert answer.status_code == 502
        assert "leads back to this mock" in answer.json()["detail"]


@pytest.mark.skipif(OPENSSL is None, reason="needs openssl")
def test_certificates_are_checked(tmp_path: Path) -> None:
    """A certificate that nobody trusts is a 502; with its authority in a file it is trusted."""
    files = make_certificates(tmp_path)
    with serving(files.make_server_context(needs_client=False)) as url:
        with running("--quiet", "--upstream", url) as served:
            answer = CLIENT.get(f"{served.url}/x")
            assert answer.status_code == 502
            assert "certificate" in answer.json()["detail"].lower()
        with running("--quiet", "--upstream", url, "--upstream-ca", str(files.authority)) as served:
            assert CLIENT.get(f"{served.url}/x").status_code == 200


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no URL": (("--upstream", "staging"), "not a valid base URL"),
    "a password": (("--upstream", "https://me:secret-word@host"), "not a valid base URL"),
    "a port out of range": (("--upstream", "http://host:99999"), "not a valid base URL"),
    "writes to nowhere": (("--upstream-writes",), "need --upstream URL"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_usage_is_one_line(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option is exit code 2 with one line, in which no password is."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--bind", "127.0.0.1:0", *options])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert "secret-word" not in error


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    """The start ends with the option and the file."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(Exception, match=r"--upstream-ca .*ca\.pem"):
        Upstream("https://host", allow_writes=False, ca=file, maximum_body=1)


def test_below_a_prefix_paths_are_taken_as_they_are_at_the_service(service: str) -> None:
    """What is below the prefix goes below the upstream's path, anything else to its host."""
    with running("--quiet", "--prefix", "/dm", "--upstream", f"{service}/dm") as served:
        below = CLIENT.get(f"{served.url}/search/")
        outside = CLIENT.get(httpx.URL(served.url).copy_with(path="/lms/x"))
        assert below.json()["path"] == "/dm/search/"
        assert outside.json()["path"] == "/lms/x"


def test_a_page_of_another_origin_may_read_the_answer(mock: RunningServer) -> None:
    """The mock answers preflights and adds its own headers, as for its operations."""
    origin = {"Origin": "http://localhost:3000"}
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    assert CLIENT.options(f"{mock.url}/x", headers=asked).status_code == 200
    answer = CLIENT.get(f"{mock.url}/x", headers=origin)
    assert answer.headers["access-control-allow-origin"] in ("*", origin["Origin"])
