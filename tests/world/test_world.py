"""The world that ships, and worlds that are generated."""

import json
import subprocess
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.app import sandbox_maker
from mockserver.contract.compiler import load_contract
from mockserver.files import IMAGES, WORLD
from mockserver.framework.times import parse_time
from mockserver.rendering.check import check_world
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from mockserver.world.seed import grow
from mockserver.world.seed_assignments import with_assignments
from tests.conftest import API, NOW
from tests.support.server import CREDMOCK
from tests.support.waiting import PATIENCE
from tests.support.world import DOCUMENT

CONTRACT = load_contract()


def of(platform: str, collection: str = "credentials") -> list[dict[str, Any]]:
    """Return the records of a platform."""
    return [each for each in DOCUMENT[collection] if each["platform"] == platform]


def test_every_record_fits_the_contract() -> None:
    """Each issuer, credential and assertion, as it would be answered, is what the contract says."""
    check_world(load_world(DOCUMENT), CONTRACT, "world.json")
    grown = grow(DOCUMENT, CONTRACT, seed=3, credentials=500, assertions=500)
    check_world(load_world(grown), CONTRACT, "grown")


def test_every_reference_resolves() -> None:
    """Whatever a record names is there, on the same platform."""
    known = {
        name: {(each["platform"], each[key]) for each in DOCUMENT[name]}
        for name, key in (
            ("issuers", "entityId"),
            ("images", "id"),
            ("courses", "course_id"),
            ("programs", "program_id"),
            ("pathways", "pathway_id"),
            ("users", "id"),
        )
    }
    for credential in DOCUMENT["credentials"]:
        platform = credential["platform"]
        assert (platform, credential["issuer"]) in known["issuers"]
        for name in ("courses", "programs", "pathways"):
            assert {(platform, each) for each in credential[name]} <= known[name]
        for name in ("icon_image_id", "background_image_id", "thumbnail_image_id"):
            assert credential[name] is None or (platform, credential[name]) in known["images"]
    platforms = {each["entityId"]: each["platform"] for each in DOCUMENT["credentials"]}
    linked = {each["entityId"]: each for each in DOCUMENT["credentials"]}
    for assertion in DOCUMENT["assertions"]:
        platform, credential = platforms[assertion["credential"]], linked[assertion["credential"]]
        assert (platform, assertion["recipient"]) in known["users"]
        for name, plural in (("course", "courses"), ("program", "programs")):
            assert assertion[name] is None or (platform, assertion[name]) in known[plural]
            assert assertion[name] is None or assertion[name] in credential[plural]
        assert parse_time(assertion["issuedOn"]) > parse_time(credential["createdAt"])
        assert assertion["revoked"] == (assertion["revocationReason"] is not None)
    assert len({each["entityId"] for each in DOCUMENT["assertions"]}) == len(DOCUMENT["assertions"])
    assert {key["user_id"] for key in DOCUMENT["api_keys"]} <= {u["id"] for u in DOCUMENT["users"]}
    files = [image["file"] for image in DOCUMENT["images"] if "file" in image]
    assert all((IMAGES / each).is_file() for each in files)
    groups = {(each["platform"], each["id"]) for each in DOCUMENT["groups"]}
    for people in (*DOCUMENT["groups"], *DOCUMENT["departments"]):
        named = {*people["members"], *people.get("admins", ())}
        assert {(people["platform"], each) for each in named} <= known["users"]
    issued = {each["entityId"]: each for each in DOCUMENT["assertions"]}
    for assignment in DOCUMENT["assignments"]:
        platform = platforms[assignment["credential"]]
        assert (platform, assignment["assigned_by"]) in known["users"]
        if "user" in assignment:
            recipients = {assignment["user"]}
        else:
            assert (platform, assignment["group"]) in groups
            recipients = {
                m for g in DOCUMENT["groups"] if g["id"] == assignment["group"]
                for m in g["members"]
            }  # fmt: skip
        made = [issued[each] for each in assignment["assertions"]]
        assert {each["credential"] for each in made} <= {assignment["credential"]}
        assert {each["recipient"] for each in made} <= recipients
    names = {each["name"] for each in DOCUMENT["providers"]}
    assert {(c["platform"] in ("main", "acme"), c["provider"] in names)
            for c in DOCUMENT["provider_configs"]} == {(True, True)}  # fmt: skip
    for mapping in DOCUMENT["external_mappings"]:
        assert mapping["credential"] in platforms
        assert mapping["provider"] in names


