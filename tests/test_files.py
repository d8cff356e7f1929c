"""Text files as other systems write them: read by one function in each package."""

import codecs
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from click.testing import CliRunner

from contract_tests.errors import UsageError
from contract_tests.report.accepted import read_accepted_failures
from contract_tests.settings.secrets import resolve_reference
from contract_tests.settings.sources import read_tables
from contract_tests.text_files import read_text_file as read_for_harness
from mockserver import Config, create_app, files
from mockserver.cli.capture import read_key as read_key_of_capture
from mockserver.cli.main import main
from mockserver.contract.document import read_document
from mockserver.errors import StartError
from mockserver.files import (
    FileLock,
    check_replaceable,
    read_text_file,
    read_toml_file,
    replace_file,
)
from mockserver.sandbox.scenarios import read_scenario
from mockserver.world.document import read_world
from tests.conftest import API
from tests.support.paths import ROOT
from tests.support.server import CREDMOCK, running
from tests.support.waiting import PATIENCE
from tests.support.world import DOCUMENT

TEXT = 'key = "ä – 日本 🎓"\nnext = 1\n'
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-8 with mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "PowerShell": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 big": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 big without mark": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
    "UTF-32 without mark": lambda text: text.encode("utf-32-le"),
    "UTF-32 big without mark": lambda text: text.encode("utf-32-be"),
    "two marks": lambda text: codecs.BOM_UTF8 * 2 + text.encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CRLF with mark": lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
}
encodings = pytest.mark.parametrize("encode", ENCODINGS.values(), ids=list(ENCODINGS))
Read = Callable[[Path], Any]


@encodings
def test_both_packages_read_each_encoding(tmp_path: Path, encode: Callable[[str], bytes]) -> None:
    """The text is the same, whatever wrote it."""
    path = tmp_path / "file"
    path.write_bytes(encode(TEXT))
    assert read_text_file(path).decode().replace("\r\n", "\n").replace("\r", "\n") == TEXT
    assert read_for_harness(path) == TEXT


SCENARIO = "description: Ein Fall\nkeep:\n  credentials: 3\n"
TARGETS = '[target.staging]\nbase_url = "http://x"\n'
ACCEPTED = '[[accepted]]\nrule = "PAGE-01"\nreason = "später"\nowner = "me"\nexpires = 2099-01-01\n'


