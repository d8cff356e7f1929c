"""The command `credmock serve`."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from mockserver.cli.options import API_VERSION, AUTH, EXAMPLE, FILE
from mockserver.cli.server import serve as run
from mockserver.config import Auth, Config, Release
from mockserver.framework.times import parse_time

if TYPE_CHECKING:
    from flask import Flask


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


@click.command(epilog=EXAMPLE + "credmock serve --bind 127.0.0.1:9000 --prefix /dm --auth any")
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
    type=AUTH,
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

    describe = partial(_describe, f"http://{shown}:{port}{prefix}")
    run(config, host, port, describe, click.echo, reload=reload)


def _describe(base_url: str, app: "Flask") -> str:
    from mockserver.cli.banner import banner  # in the worker, which has what it needs

    return banner(app, base_url)
