"""However a command ends: one line, and exit code 2 or 3, never 1 without a verdict."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import COMMAND, ENVIRONMENT, ROOT, run
from tests.support.faulty import Answer, Call, serve_faulty
from tests.support.waiting import PATIENCE, wait_until

PLACE = ("--org", "main", "--user-id", "1")
APPLICATIONS = {
    "raising": "raise RuntimeError('cannot connect with main-admin-key')",
    "leaving": "import sys\nsys.exit(1)",
    "empty": "application = None",
    "wrong": "this is not Python",
    "incomplete": "import nothing_of_this_name",
}


def read_line(ended: "subprocess.CompletedProcess[str]") -> str:
    """Return the only line that a command printed, which is no traceback and holds no key."""
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert "Traceback" not in lines[0]
    assert "main-admin-key" not in lines[0]
    return lines[0]


@pytest.mark.parametrize("command", ["run", "cleanup"])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_that_cannot_be_loaded(tmp_path: Path, command: str, name: str) -> None:
    """A `wsgi:` target that cannot be imported, or is not callable, is one line and exit 2."""
    (tmp_path / f"app_{name}.py").write_text(APPLICATIONS[name])
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**ENVIRONMENT, "PYTHONPATH": path}
    target = f"wsgi:app_{name}:application"
    ended = run(command, target, *PLACE, cwd=tmp_path, env=environment)
    assert f"TARGET {target}: " in read_line(ended)
    assert ended.returncode == 2


@pytest.mark.parametrize("command", ["run", "cleanup"])
@pytest.mark.parametrize(
    ("options", "variables", "named"),
    [
        (("--ca-bundle", "key.txt"), {}, "--ca-bundle: the file key.txt holds no certificate"),
        ((), {"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE or SSL_CERT_DIR"),
        (("--proxy", "odd://user:main-admin-key@x"), {}, "--proxy"),
    ],
)
def test_a_client_that_cannot_be_made(
    tmp_path: Path, command: str, options: tuple[str, ...], variables: dict[str, str], named: str
) -> None:
    """Certificates that cannot be loaded, and an odd proxy, are one line and exit 2."""
    (tmp_path / "key.txt").write_text("not a certificate")
    environment = {**ENVIRONMENT, **variables, "PYTHONPATH": str(ROOT)}
    words = (command, "https://127.0.0.1:1", *PLACE, *options)
    ended = run(*words, cwd=tmp_path, env=environment)
    assert named in read_line(ended)
    assert ended.returncode == 2


@pytest.mark.parametrize("module", ["httpx", "schemathesis", "xdist", "jinja2"])
def test_a_package_that_is_missing(module: str) -> None:
    """A run without a package of the extra says in one line what to install, and sends nothing."""
    hide = f"import sys; sys.modules[{module!r}] = None"
    words = ["run", "mock", "-n", "2"]
    code = f"{hide}; from credcheck import main; sys.argv[1:] = {words}; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT
    )
    expected = f"credcheck: {module} is not installed: run pip install 'credmock[check]'"
    assert read_line(ended) == expected
    assert ended.returncode == 2


@pytest.mark.parametrize("words", [("rules",), ("run", "mock", "--rule", "PAGE-08")])
def test_an_output_that_is_closed_is_no_verdict(words: tuple[str, ...]) -> None:
    """When nobody reads the output any more, the exit code is 3, without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*COMMAND, *words], stdout=writer, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        cwd=ROOT,
    )  # fmt: skip
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (3, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_an_output_that_is_full_is_no_verdict() -> None:
    """When the disk is full, the exit code is 3, and one line says so."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "rules"], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    assert ended.returncode == 3
    assert ended.stderr == "credcheck: No space left on device\n"


def test_an_interrupt_that_a_callback_swallows_ends_the_run(tmp_path: Path) -> None:
    """Ctrl-C inside of a callback of the garbage collector, where Python drops it: exit 3."""
    target = "wsgi:tests.support.interrupting:application"
    words = ("--org", "main", "--user-id", "1", "--rule", "PAGE-01", "--rule", "PAGE-02")
    ended = run("run", target, *words, "--journal", str(tmp_path))
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "not judged: the run was interrupted" in ended.stdout
    assert ended.stderr == ""


@contextmanager
def silent_target(folder: Path, timeout: float) -> Iterator[socket.socket]:
    """Serve nothing: connections are accepted and never answered; `credcheck.toml` names it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        text = f'[target.silent]\nbase_url = "{url}"\ntimeout = {timeout}\n'
        (folder / "credcheck.toml").write_text(f'{text}org = "main"\nuser_id = "1"\n')
        yield listening


def test_a_silent_target_is_no_verdict(tmp_path: Path) -> None:
    """A target that never answers: exit 3 after two time-outs, and nothing was created."""
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    with silent_target(tmp_path, 0.3):
        ended = run("run", "silent", "--report", str(tmp_path), cwd=tmp_path, env=environment)
    report = json.loads((tmp_path / "report.json").read_text())
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "VERDICT  silent: not judged: the target does not respond: ReadTimeout" in ended.stdout
    assert report["effects"]["methods"] == {"GET": 2}
    assert "created nothing" in ended.stdout
    assert "not tested  " not in ended.stdout


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_ending_a_run_on_a_silent_target_names_no_journal(tmp_path: Path, number: int) -> None:
    """A signal while a target does not answer: exit 3, and nothing is said to be left."""
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    with silent_target(tmp_path, PATIENCE) as listening:
        process = subprocess.Popen(
            [*COMMAND, "run", "silent"], env=environment, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        connection, _ = listening.accept()
        with connection:
            connection.recv(1)  # the run has sent a request
            process.send_signal(number)
            output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, output + errors
    assert "the run was interrupted" in output
    assert "journal" not in output + errors
    assert "0 left behind" in output


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
@pytest.mark.parametrize("seconds", [0.0, 0.4, pytest.param(1.2, marks=pytest.mark.slow)])
def test_ctrl_c_at_any_moment_is_no_verdict(tmp_path: Path, seconds: float) -> None:
    """Ctrl-C while a run starts, checks its target or tests it: exit 3 and no traceback."""
    words = [*COMMAND, "run", "mock", "--journal", str(tmp_path)]
    process = subprocess.Popen(
        words, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    loaded = Path(f"/proc/{process.pid}/maps")
    wait_until(lambda: "jsonschema_rs" in loaded.read_text(), "the run is being prepared")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    # While modules are loaded, Python itself may end as by the signal, whatever is caught.
    assert process.returncode in (3, -signal.SIGINT), output + errors
    assert "Traceback" not in output + errors
    assert "interrupted" in output + errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.thorough)])
