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
from mockserver.world.export import export_assignment
from mockserver.world.issuing import describe_assignment
from mockserver.world.periods import end_of
from mockserver.world.records import Assignment, User, new_entity_id
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

    Each comes with what it issued; one to a group also with the assignments to its members.
    """
    made: Records = {name: [] for name in ("images", "groups", "departments")}
    made |= {"assertions": [], "assignments": []}
    platform = document["platforms"][0]["key"]
    source = random.Random(f"{seed}:{platform}:assignments")
    maker = Maker(contract, seed)
    people = [user for user in document["users"] if user["platform"] == platform]
    users = [user["id"] for user in people]
    admins = [User(**user) for user in people if user["role"] == "platform-admin"]
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
    for _ in range(count):
        credential = credentials[source.choice(list(credentials))]
        assigner = source.choice(admins)
        if source.random() > TO_GROUPS:
            records = _to_user(source.choice(users), credential, assigner, source)
        else:
            records = _to_group(source.choice(made["groups"]), credential, assigner, source)
        for collection, added in records.items():
            made[collection] += added
    return made


def _group(users: list[int], name_of: Make, source: random.Random) -> dict[str, Any]:
    """Return the members of a group, and its name."""
    members = sorted(source.sample(users, source.randrange(1, min(len(users), LARGEST_GROUP))))
    return {"name": name_of(source), "members": members}


def _to_user(
    user: int,
    credential: Mapping[str, Any],
    assigner: User,
    source: random.Random,
    parent: str | None = None,
) -> Records:
    """Return an assignment to a user, made when its credential was, and what it issued."""
    moment, period = parse_time(credential["createdAt"]), credential["expires"]
    expires = end_of(moment, period["amount"], period["duration"])
    assignment = Assignment(
        entity_id=new_entity_id(source),
        sequence=0,
        credential=credential["entityId"],
        assigned_by=assigner.id,
        assigned_on=moment,
        user=user,
        parent=parent,
        assertions=(new_entity_id(source),),
    )
    assertion = {
        "entityId": assignment.assertions[0],
        "credential": assignment.credential,
        "recipient": user,
        "issuedOn": format_time(moment),
        "expires": None if expires is None else format_time(expires),
        "revoked": False,
        "metadata": describe_assignment(assignment, assigner),
    }
    return {"assignments": [export_assignment(assignment)], "assertions": [assertion]}


def _to_group(
    group: Mapping[str, Any],
    credential: Mapping[str, Any],
    assigner: User,
    source: random.Random,
) -> Records:
    """Return an assignment to a group with those to its members."""
    assignment = {
        "entityId": new_entity_id(source),
        "credential": credential["entityId"],
        "group": group["id"],
        "assigned_by": assigner.id,
        "assignedOn": credential["createdAt"],
        "assertions": [],
    }
    made: Records = {"assignments": [assignment], "assertions": []}
    for user in group["members"]:
        for collection, added in _to_user(
            user, credential, assigner, source, assignment["entityId"]
        ).items():
            made[collection] += added
    return made


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
