"""Everything that is set about a run: from options, the environment and `credcheck.toml`."""

import difflib
import importlib.util
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from contract_tests.engine.outcome import UsageError

ROLES = ("admin", "department_admin", "learner", "other_org_admin", "retired")
PROFILES = ("quick", "standard", "thorough")
Release = Literal["3.59", "4.90", "4.202"]
RELEASES: tuple[Release, ...] = get_args(Release)
"""What `x-since` says in the contract, oldest first."""
PRODUCTION_HOSTS = ("base.manager.iblai.app",)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REMOTE_RATE = 10.0
"""Requests in a second to a target that is not on this machine, unless `rate` says otherwise."""
SHORTEST_KEY = 4
SECRET_NAMES = re.compile("auth|cookie|token|key|secret|password", re.IGNORECASE)
"""Names of headers whose values are secret, wherever they come from."""
MOCK = {
    "api_version": RELEASES[-1],
    "org": "main",
    "user_id": "1",
    "username": "admin",
    "learner_username": "learner",
    "other_org": "acme",
    "other_user_id": "11",
}
MOCK_KEYS = {
    "admin": "main-admin-key",
    "department_admin": "main-department-admin-key",
    "learner": "main-learner-key",
    "other_org_admin": "acme-admin-key",
    "retired": "retired-key",
}
"""The mock's own world, which is public: `mock` needs no configuration."""


@dataclass(frozen=True)
class Settings:
    """One run against one target.

    `application` is `mock`, or `module:attribute` of a WSGI application, for a target in this
    process. `api_version` is the release that the target runs; operations of later ones are not
    asked. `rate` is in requests for each second, times are in seconds. `without` names the tags
    of the contract whose operations the target does not offer; `secret_headers` the headers whose
    values are never shown.
    """

    name: str
    base_url: str
    application: str = ""
    org: str = ""
    user_id: str = ""
    username: str = ""
    learner_username: str = ""
    other_org: str = ""
    other_user_id: str = ""
    issuer: str = ""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth_scheme: str = "Api-Key"
    allow_writes: bool = False
    disposable: bool = False
    rate: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_headers: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    api_version: Release = RELEASES[0]
    ca_bundle: str = ""
    accept: str = ""
    profile: str = "standard"
    seed: int = 0
    time_budget: float = 300.0
    max_latency: float | None = None
    no_unknown_fields: bool = False
    hold_choices: bool = False
    timeout: float = 15.0
    journal: str = ".credcheck"
    production_hosts: tuple[str, ...] = PRODUCTION_HOSTS
    yes_this_is_production: bool = False

    @property
    def later_releases(self) -> tuple[str, ...]:
        """The releases whose operations the target does not have yet."""
        return RELEASES[RELEASES.index(self.api_version) + 1 :]

    @property
    def host(self) -> str:
        """The host of the target."""
        return (urlsplit(self.base_url).hostname or "").rstrip(".").lower()

    @property
    def is_local(self) -> bool:
        """Whether the target is in this process or on this machine."""
        return bool(self.application) or self.host in LOOPBACK

    @property
    def is_production(self) -> bool:
        """Whether the target is a production host."""
        return not self.application and self.host in {*PRODUCTION_HOSTS, *self.production_hosts}


FILE_NAMES = {each.name for each in fields(Settings)} - {
    "name", "application", "profile", "seed", "yes_this_is_production", "time_budget",
    "secret_headers",
}  # fmt: skip
"""What a target's table in `credcheck.toml` may hold."""


NOT_IN_THE_ENVIRONMENT = {
    *("name", "application", "base_url", "keys", "headers", "secret_headers", "production_hosts"),
}
"""What a variable must not change: which target this is, and how it is kept from harm."""
OF_ANY_TARGET = frozenset(
    {"accept", "journal", "max_latency", "no_unknown_fields", "hold_choices", "timeout"}
)
"""What a variable may say to `mock` too; the others are about somebody's deployment."""


