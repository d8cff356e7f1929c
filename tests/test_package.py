"""The package as somebody else gets it: a wheel in an empty environment, somewhere else."""

import json
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import keepachangelog
import pytest

from tests.support.paths import ROOT
from tests.support.server import running


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the sdist, and the wheel that is built from it as pip would."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (sdist,), (wheel,) = folder.glob("credmock-*.tar.gz"), folder.glob("credmock-*.whl")
    return sdist, wheel


def read_project() -> dict[str, Any]:
    """Return the table `project` of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def test_the_version_is_written_once() -> None:
    """The code asks the installed package, and no module holds a version of its own."""
    version = read_project()["version"]
    modules = [*ROOT.glob("*.py"), *ROOT.glob("mockserver/**/*.py")]
    modules += ROOT.glob("contract_tests/**/*.py")
    assert [path for path in modules if f'"{version}"' in path.read_text(encoding="utf-8")] == []
    assert metadata.version("credmock") == version


def test_a_tool_reads_the_changelog() -> None:
    """Its newest part is what is not released, and each release has a version and a date."""
    versions = keepachangelog.to_dict(str(ROOT / "CHANGELOG.md"), show_unreleased=True)
    newest, *released = versions.values()
    assert newest["metadata"]["version"] == "unreleased"
    assert sum(len(entries) for entries in newest.values()) > 10
    assert all(release["metadata"]["release_date"] for release in released)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_packages_are_sound(packages: tuple[Path, Path]) -> None:
    """Maintained checkers have no complaint, and nothing but the product is inside."""
    sdist, wheel = packages
    for command in (
        ("twine", "check", "--strict", str(sdist), str(wheel)),
        ("check_wheel_contents", "--config", str(ROOT / "pyproject.toml"), str(wheel)),
    ):
        checked = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    with tarfile.open(sdist) as archive:
        inside = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {"SECURITY.md", "CHANGELOG.md", "constraints.txt", "spec", "fixtures"} <= inside
    assert not inside & {"tests", "docs", "bench", "examples", ".venv", "dist"}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_serves_from_an_empty_environment(
    tmp_path: Path, packages: tuple[Path, Path]
) -> None:
    """Installed with the locked versions elsewhere, it lists credentials, and both commands run.

    The folder has a space and an umlaut, as a home folder may.
    """
    _, wheel = packages
    tmp_path = tmp_path / "Jürgens Dateien"
    tmp_path.mkdir()
    environment = tmp_path / "environment"
    # This one's pip puts it there: the environment has none, which takes seconds to install, and
    # compiles only the modules that it loads.
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        check=True,
    )
    binaries = environment / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(binaries / "python")]
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-compile", *constraints, str(wheel)],
        check=True,
        cwd=tmp_path,
    )
    installed = subprocess.run(
        [*pip, "list", "--format", "json"], check=True, capture_output=True, text=True
    ).stdout
    names = {each["name"].lower() for each in json.loads(installed)}
    assert "flask" in names
    assert not names & {"pytest", "hypothesis", "schemathesis", "django", "iblai"}
    for command, words in (("credmock", ["routes"]), ("credcheck", ["rules"])):
        program = str(binaries / command)
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        assert said.stdout == f"{command}, version {read_project()['version']}\n"
        subprocess.run([program, *words], check=True, capture_output=True, cwd=tmp_path)
    judged = subprocess.run(
        [str(binaries / "credcheck"), "run", "mock"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (judged.returncode, judged.stderr.count("\n")) == (2, 1)
    assert "pip install 'credmock[check]'" in judged.stderr
    with running(command=(str(binaries / "credmock"),), cwd=tmp_path) as served:
        request = urllib.request.Request(
            served.collection, headers={"Authorization": "main-admin-key"}
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["result"]["data"]
        with urllib.request.urlopen(f"{served.url}/__mock__/openapi.yaml") as answer:
            assert answer.status == 200
