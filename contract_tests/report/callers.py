"""Which users of the API a failure reaches: the roles that call an operation, and known clients."""

from collections.abc import Iterable

from contract_tests.engine.contract import load_contract

ROLES = {
    "platform-admin": "platform admins",
    "department-admin": "department admins",
    "learner": "learners",
}
"""The values of `x-roles` in the contract, as readers call them."""
CLIENTS = "clients that are known to run in production"
"""Those whose code is the evidence `C` of an operation."""


def list_callers(operations: Iterable[str]) -> list[str]:
    """Return who calls some operations of the contract, in one order."""
    known = load_contract().operations
    sources = [known[name].source for name in operations if name in known]
    roles = {role for source in sources for role in source.get("x-roles", ())}
    named = [text for role, text in ROLES.items() if role in roles]
    named += sorted(roles - ROLES.keys())
    has_clients = any("C" in source.get("x-evidence", ()) for source in sources)
    return [*named, *[CLIENTS] * has_clients]
