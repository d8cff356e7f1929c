"""What other things in front of the service answer: gateways, networks, portals and wrong ports."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from contract_tests.engine import connection
from contract_tests.engine.safety import RateLimiter
from contract_tests.engine.target import Target
from contract_tests.errors import Disturbed, Intercepted, RequestFailed, TargetUnavailable
from contract_tests.settings.sources import load_settings
from contract_tests.wire.intermediary import Answer as Seen
from contract_tests.wire.intermediary import find_interception
from tests.engine.test_faults import LIST, create, from_then_on, judge, once, read, target_on
from tests.support.command import ENVIRONMENT
from tests.support.faulty import CLOSE, Answer, Call, serve_faulty
from tests.support.waiting import PATIENCE

NGINX_404 = "<center><h1>404 Not Found</h1></center><hr><center>nginx</center>"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(status) for status in (408, 421, 425, 460, 509, 529, 599)),
        Answer.page(404, NGINX_404),
        Answer(404, {"Content-Type": "text/plain"}, b"default backend - 404"),
        Answer(404, {"Content-Type": "text/plain"}, b"404 page not found\n"),
        Answer.page(200, "<!doctype html><title>Wartung</title>"),
        Answer.page(403, "<html><h1>No entry</h1></html>"),
        Answer(200, {**JSON, "Content-Encoding": "gzip"}, b"{}"),
    ],
    ids=str,
)
def test_a_read_that_got_another_answer_once_is_asked_again(answer: Answer, tmp_path: Path) -> None:
    """Pages, parts of JSON and the status codes of gateways, once, are a notice."""
    with target_on(once(answer), tmp_path) as (target, served):
        assert read(target).status == 200
        assert read(target).status == 200
        assert not target.observations.findings
        assert target.observations.notices
        assert len(served.calls) == 3


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Answer.page(511, "<title>Hotel</title>"), "511 'Hotel', the network"),
        (Answer(408), "408, a gateway's answer"),
        (Answer.page(404, NGINX_404), "404 '404 Not Found', a gateway's page"),
        (Answer.page(200, "<!doctype html><title>Portal</title>"), "200 'Portal', a page and not"),
        (Answer.page(401, NGINX_404.replace("404 Not Found", "401 No")), "401 '401 No', a wall"),
        (Answer.page(200, "<title>Just a moment...</title>"), "the refusal of a firewall"),
        (Answer.page(200, "<p>x</p>", cf_mitigated="challenge"), "the refusal of a firewall"),
        (Answer(403, {**JSON, "x-amzn-errortype": "X"}, b"{}"), "the refusal of a firewall"),
        (Answer.page(403, "<center><h1>403 Forbidden</h1></center>"), "the refusal of a firewall"),
        (Answer(302, {"Location": "https://dev-1.okta.com/app/x"}), "https://dev-1.okta.com/app/x"),
        (Answer(303, {"Location": "/portal?next=%2Fapi%2F"}), "a redirect to /portal,"),
        (Answer(301, {"Location": f"https://127.0.0.1{LIST}"}), "away from the API"),
        (Answer(302, {"Location": "http://[odd"}), "away from the API"),
        (
            Answer.page(400, "<h1>400 The plain HTTP request was sent to HTTPS port</h1>"),
            "the port speaks TLS, use https://",
        ),
        (
            Answer(400, {"Content-Type": "text/plain"}, b"Client sent an HTTP request to an HTTPS "
                   b"server."),
            "the port speaks TLS, use https://",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_lasts_is_named(answer: Answer, named: str, tmp_path: Path) -> None:
    """Each is exit code 3 by its own name once it is all that is answered."""
    with target_on(from_then_on(answer), tmp_path) as (target, _):
        read(target)
        with pytest.raises(TargetUnavailable, match=re.escape(named)):
            read(target)
        assert not target.observations.findings


@pytest.mark.parametrize(
    "answer",
    [
        Answer.page(200, "<!doctype html><title>Portal</title>"),
        Answer.page(404, NGINX_404),
        Answer(200, JSON, b'{"result": {'),
        Answer(200, JSON, b""),
    ],
    ids=str,
)
def test_what_one_read_always_gets_is_judged(answer: Answer, tmp_path: Path) -> None:
    """Where the list is answered, such a response is the service's own, or its deployment's."""
    with target_on(lambda call: answer if "?x" in call.path else None, tmp_path) as (target, _):
        read(target)
        assert read(target, "?x=1").status == answer.status
        assert target.observations.findings


@pytest.mark.parametrize(
    "answer",
    [
        Answer.page(404, NGINX_404),
        Answer(404, {"Content-Type": "text/plain"}, b"404 page not found\n"),
        Answer(404, {"Content-Type": "text/plain"}, b"default backend - 404"),
    ],
    ids=str,
)
def test_an_operation_without_a_route_is_asked_for_once_more(
    answer: Answer, tmp_path: Path
) -> None:
    """A gateway's 404 to one operation is no restart: reads are sent twice, and later once."""
    item = f"{LIST}AAAAAAAAAAAAAAAAAAAAAA"
    with target_on(lambda call: answer if call.path == item else None, tmp_path) as (
        target,
        served,
    ):
        read(target)
        for _ in range(3):
            assert target.send("GET", item).status == 404
        assert sum(call.path == item for call in served.calls) == 4
        target.guard.unknown.add("AAAAAAAAAAAAAAAAAAAAAA")
        with pytest.raises(Disturbed):
            target.send("PUT", item, headers=JSON, body=b'{"name": "x"}')
        assert sum(call.method == "PUT" for call in served.calls) == 2


