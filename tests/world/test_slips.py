"""Worlds that somebody typed: each slip is one line with the place, what was meant and the fix."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockserver.cli.main import main
from mockserver.errors import StartError
from mockserver.files import WORLD
from mockserver.world.document import check_document, read_world
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from mockserver.world.values import PICTURES
from tests.support.world import DOCUMENT

World = dict[str, Any]


def put(*path: Any) -> Callable[[World], None]:
    """Return what puts the last of these at the place that the others name."""

    def change(world: World) -> None:
        target = world
        for step in path[:-2]:
            target = target[step]
        target[path[-2]] = path[-1]

    return change


def rename(*path: Any) -> Callable[[World], None]:
    """Return what renames a field: the last two are its name before and after."""

    def change(world: World) -> None:
        target = world
        for step in path[:-2]:
            target = target[step]
        target[path[-1]] = target.pop(path[-2])

    return change


def remove(*path: Any) -> Callable[[World], None]:
    """Return what removes a field."""

    def change(world: World) -> None:
        target = world
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


def repeat(name: str) -> Callable[[World], None]:
    """Return what lists the first record of a collection twice."""
    return lambda world: world[name].append(copy.deepcopy(world[name][0]))


C = ("credentials", 0)
SLIPS = [
    (rename("credentials", "credentails"), ["collection 'credentails'", "mean 'credentials'?"]),
    (rename("users", "people"), ["unknown collection 'people'", "use "]),
    (rename(*C, "name", "nmae"), ["credentials[0]", "field 'nmae'", "did you mean 'name'?"]),
    (rename(*C, "createdAt", "created_at"), ["'created_at'", "mean 'createdAt'?"]),
    (rename("api_keys", 0, "user_id", "user"), ["api_keys[0]", "mean 'user_id'?"]),
    (rename("issuers", 0, "entityId", "EntityID"), ["issuers[0]", "mean 'entityId'?"]),
    (rename("issuers", 0, "signatories", 0, "title", "titel"), ["signatories[0]", "'title'?"]),
    (remove(*C, "public"), ["Campus Orientation", "'public' is missing", '"public": true']),
    (remove("users", 1, "email"), ["users[1]", "'email' is missing", "example.org"]),
    (put(*C, "name", 5), ["credentials[0]", "name: expected a text", "got 5"]),
    (put("users", 0, "id", "1"), ["users[0]", "id: expected a number without quotes", 'got "1"']),
    (put("users", 0, "active", "yes"), ["active: expected true or false", 'got "yes"']),
    (put(*C, "courses", "PY101"), ["courses: expected a list", 'got "PY101"']),
    (put(*C, "tags", "x"), ["tags: expected a list in brackets or null"]),
    (put(*C, "expires", "P1Y"), ["expires: expected an object"]),
    (put(*C, "expires", {"ammount": 1}), ["expires", "did you mean 'amount'?"]),
    (put("assertions", 0, "recipient", "learner"), ["recipient: expected a number", "learner"]),
    (put("users", {"1": {}}), ["users: expected a list"]),
    (put("users", 0, "admin"), ["users[0]", "expected an object", 'got "admin"']),
    (put("users", 0, "role", "platform_admin"), ["role 'platform_admin'", "'platform-admin'?"]),
    (put("users", 0, "role", "king"), ["unknown role 'king'", "learner"]),
    (put(*C, "signal", "COURSE_COMPLETE"), ["unknown signal", "'COURSE_COMPLETED'?"]),
    (put("assertions", 0, "acceptance", "accepted"), ["unknown acceptance", "'Accepted'?"]),
    (put(*C, "issuer", "Main Campus Academy"), ["no issuer", "that is a name, write 'ZgX7"]),
    (put(*C, "platform", "mian"), ["no platform 'mian'", "did you mean 'main'?"]),
    (put("assertions", 0, "recipient", 777), ["there is no user 777", "use 1, "]),
    (put("courses", 0, "platform", "nobody"), ["courses[0]", "there is no platform 'nobody'"]),
    (put("images", 0, "file", "pyhton.svg"), ["images[0]", "'pyhton.svg'", "'python.svg'?"]),
    (put("images", 0, "file", "../world.json"), ["there is no picture"]),
    (put("images", 0, "content", "x"), ["images[0]", "'file'", "'content'", "not both"]),
    (remove("images", 0, "file"), ["images[0]", "one of 'file' and 'content'"]),
    (
        put("issuers", 0, "signatories", 0, "signature", "/__mock__/images/x.png"),
        ["picture 'x.png'"],
    ),
    (put(*C, "iconImage", f"{PICTURES}claud.svg"), ["'claud.svg'", "'cloud.svg'?"]),
    (put("issuers", 0, "icon_image_id", 4711), ["issuers[0]", "there is no image 4711"]),
    (put(*C, "createdAt", "yesterday"), ["createdAt: 'yesterday' is not a time", "2026-06-01T"]),
    (put(*C, "createdAt", "2026-01-01T10:00:00"), ["createdAt:", "no time zone", "add Z"]),
    (put(*C, "createdAt", "9999-12-31T23:59:59-05:00"), ["createdAt:", "beyond the calendar"]),
    (put("assertions", 0, "expires", "2026-13-01T00:00:00Z"), ["expires:", "is not a time"]),
    (repeat("platforms"), ["platforms[2]", "'main' is used twice"]),
    (repeat("users"), ["user 1 is used twice"]),
    (repeat("api_keys"), ["is used twice", "give each its own"]),
    (repeat("issuers"), ["issuers[6]", "is used twice"]),
    (repeat("courses"), ["course", "is used twice"]),
    (repeat("providers"), ["provider", "is used twice"]),
    (put("users", 1, "username", "admin"), ["users[1]", "username 'admin' is used twice"]),
    (put("external_mappings", 0, "provider", "Credly"), ["that is a name, write 'credly'"]),
    (repeat("provider_configs"), ["provider_configs[3]", "'credly' is used twice"]),
    (repeat("external_mappings"), ["external_mappings[4]", "'credly' is used twice"]),
    (put("api_keys", 0, "key", "main-admin-key "), ["api_keys[0]", "no header carries it"]),
    (put("api_keys", 0, "key", "a\u0000b"), ["api_keys[0]", "no header carries it"]),
    (put("users", 0, "id", 1.0), ["users[0]", "id: expected a whole number", "got 1.0"]),
    (put("users", 0, "id", 10**30), ["users[0]", "id: expected a whole number"]),
    (put("groups", 0, "members", [1.0]), ["groups[0]", "members: expected a whole number"]),
    (put("format", "credmock-world/2"), ["not a world document", "credmock-world/1", "world/2"]),
    (put("format", None), ["not a world document", 'got "format": null']),
    (rename("format", "Format"), ["not a world document", "got an object with ", "'users'"]),
]


@pytest.mark.parametrize(
    ("document", "got"), [([], "a list"), (None, "null"), ("x", '"x"'), ({}, "nothing")]
)
def test_what_is_no_world_is_told(document: Any, got: str) -> None:
    """The line says what is there instead."""
    with pytest.raises(StartError, match=f"mine.json: not a world document: .*got .*{got}"):
        check_document(document, "mine.json")


@pytest.mark.parametrize(("change", "parts"), SLIPS)
def test_a_slip_is_one_line(
    tmp_path: Path, change: Callable[[World], None], parts: list[str]
) -> None:
    """It names the file, the record and the field, and what to write instead."""
    world = copy.deepcopy(dict(DOCUMENT))
    change(world)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(world))
    with pytest.raises(StartError) as refused:
        load_world(read_world(path), str(path))
    said = str(refused.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('{"format": "x",\n}', "line 2, column 1: .*comma after the last entry"),
        ('{"users": [1, 2,]}', "comma after the last entry"),
        ('{\n  // mine\n  "format": "x"}', "line 2.*no comments"),
        ('{"format": "x" # mine\n}', "no comments"),
        ("{'format': 'x'}", "double quotes"),
        ('{format: "x"}', "double quotes"),
        ('{\u201cformat\u201d: "x"}', "straight double quotes"),
        ('{"active": True}', "true, false or null"),
        ('{"a": None}', "true, false or null"),
        ('{"format": "x"\n "users": []}', "line 2.*comma between"),
        ('{"users": [{} {}]}', "comma between"),
        ('{"format": "x"', "not closed"),
        ('{"format": "x', "line 1"),
        ("format: credmock-world/1", "line 1"),
        ('{"a": NaN}', "no such number"),
        ('{"a": undefined}', "true, false or null"),
        ('{"a": yes}', "true, false or null"),
        ('{"a": 010}', "plain digits"),
        ('{"a": 0x10}', "plain digits"),
        ('{"a": 1_000}', "plain digits"),
        ('{"a": +1}', "without \\+"),
        ('{"a": .5}', "0 before the point"),
        ('{"a": "x\ny"}', "line 1.*line break"),
        ('{"a": "x\ty"}', "for a tab"),
        ('{"a": "C:\\Users"}', "backslash|hexadecimal"),
        ('{"a": "\\u12"}', "four hexadecimal digits"),
        ('{"a": "\\ud800"}', "the character itself"),
        ('{"a": 1; "b": 2}', "comma instead of the semicolon"),
        ('{"a" = 1}', "colon after the name"),
        ('{"a": [...]}', "remove the dots"),
        ('{\n<<<<<<< HEAD\n"a": 1}', "conflict of the merge"),
        ("<!doctype html>", "HTML or XML"),
        ('{"a": 1}\n{"a": 2}', "line 2.*follows the end"),
        ('{"a": "x}', "close the quote"),
        ("[" * 3000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "infinity"),
    ],
)
def test_a_slip_of_json_names_the_line_and_the_fix(tmp_path: Path, text: str, fix: str) -> None:
    """As JSON is usually mistyped, and copied from Python or a word processor."""
    path = tmp_path / "mine.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StartError, match=f"mine.json: not valid JSON: .*{fix}"):
        read_world(path)


@pytest.mark.parametrize("value", [10**30, "\ud800", [[[[]]]] * 2])
def test_a_document_that_is_no_json_is_told(value: Any) -> None:
    """It may come from a scenario or from a request, which hold more than JSON does."""
    world = copy.deepcopy(dict(DOCUMENT))
    world["users"][0]["id"] = value
    with pytest.raises(StartError, match=r"^the body: "):
        check_document(world, "the body")


def test_a_name_that_stands_twice_is_told(tmp_path: Path) -> None:
    """JSON readers take the last one without a word."""
    path = tmp_path / "mine.json"
    text = WORLD.read_text().replace('"username"', '"name": "Twice", "username"', 1)
    path.write_text(text)
    with pytest.raises(StartError, match="'name' twice: remove one"):
        read_world(path)


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, and no traceback, where the server would start."""
    path = tmp_path / "mine.json"
    path.write_text(WORLD.read_text().replace('"username"', '"usrname"', 1))
    ended = CliRunner().invoke(main, ["call", "GET", "/", "--world", str(path)])
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert "did you mean 'username'?" in ended.stderr


def test_what_is_exported_has_the_shape() -> None:
    """So does the world that ships."""
    check_document(DOCUMENT, "the world that ships")
    check_document(export_world(load_world(copy.deepcopy(dict(DOCUMENT)))), "an export")
