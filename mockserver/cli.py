"""The command `credmock`: serve · seed · routes · call · spec · drift · ctl."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click
from flask import Flask

from mockserver.app import create_app
from mockserver.banner import banner
from mockserver.cli_control import ctl
from mockserver.config import RELEASES, Auth, Config, Release
from mockserver.contract import load_contract, read_document
from mockserver.errors import StartError
from mockserver.files import CONTRACT, LEDGER, WORLD
from mockserver.messages import encode
from mockserver.seed import generate, generate_assertions
from mockserver.seed_assignments import with_assignments
from mockserver.serving import serve as run
from mockserver.world import load_world, parse_time, read_world

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
EXAMPLE = "\b\nExample:\n  "
API_VERSION = click.option(
    "--api-version",
    type=click.Choice(RELEASES),
    default=Config().api_version,
    show_default=True,
    help="Release of the service: operations of later ones answer 404, as they did then.",
)


class Group(click.Group):
    """A command whose failures are one clear line and exit code 2."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; a wrong option, and what keeps the mock from starting, are the user's."""
        try:
            sys.exit(super().main(*args, **{**options, "standalone_mode": False}))
        except click.ClickException as error:
            message = error.format_message().replace("\n", " ")
        except StartError as error:
            message = str(error)
        except click.Abort:
            sys.exit(130)
        click.echo(f"credmock: {message}", err=True)
        sys.exit(2)


