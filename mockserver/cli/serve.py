"""The command `credmock serve`."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from mockserver.api.addresses import split_public_url
from mockserver.cli.listening import open_listeners
from mockserver.cli.options import (
    API_VERSION,
    AUTH,
    FILE,
    GroupedCommand,
    check_header_value,
    generated_records,
)
from mockserver.cli.server import serve as run_server
from mockserver.cli.settings_file import add_settings_file
from mockserver.cli.tls import Certificate, find_certificate
from mockserver.config import Config
from mockserver.errors import StartError
from mockserver.framework.throttling import read_rate
from mockserver.framework.times import parse_time

if TYPE_CHECKING:
    from flask import Flask

DEFAULTS = Config()
GROUPS = {
    "Address": (
        *("bind", "port_file", "tls_cert", "tls_key", "tls_self_signed"),
        *("prefix", "public_url", "trust_proxy", "cors"),
    ),
    "World": (
        *("world", "scenarios", "state", "seed"),
        *("credentials", "assertions", "assignments"),
    ),
    "Behaviour": ("api_version", "auth", "now", "group_delay", "rate_limit", "max_body", "strict"),
    "Another service": ("upstream", "upstream_ca", "upstream_writes"),
    "Control": ("control_token", "max_sandboxes", "reload"),
    "Log": ("quiet", "log_format"),
}
EXAMPLES = """\b
Examples:
  credmock serve
  credmock serve --bind 127.0.0.1:9000 --prefix /dm --auth any
  credmock serve --state world.json --reload
  credmock serve --config team.toml --now 2026-06-01T12:00:00Z
"""


def read_address(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, int]:
    """Read HOST:PORT; IPv6 hosts stand in brackets."""
    try:
        parts = urlsplit(f"//{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or set(value) & set("@/?#"):
        raise click.BadParameter(
            f"{value!r} is not a valid address: write HOST:PORT with a port from 0 to 65535, "
            "for example 127.0.0.1:8765"
        )
    return host, port


def read_prefix(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Read a path prefix, with or without slashes around it."""
    bare = value.strip("/")
    if bare and not all(step and quote(step) == step for step in bare.split("/")):
        raise click.BadParameter(f"{value!r} is not a valid path: write for example /dm")
    return f"/{bare}" if bare else ""


def read_public_url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Read the address that clients use."""
    try:
        split_public_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


def read_moment(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> datetime | None:
    """Read a time with a zone."""
    try:
        return None if value is None else parse_time(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}; write for example 2026-06-01T12:00:00Z") from error


def read_seconds(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Read a number of seconds, which no range keeps from being `nan`."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number of seconds")
    return value


def check_rate(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return a rate if it can be read; `create_app` reads it."""
    if value:
        try:
            read_rate(value)
        except StartError as error:
            raise click.BadParameter(str(error).removeprefix("--rate-limit: ")) from error
    return value


