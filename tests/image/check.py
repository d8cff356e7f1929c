"""Builds the image without Docker, looks into it and serves from it: `make image-check`.

buildah builds it in a chroot, on a base that debootstrap makes of Debian, so nothing is pulled from
a registry. It is served as a runtime would: as process 1 of its own processes, as the image's user,
on a read-only file system with a volume for /data. All of this needs root.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE, wait_until

TOOLS = ("buildah", "debootstrap", "unshare", "chroot", "mount")
RELEASE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BASE, IMAGE = "localhost/credmock-base", "localhost/credmock"
MOST_MEGABYTES = 250
"""Above the base, which others bring."""
UNWANTED = ("pip", "pip3", "gcc", "cc", "make", "git")
"""Tools of a build; what is served needs none of them."""
KEY = {"Authorization": "Api-Key main-admin-key"}
RUN_READ_ONLY = """
mount --bind "$1" "$1" && mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/data"
mount -o remount,ro,bind "$1" && shift 2 && exec "$@"
"""


def find_obstacle() -> str:
    """Return why the check cannot be done here, or an empty text."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: apt-get install buildah debootstrap)"
    if os.geteuid() != 0:
        return "building in a chroot needs root"
    probe = ["unshare", "--mount", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True).returncode:
        return "this user may make no namespaces of mounts and processes"
    return ""


