"""Signatures of pictures' URLs, which a network of caches makes anew for each response."""

import re
from typing import Any

PICTURES = frozenset({"iconImage", "backgroundImage", "thumbnailImage", "image", "signature"})
"""The fields whose URLs a service may sign for each response."""
_SIGNATURE = re.compile(r"X-Amz-|X-Goog-|(?:^|&)(?:Signature|Key-Pair-Id|sig|hmac|hdn\w+)=", re.I)
"""What says that all of a query belongs to the signature."""
_PASSING = re.compile(r"(?:token|expires|verify|auth_key|e|s|t|ts|v|_)=", re.I)
"""Parameters that end soon, or that pass by what a browser has stored."""


def strip_signatures(value: Any) -> Any:
    """Return a value without the signatures of its pictures' URLs, which differ in each response.

    A text, and an array of texts, are taken for such URLs.
    """
    if isinstance(value, str):
        return _strip_signature(value)
    if isinstance(value, list):
        return [strip_signatures(part) for part in value]
    return _strip_pictures(value)


def _strip_pictures(value: Any) -> Any:
    if isinstance(value, list):
        return [_strip_pictures(part) for part in value]
    if isinstance(value, dict):
        return {
            name: (strip_signatures if name in PICTURES else _strip_pictures)(part)
            for name, part in value.items()
        }
    return value


def _strip_signature(url: str) -> str:
    address, separator, query = url.partition("?")
    if not separator or not address.startswith(("http://", "https://", "/")):
        return url
    if _SIGNATURE.search(query):
        return address
    kept = [part for part in query.split("&") if not _PASSING.match(part)]
    return f"{address}?{'&'.join(kept)}" if kept else address