def test_a_list_with_the_services_own_error_page_is_judged(tmp_path: Path) -> None:
    """A team's own page for 500 that lasts is a finding, not a target that is not available."""
    page = Answer.page(500, "<!doctype html><title>Oops</title><h1>Something broke</h1>")
    with target_on(from_then_on(page), tmp_path) as (target, served):
        read(target)
        assert read(target).status == 500
        assert [finding.rule for finding in target.observations.findings.values()] == ["ERR-01"]
        assert target.watch.lost or len(served.calls) == 2


def test_a_body_that_ends_with_its_connection_is_asked_for_again(tmp_path: Path) -> None:
    """Half a body without a length may be cut on its way, half a body with its length is judged."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    half = b'{"result": {"count": 4, "da'
    calls = count(1)

    def answer(client: socket.socket) -> None:
        client.recv(4096)
        length = b"Content-Length: %d\r\n" % len(half) if next(calls) > 2 else b""
        client.sendall(head + length + b"Connection: close\r\n\r\n" + half)

    with listening(answer) as port, target_at(f"http://127.0.0.1:{port}", tmp_path) as target:
        read(target)
        assert next(calls) == 3
        assert target.observations.notices
        read(target)
        assert next(calls) == 5
        assert any("JSON" in each.message for each in target.observations.findings.values())


def test_a_list_that_is_no_json_is_the_services(tmp_path: Path) -> None:
    """A list whose body is always broken JSON is judged, and stops nothing."""
    with target_on(from_then_on(Answer(200, JSON, b'{"result": ')), tmp_path) as (target, _):
        for _ in range(2):
            assert read(target).status == 200
        assert any("JSON" in each.message for each in target.observations.findings.values())


def test_a_creation_that_is_told_to_wait_is_not_sent_twice(tmp_path: Path) -> None:
    """503 with `Retry-After` may be a gateway's, after the service has stored the record."""

    def fault(call: Call) -> Answer | None:
        if call.method != "POST" or call.number > 1:
            return None
        call.forward()
        return Answer(503, {"Retry-After": "1"})

    with target_on(fault, tmp_path) as (target, served):
        read(target)
        with pytest.raises(Disturbed, match="may have been carried out"):
            create(target)
        assert len(served.names()) == 1


def test_kept_connections_may_always_end(tmp_path: Path) -> None:
    """Where each second request on a connection is dropped, reads and creations still pass."""
    with target_on(lambda call: CLOSE if call.on_connection > 1 else None, tmp_path) as (target, _):
        for number in range(6):
            assert read(target).status == 200
            assert create(target, str(number)).status == 200


def test_a_redirect_of_one_request_is_not_tested(tmp_path: Path) -> None:
    """One request that is sent to a portal says nothing about the service."""
    answer = Answer(302, {"Location": "https://portal.example.com/"})
    with target_on(lambda call: answer if "?x" in call.path else None, tmp_path) as (target, _):
        read(target)
        with pytest.raises(Intercepted, match=re.escape("https://portal.example.com/")):
            read(target, "?x=1")


@pytest.mark.parametrize(
    "location", [f"{LIST}abc/", f"http://internal:8000/dm{LIST}", f"{LIST}?page=1", "./"]
)
def test_redirects_of_the_service_are_its_own(location: str) -> None:
    """To another path of the API, and to the same one with its slash, also with another host."""
    seen = Seen(LIST.rstrip("/"), 301, {"location": location}, b"")
    assert (find_interception(seen) is None) == (location != "./")


