"""A PostgreSQL of the tests: Debian's package `postgresql`, a socket in a folder and no port."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
BINARIES = FOUND[-1] if FOUND else Path(shutil.which("initdb") or "").parent
OWNER = "nobody" if os.geteuid() == 0 else None
"""PostgreSQL does not run as root."""
USER = "twin"
needs_postgresql = pytest.mark.skipif(
    not ((BINARIES / "initdb").exists() and shutil.which("psql")),
    reason="needs PostgreSQL: Debian's package `postgresql`",
)


@contextlib.contextmanager
def running_postgresql() -> Iterator[Path]:
    """Yield the folder of the socket of a database server, where the user `twin` may do all."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if OWNER:
        shutil.chown(folder, OWNER)

    def run(command: str, *options: str) -> None:
        subprocess.run(
            [str(BINARIES / command), "-D", str(folder / "data"), *options],
            user=OWNER, cwd=folder, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    try:
        run("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        # What is stored need not survive the machine.
        settings = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
        run("pg_ctl", "-l", str(folder / "log"), "-o", settings, "-w", "start")
        yield folder
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
