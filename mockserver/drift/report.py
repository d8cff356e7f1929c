"""A drift as a page of Markdown, or as one JSON document."""

import json
from collections.abc import Iterator
from typing import Any

from mockserver.drift.drift import Drift, Finding, Overwritten

SHOWN = 200
"""Characters of a cell; published texts can be long."""


def as_json(drift: Drift, name: str) -> str:
    """Return `{published, version, unknown, overwritten, renamed, gone, known}`."""
    document = {
        "published": name,
        "version": drift.version,
        "unknown": [_plain(each) for each in drift.unknown],
        "overwritten": [
            {"schema": each.name, "contract_fields": each.was, "published_fields": each.now,
             "kept": each.kept, "known": each.row is not None}
            for each in drift.overwritten
        ],
        "renamed": drift.renamed,
        "gone": drift.gone,
        "known": [
            {"row": where, "why": _why(findings[0]), "places": [_plain(each) for each in findings]}
            for where, findings in drift.known.items()
        ],
    }  # fmt: skip
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_markdown(drift: Drift, name: str) -> str:
    """Return the differences, what is unknown first and what is known by row."""
    return "\n".join(_lines(drift, name))


def _lines(drift: Drift, name: str) -> Iterator[str]:
    unknown, known = drift.unknown, drift.known
    breaking = sum(each.breaking for each in unknown)
    yield f"# {name} (version {drift.version}) against the contract"
    yield ""
    parts = (
        f"{_number(len(unknown), 'unknown difference')}, {breaking} of them breaking",
        f"{_number(len(drift.overwritten), 'schema')} overwritten",
        f"{_number(sum(map(len, known.values())), 'known difference')} "
        f"in {_number(len(known), 'row')} of the ledger",
        f"{_number(len(drift.gone), 'row')} about what no longer differs",
    )
    yield "; ".join(parts) + "."
    for each in drift.overwritten:
        yield from _overwritten(each)
    if unknown:
        yield from _heading("Unknown")
        yield from _table(
            ("where", "change", "published", "contract", "effect"),
            ((f"`{each.where}`", each.change, each.published, each.contract,
              "breaking" if each.breaking else "not breaking") for each in unknown),
        )  # fmt: skip
    if drift.renamed:
        yield from _heading("Other names, which are not sent and change nothing on the wire")
        yield from (f"- `{old}` is the contract's `{new}`" for old, new in drift.renamed.items())
    if drift.gone:
        yield from _heading("No longer different: take these out of the ledger's rows")
        yield from (f"- `{where}`: {len(places)} places" for where, places in drift.gone.items())
    if known:
        yield from _heading("Known")
        yield from _table(
            ("row of the ledger", "places", "why"),
            ((f"`{where}`", str(len(each)), _why(each[0])) for where, each in known.items()),
        )


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _overwritten(each: Overwritten) -> Iterator[str]:
    yield from _heading(f"Overwritten: `{each.name}`")
    kept = ", ".join(f"`{name}`" for name in each.kept) or "none"
    now = ", ".join(f"`{name}`" for name in each.now)
    yield (
        f"The schema `{each.name}` was overwritten by another of the same name. Of the "
        f"{len(each.was)} fields that the contract has, these are left: {kept}. It is now about "
        f"{now}. Clients that are generated from it are wrong wherever `{each.name}` is used."
    )
    yield ""
    if each.row is None:
        yield "Nothing in the ledger knows of it."
    else:
        yield f"Known (`{each.row['where']}`): {_cell(each.row['why'])}"


def _heading(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---' for _ in titles)} |"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "where": finding.where,
        "change": finding.change,
        "published": finding.published,
        "contract": finding.contract,
        "breaking": finding.breaking,
    }


def _why(finding: Finding) -> str:
    return " ".join(str(finding.row["why"]).split()) if finding.row else ""
