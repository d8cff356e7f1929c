"""From a path to the resource of the contract that has it, and what stands in its braces."""

import re
from collections.abc import Iterable, Mapping

from mockserver.contract.operation import Resource

BRACES = re.compile(r"\{(\w+)\}")


class Routes:
    """The paths of a contract as one expression, which decides in one step.

    A step in braces takes one segment that is not empty (OpenAPI, "Path Templating"); of two paths
    that fit, the one with fewer braces does.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        ordered = sorted(resources, key=lambda each: len(BRACES.findall(each.path)))
        self._resources = dict(enumerate(ordered))
        self._names = {n: BRACES.findall(each.path) for n, each in self._resources.items()}
        # The empty group at the end of each says which one it was.
        patterns = (f"{_pattern(each.path)}(?P<_{n}>)" for n, each in self._resources.items())
        self._expression = re.compile("|".join(patterns))

    def find(self, path: str) -> tuple[Resource, Mapping[str, str]] | None:
        """Return the resource of a path that is not quoted, with the values in its braces."""
        found = self._expression.fullmatch(path)
        if found is None or found.lastgroup is None:
            return None
        number = int(found.lastgroup[1:])
        values = (each for each in found.groups() if each)
        return self._resources[number], dict(zip(self._names[number], values, strict=True))


def _pattern(path: str) -> str:
    return "([^/]+)".join(re.escape(step) for step in BRACES.split(path)[::2])
