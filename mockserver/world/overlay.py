"""Changes to a world document: records to keep, remove, change and add; more of them, generated."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mockserver.contract.contract import Contract
from mockserver.errors import StartError
from mockserver.framework.times import format_time
from mockserver.world.document import COLLECTIONS
from mockserver.world.fields import IMAGE_FIELDS
from mockserver.world.periods import add_duration
from mockserver.world.seed import grow
from mockserver.world.seed_assignments import with_assignments

World = dict[str, Any]
Record = Mapping[str, Any]

IDENTITY: Mapping[str, str] = {
    "platforms": "key",
    "users": "id",
    "api_keys": "key",
    "images": "id",
    "courses": "course_id",
    "programs": "program_id",
    "pathways": "pathway_id",
    "issuers": "entityId",
    "credentials": "entityId",
    "assertions": "entityId",
    "groups": "id",
    "departments": "id",
    "assignments": "entityId",
    "providers": "name",
    "provider_configs": "id",
    "external_mappings": "id",
}
"""The field that identifies a record of each collection."""
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "users": {"platform": "platforms"},
    "api_keys": {"user_id": "users"},
    "images": {"platform": "platforms"},
    "courses": {"platform": "platforms"},
    "programs": {"platform": "platforms"},
    "pathways": {"platform": "platforms"},
    "issuers": {"platform": "platforms"},
    "credentials": {"issuer": "issuers"},
    "assertions": {"credential": "credentials", "recipient": "users"},
    "groups": {"platform": "platforms"},
    "departments": {"platform": "platforms"},
    "assignments": {
        "credential": "credentials",
        "user": "users",
        "group": "groups",
        "assigned_by": "users",
        "parent": "assignments",
    },
    "provider_configs": {"platform": "platforms", "provider": "providers"},
    "external_mappings": {"credential": "credentials", "provider": "providers"},
}
"""The fields that name what a record is about: it is removed with that."""
MENTIONS: Mapping[str, Mapping[str, str]] = {
    "issuers": {"icon_image_id": "images"},
    "credentials": {
        **dict.fromkeys(IMAGE_FIELDS.values(), "images"),
        **{name: name for name in ("courses", "programs", "pathways")},
    },
    "groups": {"members": "users"},
    "departments": {"admins": "users", "members": "users"},
    "assignments": {"assertions": "assertions"},
}
"""The fields that mention others: a record stays when those are removed."""
TIMES = frozenset({"createdAt", "issuedOn", "expires", "assignedOn", "due"})
NOW, NO_TIME = "now", "PT0S"


def apply_changes(
    world: World, changes: Mapping[str, Any], now: datetime, contract: Contract, seed: int
) -> World:
    """Return a world with the changes of a scenario; raises StartError with the place at fault.

    `changes` is valid by `fixtures/scenario.schema.json`. Times may be written as `now`,
    `now-P30D` or `now+PT1H`. What is about a removed record is removed with it.
    """
    made = {name: list(world.get(name, ())) for name in COLLECTIONS}
    for name, kept in changes.get("keep", {}).items():
        made[name] = _choose(made[name], name, kept, "keep")
    for name, removed in changes.get("remove", {}).items():
        chosen = {id(record) for record in _choose(made[name], name, removed, "remove")}
        made[name] = [record for record in made[name] if id(record) not in chosen]
    _remove_dependents(made, world)
    for name, rules in changes.get("change", {}).items():
        for index, rule in enumerate(rules):
            where = f"change.{name}[{index}]"
            made[name] = _change(made[name], rule, now, where)
    for name, records in changes.get("add", {}).items():
        made[name] += [
            _resolve_times(record, now, f"add.{name}[{index}]")
            for index, record in enumerate(records)
        ]
    numbers = changes.get("generate", {})
    more = (numbers.get("credentials", 0), numbers.get("assertions", 0))
    grown = grow(made, contract, seed, *more) if any(more) else made
    return {
        "format": world["format"],
        **with_assignments(grown, contract, seed, numbers.get("assignments", 0)),
    }


def _choose(records: list[Record], name: str, names: Any, verb: str) -> list[Record]:
    if names == "all":
        return records
    if isinstance(names, int):
        return _newest(records, names)
    found = [record for record in records if record[IDENTITY[name]] in names]
    existing = {record[IDENTITY[name]] for record in found}
    for identity in names:
        if identity not in existing:
            raise StartError(f"{verb}.{name}: there is no {identity!r}")
    return found


def _newest(records: list[Record], number: int) -> list[Record]:
    """Return the last records of each platform: a world is in the order of creation."""
    left = Counter[Any]()
    kept = []
    for record in reversed(records):
        left[record.get("platform")] += 1
        if left[record.get("platform")] <= number:
            kept.append(record)
    return kept[::-1]


def _remove_dependents(made: World, before: World) -> None:
    """Remove what is about records that were removed, and the mention of them elsewhere."""

    def removed(collection: str) -> frozenset[Any]:
        key = IDENTITY[collection]
        old = {record[key] for record in before.get(collection, ())}
        return frozenset(old - {record[key] for record in made[collection]})

    for name in COLLECTIONS:  # in the order of the loader, in which records refer backwards only
        about = [(field, removed(other)) for field, other in REFERENCES.get(name, {}).items()]
        mentions = [(field, removed(other)) for field, other in MENTIONS.get(name, {}).items()]
        made[name] = [
            without_mentions(record, mentions)
            for record in made[name]
            if not any(record.get(field) in ids for field, ids in about)
        ]


def without_mentions(record: Record, mentions: Iterable[tuple[str, frozenset[Any]]]) -> Record:
    """Return a record that mentions none of the ids that are given for each of its fields."""
    changed: dict[str, Any] = {}
    for field, ids in mentions:
        value = record.get(field)
        if not isinstance(value, list | tuple):
            if value in ids:
                changed[field] = None
        elif ids.intersection(value):
            changed[field] = [identity for identity in value if identity not in ids]
    return {**record, **changed} if changed else record


def _change(records: list[Record], rule: Record, now: datetime, where: str) -> list[Record]:
    """Return the records with one change made to every n-th of those that match."""
    wanted = rule.get("where", {}).items()
    new = _resolve_times(rule["set"], now, where)
    matching = [
        index
        for index, record in enumerate(records)
        if all(record.get(name) == value for name, value in wanted)
    ]
    if wanted and not matching:
        raise StartError(f"{where}: no record matches")
    for index in matching[rule.get("skip", 0) :: rule.get("every", 1)]:
        records[index] = {**records[index], **new}
    return records


def _resolve_times(record: Record, now: datetime, where: str) -> Record:
    """Return a record with its times relative to now as absolute ones."""
    resolved = dict(record)
    for name, value in record.items():
        if name in TIMES and str(value).startswith(NOW):
            try:
                resolved[name] = format_time(add_duration(now, value[len(NOW) :] or NO_TIME))
            except ValueError as error:
                raise StartError(f"{where}: {error}") from error
    return resolved


def depends_on_now(changes: Any) -> bool:
    """Tell whether a scenario has times relative to now."""
    if isinstance(changes, dict):
        return any(
            (name in TIMES and str(value).startswith(NOW)) or depends_on_now(value)
            for name, value in changes.items()
        )
    return isinstance(changes, list) and any(map(depends_on_now, changes))
