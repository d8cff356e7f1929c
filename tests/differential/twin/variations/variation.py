"""What a variation is: a legitimate difference of a deployment, which a judge must not mind."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.differential.twin.defects.defect import Break, Twin


@dataclass(frozen=True)
class Variation:
    """One legitimate difference: what it is about, and how it comes about.

    Two variations of one `group` exclude each other.
    """

    id: str
    subject: str
    sentence: str
    apply: Break
    group: str
    threads: int = 1


def variation(group: str = "", threads: int = 1) -> Callable[[Callable[[Twin], None]], Variation]:
    """Return the decorator that makes a variation of a function, named as the function is."""

    def make(apply: Callable[[Twin], None]) -> Variation:
        name = apply.__name__.replace("_", "-")
        return Variation(
            id=name,
            subject=apply.__module__.rpartition(".")[2],
            sentence=" ".join((apply.__doc__ or "").split()),
            apply=apply,
            group=group or name,
            threads=threads,
        )

    return make
