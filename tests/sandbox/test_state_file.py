"""`serve --state FILE`: what was written is there again after a restart."""

import json
import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.errors import StartError
from mockserver.files import WORLD, FileLock
from tests.cli.test_commands import credmock
from tests.conftest import API, MAIN
from tests.support.server import RunningServer, free_port, running
from tests.support.waiting import PATIENCE, wait_until

KEY = {"Authorization": "main-admin-key"}


def create(server: RunningServer, name: str, prefix: str = "") -> None:
    """Create a credential."""
    url = f"{server.url}{prefix}{MAIN}"
    with httpx.Client(headers=KEY, timeout=PATIENCE) as client:
        issuer = client.get(f"{url}issuers/").json()["result"]["data"][0]["entityId"]
        client.post(url, json={"name": name, "issuer": issuer}).raise_for_status()


def newest(server: RunningServer) -> str:
    """Return the name of the newest credential of the default sandbox."""
    page = httpx.get(server.collection, headers=KEY, timeout=PATIENCE).json()["result"]
    name: str = page["data"][0]["name"]
    return name


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    """Also with an open stream, which the server ends; the file is a world, and made at first."""
    path = tmp_path / "state.json"
    with running("--state", str(path)) as server:
        create(server, "Kept")
        create(server, "Not kept", "/__sandbox__/other")
        url = f"{server.url}/__mock__/requests/stream"
        with httpx.stream("GET", url, timeout=PATIENCE) as stream:
            assert stream.status_code == 200
            create(server, "Kept at the end")
            server.process.send_signal(signal.SIGTERM)
            stream.read()  # to its end: that of a worker that had to be killed is cut, an error
            assert server.process.wait(PATIENCE) == 0
    names = [each["name"] for each in json.loads(path.read_bytes())["credentials"]]
    assert names[-2:] == ["Kept", "Kept at the end"]
    assert list(tmp_path.iterdir()) == [path]
    with running("--state", str(path)) as server:
        assert newest(server) == "Kept at the end"
        httpx.post(f"{server.url}/__mock__/state/reset", timeout=PATIENCE).raise_for_status()
        assert newest(server) not in names[-2:]


def test_reads_write_nothing(tmp_path: Path) -> None:
    """A mock that is only asked makes no file."""
    path = tmp_path / "state.json"
    with running("--state", str(path)) as server:
        newest(server)
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not valid JSON: line 1, column 2: "),
        (b"{}", "not a world document"),
        (WORLD.read_bytes()[:5000], "not valid JSON"),
        (b'{"format": "credmock-world/1", "users": [{"id": 1}]}', "users[0]"),
    ],
    ids=["not JSON", "not a world", "cut", "wrong record"],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes, said: str) -> None:
    """One line that names option, file, place and remedy; exit code 2; the file is as it was."""
    path = tmp_path / "state.json"
    path.write_bytes(content)
    ended = credmock("serve", "--bind", f"127.0.0.1:{free_port()}", "--state", str(path))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    for part in (f"--state {path}", said, "fix it, or move it away"):
        assert part in ended.stderr
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(StartError, match="there is no folder"):
        create_app(Config(state=tmp_path / "nowhere" / "state.json"))


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """What was kept stays, no part of a new file does, and the next try saves."""
    path = tmp_path / "state.json"
    app = create_app(Config(state=path))
    kept = app.extensions["mockserver"].state_file
    API(app).create(name="First")
    kept.save()
    before = path.read_bytes()
    path.unlink()
    path.mkdir()  # which no file can replace
    API(app).create(name="Second")
    with pytest.raises(OSError, match="directory"):
        kept.save()
    assert os.listdir(tmp_path) == ["state.json"]
    path.rmdir()
    path.write_bytes(before)
    kept.save()
    assert b"Second" in path.read_bytes()


def test_two_servers_do_not_share_a_file(tmp_path: Path) -> None:
    """The second one would overwrite what the first one saved: one line that says so, exit 2."""
    path = tmp_path / "state.json"
    with running("--state", str(path)) as server:
        for _ in range(2):  # before and after the file was replaced
            ended = credmock("serve", "--bind", "127.0.0.1:0", "--state", str(path))
            assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
            assert f"--state {path}: another mock keeps its changes in this file" in ended.stderr
            create(server, "Mine")
            wait_until(lambda: path.exists() and b"Mine" in path.read_bytes(), "it is saved")
    with running("--state", str(path)) as again:
        assert newest(again) == "Mine"


def test_a_file_that_another_mock_has_begun_is_not_overwritten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where somebody moved the file away and started another mock, the log says so."""
    path, stopping = tmp_path / "state.json", threading.Event()
    app = create_app(Config(state=path))
    kept = app.extensions["mockserver"].state_file
    kept.keep(stopping)
    path.rename(tmp_path / "moved.json")
    other = FileLock(path)
    other.acquire()
    API(app).create(name="Mine")
    stopping.set()
    assert not kept.finish()
    assert f"--state {path}: another mock keeps its changes in this file; nothing" in caplog.text
    assert path.read_bytes() == b""
    other.release()
