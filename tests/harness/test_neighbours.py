"""The names of both packages, and of the plugin of pytest, among those of other people."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import credmock
from mockserver.testing import serving
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

SCRIPTS = Path(sys.executable).parent


def execute(*command: str, cwd: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder and return how it ended."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


def make_team(folder: Path) -> Path:
    """Make the folder of a team whose packages are called as ours are."""
    for name in ("contract_tests", "mockserver"):
        package = folder / name
        package.mkdir()
        (package / "__init__.py").write_text("OWNER = 'the team'\n")
        (package / f"test_{name}.py").write_text(
            f"from {name} import OWNER\n\ndef test_owner():\n    assert OWNER == 'the team'\n"
        )
    return folder


def test_a_team_with_the_same_names_is_left_alone(tmp_path: Path) -> None:
    """Its own packages, options, markers and fixtures work where credmock is installed."""
    make_team(tmp_path)
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser):\n"
        "    for name in ('--target', '--report', '--rule', '--seed', '--org'):\n"
        "        parser.addoption(name, default='theirs')\n"
        "@pytest.fixture\n"
        "def deployment(pytestconfig):\n"
        "    return pytestconfig.getoption('--target')\n"
    )
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers\nmarkers =\n  rule(id)\n  needs\n  last\n"
    )
    (tmp_path / "test_own.py").write_text(
        "import pytest\n@pytest.mark.rule('R-1')\n@pytest.mark.needs('x')\n@pytest.mark.last\n"
        "def test_own(deployment):\n    assert deployment == 'theirs'\n"
    )
    ended = execute(sys.executable, "-m", "pytest", "-v", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
    assert "credcheck" not in ended.stdout + ended.stderr


def test_a_run_may_mix_the_rules_with_tests_of_a_team(tmp_path: Path) -> None:
    """Also where the team has the markers, the option and the fixture `deployment` of its own."""
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser):\n    parser.addoption('--target', default='theirs')\n"
        "@pytest.fixture\ndef deployment():\n    return 'theirs'\n"
    )
    (tmp_path / "test_own.py").write_text(
        "import pytest\npytestmark = pytest.mark.rule('not one of the catalogue')\n"
        "def test_own(deployment):\n    assert deployment == 'theirs'\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "credcheck", "--credcheck-target=mock"]
    command += ["--credcheck-rule=PAGE-01", "test_own.py", "--pyargs", "contract_tests"]
    ended = execute(*command, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"VERDICT +mock: conforms", ended.stdout)
    passed = re.search(r"(\d+) passed", ended.stdout.splitlines()[-1])
    assert passed
    assert int(passed[1]) > 1


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])
def test_the_commands_find_their_own_packages(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """Whatever else is called so comes first where Python looks."""
    make_team(tmp_path)
    path = {"PYTHONPATH": str(tmp_path)}
    called = execute(str(SCRIPTS / "credmock"), "routes", cwd=tmp_path, **path)
    assert (called.returncode, called.stderr) == (0, "")
    command = [str(SCRIPTS / "credcheck"), "run", "mock", "--rule", "PAGE-01", *workers]
    ended = execute(*command, cwd=tmp_path, **path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "conforms" in ended.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTEST_ADDOPTS", "--no-such-option -vv"),
        ("PYTEST_ADDOPTS", "--durations=3 -x"),
        ("PYTEST_PLUGINS", "no_such_plugin"),
        ("PYTEST_DEBUG", "1"),
    ],
)
def test_variables_of_pytest_are_for_others(tmp_path: Path, name: str, value: str) -> None:
    """Options and plugins that a team sets for its own tests do not change a run."""
    words = ("run", "mock", "--rule", "PROTO-01", "--profile", "quick", "--journal", str(tmp_path))
    ended = execute(str(SCRIPTS / "credcheck"), *words, cwd=tmp_path, **{name: value})
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    assert ended.stdout.rstrip().splitlines()[-3].startswith("VERDICT  ")


def test_the_fixtures_start_their_own_mock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of a team run in a folder with a module `mockserver` of its own."""
    (tmp_path / "mockserver.py").write_text("raise SystemExit('theirs')\n")
    monkeypatch.chdir(tmp_path)
    with serving("--quiet") as url, urllib.request.urlopen(f"{url}/__mock__/health") as response:
        assert response.status == 200


def test_all_names_of_the_plugin_begin_alike() -> None:
    """Options, markers, fixtures and configuration keys that it adds to pytest."""
    names = r"^@pytest\.mark\.\w+|^\w+(?= -- )|^  --[a-z][\w-]+|^  \w+ \(\w+\):"

    def show(*words: str) -> set[str]:
        command = [sys.executable, "-m", "pytest", "--noconftest", "-c", os.devnull]
        command += ["--disable-plugin-autoload", *words]
        return set(re.findall(names, execute(*command, cwd=ROOT / "docs").stdout, re.MULTILINE))

    for words in (("--help",), ("--markers",), ("--fixtures", "-v")):
        added = show("-p", "credcheck", *words) - show(*words)
        assert added, words
        for name in added:
            assert re.search(r"credcheck[-_]", name), name


def copy_of_credmock(folder: Path) -> Path:
    """Return a copy of the module that finds the packages, in a folder as of an environment."""
    shutil.copy(credmock.__file__, folder)
    (folder / "other_client-1.0.dist-info").mkdir()
    (folder / "other_client-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: other-client\nVersion: 1.0\n"
    )
    (folder / "other_client-1.0.dist-info" / "RECORD").write_text("mockserver/__init__.py,,\n")
    return folder / "credmock.py"


@pytest.mark.parametrize(
    "content",
    [None, "", "CLIENT = 1\n", "from mockserver.models import Client\n", "import not_there\n", "]"],
    ids=["removed", "empty", "other", "own imports", "its needs", "not Python"],
)
def test_an_overwritten_package_is_one_line(tmp_path: Path, content: str | None) -> None:
    """`mockserver-client` brings a package `mockserver`, too: the line names it and the remedy."""
    script = copy_of_credmock(tmp_path)
    (tmp_path / "mockserver").mkdir()
    if content is not None:
        (tmp_path / "mockserver" / "__init__.py").write_text(content)
    ended = execute(sys.executable, str(script), "serve", cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr
    for part in ("credmock: the package mockserver", "other-client", "pip install"):
        assert part in ended.stderr
