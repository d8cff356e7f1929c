"""The twin as a WSGI callable, for the server and for a caller's own process.

A process has one twin: Django keeps its settings for as long as the process lives.
"""

import atexit
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tests.differential.twin.defects import switch_on

ROOT = Path(__file__).resolve().parents[3]
WORLD = ROOT / "fixtures" / "world.json"


def configure(
    folder: Path,
    *,
    defect: str = "",
    freeze: str = "",
    prefix: str = "",
    hardened: bool = False,
    variations: Iterable[str] = (),
    postgresql: str = "",
) -> None:
    """Say through the environment how the twin of this process, or of a child, has to be.

    Its database is a file in the folder, or in the PostgreSQL whose socket's folder is named.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.differential.twin.settings"
    os.environ["TWIN_DATABASE"] = folder.name if postgresql else str(folder / "twin.sqlite3")
    os.environ["TWIN_POSTGRESQL"] = postgresql
    os.environ["TWIN_DEFECT"] = defect
    os.environ["TWIN_FREEZE"] = freeze
    os.environ["TWIN_PREFIX"] = prefix
    os.environ["TWIN_HARDENED"] = "1" if hardened else ""
    os.environ["TWIN_VARIATIONS"] = ",".join(variations)


def create_database(world: Path) -> None:
    """Create the tables and load the world into them."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    from tests.differential.twin import seed

    if connection.vendor == "postgresql":
        create_database_in_postgresql(connection.settings_dict)
    call_command("migrate", run_syncdb=True, verbosity=0)
    seed.load(world)
    connection.close()


def create_database_in_postgresql(settings: Mapping[str, Any]) -> None:
    """Create the empty database that Django's settings name."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(settings["NAME"])))


def configured_application() -> WSGIApplication:
    """Return the twin that the environment describes, with its defect if it has one."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    django.setup()
    from tests.differential.twin.hardened import harden
    from tests.differential.twin.variations import vary

    if settings.TWIN_HARDENED:
        harden()
    vary(settings.TWIN_VARIATIONS)
    switch_on(settings.TWIN_DEFECT)
    return get_wsgi_application()


def create_application(world: Path = WORLD, **options: Any) -> WSGIApplication:
    """Return a fresh twin, configured as `configure` says; its database goes with the process."""
    from django.conf import settings

    if settings.configured:
        raise RuntimeError("this process has its Django settings already, and so its one twin")
    folder = tempfile.TemporaryDirectory(prefix="twin-")
    atexit.register(folder.cleanup)
    configure(Path(folder.name), **options)
    create_database(world)
    return configured_application()


def application_of_environment() -> WSGIApplication:
    """Return a fresh twin as TWIN_WORLD and the variables that `configure` sets describe it."""
    return create_application(
        Path(os.environ.get("TWIN_WORLD") or WORLD),
        defect=os.environ.get("TWIN_DEFECT", ""),
        freeze=os.environ.get("TWIN_FREEZE", ""),
        prefix=os.environ.get("TWIN_PREFIX", ""),
        hardened=bool(os.environ.get("TWIN_HARDENED")),
        variations=filter(None, os.environ.get("TWIN_VARIATIONS", "").split(",")),
    )


class Lazily:
    """A WSGI application that is created at its first request."""

    def __init__(self, create: Callable[[], WSGIApplication]) -> None:
        self._create = create
        self._created: WSGIApplication | None = None
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[Any]:
        """Answer one request."""
        with self._lock:
            if self._created is None:
                self._created = self._create()
        return self._created(environ, start_response)


application = Lazily(application_of_environment)
