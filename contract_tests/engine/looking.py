"""Looks at collections of the target: what they show, and whether all of it could be read."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from contract_tests.engine.creations import build_collection_path, find_assignment_ids
from contract_tests.engine.target import Target
from contract_tests.engine.watch import ADMIN
from contract_tests.errors import RequestFailed, TargetUnavailable

MOST_FOUND_PAGES = 50
MOST_LISTED_PAGES = 5
"""Pages of a search for the mark, and of the whole list, in case the search misses something."""
MOST_LISTED_FOR_LOST = 50
"""Pages of the whole list, where the search is for what no response named."""
MOST_ATTEMPTS = 3
"""Attempts to read a page that the target answers with an error."""
PAUSE = 0.3
"""Seconds between them."""


@dataclass
class Look:
    """What a collection shows: all ids that were read, and the names of what has the mark.

    `problem` says why the collection could not be read; it is empty if it could.
    """

    ids: set[str] = field(default_factory=set)
    marked: dict[str, str] = field(default_factory=dict)
    problem: str = ""


class Unreadable(Exception):
    """A page of a list cannot be read; the text is the reason."""


def list_actors(target: Target) -> list[str]:
    """Return the roles that may see what a run created."""
    return [role for role in ("admin", "other_org_admin") if role in target.settings.keys]


def list_actors_of(target: Target, folder: str) -> list[str]:
    """Return the roles that may see a collection."""
    settings = target.settings
    if folder.startswith(f"/api/credentials/orgs/{quote(settings.org, safe='')}/"):
        return ["admin"]
    return list_actors(target)


def look_at(target: Target, folder: str, mark: str, most_pages: int = MOST_LISTED_PAGES) -> Look:
    """Return what a collection shows, by a search for the mark and in the whole list."""
    if folder.endswith("assignments/"):
        return _look_at_assignments(target, folder, mark)
    look = Look()
    for actor in list_actors_of(target, folder):
        problems = []
        searches = (
            (f"search={quote(mark)}&q={quote(mark)}&page_size=100", MOST_FOUND_PAGES),
            ("page_size=100", most_pages),
        )
        for query, most in searches:
            try:
                for item in list_items(target, f"{folder}?{query}", most, actor):
                    _add(look, item, mark)
            except Unreadable as error:
                problems.append(str(error))
        if not problems:
            return look
        look.problem = problems[-1]
    return look


def _add(look: Look, item: Any, mark: str) -> None:
    if isinstance(item, dict) and isinstance(item.get("entityId"), str):
        look.ids.add(item["entityId"])
        if has_mark(item, mark):
            look.marked[item["entityId"]] = str(item.get("name", ""))


def has_mark(item: Mapping[str, Any], mark: str) -> bool:
    """Tell whether a record itself contains the mark of a run in a text, such as its name.

    What it shows of other records does not count: an issuer that existed before the run shows the
    signatories that the run added to it, and must not be deleted.
    """
    return any(mark in value for value in item.values() if isinstance(value, str))


def list_items(target: Target, path: str, most: int, actor: str) -> Iterator[Any]:
    """Yield the items of a list, until its end or the limit of pages; raises Unreadable."""
    for number in range(1, most + 1):
        page = _read_page(target, f"{path}&page={number}", actor)
        yield from page["data"]
        if not page.get("next"):
            return


def _read_page(target: Target, path: str, actor: str) -> dict[str, Any]:
    """Return a page of a list; raises Unreadable after several attempts."""
    problem = ""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            response = target.send("GET", path, actor=actor)
        except TargetUnavailable:
            raise
        except RequestFailed as error:
            problem = f"the list cannot be read: {error}"
        else:
            value = response.value
            page = value.get("result") if isinstance(value, dict) else None
            if (
                response.status == 200
                and isinstance(page, dict)
                and isinstance(page.get("data"), list)
            ):
                return page
            problem = f"the list cannot be read: GET {path} returns {response.status}"
            if response.status < 500 and response.status != 200:
                break
        time.sleep(PAUSE * attempt)
    raise Unreadable(problem)


def _look_at_assignments(target: Target, folder: str, mark: str) -> Look:
    """Return the ids of the assignments to users and to groups; a list without any is 403.

    An assignment has no name: that of its credential has the mark of the run.
    """
    look = Look()
    root = folder.rpartition("assignments/")[0]
    for kind in ("users", "groups"):
        path = f"{root}assignments/{kind}/?page_size=100"
        try:
            if target.send("GET", path).status == 403:
                continue
            for item in list_items(target, path, MOST_FOUND_PAGES, ADMIN):
                if isinstance(item, dict):
                    ids = find_assignment_ids(item)
                    look.ids |= {*ids}
                    if mark in json.dumps(item):
                        look.marked |= dict.fromkeys(ids[:1], "")
        except TargetUnavailable:
            raise
        except (RequestFailed, Unreadable) as error:
            look.problem = f"the assignments cannot be read: {error}"
    return look


def list_collections(target: Target) -> list[str]:
    """Return the collections of credentials that a run knows."""
    settings = target.settings
    paths = [build_collection_path(settings.org, settings.user_id)]
    if settings.other_org and settings.other_user_id:
        paths.append(build_collection_path(settings.other_org, settings.other_user_id))
    return paths
