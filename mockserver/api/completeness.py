"""Whether everything that an operation of the contract needs is there."""

from mockserver.api.operations import Handlers
from mockserver.contract.contract import Contract
from mockserver.drift.ledger import check_departures, check_operations
from mockserver.errors import StartError


def check_completeness(contract: Contract, handlers: Handlers, *, strict: bool = False) -> None:
    """Raise StartError unless each operation has a handler of its kind, and its row in the ledger.

    Roles and view names are checked when the contract is compiled. Only a strict mock compares the
    whole contract with the published description; any other looks for new operations.
    """
    handled = handlers.read.keys() | handlers.write.keys() | handlers.public.keys()
    unhandled = {
        operation.operation_id
        for resource in contract.resources
        for operation in resource.operations.values()
        if operation.operation_id not in handlers.table_of(resource, operation)
    }
    if unhandled:
        raise StartError(f"operations without a handler: {', '.join(sorted(unhandled))}")
    unknown = handled - contract.operations.keys()
    if unknown:
        raise StartError(f"handlers without an operation: {', '.join(sorted(unknown))}")
    check_operations(contract)
    if strict:
        check_departures(contract)
