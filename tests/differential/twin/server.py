"""Runs the twin over HTTP: `python -m tests.differential.twin.server --world FILE --port N`."""

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mockserver.testing import free_port
from tests.differential.twin.defects import DEFECTS, near_matches
from tests.differential.twin.wsgi import ROOT, configure, configured_application, create_database

SECONDS_TO_START = 120
SECONDS_TO_STOP = 10
OLD_SERVER = "the-server-speaks-http-1-0"
"""The variation that is a matter of the server."""


@contextlib.contextmanager
def serve_twin(
    world: Path,
    *,
    prefix: str = "",
    freeze: str = "",
    defect: str = "",
    hardened: bool = False,
    variations: Iterable[str] = (),
    certificate: Path | None = None,
    postgresql: Path | None = None,
) -> Iterator[str]:
    """Serve a fresh twin of the world in a subprocess and yield its base URL, prefix included.

    With a certificate, which is written to that file beside its key, it serves HTTPS.
    With the folder of a PostgreSQL's socket its database is there, else a file of SQLite.
    """
    port = free_port()
    command = [sys.executable, "-m", "tests.differential.twin.server"]
    command += ["--world", str(Path(world).resolve()), "--port", str(port)]
    command += ["--prefix", prefix, "--freeze", freeze, "--defect", defect]
    command += ["--hardened"] if hardened else []
    command += [word for name in variations for word in ("--variation", name)]
    if certificate:
        make_certificate(certificate)
        command += ["--certificate", str(certificate)]
    command += ["--postgresql", str(postgresql)] if postgresql else []
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_it_answers(process, port)
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{port}{cleaned_prefix(prefix)}"
    finally:
        stop(process)


def make_certificate(file: Path) -> None:
    """Write a certificate for this machine's address, and its key beside it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", str(file),
         "-keyout", str(file.with_suffix(".key"))],
        check=True, capture_output=True,
    )  # fmt: skip


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


def known_defect(defect_id: str) -> str:
    """Return the id of a defect, or an empty one for the sound twin."""
    if defect_id and defect_id not in DEFECTS:
        near = ", ".join(near_matches(defect_id)) or "none"
        raise argparse.ArgumentTypeError(f"no defect {defect_id!r}; near matches: {near}")
    return defect_id


def main() -> None:
    """Serve a world from a fresh database until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="tests.differential.twin.server")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prefix", default="", help="serve below this path, such as /dm")
    parser.add_argument("--freeze", default="", metavar="ISO", help="stop the clock at this time")
    parser.add_argument("--defect", default="", type=known_defect, metavar="ID")
    parser.add_argument("--certificate", type=Path, help="serve HTTPS with it")
    parser.add_argument("--postgresql", default="", help="the folder of its socket")
    parser.add_argument("--variation", action="append", default=[], metavar="ID")
    parser.add_argument("--hardened", action="store_true", help="fix what the framework leaves")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twin-") as folder:
        configure(
            Path(folder),
            defect=options.defect,
            freeze=options.freeze,
            prefix=options.prefix,
            hardened=options.hardened,
            variations=options.variation,
            postgresql=options.postgresql,
        )
        create_database(options.world)
        threads = [DEFECTS[options.defect].threads if options.defect else 1]
        threads += find_threads(options.variation)
        if OLD_SERVER in options.variation:
            serve_old(options.port)
        serve(options.port, max(threads), options.certificate)


def find_threads(variations: Iterable[str]) -> Iterator[int]:
    """Yield how many requests each variation needs to be handled at once, once Django is set up."""
    from tests.differential.twin.variations import VARIATIONS

    yield from (VARIATIONS[name].threads for name in variations)


def application(*_: str) -> Any:
    """Return the twin in the process that serves it."""
    return configured_application()


def serve_old(port: int) -> None:
    """Serve on the loopback port with the standard library's server: HTTP/1.0, one at a time."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    make_server("127.0.0.1", port, configured_application(), handler_class=Silent).serve_forever()


def serve(port: int, threads: int, certificate: Path | None = None) -> None:
    """Serve on the loopback port with one worker, which handles so many requests at a time."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    server = Granian(
        "twin",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=threads,
        websockets=False,
        log_enabled=False,
        ssl_cert=certificate,
        ssl_key=certificate.with_suffix(".key") if certificate else None,
    )
    server.serve(target_loader=application, wrap_loader=False)


if __name__ == "__main__":
    main()