class Buildah:
    """The command, with a store of its own that is removed at the end."""

    def __init__(self, folder: Path) -> None:
        self._options = ["--root", f"{folder}/store", "--runroot", f"{folder}/run"]
        self._options += ["--storage-driver", "vfs"]

    def run(self, *words: str) -> str:
        """Run a subcommand in the checkout and return what it prints."""
        command = ["buildah", *self._options, *words]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == 0, f"{' '.join(words)}: {ended.stdout[-3000:]}{ended.stderr}"
        return ended.stdout.strip()

    def make_base(self, folder: Path) -> None:
        """Make the image that the Dockerfile begins with."""
        mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}"]
        made = subprocess.run(
            [*command, RELEASE, str(folder), mirror], capture_output=True, text=True
        )
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr
        if CERTIFICATES.is_file():  # that of a network whose proxy reads TLS is among them
            shutil.copy(CERTIFICATES, folder / CERTIFICATES.relative_to("/"))
            (folder / "etc/pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\n")
        for package in (folder / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()
        container = self.run("from", "scratch")
        self.run("add", "--quiet", container, str(folder), "/")
        self.run("commit", "--quiet", container, BASE)
        self.run("rm", container)

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """Yield the root file system of a container of an image."""
        container = self.run("from", image)
        try:
            yield Path(self.run("mount", container))
        finally:
            self.run("rm", container)


@dataclass(frozen=True)
class Container:
    """A container that can be run: its file system, its configuration, and its volume."""

    root: Path
    configuration: dict[str, Any]
    data: Path

    def enter(self, *words: str, **variables: str) -> list[str]:
        """Return the command that runs words as the image's user in its environment."""
        environment = [*self.configuration["Env"], *(f"{k}={v}" for k, v in variables.items())]
        user = f"--userspec={self.configuration['User']}"
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"]
        command += [RUN_READ_ONLY, "sh", str(self.root), str(self.data)]
        return [*command, "chroot", user, str(self.root), "env", "-i", *environment, *words]


def measure(folder: Path) -> int:
    """Return the size of a folder in megabytes."""
    said = subprocess.run(["du", "-sxm", folder], check=True, capture_output=True, text=True)
    return int(said.stdout.split()[0])


def check_configuration(configuration: dict[str, Any]) -> None:
    """Look at what a runtime reads: user, command, volume, health check, labels."""
    assert configuration["User"] == "10001:10001"
    assert configuration["Entrypoint"] == ["credmock"]
    assert configuration["Cmd"] == ["serve"]
    assert "/data" in configuration["Volumes"]
    assert configuration["Healthcheck"]["Test"] == ["CMD", "credmock", "ctl", "health"]
    labels = configuration["Labels"]
    assert labels["org.opencontainers.image.version"] == read_version()
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def read_version() -> str:
    """Return the version of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def check_content(root: Path) -> None:
    """Look for what should have stayed in the stage of the build, and for locked versions."""
    folders = ("opt/credmock/bin", "usr/local/bin", "usr/bin", "bin")
    assert not [f"{folder}/{tool}" for folder in folders for tool in UNWANTED
                if (root / folder / tool).exists()]  # fmt: skip
    assert not (root / "source").exists()
    locked = set((ROOT / "constraints.txt").read_text(encoding="utf-8").lower().split())
    packages = (root / "opt/credmock/lib").glob("python3*/site-packages/*.dist-info")
    installed = {"==".join(path.stem.lower().split("-")[:2]) for path in packages}
    installed.discard(f"credmock=={read_version()}")
    normal = {line.replace("-", "_") for line in locked}
    assert len(installed) > 20
    assert {name.replace("-", "_") for name in installed} <= normal


def check_serving(container: Container) -> float:
    """Serve, write, ask for the health through a wrong proxy, stop; return the seconds to start."""
    port_file, state = container.data / "port", container.data / "state.json"
    variables = {"CREDMOCK_SERVE_BIND": "127.0.0.1:0", "CREDMOCK_SERVE_PORT_FILE": "/data/port"}
    variables |= {"CREDMOCK_SERVE_STATE": "/data/state.json"}
    words = (*container.configuration["Entrypoint"], *container.configuration["Cmd"])
    started = time.monotonic()
    with subprocess.Popen(
        container.enter(*words, **variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            wait_until(
                lambda: port_file.exists() or process.poll() is not None, "the mock responds"
            )
            assert process.stdout is not None
            assert process.poll() is None, process.stdout.read().decode()
            seconds = time.monotonic() - started
            url = f"http://127.0.0.1:{int(port_file.read_text())}"
            (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            status = Path(f"/proc/{first}/status").read_text()
            assert "\nUid:\t10001\t10001\t10001\t10001\n" in status
            ids = next(line for line in status.splitlines() if line.startswith("NSpid:"))
            assert ids.split()[-1] == "1"
            (credential,) = ask(f"{url}/api/credentials/orgs/main/users/1/?page_size=1")
            ask(f"{url}/api/credentials/orgs/main/users/1/{credential}", "DELETE")
            wrong = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
            command = container.configuration["Healthcheck"]["Test"][1:]
            healthy = container.enter(*command, CREDMOCK_CTL_URL=url, **wrong)
            subprocess.run(healthy, check=True, capture_output=True, timeout=PATIENCE)
            ill = container.enter(*command, CREDMOCK_CTL_URL="http://127.0.0.1:1")
            assert subprocess.run(ill, capture_output=True, timeout=PATIENCE).returncode
            os.kill(int(first), signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
    assert not port_file.exists()
    kept = {each["entityId"] for each in json.loads(state.read_bytes())["credentials"]}
    assert kept
    assert credential not in kept
    return seconds


def ask(url: str, method: str = "GET") -> list[str]:
    """Send a request with a key, and return the ids of a list."""
    request = urllib.request.Request(url, headers=KEY, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as response:
        content = response.read()
    data = json.loads(content)["result"]["data"] if method == "GET" else []
    return [each["entityId"] for each in data]


def check_image(say: Callable[[str], object]) -> None:
    """Build the image and check it; raises AssertionError."""
    with tempfile.TemporaryDirectory(prefix="credmock-image-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user of the image passes through it
        buildah = Buildah(folder)
        say("making the base with debootstrap")
        buildah.make_base(folder / "base")
        say("building the image with buildah")
        began = time.monotonic()
        options = ["--isolation", "chroot", "--format", "docker", "--quiet", "--tag", IMAGE]
        options += ["--build-arg", f"BASE={BASE}", "--build-arg", f"VERSION={read_version()}"]
        buildah.run("bud", *options, ".")
        say(f"built in {time.monotonic() - began:.0f} s")
        described = json.loads(buildah.run("inspect", "--type", "image", IMAGE))
        configuration = described["Docker"]["config"]
        check_configuration(configuration)
        data = folder / "data"
        data.mkdir()
        os.chown(data, 10001, 10001)
        with buildah.mounted(BASE) as base:
            size_of_base = measure(base)
        with buildah.mounted(IMAGE) as root:
            size = measure(root)
            check_content(root)
            seconds = check_serving(Container(root, configuration, data))
        say(f"{size} MB, of which {size_of_base} MB are the base; responds after {seconds:.1f} s")
        assert size - size_of_base <= MOST_MEGABYTES


def main() -> None:
    """Check the image, or say why that cannot be done here."""
    obstacle = find_obstacle()
    say = partial(print, flush=True)
    if obstacle:
        say(f"image-check skipped: {obstacle}")
        return
    try:
        check_image(say)
    except (AssertionError, OSError) as error:
        sys.exit(f"image-check failed: {error}")
    say("image-check passed")


if __name__ == "__main__":
    main()
