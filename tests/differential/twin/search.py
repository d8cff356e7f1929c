"""Case-insensitive search of all of Unicode: PostgreSQL has it, and SQLite is taught the same."""

from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models import BooleanField, F, Func, Q, Value
from django.dispatch import receiver


def contains_in_any_case(text: str | None, part: str) -> bool:
    """Tell whether the part, already in upper case, occurs in the text."""
    return text is not None and part in to_upper(text)


def to_upper(text: str) -> str:
    """Return a text as PostgreSQL's `UPPER` writes it: each letter becomes one letter, or stays."""
    titles = {each: each.title() for each in text if len(each.upper()) > 1}
    stay = {each for each, title in titles.items() if len(title) > 1}
    return "".join(each if each in stay else titles.get(each, each.upper()) for each in text)


@receiver(connection_created)
def register_function(connection: Any, **_: Any) -> None:
    """Teach each new SQLite connection `contains_in_any_case`."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("contains_in_any_case", 2, contains_in_any_case)


def matches(part: str, *fields: str) -> Q:
    """Return the condition that one of the fields contains the part."""
    if connection.vendor == "postgresql":
        return reduce(or_, (Q((f"{field}__icontains", part)) for field in fields))
    part = to_upper(part)
    return reduce(or_, (Q(contains(field, part)) for field in fields))


def contains(field: str, part: str) -> Func:
    """Return the expression for one field in SQLite."""
    return Func(F(field), Value(part), function="contains_in_any_case", output_field=BooleanField())
