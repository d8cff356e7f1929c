"""Generated groups, departments, uploaded images and assignments, repeatable from one number.

They are made around the users, credentials and assertions of the first platform of a world.
"""

import base64
import random
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from mockserver.contract.contract import Contract
from mockserver.errors import StartError
from mockserver.framework.times import format_time, parse_time
from mockserver.world.periods import end_of
from mockserver.world.records import new_entity_id
from mockserver.world.seed import Make, Maker

GROUP_SHARE, DEPARTMENT_SHARE, IMAGE_SHARE = 10, 25, 20
"""For how many assignments a group, a department and an image are generated."""
TO_GROUPS = 0.25
LARGEST_GROUP = 6
SIDE = 16
"""Pixels of a generated badge's side."""

Records = dict[str, list[dict[str, Any]]]


def generate_assignments(
    document: Mapping[str, Any], contract: Contract, seed: int, count: int
) -> Records:
    """Return `count` assignments, with the groups, departments and images around them.

    What an assignment to a user issued is an assertion of the world; an assignment to a group
    comes with assertions of its own.
    """
    made: Records = {name: [] for name in ("images", "groups", "departments")}
    made |= {"assertions": [], "assignments": []}
    platform = document["platforms"][0]["key"]
    source = random.Random(f"{seed}:{platform}:assignments")
    maker = Maker(contract, seed)
    people = [user for user in document["users"] if user["platform"] == platform]
    users = [user["id"] for user in people]
    admins = [user["id"] for user in people if user["role"] == "platform-admin"]
    credentials = {
        credential["entityId"]: credential
        for credential in document["credentials"]
        if credential["platform"] == platform
    }
    if not (admins and credentials):
        raise StartError(f"platform {platform!r} has no admin or no credential to assign")
    made["images"] = _images(document, maker, source, count // IMAGE_SHARE + 1)
    name_of = maker.compile(maker.schemas["AssignedGroup"]["properties"]["name"])
    made["groups"] = [
        {
            "id": f"generated-{seed}-{index + 1}",
            "platform": platform,
            **_group(users, name_of, source),
        }
        for index in range(count // GROUP_SHARE + 1)
    ]
    made["departments"] = _departments(document, users, source, count // DEPARTMENT_SHARE + 1)
    free = _list_unassigned(document, credentials)
    source.shuffle(free)
    for _ in range(count):
        if free and source.random() > TO_GROUPS:
            made["assignments"].append(_to_user(free.pop(), admins, source))
        else:
            credential = credentials[source.choice(list(credentials))]
            group = source.choice(made["groups"])
            assignment, issued = _to_group(group, credential, admins, source)
            made["assignments"].append(assignment)
            made["assertions"] += issued
    return made


def _group(users: list[int], name_of: Make, source: random.Random) -> dict[str, Any]:
    """Return the members of a group, and its name."""
    members = sorted(source.sample(users, source.randrange(1, min(len(users), LARGEST_GROUP))))
    return {"name": name_of(source), "members": members}


def _list_unassigned(
    document: Mapping[str, Any], credentials: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the assertions of credentials that came of no assignment."""
    taken = {
        entity_id
        for assignment in document.get("assignments", ())
        for entity_id in assignment["assertions"]
    }
    return [
        assertion
        for assertion in document["assertions"]
        if assertion["credential"] in credentials and assertion["entityId"] not in taken
    ]


def _to_user(assertion: Mapping[str, Any], admins: list[int], source: random.Random) -> Any:
    return {
        "entityId": new_entity_id(source),
        "credential": assertion["credential"],
        "user": assertion["recipient"],
        "assigned_by": source.choice(admins),
        "assignedOn": assertion["issuedOn"],
        "assertions": [assertion["entityId"]],
    }


def _to_group(
    group: Mapping[str, Any],
    credential: Mapping[str, Any],
    admins: list[int],
    source: random.Random,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an assignment to a group, made when its credential was, and what it issued."""
    moment, period = parse_time(credential["createdAt"]), credential["expires"]
    expires = end_of(moment, period["amount"], period["duration"])
    issued = [
        {
            "entityId": new_entity_id(source),
            "credential": credential["entityId"],
            "recipient": member,
            "issuedOn": format_time(moment),
            "expires": None if expires is None else format_time(expires),
            "revoked": False,
        }
        for member in group["members"]
    ]
    assignment = {
        "entityId": new_entity_id(source),
        "credential": credential["entityId"],
        "group": group["id"],
        "assigned_by": source.choice(admins),
        "assignedOn": format_time(moment),
        "assertions": [assertion["entityId"] for assertion in issued],
    }
    return assignment, issued


def _departments(
    document: Mapping[str, Any], users: list[int], source: random.Random, count: int
) -> list[dict[str, Any]]:
    platform = document["platforms"][0]["key"]
    first = _first_free_id(document, "departments")
    return [
        {
            "id": first + index,
            "platform": platform,
            "name": f"Department {first + index}",
            "admins": [],
            "members": sorted(source.sample(users, source.randrange(1, len(users) + 1))),
        }
        for index in range(count)
    ]


def _first_free_id(document: Mapping[str, Any], collection: str) -> int:
    return max((record["id"] for record in document.get(collection, ())), default=0) + 1


def _images(
    document: Mapping[str, Any], maker: Maker, source: random.Random, count: int
) -> list[dict[str, Any]]:
    name_of = maker.compile({"type": "string", "x-faker": "catch_phrase"})
    first = _first_free_id(document, "images")
    return [
        {
            "id": first + index,
            "platform": document["platforms"][0]["key"],
            "name": name_of(source),
            "content": base64.b64encode(_badge(source)).decode(),
        }
        for index in range(count)
    ]


def _badge(source: random.Random) -> bytes:
    """Return a small PNG: a disc of one colour on another."""
    colours = [bytes(source.randrange(256) for _ in range(3)) for _ in range(2)]
    middle = (SIDE - 1) / 2
    rows = b"".join(
        b"\0"
        + b"".join(
            colours[(x - middle) ** 2 + (y - middle) ** 2 < (0.4 * SIDE) ** 2] for x in range(SIDE)
        )
        for y in range(SIDE)
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_assignments(
    document: Mapping[str, Any], contract: Contract, seed: int, count: int
) -> dict[str, Any]:
    """Return the world with generated assignments, and what is around them, behind its own."""
    if not count:
        return dict(document)
    made = generate_assignments(document, contract, seed, count)
    return {**document, **{k: [*document.get(k, ()), *v] for k, v in made.items() if v}}
