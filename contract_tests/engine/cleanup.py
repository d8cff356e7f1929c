"""Deletes what a run created: at its end, and after a crash, from its journals.

What was sent and not refused is there until a read has shown its absence: neither the response to a
DELETE nor an exception on the way is an absence. What cannot be seen to be gone is left behind.
It is longer than other modules: one order of looks and deletions, with a reason for each remainder.
"""

import json
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import is_own_404
from contract_tests.engine.effects import find_kind
from contract_tests.engine.journal import (
    ActiveRun,
    DamagedJournal,
    UnfinishedRun,
    is_active,
    is_private_intent,
    read_journal,
    take_over,
)
from contract_tests.engine.looking import (
    MOST_LISTED_FOR_LOST,
    MOST_LISTED_PAGES,
    Look,
    list_actors,
    list_collections,
    look_at,
)
from contract_tests.engine.other_records import Remains, clean_up_others, list_other_records
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed, TargetUnavailable
from contract_tests.settings.settings import Settings

MOST_SAMPLES = 20
"""Items whose own path is read, of those that were deleted and that no list shows any more."""
PAUSES = (0.0, 0.5, 1.5)
"""Seconds before each look for what was deleted: a cache may show it a little longer."""
DELETED = ("200", "202", "204")
LAST_PAUSE = 2.0
"""Seconds before one more look, for what was found late or no response named."""
BY_HAND = "delete it in the service's own administration or database"
LATER = (
    "run `credcheck cleanup` once it can be read again, or look for the name in the service's own "
    "administration or database"
)


BY_NAME = (
    "look for names with {!r} in the service's own administration or database, and remove the file"
)


@dataclass(frozen=True)
class CleanupResult:
    """The result of cleaning up after one run."""

    run_id: str
    left_behind: list[str]
    """What still exists, or may exist unseen: by name, with the reason and what to do."""
    permanent: list[str] = field(default_factory=list)
    """What stays because the API offers no way to delete it, by name."""
    created: list[str] = field(default_factory=list)
    """The paths of the collections of what the run created, one for each record."""

    def __str__(self) -> str:
        text = f"run {self.run_id}: cleaned up"
        if self.left_behind:
            items = ", ".join(self.left_behind)
            text = f"run {self.run_id}: {len(self.left_behind)} left behind: {items}"
        if self.permanent:
            text += f"; {len(self.permanent)} cannot be deleted: {', '.join(self.permanent)}"
        return text


def clean_up(target: Target, reported: Collection[str] = ()) -> Iterator[CleanupResult]:
    """Delete what ended runs against this target left behind; active runs are left alone.

    `reported` are the names of journals whose processes have cleaned up themselves.
    """
    for path in sorted(Path(target.settings.journal).glob("*.jsonl")):
        if path.name in reported:
            continue
        try:
            with take_over(path) as run:
                if run is not None and _has_target(run, target.settings):
                    yield _clean_up_after(target, run)
        except ActiveRun:
            continue
        except DamagedJournal:
            run_id = _find_run_id(path)
            yield CleanupResult(
                run_id,
                [
                    f"perhaps something: the first line of the journal {path} is damaged, so that "
                    f"nobody knows its target: look for names with 'credcheck-{run_id}' in the "
                    "service's own administration or database, and remove the file"
                ],
            )


def _find_run_id(path: Path) -> str:
    return path.name.partition("-")[0].removesuffix(".jsonl")


def _clean_up_after(target: Target, run: UnfinishedRun) -> CleanupResult:
    """Delete what one run created, and remove its journal if nothing is left."""
    org, user_id = run.head.get("org"), run.head.get("user_id")
    if (org, user_id) != (target.settings.org, target.settings.user_id):
        hint = f"items of another user: run cleanup with --org {org} --user-id {user_id}"
        return CleanupResult(run.run_id, [hint])
    remains = delete_created(target, run)
    if not remains.left_behind:
        run.path.unlink(missing_ok=True)
    return CleanupResult(run.run_id, remains.left_behind, remains.permanent, run.list_creations())


