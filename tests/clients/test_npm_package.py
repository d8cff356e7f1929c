"""The npm package: packed, installed into a project as users have it, and tested there."""

import fcntl
import inspect
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mockserver.control.client import Control
from tests.clients import generate as clients
from tests.support.documents import document
from tests.support.paths import ROOT

PACKAGE = ROOT / "clients" / "javascript"
PROJECT = ROOT / "tests" / "clients" / "npm"
PAGE = document("docs/javascript.md")
EXAMPLE = "http://127.0.0.1:8000/"
CHROMIUM = shutil.which("chromium")
INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")


def camel_case(name: str) -> str:
    """Return a Python name as JavaScript spells it."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def test_both_clients_have_the_same_methods() -> None:
    """What the control plane can do has one name in Python and in TypeScript, but for its case."""
    source = (PACKAGE / "src" / "sandbox.ts").read_text(encoding="utf-8")
    methods = set(re.findall(r"^  (?:async |get )?([a-z]\w*)(?:<.*>)?\(", source, re.MULTILINE))
    names = {name for name, _ in inspect.getmembers(Control) if not name.startswith("_")}
    assert methods - {"constructor"} == set(map(camel_case, names))


def test_both_packages_have_the_same_fixtures() -> None:
    """The fixtures of pytest, Playwright and Vitest have one name, but for its case."""
    python = (ROOT / "mockserver" / "testing.py").read_text(encoding="utf-8")
    names = set(re.findall(r"^def (mock_\w+)", python, re.MULTILINE)) - {"mock_application"}
    for module in ("playwright.ts", "vitest.ts"):
        source = (PACKAGE / "src" / module).read_text(encoding="utf-8")
        assert set(map(camel_case, names)) <= set(
            re.findall(r"^  (mock\w+):", source, re.MULTILINE)
        )


def test_both_packages_have_the_same_version() -> None:
    """A user can tell which npm package belongs to which mock."""
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def write_examples(folder: Path) -> None:
    """Write the programs of the documentation that say how their files are called."""
    (folder / "docs").mkdir()
    for number, block in enumerate(PAGE.blocks):
        if block.language == "ts":
            name = re.match(r"// (\S+)\n", block.text)
            path = folder / "docs" / (name[1] if name else f"part-{number}.ts")
            path.write_text(block.text, encoding="utf-8")


@contextmanager
def serving_the_example() -> Iterator[str]:
    """Serve the front end of the documentation, and yield its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=ROOT / "examples" / "frontend")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project outside of the repository that has installed the packed package, once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "front-end"
    with (shared / "front-end.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / "credmock").is_dir():
            shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
            write_examples(folder)
            try:
                clients.install_packages(PACKAGE)
                clients.run("npm", "pack", "--pack-destination", folder, cwd=PACKAGE)
                (packed,) = folder.glob("credmock-*.tgz")
                command = (*INSTALL, packed)
                clients.fetch(command, folder / "node_modules", folder / "package.json")
            except clients.MissingError as missing:
                pytest.skip(str(missing))
    return folder


def run(project: Path, *words: str) -> str:
    """Run a program of the project, which finds the command `credmock` of this environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "CHROMIUM": CHROMIUM or "", "NO_COLOR": "1", "CREDMOCK_URL": ""}
    program = project / "node_modules" / ".bin" / words[0]
    return clients.run(program, *words[1:], cwd=project, **environment)


@pytest.mark.slow
def test_a_project_compiles_and_passes_with_vitest(project: Path) -> None:
    """Strict TypeScript takes the package; the client works; MSW answers as the mock does."""
    names = {path.name for path in (project / "node_modules" / "credmock").iterdir()}
    assert names == {"dist", "package.json", "README.md", "LICENSE"}
    run(project, "tsc", "--project", ".")
    assert re.search(r"Test Files  4 passed \(4\)", run(project, "vitest", "run"))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: Debian's package `chromium`")
def test_a_page_is_tested_in_a_sandbox_of_its_own(project: Path) -> None:
    """With Playwright each test has a world; a failure has the nearest request and the journal."""
    with serving_the_example() as address:
        example = project / "docs" / "rename.spec.ts"
        text = example.read_text(encoding="utf-8")
        assert EXAMPLE in text
        example.write_text(text.replace(EXAMPLE, address), encoding="utf-8")
        assert "6 passed" in run(project, "playwright", "test", "passing", "rename")
    with pytest.raises(clients.StepError) as failure:
        run(project, "playwright", "test", "failing", "--reporter", "json")
    report = str(failure.value)
    assert r"body.name: expected \"Data\", got \"Date\"" in report
    assert '"credmock-journal.json"' in report
    assert '"credmock.har"' in report
