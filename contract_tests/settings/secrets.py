"""Keys and headers: references to the environment and to files, and what must not be shown."""

import re
from collections.abc import Mapping
from typing import Any

from contract_tests.errors import UsageError
from contract_tests.settings.settings import ROLES
from contract_tests.text_files import read_text_file

SHORTEST_KEY = 4
SECRET_NAMES = re.compile("auth|cookie|token|key|secret|password", re.IGNORECASE)
"""Names of headers whose values are secret, wherever they come from."""


def resolve_keys(
    references: Mapping[str, Any], environment: Mapping[str, str], *, for_mock: bool
) -> dict[str, str]:
    """Return the key of each role, from its reference or its variable; raises UsageError.

    No message holds a key.
    """
    keys = {}
    for role in ROLES:
        variable = f"CREDCHECK_KEY_{role.upper()}"
        if environment.get(variable) and not for_mock:
            keys[role] = environment[variable]
    for role, reference in references.items():
        if role not in ROLES:
            raise UsageError(f"keys: {role!r} is not a role: use one of {', '.join(ROLES)}")
        if not is_reference(reference):
            raise UsageError(
                f"keys: {role}: pass env:NAME or file:PATH instead of the key itself, "
                "so that the key does not appear in the list of processes or in the file"
            )
        keys[role] = resolve_reference(f"keys: {role}", reference, environment)
    for role, key in keys.items():
        if not key.isascii() or not key.isprintable() or len(key) < SHORTEST_KEY:
            raise UsageError(
                f"keys: {role}: the key must be printable ASCII of at least {SHORTEST_KEY} "
                "characters; a shorter one could not be kept out of reports"
            )
    return keys


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
        name
        for name, value in references.items()
        if is_reference(value) or SECRET_NAMES.search(name)
    )
    return {"headers": headers, "secret_headers": secret}


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