@contextmanager
def target_at(url: str, folder: Path, **changed: Any) -> Iterator[Target]:
    """Yield the target at an address, with its journal in a folder and some settings changed."""
    options: dict[str, Any] = {"org": "main", "user_id": "1", "journal": str(folder)}
    settings = replace(load_settings(url, options, ENVIRONMENT), **changed)
    with closing(Target(settings, "front", "main", 1)) as target:
        yield target


@contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield the port of something that is no server of HTTP."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with suppress(OSError), connection:
                    handle(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("scheme", "sent", "named"),
    [
        ("http", b"\x15\x03\x01\x00\x02\x02\x46", "use https:// in base_url"),
        ("http", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "the port does not speak HTTP/1.1"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "use http:// in base_url"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n", "conflict"),
        ("http", b"HTTP/1.1 200 OK\r\nX-\xff: \x01\r\n\r\n", "illegal header line"),
    ],
)
def test_a_wrong_port_is_named(scheme: str, sent: bytes, named: str, tmp_path: Path) -> None:
    """What is no HTTP, or no TLS, is one line that says what to change."""

    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(sent)

    with listening(answer) as port:
        named_so = pytest.raises(TargetUnavailable, match=re.escape(named))
        address = f"{scheme}://127.0.0.1:{port}"
        with target_at(address, tmp_path, timeout=PATIENCE) as target, named_so as caught:
            read(target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "pause", "named"),
    [(b" ", 0.01, "was not whole after"), (b" " * 60_000, 0, "has more than 100,000 bytes")],
    ids=["drips", "floods"],
)
def test_a_body_without_end_ends_the_run(
    part: bytes, pause: float, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that comes byte by byte, or in any amount, for ever."""
    monkeypatch.setattr(connection, "MOST_BYTES", 100_000)
    if pause:
        monkeypatch.setattr(connection, "TIMEOUTS_OF_A_RESPONSE", 0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["

    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(head)
        while True:  # until the client closes the connection
            client.sendall(part)
            threading.Event().wait(pause)

    with listening(answer) as port:
        ends_so = pytest.raises(TargetUnavailable, match=named)
        address = f"http://127.0.0.1:{port}"
        with target_at(address, tmp_path, timeout=PATIENCE) as target, ends_so:
            read(target)


def test_passwords_of_proxies_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password in a variable for proxies is in no finding, as it is sent and as it is read."""
    echo = "p@ss+word77 p%40ss%2Bword77"
    page = Answer.json(418, {"detail": echo, "basic": "dXNAZXI6cEBzcyt3b3JkNzc="})
    with serve_faulty(lambda _: page) as proxy:
        address = proxy.url.replace("http://", "http://us%40er:p%40ss%2Bword77@")
        for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ALL_PROXY", address)
        with target_at("http://staging.example", tmp_path) as target, suppress(RequestFailed):
            read(target)
            shown = str([each.as_dict() for each in target.observations.findings.values()])
    assert "staging.example" in proxy.calls[0].path
    assert "detail" in shown
    assert not any(part in shown for part in ("word77", "dXNAZXI6cEBz"))


@pytest.mark.slow
def test_a_rule_may_lose_two_requests(tmp_path: Path) -> None:
    """Two single faults in one rule are notices: it begins again for each."""

    def fault(call: Call) -> Answer | None:
        is_lost = call.method == "POST" and call.number in (2, 5)
        return Answer(408) if is_lost else None

    code, report, output = judge(fault, tmp_path, "--rule", "STATE-03")
    assert code == 0, output
    assert any("requests got lost" in notice for notice in report["notices"])
    assert report["left_behind"] == []


def test_the_greatest_rate_is_kept_to() -> None:
    """Between any two requests is the interval of the rate, however late the first one was."""
    limiter, times = RateLimiter(100.0, 1), []
    for _ in range(8):
        limiter.wait()
        times.append(time.monotonic())
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.0099


def test_a_key_that_is_refused_with_403_is_renewed(tmp_path: Path) -> None:
    """Some services answer 403 to a key that expired: its command is asked for another one."""
    token = tmp_path / "token"
    token.write_text("first-token")
    accepted = ["first-token"]

    def fault(call: Call) -> Answer:
        if call.headers["authorization"].endswith(accepted[0]):
            return call.forward({"Authorization": "Api-Key main-admin-key"})
        return Answer.json(403, {"detail": "You do not have permission to perform this action."})

    command = [f"admin=cat {token}"]
    with target_on(fault, tmp_path, key_command=command) as (target, _):
        read(target)
        accepted[0] = "second-token"
        token.write_text("second-token")
        assert read(target).status == 200
        token.write_text("one-line\nanother-line")
        accepted[0] = "third-token"
        with pytest.raises(TargetUnavailable, match="printed more than one line") as caught:
            read(target)
    assert "another-line" not in str(caught.value)
