"""The control plane from the shell and from a team's own tests."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from mockserver import testing
from mockserver.testing import DoesNotStart, serving
from tests.cli.test_commands import credmock
from tests.conftest import API, MAIN
from tests.support.paths import ROOT
from tests.support.server import RunningServer, running
from tests.support.waiting import PATIENCE

PYTEST = (sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
KEY = {"Authorization": "Api-Key main-admin-key"}


def ctl(server: RunningServer, *words: str, sandbox: str = "shell") -> str:
    """Run a command against a sandbox; it must succeed."""
    ended = credmock("ctl", "--url", server.url, "--sandbox", sandbox, *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_shell_controls_a_sandbox(server: RunningServer, tmp_path: Path) -> None:
    """State, time, faults and journal of one sandbox, and of no other."""
    base = f"{server.url}/__sandbox__/shell{MAIN}"

    def count() -> int:
        found: int = httpx.get(base, headers=KEY, timeout=PATIENCE).json()["result"]["count"]
        return found

    before = count()
    ctl(server, "snapshot", "start")
    assert json.loads(ctl(server, "clear"))["credentials"] == 0
    assert count() == 0
    ctl(server, "restore", "start")
    assert count() == before
    exported = tmp_path / "world.json"
    exported.write_text(ctl(server, "export"), encoding="utf-8")
    ctl(server, "clear")
    ctl(server, "load", str(exported))
    assert count() == before
    told = json.loads(ctl(server, "clock", "--set", "2027-01-01T00:00:00Z", "--freeze"))
    assert told["frozen"] is True
    assert told["now"].startswith("2027-01-01T00:00:0")
    assert json.loads(ctl(server, "fault", '{"status": 503, "times": 1}')) == {"id": "1"}
    assert httpx.get(base, headers=KEY, timeout=PATIENCE).status_code == 503
    assert json.loads(ctl(server, "faults"))[0]["happened"] == 1
    ctl(server, "faults", "--clear")
    assert json.loads(ctl(server, "faults")) == []
    (failed,) = json.loads(ctl(server, "requests", "--status", "503"))
    assert failed["path"] == MAIN
    assert ctl(server, "requests", "--curl", "--status", "503").startswith("curl -i ")
    ctl(server, "reset")
    assert json.loads(ctl(server, "clock"))["frozen"] is False
    assert json.loads(ctl(server, "requests", sandbox="another")) == []


def test_health_is_the_exit_code(server: RunningServer) -> None:
    """It needs no token, says what responds, and is 2 where nothing does."""
    assert json.loads(ctl(server, "health"))["status"] == "ok"
    ended = credmock("ctl", "--url", "http://127.0.0.1:1", "health")
    assert (ended.returncode, ended.stdout) == (2, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("restore", "nothing"), "there is no snapshot 'nothing'"),
        (("clock", "--advance", "soon"), "advance: 'soon' is not a duration"),
        (("fault", "{"), "not valid JSON"),
        (("fault", "[]"), "expected a JSON object"),
        (("fault", '{"statu": 1}'), "unknown field 'statu'"),
    ],
)
def test_what_is_refused_is_one_line(
    server: RunningServer, words: tuple[str, ...], said: str
) -> None:
    """The mock's own words, and exit 2."""
    ended = credmock("ctl", "--url", server.url, "--sandbox", "refused", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:1", "no mock responds"), ("file:///etc", "is not an http address")],
)
def test_where_no_mock_is(url: str, said: str) -> None:
    """An address without a mock is one line, and exit 2."""
    ended = credmock("ctl", "--url", url, "reset")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_token_opens_a_mock_from_the_shell() -> None:
    """The command sends the token; on this machine it is not needed."""
    with running("--quiet", "--control-token", "open sesame") as served:
        ended = credmock("ctl", "--url", served.url, "--control-token", "open sesame", "reset")
        assert ended.returncode == 0, ended.stderr
        assert "open sesame" not in served.banner + "".join(served.log)


