"""Deletes what a run created: at its end, and after a crash, as its journal tells."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from contract_tests.engine.contract import JSON
from contract_tests.engine.journal import Unfinished, taken_over
from contract_tests.engine.outcome import CouldNotAsk
from contract_tests.engine.settings import Settings
from contract_tests.engine.target import Reply, Target, collection

MOST_FOUND_PAGES = 50
MOST_LISTED_PAGES = 5
"""Pages of a search by the mark, and of the whole list, for what a search may miss."""


@dataclass(frozen=True)
class Cleaned:
    """What came of cleaning up after one run."""

    run_id: str
    left: list[str]
    """Ids that are still there, and what may be there and cannot be found."""

    def __str__(self) -> str:
        if self.left:
            return f"run {self.run_id}: {len(self.left)} left behind: {', '.join(self.left)}"
        return f"run {self.run_id}: cleaned up"


def clean_up(target: Target) -> Iterator[Cleaned]:
    """Delete what ended runs against this target left; runs that still live are let alone."""
    for path in sorted(Path(target.settings.journal).glob("*.jsonl")):
        with taken_over(path) as run:
            if run is None or not _is_about(run, target.settings):
                continue
            place = (run.head.get("org"), run.head.get("user_id"))
            if place != (target.settings.org, target.settings.user_id):
                where = f"--org {place[0]} --user-id {place[1]}"
                yield Cleaned(run.run_id, [f"what it made as {where}; clean up with these"])
                continue
            left = remove(target, run)
            if not left:
                path.unlink(missing_ok=True)
            yield Cleaned(run.run_id, left)


def _is_about(run: Unfinished, settings: Settings) -> bool:
    """Tell whether a journal is one of this target, however its address is written."""
    theirs = (str(run.head.get("target", "")), run.head.get("application", ""))
    return (theirs[0].rstrip("/").lower(), theirs[1]) == (
        settings.base_url.rstrip("/").lower(),
        settings.application,
    )


def remove(target: Target, run: Unfinished) -> list[str]:
    """Delete what a run created, the latest first, and return what is left behind.

    What the journal knows by id is deleted where it says. A POST whose answer was lost is found by
    its mark; what no list shows cannot be found, and counts as left behind.
    """
    found = dict(run.created)
    names: set[str] = set()
    for path in sorted(run.places):
        for entity_id, name in _marked(target, path, run.mark).items():
            found.setdefault(entity_id, path)
            names.add(name)
    target.guard.own |= found.keys()
    # The latest first; issuers when no credential names them any more.
    latest_first = list(found.items())[::-1]
    latest_first.sort(key=lambda pair: pair[1].endswith("issuers/"))
    left = [each for each, path in latest_first if not _delete(target, path, each)]
    lost = [each for each in run.intents.values() if each["hidden"] and each["name"] not in names]
    return sorted(left) + [
        f"perhaps {each['name']!r}, whose answer was lost and which no list shows" for each in lost
    ]


def _actors(target: Target) -> list[str]:
    return [each for each in ("admin", "other_org_admin") if each in target.settings.keys]


def _delete(target: Target, path: str, entity_id: str) -> bool:
    """Delete an item with whichever key may; tell whether it is gone."""
    for actor in _actors(target):
        for place in dict.fromkeys((path, *_collections(target.settings))):
            item = place + quote(entity_id, safe="")
            try:
                reply = target.send("DELETE", item, actor=actor)
                if reply.status == 409:
                    _revoke_all(target, place, f"{item}/assertions/", actor)
                    reply = target.send("DELETE", item, actor=actor)
            except CouldNotAsk:
                continue
            if reply.status in (200, 204):
                return True
    return _is_gone(target, path, entity_id)


def _revoke_all(target: Target, place: str, assertions: str, actor: str) -> None:
    """Revoke what is active of a credential that this run created, so that it can be deleted."""
    value = target.send("GET", f"{assertions}?page_size=1000", actor=actor).value
    for each in value.get("data", ()) if isinstance(value, dict) else ():
        if not each["revoked"]:
            target.guard.own.add(each["entityId"])
            body = json.dumps({"revoked": True, "revocationReason": "cleaned up"}).encode()
            item = f"{place}assertions/{each['entityId']}"
            target.send("PUT", item, actor=actor, headers={"Content-Type": JSON}, body=body)


def _is_gone(target: Target, path: str, entity_id: str) -> bool:
    """Tell whether a key that may look there is told that there is no such item."""
    try:
        replies = [
            target.send("GET", path + quote(entity_id, safe=""), actor=actor)
            for actor in _actors(target)
        ]
    except CouldNotAsk:
        return False
    return any(map(_says_not_found, replies)) and not any(reply.status < 300 for reply in replies)


def _says_not_found(reply: Reply) -> bool:
    """Tell a service's own 404 from that of a wrong address."""
    return reply.status == 404 and isinstance(reply.value, dict) and "detail" in reply.value


def _collections(settings: Settings) -> list[str]:
    places = [collection(settings.org, settings.user_id)]
    if settings.other_org and settings.other_user_id:
        places.append(collection(settings.other_org, settings.other_user_id))
    return places


def _marked(target: Target, path: str, mark: str) -> dict[str, str]:
    """Return ids and names of listed credentials that have the mark, by a search and without."""
    found: dict[str, str] = {}
    searches = ((f"search={quote(mark)}&q={quote(mark)}&page_size=100", MOST_FOUND_PAGES),
                ("page_size=100", MOST_LISTED_PAGES))  # fmt: skip
    for actor in _actors(target):
        for query, most in searches:
            for number in range(1, most + 1):
                try:
                    reply = target.send("GET", f"{path}?{query}&page={number}", actor=actor)
                    page = reply.value["result"]
                    marked = [each for each in page["data"] if mark in json.dumps(each)]
                    found |= {each["entityId"]: each.get("name", "") for each in marked}
                    if reply.status != 200 or not page["next"]:
                        break
                except (CouldNotAsk, KeyError, TypeError, ValueError):
                    break
    return found
