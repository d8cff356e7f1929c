"""The start fails with one line until everything that an operation needs is there."""

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.api.completeness import check_completeness
from mockserver.api.operations import Handlers
from mockserver.contract.compiler import compile_contract, load_contract
from mockserver.contract.document import read_document
from mockserver.drift.ledger import check_departures, read_ledger, scan_ledger, scan_operation_ids
from mockserver.errors import StartError
from mockserver.files import CONTRACT
from tests.cli.test_commands import credmock
from tests.support.paths import ROOT

Change = Callable[[dict[str, Any]], None]
PATH = "/api/credentials/orgs/{org}/users/{user_id}/"
LOOK_UP = "/api/credentials/public/assertions/{entity_id}/"


def change_list(**changes: Any) -> Change:
    """Return a change of the operation that lists credentials; None removes a key."""

    def change(document: dict[str, Any]) -> None:
        operation = document["paths"][PATH]["get"]
        operation.update(changes)
        for key in [key for key, value in operation.items() if value is None]:
            del operation[key]

    return change


def remove_list(document: dict[str, Any]) -> None:
    """Remove the operation that lists credentials."""
    del document["paths"][PATH]["get"]


def remove_view_name(document: dict[str, Any]) -> None:
    """Remove what OPTIONS calls the path of credentials."""
    del document["paths"][PATH]["x-view-name"]


def give_roles_to_the_public(document: dict[str, Any]) -> None:
    """Say that learners may call what everybody may call."""
    document["paths"][LOOK_UP]["get"]["x-roles"] = ["learner"]


def protect_one_of_two(document: dict[str, Any]) -> None:
    """Add an operation with roles to a path that needs no key."""
    added = {**document["paths"][PATH]["get"], "operationId": "credentials_public_revoke"}
    document["paths"][LOOK_UP]["post"] = added


MISSING: tuple[tuple[Change, str], ...] = (
    (
        change_list(operationId="credentials_orgs_users_brand_new"),
        "operations without a handler: credentials_orgs_users_brand_new",
    ),
    (
        protect_one_of_two,
        "operations without a handler: credentials_public_assertions_retrieve,"
        " credentials_public_revoke",
    ),
    (remove_list, "handlers without an operation: credentials_orgs_users_retrieve"),
    (
        change_list(**{"x-roles": None}),
        "credentials_orgs_users_retrieve: x-roles is missing: list those of"
        " platform-admin, department-admin, learner",
    ),
    (
        change_list(**{"x-roles": ["learner", "king"]}),
        "credentials_orgs_users_retrieve: x-roles: 'king' is not one of"
        " platform-admin, department-admin, learner",
    ),
    (
        give_roles_to_the_public,
        "credentials_public_assertions_retrieve: x-roles and `security: []` exclude each other",
    ),
    (remove_view_name, f"{PATH}: x-view-name is missing"),
)


@pytest.mark.parametrize(("change", "message"), MISSING)
def test_what_is_missing_is_one_line(change: Change, message: str) -> None:
    """A contract that lacks something is refused with a line that says what."""
    document = copy.deepcopy(read_document())
    change(document)
    with pytest.raises(StartError) as caught:
        check_completeness(compile_contract(document), Handlers())
    assert str(caught.value) == message


def test_a_departure_without_a_row_is_one_line() -> None:
    """A strict mock refuses a contract that differs where the ledger says nothing."""
    document = copy.deepcopy(read_document())
    added = {"name": "region", "in": "query", "schema": {"type": "string"}}
    document["paths"][PATH]["get"]["parameters"] += [added, {**added, "name": "city"}]
    contract = compile_contract(document)
    check_completeness(contract, Handlers())
    with pytest.raises(StartError) as caught:
        check_completeness(contract, Handlers(), strict=True)
    assert str(caught.value) == (
        "credentials_orgs_users_retrieve/parameters/query/city: divergences.yaml has no row for"
        " this departure from published-3.59.0.yaml: published 'absent', contract 'string'"
        " (and 1 more)"
    )


def test_the_contract_is_complete() -> None:
    """What ships has everything."""
    check_completeness(load_contract(), Handlers(), strict=True)
    check_departures(load_contract())


def test_the_quick_search_finds_what_a_parser_finds() -> None:
    """The ledger's rows and the published operationIds are the same in the text and in the YAML."""
    ledger, scanned = read_ledger(), scan_ledger()
    assert (scanned.published, scanned.places) == (ledger.published, ledger.places)
    items = read_document(ledger.published)["paths"].values()
    parsed = {operation["operationId"] for item in items for operation in item.values()}
    assert scan_operation_ids(ledger.published) == parsed


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "openapi.yaml",
            "operationId: credentials_providers_retrieve",
            "operationId: credentials_provider_names_retrieve",
            "operations without a handler: credentials_provider_names_retrieve",
        ),
        (
            "openapi.yaml",
            "      x-roles: [platform-admin, department-admin, learner]\n",
            "",
            "credentials_orgs_users_retrieve: x-roles is missing: list those of"
            " platform-admin, department-admin, learner",
        ),
        (
            "openapi.yaml",
            "    x-view-name: Providers\n",
            "",
            "/api/credentials/providers/: x-view-name is missing",
        ),
        (
            "divergences.yaml",
            "  - where: credentials_providers_retrieve\n",
            "  - where: credentials_providers_retrieved\n",
            "credentials_providers_retrieve: not in published-3.59.0.yaml, so divergences.yaml"
            " needs a row with `where: credentials_providers_retrieve`",
        ),
    ],
)
def test_the_command_stops_with_one_line(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    """A checkout in which an operation lacks something serves nothing, and says what it lacks."""
    for folder in ("mockserver", "spec", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "spec" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    command = [sys.executable, "-m", "mockserver", "call", "GET", "/"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"{message}\n")
    assert ended.stderr.count("\n") == 1


def test_the_check_of_the_contract_names_a_departure(tmp_path: Path) -> None:
    """`spec --check` fails for a document that departs from what is published without a row."""
    path = tmp_path / "changed.yaml"
    text = CONTRACT.read_text(encoding="utf-8")
    path.write_text(text.replace("name: page_size\n", "name: size\n"), encoding="utf-8")
    ended = credmock("spec", "--check", "--file", str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "credmock: credentials_orgs_users_assertions_retrieve/parameters/query/size:"
        " divergences.yaml has no row for this departure from published-3.59.0.yaml: published"
        " 'absent', contract 'integer (minimum 1, maximum 1000, default 10)' (and 6 more)\n"
    )