def test_the_world_has_what_others_rely_on() -> None:
    """Platforms, users, keys and enough of every kind of credential."""
    assert [each["key"] for each in DOCUMENT["platforms"]] == ["main", "acme"]
    users = {u["id"]: (u["username"], u["platform"], u["role"]) for u in DOCUMENT["users"]}
    assert users[1] == ("admin", "main", "platform-admin")
    assert users[2] == ("learner", "main", "learner")
    assert users[3] == ("department-admin", "main", "department-admin")
    assert users[11] == ("acme-admin", "acme", "platform-admin")
    assert users[12] == ("acme-learner", "acme", "learner")
    keys = {each["key"]: each["user_id"] for each in DOCUMENT["api_keys"]}
    assert keys["main-admin-key"] == 1
    assert keys["main-learner-key"] == 2
    assert keys["main-department-admin-key"] == 3
    assert keys["acme-admin-key"] == 11
    assert not next(each for each in DOCUMENT["api_keys"] if each["key"] == "retired-key")["active"]
    assert len(of("main")) >= 60
    assert len(of("acme")) >= 15
    main = of("main")
    assert 0 < sum(not each["public"] for each in main) < len(main) / 2
    kinds = Counter(each["credentialType"] for each in main)
    assert len(kinds) == 6
    assert {each["signal"] for each in main} == {"COURSE_PASSED", "COURSE_COMPLETED"}
    for name in ("courses", "programs", "pathways"):
        assert any(each[name] for each in main)
    names = [each["name"] for each in main]
    assert max(map(len, names)) == 1000
    for character in ("é", "🧪", "ת", "ش", '"', "'"):
        assert any(character in name for name in names), character
    assert all(each["signatories"] for each in of("main", "issuers"))


def test_the_world_has_assertions_of_every_kind() -> None:
    """Some are active, some revoked, some expired."""
    kinds = {
        "revoked" if a["revoked"]
        else "expired" if a["expires"] is not None and parse_time(a["expires"]) < NOW
        else "active"
        for a in DOCUMENT["assertions"]
    }  # fmt: skip
    assert kinds == {"revoked", "expired", "active"}


def test_a_year_of_assertions_draws_a_curve() -> None:
    """At least 300 in the year before the tests' clock, in each month some, never the same."""
    moments = [parse_time(each["issuedOn"]) for each in DOCUMENT["assertions"]]
    year = [each for each in moments if NOW - timedelta(days=365) <= each <= NOW]
    assert len(year) >= 300
    months = Counter(each.strftime("%Y-%m") for each in year)
    assert len(months) == 12
    assert min(months.values()) >= 5
    assert max(months.values()) > 3 * min(months.values())


def test_generated_assertions_are_of_the_year_before_the_newest_record() -> None:
    """They are issued after their credential was made, and more of them towards the end."""
    grown = grow(DOCUMENT, CONTRACT, seed=3, credentials=50, assertions=400)
    made = grown["assertions"][:400]
    of = {each["entityId"]: each for each in grown["credentials"]}
    moments = sorted(parse_time(each["issuedOn"]) for each in made)
    end = max(parse_time(each["issuedOn"]) for each in DOCUMENT["assertions"])
    assert end - timedelta(days=366) <= moments[0]
    assert moments[-1] <= end
    assert moments[200] > moments[0] + (end - moments[0]) / 2
    assert sum(each.weekday() > 4 for each in moments) < 400 / 7
    for each in made:
        credential = of[each["credential"]]
        assert parse_time(each["issuedOn"]) >= parse_time(credential["createdAt"][:19] + "Z")
        assert each["course"] is None or each["course"] in credential["courses"]
    assert {each["revoked"] for each in made} == {True, False}
    again = grow(DOCUMENT, CONTRACT, seed=3, credentials=50, assertions=500)["assertions"]
    assert again[:400] == made


def seed(*options: str) -> bytes:
    """Run `credmock seed` and return what it prints."""
    return subprocess.run(
        [*CREDMOCK, "seed", *options], capture_output=True, check=True, timeout=PATIENCE
    ).stdout