def test_a_backport_beside_the_command_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in site-packages, where an old backport would stand before the standard library."""
    for name in ("mockserver", "spec", "fixtures"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("dataclasses", "typing", "enum"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError(__name__)\n")
    shutil.copy(ROOT / "credmock.py", tmp_path)
    monkeypatch.setattr(testing, "COMMAND", tmp_path / "credmock.py")
    with serving("--quiet") as url:
        assert httpx.get(f"{url}/__mock__/health", timeout=PATIENCE).is_success


@pytest.mark.slow
def test_each_test_of_a_team_has_a_sandbox(tmp_path: Path) -> None:
    """The fixtures work in a project that knows only the package, side by side too."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mockserver.testing"]\n')
    (tmp_path / "test_team.py").write_text(
        """
import json, urllib.request
import pytest

def call(method, url, body=None):
    headers = {"Authorization": "Api-Key main-admin-key", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

@pytest.mark.parametrize("number", range(4))
def test_alone(mock_sandbox, number):
    base = mock_sandbox.base_url + "/api/credentials/orgs/main/users/1/"
    before = call("GET", base)["result"]["count"]
    issuer = call("GET", base + "issuers/")["result"]["data"][0]["entityId"]
    call("POST", base, {"name": f"mine {number}", "issuer": issuer})
    page = call("GET", base + "?search=mine%20")["result"]
    assert [each["name"] for each in page["data"]] == [f"mine {number}"]
    assert call("GET", base)["result"]["count"] == before + 1
    assert mock_sandbox.count(method="POST") == 1
    assert mock_sandbox.clock(set="2030-01-01T00:00:00Z", freeze=True)["frozen"]
    mock_sandbox.clear()
    assert call("GET", base)["result"]["count"] == 0

@pytest.mark.parametrize("number", range(2))
def test_in_process(mock_application, number):
    client = mock_application.test_client()
    headers = {"Authorization": "Api-Key main-admin-key"}
    world = client.get("/__mock__/state").json
    issuer = world["issuers"][0]["entityId"]
    made = {"name": "mine", "issuer": issuer}
    client.post("/api/credentials/orgs/main/users/1/", json=made, headers=headers)
    after = client.get("/__mock__/state").json
    assert len(after["credentials"]) == len(world["credentials"]) + 1 == 80
""",
        encoding="utf-8",
    )
    ended = subprocess.run(
        [*PYTEST, "-n", "2", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 passed" in ended.stdout


def test_a_server_for_tests_is_not_stopped_before_its_end() -> None:
    """Once it serves, nothing waits to kill it; a wrong option is an error."""
    with serving("--quiet") as url:
        timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
        assert all(each.finished.is_set() for each in timers)
        assert httpx.get(f"{url}/__mock__/health", timeout=PATIENCE).status_code == 200
    with pytest.raises(DoesNotStart, match="--auth"), serving("--auth", "nonsense"):
        pass


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"status": 503, "body": NaN}', "NaN"),
        ('{"status": 503, "body": [{"a": -Infinity}]}', "-Infinity"),
        ('{"status": 503, "body": 1e400}', "1e400"),
        ('{"status": 503, "body": {"a": "\\ud800"}}', "surrogate"),
        ('{"status": 503, "body": {"\\udfff": 1}}', "surrogate"),
        ('{"status": 503, "status": 404}', "'status' stands twice"),
        ('{"status": 503, "body": {"a": 1, "b": 2, "a": 1}}', "'a' stands twice"),
        ('{"status": 503, "body": ' + "[" * 100_000 + "]" * 100_000 + "}", "JSON object"),
    ],
)
def test_what_is_no_json_is_refused(api: API, body: str, said: str) -> None:
    """What only Python takes for JSON is one clear refusal, and never kept or returned."""
    headers = {"Content-Type": "application/json"}
    response = api.send("POST", "/__mock__/faults", data=body, headers=headers)
    assert response.status_code == 400, response.text
    assert said in response.json["detail"]
    assert api.send("GET", "/__mock__/faults").json == {"faults": []}
