"""The structure of bodies, gathered over all responses of an operation on each side."""

from collections.abc import Iterator
from contextlib import suppress

from contract_tests.compare.differences import ABSENT, Difference
from contract_tests.compare.features import read_shape
from contract_tests.compare.reads import Ask
from contract_tests.engine.exchange import Exchange, Response

TEXTS = frozenset({"text", "URL", "UUID", "id of 22 characters"})
"""Types that depend on what a text is, unless all texts on a side are of one of them."""
Shape = dict[str, set[str]]


class ShapeBook:
    """The types that each side shows at each path, by operation."""

    def __init__(self) -> None:
        self._shapes: dict[str, tuple[Shape, Shape]] = {}
        self._examples: dict[str, tuple[Ask, tuple[Exchange, Exchange]]] = {}

    def add(self, ask: Ask, responses: tuple[Response, Response]) -> None:
        """Add the bodies of two successful responses to one request."""
        if not all(isinstance(response.value, dict | list) for response in responses):
            return
        pair = self._shapes.setdefault(ask.operation, ({}, {}))
        for shape, response in zip(pair, responses, strict=True):
            for path, types in read_shape(response.value).items():
                shape.setdefault(path, set()).update(types)
        example = (ask, (responses[0].exchange, responses[1].exchange))
        self._examples.setdefault(ask.operation, example)

    def find_differences(self) -> Iterator[Difference]:
        """Yield each path whose field only one side has, or whose types have nothing in common."""
        for operation, (left, right) in self._shapes.items():
            ask, exchanges = self._examples[operation]
            changed: set[str] = set()
            for path in dict.fromkeys([*left, *right]):
                parent = path.rpartition(".")[0]
                is_below = any(path.startswith(f"{one}.") for one in changed)
                has_parent = all(
                    "object" in shape.get(parent or "body", ()) for shape in (left, right)
                )
                if is_below or ((path not in left or path not in right) and not has_parent):
                    continue
                shown = (_describe(left.get(path)), _describe(right.get(path)))
                if _differ(left.get(path), right.get(path)):
                    changed.add(path)
                    yield Difference("shape", path, *shown, ask, "200", exchanges)


def _describe(types: set[str] | None) -> str:
    return " or ".join(sorted(types)) if types else ABSENT


def _differ(left: set[str] | None, right: set[str] | None) -> bool:
    if left is None or right is None:
        return True
    known = [{_simplify(one) for one in types} - {"null"} for types in (left, right)]
    # What is null on one side only may be so in its data.
    return bool(known[0]) and bool(known[1]) and known[0].isdisjoint(known[1])


def _simplify(name: str) -> str:
    with suppress(KeyError):
        return {"integer": "number"}[name]
    return "text" if name in TEXTS else name
