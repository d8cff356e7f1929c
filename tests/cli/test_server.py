"""How `credmock serve` shares a machine: its ports, its signals, its terminal, its output."""

import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from mockserver.cli import listening
from mockserver.cli.listening import get_port, open_listeners
from mockserver.cli.main import main
from mockserver.errors import StartError
from mockserver.testing import free_port
from tests.sandbox.test_state_file import create, newest
from tests.support.server import CREDMOCK, running
from tests.support.waiting import PATIENCE, wait_until

LOOPBACK = httpx.Client(trust_env=False, timeout=PATIENCE)
HEALTH = "/__mock__/health"


def has_ipv6() -> bool:
    """Tell whether this machine has the loopback address of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def health(host: str, port: int) -> int:
    """Return the status of a request at an address."""
    return LOOPBACK.get(f"http://{host}:{port}{HEALTH}").status_code


def test_one_of_many_servers_gets_a_port() -> None:
    """Four started at once on one port: one serves, three say that the port is taken; exit 2."""
    port = free_port()
    command = [*CREDMOCK, "serve", "--bind", f"127.0.0.1:{port}"]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        wait_until(
            lambda: sum(process.poll() is not None for process in processes) == 3,
            "three of four end",
        )
        refused = [process for process in processes if process.returncode is not None]
        for process in refused:
            _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode == 2
            assert said.count("\n") == 1
            assert f"--bind 127.0.0.1:{port}: Address already in use" in said
        wait_until(lambda: health("127.0.0.1", port), "one serves", ignore=(httpx.HTTPError,))
    finally:
        for process in processes:
            process.terminate()
            process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", pytest.param("::1", marks=needs_ipv6)])  # noqa: S104
def test_an_address_is_listened_on_once(host: str) -> None:
    """A second listener is refused in one line, whatever the address looks like."""
    first = open_listeners(host, 0)
    with first[0], pytest.raises(StartError, match=r"Address already in use.*choose another port"):
        open_listeners(host, get_port(first))


@needs_ipv6
def test_localhost_is_both_families() -> None:
    """Clients that look up `localhost` get either address first; both respond, on one port."""
    with running("--bind", "localhost:0") as server:
        port = httpx.URL(server.url).port
        assert server.url == f"http://localhost:{port}"
        assert port is not None
        statuses = [health(host, port) for host in ("127.0.0.1", "[::1]", "localhost")]
    assert statuses == [200, 200, 200]


@needs_ipv6
def test_localhost_needs_both_of_its_addresses() -> None:
    """Where one of them is taken, a port that is asked for is refused; port 0 is another one."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        with pytest.raises(StartError, match=r"localhost:.*in use"):
            open_listeners("localhost", taken.getsockname()[1])
        listeners = open_listeners("localhost", 0)
    assert len({listener.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


def test_localhost_is_one_family_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without IPv6, as many containers are, serves on the other address."""
    missing = (socket.AF_INET6, "2001:db8::1")  # an address that no machine has
    monkeypatch.setattr(listening, "LOCALHOST", ((socket.AF_INET, "127.0.0.1"), missing))
    listeners = open_listeners("localhost", 0)
    assert [listener.family for listener in listeners] == [socket.AF_INET]
    listeners[0].close()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no-such-host.invalid", "this host is not known"),
        ("a..b", "not a valid name of a host"),
        ("x" * 70, "not "),
        ("192.0.2.1", os.strerror(errno.EADDRNOTAVAIL)),
    ],
)
def test_a_host_that_cannot_be_bound_is_one_line(host: str, said: str) -> None:
    """It names option and address, and says what to do."""
    with pytest.raises(StartError, match=f"^--bind {host}:80: .*{said}"):
        open_listeners(host, 80)


def test_a_free_port_is_shown_and_written(tmp_path: Path) -> None:
    """Port 0 is one of the system's choice; `--port-file` holds it as long as the mock serves."""
    file = tmp_path / "port of the mock"
    file.write_text("1")  # of an earlier mock that was killed
    with running("--bind", "127.0.0.1:0", "--port-file", str(file)) as server:
        port = int(file.read_text())
        assert server.url == f"http://127.0.0.1:{port}"
        assert health("127.0.0.1", port) == 200
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/port", "file/port", "."])
def test_a_port_file_that_cannot_be_written_is_one_line(tmp_path: Path, place: str) -> None:
    """Before anything is served."""
    (tmp_path / "file").touch()
    command = [*CREDMOCK, "serve", "--bind", "127.0.0.1:0", "--port-file", str(tmp_path / place)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (2, 1, "")
    assert "port-file" in ended.stderr


@pytest.mark.parametrize("option", ["--state", "--world"])
def test_a_port_file_is_no_file_of_records(tmp_path: Path, option: str) -> None:
    """The port would be written over them: one line, and they are as they were."""
    path = tmp_path / "world.json"
    path.write_text("mine")
    words = ["--bind", "127.0.0.1:0", option, str(path), "--port-file", str(path)]
    ended = subprocess.run([*CREDMOCK, "serve", *words], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert f"--port-file {path}: this is the file of {option}" in ended.stderr
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "value",
    [
        *(":80", "127.0.0.1", "80", "[::1]", "::1:80", "unix:/tmp/x", "u@h:80", "h:80?x", "h:80#x"),
        *("h:80/", "h:-1", "h:99999", "h:80 ", "http://h:80", "[::1:80", "h:٣", ""),
    ],
)
def test_what_is_no_address_is_one_line(value: str) -> None:
    """No part of it is dropped without a word."""
    ended = CliRunner().invoke(main, ["serve", "--bind", value])
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "write HOST:PORT with a port from 0 to 65535" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_every_signal_ends_it_alike(tmp_path: Path, number: int) -> None:
    """With a stream and a slow request open: state saved, port free, exit 0 within seconds."""
    state = tmp_path / "state.json"
    with running("--state", str(state)) as server, ThreadPoolExecutor() as pool:
        fault = {"method": "GET", "path": "*/users/1/", "delay": 60_000}
        LOOPBACK.post(f"{server.url}/__mock__/faults", json=fault).raise_for_status()
        stream = pool.submit(LOOPBACK.get, f"{server.url}/__mock__/requests/stream")
        wait_until(lambda: "/stream" in "".join(server.log), "the stream is open", seen=server.log)
        key = {"Authorization": "main-admin-key"}
        slow = pool.submit(LOOPBACK.get, server.collection, headers=key)
        create(server, "Kept")
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert stream.result().status_code == 200
        assert slow.exception() is not None
    assert json.loads(state.read_bytes())["credentials"][-1]["name"] == "Kept"
    with open_listeners("127.0.0.1", httpx.URL(server.url).port or 0)[0]:
        pass


def test_open_connections_do_not_keep_it() -> None:
    """Idle, kept alive, half a request, left in the middle of a stream, as browsers leave them."""
    line = b"GET /__mock__/health HTTP/1.1\r\nHost: localhost\r\n"
    requests = (b"", line, line + b"\r\n", line.replace(b"health", b"requests/stream") + b"\r\n")
    with running("--quiet") as server:
        address = ("127.0.0.1", httpx.URL(server.url).port or 0)
        sockets = [socket.create_connection(address) for _ in range(3) for _ in requests]
        for number, connection in enumerate(sockets):
            connection.settimeout(PATIENCE)
            request = requests[number % len(requests)]
            connection.sendall(request)
            if request.endswith(b"\r\n\r\n"):
                assert connection.recv(1024).startswith(b"HTTP/1.1 200")
        sockets.pop().close()  # a stream
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        for connection in sockets:
            connection.close()


def test_the_end_of_a_worker_leaves_the_interpreter_free() -> None:
    """Its own thread does not go on to free the server's threads with the interpreter's lock."""
    code = (
        "import os, sys, time\n"
        "from mockserver.cli.listening import open_listeners\n"
        "from mockserver.cli.worker import Worker\n"
        "worker = Worker(open_listeners('127.0.0.1', 0)[0], lambda environ, start: [])\n"
        "worker.stop()\n"
        "worker.join(60)\n"
        "time.sleep(0.2)\n"
        "calls = []\n"
        "for frame in sys._current_frames().values():\n"
        "    while frame: calls.append(frame.f_code.co_name); frame = frame.f_back\n"
        "print('_end' in calls, flush=True)\n"
        "os._exit(0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE)
    assert ended.stdout == b"True\n", ended.stderr


def start_with(prepare: Callable[[], Any], **options: Any) -> "subprocess.Popen[str]":
    """Start a server whose process is prepared, and return it when it has said its address."""
    process = subprocess.Popen(
        [*CREDMOCK, "serve", "--bind", "127.0.0.1:0"],
        preexec_fn=prepare,
        text=True,
        stdout=subprocess.PIPE,
        **options,
    )
    assert process.stdout is not None
    assert "serves" in process.stdout.readline()
    return process


def test_nohup_keeps_it() -> None:
    """A SIGHUP that the caller had ignored stays ignored."""
    with start_with(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_signals_that_the_caller_has_blocked_end_it() -> None:
    """A caller that blocks signals for itself passes that on to what it starts."""
    blocked = {signal.SIGTERM, signal.SIGINT}
    with start_with(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, blocked)) as process:
        process.terminate()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)], ids=["output", "all"])
def test_it_serves_without_its_streams(tmp_path: Path, closed: tuple[int, ...]) -> None:
    """As a daemon is started, `credmock serve <&- >&- 2>&-`: nothing takes their places."""
    file = tmp_path / "port"
    command = [*CREDMOCK, "serve", "--bind", "127.0.0.1:0", "--port-file", str(file)]
    process = subprocess.Popen(command, preexec_fn=lambda: [os.close(each) for each in closed])
    try:
        wait_until(lambda: file.exists() and file.read_text() != "", "it serves")
        port = int(file.read_text())
        assert [health("127.0.0.1", port) for _ in range(2)] == [200, 200]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


def test_closing_the_terminal_ends_it() -> None:
    """The window of the terminal is closed: nobody stays behind."""
    terminal, end = os.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(end, termios.TIOCSCTTY, 0)

    with start_with(take_terminal, stdin=end, stderr=end, start_new_session=True) as process:
        os.close(end)
        os.close(terminal)
        assert process.wait(PATIENCE) == 0


def test_it_ends_as_process_1(tmp_path: Path) -> None:
    """The system discards signals that process 1 of a container does not handle."""
    unshare = shutil.which("unshare")
    probe = [str(unshare), "--pid", "--fork", "true"]
    if not unshare or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("this user may make no namespace of processes")
    port_file = tmp_path / "port"
    command = [unshare, "--pid", "--fork", "--kill-child", *CREDMOCK, "serve"]
    command += ["--bind", "127.0.0.1:0", "--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(port_file.exists, "it serves")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_reader_that_is_gone_is_no_error() -> None:
    """`credmock serve | head -1`: the log has no reader any more, and requests still succeed."""
    with start_with(lambda: None, bufsize=1) as process:
        assert process.stdout is not None
        port = next(
            int(line.rpartition(":")[2].split("/")[0])
            for line in process.stdout
            if "__mock__/docs" in line
        )
        process.stdout.close()
        assert [health("127.0.0.1", port) for _ in range(3)] == [200, 200, 200]
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_killed_server_had_saved(tmp_path: Path) -> None:
    """SIGKILL: what was written a moment ago is in the file, and nobody holds the port."""
    path = tmp_path / "state.json"
    with running("--state", str(path)) as server:
        create(server, "Saved")
        wait_until(path.exists, "the change is saved")
        create(server, "Saved again")
        wait_until(lambda: b"Saved again" in path.read_bytes(), "the second change is saved")
        server.process.kill()
        server.process.wait(PATIENCE)
        with open_listeners("127.0.0.1", httpx.URL(server.url).port or 0)[0]:
            pass
        with running("--state", str(path)) as again:
            assert newest(again) == "Saved again"
        server.process.returncode = 0  # `running` expects an orderly end


def test_the_environment_stays_out_of_requests_and_in_the_process() -> None:
    """The process keeps its variables though no request sees them."""
    code = (
        "import os; from mockserver.cli.worker import _empty_environment as hide\n"
        "with hide(): inside = dict(os.environ)\n"
        "print(inside, os.environ['KEPT'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "KEPT": "yes"}, capture_output=True
    )
    assert ended.stdout == b"{} yes\n", threading.active_count()
