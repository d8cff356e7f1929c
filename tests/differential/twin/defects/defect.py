"""What a defect is, and the few ways in which one breaks the twin."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Self

from django.conf import LazySettings, settings

SUBJECTS = {
    "pages": "pagination",
    "filters": "search",
    "writes": "state",
    "roles": "access",
    "lists": "pagination",
    "narrowing": "search",
    "updates": "state",
    "issuing": "assertions",
    "signing": "issuers",
    "tenants": "access",
    "answers": "errors",
}
"""The subject of the defects in a module that is not named after it."""
Break = Callable[["Twin"], None]
Function = Callable[..., Any]
Middleware = Callable[[Function], Function]


@dataclass(frozen=True)
class Twin:
    """The twin's modules and settings, handed to a defect after Django is set up."""

    assertions: ModuleType
    authentication: ModuleType
    fields: ModuleType
    models: ModuleType
    pagination: ModuleType
    permissions: ModuleType
    representations: ModuleType
    search: ModuleType
    serializers: ModuleType
    urls: ModuleType
    views: ModuleType
    settings: LazySettings

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the twin that Django was set up with in this process."""
        names = [name for name in cls.__annotations__ if name != "settings"]
        modules = {name: import_module(f"tests.differential.twin.{name}") for name in names}
        return cls(**modules, settings=settings)


@dataclass(frozen=True)
class Defect:
    """One mistake of a team: what it is about, what a client sees, and how it comes about."""

    id: str
    subject: str
    sentence: str
    apply: Break
    threads: int = 1  # a race needs a server that handles several requests at once


def defect(apply: Break, *, threads: int = 1) -> Defect:
    """Return the defect that a function brings about, named and described as the function is."""
    return Defect(
        id=apply.__name__.replace("_", "-"),
        subject=SUBJECTS.get(module := apply.__module__.rpartition(".")[2], module),
        sentence=" ".join((apply.__doc__ or "").split()),
        apply=apply,
        threads=threads,
    )


def racing(threads: int) -> Callable[[Break], Defect]:
    """Return `defect` for one that shows only when so many requests are handled at once."""
    return functools.partial(defect, threads=threads)


def instead_of(owner: Any) -> Callable[[Function], Function]:
    """Put the decorated function in the place of the owner's function of the same name."""

    def put(function: Function) -> Function:
        setattr(owner, function.__name__, function)
        return function

    return put


def around(owner: Any) -> Callable[[Function], Function]:
    """Do the same, and hand the decorated function the one that it replaces as first argument."""

    def put(function: Function) -> Function:
        original = getattr(owner, function.__name__)

        @functools.wraps(original)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            return function(original, *arguments, **options)

        setattr(owner, function.__name__, wrapper)
        return function

    return put


def redeclare(serializer: Any, **fields: Any) -> None:
    """Give a serializer class other fields under these names."""
    serializer._declared_fields = serializer._declared_fields | fields


def add_middleware(twin: Twin, middleware: Middleware) -> None:
    """Let a middleware see each request first and each answer last."""
    path = f"{middleware.__module__}.{middleware.__qualname__}"
    twin.settings.MIDDLEWARE = [path, *twin.settings.MIDDLEWARE]


def mixed(first: Defect, second: Defect) -> Defect:
    """Return two defects of one deployment, of which the one may hide the other."""

    def apply(twin: Twin) -> None:
        first.apply(twin)
        second.apply(twin)

    return Defect(
        id=f"{first.id}-and-{second.id}",
        subject=first.subject,
        sentence=f"{first.sentence} {second.sentence}",
        apply=apply,
        threads=max(first.threads, second.threads),
    )
