"""How a published description differs from the contract, and how that is reported."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.contract.document import read_document
from mockserver.drift.comparison import find_drift
from mockserver.files import LEDGER
from tests.cli.test_commands import credmock

PUBLISHED = LEDGER.parent / "published"
OLD, LATER = PUBLISHED / "published-3.59.0.yaml", PUBLISHED / "published-4.90.4.yaml"
LIST = "/api/credentials/orgs/{org}/users/{user_id}/"
ITEM = "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}"

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The C dumper, where it is available, is ten times as fast."""

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
    """Each difference of a description that ships has a row, and each row a difference."""
    found = find_drift(path)
    assert (found.unknown, found.resolved, found.exit_code) == ([], {}, 0)
    assert sum(map(len, found.known.values())) > 400


def test_the_overwritten_schema_is_one_finding() -> None:
    """4.90.4: one paragraph at the top says what happened, and no row repeats it."""
    ended = credmock("drift", str(LATER))
    assert ended.returncode == 0
    head, _, table = ended.stdout.partition("## Known")
    assert "The schema `Credential` was overwritten by another of the same name." in head
    assert "Of the 26 fields that the contract has, these are left: `name`." in head
    assert len(head.splitlines()) < 12
    assert "schemas/Credential/" not in table


def remove(path: str, method: str) -> Change:
    """Return a change that removes an operation."""
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
    """Return a change that removes a field."""
    return lambda document: fields(document, schema).pop(name)


def add_operation(document: dict[str, Any]) -> None:
    """Add an operation that the contract does not have."""
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
def test_a_difference_without_a_row_is_unknown(
    tmp_path: Path, change: Change, where: str, kind: str, breaking: bool
) -> None:
    """A change of a description is one unknown difference, breaking or not, and exit 1."""
    path = changed(tmp_path, change)
    found = {each.where: (each.change, each.breaking) for each in find_drift(path).unknown}
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

    found = find_drift(changed(tmp_path, overwrite))
    assert [each.name for each in found.overwritten] == ["Issuer"]
    assert (found.unknown, found.exit_code) == ([], 1)


@pytest.mark.slow
def test_names_in_paths_change_nothing(tmp_path: Path) -> None:
    """`{platform_key}` is the same as `{org}`, and an operation may have another name."""

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

    found = find_drift(changed(tmp_path, rename))
    assert found.unknown == []
    assert found.renamed == {
        "{platform_key}": "{org}",
        "{username}": "{user_id}",
        "credentials_platforms_destroy": "credentials_orgs_users_destroy",
    }


def test_what_no_longer_differs_is_resolved(tmp_path: Path) -> None:
    """When a description is corrected, the row about the error is named."""

    def correct(document: dict[str, Any]) -> None:
        document["openapi"] = read_document()["openapi"]

    found = find_drift(changed(tmp_path, correct))
    assert found.resolved == {"openapi": ("openapi",)}
    assert found.exit_code == 0


@pytest.mark.slow
def test_later_operations_are_not_expected() -> None:
    """A description of 3.59 need not have the operations of 4.90 or 4.202."""
    places = {each.where for each in find_drift(OLD).differences}
    assert not any("exim" in each or "provider" in each for each in places)
    assert not any("provider" in each for each in {e.where for e in find_drift(LATER).differences})


@pytest.mark.slow
def test_they_are_expected_of_a_later_description(tmp_path: Path) -> None:
    """A description of 4.202 without them has a difference for each."""

    def age(document: dict[str, Any]) -> None:
        document["info"]["version"] = "4.202.0"

    found = find_drift(changed(tmp_path, age, LATER))
    assert [each.change for each in found.unknown] == ["operation removed"] * 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swagger: '2.0'\npaths: {}\n", "expected an OpenAPI 3 description, got Swagger 2"),
        ("hello: world\n", "got a document without an OpenAPI version"),
        ("- 1\n", "expected a mapping, got a list"),
        ("openapi: 3.0.3\ninfo: {version: '1'}\npaths: {/x: {}}\n", "no path below"),
        ("openapi: 3.0.3\npaths: {}\n", "`info.version`"),
        ("openapi: 3.0.3\ninfo: {version: null}\npaths: {}\n", "write for example 4.90"),
        ("openapi: 3.0.3\ninfo: {version: [4]}\npaths: {}\n", "write for example 4.90"),
        ("openapi: 3\n", "got `openapi: 3`"),
        ("openapi: 4.0.0\n", "got `openapi: 4.0.0`"),
        ("hello\n", "expected a mapping, got a text"),
        ("null\n", "expected a mapping, got nothing"),
        ("<!doctype html>\n<html><title>a: b</title></html>\n", "this is a page of HTML or XML"),
        ("\n <?xml version='1.0'?><a/>\n", "this is a page of HTML or XML"),
        ('// a\n{"openapi": "3.0.3",\n "info": {}}\n', "line 1: JSON has no comments"),
        ('{"openapi": "3.0.3",\n /* b */\n "info": {}}\n', "line 2: JSON has no comments"),
        (
            "info: {version: 1}\nopenapi: 3.0.3\ninfo: {version: 2}\n",
            "line 3, column 1: 'info' stands twice",
        ),
        ('{"info": {"a": 1, "a": 2}}\n', "'a' stands twice"),
        ("a: [\n", "line 2"),
        (
            "openapi: 3.0.3\ninfo: {version: '1'}\npaths:\n  /api/credentials/:\n"
            "    get: {responses: {'200': {$ref: '#/components/responses/Nowhere'}}}\n",
            "not a valid OpenAPI document: the reference '#/components/responses/Nowhere'",
        ),
    ],
)
def test_a_file_that_is_not_a_description_is_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    """Any other file is an error of one line that names it, and exit 2."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    ended = credmock("drift", str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert str(path) in ended.stderr
    assert len(ended.stderr.splitlines()) <= 3
    assert "Traceback" not in ended.stderr