def test_ctrl_c_while_it_cleans_up_is_told(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """What an interrupted cleanup did not delete is left behind, in the reports too: exit 3."""
    searched = threading.Event()

    def fault(call: Call) -> Answer | None:
        if call.method == "GET" and "search=credcheck-" in call.path:
            searched.set()
            time.sleep(1)  # so that the signal comes while this is not answered
        return Answer.json(500, {"detail": "No."}) if call.method == "DELETE" else None

    words = ("--rule", "STATE-03", "--journal", str(tmp_path / "journal"), *workers)
    with serve_faulty(fault) as served:
        process = subprocess.Popen(
            [*COMMAND, "run", served.url, *PLACE, *words, "--report", str(tmp_path / "report")],
            env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert searched.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert process.returncode == 3, output + errors
    assert report["left_behind"], output
    assert 'errors="0" failures="0"' not in (tmp_path / "report" / "junit.xml").read_text()
    assert list((tmp_path / "journal").glob("*.jsonl"))
    assert errors == ""


def write_earlier_reports(folder: Path) -> list[str]:
    """Write the reports of an earlier run into a folder, with a file of a user."""
    for name in ("junit.xml", "report.html", "report.json", "traffic.har", "notes.txt"):
        (folder / name).write_text("of an earlier run")
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_no_report_of_an_earlier_run_is_left(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """What a run leaves in the folder that ended in its preflight is not the verdict of another."""
    write_earlier_reports(tmp_path)
    (tmp_path / "app_of_a_team.py").write_text(APPLICATIONS["raising"])
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    words = ("run", "wsgi:app_of_a_team:application", *PLACE, "--report", str(tmp_path), *workers)
    ended = run(*words, env={**ENVIRONMENT, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    assert ended.returncode == 2
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "app_of_a_team.py"}


@pytest.mark.parametrize(
    "words",
    [
        ("stagin",),
        ("http://127.0.0.1:1", "--org", "main"),
        ("wsgi:nothing_of_this_name:app", *PLACE),
        ("mock", "--rat", "3"),
        ("mock", "--rate", "fast"),
        ("mock", "--rule", "PAGE-80"),
        ("mock", "--accept", "nothing.toml"),
        ("mock", "--workers", "many"),
        ("mock", "--summary", "."),
        ("mock", "--key", "admin=env:NOT_SET"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_a_mistyped_run_keeps_the_earlier_reports(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Where nothing was begun, the reports of the folder are still those of the last run."""
    names = write_earlier_reports(tmp_path)
    ended = run("run", *words, "--report", str(tmp_path))
    assert ended.returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert {path.read_text() for path in tmp_path.iterdir()} == {"of an earlier run"}


@pytest.mark.parametrize("name", ["junit.xml", "report.html"])
def test_a_report_that_cannot_be_replaced_is_one_line(tmp_path: Path, name: str) -> None:
    """A folder in the place of a file of the report: one line that names it, and exit 2."""
    (tmp_path / name).mkdir()
    ended = run("run", "mock", "--rule", "PAGE-08", "--report", str(tmp_path))
    assert f"--report: {tmp_path / name}" in read_line(ended)
    assert "junitxml" not in ended.stderr
    assert ended.returncode == 2
