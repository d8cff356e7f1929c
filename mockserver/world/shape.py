"""Whether a document has the fields of a world, in the words of somebody who typed it."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from mockserver.errors import StartError
from mockserver.files import WORLD_SCHEMA
from mockserver.messages import decode, encode

LARGEST = 10**18 - 1
NAMES = ("name", "entityId", "key", "id", "slug", "username", "course_id")
"""The fields that may tell a reader which record is meant."""
KINDS: Mapping[str, str] = {
    "string": "a text",
    "integer": "a number without quotes",
    "boolean": "true or false",
    "array": "a list in brackets",
    "object": "an object in braces",
    "null": "null",
}


def check_shape(document: Mapping[str, Any], name: str) -> None:
    """Raise StartError for the first record with a field that is unknown, missing or of no use.

    The text names the record and the field, what was probably meant, and what to write.
    """
    # As bytes, because a world that was exported holds tuples, which are no JSON to the validator.
    try:
        plain = decode(encode(document))
    except ValueError as error:
        raise StartError(f"{name}: it cannot be written as JSON: {error}") from error
    problem = next(_validator().iter_errors(plain), None)
    if problem is not None:
        raise StartError(f"{name}: {_describe(document, _choose(plain, problem))}")
    for path, value in _find_fractions(document):
        raise StartError(
            f"{name}: {_place(document, path)}expected a whole number without a point and of at "
            f"most 18 digits, got {_show(value)}"
        )


def _find_fractions(document: Mapping[str, Any]) -> Iterator[tuple[list[str | int], Any]]:
    """Yield place and value of the numbers that are whole to the validator, and to nobody else.

    To it `1.0` is, and a number of more than 64 bits, which some read as a fraction.
    """
    for collection, names in _list_whole_numbers().items():
        for index, record in enumerate(document.get(collection, ())):
            for name in names:
                value = record.get(name)
                for number in value if isinstance(value, list | tuple) else [value]:
                    if isinstance(number, float) or (
                        isinstance(number, int) and abs(number) > LARGEST
                    ):
                        yield [collection, index, name], number


@cache
def _list_whole_numbers() -> dict[str, list[str]]:
    """Return the fields of each collection that hold whole numbers."""
    found = {}
    for collection, schema in _schema()["properties"].items():
        fields = schema.get("items", {}).get("properties", {})
        names = [
            name
            for name, field in fields.items()
            if "integer" in (field.get("type"), field.get("items", {}).get("type"))
            or "integer" in field.get("type", ())
        ]
        if names:
            found[collection] = names
    return found


def suggest(wrong: Any, known: Iterable[str]) -> str:
    """Return a question that names what was probably meant, or an empty text."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(wrong).lower(), names, n=1, cutoff=0.6)
    return f": did you mean {names[close[0]]!r}?" if close else ""


def find_meant(collection: Any, key: Any) -> str:
    """Return which key of a collection was probably meant, or which keys there are.

    A key may be a pair, of which the first part is a platform. Somebody may have written the name
    of a record instead of its key.
    """
    pairs = isinstance(key, tuple)
    shown = key[1] if pairs else key
    known = [known_key for known_key in collection if not pairs or known_key[0] == key[0]]
    keys = [known_key[1] if pairs else known_key for known_key in known]
    for known_key, right in zip(known, keys, strict=True):
        record = collection[known_key] if isinstance(collection, Mapping) else None
        names = [
            getattr(record, name, None) for name in ("name", "display_name", "username", "email")
        ]
        if isinstance(shown, str) and shown in (record, *names):
            return f": that is a name, write {right!r}"
    right = suggest(shown, [text for text in keys if isinstance(text, str)])
    few = ", ".join(sorted(map(repr, keys[:6])))
    return right or (f": use {few}{', …' if len(keys) > 6 else ''}" if keys else "")


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(WORLD_SCHEMA.read_bytes())
    return schema


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema())


def _choose(plain: Any, first: Any) -> Any:
    """Return of the problems of one record that which explains the others: an unknown field.

    A name that is misspelt is unknown, and the right one is missing.
    """
    place = first.instance_path[:2]
    for problem in _validator().iter_errors(plain):
        if problem.instance_path[:2] != place:
            continue
        if problem.kind.name == "additionalProperties":
            return problem
    return first


def _describe(document: Mapping[str, Any], problem: Any) -> str:
    value, schema = _look_up(document, problem.instance_path)
    place = _place(document, problem.instance_path)
    kind, details = problem.kind.name, problem.kind.as_dict()
    field = str(problem.instance_path[-1]) if problem.instance_path else ""
    if kind == "additionalProperties":
        wrong = str(details["unexpected"][0])
        known = schema.get("properties", {})
        what = "field" if problem.instance_path else "collection"
        right = suggest(wrong, known) or f": use {', '.join(known)}"
        return f"{place}unknown {what} {wrong!r}{right}"
    if kind == "required":
        missing = str(details["property"]).strip("'\"")
        examples = schema.get("properties", {}).get(missing, {}).get("examples", ())
        example = "".join(f', such as "{missing}": {json.dumps(value)}' for value in examples[:1])
        return f"{place}{missing!r} is missing: add it{example}"
    if kind == "enum":
        options = schema["enum"]
        right = suggest(value, options)
        return (
            f"{place}unknown {field} {value!r}{right or ': '}{' ' * bool(right)}use {_or(options)}"
        )
    if kind in ("oneOf", "oneOfNotValid", "oneOfMultipleValid"):
        return f"{place}one of 'file' and 'content' is needed, and not both"
    if kind == "type":
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        examples = [json.dumps(found) for found in schema.get("examples", ()) if found is not None]
        example = f", such as {examples[0]}" if examples else ""
        return f"{place}expected {_or(KINDS[name] for name in kinds)}{example}, got {_show(value)}"
    return f"{place}{problem.message[-300:]}"


def _or(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


def _look_up(document: Any, path: list[str | int]) -> tuple[Any, Any]:
    """Return the value at a place of a document, and its schema."""
    value, schema = document, _schema()
    for step in path:
        value = value[step]
        schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
    return value, schema


def _place(document: Any, path: list[str | int]) -> str:
    """Return where a value is, with the name of its record: `users[2] ("ada"): role: `."""
    if not path:
        return ""
    if len(path) == 1:
        return f"{path[0]}: "
    record = document[path[0]][path[1]]
    more = "".join(f"[{step}]" if isinstance(step, int) else f": {step}" for step in path[2:])
    return f"{path[0]}[{path[1]}]{name_record(record)}{more}: "


def name_record(record: Any) -> str:
    """Return what a reader knows a record by, in brackets, or an empty text."""
    if not isinstance(record, Mapping):
        return ""
    found = next((record[name] for name in NAMES if isinstance(record.get(name), str | int)), None)
    return "" if found is None else f" ({_show(found)})"