def load_settings(
    target: str, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Return the settings of a run; raises UsageError naming the option, file or variable.

    `options` holds what was given on the command line (None: not given). They win over the
    environment (`CREDCHECK_ORG`, …), which wins over the target's table in the file.
    """
    chosen = dict(_of_target(target, options.get("config")))
    own_world = chosen.get("application") == "mock"
    chosen.update(_of_environment(environment, own_world=own_world))
    chosen.update({name: value for name, value in options.items() if value not in (None, (), [])})
    config = chosen.pop("config", None)
    if config and not Path(config).is_file():
        raise UsageError(f"--config {config}: there is no such file")
    keys = dict(chosen.pop("keys", {}))
    keys.update(_pairs(chosen.pop("key", ()), "--key"))
    headers = dict(chosen.pop("headers", {}))
    headers.update(_pairs(chosen.pop("header", ()), "--header"))
    chosen["keys"] = _keys(keys, environment, own_world=own_world)
    chosen["headers"] = {
        name: _resolved(f"headers: {name}", value, environment) if _is_reference(value) else value
        for name, value in headers.items()
    }
    chosen["secret_headers"] = tuple(
        name for name, value in headers.items() if _is_reference(value) or SECRET_NAMES.search(name)
    )
    if "without" in chosen:
        chosen["without"] = _without(chosen["without"])
    if isinstance(chosen.get("rate"), str):
        chosen["rate"] = _rate(chosen["rate"])
    read_only = chosen.pop("read_only", False)
    known = {each.name for each in fields(Settings)}
    settings = _with_defaults({k: v for k, v in chosen.items() if k in known})
    if read_only or settings.is_production:
        settings = replace(settings, allow_writes=False, disposable=False)
    _check(settings, config)
    return settings


def _of_target(target: str, config: str | None) -> Mapping[str, Any]:
    """Return what a target's name, address or table says."""
    if target == "mock":
        own = {"application": "mock", "base_url": "http://127.0.0.1:8765"}
        return {"name": "mock", "disposable": True, "hold_choices": True, **own, **MOCK}
    if target.startswith(("http://", "https://")):
        return {"name": target, "base_url": target}
    if target.startswith("wsgi:"):
        return {"name": target, "application": target[5:], "base_url": "http://127.0.0.1"}
    path = Path(config or "credcheck.toml")
    table = _tables(path)
    if target not in table:
        near = difflib.get_close_matches(target, table, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(table) or 'none'}"
        raise UsageError(f"TARGET {target!r} is no URL, not `mock`, and no target of {path}{hint}")
    unknown = sorted(set(table[target]) - FILE_NAMES)
    if unknown:
        near = difflib.get_close_matches(unknown[0], FILE_NAMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"{path}: [target.{target}]: {unknown[0]!r} is not known{hint}")
    if "base_url" not in table[target]:
        raise UsageError(f"{path}: [target.{target}]: base_url is missing")
    _check_types(table[target], f"{path}: [target.{target}]")
    return {"name": target, **table[target]}


def _check_types(table: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for a value of another type: the text "false" must not count as true."""
    for each in fields(Settings):
        value = table.get(each.name)
        wanted = _TOML_TYPES.get(_kind(each.type), str)
        fits = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
        if each.name == "rate":
            fits = isinstance(value, str)
        if value is not None and not fits:
            raise UsageError(f"{where}: {each.name}: {value!r} is of another type")


_TOML_TYPES: Mapping[str, Any] = {
    "bool": bool,
    "int": int,
    "float": (int, float),
    "float | None": (int, float),
    "Mapping": dict,
    "tuple": list,
}


def _kind(annotation: Any) -> str:
    """Return the name of a field's type."""
    return str(getattr(annotation, "__name__", annotation))


def _tables(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    table = document.get("target", {})
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise UsageError(f"{path}: targets are tables such as [target.staging]")
    return table


def _of_environment(environment: Mapping[str, str], *, own_world: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in fields(Settings):
        text = environment.get(f"CREDCHECK_{each.name.upper()}")
        if text is None or each.name in NOT_IN_THE_ENVIRONMENT:
            continue
        if own_world and each.name in FILE_NAMES - OF_ANY_TARGET:
            continue
        found[each.name] = _converted(text, _kind(each.type), f"CREDCHECK_{each.name.upper()}")
    return found


def _converted(text: str, kind: str, where: str) -> Any:
    try:
        if kind == "bool":
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
                text.lower()
            ]
        if kind == "int":
            return int(text)
        if kind.startswith("float") and where != "CREDCHECK_RATE":
            return float(text)
    except (KeyError, ValueError):
        raise UsageError(f"{where}: {text!r} is no {kind}") from None
    return text


def _pairs(pairs: Any, where: str) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=" if where == "--key" else ":")
        if not sign or not name.strip() or not value.strip():
            shape = "ROLE=env:NAME" if where == "--key" else "'Name: value'"
            raise UsageError(f"{where}: a value must be {shape}")
        found[name.strip()] = value.strip()
    return found


def _keys(
    keys: Mapping[str, str], environment: Mapping[str, str], *, own_world: bool
) -> dict[str, str]:
    """Resolve each key's reference; its value is never shown."""
    found = {}
    for role in ROLES:
        variable = f"CREDCHECK_KEY_{role.upper()}"
        if environment.get(variable) and not own_world:
            found[role] = environment[variable]
    for role, reference in keys.items():
        if role not in ROLES:
            raise UsageError(f"keys: {role!r} is no role; the roles are {', '.join(ROLES)}")
        if not _is_reference(reference):
            raise UsageError(f"keys: {role}: write env:NAME or file:PATH, never the key itself")
        found[role] = _resolved(f"keys: {role}", reference, environment)
    for role, key in found.items():
        if not key.isascii() or not key.isprintable() or len(key) < SHORTEST_KEY:
            raise UsageError(
                f"keys: {role}: a key is printable ASCII of {SHORTEST_KEY} characters at least "
                "(a shorter one could not be kept out of reports)"
            )
    return found


def _is_reference(value: Any) -> bool:
    return str(value).startswith(("env:", "file:"))


def _resolved(what: str, reference: str, environment: Mapping[str, str]) -> str:
    """Return the value that `env:NAME` or `file:PATH` leads to."""
    kind, _, name = str(reference).partition(":")
    if kind == "env":
        if not environment.get(name):
            raise UsageError(f"{what}: the environment variable {name} is not set")
        return environment[name]
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{what}: {name}: cannot be read as text") from error


def _without(given: Any) -> tuple[str, ...]:
    """Return the tags that are named, by a list or with commas."""
    words = given.split(",") if isinstance(given, str) else given
    return tuple(each.strip() for word in words for each in str(word).split(",") if each.strip())


def _rate(text: str) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)/(s|min)", text)
    if not match or float(match[1]) <= 0:
        raise UsageError(f"rate: {text!r} is no rate; write for example 5/s or 100/min")
    return float(match[1]) / (60 if match[2] == "min" else 1)


def _with_defaults(chosen: dict[str, Any]) -> Settings:
    if chosen.get("application") == "mock":
        chosen["keys"] = {**MOCK_KEYS, **chosen["keys"]}
    settings = Settings(**chosen)
    if settings.is_local and "allow_writes" not in chosen:
        settings = replace(settings, allow_writes=True)
    if not settings.is_local and settings.rate is None:
        settings = replace(settings, rate=REMOTE_RATE)
    return settings


def _check(settings: Settings, config: str | None) -> None:
    where = config or "the command line or the environment"
    if settings.api_version not in RELEASES:
        given, known = settings.api_version, ", ".join(RELEASES)
        raise UsageError(f"api_version: {given!r} is none of {known}")
    address = urlsplit(settings.base_url)
    if address.scheme not in ("http", "https") or not address.hostname or address.query:
        raise UsageError(f"base_url: {settings.base_url!r} is no http or https address")
    if address.username or address.password:
        raise UsageError("base_url: leave out user and password; name a key with keys or --key")
    if settings.is_production and not settings.yes_this_is_production:
        raise UsageError(
            f"{settings.host} is production; if that is meant, add --yes-this-is-production "
            "(the run stays read-only)"
        )
    for name, option in (("org", "--org"), ("user_id", "--user-id")):
        if not getattr(settings, name):
            raise UsageError(f"{name} is missing; set it with {option} or in {where}")
    if "admin" not in settings.keys:
        raise UsageError(
            "keys: admin is missing; set CREDCHECK_KEY_ADMIN or give --key admin=env:NAME"
        )
    for name in ("ca_bundle", "accept"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise UsageError(f"{name}: {path}: there is no such file")
    if settings.profile not in PROFILES:
        raise UsageError(f"profile: {settings.profile!r} is none of {', '.join(PROFILES)}")
    module = settings.application.partition(":")[0]
    if settings.application not in ("", "mock"):
        _check_module(settings.application, module)


def _check_module(application: str, module: str) -> None:
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None or ":" not in application:
        raise UsageError(
            f"TARGET wsgi:{application}: write wsgi:MODULE:ATTRIBUTE of an application"
        )


def current_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ
