"""What a published description says otherwise than the contract, and how that is told."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.contract.document import read_document
from mockserver.drift.drift import Drift, drift
from mockserver.files import LEDGER
from tests.cli.test_commands import credmock

PUBLISHED = LEDGER.parent / "published"
OLD, LATER = PUBLISHED / "published-3.59.0.yaml", PUBLISHED / "published-4.90.4.yaml"
LIST = "/api/credentials/orgs/{org}/users/{user_id}/"
ITEM = "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}"

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""Ten times as fast as the other, where it is."""

Change = Callable[[dict[str, Any]], None]


def changed(tmp_path: Path, change: Change, source: Path = OLD) -> Path:
    """Return a copy of a published description with a change."""
    document = copy.deepcopy(read_document(source))
    change(document)
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.dump(document, Dumper=DUMPER), encoding="utf-8")
    return path


def fields(document: dict[str, Any], schema: str) -> dict[str, Any]:
    """Return the properties of a schema."""
    found: dict[str, Any] = document["components"]["schemas"][schema]["properties"]
    return found


@pytest.mark.parametrize("path", [OLD, LATER])
def test_the_ledger_explains_what_ships(path: Path) -> None:
    """Each difference of a description that ships has a row, and none is gone."""
    found = drift(path)
    assert (found.unknown, found.gone, found.exit_code) == ([], {}, 0)
    assert sum(map(len, found.known.values())) > 400


def test_the_overwritten_schema_is_told_plainly() -> None:
    """4.90.4: one finding at the top says what happened, and no line repeats it."""
    ended = credmock("drift", str(LATER))
    assert ended.returncode == 0
    head, _, table = ended.stdout.partition("## Known")
    assert "The schema `Credential` was overwritten by another of the same name." in head
    assert "Of the 26 fields that the contract has, these are left: `name`." in head
    assert len(head.splitlines()) < 12
    assert "schemas/Credential/" not in table


def remove(path: str, method: str) -> Change:
    """Return a change that takes an operation away."""
    return lambda document: document["paths"][path].pop(method)


def add_parameter(*, required: bool) -> Change:
    """Return a change that gives the list one more parameter."""
    schema = {"type": "string"}
    parameter = {"name": "region", "in": "query", "required": required, "schema": schema}
    return lambda d: d["paths"][LIST]["get"].setdefault("parameters", []).append(parameter)


def set_field(schema: str, name: str, value: Any) -> Change:
    """Return a change of a field."""
    return lambda document: fields(document, schema).update({name: value})


def pop_field(schema: str, name: str) -> Change:
    """Return a change that takes a field away."""
    return lambda document: fields(document, schema).pop(name)


def add_operation(document: dict[str, Any]) -> None:
    """Add an operation that nobody knows."""
    document["paths"][ITEM]["patch"] = {**document["paths"][ITEM]["put"], "operationId": "patch_it"}


UNKNOWN: tuple[tuple[Change, str, str, bool], ...] = (
    (remove(ITEM, "delete"), "credentials_orgs_users_destroy", "operation removed", True),
    (add_operation, "patch_it", "operation added", False),
    (add_parameter(required=False), "credentials_orgs_users_retrieve/parameters/query/region",
     "parameter added", False),
    (add_parameter(required=True), "credentials_orgs_users_retrieve/parameters/query/region",
     "parameter added", True),
    (set_field("Issuer", "founded", {"type": "string"}), "schemas/Issuer/founded",
     "field added", False),
    (pop_field("Issuer", "name"), "schemas/Issuer/name", "field removed", True),
    (set_field("Assertion", "narrative", {"type": "integer"}), "schemas/Assertion/narrative",
     "field changed", True),
    (set_field("IssuerAuthority", "title", {"type": "integer"}), "schemas/IssuerAuthority/title",
     "field changed", True),
    (set_field("UploadedImage", "name", {"type": "string", "maxLength": 5}),
     "schemas/UploadedImage/name", "field changed", True),
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where", "kind", "breaking"),
    [
        *UNKNOWN[:3],
        *(pytest.param(*each, marks=pytest.mark.slow) for each in UNKNOWN[3:]),
    ],
)
def test_what_the_ledger_does_not_know(
    tmp_path: Path, change: Change, where: str, kind: str, breaking: bool
) -> None:
    """A change of a description is one unknown difference, breaking or not, and exit 1."""
    path = changed(tmp_path, change)
    found = {each.where: (each.change, each.breaking) for each in drift(path).unknown}
    assert found == {where: (kind, breaking)}
    ended = credmock("drift", str(path), "--format", "json")
    assert ended.returncode == 1
    assert [each["where"] for each in json.loads(ended.stdout)["unknown"]] == [where]


@pytest.mark.slow
def test_another_overwritten_schema_is_unknown(tmp_path: Path) -> None:
    """A schema that becomes another class is one finding, which nothing in the ledger explains."""

    def overwrite(document: dict[str, Any]) -> None:
        other = {"type": "object", "properties": {n: {"type": "string"} for n in ("sku", "price")}}
        document["components"]["schemas"]["Issuer"] = other

    found = drift(changed(tmp_path, overwrite))
    assert [each.name for each in found.overwritten] == ["Issuer"]
    assert (found.unknown, found.exit_code) == ([], 1)


@pytest.mark.slow
def test_names_in_paths_change_nothing(tmp_path: Path) -> None:
    """`{platform_key}` and `{username}` are the same places, and so are operations of new names."""

    def rename(document: dict[str, Any]) -> None:
        text = json.dumps(document)
        for old, new in (
            ("{org}", "{platform_key}"),
            ("{user_id}", "{username}"),
            ('"name": "org"', '"name": "platform_key"'),
            ('"name": "user_id"', '"name": "username"'),
            ('"credentials_orgs_users_destroy"', '"credentials_platforms_destroy"'),
        ):
            assert old in text
            text = text.replace(old, new)
        document.clear()
        document.update(json.loads(text))

    found = drift(changed(tmp_path, rename))
    assert found.unknown == []
    assert found.renamed == {
        "{platform_key}": "{org}",
        "{username}": "{user_id}",
        "credentials_platforms_destroy": "credentials_orgs_users_destroy",
    }


def test_what_no_longer_differs_is_gone(tmp_path: Path) -> None:
    """When a description is corrected, the row about the fault is named."""

    def correct(document: dict[str, Any]) -> None:
        document["openapi"] = read_document()["openapi"]

    found = drift(changed(tmp_path, correct))
    assert found.gone == {"openapi": ("openapi",)}
    assert found.exit_code == 0


@pytest.mark.slow
def test_later_operations_are_not_missed() -> None:
    """A description of 3.59 need not have what came with 4.90 or 4.202."""
    places = {each.where for each in drift(OLD).findings}
    assert not any("exim" in each or "provider" in each for each in places)
    assert not any("provider" in each for each in {e.where for e in drift(LATER).findings})


@pytest.mark.slow
def test_a_later_description_lacks_them(tmp_path: Path) -> None:
    """A description of 4.202 without them is told of, operation by operation."""

    def age(document: dict[str, Any]) -> None:
        document["info"]["version"] = "4.202.0"

    found: Drift = drift(changed(tmp_path, age, LATER))
    assert [each.change for each in found.unknown] == ["operation removed"] * 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swagger: '2.0'\npaths: {}\n", "this is Swagger 2"),
        ("hello: world\n", "no OpenAPI description"),
        ("- 1\n", "a mapping is expected"),
        ("openapi: 3.0.3\ninfo: {version: '1'}\npaths: {/x: {}}\n", "no path below"),
        ("openapi: 3.0.3\npaths: {}\n", "`info.version`"),
        ("a: [\n", "line 2"),
        (
            "openapi: 3.0.3\ninfo: {version: '1'}\npaths:\n  /api/credentials/:\n"
            "    get: {responses: {'200': {$ref: '#/components/responses/Nowhere'}}}\n",
            "not a valid OpenAPI document",
        ),
    ],
)
def test_what_is_no_description_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """A wrong file is a line that names it, and exit 2."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    ended = credmock("drift", str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert str(path) in ended.stderr
    assert len(ended.stderr.splitlines()) <= 3
    assert "Traceback" not in ended.stderr
