"""World documents: the JSON of all records of a world, as it is read from a file or a request."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from mockserver.errors import StartError
from mockserver.files import WORLD, read_text_file
from mockserver.messages import decode
from mockserver.world.shape import check_shape, name_record

FORMAT = "credmock-world/1"
COLLECTIONS = (
    "platforms",
    "users",
    "api_keys",
    "images",
    "courses",
    "programs",
    "pathways",
    "issuers",
    "credentials",
    "assertions",
    "groups",
    "departments",
    "assignments",
    "providers",
    "provider_configs",
    "external_mappings",
)
"""The collections of a document, in an order in which records refer backwards only."""


MAXIMUM_TYPED = 5_000_000
"""Bytes of a file that somebody may have typed, in which a name that stands twice is looked for."""
ANYTHING = re.compile("")
SLIPS = (
    (re.compile(r",\s*$"), re.compile(r"[}\]]"), "remove the comma after the last entry"),
    (ANYTHING, re.compile(r"//|/\*|#"), "JSON has no comments: remove it"),
    (ANYTHING, re.compile(r"'"), 'put texts and names into double quotes: "'),
    (ANYTHING, re.compile("[\u201c\u201d\u201e]"), 'use straight double quotes: "'),
    (ANYTHING, re.compile(r"-?(NaN|Infinity|nan|inf)"), "JSON has no such number: write null"),
    (ANYTHING, re.compile(r"[A-Za-z_]+\s*:"), "put the name into double quotes"),
    (
        ANYTHING,
        re.compile(r"(?i:true|false|yes|no|on|off|null|none|nil|undefined)\b"),
        "write true, false or null",
    ),
    (
        ANYTHING,
        re.compile(r"[\n\r\t]"),
        "close the quote, or write \\n for a line break, \\t for a tab",
    ),
    (ANYTHING, re.compile(r"\\"), "write \\\\ for a backslash"),
    (ANYTHING, re.compile(r"<{7}|={7}|>{7}"), "resolve the conflict of the merge"),
    (ANYTHING, re.compile(r"<"), "this is HTML or XML: name a file in JSON"),
    (ANYTHING, re.compile(r"\.{3}|\u2026"), "remove the dots"),
    (ANYTHING, re.compile(r"\+\d"), "write the number without +"),
    (ANYTHING, re.compile(r"\.\d"), "write 0 before the point of the number"),
    (
        re.compile(r"\d$"),
        re.compile(r"[._\dxX]"),
        "write the number with plain digits, such as 1200",
    ),
    (re.compile(r'"\s*$'), re.compile(r"="), "put a colon after the name"),
    (ANYTHING, re.compile(r";"), "write a comma instead of the semicolon"),
    (re.compile(r'["}\]\d\w]\s*$'), re.compile(r'["{\[]'), "put a comma between the two entries"),
    (ANYTHING, re.compile(r"$"), "a bracket or a quote is not closed"),
)
"""What stands before and after the place of a fault, and how to fix it."""
FIXES = (
    ("Extra data", "remove what follows the end of the document"),
    ("Unterminated string", "close the quote"),
    ("\\uXXXX", "write four hexadecimal digits after \\u"),
    ("surrogate", "write the character itself instead of its code"),
)
"""Part of a message, and how to fix what it is about."""


def read_world(path: Path) -> dict[str, Any]:
    """Read a world document; raises StartError naming the file and the place of the fault."""
    content = read_text_file(path)
    if path == WORLD:  # the one that ships is checked by its test
        return dict(orjson.loads(content))
    return check_document(read_json(content, str(path)), str(path))


def read_json(content: bytes, name: str) -> Any:
    """Return the value of a JSON text; raises StartError naming the line and the fix."""
    try:
        document = decode(content)
    except json.JSONDecodeError as error:
        raise StartError(f"{name}: not valid JSON: {_describe(content.decode(), error)}") from error
    if len(content) <= MAXIMUM_TYPED:
        refuse = partial(_refuse_repeated, name)
        try:
            # Numbers as texts: Python refuses to read one of thousands of digits.
            json.loads(content, object_pairs_hook=refuse, parse_int=str)
        except RecursionError:
            raise StartError(f"{name}: not valid JSON: it is nested too deeply") from None
    return document


def _describe(text: str, error: json.JSONDecodeError) -> str:
    """Return the place of a fault, what it is and how to fix it."""
    try:
        # It knows better than the faster reader where a fault begins.
        json.loads(text, parse_int=str)
    except json.JSONDecodeError as found:
        error = found
    except RecursionError:
        return "it is nested too deeply"
    except ValueError:
        return "a number has more than 4300 digits"
    before, after = text[: error.pos], text[error.pos :]
    fixes = [fix for part, fix in FIXES if part in error.msg]
    fixes += [fix for left, right, fix in SLIPS if left.search(before) and right.match(after)]
    fix = next(iter(fixes), "")
    place = f"line {error.lineno}, column {error.colno}"
    return f"{place}: {error.msg}{f'; {fix}' if fix else ''}"


def _refuse_repeated(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises StartError for a name that stands in it twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        record = name_record(made) or f" with the fields {', '.join(made)}"
        raise StartError(f"{name}: the record{record} has {twice!r} twice: remove one of them")
    return made


def check_document(document: Any, name: str) -> dict[str, Any]:
    """Return a document that has the format of a world; raises StartError."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StartError(
            f'{name}: not a world document: expected "format": "{FORMAT}", got {_show(document)}'
        )
    for collection in COLLECTIONS:
        if not isinstance(document.get(collection, []), list):
            raise StartError(f"{name}: {collection}: expected a list of records")
    check_shape(document, name)
    return document


def _show(document: Any) -> str:
    """Return what a document has in the place of the format."""
    if not isinstance(document, dict):
        return f"{'a list' if isinstance(document, list) else json.dumps(document)[:80]} instead"
    if "format" in document:
        return f'"format": {json.dumps(document["format"])[:80]}'
    names = ", ".join(map(repr, [*document][:4])) or "nothing"
    return f"an object with {names}{', …' if len(document) > 4 else ''}"
