"""Hints at who calls: a key that does not exist, another platform, a role that is not enough."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from mockserver.config import Auth
from mockserver.errors import NotFound, PermissionDenied
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import quote, quote_all, show
from mockserver.messages import AUTHENTICATION_SCHEMES
from mockserver.world.records import User
from mockserver.world.store import Store

MOST_KEYS = 5
OTHER_KEY_HEADERS = (
    "X-Api-Key",
    "Api-Key",
    "X-Api-Token",
    "X-Auth-Token",
    "X-Access-Token",
    "Token",
)
OTHER_KEY_PARAMETERS = frozenset({"api_key", "apikey", "api-key", "token", "access_token", "key"})
"""Where other services take a key from."""
NO_VALUE = frozenset({"undefined", "null", "NaN", "None", "[object Object]"})
"""What programs write where they had no key."""
NO_PLATFORM, NO_USER = (NotFound.of(kind).detail for kind in ("Platform", "User"))


def find_hints_on_caller(served: ServedRequest, auth: Auth) -> Iterator[str]:
    """Yield why a caller is refused; no part of a key that was sent is in it."""
    if served.status == 401:
        hint = _explain_401(served, auth)
        if hint:
            yield hint
    elif served.status in (403, 404) and served.path.startswith("/api/"):
        answer = served.read_answer()
        detail = answer.get("detail") if isinstance(answer, dict) else None
        platform = read_platform(served)
        if detail == PermissionDenied.default:
            yield from _explain_403(served, platform)
        elif detail == NO_PLATFORM:
            yield f"the platforms of this world are {quote_all([*served.store.platforms])}"
        elif detail == NO_USER:
            yield _list_users(served.store, platform)


def read_platform(served: ServedRequest) -> str:
    """Return the platform that a request is about, or nothing where it names none."""
    named = dict(parse_qsl(served.query)).get("platform_org")
    _, _, rest = served.path.partition("/orgs/")
    return named or unquote(rest.partition("/")[0])


def find_caller(authorization: str, store: Store) -> User | None:
    """Return whose key a header has, or None; the scheme may be missing."""
    words = authorization.split()
    if len(words) == 2 and words[0].lower() in AUTHENTICATION_SCHEMES:
        words = words[1:]
    found = store.api_keys.get(words[0]) if len(words) == 1 else None
    return store.users[found.user_id] if found else None


def _explain_401(served: ServedRequest, auth: Auth) -> str | None:
    header, store = served.headers.get("Authorization") or "", served.store
    words = header.split()
    if auth == "any":
        return None if words else "no `Authorization` header was sent; any key is accepted"
    caller = find_caller(header, store)
    if caller is None:
        problem = _describe_header(served, words, store)
    elif caller.active and any(k.active and k.key == words[-1] for k in store.api_keys.values()):
        return None  # a response that was forced
    else:
        problem = "the key, or its user, is deactivated"
    keys = _list_keys(store, read_platform(served))
    return f"{problem}; the keys of this world are {keys}" if keys else problem


def _describe_header(served: ServedRequest, words: list[str], store: Store) -> str:
    """Return what is wrong with a header that has no key of this world."""
    if not words:
        sent = next((name for name in OTHER_KEY_HEADERS if served.headers.get(name)), None)
        where = f"the header `{sent}`" if sent else ""
        if not where and served.query:
            names = {name.lower() for name, _ in parse_qsl(served.query)} & OTHER_KEY_PARAMETERS
            where = f"the parameter `{min(names)}`" if names else ""
        ending = f", and {where} is not read" if where else ""
        return f"no `Authorization` header was sent{ending}: send `Authorization: Api-Key KEY`"
    scheme = words[0].lower()
    if len(words) == 1 and scheme in AUTHENTICATION_SCHEMES:
        return f"`Authorization` has the scheme `{scheme}` and no key"
    if scheme in ("basic", "digest"):
        return f"the scheme `{scheme}` is not read: send `Authorization: Api-Key KEY`"
    if len(words) > 1 and scheme not in AUTHENTICATION_SCHEMES:
        return "the scheme is not read: send `Authorization: Api-Key KEY`"
    key = " ".join(words[1:] or words)
    if key in NO_VALUE:
        return f"the application had no key: it sent {quote(key)}"
    if len(words) > 2:
        return "a key has no spaces"
    if key.strip("\"'") in store.api_keys:
        return "the key was sent in quotes"
    return "the key is not one of this world"


def _list_keys(store: Store, platform: str) -> str:
    """Return active keys of a world with their roles, those of a platform first."""
    users = store.users
    active = [k for k in store.api_keys.values() if k.active and users[k.user_id].active]
    active.sort(key=lambda key: users[key.user_id].platform != platform)
    shown = [
        f"{quote(key.key)} ({users[key.user_id].role} of {show(users[key.user_id].platform)})"
        for key in active[:MOST_KEYS]
    ]
    more = f" and {len(active) - MOST_KEYS} more" if len(active) > MOST_KEYS else ""
    return ", ".join(shown) + more


def _explain_403(served: ServedRequest, platform: str) -> Iterator[str]:
    """Yield why the framework's own words refuse a caller."""
    caller = find_caller(served.headers.get("Authorization") or "", served.store)
    if caller is None:
        return
    if platform and caller.platform != platform:
        yield (
            f"the key is for platform {quote(caller.platform)}, "
            f"the request is about {quote(platform)}"
        )
    elif served.operation and caller.role not in served.operation.roles:
        roles = " or ".join(sorted(served.operation.roles, reverse=True))
        yield f"the key is that of a {caller.role}; this operation takes a {roles}"


def _list_users(store: Store, platform: str) -> str:
    users = [user for user in store.users.values() if user.platform == platform]
    names = [f"{user.username} ({user.id})" for user in users]
    return f"the users of platform {quote(platform)} are {quote_all(names)}"
