"""Which fields of a form the framework drops, and the spelling that it reads.

Libraries write lists and objects as PHP reads them (`tags[]`, `expires[amount]`); the framework
reads repeated or numbered names, and names with dots.
"""

import re
from collections.abc import Iterator

from mockserver.framework.composites import ListOf, Member, ObjectOf
from mockserver.framework.scalars import AnyJSON
from mockserver.hints.wording import find_near, quote
from mockserver.messages import Form

STEP = re.compile(r"[^\[\].{}]+")
"""A part of a name between brackets, braces and dots."""


def find_dropped_fields(form: Form, fields: ObjectOf) -> Iterator[tuple[str, str | None]]:
    """Yield the name of each field that has no effect or only a part of it, with a hint.

    The hint is None where no field is meant that the body has.
    """
    members = {member.name: member for member in fields.members}
    for name, values in form.items():
        if name in members:
            is_list = isinstance(members[name].field, ListOf)
            if not is_list and len(set(map(str, values))) > 1:
                times = f"{quote(name)} was sent {len(values)} times"
                yield name, f"{times}: only the last value counts"
        elif not is_read(name, form, fields):
            yield name, _explain(name, form, members)


def is_read(name: str, form: Form, fields: ObjectOf) -> bool:
    """Tell whether a form's field is read: by its name, by number in a list, below an object."""
    for member in fields.members:
        if name == member.name:
            return True
        if member.name in form or not name.startswith(member.name):
            continue
        rest = name.removeprefix(member.name)
        if isinstance(member.field, ListOf) and re.fullmatch(r"\[[0-9]{1,9}\]", rest):
            return True
        if isinstance(member.field, ObjectOf) and rest.startswith("."):
            prefix = f"{member.name}."
            below = {n.removeprefix(prefix): v for n, v in form.items() if n.startswith(prefix)}
            return is_read(rest[1:], Form(below), member.field)
    return False


def _explain(name: str, form: Form, members: dict[str, Member]) -> str | None:
    base, *steps = STEP.findall(name) or [name]
    meant = base if base in members else find_near(base, members)
    if meant is None or (not steps and meant != base):
        return None
    if base in form:
        return f"{quote(name)} is dropped: {quote(base)} was sent as well, and is read instead"
    return f"{quote(name)} is dropped: the framework reads {_spell(members[meant], steps)}"


def _spell(member: Member, steps: list[str]) -> str:
    """Return how the framework reads a field, as a form has it."""
    field, name = member.field, member.name
    if isinstance(field, AnyJSON):
        return f"{quote(name)}, as one JSON text"
    if isinstance(field, ListOf):
        return f"{quote(name)}, once for each item"
    path = name
    for step in steps:
        if not isinstance(field, ObjectOf):
            break
        members = {m.name: m for m in field.members}
        found = members.get(step) or members.get(find_near(step, members) or "")
        if found is None:
            return f"{quote(name)}, as one JSON text"
        path, field = f"{path}.{found.name}", found.field
    if isinstance(field, ObjectOf):
        return f"{quote(name)}, as one JSON text"
    return quote(path)
