"""The difference of two JSON values, line by line."""

import difflib
import json
from typing import Any

MOST_LINES = 60
CONTEXT = 2
"""Equal lines that are shown around a difference."""


def compare_json(expected: str, got: str) -> list[str]:
    """Return the lines of a difference, which begin with `-`, `+` or a space.

    It is empty unless both texts are JSON objects or arrays.
    """
    values = [_parse_container(text) for text in (expected, got)]
    if None in values:
        return []
    before, after = (
        json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
        for value in values
    )
    lines = list(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[2:]
    shown = ["…" if line.startswith("@@") else line for line in lines]
    return [line for line in shown[: MOST_LINES + 1] if line != "…" or line is not shown[0]]


def _parse_container(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None
