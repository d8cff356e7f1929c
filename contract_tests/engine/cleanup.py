"""Deletes what a run created: at its end, and after a crash, from its journals."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.engine.journal import UnfinishedRun, take_over
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed
from contract_tests.settings.settings import Settings

MOST_FOUND_PAGES = 50
MOST_LISTED_PAGES = 5
"""Pages of a search for the mark, and of the whole list, in case the search misses something."""


@dataclass(frozen=True)
class CleanupResult:
    """The result of cleaning up after one run."""

    run_id: str
    left_behind: list[str]
    """Ids that still exist, and descriptions of what may exist and cannot be found."""

    def __str__(self) -> str:
        if self.left_behind:
            items = ", ".join(self.left_behind)
            return f"run {self.run_id}: {len(self.left_behind)} left behind: {items}"
        return f"run {self.run_id}: cleaned up"


def clean_up(target: Target) -> Iterator[CleanupResult]:
    """Delete what ended runs against this target left behind; active runs are left alone."""
    for path in sorted(Path(target.settings.journal).glob("*.jsonl")):
        with take_over(path) as run:
            if run is None or not _has_target(run, target.settings):
                continue
            org, user_id = run.head.get("org"), run.head.get("user_id")
            if (org, user_id) != (target.settings.org, target.settings.user_id):
                hint = f"items of another user: run cleanup with --org {org} --user-id {user_id}"
                yield CleanupResult(run.run_id, [hint])
                continue
            left_behind = delete_created(target, run)
            if not left_behind:
                path.unlink(missing_ok=True)
            yield CleanupResult(run.run_id, left_behind)


def _has_target(run: UnfinishedRun, settings: Settings) -> bool:
    """Tell whether a journal is about this target, however its URL is written."""
    base_url, application = str(run.head.get("target", "")), run.head.get("application", "")
    return (base_url.rstrip("/").lower(), application) == (
        settings.base_url.rstrip("/").lower(),
        settings.application,
    )


def delete_created(target: Target, run: UnfinishedRun) -> list[str]:
    """Delete what a run created, the latest first, and return what is left behind.

    Items whose ids are in the journal are deleted at their path. An item whose response was lost is
    found by the mark in its name; a private one is in no list, and counts as left behind.
    """
    found = dict(run.created)
    names: set[str] = set()
    for path in sorted(run.folders):
        for entity_id, name in _find_marked(target, path, run.mark).items():
            found.setdefault(entity_id, path)
            names.add(name)
    target.guard.own |= found.keys()
    latest_first = list(found.items())[::-1]
    # An issuer can be deleted when no credential uses it any more.
    latest_first.sort(key=lambda pair: pair[1].endswith("issuers/"))
    left_behind = [
        entity_id for entity_id, path in latest_first if not _delete(target, path, entity_id)
    ]
    # Journals of earlier versions call a private credential hidden.
    lost = [
        intent["name"]
        for intent in run.intents.values()
        if intent.get("private", intent.get("hidden")) and intent["name"] not in names
    ]
    return sorted(left_behind) + [
        f"perhaps {name!r}: the response was lost, and no list shows a private credential"
        for name in lost
    ]


def _list_actors(target: Target) -> list[str]:
    return [role for role in ("admin", "other_org_admin") if role in target.settings.keys]


def _delete(target: Target, path: str, entity_id: str) -> bool:
    """Delete an item with any key that has access; tell whether it is gone."""
    for actor in _list_actors(target):
        for folder in dict.fromkeys((path, *_list_collections(target.settings))):
            item = folder + quote(entity_id, safe="")
            try:
                response = target.send("DELETE", item, actor=actor)
                if response.status == 409:
                    _revoke_all(target, folder, f"{item}/assertions/", actor)
                    response = target.send("DELETE", item, actor=actor)
            except RequestFailed:
                continue
            if response.status in (200, 204):
                return True
    return _is_gone(target, path, entity_id)


def _revoke_all(target: Target, folder: str, assertions: str, actor: str) -> None:
    """Revoke the active assertions of a credential of this run, so that it can be deleted."""
    value = target.send("GET", f"{assertions}?page_size=1000", actor=actor).value
    for assertion in value.get("data", ()) if isinstance(value, dict) else ():
        if not assertion["revoked"]:
            target.guard.own.add(assertion["entityId"])
            body = json.dumps({"revoked": True, "revocationReason": "cleaned up"}).encode()
            item = f"{folder}assertions/{assertion['entityId']}"
            target.send("PUT", item, actor=actor, headers={"Content-Type": JSON}, body=body)


def _is_gone(target: Target, path: str, entity_id: str) -> bool:
    """Tell whether a key with access gets a 404 for an item."""
    try:
        responses = [
            target.send("GET", path + quote(entity_id, safe=""), actor=actor)
            for actor in _list_actors(target)
        ]
    except RequestFailed:
        return False
    exists = any(response.status < 300 for response in responses)
    return any(map(_is_service_404, responses)) and not exists


def _is_service_404(response: Response) -> bool:
    """Tell the service's own 404 from that of a wrong URL."""
    value = response.value
    return response.status == 404 and isinstance(value, dict) and "detail" in value


def _list_collections(settings: Settings) -> list[str]:
    paths = [build_collection_path(settings.org, settings.user_id)]
    if settings.other_org and settings.other_user_id:
        paths.append(build_collection_path(settings.other_org, settings.other_user_id))
    return paths


def _find_marked(target: Target, path: str, mark: str) -> dict[str, str]:
    """Return ids and names of listed items with the mark, by a search and in the whole list."""
    found: dict[str, str] = {}
    searches = (
        (f"search={quote(mark)}&q={quote(mark)}&page_size=100", MOST_FOUND_PAGES),
        ("page_size=100", MOST_LISTED_PAGES),
    )
    for actor in _list_actors(target):
        for query, most in searches:
            for item in _list_items(target, f"{path}?{query}", most, actor):
                if isinstance(item, dict) and "entityId" in item and mark in json.dumps(item):
                    found[item["entityId"]] = item.get("name", "")
    return found


def _list_items(target: Target, path: str, most: int, actor: str) -> Iterator[Any]:
    """Yield the items of a list, until its end, the limit of pages or a failed request."""
    for number in range(1, most + 1):
        try:
            response = target.send("GET", f"{path}&page={number}", actor=actor)
            page = response.value["result"]
            yield from page["data"]
            if response.status != 200 or not page["next"]:
                return
        except (RequestFailed, KeyError, TypeError, ValueError):
            return
