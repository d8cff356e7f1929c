"""The sound variations: legitimate differences of the twin that can be switched on together."""

import os
from collections.abc import Iterable, Iterator, Mapping
from random import Random

from tests.differential.twin.defects.defect import Twin
from tests.differential.twin.variations.variation import Variation

# Who only needs the names, as `make bite` does, has set up no Django, which the modules ask for.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.differential.twin.settings")
from tests.differential.twin.variations import (
    behaviour,
    data,
    encodings,
    frameworks,
    gateways,
    habits,
    readings,
    shapes,
    stock,
    wire,
)

VARIATIONS: Mapping[str, Variation] = {
    value.id: value
    for module in (
        wire,
        shapes,
        behaviour,
        readings,
        data,
        encodings,
        gateways,
        frameworks,
        stock,
        habits,
    )
    for value in vars(module).values()
    if isinstance(value, Variation)
}


def mix_variations(mixtures: int, size: int, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """Yield random mixtures of variations that do not exclude each other."""
    random = Random(seed)
    for _ in range(mixtures):
        chosen: dict[str, str] = {}
        for name in random.sample(sorted(VARIATIONS), len(VARIATIONS)):
            chosen.setdefault(VARIATIONS[name].group, name)
            if len(chosen) == size:
                break
        yield tuple(sorted(chosen.values()))


def vary(names: Iterable[str]) -> None:
    """Change the twin of this process for good."""
    for name in names:
        VARIATIONS[name].apply(Twin.of_this_process())
