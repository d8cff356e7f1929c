"""The reads that two deployments are compared by, made from the contract.

A path holds names in braces, such as `{collection}{credential}`; each side fills in its own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from contract_tests.engine.contract import JSON, Contract, Operation
from contract_tests.engine.safety import READS
from contract_tests.engine.watch import ADMIN

UNKNOWN_ID = "zzNoSuchRecordAnywhere"
UNKNOWN_KEY = "Api-Key no-such-key-anywhere"
IDS = {
    "credential_id": "credential",
    "entity_id": "credential",
    "issuer_id": "issuer",
    "assertion_id": "assertion",
    "course_id": "course",
    "assignment_id": "assignment",
}
NUMBERS = ("0", "1", "2", "-1", "abc", "")
SIZES = (*NUMBERS, "3", "7", "50", "100", "101", "1000", "1001")
PAGES = (*NUMBERS, "last", "99999")
BOOLEANS = ("true", "false", "maybe", "")
DAYS = ("2026-01-01", "2026-13-45", "yesterday", "")
ROLES = ("department_admin", "learner", "other_org_admin", "retired")


@dataclass(frozen=True)
class Ask:
    """One request to both sides; `query` holds names of slots in braces too.

    `parameters` are the names of what it varies. `saves` is the slot that takes the id of what it
    creates.
    """

    operation: str
    what: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    actor: str | None = ADMIN
    headers: Mapping[str, str] = field(default_factory=lambda: {"Accept": JSON})
    body: Mapping[str, Any] | None = None
    raw_path: str = ""
    """A path that is sent as it is, of a recording."""
    saves: str = ""

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the query parameters."""
        return frozenset(name for name, _ in self.query)

    @property
    def is_of_write(self) -> bool:
        """Whether it is a write, or a read of what was written."""
        return bool(self.saves) or self.method not in READS

    def build_path(self, slots: Mapping[str, str]) -> str:
        """Return path and query for one side; raises KeyError for a slot that it lacks."""
        if self.raw_path:
            return self.raw_path
        quoted = {
            name: value if name.endswith("collection") else quote(value, safe="")
            for name, value in slots.items()
        }
        path = self.path.format_map(quoted)
        pairs = [(name, value.format_map(slots)) for name, value in self.query]
        return path + ("?" + urlencode(pairs) if pairs else "")

    def build_body(self, slots: Mapping[str, str]) -> Any:
        """Return the body for one side, with its own ids and names."""
        return fill(self.body, slots)


def fill(value: Any, slots: Mapping[str, str]) -> Any:
    """Return a JSON value in which the slots of texts are filled."""
    if isinstance(value, str) and re.fullmatch(r"\{\w+\}", value):
        return value.format_map(slots)
    if isinstance(value, dict):
        return {name: fill(inner, slots) for name, inner in value.items()}
    return [fill(inner, slots) for inner in value] if isinstance(value, list) else value


def list_reads(contract: Contract, missing: Mapping[str, str]) -> Iterator[Ask]:
    """Yield the reads of each operation that neither side lacks."""
    for operation in contract.operations.values():
        if operation.is_read and operation.id not in missing:
            yield from list_reads_of(contract, operation)


def list_reads_of(contract: Contract, operation: Operation) -> Iterator[Ask]:
    """Yield the reads of one operation: usual values, edges, and every error of a read."""
    path = make_template(operation)
    parameters = [contract.resolve(one) for one in operation.source.get("parameters", ())]
    queries = {one["name"]: one for one in parameters if one["in"] == "query"}
    required = tuple(
        (name, next(iter(list_values(name, one, contract))))
        for name, one in queries.items()
        if one.get("required")
    )

    def ask(what: str, **fields: Any) -> Ask:
        usual: dict[str, Any] = {"path": path, "query": required}
        return Ask(operation.id, what, **{**usual, **fields})

    yield ask("as usual")
    if "{credential}" in path:
        for number in range(1, 8):
            yield ask(
                "another record", path=path.replace("{credential}", f"{{credential{number}}}")
            )
    for name, parameter in queries.items():
        others = tuple(pair for pair in required if pair[0] != name)
        if parameter.get("required"):
            yield ask(f"without `{name}`", query=others)
        for value in list_values(name, parameter, contract):
            yield ask(f"`{name}`", query=(*others, (name, value)))
    if "page" in queries:
        for page in ("2", "last"):
            pair = (("page", page), ("page_size", "2"))
            yield ask("pages of two", query=(*required, *pair))
            if "search" in queries:
                yield ask("pages of a search", query=(*required, ("search", "a"), *pair))
    yield from list_errors(operation, path, ask)


