"""What the ledger says about a difference: a choice, something unknown, or a divergence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from contract_tests.compare.differences import Difference
from contract_tests.engine.contract import contract_file


@dataclass(frozen=True)
class Row:
    """A row of the ledger, known by how it begins, and the differences that it is about."""

    kind: str
    begins: str
    covers: Callable[[Difference], bool]


def is_status(one: Difference, *pair: str) -> bool:
    """Tell whether the statuses of a difference are these two, in any order."""
    return one.kind == "status" and {one.left, one.right} == set(pair)


ROWS: tuple[Row, ...] = (
    Row("unknown", "whether a response carries `Vary`",
        lambda one: one.kind == "header" and one.place == "vary"),
    Row("choice", "The names of the paths in responses to OPTIONS",
        lambda one: one.ask.method == "OPTIONS" and one.name in ("name", "description")),
    Row("unknown", "what a learner gets for a private credential",
        lambda one: one.ask.actor == "learner" and is_status(one, "403", "404")),
    Row("unknown", "whether `limit` and `offset` work on issuers",
        lambda one: one.kind in ("records", "field")
        and bool({"limit", "offset"} & one.ask.parameters)),
    Row("divergence", "Clients accept 200 and 201 for a create",
        lambda one: one.ask.method == "POST" and is_status(one, "200", "201")),
    Row("divergence", "A deleted credential is 204 up to release 4.95",
        lambda one: one.ask.method == "DELETE" and is_status(one, "200", "204")),
    Row("choice", "Roles.",
        lambda one: one.ask.actor == "other_org_admin" and is_status(one, "403", "404")),
    Row("choice", "A user is looked up among the users of the platform",
        lambda one: one.ask.what == "another platform" and is_status(one, "403", "404")),
    Row("unknown", "whether a search that finds no assignment is 403",
        lambda one: "assignments" in one.ask.operation and "search" in one.ask.parameters
        and is_status(one, "200", "403")),
    Row("choice", "Page sizes and order of issuers",
        lambda one: one.ask.operation == "credentials_orgs_users_issuers_retrieve"
        and (one.name == "max_page_size" or (one.kind == "records" and not one.ask.parameters))),
)  # fmt: skip
"""The rows that a comparison of reads and writes can meet."""


def explain(one: Difference) -> tuple[str, str]:
    """Return the kind and the text of the row that is about a difference, else empty texts."""
    for row in ROWS:
        if row.covers(one):
            return row.kind, find_text(row)
    return "", ""


def find_text(row: Row) -> str:
    """Return the whole text of a row; raises KeyError if the ledger has none that begins so."""
    for text in load_texts():
        if text.startswith(row.begins):
            return text
    raise KeyError(row.begins)


@cache
def load_texts() -> tuple[str, ...]:
    """Return the texts of the ledger: its reasons, readings, what is unknown, and the choices."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    source = contract_file().with_name("divergences.yaml").read_bytes()
    ledger: Mapping[str, Any] = yaml.load(source, Loader=loader)  # noqa: S506
    rows = [row["why"] for row in ledger["rows"]]
    readings = [row["mock"] for row in ledger["readings"]]
    unknown = [f"{row['what']}: {row['mock']}" for row in ledger["unknown"]]
    choices = [
        # A sentence with a colon is a mapping for YAML.
        ": ".join(next(iter(text.items()))) if isinstance(text, dict) else text
        for text in ledger["choices"]
    ]
    return tuple(" ".join(text.split()) for text in (*rows, *readings, *unknown, *choices))
