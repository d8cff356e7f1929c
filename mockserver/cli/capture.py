"""The command `credmock capture`."""

import os
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from mockserver.cli.options import EXAMPLE, OUTPUT
from mockserver.cli.output import check_output, write_output
from mockserver.errors import StartError
from mockserver.files import decode_text, read_toml_file
from mockserver.messages import encode

CONFIGURATION = "credcheck.toml"
KEY_VARIABLE = "CREDCHECK_KEY_ADMIN"
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
REMOTE_RATE = 10.0
"""Requests per second to another machine, unless a rate is given."""


@dataclass(frozen=True)
class Place:
    """Where a service is, and which platform is read as whom."""

    url: str
    org: str
    user_id: str
    key: str
    scheme: str
    ca_bundle: str


@click.command(
    epilog=EXAMPLE
    + "credmock capture https://staging.example.com/dm --org main --user-id 7 -o world.json\n  "
    + "credmock capture traffic.har -o world.json && credmock serve --world world.json"
)
@click.argument("source")
@click.option("--org", default="", metavar="KEY", help="Key of the platform to read.")
@click.option("--user-id", default="", metavar="ID", help="The user in the path.")
@click.option(
    "--key",
    "key_variable",
    default=f"env:{KEY_VARIABLE}",
    show_default=True,
    metavar="REF",
    help="Where the key is: env:NAME or file:PATH.",
)
@click.option("--auth-scheme", default="", metavar="SCHEME", help="The word in front of the key.")
@click.option(
    "--rate",
    type=click.FloatRange(0.01, 1000),
    metavar="N",
    help="Requests per second.  [default: 10 to another machine]",
)
@click.option(
    "--max-requests",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Requests that are sent at most.",
)
@click.option("--ca-bundle", default="", metavar="FILE", help="CA certificates to trust.")
@click.option("--images", is_flag=True, help="Fetch the pictures, too.")
@click.option("--keep-people", is_flag=True, help="Keep names, usernames and free texts.")
@click.option("--seed", default=42, show_default=True, help="Seed of the people in their place.")
@OUTPUT
def capture(
    source: str,
    rate: float | None,
    max_requests: int,
    images: bool,
    keep_people: bool,
    seed: int,
    output: Path,
    **options: str,
) -> None:
    """Make a world of what a service or a recording shows.

    SOURCE is the URL of a service, a target of credcheck.toml, or a HAR file. A service is read
    only, slowly and page by page. People are replaced by others, keys are never written.
    """
    from mockserver.capture.capture import capture as make_world
    from mockserver.capture.recording import Recording
    from mockserver.capture.service import Service

    check_output(output)
    is_recording = "://" not in source and _is_readable(source)
    place = Place("", "", "", "", "", options["ca_bundle"])
    if not is_recording:
        place = find_place(source, options)
    is_local = urlsplit(place.url).hostname in LOCAL
    service = Service(
        place.url,
        place.org,
        place.user_id,
        place.key,
        scheme=place.scheme,
        rate=rate or (0.0 if is_local else REMOTE_RATE),
        most_requests=max_requests,
        ca_bundle=place.ca_bundle,
    )
    with closing(service):
        recording = Recording(Path(source)) if is_recording else None
        readings = list(recording.read() if recording else service.read())
        if recording and recording.skipped:
            service.missing["responses without a whole body"] = recording.skipped
        made = make_world(
            readings,
            recording.secrets if recording else {place.key},
            seed=seed,
            keep_people=keep_people,
            fetch_pictures=service.fetch_pictures if images else None,
            missing=service.missing,
        )
    write_output(output, encode(made.world) + b"\n")
    for line in made.lines:
        click.echo(line, err=True)


def _is_readable(source: str) -> bool:
    """Tell whether a source is a file, or a pipe of the shell (`<(…)`)."""
    with suppress(OSError, ValueError):  # a name that no file can have
        return Path(source).exists() and not Path(source).is_dir()
    return False


def find_place(source: str, options: dict[str, str]) -> Place:
    """Return where a service is: a URL with options, or a target of the file; raises StartError."""
    target = {} if "://" in source else _read_target(source)
    url = source if "://" in source else str(target.get("base_url", ""))
    _check_url(url)
    org = options["org"] or str(target.get("org", ""))
    user_id = options["user_id"] or str(target.get("user_id", ""))
    for name, value in (("--org", org), ("--user-id", user_id)):
        if not value:
            raise StartError(f"{name}: required for a service: name the platform and a user of it")
    keys = target.get("keys")
    reference = str(keys.get("admin", "")) if isinstance(keys, dict) else ""
    if options["key_variable"] != f"env:{KEY_VARIABLE}" or not reference:
        reference = options["key_variable"]
    return Place(
        url,
        org,
        user_id,
        read_key(reference),
        options["auth_scheme"] or str(target.get("auth_scheme", "Api-Key")),
        options["ca_bundle"] or str(target.get("ca_bundle", "")),
    )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_open = parts.username is None and not parts.query and parts.port != 0
    except ValueError:
        is_valid = is_open = False
    if not (is_valid and is_open):
        raise StartError(
            "SOURCE: not a valid URL: write for example https://staging.example.com/dm, without "
            "user, password and query"
        )


def _read_target(name: str) -> dict[str, Any]:
    file = Path(CONFIGURATION)
    document = read_toml_file(file) if os.path.lexists(file) else {}
    targets = document.get("target", {})
    target = targets.get(name) if isinstance(targets, dict) else None
    if not isinstance(target, dict):
        raise StartError(
            f"SOURCE: {name!r} is neither a file, nor a URL, nor a target of {CONFIGURATION}"
        )
    return target


def _read_key_file(reference: str, path: Path) -> str:
    """Return the text of a file; no message shows a part of it."""
    try:
        return decode_text(path.read_bytes(), "").decode().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid name of a file"
    except StartError:
        reason = "empty or not text: save the file as UTF-8"
    raise StartError(f"--key {reference}: {reason}")


def read_key(reference: str) -> str:
    """Return the key that a reference leads to; it is never on the command line."""
    kind, _, name = reference.partition(":")
    if kind not in ("env", "file") or not name:
        raise StartError("--key: write env:NAME or file:PATH, where the key is")
    key = os.environ.get(name, "") if kind == "env" else _read_key_file(reference, Path(name))
    if not key:
        raise StartError(f"--key: {reference} holds no key: put the key there")
    if not key.isascii() or not key.isprintable():
        raise StartError(f"--key: {reference} holds what cannot be a key")
    return key
