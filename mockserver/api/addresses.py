"""Paths and queries as Django writes them into an address, which is not always as Werkzeug does."""

from functools import lru_cache
from urllib.parse import quote

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
