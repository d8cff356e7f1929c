"""Gathers the settings of a run: command line, then environment, then `credcheck.toml`."""

import difflib
import importlib.util
import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.catalogue.rule import RELEASES
from contract_tests.errors import UsageError
from contract_tests.settings.command_line import COMMAND_LINE
from contract_tests.settings.option import Option, split_command
from contract_tests.settings.proxies import find_proxy
from contract_tests.settings.secrets import (
    resolve_basic,
    resolve_headers,
    resolve_keys,
    resolve_proxy,
)
from contract_tests.settings.settings import OPTIONS, Settings
from contract_tests.text_files import is_file, read_toml_file

DEFAULT_FILE = "credcheck.toml"
REMOTE_RATE = 10.0
"""Requests per second to a target that is not on this machine, unless `rate` is set."""
MOCK: Mapping[str, Any] = {
    "application": "mock",
    "base_url": "http://127.0.0.1:8765",
    "api_version": RELEASES[-1],
    "org": "main",
    "user_id": "1",
    "username": "admin",
    "learner_username": "learner",
    "other_org": "acme",
    "other_user_id": "11",
    "disposable": True,
    "hold_choices": True,
}
MOCK_KEYS: Mapping[str, str] = {
    "admin": "main-admin-key",
    "department_admin": "main-department-admin-key",
    "learner": "main-learner-key",
    "other_org_admin": "acme-admin-key",
    "retired": "retired-key",
}
"""The default data of the mock, which is public: `mock` needs no configuration."""


