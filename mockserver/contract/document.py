"""OpenAPI documents as they are written: read, and not yet interpreted."""

from pathlib import Path
from typing import Any

import yaml

from mockserver.errors import StartError
from mockserver.files import CONTRACT, read_text_file

METHODS = ("get", "post", "put", "patch", "delete")
"""The keys of a path item that hold operations."""


def read_document(path: Path = CONTRACT) -> dict[str, Any]:
    """Read a YAML document; raises StartError with the place of the error."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(read_text_file(path), Loader=loader)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        raise StartError(f"{path}: not valid YAML: {_describe(error)}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise StartError(f"{path}: expected a mapping, got {type(document).__name__}")
    return document


def _describe(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}{error.problem}"