@encodings
def test_every_kind_of_file_is_read(tmp_path: Path, encode: Callable[[str], bytes]) -> None:
    """Worlds, states, scenarios, descriptions, settings, accepted failures and keys."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(encode(text))
        return path

    world = write("world.json", json.dumps(DOCUMENT, ensure_ascii=False, indent=1))
    assert len(read_world(world)["users"]) == len(DOCUMENT["users"])
    create_app(Config(state=world))
    assert read_scenario(write("a.yaml", SCENARIO)).description == "Ein Fall"
    assert read_document(write("p.yaml", "openapi: 3.1.0\n")) == {"openapi": "3.1.0"}
    assert read_tables(write("credcheck.toml", TARGETS)).keys() == {"staging"}
    assert read_accepted_failures(str(write("accepted.toml", ACCEPTED)))[0].reason == "später"
    assert read_toml_file(write("credmock.toml", "[serve]\nseed = 9\n")) == {"serve": {"seed": 9}}
    key = f"file:{write('key', 'a-secret-key' + chr(10))}"
    assert resolve_reference("keys: admin", key, {}) == read_key_of_capture(key) == "a-secret-key"


READERS: dict[str, tuple[Read, type[Exception]]] = {
    "world": (read_world, StartError),
    "scenario": (read_scenario, StartError),
    "description": (read_document, StartError),
    "targets": (read_tables, UsageError),
    "accepted": (lambda path: read_accepted_failures(str(path)), UsageError),
    "settings": (read_toml_file, StartError),
    "key of capture": (lambda path: read_key_of_capture(f"file:{path}"), StartError),
    "key": (lambda path: resolve_reference("keys: admin", f"file:{path}", {}), UsageError),
}


@pytest.mark.parametrize(("read", "error"), READERS.values(), ids=list(READERS))
def test_what_cannot_be_read_is_told_alike(
    tmp_path: Path, read: Read, error: type[Exception]
) -> None:
    """An empty file, another encoding, a folder, no file: the file is named, its content not."""
    path = tmp_path / "file"
    for content, said in (
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        ("sécret\n".encode("latin-1"), "not UTF-8 text.*line 1.*save the file as UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", "not UTF-16-LE text"),
        (
            b"a = 1\n\x1a",
            "line 2 has the control character 0x1a; remove it, or save the file as UTF-8",
        ),
        (b"\0" * 40, "line 1 has the control character 0x00; remove it, or save the file as UTF-8"),
    ):
        path.write_bytes(content)
        if read is READERS["key of capture"][0]:  # it says less, since any part may be the key
            said = "empty or not text: save the file as UTF-8"
        with pytest.raises(error, match=f"file: {said}") as refused:
            read(path)
        assert "cret" not in str(refused.value)
    with pytest.raises(error, match=r"tmp|folder|directory"):
        read(tmp_path)
    with pytest.raises(error, match="No such file"):
        read(tmp_path / "missing")


@pytest.mark.parametrize("content", [b"", b"\n", codecs.BOM_UTF8])
def test_an_empty_state_is_a_new_one(tmp_path: Path, content: bytes) -> None:
    """As `touch` and `mktemp` make it, for a bind mount."""
    path = tmp_path / "state.json"
    path.write_bytes(content)
    app = create_app(Config(state=path))
    API(app).create(name="First")
    app.extensions["mockserver"].state_file.save()
    assert b'"First"' in path.read_bytes()


def test_a_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mounted by itself: rename says that it is busy, and writing works."""
    path = tmp_path / "state.json"
    path.write_bytes(b"a long content from before")
    inode = path.stat().st_ino

    def refuse(*_: Any) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", refuse)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    lock = FileLock(path)
    lock.acquire()
    replace_file(path, b"newer", lock)
    assert path.read_bytes() == b"newer"
    assert path.stat().st_ino == inode
    assert os.listdir(tmp_path) == ["state.json"]
    with pytest.raises(BlockingIOError):
        FileLock(path).acquire()
    lock.release()


def test_a_mounted_state_file_is_kept(tmp_path: Path) -> None:
    """The same with a real mount, which needs the rights for it."""
    source, target = tmp_path / "source.json", tmp_path / "folder" / "state.json"
    target.parent.mkdir()
    source.touch()
    target.touch()
    if subprocess.run(["mount", "--bind", source, target], capture_output=True).returncode:
        pytest.skip("this user may not mount")
    try:
        app = create_app(Config(state=target))
        API(app).create(name="Mounted")
        app.extensions["mockserver"].state_file.save()
    finally:
        subprocess.run(["umount", target], check=True)
    assert b'"Mounted"' in source.read_bytes()


