"""What is on this machine: callers that may control the mock, and mocks that no proxy reaches."""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit


def is_loopback(host: str | None) -> bool:
    """Tell whether an address, or the name of a host, is this machine itself."""
    name = (host or "").strip("[]").rstrip(".").lower()
    try:
        found = ip_address(name.partition("%")[0])
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    if isinstance(found, IPv6Address) and found.ipv4_mapped:  # as a listener on both writes it
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def read_host(text: str) -> str:
    """Return the host of a `Host` header, without its port; empty where it is not valid."""
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""
