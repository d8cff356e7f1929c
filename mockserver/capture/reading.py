"""One response that shows records: which request it answers, and what is in it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

API = "/api/credentials/"
_ORG = r"orgs/(?P<org>[^/]+)/users/(?P<user>[^/]+)/"
_OTHERS = "images|assignments|provider-config|external-mapping|course-credentials"
_SURROGATE = re.compile("[\ud800-\udfff]")
PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("credential", _ORG),
        ("issuer", _ORG + "issuers/"),
        ("issuer", _ORG + r"issuers/(?P<id>[^/]+)"),
        ("assertion", _ORG + "assertions/"),
        ("assertion", _ORG + r"assertions/(?P<id>[^/]+)"),
        ("assertion", _ORG + rf"(?!(?:{_OTHERS}|issuers)/)(?P<credential>[^/]+)/assertions/"),
        ("credential", _ORG + r"(?P<id>[^/]+)"),
        ("assertion", r"public/assertions/(?P<id>[^/]+)/"),
        ("image", _ORG + "images/"),
    )
)


@dataclass(frozen=True)
class Reading:
    """The records of one kind that a response shows, of a platform and a user of the path.

    `is_listed` tells that they stand in a list of the platform, which shows public credentials
    only; `is_own` that an assertion is one of the user in the path.
    """

    kind: str
    org: str
    user: str
    records: tuple[dict[str, Any], ...]
    is_listed: bool = False
    is_own: bool = False
    gone: str = ""
    """The id of a record that the request has deleted."""


def match_path(path: str) -> tuple[str, Mapping[str, str]] | None:
    """Return the kind of the records at a path below `/api/credentials/`, and its parts."""
    for kind, pattern in PATTERNS:
        found = pattern.fullmatch(path)
        if found:
            parts = {name: unquote(value) for name, value in found.groupdict().items() if value}
            return kind, parts
    return None


def read_response(method: str, path: str, status: int, body: Any) -> Reading | None:
    """Return what a response shows; None if it shows no record."""
    _, found, rest = path.partition(API)
    matched = match_path(rest) if found else None
    if matched is None or not 200 <= status < 300:
        return None
    kind, parts = matched
    org, user, entity_id = (parts.get(name, "") for name in ("org", "user", "id"))
    if method == "DELETE" and entity_id:
        return Reading(kind, org, user, (), gone=entity_id)
    if method not in ("GET", "POST", "PUT"):
        return None
    body = _replace_surrogates(body)
    records = tuple(_find_records(body))
    is_list = isinstance(_unwrap(body), dict) and isinstance(_unwrap(body).get("data"), list)
    is_own = kind == "assertion" and not entity_id and "credential" not in parts and bool(org)
    return Reading(kind, org, user, records, is_listed=is_list, is_own=is_own and is_list)


def _replace_surrogates(body: Any) -> Any:
    """Return a value without halves of surrogate pairs, which no file can hold."""
    text = json.dumps(body, ensure_ascii=False)
    if not _SURROGATE.search(text):
        return body
    return json.loads(text.encode("utf-8", "replace"))


def _unwrap(body: Any) -> Any:
    """Return what is in the envelope, where there is one."""
    is_enveloped = isinstance(body, dict) and "result" in body and "status" in body
    return body["result"] if is_enveloped else body


def _find_records(body: Any) -> Iterator[dict[str, Any]]:
    value = _unwrap(body)
    items = value.get("data", [value]) if isinstance(value, dict) else value
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and ("entityId" in item or "image" in item):
            yield item