def read_upstream(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Read the base URL of a service."""
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    is_plain = is_valid and parts.username is None and not parts.query and not parts.fragment
    if value and not is_plain:
        raise click.BadParameter(
            "not a valid base URL: write for example https://staging.example.com/dm, without "
            "user, password and query"
        )
    return value.rstrip("/")


@click.command(cls=GroupedCommand, groups=GROUPS, epilog=EXAMPLES)
@click.option(
    "--config",
    type=FILE,
    callback=add_settings_file,
    is_eager=True,
    expose_value=False,
    metavar="FILE",
    help="File with these options in its table [serve].  [default: credmock.toml, if it exists]",
)
@click.option(
    "--bind",
    default="127.0.0.1:8765",
    show_default=True,
    callback=read_address,
    metavar="HOST:PORT",
    help="Address to listen on; port 0 is any free one, `localhost` is IPv4 and IPv6.",
)
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the port into FILE once the mock responds; removed at the end.",
)
@click.option(
    "--tls-cert",
    type=FILE,
    metavar="FILE",
    help="Serve HTTPS with this certificate and its chain, in PEM.",
)
@click.option(
    "--tls-key",
    type=FILE,
    metavar="FILE",
    help="Key of the certificate, in PEM and not encrypted.  [default: in the same file]",
)
@click.option(
    "--tls-self-signed",
    is_flag=True,
    help="Serve HTTPS with a certificate for localhost that is made once and kept.",
)
@click.option(
    "--prefix", default="", callback=read_prefix, metavar="PATH", help="Path in front of the API."
)
@click.option(
    "--public-url",
    default="",
    callback=read_public_url,
    metavar="URL",
    help="Address that clients use, up to the prefix, where a proxy hides it: for links.",
)
@click.option(
    "--trust-proxy",
    default=0,
    show_default=True,
    type=click.IntRange(0, 10),
    metavar="N",
    help="Believe X-Forwarded-Proto, -Host, -For and -Prefix of N proxies in front.",
)
@API_VERSION
@click.option(
    "--auth",
    type=AUTH,
    default="keys",
    show_default=True,
    help="keys: those of the world; any: every Authorization header is a platform admin's; "
    "off: no header is needed.",
)
@click.option(
    "--cors",
    default="*",
    show_default=True,
    metavar="ORIGIN",
    help="Origin that browsers may call from; empty for none.",
)
@click.option("--world", type=FILE, help="World to start with.  [default: the one that ships]")
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
    help="File that keeps your changes over restarts; created if it does not exist.",
)
@click.option("--seed", default=42, show_default=True, help="Seed of ids and generated data.")
@generated_records("--credentials", 5_000_000, "Generate N more credentials on the first platform.")
@generated_records("--assertions", 5_000_000, "Generate N more assertions of its credentials.")
@generated_records(
    "--assignments", 100_000, "Generate N more assignments, with groups, departments and images."
)
@click.option(
    "--now", callback=read_moment, metavar="TIME", help="Freeze the clock.  [default: real time]"
)
@click.option(
    "--group-delay",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 31_536_000),
    callback=read_seconds,
    metavar="SECONDS",
    help="Delay before an assignment to a group issues its assertions.",
)
@click.option(
    "--rate-limit",
    default="",
    callback=check_rate,
    metavar="N/PERIOD",
    help="Requests that each user may send, for example 100/min; then 429.  [default: no limit]",
)
@click.option(
    "--max-body",
    default=DEFAULTS.maximum_body,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Larger bodies are refused, as the framework does.",
)
@click.option(
    "--max-sandboxes",
    default=DEFAULTS.maximum_sandboxes,
    show_default=True,
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Sandboxes kept; the least recently used one is evicted.",
)
@click.option(
    "--control-token",
    default="",
    callback=check_header_value,
    metavar="TOKEN",
    help="Opens /__mock__/ to other machines, in the header X-Mock-Control-Token.",
)
@click.option(
    "--upstream",
    default="",
    callback=read_upstream,
    metavar="URL",
    help="Pass what the mock does not have on to this service: reads only.",
)
@click.option(
    "--upstream-ca", type=FILE, metavar="FILE", help="CA certificates to trust of the upstream."
)
@click.option(
    "--upstream-writes", is_flag=True, help="Pass on POST, PUT, PATCH and DELETE as well."
)
@click.option(
    "--strict", is_flag=True, help="Check every exchange against the contract; a violation is 500."
)
@click.option("--reload", is_flag=True, help="Restart when the world or the contract changes.")
@click.option("--quiet", is_flag=True, help="Do not log requests.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the line for each request.",
)
def serve(
    bind: tuple[str, int],
    port_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_self_signed: bool,
    cors: str,
    max_body: int,
    max_sandboxes: int,
    reload: bool,
    quiet: bool,
    log_format: str,
    **settings: Any,
) -> None:
    """Start the mock server; Ctrl-C stops it."""
    config = Config(
        cors=cors or None,
        maximum_body=max_body,
        maximum_sandboxes=max_sandboxes,
        log_requests="off" if quiet else log_format,  # type: ignore[arg-type]
        **settings,
    )
    if not config.upstream and (config.upstream_ca or config.upstream_writes):
        raise click.UsageError("--upstream-ca and --upstream-writes need --upstream URL")
    host, port = bind
    certificate = find_certificate(tls_cert, tls_key, tls_self_signed, host)
    run_server(
        config,
        open_listeners(host, port),
        Banner(host, config.prefix, certificate, config.public_url),
        click.echo,
        reload=reload,
        port_file=port_file,
        certificate=certificate,
    )


class Banner:
    """What the server prints when it responds."""

    def __init__(
        self, host: str, prefix: str, certificate: Certificate | None, public_url: str = ""
    ) -> None:
        self._host, self._prefix = f"[{host}]" if ":" in host else host, prefix
        self._scheme = "https" if certificate else "http"
        self._authority = certificate.authority if certificate else None
        self._public_url = public_url.rstrip("/")

    def __call__(self, app: "Flask", port: int) -> str:
        """Return the text for an application on a port."""
        from mockserver.cli.banner import banner  # it loads what the application needs

        base_url = self._public_url or f"{self._scheme}://{self._host}:{port}"
        return banner(app, base_url + self._prefix, self._authority)
