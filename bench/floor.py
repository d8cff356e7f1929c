"""The floor: the mock's server and replies, with nothing but a bare Flask view between them.

It imports nothing of the mock, so that its start and its memory are the floor as well.
"""

import json
from pathlib import Path
from typing import Any

import click
from flask import Flask, Response, request
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels


def create_floor(replies: dict[str, str]) -> Flask:
    """Return an application that answers list, search, item and create with ready bytes."""
    app = Flask("floor", static_folder=None)
    ready = {name: text.encode() for name, text in replies.items()}

    @app.get("/api/credentials/orgs/<org>/users/<user_id>/")
    def listing(org: str, user_id: str) -> Response:
        # The cheapest way to tell them apart: reading `request.args` would make the floor dearer.
        name = "search" if request.environ["QUERY_STRING"] else "list"
        return Response(ready[name], content_type="application/json")

    @app.get("/api/credentials/orgs/<org>/users/<user_id>/<entity_id>")
    def item(org: str, user_id: str, entity_id: str) -> Response:
        return Response(ready["item"], content_type="application/json")

    @app.post("/api/credentials/orgs/<org>/users/<user_id>/")
    def create(org: str, user_id: str) -> Response:
        request.get_data()
        return Response(ready["create"], content_type="application/json")

    return app


@click.command()
@click.option("--bind", required=True)
@click.option("--replies", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--threads", required=True, type=int)
def main(bind: str, replies: Path, threads: int) -> None:
    """Serve with the settings of `mockserver.cli.server`."""
    app = create_floor(json.loads(replies.read_text()))
    host, _, port = bind.rpartition(":")

    def load(*_: Any) -> Flask:
        return app

    Granian(
        "floor",
        address=host,
        port=int(port),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
    ).serve(target_loader=load, wrap_loader=False)


if __name__ == "__main__":
    main()
