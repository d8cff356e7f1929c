"""Who calls, with which role, and may they: the one place that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mockserver.config import Auth
from mockserver.errors import AuthenticationFailed, NotAuthenticated, NotFound, PermissionDenied
from mockserver.world.records import Platform, Role, User
from mockserver.world.store import Store

ADMIN: Role = "platform-admin"
DEPARTMENT: Role = "department-admin"
LEARNER: Role = "learner"
EVERYBODY = frozenset({ADMIN, DEPARTMENT, LEARNER})
ADMIN_ONLY = frozenset({ADMIN})
ADMINS = frozenset({ADMIN, DEPARTMENT})

SCHEMES = frozenset({"api-key", "api-token", "token", "bearer"})
"""Accepted in any case; FACTS "Authentication and access" [P][G][C]."""


class Rule(NamedTuple):
    """The roles that may do something on their own platform, and how that is known."""

    roles: frozenset[Role]
    evidence: str


MATRIX: Mapping[str, Rule] = {
    "credentials_orgs_users_retrieve": Rule(EVERYBODY, "learners list public credentials [G]"),
    "credentials_orgs_users_retrieve_2": Rule(EVERYBODY, "learners retrieve public ones [G]"),
    "credentials_orgs_users_create": Rule(ADMINS, "managed by permission [N]; roles: our choice"),
    "credentials_orgs_users_update": Rule(ADMINS, "managed by permission [N]; roles: our choice"),
    "credentials_orgs_users_destroy": Rule(
        ADMIN_ONLY, "managed by permission [N]; roles: our choice"
    ),
    "credentials_orgs_users_issuers_retrieve": Rule(EVERYBODY, "our choice"),
    "credentials_orgs_users_issuers_retrieve_2": Rule(EVERYBODY, "our choice"),
    "credentials_orgs_users_issuers_update": Rule(ADMIN_ONLY, "our choice"),
    "credentials_orgs_users_issuers_destroy": Rule(ADMIN_ONLY, "our choice"),
    "credentials_orgs_users_issuers_authority_create": Rule(ADMIN_ONLY, "our choice"),
    "credentials_orgs_users_assertions_retrieve": Rule(EVERYBODY, "a learner sees their own [G]"),
    "credentials_orgs_users_assertions_retrieve_2": Rule(EVERYBODY, "a learner sees their own [G]"),
    "credentials_orgs_users_assertions_retrieve_3": Rule(EVERYBODY, "a learner sees their own [G]"),
    "credentials_orgs_users_assertions_update": Rule(ADMINS, "a learner writes nothing [N]"),
    "credentials_orgs_users_assertions_create": Rule(ADMINS, "a learner writes nothing [N]"),
    "credentials_orgs_users_assertions_bulk_create": Rule(ADMINS, "a learner writes nothing [N]"),
    "credentials_orgs_users_issuers_create": Rule(ADMIN_ONLY, "our choice"),
    "credentials_orgs_users_assignments_users_retrieve": Rule(EVERYBODY, "role-filtered [G]"),
    "credentials_orgs_users_assignments_users_create": Rule(ADMINS, "a learner writes nothing [N]"),
    "credentials_orgs_users_assignments_groups_retrieve": Rule(EVERYBODY, "role-filtered [G]"),
    "credentials_orgs_users_assignments_groups_create": Rule(
        ADMINS, "a learner writes nothing [N]"
    ),
    "credentials_orgs_users_assignments_destroy": Rule(ADMINS, "a learner writes nothing [N]"),
    "credentials_orgs_users_course_credentials_list": Rule(EVERYBODY, "public ones [G]"),
    "credentials_exim_credentials_course_export_retrieve": Rule(ADMIN_ONLY, "our choice"),
    "credentials_exim_credentials_course_import_create": Rule(ADMIN_ONLY, "our choice"),
    "credentials_providers_list": Rule(ADMINS, "our choice"),
    "credentials_provider_config_list": Rule(ADMIN_ONLY, "holds secrets; our choice"),
    "credentials_provider_config_create": Rule(ADMIN_ONLY, "holds secrets; our choice"),
    "credentials_external_mapping_list": Rule(ADMINS, "our choice"),
    "credentials_external_mapping_create": Rule(ADMIN_ONLY, "our choice"),
    "credentials_orgs_users_assertions_over_time_retrieve": Rule(ADMIN_ONLY, "admins only [G]"),
    "credentials_orgs_users_course_assertions_over_time_retrieve": Rule(
        ADMIN_ONLY, "admins only [G]"
    ),
    "credentials_orgs_users_credentials_over_time_retrieve": Rule(EVERYBODY, "our choice"),
    "credentials_orgs_users_images_retrieve": Rule(ADMINS, "for who writes; our choice"),
    "credentials_orgs_users_images_create": Rule(ADMINS, "for who writes; our choice"),
}
"""Operation by role; a key of another platform is 403 whatever its role.

What needs no key is not here.
"""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SAFE_METHOD = Rule(EVERYBODY, "what changes nothing is for whoever may read [F]")
OTHER_METHOD = Rule(ADMINS, "permission is checked before the method [F]")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls; no user stands for a caller whom the settings let do everything."""

    user: User | None

    @property
    def role(self) -> Role:
        """The role on the caller's own platform."""
        return self.user.role if self.user else ADMIN

    def sees_private(self) -> bool:
        """Tell whether credentials that are not public exist for this caller."""
        return self.role in ADMINS

    def sees_assertions_of(self, user_id: int) -> bool:
        """Tell whether what a user holds exists for the caller: admins see it, others their own."""
        return self.role in ADMINS or (self.user is not None and self.user.id == user_id)


EVERYTHING = Caller(None)


def identify(authorization: str | None, store: Store, auth: Auth) -> Caller:
    """Return who sends this Authorization header; raises the framework's 401 errors."""
    if auth == "off":
        return EVERYTHING
    words = (authorization or "").split()
    if not words:
        raise NotAuthenticated
    if auth == "any":
        return EVERYTHING
    key = words[0]
    if key.lower() in SCHEMES:
        if len(words) == 1:
            raise AuthenticationFailed("Invalid token header. No credentials provided.")
        if len(words) > 2:
            raise AuthenticationFailed(
                "Invalid token header. Token string should not contain spaces."
            )
        key = words[1]
    elif len(words) > 1:
        raise NotAuthenticated
    found = store.api_keys.get(key)
    if found is None:
        raise AuthenticationFailed("Invalid token.")
    user = store.users[found.user_id]
    if not (found.active and user.active):
        raise AuthenticationFailed("User inactive or deleted.")
    return Caller(user)


def rule_for(operation_id: str | None, method: str) -> Rule:
    """Return the rule of an operation, or of a method that the path does not have."""
    if operation_id is None:
        return SAFE_METHOD if method in SAFE_METHODS else OTHER_METHOD
    return MATRIX[operation_id]


def home(caller: Caller, store: Store) -> str:
    """Return the platform of a call whose path names none: the caller's own, or the first."""
    return caller.user.platform if caller.user else next(iter(store.platforms), "")


def admit(caller: Caller, rule: Rule, platform_key: str, store: Store) -> Platform:
    """Return the platform if the caller may do this there; raises NotFound or PermissionDenied."""
    platform = store.platforms.get(platform_key)
    if platform is None:
        raise NotFound.of("Platform")
    if caller.user and (caller.user.platform != platform.key or caller.role not in rule.roles):
        raise PermissionDenied
    return platform