def list_errors(operation: Operation, path: str, ask: Any) -> Iterator[Ask]:
    """Yield what may be refused: callers, places that do not exist, media types, methods."""
    yield ask("without a key", actor=None)
    yield ask("an unknown key", actor=None,
              headers={"Accept": JSON, "Authorization": UNKNOWN_KEY})  # fmt: skip
    for role in ROLES:
        if role == "retired" and "/public/" in path:
            continue  # it is answered there, and refused later, which looks like a lost key
        yield ask(f"as {role}", actor=role)
    yield ask("a user's name", path=path.replace("{collection}", "{named_collection}"))
    yield ask("no such user", path=path.replace("{collection}", "{no_user_collection}"))
    yield ask("no such platform", path=path.replace("{collection}", "{no_org_collection}"))
    yield ask("another platform", path=path.replace("{collection}", "{other_collection}"))
    for slot in dict.fromkeys(IDS.values()):
        if "{" + slot + "}" in path:
            yield ask("an unknown id", path=path.replace("{" + slot + "}", UNKNOWN_ID))
    yield ask("HTML", headers={"Accept": "text/html"})
    yield ask("any type", headers={"Accept": "*/*"})
    yield ask("`format`", query=(("format", "xml"),))
    yield ask("HEAD", method="HEAD")
    yield ask("OPTIONS", method="OPTIONS")
    bare = path[:-1] if path.endswith("/") else f"{path}/"
    yield ask("another slash", path="{bare_collection}" if path == "{collection}" else bare)


def make_template(operation: Operation) -> str:
    """Return the path of an operation with the names of slots."""
    path = operation.path
    for prefix, slot in (
        ("/api/credentials/orgs/{org}/users/{user_id}/", "{collection}"),
        ("/api/credentials/orgs/{platform_key}/users/{user_id}/", "{collection}"),
    ):
        if path.startswith(prefix):
            path = slot + path.removeprefix(prefix)
    folder = path.rpartition("/{")[0] or path.partition("{")[0]
    if "issuers" in folder:
        path = path.replace("{entity_id}", "{issuer}")
    elif "assertions" in folder:
        path = path.replace("{entity_id}", "{assertion}")
    elif "assignments" in folder:
        path = path.replace("{entity_id}", "{assignment}")
    for name, slot in IDS.items():
        path = path.replace("{" + name + "}", "{" + slot + "}")
    return path


def list_values(name: str, parameter: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    """Yield usual values of a query parameter, then edges."""
    schema = contract.resolve(parameter.get("schema", {}))
    types = schema.get("type", "string")
    if name in ("page_size", "limit"):
        yield from SIZES
    elif name in ("page", "offset"):
        yield from PAGES
    elif "enum" in schema:
        yield from (*map(str, schema["enum"]), "nothing")
    elif "boolean" in types:
        yield from BOOLEANS
    elif schema.get("format") == "date" or name.endswith("_date"):
        yield from DAYS
    elif "integer" in types or "number" in types:
        yield from NUMBERS
    elif name in ("search", "q", "query"):
        yield from ("a", "A", "{word}", "{upper}", "{middle}", "{text}", "é", "É", "%", "_", "'")
        yield from ("zzz-nothing", "two words", " ")
        yield ""
    elif name in ("course", "course_id", "program", "program_id"):
        slot = "{course}" if "course" in name else "{program}"
        yield from (slot, "nothing", "")
    elif name == "platform_org":
        yield from ("{org}", "nothing", "")
    else:
        yield from ("a", "nothing", "")
