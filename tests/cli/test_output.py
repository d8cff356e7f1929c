"""What the commands print where the locale, the pipe or the disk is not as at home."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockserver.cli.main import main
from tests.support.command import COMMAND
from tests.support.server import CREDMOCK, RunningServer, running
from tests.support.waiting import PATIENCE

NAME = "日本 ä – 🎓 \u200b"
ENCODINGS = ("cp1252", "ascii", "utf-16", "utf-8")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Return a mock with a name that few encodings can write, and a scenario about it."""
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "mine.yaml").write_text(f"description: '{NAME}'\n", encoding="utf-8")
    with running("--scenarios", str(folder)) as server:
        load(server)
        yield server


def load(server: RunningServer) -> None:
    """Give the first platform the name."""
    world = json.loads(execute(["ctl", "--url", server.url, "export"], "utf-8"))
    world["platforms"][0]["name"] = NAME
    execute(["ctl", "--url", server.url, "load", "-"], "utf-8", json.dumps(world).encode())


def execute(words: list[str], encoding: str, stdin: bytes = b"") -> bytes:
    """Return what a command writes into a pipe with an encoding; it must succeed."""
    ended = subprocess.run(
        [*CREDMOCK, *words],
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended.stdout


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_data_is_utf_8_in_every_locale(named: RunningServer, encoding: str) -> None:
    """JSON and YAML that are redirected can be read again."""
    control = ["ctl", "--url", named.url]
    world = json.loads(execute([*control, "export"], encoding).decode())
    assert world["platforms"][0]["name"] == NAME
    assert NAME in execute([*control, "scenario"], encoding).decode()
    assert execute(["spec"], encoding).decode().startswith("openapi:")
    assert "| where |" in execute(["spec", "--divergences"], encoding).decode()
    words = ["call", "GET", "/api/credentials/orgs/main/users/1/?search=%C3%A4", "--auth", "off"]
    assert execute(words, encoding).decode().startswith("HTTP/1.1 200")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_texts_for_people_never_fail(encoding: str) -> None:
    """Help, lists and the banner are escaped where they cannot be written."""
    variables = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for command in ([*CREDMOCK, "--help"], [*CREDMOCK, "routes"], [*COMMAND, "rules"]):
        ended = subprocess.run(command, capture_output=True, env=variables, timeout=PATIENCE)
        assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_bytes_of_the_command_line_are_sent(encoding: str) -> None:
    """Also those that are no UTF-8, which a shell may pass, and in a locale without any."""
    variables = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    variables["PYTHONCOERCECLOCALE"] = "0"
    place = "/api/credentials/orgs/main/users/1/"
    for words, said in (
        (["POST", place, "-d", b'{"name": "\xff"}'], b"can't decode byte 0xff"),
        (["GET", f"{place}?search=Prosoci\u00e1l".encode()], b'"count": 0'),
        (["GET", place.encode() + b"\xff"], b"HTTP/1.1 404"),
    ):
        command = [*CREDMOCK, "call", *words, "--auth", "off"]
        ended = subprocess.run(command, capture_output=True, env=variables, timeout=PATIENCE)
        assert ended.stderr == b""
        assert said in ended.stdout


def test_a_picture_is_written_as_it_is() -> None:
    """Bytes that are no text are not replaced."""
    written = execute(["call", "GET", "/__mock__/images/python.svg"], "cp1252")
    assert b"<svg" in written


@pytest.mark.parametrize("words", [("spec",), ("routes",), ("seed", "--credentials", "10")])
def test_a_reader_that_leaves_is_no_traceback(words: tuple[str, ...]) -> None:
    """As of `credmock spec | head -1`: nothing is said."""
    with subprocess.Popen(
        [*CREDMOCK, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="it has the device /dev/full")
@pytest.mark.parametrize("words", [("spec",), ("routes",), ("seed", "--credentials", "10")])
def test_a_full_disk_is_one_line(words: tuple[str, ...]) -> None:
    """Exit code 2, and what is wrong."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*CREDMOCK, *words], stdout=full, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1), ended.stderr
    assert b"No space left" in ended.stderr


SCRIPTS = Path(sys.executable).parent
CLOSED = [
    ("credmock", "seed", 0),
    ("credmock", "routes", 0),
    ("credmock", "seed --nosuch", 2),
    ("credcheck", "rules", 0),
    ("credcheck", "rules --nosuch", 2),
    ("credcheck", "run mock --rule PROTO-01 --profile quick --read-only", 0),
]


@pytest.mark.parametrize(("command", "words", "code"), CLOSED)
@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)], ids=["output", "all"])
def test_streams_that_are_closed_are_no_error(
    command: str, words: str, code: int, closed: tuple[int, ...]
) -> None:
    """As in `credmock seed >&-`: what nobody wants to read is dropped, and the code is the same."""
    ended = subprocess.run(
        [SCRIPTS / command, *words.split()], stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
        preexec_fn=lambda: [os.close(each) for each in closed],
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="it has the device /dev/full")
@pytest.mark.parametrize(
    ("command", "words", "code"),
    [
        ("credmock", "seed", 2),
        ("credmock", "x", 2),
        ("credcheck", "rules", 3),
        ("credcheck", "x", 2),
    ],
)
def test_an_error_that_nobody_can_receive_keeps_its_code(
    command: str, words: str, code: int
) -> None:
    """Standard output and standard error are full: the exit code is that of the error."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [SCRIPTS / command, words], stdout=full, stderr=full, timeout=PATIENCE
        )
    assert ended.returncode == code


@pytest.mark.parametrize("words", [("seed",), ("capture", "no.har")], ids=" ".join)
@pytest.mark.parametrize("place", ["missing/x.json", "file/x.json", "."])
def test_a_file_for_the_output_is_checked_at_the_start(
    tmp_path: Path, words: tuple[str, ...], place: str
) -> None:
    """One line that names option and file, exit code 2, before anything is read or sent."""
    (tmp_path / "file").touch()
    ended = CliRunner().invoke(main, [*words, "--output", str(tmp_path / place)])
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "--output" in ended.stderr
