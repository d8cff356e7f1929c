"""A drift as a page of Markdown, or as one JSON document."""

import json
from collections.abc import Iterator
from typing import Any

from mockserver.drift.comparison import Difference, Drift, OverwrittenSchema

MAXIMUM_CELL = 200
"""Characters of a cell of a table; published texts can be long."""


def write_json(drift: Drift, name: str) -> str:
    """Return `{published, version, unknown, overwritten, renamed, gone, known}`."""
    document = {
        "published": name,
        "version": drift.version,
        "unknown": [_as_object(difference) for difference in drift.unknown],
        "overwritten": [
            {
                "schema": schema.name,
                "contract_fields": schema.contract_fields,
                "published_fields": schema.published_fields,
                "kept": schema.shared_fields,
                "known": schema.row is not None,
            }
            for schema in drift.overwritten
        ],
        "renamed": drift.renamed,
        "gone": drift.resolved,
        "known": [
            {
                "row": where,
                "why": _read_reason(differences[0]),
                "places": [_as_object(difference) for difference in differences],
            }
            for where, differences in drift.known.items()
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def write_markdown(drift: Drift, name: str) -> str:
    """Return the differences: first those that the ledger does not explain, then those it does."""
    return "\n".join(_lines(drift, name))


def _lines(drift: Drift, name: str) -> Iterator[str]:
    unknown, known = drift.unknown, drift.known
    breaking = sum(difference.breaking for difference in unknown)
    yield f"# {name} (version {drift.version}) compared with the contract"
    yield ""
    parts = (
        f"{_count(len(unknown), 'unknown difference')}, {breaking} of them breaking",
        f"{_count(len(drift.overwritten), 'schema')} overwritten",
        f"{_count(sum(map(len, known.values())), 'known difference')} "
        f"in {_count(len(known), 'row')} of the ledger",
        f"{_count(len(drift.resolved), 'row')} about what is no longer different",
    )
    yield "; ".join(parts) + "."
    for schema in drift.overwritten:
        yield from _overwritten_lines(schema)
    if unknown:
        yield from _heading("Unknown: the ledger has no row for these")
        yield from _table(
            ("where", "change", "published", "contract", "effect"),
            (
                (f"`{d.where}`", d.change, d.published, d.contract,
                 "breaking" if d.breaking else "not breaking")
                for d in unknown
            ),
        )  # fmt: skip
    if drift.renamed:
        yield from _heading("Renamed: these names are not sent, so nothing changes on the wire")
        yield from (f"- `{old}` is `{new}` in the contract" for old, new in drift.renamed.items())
    if drift.resolved:
        yield from _heading("No longer different: remove these places from the ledger")
        for where, places in drift.resolved.items():
            yield f"- `{where}`: {_count(len(places), 'place')}"
    if known:
        yield from _heading("Known: the ledger explains these")
        yield from _table(
            ("row of the ledger", "places", "why"),
            (
                (f"`{where}`", str(len(differences)), _read_reason(differences[0]))
                for where, differences in known.items()
            ),
        )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _overwritten_lines(schema: OverwrittenSchema) -> Iterator[str]:
    yield from _heading(f"Overwritten: `{schema.name}`")
    shared = ", ".join(f"`{name}`" for name in schema.shared_fields) or "none"
    published = ", ".join(f"`{name}`" for name in schema.published_fields)
    yield (
        f"The schema `{schema.name}` was overwritten by another of the same name. Of the "
        f"{len(schema.contract_fields)} fields that the contract has, these are left: {shared}. "
        f"The published fields are {published}. Clients that are generated from it are wrong "
        f"wherever `{schema.name}` is used."
    )
    yield ""
    if schema.row is None:
        yield "Unknown: the ledger has no row for it."
    else:
        yield f"Known (`{schema.row['where']}`): {_cell(schema.row['why'])}"


def _heading(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---' for _ in titles)} |"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= MAXIMUM_CELL else f"{line[: MAXIMUM_CELL - 1]}…"


def _as_object(difference: Difference) -> dict[str, Any]:
    return {
        "where": difference.where,
        "change": difference.change,
        "published": difference.published,
        "contract": difference.contract,
        "breaking": difference.breaking,
    }


def _read_reason(difference: Difference) -> str:
    return " ".join(str(difference.row["why"]).split()) if difference.row else ""