def describe_others(settings: Settings) -> list[str]:
    """Return a line about each active run, and one about the journals of other targets."""
    lines, targets = [], []
    for path in sorted(Path(settings.journal).glob("*.jsonl")):
        with suppress(DamagedJournal, OSError):
            run = read_journal(path)
            if run is not None and not _has_target(run, settings):
                targets.append(str(run.head.get("target", "")))
                continue
            if is_active(path):
                lines.append(f"run {_find_run_id(path)}: still active, and left alone")
    others = ", ".join(dict.fromkeys(targets))
    return lines + [f"other journals in {settings.journal} are about {others}"] * bool(others)


def _has_target(run: UnfinishedRun, settings: Settings) -> bool:
    """Tell whether a journal is about this target, however its URL is written."""
    base_url, application = str(run.head.get("target", "")), run.head.get("application", "")
    return (base_url.rstrip("/").lower(), application) == (
        settings.base_url.rstrip("/").lower(),
        settings.application,
    )


def delete_created(target: Target, run: UnfinishedRun) -> Remains:
    """Delete what a run created, the latest first, and return what remains.

    Items whose ids are in the journal are deleted at their path. An item whose response was lost is
    found by the mark in its name; a private one is in no list, and counts as left behind.
    """
    cleanup = Cleanup(target, run)
    try:
        return cleanup.clean_up()
    except Exception as error:  # noqa: BLE001  whatever went wrong is not an absence
        is_expected = isinstance(error, RequestFailed)
        reason = str(error) if is_expected else f"error in the harness: {error!r}"
        return Remains(cleanup.give_up(reason), cleanup.others.permanent)


