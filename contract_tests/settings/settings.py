"""The settings of a run, each defined once with its option, help text and default."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from contract_tests.catalogue.rule import RELEASES, Release
from contract_tests.settings.option import (
    COMMANDS,
    FLAG,
    HEADERS,
    INTEGER,
    KEYS,
    LIST,
    NUMBER,
    RATE,
    Option,
    setting,
)

ROLES = ("admin", "department_admin", "learner", "other_org_admin", "retired")
PROFILES = ("quick", "standard", "thorough")
PRODUCTION_HOSTS = ("base.manager.iblai.app",)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
RUN_ONLY = ("run",)
WRITING = ("run", "cleanup")
REACHING = ("run", "cleanup", "replay", "compare")
"""The commands that take the options that say how the target is reached."""
BUDGETS = {"quick": 900.0, "standard": 3600.0, "thorough": 300.0}
"""Seconds that a run of a profile may take, unless `time_budget` is set."""


@dataclass(frozen=True)
class Settings:
    """One run against one target.

    `application` is `mock`, or `module:attribute` of a WSGI application, for a target in this
    process. `rate` is in requests per second, times are in seconds. `without` holds the tags of the
    contract whose operations the target does not offer, `secret_headers` the names of the headers
    whose values are never shown. `explicit_values` has what was set by option, variable or file, by
    the names of the fields, with references in the place of secrets.
    """

    name: str
    base_url: str = setting(
        help="Base URL of the target.", on_command_line=False, in_environment=False
    )
    application: str = ""
    org: str = setting("", metavar="KEY", help="Key of the platform.")
    user_id: str = setting("", metavar="ID", help="A user of the platform, by number or name.")
    username: str = setting("", metavar="NAME", help="The username of the same user.")
    learner_username: str = setting("", metavar="NAME", help="The username of the learner.")
    other_org: str = setting("", metavar="KEY", help="A second platform, for rules on tenants.")
    other_user_id: str = setting("", metavar="ID", help="A user of the second platform.")
    issuer: str = setting("", metavar="ID", help="An issuer.  [default: the first one listed]")
    keys: Mapping[str, str] = setting(
        default_factory=dict,
        kind=KEYS,
        flag="key",
        repeatable=True,
        metavar="ROLE=REF",
        help="Where the key of a role is stored: admin=env:NAME or admin=file:PATH; other roles: "
        "department_admin, learner, other_org_admin, retired.  [default: CREDCHECK_KEY_ADMIN, …]",
        commands=REACHING,
        in_environment=False,
    )
    key_command: Mapping[str, tuple[str, ...]] = setting(
        default_factory=dict,
        kind=COMMANDS,
        repeatable=True,
        metavar="ROLE=COMMAND",
        help="A command that prints the key of a role; it is run without a shell, and again when "
        "the key is refused.",
        commands=REACHING,
        in_environment=False,
    )
    auth_header: str = setting(
        "Authorization",
        metavar="NAME",
        help="The header that keys are sent in.  [default: Authorization]",
        commands=REACHING,
    )
    auth_scheme: str = setting(
        "Api-Key", metavar="SCHEME", help="Authentication scheme.  [default: Api-Key]"
    )
    rate: float | None = setting(
        None,
        kind=RATE,
        metavar="N/s",
        help="Maximum rate of requests, of all workers together.  [remote targets: 10/s]",
    )
    headers: Mapping[str, str] = setting(
        default_factory=dict,
        kind=HEADERS,
        flag="header",
        repeatable=True,
        metavar="NAME: VALUE",
        help="Send a header with every request; a value env:NAME or file:PATH is a secret.",
        commands=REACHING,
        in_environment=False,
    )
    basic: str = setting(
        "",
        is_secret=True,
        metavar="REF",
        help="Where USER:PASSWORD of a wall in front of the target is stored: env:NAME or "
        "file:PATH.",
        commands=REACHING,
    )
    basic_header: str = setting(
        "",
        metavar="NAME",
        help="The header of --basic.  [default: Authorization if keys have another, else "
        "Proxy-Authorization]",
        commands=REACHING,
    )
    client_cert: str = setting(
        "",
        metavar="FILE",
        help="A client certificate (PEM), with its key or with --client-key.",
        commands=REACHING,
    )
    client_key: str = setting(
        "",
        metavar="FILE",
        help="The key of the client certificate (PEM, not encrypted).",
        commands=REACHING,
    )
    proxy: str = setting(
        "",
        is_secret=True,
        metavar="URL",
        help="Send all requests through this proxy; with a password: env:NAME or file:PATH.",
        commands=REACHING,
    )
    api_version: Release = setting(  # noqa: RUF009  it returns a field
        RELEASES[0],
        choices=RELEASES,
        help="Release that the target runs.  [default: 3.59; mock: 4.202]",
    )
    without: tuple[str, ...] = setting(
        (),
        kind=LIST,
        repeatable=True,
        metavar="TAG",
        help="Tag of operations that the target does not offer.",
    )
    ca_bundle: str = setting(
        "", metavar="FILE", help="CA certificates to trust.", commands=REACHING
    )
    journal: str = setting(
        ".credcheck",
        metavar="DIR",
        help="Folder that records what was created.  [default: .credcheck]",
        describes_target=False,
    )
    allow_writes: bool = setting(
        False,
        kind=FLAG,
        help="Create, update and delete.  [loopback targets: on]",
        commands=WRITING,
    )
    disposable: bool = setting(
        False,
        kind=FLAG,
        help="The target is thrown away: allow what cannot be undone.",
        commands=WRITING,
    )
    yes_this_is_production: bool = setting(
        False,
        kind=FLAG,
        help="Allow reading from a production host.",
        in_file=False,
        describes_target=False,
    )
    profile: str = setting(
        "standard",
        choices=PROFILES,
        help="How much is tested.  [default: standard]",
        commands=RUN_ONLY,
        in_file=False,
        describes_target=False,
    )
    time_budget: float | None = setting(
        None,
        kind=NUMBER,
        metavar="SECONDS",
        help="Time limit of the run.  [quick: 900, standard: 3600, thorough: 300]",
        commands=RUN_ONLY,
        in_file=False,
        describes_target=False,
    )
    seed: int = setting(
        0,
        kind=INTEGER,
        metavar="INTEGER",
        help="Repeat the requests of an earlier run, which printed its seed.",
        commands=RUN_ONLY,
        in_file=False,
        describes_target=False,
    )
    max_latency: float | None = setting(
        None,
        kind=NUMBER,
        metavar="SECONDS",
        help="A slower response is a failure.",
        commands=RUN_ONLY,
        describes_target=False,
    )
    no_unknown_fields: bool = setting(
        False,
        kind=FLAG,
        help="An unknown field is a failure instead of a notice.",
        commands=RUN_ONLY,
        describes_target=False,
    )
    hold_choices: bool = setting(
        False,
        kind=FLAG,
        help="A departure from a choice of this contract is a failure, too.",
        commands=RUN_ONLY,
        describes_target=False,
    )
    accept: str = setting(
        "",
        metavar="FILE",
        help="Known failures, each with reason, owner and expiry date.",
        commands=("run", "compare"),
        describes_target=False,
    )
    timeout: float = setting(
        15.0,
        kind=NUMBER,
        help="Timeout of a request.",
        on_command_line=False,
        describes_target=False,
    )
    production_hosts: tuple[str, ...] = setting(
        PRODUCTION_HOSTS,
        kind=LIST,
        help="Hosts that count as production.",
        on_command_line=False,
        in_environment=False,
    )
    secret_headers: tuple[str, ...] = ()
    explicit_values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def basic_value(self) -> str:
        """The value of `basic_header`, empty without one."""
        encoded = base64.b64encode(self.basic.encode()).decode()
        return f"Basic {encoded}" if self.basic else ""

    @property
    def budget(self) -> float:
        """The seconds that the run may take."""
        return BUDGETS[self.profile] if self.time_budget is None else self.time_budget

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
        return bool(self.application) or self.host in LOOPBACK_HOSTS

    @property
    def is_production(self) -> bool:
        """Whether the target is a production host."""
        return not self.application and self.host in {*PRODUCTION_HOSTS, *self.production_hosts}


OPTIONS: Mapping[str, Option] = {
    defined.name: defined.metadata["option"] for defined in fields(Settings) if defined.metadata
}
"""The definition of each setting, by the name of its field."""
CONTEXT = (
    "org",
    "user_id",
    "username",
    "learner_username",
    "other_org",
    "other_user_id",
    "issuer",
    "auth_scheme",
    "auth_header",
    "basic_header",
    "ca_bundle",
    "client_cert",
    "client_key",
    "rate",
    "max_latency",
    "profile",
    "allow_writes",
    "disposable",
    "no_unknown_fields",
    "hold_choices",
    "yes_this_is_production",
    "without",
    "api_version",
)
"""The settings that `replay` needs; none of them is a secret."""
