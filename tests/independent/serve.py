"""Start the service with data of its own: `python -m tests.independent.serve --port 8000`."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = "tests.independent.service.settings"


def prepare() -> None:
    """Create the tables and the first records."""
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    django.setup()
    from tests.independent.service.seed import seed

    call_command("migrate", run_syncdb=True, verbosity=0)
    seed()


def free_port() -> int:
    """Return a port that nothing listens to."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def command(port: int, threads: int) -> list[str]:
    """Return the command that serves the application."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
        "--port", str(port), "--blocking-threads", str(threads), "--no-access-log",
        "--log-level", "warning", "tests.independent.service.wsgi:application",
    ]  # fmt: skip


@contextmanager
def running(
    choices: str = "", defects: str = "", port: int = 0, folder: Path | None = None
) -> Iterator[str]:
    """Run the service with fresh data, in a folder if one is given, and yield its address."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="independent-", dir=folder) as data:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "INDEPENDENT_DATA": data,
            "INDEPENDENT_CHOICES": choices,
            "INDEPENDENT_DEFECTS": defects,
        }
        root = Path(__file__).resolve().parents[2]
        setup = [sys.executable, "-c", "from tests.independent.serve import prepare; prepare()"]
        subprocess.run(setup, env=environment, cwd=root, check=True)
        process = subprocess.Popen(command(port, 4), env=environment, cwd=root)
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the service answers."""
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{address}/api/credentials/public/assertions/x/", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the service does not answer")


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--choices", default="", help="names of variations, space separated")
    parser.add_argument("--defects", default="", help="names of planted defects")
    options = parser.parse_args()
    with running(options.choices, options.defects, options.port) as address:
        print(address, "org harbour, users berth lena inna, keys USERNAME-key-4f1d", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
