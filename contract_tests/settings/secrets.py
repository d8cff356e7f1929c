"""Keys and headers: references to the environment and to files, and what must not be shown."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from contract_tests.errors import UsageError
from contract_tests.settings.settings import ROLES
from contract_tests.text_files import read_text_file

SHORTEST_KEY = 4
SECRET_NAMES = re.compile("auth|cookie|token|key|secret|password", re.IGNORECASE)
"""Names of headers whose values are secret, wherever they come from."""


LONGEST_COMMAND = 60.0
"""Seconds that a command may take to print a key."""
PROXY_SCHEMES = ("http", "https")


def resolve_keys(
    references: Mapping[str, Any],
    commands: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    *,
    for_mock: bool,
) -> dict[str, str]:
    """Return the key of each role, from its reference, command or variable; raises UsageError.

    A command takes precedence over both. No message holds a key.
    """
    keys = {}
    for role in ROLES:
        variable = f"CREDCHECK_KEY_{role.upper()}"
        if environment.get(variable) and not for_mock:
            keys[role] = environment[variable]
    for role, reference in references.items():
        if role in commands:
            continue
        if role not in ROLES:
            raise UsageError(f"keys: {role!r} is not a role: use one of {', '.join(ROLES)}")
        if not is_reference(reference):
            raise UsageError(
                f"keys: {role}: pass env:NAME or file:PATH instead of the key itself, "
                "so that the key does not appear in the list of processes or in the file"
            )
        keys[role] = resolve_reference(f"keys: {role}", reference, environment)
    for role, command in commands.items():
        if role not in ROLES:
            raise UsageError(f"key_command: {role!r} is not a role: use one of {', '.join(ROLES)}")
        keys[role] = run_key_command(role, command)
    for role, key in keys.items():
        check_key(role, key)
    return keys


def check_key(role: str, key: str) -> None:
    """Raise UsageError for a key that cannot be sent, or cannot be kept out of reports."""
    if not key.isascii() or not key.isprintable() or len(key) < SHORTEST_KEY:
        raise UsageError(
            f"keys: {role}: the key must be printable ASCII of at least {SHORTEST_KEY} "
            "characters; a shorter one could not be kept out of reports"
        )


def run_key_command(role: str, command: Sequence[str]) -> str:
    """Return the key that a command prints on its standard output; raises UsageError.

    The command runs without a shell. No message holds what it printed.
    """
    where, program = f"key_command: {role}", command[0]
    if shutil.which(program) is None:
        raise UsageError(
            f"{where}: the program {program!r} was not found; it is run without a shell"
        )
    try:
        ended = subprocess.run(  # noqa: S603  the user's own command
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_COMMAND,
            check=False,
        )
        key = ended.stdout.decode("utf-8").strip()
    except subprocess.TimeoutExpired:
        raise UsageError(f"{where}: {program} took over {LONGEST_COMMAND:.0f} s") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: {program} printed no text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a valid command"
        raise UsageError(f"{where}: {program} cannot be run: {reason}") from None
    if ended.returncode:
        raise UsageError(f"{where}: {program} ended with exit code {ended.returncode}")
    if not key:
        raise UsageError(f"{where}: {program} printed no key")
    if len(key.splitlines()) > 1:
        raise UsageError(f"{where}: {program} printed more than one line: print the key alone")
    check_key(role, key)
    return key


def resolve_basic(
    reference: str, environment: Mapping[str, str], header: str, auth_header: str
) -> dict[str, Any]:
    """Return user and password of a wall in front, and the header they are sent in, as settings.

    The default is `Authorization` where the API's keys have another header, else the header for
    proxies (RFC 9110, 11.7.2). Raises UsageError.
    """
    if not reference:
        return {}
    if not is_reference(reference):
        raise UsageError(
            "basic: pass env:NAME or file:PATH of USER:PASSWORD instead of the password itself, so "
            "that it does not appear in the list of processes or in the file"
        )
    value = resolve_reference("basic", reference, environment)
    user, colon, password = value.partition(":")
    if not colon or not user or len(password) < SHORTEST_KEY or not value.isprintable():
        raise UsageError(
            f"basic: the value must be USER:PASSWORD, with at least {SHORTEST_KEY} printable "
            "characters in the password; a shorter one could not be kept out of reports"
        )
    uses_authorization = auth_header.lower() == "authorization"
    name = header or ("Proxy-Authorization" if uses_authorization else "Authorization")
    if name.lower() == auth_header.lower():
        raise UsageError(
            f"basic_header: {name} is the header of the API's keys: name another one with "
            "--basic-header or --auth-header"
        )
    return {"basic": value, "basic_header": name}


def resolve_proxy(value: str, environment: Mapping[str, str]) -> str:
    """Return the URL of a proxy; raises UsageError, also for a password that is not a reference."""
    is_secret = is_reference(value)
    url = resolve_reference("proxy", value, environment) if is_secret else value
    # What stands before the @ may be a password, whatever else is wrong with it.
    shown = "the value" if is_secret or "@" in value else repr(value)
    try:
        address = urlsplit(url)
        is_valid = address.scheme in PROXY_SCHEMES and bool(address.hostname) and address.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageError(
            f"--proxy: {shown} is not valid: use http:// or https:// with a host, such as "
            "http://proxy.example.com:3128"
        )
    if (address.username or address.password) and not is_secret:
        raise UsageError(
            "--proxy: pass a URL with a password as env:NAME or file:PATH, so that it does not "
            "appear in the list of processes or in the file"
        )
    return url


def resolve_headers(
    references: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the headers with their values, and the names of the secret ones, as settings."""
    headers = {
        name: resolve_reference(f"headers: {name}", value, environment)
        if is_reference(value)
        else value
        for name, value in references.items()
    }
    secret = tuple(
        name for name, value in references.items() if is_reference(value) or is_secret_header(name)
    )
    return {"headers": headers, "secret_headers": secret}


def is_secret_header(name: str) -> bool:
    """Tell whether the value of a header is secret, wherever it comes from, by its name."""
    return SECRET_NAMES.search(name) is not None


def is_reference(value: Any) -> bool:
    """Tell whether a value is a reference to a secret."""
    return str(value).startswith(("env:", "file:"))


def resolve_reference(where: str, reference: Any, environment: Mapping[str, str]) -> str:
    """Return the value that `env:NAME` or `file:PATH` refers to; raises UsageError."""
    kind, _, name = str(reference).partition(":")
    if kind == "env":
        if not environment.get(name):
            raise UsageError(f"{where}: the environment variable {name} is not set")
        return environment[name]
    return read_text_file(name, where).strip()
