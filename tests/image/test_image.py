"""The image, where its tools are installed, and the Compose files."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.image.check import check_image, find_obstacle
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

COMPOSE = sorted((ROOT / "examples" / "compose").glob("*.yaml"))


@pytest.mark.thorough
@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_image_is_sound() -> None:
    """It is built, holds what it must and no more, and serves as a runtime would run it."""
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    said: list[str] = []
    check_image(said.append)
    assert " MB, of which " in said[-1]


def read(path: Path) -> dict[str, Any]:
    """Return a Compose file as YAML."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_is_valid(path: Path) -> None:
    """A maintained checker has no complaint, and what it mounts and builds is there."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    ended = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stdout
    for service in read(path)["services"].values():
        if "build" in service:
            assert (path.parent / service["build"] / "Dockerfile").is_file()
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (path.parent / volume.partition(":")[0]).exists()


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_opens_nothing(path: Path) -> None:
    """Ports are on the loopback address, and the mock has no rights and writes its volume only."""
    services = read(path)["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    mocks = [service for service in services.values() if service["image"] == "credmock"]
    assert mocks
    for mock in mocks:
        assert (mock["read_only"], mock["cap_drop"]) == (True, ["ALL"])
        assert mock["security_opt"] == ["no-new-privileges:true"]
        assert "CREDMOCK_SERVE_CONTROL_TOKEN" in mock["environment"]


def test_the_shared_mock_is_the_same_recipe(tmp_path: Path) -> None:
    """Compose changes the addresses in the recipe for nginx, each to a service that exists."""
    services = read(ROOT / "examples" / "compose" / "shared.yaml")["services"]
    shell, option, script = services["front"]["command"]
    assert (shell, option) == ("sh", "-c")
    recipe = ROOT / "examples" / "shared" / "nginx.conf"
    script = script.replace("/tmp/", f"{tmp_path}/")  # noqa: S108  (of the container)
    script = script.replace("/recipe/nginx.conf", str(recipe))
    subprocess.run(["sh", "-c", script.partition("&&")[0]], check=True)
    changed = (tmp_path / "nginx.conf").read_text(encoding="utf-8")
    statements = re.sub("#.*", "", changed)
    assert "127.0.0.1" not in statements
    assert "listen 8080;" in statements
    upstream = re.findall(r"server (mock-\d):8765 max_fails=0;", statements)
    assert (
        {*upstream}
        == {name for name in services if name != "front"}
        == {*services["front"]["depends_on"]}
    )
