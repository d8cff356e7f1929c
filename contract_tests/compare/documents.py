"""A comparison as lines of the terminal, as JSON, as one HTML page, and as rows for the ledger."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from contract_tests.compare.differences import Entry
from contract_tests.compare.features import NORMALISED
from contract_tests.compare.session import Comparison
from contract_tests.engine.exchange import Exchange
from contract_tests.errors import UsageError
from contract_tests.report.documents import encode_json, make_environment

VERSION = 1
"""Of the JSON document; it is raised when a program that reads an older one would fail."""
LONGEST_VALUE = 300
MOST_SKIPPED = 10
_FOLDER = Path(__file__).resolve().parent


def build_document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON values, without any secret of either side."""
    document: dict[str, Any] = {
        "version": VERSION,
        "exit_code": comparison.exit_code,
        "headline": comparison.headline,
        "sides": [
            {"name": side.name, "base_url": side.settings.base_url} for side in comparison.sides
        ],
        "same_data": comparison.same_data,
        "started": comparison.started,
        "seconds": comparison.seconds,
        "requests": sum(side.target.observations.requests for side in comparison.sides),
        "score": round(comparison.score, 4),
        "operations": [
            {"operation": name, "compared": number, "equal": comparison.equal[name]}
            for name, number in comparison.compared.items()
        ],
        "differences": [_describe_entry(entry) for entry in comparison.entries],
        "not_compared": dict(comparison.skipped.most_common()),
        "missing": dict(comparison.missing),
        "noise": sorted(comparison.noise),
        "normalised": list(NORMALISED),
        "problems": list(comparison.problems),
        "left_behind": list(comparison.left_behind),
    }
    for side in comparison.sides:  # either may show a secret of the other
        document = side.target.redact.redact_value(document)
    return document


def _describe_entry(entry: Entry) -> dict[str, Any]:
    one = entry.difference
    left, right = one.exchanges or (None, None)
    return {
        "title": entry.title,
        "kind": one.kind,
        "place": one.place,
        "places": entry.places,
        "operations": entry.operations,
        "request": f"{one.ask.method}, {one.ask.what}",
        "requests": entry.requests,
        "left": one.left[:LONGEST_VALUE],
        "right": one.right[:LONGEST_VALUE],
        "known": entry.known or ("accepted" if entry.accepted else "new"),
        "row": entry.row or entry.accepted,
        "responses": [_describe_exchange(left), _describe_exchange(right)],
    }


def _describe_exchange(exchange: Exchange | None) -> dict[str, Any] | None:
    if exchange is None:
        return None
    return {
        "status": exchange.status,
        "headers": dict(exchange.response_headers),
        "body": exchange.response_body,
        "curl": exchange.curl,
    }


def summarize(document: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that the terminal shows."""
    left, right = (side["name"] for side in document["sides"])
    for one in document["differences"]:
        yield ""
        yield f"{one['known'].upper():<10} {one['title']}"
        yield f"  where     {', '.join(one['operations']) or 'no operation'}"
        yield f"  left      {one['left']}"
        yield f"  right     {one['right']}"
        if one["row"]:
            yield f"  because   {one['row']}"
        else:
            yield from (f"  {side['curl']}" for side in one["responses"] if side)
    yield ""
    for reason, number in list(document["not_compared"].items())[:MOST_SKIPPED]:
        yield f"not compared    {number}: {reason}"
    for reason in dict.fromkeys(document["missing"].values()):
        yield f"not compared    {reason}"
    for place in document["noise"]:
        yield f"noise           {place}"
    for problem in (*document["problems"], *document["left_behind"]):
        yield f"PROBLEM         {problem}"
    for row in document["operations"]:
        yield f"{row['equal']:>5} of {row['compared']:<5} {row['operation'] or 'no operation'}"
    yield f"COMPARED  {left} and {right}: {document['headline']}"
    yield f"  {document['requests']} requests in {document['seconds']} s"


def write_documents(document: dict[str, Any], folder: Path) -> None:
    """Write `compare.json` and `compare.html` into a folder; raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "compare.json").write_text(encode_json(document), encoding="utf-8")
        (folder / "compare.html").write_text(render_html(document), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--report: {folder}: {error.strerror or error}") from error


def render_html(document: dict[str, Any]) -> str:
    """Return the page; it loads nothing, and no text of a deployment becomes markup."""
    template = make_environment(_FOLDER).get_template("compare.html.j2")
    return template.render(report=document)


def render_ledger(document: dict[str, Any]) -> str:
    """Return the new differences as entries of `unknown` in YAML, as the ledger has them.

    `mock` holds what the mock does, or the left side where neither is the mock.
    """
    names = [side["name"] for side in document["sides"]]
    mine = 1 if names[1].startswith("mock") and not names[0].startswith("mock") else 0
    entries = [
        {
            "what": f"`{one['place']}` of {', '.join(one['operations'])} ({one['request']}), "
            f"where {names[1 - mine]} has: {one['right' if mine == 0 else 'left']}",
            "mock": one["left" if mine == 0 else "right"],
        }
        for one in document["differences"]
        if one["known"] == "new"
    ]
    text: str = yaml.safe_dump(
        json.loads(json.dumps({"unknown": entries})), allow_unicode=True, sort_keys=False, width=110
    )
    return text


def write_ledger(document: dict[str, Any], path: Path) -> None:
    """Write the rows for the ledger into a file; raises UsageError."""
    try:
        path.write_text(render_ledger(document), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--ledger: {path}: {error.strerror or error}") from error
