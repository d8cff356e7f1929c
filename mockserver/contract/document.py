"""OpenAPI documents as they are written: read, and not yet interpreted."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from mockserver.errors import StartError
from mockserver.files import CONTRACT, read_text_file

METHODS = ("get", "post", "put", "patch", "delete")
"""The keys of a path item that hold operations."""


TEXTS = frozenset(
    [
        "openapi",
        "version",
        "title",
        "description",
        "summary",
        "operationId",
        "in",
        "$ref",
        "entityId",
        "createdAt",
        "issuedOn",
        "expires",
        "assignedOn",
        "due",
        "set",
        "advance",
    ]
)
"""Fields whose values are texts, which need no quotes: `version: 4.90` is not the number 4.9."""
MARKUP = re.compile(rb"\s*<[!?a-zA-Z]")
COMMENT = re.compile(rb"^\s*(//|/\*)", re.MULTILINE)
"""A comment as JavaScript has it, which is none in YAML either."""
KINDS: Mapping[type, str] = {list: "a list", str: "a text", type(None): "nothing"}
IMPLICIT = (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", "~nN\0"),
    ("int", "[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        "-+.0123456789",
    ),
)
"""What YAML 1.2 reads as something else than a text; the library follows 1.1, where `no`, `12:30`
and 2026-01-01 are no texts either."""


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads scalars as YAML 1.2 does, keys as texts, and texts where the format says text."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """Return a mapping whose keys are texts, of which none stands twice."""
        _refuse_repeated(node)
        self.flatten_mapping(node)
        made: dict[str, Any] = {}
        types = next((v for k, v in node.value if k.value == "type"), None)
        is_text = isinstance(types, yaml.ScalarNode) and types.value == "string"
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "the name of a field is not a text", key.start_mark
                )
            if key.value in TEXTS:
                _read_as_text([value])
            elif is_text and key.value == "enum" and isinstance(value, yaml.SequenceNode):
                _read_as_text(value.value)
            made[key.value] = self.construct_object(value, deep=True)
        return made


def _refuse_repeated(node: yaml.MappingNode) -> None:
    """Raise ConstructorError for a name that stands twice: the first value would be lost."""
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands twice: remove one of them", key.start_mark
                )
            seen.add(key.value)


def _read_as_text(nodes: Iterable[yaml.Node]) -> None:
    for node in nodes:
        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null":
            node.tag = "tag:yaml.org,2002:str"


for _kind, _pattern, _first in IMPLICIT:
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}",
        re.compile(rf"^(?:{_pattern})$"),
        ["" if character == "\0" else character for character in _first],
    )
Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("^<<$"), ["<"])


def read_document(path: Path = CONTRACT) -> dict[str, Any]:
    """Read a YAML document; raises StartError with the place of the error."""
    content = read_text_file(path)
    if MARKUP.match(content):
        raise StartError(
            f"{path}: this is a page of HTML or XML: save the YAML or JSON that the page is about"
        )
    try:
        document = yaml.load(content, Loader=Loader)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        comment = COMMENT.search(content)
        if comment:
            line = content.count(b"\n", 0, comment.start(1)) + 1
            raise StartError(
                f"{path}: not valid JSON: line {line}: JSON has no comments: remove it"
            ) from error
        raise StartError(f"{path}: not valid YAML: {_describe(error)}") from error
    except RecursionError as error:
        raise StartError(f"{path}: not valid YAML: it is nested too deeply") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        found = KINDS.get(type(document), "a single value")
        raise StartError(f"{path}: expected a mapping, got {found}")
    return document


def _describe(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}{error.problem}"
