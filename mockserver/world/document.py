"""World documents: the JSON of all records of a world, as it is read from a file or a request."""

import json
from pathlib import Path
from typing import Any

import orjson

from mockserver.errors import StartError
from mockserver.files import read_text_file

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


def read_world(path: Path) -> dict[str, Any]:
    """Read a world document; raises StartError naming the file and the place of the fault."""
    try:
        document = orjson.loads(read_text_file(path))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise StartError(f"{path}: not valid JSON: {place}: {error.msg}") from error
    return check_document(document, str(path))


def check_document(document: Any, name: str) -> dict[str, Any]:
    """Return a document that has the format of a world; raises StartError."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StartError(f'{name}: not a world document: expected "format": "{FORMAT}"')
    for collection in COLLECTIONS:
        if not isinstance(document.get(collection, []), list):
            raise StartError(f"{name}: {collection}: expected a list of records")
    return document