def load_settings(
    target: str, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Return the settings of a run; raises UsageError naming the option, variable or file.

    `options` holds what was given on the command line, by the names of `COMMAND_LINE`, each a text,
    a list of texts or True (None: not given).
    """
    given = {name: value for name, value in options.items() if value not in (None, (), [])}
    config = given.pop("config", None)
    if config and not is_file(config):
        raise UsageError(f"--config: the file {config} does not exist")
    values = read_target(target, config)
    for_mock = values.get("application") == "mock"
    for_run = {**read_environment(environment, for_mock=for_mock), **read_options(given)}
    for role in for_run.get("keys", ()):  # an option takes precedence over the file's command
        values.get("key_command", {}).pop(role, None)
    for name in ("keys", "headers", "key_command"):  # the command line adds to the file's
        for_run[name] = {**values.get(name, {}), **for_run.get(name, {})}
    in_file = values if is_in_file(target) else {}
    values |= for_run
    values["explicit_values"] = {**in_file, **for_run, **({"config": config} if config else {})}
    values["keys"] = resolve_keys(
        values["keys"], values["key_command"], environment, for_mock=for_mock
    )
    values |= resolve_headers(values["headers"], environment)
    values |= resolve_way(values, environment)
    if for_mock:
        values["keys"] = {**MOCK_KEYS, **values["keys"]}
    read_only = values.pop("read_only", False)
    settings = apply_defaults(Settings(**values), values)
    if read_only or settings.is_production:
        settings = replace(settings, allow_writes=False, disposable=False)
    check_settings(settings, config or DEFAULT_FILE)
    if not settings.application:
        find_proxy(settings.base_url, environment)  # one that cannot be used is reported here
    return settings


def resolve_way(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what leads to a guarded target, with its secrets, as settings; raises UsageError."""
    auth_header = values.get("auth_header", "Authorization")
    for name in ("auth_header", "basic_header"):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*", values.get(name, "")):
            raise UsageError(f"{name}: {values[name]!r} is not the name of a header")
    if not auth_header:
        raise UsageError("auth_header: name the header that keys are sent in")
    resolved = resolve_basic(
        values.get("basic", ""), environment, values.get("basic_header", ""), auth_header
    )
    if values.get("proxy"):
        resolved["proxy"] = resolve_proxy(values["proxy"], environment)
    return resolved


def current_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def is_in_file(target: str) -> bool:
    """Tell whether a target is the name of a table in a configuration file."""
    return target != "mock" and not target.startswith(("http://", "https://", "wsgi:"))


def read_target(target: str, config: str | None) -> dict[str, Any]:
    """Return the settings that the name, the URL or the table of a target implies."""
    if target == "mock":
        return {"name": "mock", **MOCK}
    if target.startswith(("http://", "https://")):
        return {"name": target, "base_url": target}
    if target.startswith("wsgi:"):
        return {"name": target, "application": target[5:], "base_url": "http://127.0.0.1:8000"}
    path = Path(config or DEFAULT_FILE)
    if not is_file(path):
        raise UsageError(
            f"TARGET {target!r} is not a URL and not `mock`, and there is no file {path} with "
            f"targets: pass a URL, or name a file with --config{suggest_target(target)}"
        )
    tables = read_tables(path)
    if target not in tables:
        known = suggest(target, tables) or suggest_target(target)
        known = known or f"; known targets: {', '.join(tables) or 'none'}"
        raise UsageError(
            f"TARGET {target!r} is not a URL, not `mock`, and not a target in {path}{known}"
        )
    where = f"{path}: [target.{target}]"
    known_names = [name for name, option in OPTIONS.items() if option.in_file]
    for name in sorted(tables[target]):
        if name not in known_names:
            raise UsageError(f"{where}: unknown setting {name!r}{suggest(name, known_names)}")
    if "base_url" not in tables[target]:
        raise UsageError(f"{where}: base_url is required")
    values = {
        name: OPTIONS[name].kind.convert_toml(value, f"{where}: {name}")
        for name, value in tables[target].items()
    }
    if "key_command" in values:
        values["key_command"] = read_commands(values["key_command"], f"{where}: key_command")
    return {"name": target, **as_fields(values)}


def read_commands(value: Any, where: str) -> dict[str, tuple[str, ...]]:
    """Return the command of each role in a file: a table, or the command of the admin."""
    if isinstance(value, tuple):  # a text that names its role
        value = dict([value])
    table = value if isinstance(value, dict) else {"admin": value}
    commands = {}
    for role, command in table.items():
        try:
            words = split_command(f"{role}={command}")[1] if isinstance(command, str) else command
        except ValueError:
            raise UsageError(f"{where}: {role} is not a command: check its quotes") from None
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise UsageError(f"{where}: {role} is not a text or a list of texts")
        if not words or not words[0]:
            raise UsageError(f"{where}: {role} names no command")
        commands[role] = tuple(words)
    return commands


def read_tables(path: Path) -> dict[str, Any]:
    """Return the tables of a configuration file by the name of the target; raises UsageError."""
    document = read_toml_file(path)
    tables = document.get("target", {})
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise UsageError(f"{path}: a target must be a table such as [target.staging]")
    for name in document:
        if name != "target":
            raise UsageError(f"{path}: unknown table or setting {name!r}: write [target.staging]")
    return tables


def suggest_target(target: str) -> str:
    """Return a question about the target that was meant, or nothing."""
    scheme, _, rest = target.rpartition(":/")
    if scheme.lower() in ("http", "https"):
        return f"; did you mean {scheme.lower() + '://' + rest.lstrip('/')!r}?"
    if re.fullmatch(r"[\w.-]+(:[0-9]+)(/.*)?|[\w-]+(\.[\w-]+)+(:[0-9]+)?(/.*)?", target):
        return f"; did you mean {'http://' + target!r}?"
    return suggest(target, ["mock"])


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a question about the known name that is nearest, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_environment(environment: Mapping[str, str], *, for_mock: bool) -> dict[str, Any]:
    """Return the settings in the environment."""
    values = {}
    for name, option in OPTIONS.items():
        variable = f"CREDCHECK_{name.upper()}"
        ignored = not option.in_environment or (for_mock and option.describes_target)
        if variable in environment and not ignored:
            values[name] = convert_text(option, environment[variable], variable)
    return as_fields(values)


def read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings on the command line."""
    names = {option.flag: name for name, option in OPTIONS.items() if option.flag}
    values = {}
    for name, value in options.items():
        option, where = COMMAND_LINE[name], f"--{name.replace('_', '-')}"
        if isinstance(value, str):
            value = convert_text(option, value, where)
        elif isinstance(value, list | tuple):
            value = convert_texts(option, value, where)
        values[names.get(name, name)] = value
    return as_fields(values)


def convert_text(option: Option, text: str, where: str) -> Any:
    """Return the value of a text; raises UsageError."""
    value = option.kind.convert_text(text, where)
    if option.choices and value not in option.choices:
        choices = ", ".join(option.choices)
        raise UsageError(f"{where}: {text!r} is not valid: use one of {choices}")
    return value


def convert_texts(option: Option, texts: Iterable[str], where: str) -> Any:
    """Return the value of an option that was repeated: a table, or a list of all parts."""
    values = [option.kind.convert_text(text, where) for text in texts]
    if option.kind.is_table:
        return dict(values)
    return [part for value in values for part in value]


def as_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with their lists as tuples, as the fields of the settings have them."""
    return {
        name: tuple(map(str, value)) if isinstance(value, list) else value
        for name, value in values.items()
    }


def apply_defaults(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """Return settings with the defaults that depend on where the target is."""
    if settings.is_local and "allow_writes" not in given:
        return replace(settings, allow_writes=True)
    if not settings.is_local and settings.rate is None:
        return replace(settings, rate=REMOTE_RATE)
    return settings


def check_settings(settings: Settings, file: str) -> None:
    """Raise UsageError for settings that no run can use."""
    for name in ("api_version", "profile"):
        convert_text(OPTIONS[name], getattr(settings, name), name)
    check_address(settings)
    for name in ("org", "user_id"):
        if not getattr(settings, name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} is required: pass {option}, set CREDCHECK_{name.upper()}, "
                f"or put {name} into {file}"
            )
    if "admin" not in settings.keys:
        raise UsageError(
            "the key of admin is required: set CREDCHECK_KEY_ADMIN, pass --key admin=env:NAME, "
            f"or put keys.admin into {file}"
        )
    for name in ("ca_bundle", "client_cert", "client_key", "accept"):
        path = getattr(settings, name)
        if path and not is_file(path):
            raise UsageError(f"--{name.replace('_', '-')}: the file {path} does not exist")
    check_certificates(settings)
    if not 0 < settings.timeout < float("inf"):
        raise UsageError(f"timeout: {settings.timeout:g} is not a number of seconds above 0")
    if settings.time_budget is not None and not 0 < settings.time_budget < float("inf"):
        raise UsageError(
            f"--time-budget: {settings.time_budget:g} is not a number of seconds above 0"
        )


def check_certificates(settings: Settings) -> None:
    """Raise UsageError for files of certificates that cannot be used."""
    if settings.client_key and not settings.client_cert:
        raise UsageError("--client-key: pass --client-cert, too")
    if settings.ca_bundle:
        try:
            ssl.create_default_context(cafile=settings.ca_bundle)
        except (OSError, ValueError):  # an error of ssl is one of the system
            raise UsageError(
                f"--ca-bundle: the file {settings.ca_bundle} holds no certificate in PEM"
            ) from None
    if settings.client_cert:
        try:
            ssl.create_default_context().load_cert_chain(
                settings.client_cert, settings.client_key or None, password=_refuse_password
            )
        except (OSError, ValueError):
            raise UsageError(
                f"--client-cert: the file {settings.client_cert} holds no certificate in PEM with "
                "the key that belongs to it (pass --client-key; the key must not be encrypted)"
            ) from None


def _refuse_password() -> str:
    """Be what an encrypted key is opened with; without it, the terminal would be asked."""
    raise ValueError("the key is encrypted")


def check_address(settings: Settings) -> None:
    """Raise UsageError for a target that cannot be reached, or must not be without asking."""
    address = urlsplit(settings.base_url)
    if address.username or address.password:
        raise UsageError("base_url: remove user and password from the URL, and pass --key instead")
    if address.scheme not in ("http", "https") or not address.hostname or address.query:
        raise UsageError(
            f"base_url: {settings.base_url!r} is not valid: use http:// or https:// with a host "
            "and without a query"
        )
    if settings.is_production and not settings.yes_this_is_production:
        raise UsageError(
            f"{settings.host} is a production host: add --yes-this-is-production to read from it "
            "(the run stays read-only)"
        )
    if settings.application not in ("", "mock"):
        check_application(settings.application)


def check_application(application: str) -> None:
    """Raise UsageError for an application that cannot be imported."""
    module, colon, _ = application.partition(":")
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None or not colon:
        raise UsageError(
            f"TARGET wsgi:{application}: no such module: use wsgi:MODULE:ATTRIBUTE of a WSGI "
            "application"
        )
