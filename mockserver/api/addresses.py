"""Addresses as Django writes them, which is not always as Werkzeug does, and the public one."""

from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from mockserver.framework.hosts import is_valid_host

# What Django leaves unquoted: in a path (`django.utils.encoding.escape_uri_path`), in a query
# (`iri_to_uri`).
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
SAFE_IN_QUERY = "/#%[]=:;$&()+,!?*@'~"


@lru_cache(maxsize=1024)
def quote_path(path: str) -> str:
    """Return a path of WSGI, which is bytes as Latin-1, as Django writes it into an address."""
    return quote(path.encode("latin-1"), safe=SAFE_IN_PATH) if path else ""


@lru_cache(maxsize=1024)
def quote_query(query: str) -> str:
    """Return a query with its question mark as Django writes it into an address; or nothing."""
    return f"?{quote(query.encode('latin-1'), safe=SAFE_IN_QUERY)}" if query else ""


def _has_port(parts: SplitResult) -> bool:
    """Tell whether the port of an address, if it has one, can be one."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def split_public_url(url: str) -> tuple[str, str]:
    """Return scheme with host, and path, of an address that clients use; raises ValueError."""
    if not url:
        return "", ""
    parts = urlsplit(url)
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc) and _has_port(parts)
    if parts.scheme not in ("http", "https") or not is_valid_host(parts.netloc) or not is_plain:
        raise ValueError(
            f"{url!r} is not an address: write for example https://mock.example.org/dm"
        )
    path = quote(parts.path.rstrip("/"), safe=f"{SAFE_IN_PATH}%")
    return f"{parts.scheme}://{parts.netloc}", path