class Cleanup:
    """The cleanup after one run: look, delete, and look again."""

    def __init__(self, target: Target, run: UnfinishedRun) -> None:
        self._target = target
        self._run = run
        self._created = dict(run.created)
        self._names = dict(run.names)
        self._lost_names: set[str] = set()
        """Names of found items that no response had named."""
        self._answers: dict[str, str] = {}
        """What a DELETE of an item returned."""
        self.others = Remains()
        """What remains of records without a path of their own, once they were looked for."""
        self._has_others = bool(run.others)

    def clean_up(self) -> Remains:
        """Delete what the run created; return what remains, and what cannot be seen."""
        self.others, self._has_others = clean_up_others(self._target, self._run), False
        return Remains([*self._delete_items(), *self.others.left_behind], self.others.permanent)

    def _delete_items(self) -> list[str]:
        """Delete what has a path of its own; return what is left behind.

        What a list shows late is deleted late, and a DELETE that failed is sent again.
        """
        looks = self._look()
        pending = self._find_pending(looks)
        left: dict[str, str] = {}
        for pause in (*PAUSES, LAST_PAUSE):
            is_late = any(each not in self._answers for each in pending) or self._has_lost()
            if pause == LAST_PAUSE and not is_late:
                break
            self._target.guard.own |= {*pending, *self._created}
            for entity_id in pending:
                self._answers[entity_id] = self._delete(self._created[entity_id], entity_id)
            if not pending and not left and not self._has_lost():
                break
            time.sleep(pause)
            looks = self._look()
            found = self._find_marked(looks)
            left = {
                entity_id: reason
                for entity_id in dict.fromkeys([*left, *pending, *found])
                if (reason := self._find_presence(entity_id, looks))
            }
            pending = [each for each in left if self._answers.get(each) not in DELETED]
            pending.sort(key=self._is_issuer)
        return [self._describe(entity_id, reason) for entity_id, reason in left.items()] + [
            *self._describe_lost(looks),
            *self._describe_damage(),
        ]

    def _describe_damage(self) -> list[str]:
        """Return a line if a part of the journal cannot be read."""
        lines = ", ".join(map(str, self._run.damaged))
        where = f"{self._run.path}, line {lines}: cannot be read, so that nobody knows what it said"
        return [f"perhaps something: {where}: {BY_NAME.format(self._run.mark)}"] * bool(lines)

    def _has_lost(self) -> bool:
        """Tell whether what a request without a response created may not be listed yet."""
        return any(
            not (intent["name"] and intent["name"] in self._lost_names)
            for intent in self._run.intents.values()
        )

    def _is_issuer(self, entity_id: str) -> bool:
        """Tell whether an item can be deleted only when no credential uses it any more."""
        return self._created[entity_id].endswith("issuers/")

    def give_up(self, reason: str) -> list[str]:
        """Return everything that nobody has seen to be gone as left behind."""
        text = f"nobody can see whether it is gone: {reason}: {LATER}"
        others = list_other_records(self._run) if self._has_others else []
        return [
            *(self._describe(entity_id, text) for entity_id in self._created),
            *(f"perhaps {_name_intent(intent)}: {text}" for intent in self._run.intents.values()),
            *(f"perhaps {record}: {text}" for record in others),
            *self.others.left_behind,
            *self._describe_damage(),
        ]

    def _look(self) -> dict[str, Look]:
        most = MOST_LISTED_FOR_LOST if self._run.intents else MOST_LISTED_PAGES
        known = list_collections(self._target) if self._run.damaged else []
        folders = sorted({*self._run.folders, *self._created.values(), *known})
        return {folder: look_at(self._target, folder, self._run.mark, most) for folder in folders}

    def _find_marked(self, looks: dict[str, Look]) -> list[str]:
        """Add what lists show of this run to what is known, and return the ids."""
        found = []
        for folder, look in looks.items():
            for entity_id, name in look.marked.items():
                found.append(entity_id)
                if entity_id not in self._created:
                    self._created[entity_id] = folder
                    self._lost_names.add(name)
                self._names.setdefault(entity_id, name)
        return found

    def _find_pending(self, looks: dict[str, Look]) -> list[str]:
        """Return the ids that have to be deleted, the latest first, issuers last.

        An issuer can be deleted when no credential uses it any more.
        """
        found = set(self._find_marked(looks))
        claimed = [
            entity_id
            for entity_id in self._created
            if entity_id in self._run.claimed and entity_id not in found
        ]
        doubtful = {
            entity_id
            for entity_id in claimed
            if entity_id in self._run.private
            or looks[self._created[entity_id]].problem
            or entity_id in looks[self._created[entity_id]].ids
        }
        sure = [entity_id for entity_id in claimed if entity_id not in doubtful]
        step = max(1, len(sure) // MOST_SAMPLES)
        if any(self._find_presence(entity_id, looks) for entity_id in sure[::step]):
            doubtful.update(sure)
        gone = {
            entity_id
            for entity_id in claimed
            if entity_id not in doubtful or not self._find_presence(entity_id, looks)
        }
        pending = [entity_id for entity_id in self._created if entity_id not in gone][::-1]
        pending.sort(key=self._is_issuer)
        return pending

    def _find_presence(self, entity_id: str, looks: dict[str, Look]) -> str:
        """Return why an item counts as left behind; an empty text if a read shows its absence."""
        folder = self._created[entity_id]
        look = looks.get(folder) or Look(problem="its list was not read")
        returned = self._answers.get(entity_id, "")
        returned = f"DELETE returned {returned}, and " if returned else ""
        if folder.endswith("assignments/"):
            if look.problem:
                return f"nobody can see whether it is gone: {look.problem}: {LATER}"
            return f"{returned}the list still shows it: {BY_HAND}" if entity_id in look.ids else ""
        is_listed = entity_id in look.ids
        presence = self._read_item(folder, entity_id)
        if presence == "absent":
            gone = f"{returned}it is gone at its own path, but the list still shows it: {BY_HAND}"
            if (
                not is_listed
                and entity_id in self._run.private
                and self._answers.get(entity_id, "200") not in DELETED
            ):
                return f"{returned}nothing has ever been at its path, and no list shows it: {LATER}"
            return gone if is_listed else ""
        if presence == "present":
            return f"{returned}it is still there: {BY_HAND}"
        if is_listed:
            return f"{returned}the list still shows it: {BY_HAND}"
        return f"{returned}nobody can see whether it is gone ({presence}): {LATER}"

    def _read_item(self, folder: str, entity_id: str) -> str:
        """Return `present`, `absent`, or why nobody can see which of them."""
        path = folder + quote(entity_id, safe="")
        outcome = "no key may read it"
        for actor in list_actors(self._target):
            try:
                response = self._target.send("GET", path, actor=actor)
            except TargetUnavailable:
                raise
            except RequestFailed as error:
                return str(error)
            if response.status < 300:
                return "present"
            if is_own_404(response):
                outcome = "absent"
            elif response.status not in (403, 404):
                return f"GET returns {response.status}"
        return outcome

    def _delete(self, path: str, entity_id: str) -> str:
        """Delete an item with any key that has access; return what was returned last."""
        returned = "nothing"
        for actor in list_actors(self._target):
            for folder in dict.fromkeys((path, *list_collections(self._target))):
                item = folder + quote(entity_id, safe="")
                try:
                    response = self._target.send("DELETE", item, actor=actor)
                    if response.status == 409:
                        self._revoke_all(folder, f"{item}/assertions/", actor)
                        response = self._target.send("DELETE", item, actor=actor)
                except TargetUnavailable:
                    raise
                except RequestFailed:
                    continue
                if str(response.status) in DELETED:
                    return str(response.status)
                if folder == path and actor == "admin":
                    returned = str(response.status)
        return returned

    def _revoke_all(self, folder: str, assertions: str, actor: str) -> None:
        """Revoke the active assertions of a credential of this run, so that it can be deleted."""
        target = self._target
        value = target.send("GET", f"{assertions}?page_size=1000", actor=actor).value
        listed = value.get("data", ()) if isinstance(value, dict) else ()
        for assertion in listed if isinstance(listed, list) else ():
            entity_id = assertion.get("entityId") if isinstance(assertion, dict) else None
            if entity_id and assertion.get("revoked") is not True:
                target.guard.own.add(entity_id)
                body = json.dumps({"revoked": True, "revocationReason": "cleaned up"}).encode()
                item = f"{folder}assertions/{entity_id}"
                target.send("PUT", item, actor=actor, headers={"Content-Type": JSON}, body=body)

    def _describe(self, entity_id: str, reason: str) -> str:
        """Return the line about an item that is left behind."""
        kind = find_kind(self._created[entity_id]).removesuffix("s")
        name = self._names.get(entity_id, "")
        return f"{kind} {f'{name!r} ' if name else ''}(id {entity_id}): {reason}"

    def _describe_lost(self, looks: dict[str, Look]) -> Iterable[str]:
        """Yield a line about each request whose result nobody can see."""
        for intent in self._run.intents.values():
            look = looks.get(intent["at"]) or Look(problem="its list was not read")
            if intent["name"] and intent["name"] in self._lost_names:
                continue  # it was found, and is dealt with by its id
            name = _name_intent(intent)
            if is_private_intent(intent):
                yield (
                    f"perhaps {name}: no response named it, and no list shows a private "
                    "credential: look for the name in the service's own administration or database"
                )
            elif look.problem:
                yield (
                    f"perhaps {name}: no response named it, and nobody can see whether it was "
                    f"stored: {look.problem}: {LATER}"
                )


def _name_intent(intent: dict[str, Any]) -> str:
    """Return what a request was about to create, by name."""
    kind = find_kind(intent["at"]).removesuffix("s")
    return f"{kind} {intent['name']!r}" if intent["name"] else f"{kind} without a name"
