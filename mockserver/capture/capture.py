"""From readings to a world that a mock takes: built, scrubbed, free of secrets, and checked."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.capture.builder import UNSEEN, WorldBuilder, find_own_picture
from mockserver.capture.reading import Reading
from mockserver.capture.scrubbing import Scrubber, remove_secrets
from mockserver.contract.compiler import load_contract
from mockserver.errors import StartError
from mockserver.rendering.check import check_world
from mockserver.world.document import COLLECTIONS, check_document
from mockserver.world.fields import IMAGE_FIELDS
from mockserver.world.loader import load_world
from mockserver.world.values import read_upload

FetchPictures = Callable[[Iterable[str]], Mapping[str, str]]
NAME = "the captured world"
MOST_UNUSABLE = 500
_PLACE = re.compile(rf"{NAME}: (\w+)\[(\d+)\]")


@dataclass(frozen=True)
class Captured:
    """A world, and the lines that say what is in it and what is not."""

    world: dict[str, Any]
    lines: tuple[str, ...]


def capture(
    readings: Iterable[Reading],
    secrets: Iterable[str],
    *,
    seed: int,
    keep_people: bool,
    fetch_pictures: FetchPictures | None,
    missing: Mapping[str, int],
) -> Captured:
    """Return the world that readings show; raises StartError if there is nothing to see.

    `missing` is looked at in the end, when all was read.
    """
    gathered = list(readings)
    pictures: dict[str, str] = {}
    if fetch_pictures is not None:
        fetched = fetch_pictures(_list_pictures(gathered))
        pictures = {address: text for address, text in fetched.items() if _is_picture(text)}
    builder = WorldBuilder(pictures)
    for reading in gathered:
        builder.add(reading)
    world = builder.build()
    if not world["issuers"]:
        raise StartError("SOURCE: it shows no credential and no issuer of the API")
    if not keep_people:
        world = Scrubber(seed).scrub(world)
    world = remove_secrets(world, secrets)
    _drop_unusable(world, builder.notes)
    return Captured(world, tuple(_describe(world, builder, missing, keep_people=keep_people)))


def _drop_unusable(world: dict[str, Any], notes: dict[str, int]) -> None:
    """Leave out the records that a mock would not start with, whatever the service sends.

    Raises StartError if there are too many of them.
    """
    contract = load_contract()
    for attempt in range(MOST_UNUSABLE):
        try:
            check_world(load_world(check_document(world, NAME), NAME), contract, NAME)
            return
        except StartError as error:
            place = _find_place(world, str(error))
            if place is None or attempt == MOST_UNUSABLE - 1:
                raise
        collection, index = place
        del world[collection][index]
        what = f"{collection} that a world cannot hold"
        notes[what] = notes.get(what, 0) + 1


def _find_place(world: Mapping[str, Any], message: str) -> tuple[str, int] | None:
    """Return the collection and the index of the record that an error names."""
    found = _PLACE.match(message)
    if found:
        return found[1], int(found[2])
    for collection in ("issuers", "credentials", "assertions"):
        for index, record in enumerate(world[collection]):
            where = f"{NAME}: {collection[:-1]} {record['entityId']}"
            if message.startswith((f"{where}, ", f"{where}: ")):
                return collection, index
    return None


def _list_pictures(readings: Iterable[Reading]) -> list[str]:
    """Return the addresses of the pictures that readings show, but those every mock has."""
    found: dict[str, None] = {}
    for reading in readings:
        for record in reading.records:
            details = record.get("credentialDetails")
            shown = details if isinstance(details, dict) else record
            issuer = shown.get("issuerDetails")
            addresses = [shown.get(name) for name in (*IMAGE_FIELDS, "image")]
            addresses += [issuer.get("iconImage")] if isinstance(issuer, dict) else []
            for address in addresses:
                if isinstance(address, str) and address.startswith(("http://", "https://")):
                    found[address] = None
    return [address for address in found if not find_own_picture(address)]


def _is_picture(text: str) -> bool:
    try:
        read_upload(text)
    except ValueError:
        return False
    return True


def _describe(
    world: Mapping[str, Any],
    builder: WorldBuilder,
    missing: Mapping[str, int],
    *,
    keep_people: bool,
) -> Iterable[str]:
    counts = [f"{len(world[name])} {name}" for name in COLLECTIONS if world.get(name)]
    yield f"captured: {', '.join(counts)}"
    yield f"people: {'kept as they are' if keep_people else 'others, by the seed'}"
    for key in world["api_keys"]:
        yield f"key of the captured world: {key['key']}"
    for what, number in {**builder.notes, **missing}.items():
        if number:
            yield f"not captured: {number} {what}"
    for what in UNSEEN:
        yield f"not visible: {what}"
