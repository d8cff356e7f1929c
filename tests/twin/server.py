"""Runs the twin over HTTP: `python -m tests.twin.server --world FILE --port N`."""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 30
SECONDS_TO_STOP = 10


@contextlib.contextmanager
def serve_twin(world: Path, *, prefix: str = "", freeze: str = "") -> Iterator[str]:
    """Serve a fresh twin of the world in a subprocess and yield its base URL, prefix included."""
    port = free_port()
    command = [sys.executable, "-m", "tests.twin.server"]
    command += ["--world", str(Path(world).resolve()), "--port", str(port)]
    command += ["--prefix", prefix, "--freeze", freeze]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_it_answers(process, port)
        yield f"http://127.0.0.1:{port}{cleaned_prefix(prefix)}"
    finally:
        stop(process)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the server accepts connections."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the twin ended with code {process.returncode} at its start")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"the twin did not answer within {SECONDS_TO_START} seconds")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, politely first."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cleaned_prefix(prefix: str) -> str:
    """Return the prefix with one slash before it and none behind, or nothing."""
    inner = prefix.strip("/")
    return f"/{inner}" if inner else ""


def application(*_: str) -> Any:
    """Return the twin as a WSGI application, in the process that serves it."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def create_database(world: Path) -> None:
    """Create the tables and load the world into them."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    from tests.twin import seed

    call_command("migrate", run_syncdb=True, verbosity=0)
    seed.load(world)
    connection.close()


def main() -> None:
    """Serve a world from a fresh database until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="tests.twin.server")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prefix", default="", help="serve below this path, such as /dm")
    parser.add_argument("--freeze", default="", metavar="ISO", help="stop the clock at this time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twin-") as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.twin.settings"
        os.environ["TWIN_DATABASE"] = str(Path(folder) / "twin.sqlite3")
        os.environ["TWIN_PREFIX"] = options.prefix
        os.environ["TWIN_FREEZE"] = options.freeze
        create_database(options.world)
        serve(options.port)


def serve(port: int) -> None:
    """Serve on the loopback port with one worker, which handles one request at a time."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    server = Granian(
        "twin",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=1,
        websockets=False,
        log_enabled=False,
    )
    server.serve(target_loader=application, wrap_loader=False)


if __name__ == "__main__":
    main()