def test_links_and_permissions_of_a_file_stay(tmp_path: Path) -> None:
    """What a link leads to is replaced, with the permissions that it had."""
    path, link = tmp_path / "real", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    check_replaceable(link)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_ctl_load_reads_a_file_of_powershell(tmp_path: Path) -> None:
    """`credmock ctl export > world.json` there is UTF-16, and can be loaded again."""
    path = tmp_path / "world.json"
    path.write_bytes(ENCODINGS["PowerShell"](json.dumps(DOCUMENT)))
    with running() as server:
        command = [*CREDMOCK, "ctl", "--url", server.url, "load", str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("place", ["device", "pipe", "circle"])
@pytest.mark.parametrize("option", ["--state", "--port-file"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, option: str, place: str) -> None:
    """A device would be gone for everybody, and a pipe has nobody who writes into it."""
    path = tmp_path / "place"
    if place == "device":
        path.symlink_to(os.devnull)
    elif place == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    command = [*CREDMOCK, "serve", "--bind", "127.0.0.1:0", option, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr.startswith(f"credmock: {option} {path}: ")
    assert Path(os.devnull).is_char_device()


def test_a_lock_outlives_the_replacement_of_its_file(tmp_path: Path) -> None:
    """A process that opens the new file finds it locked, and it is free when the holder is gone."""
    path = tmp_path / "state.json"
    holder = FileLock(path)
    holder.acquire()
    holder.acquire()
    replace_file(path, b"new")
    holder.acquire()
    with pytest.raises(BlockingIOError):
        FileLock(path).acquire()
    holder.release()
    other = FileLock(path)
    other.acquire()
    other.release()


def test_a_file_is_locked_whenever_it_is_replaced(tmp_path: Path) -> None:
    """Nobody finds the new file free, however often and at which moment it is replaced."""
    path = tmp_path / "state.json"
    holder = FileLock(path)
    holder.acquire()
    ended, found_free = threading.Event(), []

    def try_to_lock() -> None:
        while not ended.is_set():
            other = FileLock(path)
            with contextlib.suppress(BlockingIOError):
                other.acquire()
                found_free.append(path.read_bytes())
            other.release()

    thread = threading.Thread(target=try_to_lock)
    thread.start()
    for number in range(300):
        replace_file(path, b"%d" % number, holder)
    ended.set()
    thread.join()
    holder.release()
    assert found_free == []
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_lock_is_on_the_file_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is replaced between the opening and the lock is not taken for the new one."""
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    holder = FileLock(path)
    lock, calls = files.lock_file, []

    def lock_late(file: BinaryIO) -> None:
        calls.append(file)
        if len(calls) == 1:
            replace_file(path, b"new")
        lock(file)

    monkeypatch.setattr(files, "lock_file", lock_late)
    holder.acquire()
    monkeypatch.undo()
    assert len(calls) == 2
    with pytest.raises(BlockingIOError):
        FileLock(path).acquire()
    holder.release()


@pytest.mark.parametrize("link", ["--state", "--port-file"])
def test_a_port_file_is_not_the_state_file_by_a_link(tmp_path: Path, link: str) -> None:
    """The port would take the place of the records, whichever of both is the link."""
    real, other = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text(json.dumps(DOCUMENT))
    before = real.read_bytes()
    other.symlink_to(real)
    state, port = (other, real) if link == "--state" else (real, other)
    words = ("serve", "--bind", "127.0.0.1:0", "--state", str(state), "--port-file", str(port))
    ended = subprocess.run([*CREDMOCK, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert f"--port-file {port}: this is the file of --state" in ended.stderr
    assert real.read_bytes() == before


def test_the_packages_load_without_locks_and_signals_of_posix(tmp_path: Path) -> None:
    """As on Windows: the application keeps its state, and the commands of `credcheck` work."""
    code = (
        "import signal, sys, threading\n"
        "sys.modules['fcntl'] = None\n"
        "del signal.SIGHUP, signal.SIGQUIT\n"
        "from pathlib import Path\n"
        "from mockserver import Config, create_app\n"
        "app = create_app(Config(state=Path('state.json')))\n"
        "kept = app.extensions['mockserver'].state_file\n"
        "kept.keep(app.extensions['mockserver'].stopping)\n"
        "app.test_client().post('/__mock__/state/clear')\n"
        "app.extensions['mockserver'].stopping.set()\n"
        "assert kept.finish() and Path('state.json').stat().st_size\n"
        "from contract_tests.engine.interruption import watch_signals\n"
        "watch_signals().check()\n"
        "from contract_tests.cli import main\n"
        "main(['explain', 'PAGE-03'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "PAGE-03" in ended.stdout


def test_an_empty_file_is_one_line_of_the_command(tmp_path: Path) -> None:
    """Exit code 2, and the file is named."""
    path = tmp_path / "empty.json"
    path.touch()
    for words in (("call", "GET", "/", "--world", str(path)), ("drift", str(path))):
        ended = CliRunner().invoke(main, list(words))
        assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
        assert "empty.json: the file is empty" in ended.stderr
