"""The mock servers that a user would take instead, from npm, each quiet and as cheap as it goes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench.in_process import InProcess
from bench.requests import LIST, Request, get, post
from bench.servers import Candidate
from mockserver.config import Config

HERE = Path(__file__).parent
PACKAGE = HERE / "package.json"
FOLDER = HERE / ".peers"
STAMP = FOLDER / "installed"
PUBLISHED = HERE.parent / "spec" / "published" / "published-3.59.0.yaml"
RECORDS = 1000
"""What json-server serves; the others answer with an example of the description."""


class NoPeers(Exception):
    """The peers cannot be measured here; the text says why."""


def install() -> None:
    """Install the pinned versions, once; raises NoPeers."""
    if STAMP.exists() and STAMP.read_text() == PACKAGE.read_text():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NoPeers("npm is missing")
    print("bench: installing the peers from npm, once", file=sys.stderr)
    FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(PACKAGE, FOLDER / "package.json")
    words = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel", "error"]
    run = subprocess.run([npm, *words], cwd=FOLDER, capture_output=True, text=True)
    if run.returncode:
        raise NoPeers(f"npm install failed: {(run.stderr.splitlines() or ['no reason given'])[0]}")
    STAMP.write_text(PACKAGE.read_text())


def candidates(folder: Path, create: Request) -> list[Candidate]:
    """Return the peers, installed; `folder` takes the data of json-server. Raises NoPeers."""
    install()
    commands = FOLDER / "node_modules" / ".bin"
    records = _records()
    database, routes = folder / "records.json", folder / "routes.json"
    database.write_text(json.dumps({"credentials": records}))
    paths = {
        LIST.path: "/credentials?_page=1&_limit=10",
        f"{LIST.path}:id": "/credentials/:id",
    }
    routes.write_text(json.dumps(paths))
    requests = {
        "list": LIST,
        "item": get(records[0]["entityId"]),
        "create": post(create.body or ""),
    }
    served = folder / "db.json"
    address = ["--host", "127.0.0.1", "--port", "{port}"]
    prism = [f"{commands / 'prism'}", "mock", *address, "-v", "error", str(PUBLISHED)]
    json_server = [f"{commands / 'json-server'}", "--quiet", *address, "--id", "entityId"]
    mockoon = [f"{commands / 'mockoon-cli'}", "start", "--data", str(PUBLISHED)]
    mockoon += ["--hostname", "127.0.0.1", "--port", "{port}", "--disable-log-to-file"]
    return [
        Candidate("prism", prism, requests),
        Candidate(
            "json-server",
            [*json_server, "--routes", str(routes), str(served)],
            requests,
            (database, served),
        ),
        Candidate("mockoon", mockoon, requests),
    ]


def _records() -> list[dict[str, str]]:
    """Return credentials as the mock's list shows them."""
    mock = InProcess(Config(credentials=RECORDS))
    pages = (mock.read(get(f"?page_size=100&page={n + 1}")) for n in range(RECORDS // 100))
    return [record for page in pages for record in page["result"]["data"]]
