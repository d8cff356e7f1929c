"""The two programs of `examples/`, each on a client that a generator makes of the contract.

`python -m tests.clients.generate` is `make types-check-clients`.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.server import running

CONTRACT = ROOT / "spec" / "openapi.yaml"
TYPESCRIPT = ROOT / "examples" / "typescript"
PYTHON = ROOT / "examples" / "python"
PYTHON_CLIENT = PYTHON / "credentials_client"
KEY = "main-admin-key"
NO_NETWORK = (
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH"),
    *("NewConnectionError", "ConnectTimeoutError", "NameResolutionError"),
)
"""What npm and pip say where there is no network."""


class StepError(Exception):
    """A step did not succeed; the message is what it printed."""


class MissingError(Exception):
    """A step could not be tried: there is no Node, or no way to its packages."""


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command and return what it printed; raises StepError unless it exits with 0."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    if done.returncode != 0:
        raise StepError(f"{command[0]} exits with {done.returncode}\n{done.stdout}")
    return done.stdout


@contextmanager
def unless_fresh(stamp: Path, *sources: Path, tool: str = "") -> Iterator[bool]:
    """Yield whether something has to be made of the sources; it is not made twice at once."""
    digest = sha256(b"\0".join([tool.encode(), *(each.read_bytes() for each in sources)]))
    with (stamp.parent.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = not stamp.is_file() or stamp.read_text() != digest.hexdigest()
        yield stale
        if stale:
            stamp.write_text(digest.hexdigest())


def install_packages(folder: Path = TYPESCRIPT) -> None:
    """Install the packages of a lock file, unless they are there; raises MissingError."""
    if shutil.which("npm") is None:
        raise MissingError("Node 20 or later is needed; there is no `npm`")
    install = ("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1")
    fetch(install, folder / "node_modules", folder / "package-lock.json")


def fetch(command: Sequence[str | Path], target: Path, source: Path) -> None:
    """Run what fetches packages into a folder, unless those of the source are there.

    Raises MissingError if there is no network, StepError for anything else.
    """
    with unless_fresh(target / ".stamp", source) as stale:
        if stale:
            try:
                run(*command, cwd=source.parent)
            except StepError as error:
                if any(each in str(error) for each in NO_NETWORK):
                    raise MissingError(f"the packages cannot be fetched: {error}") from None
                raise


def generate_typescript() -> None:
    """Generate the types from the contract, unless they are those of this contract."""
    stamp = TYPESCRIPT / "generated" / ".stamp"
    sources = (CONTRACT, TYPESCRIPT / "package-lock.json", TYPESCRIPT / "package.json")
    with unless_fresh(stamp, *sources) as stale:
        if stale:
            run("npm", "run", "generate", cwd=TYPESCRIPT)


def compile_typescript() -> None:
    """Compile the program with `tsc --strict`."""
    run("npm", "run", "check", cwd=TYPESCRIPT)


def walk_typescript(url: str) -> str:
    """Run the compiled program; returns what it printed."""
    program = TYPESCRIPT / "build" / "walk.js"
    return run("node", program, CREDENTIALS_URL=url, CREDENTIALS_KEY=KEY)


def generate_python() -> None:
    """Generate the client from the contract, unless it is there; a warning is a failure."""
    tool = version("openapi-python-client")
    settings = PYTHON / "generator.yaml"
    with unless_fresh(PYTHON_CLIENT / ".stamp", CONTRACT, settings, tool=tool) as stale:
        if stale:
            shutil.rmtree(PYTHON_CLIENT, ignore_errors=True)
            options = ("--config", settings, "--meta", "none", "--output-path", PYTHON_CLIENT)
            command = Path(sys.executable).with_name("openapi-python-client")
            run(command, "generate", "--path", CONTRACT, *options, "--fail-on-warning")


def check_python() -> None:
    """Check the program and all that was generated with `mypy --strict`."""
    mypy = (sys.executable, "-m", "mypy", "--config-file=", "--strict")
    run(*mypy, PYTHON / "walk.py", PYTHON_CLIENT, cwd=PYTHON)


def walk_python(url: str) -> str:
    """Run the program; returns what it printed."""
    return run(sys.executable, PYTHON / "walk.py", CREDENTIALS_URL=url, CREDENTIALS_KEY=KEY)


def main() -> None:
    """Go through all steps and print a line for each; exit 1 for one that does not succeed."""
    with running() as server:
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("install the packages of Node", install_packages),
            ("generate types with openapi-typescript", generate_typescript),
            ("compile with tsc --strict", compile_typescript),
            ("walk in TypeScript", lambda: walk_typescript(f"{server.url}/__sandbox__/ts")),
            ("generate a client with openapi-python-client", generate_python),
            ("check with mypy --strict", check_python),
            ("walk in Python", lambda: walk_python(f"{server.url}/__sandbox__/py")),
        )
        for title, step in steps:
            began = time.monotonic()
            try:
                step()
            except (StepError, MissingError) as error:
                sys.exit(f"{title}: {error}")
            print(f"{title}: ok, {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
