"""The proxies that the environment names, as the harness uses them."""

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit

from contract_tests.errors import UsageError

SCHEMES = ("http", "https")


def is_loopback(host: str) -> bool:
    """Tell whether an address, or the name of a host, is this machine itself."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        found = ip_address(name.partition("%")[0])
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def find_proxy(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the proxy that the usual variables name for a URL, None for none.

    This machine is never asked for through one. Raises UsageError for one that cannot be used.
    """
    address = urlsplit(url)
    host = address.hostname or ""
    if is_loopback(host) or is_exempt(
        host, address.port, read_variable("no_proxy", environment)[1]
    ):
        return None
    for name in (f"{address.scheme}_proxy", "all_proxy"):
        variable, value = read_variable(name, environment)
        if value:
            return check_proxy(variable, value, host)
    return None


def read_variable(name: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the value of a variable, which is usually written in either case."""
    for variable in (name, name.upper()):
        if environment.get(variable, "").strip():
            return variable, environment[variable].strip()
    return name, ""


def check_proxy(variable: str, value: str, host: str) -> str:
    """Return the URL of a proxy; raises UsageError, which shows no password."""
    url = value if "://" in value else f"http://{value}"
    try:
        address = urlsplit(url)
        is_valid = address.scheme in SCHEMES and bool(address.hostname) and address.port != 0
        kind = address.scheme
    except ValueError:
        is_valid, kind = False, "http"
    if is_valid:
        return url
    what = "is not a valid address" if kind in SCHEMES else f"is of the kind {kind}"
    raise UsageError(
        f"the proxy in the variable {variable} {what}: use http://HOST:PORT, or put {host} into "
        "NO_PROXY"
    )


def list_passwords(proxy: str, environment: Mapping[str, str]) -> list[str]:
    """Return the passwords of a proxy and of those that the usual variables name, decoded."""
    names = ("http_proxy", "https_proxy", "all_proxy")
    values = [proxy, *(environment.get(name, "") for low in names for name in (low, low.upper()))]
    passwords = []
    for value in values:
        with suppress(ValueError):  # it is not used, and reported
            url = value if "://" in value else f"http://{value}"
            passwords.append(unquote(urlsplit(url.strip()).password or ""))
    return list(dict.fromkeys(filter(None, passwords)))


def is_exempt(host: str, port: int | None, exempt: str) -> bool:
    """Tell whether NO_PROXY lists a host: a name, the end of one, an address or a network."""
    for entry in (part.strip().lower() for part in exempt.split(",")):
        if entry == "*":
            return True
        name, separator, suffix = entry.rpartition(":")
        is_port = separator and suffix.isdecimal() and ":" not in name.strip("[]")
        if is_port and suffix != str(port or ""):
            continue
        if matches(host.lower().rstrip("."), (name if is_port else entry).strip("[]")):
            return True
    return False


def matches(host: str, entry: str) -> bool:
    """Tell whether one entry of NO_PROXY is about a host."""
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        name = entry.removeprefix("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
