"""The indexes of a store, built at once for all records that were loaded."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, Literal

from immutables import Map

from mockserver.world.ordered import OrderedRecords
from mockserver.world.records import Assertion, Credential
from mockserver.world.store import Listing


def build_listings(credentials: Iterable[Credential]) -> dict[str, Listing]:
    """Return the public credentials of each platform, in order and by link."""
    public = (credential for credential in credentials if credential.public)
    by_platform = _group((credential.platform, credential) for credential in public)
    return {
        platform: Listing(
            all=OrderedRecords(listed),
            by_course=_index_links(listed, "courses"),
            by_program=_index_links(listed, "programs"),
        )
        for platform, listed in by_platform.items()
    }


def _index_links(
    credentials: Iterable[Credential], field: str
) -> Map[str, OrderedRecords[Credential]]:
    """Return credentials by each of what a field names."""
    return _order(
        _group(
            (key, credential)
            for credential in credentials
            for key in dict.fromkeys(credential.fields[field])
        )
    )


def index_assertions(
    assertions: Iterable[Assertion], attribute: Literal["credential", "recipient"]
) -> Map[Any, OrderedRecords[Assertion]]:
    """Return assertions by an attribute, those with the same in order."""
    key = attrgetter(attribute)
    return _order(_group((key(assertion), assertion) for assertion in assertions))


def _group(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _order(groups: Mapping[Any, list[Any]]) -> Map[Any, OrderedRecords[Any]]:
    return Map((key, OrderedRecords(group)) for key, group in groups.items())
