"""What was written in one world, made again in another that takes its place."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mockserver.errors import StartError
from mockserver.world.document import COLLECTIONS
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from mockserver.world.overlay import IDENTITY, MENTIONS, REFERENCES, without_mentions
from mockserver.world.store import Store

Record = Mapping[str, Any]
Table = dict[Any, Record]
SECOND_FIELD: Mapping[str, str] = {
    **dict.fromkeys(("courses", "programs", "pathways"), "platform"),
}
"""What identifies a record beside the field of `IDENTITY`."""


class Carried(NamedTuple):
    """A store with the changes that fit, their number, and a line about each that does not."""

    store: Store
    kept: int
    lost: list[str]


def carry_changes(before: Store, after: Store, base: Store) -> Carried:
    """Return a base with what distinguishes one store from another: records changed and removed.

    A record whose issuer, user or credential is not there any more is lost; what it only mentions
    is left out.
    """
    if after is before:
        return Carried(base, 0, [])
    old, new, made = (_index(store) for store in (before, after, base))
    changed: dict[str, Table] = {}
    removed: dict[str, set[Any]] = {}
    for name in COLLECTIONS:
        changed[name] = {
            key: record for key, record in new[name].items() if old[name].get(key) != record
        }
        removed[name] = old[name].keys() & made[name].keys() - new[name].keys()
        made[name] = {key: made[name][key] for key in made[name] if key not in removed[name]}
    lost: list[str] = []
    for name in COLLECTIONS:  # in an order in which records refer backwards only
        made[name] = dict(_merge(name, made, changed[name], lost))
    kept = sum(map(len, changed.values())) + sum(map(len, removed.values())) - len(lost)
    document = {"format": "", **{name: list(table.values()) for name, table in made.items()}}
    try:
        return Carried(load_world(document, "changes", keep=False), kept, lost)
    except StartError as error:
        return Carried(base, 0, [*lost, f"all of {kept}: {error}"])


def _index(store: Store) -> dict[str, Table]:
    world = export_world(store)
    return {
        name: {_identify(name, record): record for record in world[name]} for name in COLLECTIONS
    }


def _identify(name: str, record: Record) -> Any:
    return record[IDENTITY[name]], record.get(SECOND_FIELD.get(name, ""))


def _merge(
    name: str, made: Mapping[str, Table], changed: Table, lost: list[str]
) -> Iterator[tuple[Any, Record]]:
    """Yield the records of a collection with those that changed, but for what does not fit."""
    others = {*REFERENCES.get(name, {}).values(), *MENTIONS.get(name, {}).values()}
    ids = {other: {key[0] for key in made[other]} for other in others}
    for key, record in {**made[name], **changed}.items():
        missing = _find_missing(name, record, ids)
        if not missing:
            yield key, _mention_only(name, record, ids)
        elif key in changed:
            lost.append(f"{name} {key[0]}: {missing}")


def _find_missing(name: str, record: Record, ids: Mapping[str, set[Any]]) -> str:
    """Return what a record is about and is not there, or an empty text."""
    for field, other in REFERENCES.get(name, {}).items():
        value = record.get(field)
        if value is not None and value not in ids[other]:
            return f"there is no {field} {value!r}"
    return ""


def _mention_only(name: str, record: Record, ids: Mapping[str, set[Any]]) -> Record:
    """Return a record that mentions only what is there."""
    gone = []
    for field, other in MENTIONS.get(name, {}).items():
        value = record.get(field)
        values = value if isinstance(value, list | tuple) else [value]
        gone.append((field, frozenset(values) - ids[other] - {None}))
    return without_mentions(record, gone)