def _bind(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, int]:
    """Read HOST:PORT; IPv6 hosts stand in brackets."""
    try:
        parts = urlsplit(f"//{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.path:
        raise click.BadParameter(f"{value!r} is no HOST:PORT; write for example 127.0.0.1:8765")
    return host, port


def _prefix(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Check a path prefix."""
    bare = value.strip("/")
    if not all(step and quote(step) == step for step in bare.split("/")) and bare:
        raise click.BadParameter(f"{value!r} is no path; write for example /dm")
    return f"/{bare}" if bare else ""


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """Read a time with a zone."""
    try:
        return None if value is None else parse_time(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}; write for example 2026-06-01T12:00:00Z") from error


@click.group(
    cls=Group, context_settings={"auto_envvar_prefix": "CREDMOCK", "max_content_width": 100}
)
@click.version_option(package_name="credmock")
def main() -> None:
    """Stand in for the ibl.ai Data Manager's credentials API, faithfully.

    Every option can also be set in the environment: CREDMOCK_SERVE_BIND, CREDMOCK_SERVE_AUTH, …
    """


@main.command(epilog=EXAMPLE + "credmock serve --bind 127.0.0.1:9000 --prefix /dm --auth any")
@click.option(
    "--bind",
    default="127.0.0.1:8765",
    show_default=True,
    callback=_bind,
    metavar="HOST:PORT",
    help="Address to listen on.",
)
@click.option(
    "--prefix", default="", callback=_prefix, metavar="PATH", help="Path in front of the API."
)
@API_VERSION
@click.option("--world", type=FILE, help="Seed world to start from.  [default: the one that ships]")
@click.option(
    "--scenarios",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with scenarios of your own, NAME.yaml each.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keeps what is written over restarts; made if it is not there.",
)
@click.option("--seed", default=42, show_default=True, help="Seed of ids and generated data.")
@click.option(
    "--credentials",
    default=0,
    type=click.IntRange(0, 5_000_000),
    metavar="N",
    help="Generate N more credentials on the first platform.",
)
@click.option(
    "--assignments",
    default=0,
    type=click.IntRange(0, 100_000),
    metavar="N",
    help="Generate N more assignments, with groups, departments and images.",
)
@click.option(
    "--group-delay",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 31_536_000),
    metavar="SECONDS",
    help="How long an assignment to a group waits for its assertions.",
)
@click.option(
    "--max-sandboxes",
    default=Config().maximum_sandboxes,
    show_default=True,
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Of more sandboxes the one that was used longest ago goes.",
)
@click.option(
    "--rate-limit",
    default="",
    metavar="N/PERIOD",
    help="How many requests each user may send, such as 100/min; then 429.  [default: no limit]",
)
@click.option(
    "--control-token",
    default="",
    metavar="TOKEN",
    help="Opens /__mock__/ to other machines, in the header X-Mock-Control-Token.",
)
@click.option(
    "--assertions",
    default=0,
    type=click.IntRange(0, 5_000_000),
    metavar="N",
    help="Generate N more assertions of its credentials.",
)
@click.option(
    "--auth",
    type=click.Choice(["keys", "any", "off"]),
    default="keys",
    show_default=True,
    help="keys: those of the world; any: every header is a platform admin's; off: none needed.",
)
@click.option(
    "--cors",
    default="*",
    show_default=True,
    metavar="ORIGIN",
    help="Origin that browsers may call from; empty for none.",
)
@click.option(
    "--now", callback=_moment, metavar="TIME", help="Freeze the clock.  [default: the real time]"
)
@click.option(
    "--max-body",
    default=Config().maximum_body,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Bodies over this size are refused as the framework does.",
)
@click.option(
    "--strict", is_flag=True, help="Judge every exchange by the contract; a breach is 500."
)
@click.option("--reload", is_flag=True, help="Start again when the world or the contract changes.")
@click.option("--quiet", is_flag=True, help="No line for each request.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the line for each request.",
)
def serve(
    bind: tuple[str, int],
    prefix: str,
    api_version: Release,
    world: Path | None,
    scenarios: Path | None,
    state: Path | None,
    seed: int,
    credentials: int,
    assertions: int,
    assignments: int,
    group_delay: float,
    max_sandboxes: int,
    rate_limit: str,
    control_token: str,
    auth: Auth,
    cors: str,
    now: datetime | None,
    max_body: int,
    strict: bool,
    reload: bool,
    quiet: bool,
    log_format: str,
) -> None:
    """Start the mock server; Ctrl-C stops it."""
    config = Config(
        world=world,
        scenarios=scenarios,
        state=state,
        prefix=prefix,
        api_version=api_version,
        auth=auth,
        cors=cors or None,
        strict=strict,
        seed=seed,
        credentials=credentials,
        assertions=assertions,
        assignments=assignments,
        group_delay=group_delay,
        maximum_sandboxes=max_sandboxes,
        rate_limit=rate_limit,
        control_token=control_token,
        now=now,
        maximum_body=max_body,
        log_requests="off" if quiet else log_format,  # type: ignore[arg-type]
    )
    host, port = bind
    shown = f"[{host}]" if ":" in host else host

    def announce(app: Flask) -> None:
        click.echo(banner(app, f"http://{shown}:{port}{prefix}"))

    run(
        config,
        host,
        port,
        announce,
        reload=reload,
    )


@main.command(epilog=EXAMPLE + "credmock seed --seed 42 --credentials 5000 -o world.json")
@click.option("--seed", default=42, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--credentials",
    default=1000,
    show_default=True,
    type=click.IntRange(0, 5_000_000),
    metavar="N",
    help="How many credentials to generate.",
)
@click.option(
    "--assertions",
    default=1000,
    show_default=True,
    type=click.IntRange(0, 5_000_000),
    metavar="N",
    help="How many assertions to generate, over the year before the world's newest record.",
)
@click.option(
    "--assignments",
    default=100,
    show_default=True,
    type=click.IntRange(0, 100_000),
    metavar="N",
    help="How many assignments to generate, with groups, departments and images.",
)
@click.option("--world", type=FILE, help="World to add to.  [default: the one that ships]")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    default=Path("-"),
    help="File to write.  [default: standard output]",
)
def seed(
    seed: int,
    credentials: int,
    assertions: int,
    assignments: int,
    world: Path | None,
    output: Path,
) -> None:
    """Write a bigger world, generated from the contract's schemas."""
    if not output.parent.is_dir():
        raise StartError(f"--output {output}: there is no folder {output.parent}")
    source = world or WORLD
    document = read_world(source)
    load_world(document, str(source))
    contract = load_contract()
    with _bar(generate(document, contract, seed, credentials), credentials, "credentials") as bar:
        made = list(bar)
    grown = {**document, "credentials": [*made, *document["credentials"]]}
    with _bar(
        generate_assertions(grown, contract, seed, assertions), assertions, "assertions"
    ) as bar:
        issued = list(bar)
    grown["assertions"] = [*issued, *document.get("assertions", ())]
    grown = with_assignments(grown, contract, seed, assignments)
    if str(output) == "-":
        sys.stdout.buffer.write(encode(grown) + b"\n")
        return
    try:
        output.write_bytes(encode(grown) + b"\n")
    except OSError as error:
        raise StartError(f"--output {output}: {error.strerror}") from error


def _bar(records: Iterator[dict[str, Any]], length: int, label: str) -> Any:
    hidden = not sys.stderr.isatty()
    return click.progressbar(records, length=length, label=label, file=sys.stderr, hidden=hidden)


@main.command(epilog=EXAMPLE + "credmock routes")
def routes() -> None:
    """List the operations: method, path, operationId, first release, evidence."""
    for operation in load_contract().operations.values():
        evidence = ",".join(operation.evidence)
        click.echo(
            f"{operation.method:<7}{operation.path:<75}{operation.operation_id:<49}"
            f"{operation.since:<6}{evidence}"
        )


@main.command(
    epilog=EXAMPLE + "credmock call GET '/api/credentials/orgs/main/users/1/?search=python' "
    "-H 'Authorization: Api-Key main-admin-key'"
)
@click.argument("method")
@click.argument("path")
@click.option("-H", "--header", multiple=True, metavar="NAME: VALUE", help="A request header.")
@click.option("-d", "--data", metavar="BODY", help="The body; @FILE reads a file. JSON by default.")
@click.option("--world", type=FILE, help="Seed world.  [default: the one that ships]")
@click.option(
    "--auth", type=click.Choice(["keys", "any", "off"]), default="keys", show_default=True
)
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
    """Send one request in process and print the reply; exit 0 below status 400, else 1."""
    headers = list(_headers(header))
    body = _data(data)
    if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    if not path.startswith("/"):
        raise click.BadParameter(f"{path!r} must begin with /", param_hint="PATH")
    app = create_app(Config(world=world, auth=auth, api_version=api_version, strict=strict))
    response = app.test_client().open(path, method=method.upper(), headers=headers, data=body)
    click.echo(f"HTTP/1.1 {response.status}")
    for name, value in response.headers:
        click.echo(f"{name}: {value}")
    click.echo()
    click.echo(_readable(response.get_data(as_text=True), response.is_json), nl=False)
    sys.exit(0 if response.status_code < 400 else 1)


def _headers(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{line!r} is no 'Name: value'", param_hint="--header")
        yield name.strip(), value.strip()


def _data(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise StartError(f"--data {data}: {error.strerror}") from error


def _readable(text: str, is_json: bool) -> str:
    if is_json and text:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    return text


def _validate(path: Path) -> None:
    """Raise StartError unless the file is a valid OpenAPI document."""
    from openapi_spec_validator import validate
    from openapi_spec_validator.validation.exceptions import (
        OpenAPIValidationError,
        ValidatorDetectError,
    )

    try:
        validate(read_document(path))
    except (OpenAPIValidationError, ValidatorDetectError) as error:
        place = "/".join(map(str, getattr(error, "absolute_path", ())))
        message = getattr(error, "message", "") or "this is no OpenAPI document"
        raise StartError(f"{path}: at /{place}: {message[-300:]}") from error


@main.command(epilog=EXAMPLE + "credmock spec --divergences")
@click.option("--check", is_flag=True, help="Validate the contract instead of printing it.")
@click.option("--divergences", is_flag=True, help="Print the ledger of departures as a table.")
@click.option("--file", type=FILE, help="Another contract.  [default: the one that ships]")
def spec(check: bool, divergences: bool, file: Path | None) -> None:
    """Print the contract, check it, or print where it departs from the published description."""
    path = file or CONTRACT
    if check:
        _validate(path)
        contract = load_contract(path)
        click.echo(f"{path.name}: {len(contract.operations)} operations, every schema compiles")
    elif divergences:
        click.echo("| where | published | contract | evidence | why |")
        click.echo("| --- | --- | --- | --- | --- |")
        for row in read_document(LEDGER)["rows"]:
            cells = {**row, "where": f"`{row['where']}`", "evidence": ", ".join(row["evidence"])}
            columns = ("where", "published", "contract", "evidence", "why")
            click.echo("| " + " | ".join(" ".join(cells[each].split()) for each in columns) + " |")
    else:
        click.echo(path.read_text(encoding="utf-8"), nl=False)


@main.command(epilog=EXAMPLE + "credmock drift published-4.90.4.yaml --format json")
@click.argument("published", type=FILE, metavar="PUBLISHED.yaml")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="Form of the report.",
)
def drift(published: Path, form: str) -> None:
    """Compare a published description with the contract and explain each difference.

    A difference that the ledger knows is told by its row; one that it does not know is shown with
    whether it is breaking. Exit codes: 0 all are known, 1 some are not, 2 wrong usage.
    """
    from mockserver.drift import drift as compare
    from mockserver.drift_report import as_json, as_markdown

    found = compare(published)
    write = as_json if form == "json" else as_markdown
    click.echo(write(found, published.name))
    sys.exit(found.exit_code)


main.add_command(ctl)
