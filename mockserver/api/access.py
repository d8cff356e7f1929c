"""Who calls, with which role, and may they; the roles of an operation come from the contract."""

from dataclasses import dataclass

from mockserver.config import Auth
from mockserver.contract.operation import ROLES, Operation, Role
from mockserver.errors import AuthenticationFailed, NotAuthenticated, NotFound, PermissionDenied
from mockserver.messages import AUTHENTICATION_SCHEMES
from mockserver.world.records import Platform, User
from mockserver.world.store import Store

ADMIN: Role = "platform-admin"
DEPARTMENT: Role = "department-admin"
LEARNER: Role = "learner"
EVERYBODY = frozenset(ROLES)
ADMINS = frozenset({ADMIN, DEPARTMENT})


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls; `user` is None where the settings let every caller do everything."""

    user: User | None

    @property
    def role(self) -> Role:
        """The role on the caller's own platform."""
        return self.user.role if self.user else ADMIN

    def sees_private(self) -> bool:
        """Tell whether the caller sees credentials that are not public."""
        return self.role in ADMINS

    def sees_assertions_of(self, user_id: int) -> bool:
        """Tell whether the caller sees the assertions of a user: admins all, others their own."""
        return self.role in ADMINS or (self.user is not None and self.user.id == user_id)


UNRESTRICTED = Caller(None)


def identify(authorization: str | None, store: Store, auth: Auth) -> Caller:
    """Return who sends this Authorization header; raises the framework's 401 errors."""
    if auth == "off":
        return UNRESTRICTED
    words = (authorization or "").split()
    if not words:
        raise NotAuthenticated
    if auth == "any":
        return UNRESTRICTED
    key = words[0]
    if key.lower() in AUTHENTICATION_SCHEMES:
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


def find_roles(operation: Operation | None, method: str) -> frozenset[Role]:
    """Return the roles that may call an operation, or a method that the path does not have.

    The framework checks permission before the method [F]; reading is for everybody, the rest for
    admins.
    """
    if operation is not None:
        return operation.roles
    return EVERYBODY if method in SAFE_METHODS else ADMINS


def home_platform(caller: Caller, store: Store) -> str:
    """Return the platform of a request whose path names none: the caller's own, or the first."""
    return caller.user.platform if caller.user else next(iter(store.platforms), "")


def admit(
    caller: Caller, operation: Operation | None, method: str, name: str, store: Store
) -> Platform:
    """Return the platform of a name if the caller has a role there that may call the operation.

    Raises NotFound and PermissionDenied; the key of another platform is refused whatever its role.
    """
    roles = find_roles(operation, method)
    text = operation.permission_denied if operation else None
    platform = store.find_platform(name)
    if platform is None:
        raise NotFound.of("Platform")
    if caller.user and (caller.user.platform != platform.key or caller.role not in roles):
        raise PermissionDenied(text)
    return platform


def check_own_path(operation: Operation, caller: Caller, user: User) -> None:
    """Raise PermissionDenied for a learner below the path of another user, where that matters."""
    if operation.own_path and caller.role == LEARNER and caller.user != user:
        raise PermissionDenied
