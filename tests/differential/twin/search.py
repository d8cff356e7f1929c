"""Case-insensitive search that knows all of Unicode, which SQLite's own does not."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import BooleanField, F, Func, Q, Value
from django.dispatch import receiver


def contains_casefolded(text: str | None, part: str) -> bool:
    """Tell whether the part, already casefolded, occurs in the text."""
    return text is not None and part in text.casefold()


@receiver(connection_created)
def register_function(connection: Any, **_: Any) -> None:
    """Teach each new SQLite connection `contains_casefolded`."""
    connection.connection.create_function("contains_casefolded", 2, contains_casefolded)


def matches(part: str, *fields: str) -> Q:
    """Return the condition that one of the fields contains the part."""
    part = part.casefold()
    return reduce(or_, (Q(contains(field, part)) for field in fields))


def contains(field: str, part: str) -> Func:
    """Return the SQL expression for one field."""
    return Func(F(field), Value(part), function="contains_casefolded", output_field=BooleanField())
