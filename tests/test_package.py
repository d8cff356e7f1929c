"""The package as somebody else gets it: a wheel in an empty environment, somewhere else."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.server import running


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_serves_from_an_empty_environment(tmp_path: Path) -> None:
    """Built, installed with the locked versions and started elsewhere, it lists credentials."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("credmock-*.whl")
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
    with running(command=(str(binaries / "credmock"),), cwd=tmp_path) as served:
        request = urllib.request.Request(
            served.collection, headers={"Authorization": "main-admin-key"}
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["result"]["data"]
        with urllib.request.urlopen(f"{served.url}/__mock__/openapi.yaml") as answer:
            assert answer.status == 200
