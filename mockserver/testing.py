"""For tests of an application: a mock that serves, and a sandbox of its own for each test.

Load it with `pytest_plugins = ["mockserver.testing"]` in `conftest.py`. `mock_sandbox` is a fixture
of a sandbox; its `base_url` is what the application under test takes for the service.
`mock_application` needs no server.
"""

import os
import random
import re
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mockserver
from mockserver.control.client import Control

if TYPE_CHECKING:
    from flask import Flask

COMMAND = Path(mockserver.__file__).resolve().parent.with_name("credmock.py")
"""Not `-m mockserver`: the current folder, where Python would look first, may have another one.

It is run with `-P`: beside it are all packages, and an old `dataclasses` among them would be taken
for that of the standard library.
"""
STARTS_WITHIN = 20.0


class DoesNotStart(Exception):
    """The server did not come up; the text is what it said."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    Not one that the system would choose for a connection, or for somebody who asks at the same
    time; those lie higher.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Serve a mock with these options of `credmock serve` on a free port, and yield its address."""
    command = [sys.executable, "-P", str(COMMAND), "serve", "--bind", "127.0.0.1:0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603  (this program, with the words of a test)
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    reader = None
    stop = threading.Timer(STARTS_WITHIN, process.kill)
    stop.start()
    try:
        address = _address(process.stdout)
        stop.cancel()
        reader = threading.Thread(target=process.stdout.read)  # what nobody reads fills a pipe
        reader.start()
        yield address
    finally:
        stop.cancel()
        process.terminate()
        process.wait()
        if reader:
            reader.join()
        process.stdout.close()


def _address(lines: Iterable[str]) -> str:
    """Return where a server listens, as it says itself."""
    said = []
    for line in lines:
        said.append(line)
        found = re.search(r" at (https?://\S+)", line)
        if found:
            return found[1]
    raise DoesNotStart("".join(said))


@pytest.fixture(scope="session")
def mock_options() -> tuple[str, ...]:
    """Return the options of `credmock serve`; override this to have others."""
    return ("--quiet",)


@pytest.fixture(scope="session")
def mock_server(mock_options: tuple[str, ...]) -> Iterator[str]:
    """Return the address of a mock that serves as long as the tests run."""
    with serving(*mock_options) as url:
        yield url


@pytest.fixture
def mock_application() -> "Flask":
    """Return a mock as a WSGI application with a world of its own, for a client in process."""
    return mockserver.create_app()  # loaded only where it is used


@pytest.fixture
def mock_sandbox(mock_server: str) -> Iterator[Control]:
    """Return a sandbox that nobody else uses, and that is gone after the test."""
    control = Control(mock_server, f"test-{uuid.uuid4().hex}")
    control.reset()
    yield control
    control.remove()