def test_the_same_seed_gives_the_same_bytes() -> None:
    """`credmock seed` repeats itself, and another seed is another world."""
    first = seed("--seed", "7", "--credentials", "200")
    assert first == seed("--seed", "7", "--credentials", "200")
    assert first != seed("--seed", "8", "--credentials", "200")
    longer = json.loads(seed("--seed", "7", "--credentials", "201"))["credentials"]
    assert longer[:200] == json.loads(first)["credentials"][:200]


def test_a_generated_world_serves(tmp_path: Path) -> None:
    """A world from a file has the generated credentials behind the curated ones."""
    file = tmp_path / "world.json"
    file.write_bytes(seed("--credentials", "300"))
    api = API(create_app(Config(world=file, strict=True, now=NOW)))
    shipped = API(create_app(Config(strict=True, now=NOW)))
    page, before = api.result("?page_size=100"), shipped.result("?page_size=100")
    assert page["count"] > before["count"] + 250
    assert page["data"][: len(before["data"])] == before["data"]
    generated = api.result("?page=last&page_size=100")["data"]
    assert len({each["name"] for each in generated}) == len(generated)
    assert {each["metadata"] is None for each in generated} == {True, False}


@pytest.mark.parametrize("count", [1000])
def test_generating_on_the_fly_is_the_same(tmp_path: Path, count: int) -> None:
    """`serve --credentials N` is the world that `seed --credentials N` writes."""
    file = tmp_path / "world.json"
    file.write_bytes(seed("--credentials", str(count), "--seed", "5"))
    written = export_world(sandbox_maker(Config(world=file), CONTRACT)().base)
    grown = export_world(sandbox_maker(Config(seed=5, credentials=count), CONTRACT)().base)
    assert written["credentials"] == grown["credentials"]
    numbers = {"credentials": count, "assertions": 1000, "assignments": 100}
    assert export_world(sandbox_maker(Config(seed=5, **numbers), CONTRACT)().base) == written


def test_ten_thousand_are_generated_quickly() -> None:
    """Each of ten thousand credentials takes about as long as each of a thousand."""

    def seconds(number: int) -> float:
        document = json.loads(WORLD.read_text())
        started = time.process_time()
        grown = grow(document, CONTRACT, 1, number)
        used = time.process_time() - started
        assert len(grown["credentials"]) == number + len(DOCUMENT["credentials"])
        return used

    seconds(1)  # loads what generates
    assert seconds(10_000) < 20 * seconds(1000)


def test_generated_assignments_hang_together() -> None:
    """Groups, departments, images and assignments load, and the same seed makes the same."""
    grown = with_assignments(DOCUMENT, CONTRACT, 3, 200)
    assert grown == with_assignments(DOCUMENT, CONTRACT, 3, 200)
    assert grown != with_assignments(DOCUMENT, CONTRACT, 4, 200)
    store = load_world(grown)
    check_world(store, CONTRACT, "grown")
    to_members = [each for each in store.assignments.values() if each.parent is not None]
    own = [each for each in DOCUMENT["assignments"] if "parent" not in each]
    assert len(store.assignments) - len(to_members) == len(own) + 200
    for each in to_members:
        group = store.groups[store.assignments[each.parent or ""].group or ""]
        assert each.user in group.members
    for name in ("groups", "departments", "images"):
        assert len(grown[name]) > len(DOCUMENT[name])
    for assignment in store.assignments.values():
        held = {store.assertions[each].recipient for each in assignment.assertions}
        if assignment.user is not None:
            assert held == {assignment.user}
        else:
            assert held == set()


def test_generated_assignments_are_served() -> None:
    """`--assignments N` lists them, and shows the images that came with them."""
    api = API(create_app(Config(strict=True, now=NOW, assignments=50)))
    shown = {kind: api.result(f"assignments/{kind}/")["count"] for kind in ("users", "groups")}
    before = {kind: sum(kind[:-1] in each for each in DOCUMENT["assignments"]) for kind in shown}
    assert shown["users"] >= before["users"] + 20
    assert shown["groups"] > before["groups"]
    images = api.get("images/?query=a").json
    assert len(images) > len([e for e in DOCUMENT["images"] if e["platform"] == "main"]) - 5
