"""The recipe of `examples/shared`: nginx in front of three processes, for real."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import MAIN
from tests.support.paths import ROOT
from tests.support.server import RunningServer, free_port, running
from tests.support.waiting import PATIENCE, wait_until

RECIPE = ROOT / "examples" / "shared" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
KEY = {"Authorization": "main-admin-key"}
SANDBOXES = [f"team-{number}" for number in range(30)]
PORTS = ("9001", "9002", "9003")
BELOW = f"/dm{MAIN}"


@contextmanager
def nginx(folder: Path, ports: dict[str, int]) -> Iterator[str]:
    """Run nginx with the recipe, its ports replaced, and yield its address."""
    text = RECIPE.read_text(encoding="utf-8")
    for port, other in ports.items():
        assert text.count(f"127.0.0.1:{port}") == (2 if port == "9001" else 1)
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(path)])
    url = f"http://127.0.0.1:{ports['8080']}"
    try:
        wait_until(
            lambda: httpx.get(f"{url}/__mock__/health", timeout=PATIENCE).status_code,
            "nginx listens",
            ignore=(httpx.TransportError,),
        )
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def names(client: httpx.Client, sandbox: str) -> list[str]:
    """Return what a sandbox has, of what these tests create."""
    page = client.get(f"/__sandbox__/{sandbox}{BELOW}?search=Made+by&page_size=100").json()
    return [each["name"] for each in page["result"]["data"]]


def create(client: httpx.Client, sandbox: str, number: int, issuer: str) -> str:
    """Create a credential in one of the ways to name a sandbox, and return its name."""
    name = f"Made by {sandbox} {number}"
    body = {"name": name, "issuer": issuer}
    paths = (f"/__sandbox__/{sandbox}{BELOW}", f"/dm/__sandbox__/{sandbox}{MAIN}", BELOW)
    path = paths[number % 3]
    headers = {"X-Mock-Sandbox": sandbox} if path == BELOW else {}
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return name


def owner(sandbox: str, servers: dict[str, RunningServer]) -> str:
    """Return the process that a sandbox lives in, of which there must be one alone."""
    owners = [
        port
        for port, server in servers.items()
        if sandbox
        in httpx.get(f"{server.url}/__mock__/sandboxes", timeout=PATIENCE).json()["sandboxes"]
    ]
    assert len(owners) == 1, (sandbox, owners)
    return owners[0]


@pytest.mark.slow
@pytest.mark.skipif(NGINX is None, reason="needs Debian's package `nginx`")
def test_each_sandbox_lives_in_one_process(tmp_path: Path) -> None:
    """Thirty in parallel see only their own, also when one process is started again."""
    ports = {port: free_port() for port in (*PORTS, "8080")}
    with ExitStack() as stack:
        servers, stops = {}, {}
        for port in PORTS:
            stops[port] = stack.enter_context(ExitStack())
            options = ("--quiet", "--prefix", "/dm", "--bind", f"127.0.0.1:{ports[port]}")
            servers[port] = stops[port].enter_context(running(*options))
        url = stack.enter_context(nginx(tmp_path, ports))
        client = stack.enter_context(
            httpx.Client(base_url=url, headers=KEY, timeout=PATIENCE, limits=httpx.Limits())
        )
        issuer = client.get(f"{BELOW}issuers/").json()["result"]["data"][0]["entityId"]

        def work(sandbox: str) -> None:
            made = [create(client, sandbox, number, issuer) for number in range(4)]
            assert names(client, sandbox) == made[::-1]

        pool = stack.enter_context(ThreadPoolExecutor(len(SANDBOXES)))
        list(pool.map(work, SANDBOXES))
        owners = {each: owner(each, servers) for each in SANDBOXES}
        assert set(owners.values()) == set(PORTS)
        for base in (f"/__sandbox__/team-0{BELOW}", f"/dm/__sandbox__/team-0{MAIN}"):
            link = client.get(f"{base}?page_size=1").json()["result"]["next"]
            assert link.startswith(f"{url}{base}")

        gone = PORTS[0]
        stops[gone].close()
        for sandbox, port in owners.items():
            answer = client.get(f"/__sandbox__/{sandbox}{BELOW}")
            assert answer.status_code == (502 if port == gone else 200), sandbox
        servers[gone] = stack.enter_context(
            running("--quiet", "--prefix", "/dm", "--bind", f"127.0.0.1:{ports[gone]}")
        )
        for sandbox, port in owners.items():
            kept = names(client, sandbox)
            assert len(kept) == (0 if port == gone else 4)
            assert all(re.match(rf"Made by {sandbox} \d$", name) for name in kept)
            assert owner(sandbox, servers) == port
