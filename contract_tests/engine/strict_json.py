"""Reads JSON as RFC 8259 and a browser do, and names what only lenient parsers accept.

Python's parser accepts `NaN`, keeps the last of repeated names, and builds text from half of a
surrogate pair. `JSON.parse` fails for the first, and clients differ about the others.
"""

import json
import re
from collections import Counter
from typing import Any

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
DEEPEST = 200
"""Levels of objects and arrays that a validator takes; the contract describes far fewer."""
HALF_OF_A_PAIR = "the body contains half of a surrogate pair, which is not a character"
MOST_NAMED = 5
"""Repeated names, or halves of surrogate pairs, that one message shows."""


def parse_strictly(text: str) -> tuple[Any, list[tuple[str, str]]]:
    """Return the value of a JSON text, and its faults; raises ValueError for what is not JSON.

    A fault is a sentence and what was found. The value holds no half of a surrogate pair, which no
    validator takes.
    """
    constants: dict[str, None] = {}
    repeated: dict[str, None] = {}

    def note_constant(name: str) -> float:
        constants[name] = None
        return float(name)

    def build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.update((name, None) for name, count in counts.items() if count > 1)
        return fields

    value = json.loads(text, parse_constant=note_constant, object_pairs_hook=build_object)
    faults = [(f"the body contains {name}, which is not JSON", name) for name in constants]
    faults += [
        (f"the body repeats the name `{name}` in one object", f"`{name}` more than once")
        for name in list(repeated)[:MOST_NAMED]
    ]
    if _ESCAPED_SURROGATE.search(text):
        halves = sorted(find_halves(value))[:MOST_NAMED]
        if halves:
            faults.append((HALF_OF_A_PAIR, ", ".join(f"\\u{ord(half):04x}" for half in halves)))
            whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
            value = json.loads(whole)
    return value, faults


def cut_nesting(value: Any, levels: int = DEEPEST) -> Any:
    """Return a value in which objects and arrays below so many levels are empty."""
    if isinstance(value, dict):
        return {name: cut_nesting(field, levels - 1) for name, field in value.items() if levels}
    if isinstance(value, list):
        return [cut_nesting(item, levels - 1) for item in value if levels]
    return value


def find_halves(value: Any) -> set[str]:
    """Return the halves of surrogate pairs in all names and texts of a value."""
    text = json.dumps(value, ensure_ascii=False)
    return {character for character in text if "\ud800" <= character <= "\udfff"}
