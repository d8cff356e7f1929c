"""The command `credmock call`."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from mockserver.app import create_app
from mockserver.cli.options import API_VERSION, AUTH, EXAMPLE, FILE
from mockserver.cli.output import write_bytes, write_text
from mockserver.config import Auth, Config, Release
from mockserver.errors import StartError


@click.command(
    epilog=EXAMPLE + "credmock call GET '/api/credentials/orgs/main/users/1/?search=python' "
    "-H 'Authorization: Api-Key main-admin-key'"
)
@click.argument("method")
@click.argument("path")
@click.option("-H", "--header", multiple=True, metavar="NAME: VALUE", help="A request header.")
@click.option("-d", "--data", metavar="BODY", help="The body; @FILE reads a file. JSON by default.")
@click.option("--world", type=FILE, help="Seed world.  [default: the one that ships]")
@click.option("--auth", type=AUTH, default="keys", show_default=True)
@API_VERSION
@click.option("--strict", is_flag=True, help="Judge the exchange by the contract.")
def call(
    method: str,
    path: str,
    header: tuple[str, ...],
    data: str | None,
    world: Path | None,
    auth: Auth,
    api_version: Release,
    strict: bool,
) -> None:
    """Send one request in process and print the response; exit 0 below status 400, else 1."""
    headers = list(_headers(header))
    body = _data(data)
    if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    if not path.startswith("/"):
        raise click.BadParameter(f"{path!r} must begin with /", param_hint="PATH")
    app = create_app(Config(world=world, auth=auth, api_version=api_version, strict=strict))
    path = re.sub(rb"[\x80-\xff]", _quote, os.fsencode(path)).decode()
    response = app.test_client().open(path, method=method.upper(), headers=headers, data=body)
    head = [f"HTTP/1.1 {response.status}", *(f"{n}: {v}" for n, v in response.headers), "", ""]
    write_text("\n".join(head))
    write_bytes(_readable(response.get_data(), response.is_json))
    sys.exit(0 if response.status_code < 400 else 1)


def _quote(found: re.Match[bytes]) -> bytes:
    """Return a byte as it is sent: the shell may pass one that is no UTF-8."""
    return b"%%%02X" % found[0][0]


def _headers(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(
                f"{line!r} is not a header: write 'Name: value'", param_hint="--header"
            )
        yield name.strip(), value.strip()


def _data(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return None if data is None else os.fsencode(data)
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise StartError(f"--data {data}: {error.strerror}") from error


def _readable(body: bytes, is_json: bool) -> bytes:
    """Return JSON with line breaks, and anything else, such as a picture, as it is."""
    if is_json and body:
        return (json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n").encode()
    return body
